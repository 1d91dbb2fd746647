/** Commands about rooms that every user may use: list, join, leave, members, topic. */
import { ChatError } from "../../chat/chat_error.ts";
import { readCode } from "../../chat/link_code.ts";
import { LOBBY } from "../../chat/names.ts";
import type { Member } from "../../chat/member.ts";
import type { Room } from "../../chat/room.ts";
import { type Command, splitWord } from "./command.ts";
import type { CommandContext } from "./context.ts";
import { system, userCount } from "./render.ts";
import { truncateList } from "./truncate.ts";

/** The width of a list of members, in characters. */
const LIST_WIDTH = 76;

export const rooms: Command = {
  args: "",
  help: "list the rooms of the server",
  topic: "basics",
  lane: "long",
  run(context) {
    const { chat, member, answerMax } = context;
    const visible = [...chat.rooms].filter((room) => !room.switches.has("s") || room.has(member));
    const lines = truncateList(visible, answerMax, ({ name, members, topic }) => {
      return `${name} (${members.size})${topic === undefined ? "" : `: ${topic.text}`}`;
    });
    context.reply([`Rooms: ${visible.length}, each with its number of members`, ...lines].map(system));
  },
};

export const join: Command = {
  args: "#ROOM [KEY]",
  help: "go to a room; it is created if it does not exist",
  topic: "basics",
  lane: "prompt",
  run(context, arg) {
    const { first, rest } = splitWord(arg);
    const isCode = readCode(first) !== undefined && context.chat.getRoom(withHash(first)) === undefined;
    return context.enter(isCode ? first : withHash(first), rest || undefined);
  },
};

export const leave: Command = {
  args: "",
  help: `go back to ${LOBBY}`,
  topic: "basics",
  async run(context) {
    const { chat, member, room, session } = context;
    if (room.key !== LOBBY) {
      await context.enter(LOBBY);
      if (context.member === member && room.has(member)) await chat.leave(member, room, undefined, session); // it was only hidden
      return;
    }
    context.reply([system(`You are in ${LOBBY}. /join #ROOM goes to another room, /quit leaves the chat.`)]);
  },
};

export const who: Command = {
  args: "[#ROOM]",
  help: "list the members of this room, or of another",
  topic: "basics",
  lane: "long",
  run(context, arg) {
    const name = withHash(arg);
    const room = arg === "" ? context.room : context.chat.findRoom(name);
    // With the name as the user wrote it: the room's own spelling would reveal that a secret room exists.
    if (room.switches.has("s") && !room.has(context.member)) throw new ChatError("no-such-room", name);
    listMembers(context, room);
  },
};

export const topic: Command = {
  args: "[TEXT]",
  help: "show the topic of this room; with TEXT, set it",
  topic: "basics",
  async run(context, arg) {
    const { name, topic } = context.room;
    if (arg !== "") await context.chat.setTopic(context.member, context.room, arg);
    else if (topic !== undefined) context.reply([system(`The topic of ${name} is: ${topic.text}`)]);
    else context.reply([system(`${name} has no topic. /topic TEXT sets one.`)]);
  },
};

/** Lists the members of a room, several on a line, below their number. */
function listMembers(context: CommandContext, room: Room): void {
  const { member: self, answerMax } = context;
  const members = [...room.members];
  if (members.length === 0) return context.reply([system(`${room.name} is empty.`)]);
  const visible = members.filter((member) => member.isSeenIn(room, self));
  const names = truncateList(visible, answerMax, (member) => {
    return rankPrefix(room, member) + member.nick +
      (member === self ? " (you)" : member.away === undefined ? "" : " (away)");
  });
  if (visible.length < members.length) names.push(`… and ${members.length - visible.length} invisible`);
  context.reply([`In ${room.name}: ${userCount(members.length)}`, ...joinToWidth(names)].map(system));
}

/** Joins names with commas to lines of at most {@linkcode LIST_WIDTH} characters. */
function joinToWidth([first = "", ...more]: readonly string[]): string[] {
  const lines = [first];
  for (const name of more) {
    const longer = `${lines.at(-1)}, ${name}`;
    if (longer.length <= LIST_WIDTH) lines[lines.length - 1] = longer;
    else lines.push(name);
  }
  return lines;
}

function rankPrefix(room: Room, member: Member): string {
  if (room.holds(member, "owner")) return "~";
  if (room.holds(member, "op")) return "@";
  return room.holds(member, "voice") ? "+" : "";
}

/** The name of a room, which users may write without its `#`. */
function withHash(text: string): string {
  return text.startsWith("#") ? text : `#${text}`;
}
