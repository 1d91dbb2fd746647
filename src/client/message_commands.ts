/** Commands about messages: replies, reactions, deleting. They are those of the text port, and look at the loaded messages. */
import { deleteLine, mayDelete, toggleReaction } from "../web/line_changes.js";
import { isMessage, type Line } from "../web/lines.js";
import { fold, type Room } from "../web/room.js";
import { typedEmoji } from "../web/suggestions.js";
import type { Command, Invocation } from "./command.ts";

/** The selected message, if there is one: commands without a name mean it. */
type Target = Line | undefined;

export const reply: Command = {
  args: "[NAME] TEXT",
  help: "reply to the last message, or to that of NAME",
  run(invocation) {
    const { chat, room, word, rest, arg, selected } = invocation;
    const isNamed = isName(room, word);
    const named = isNamed ? lastOf(room, word) : undefined;
    if (isNamed && named === undefined && selected === undefined) return `No message of ${word} here.`;
    const text = named === undefined ? arg : rest;
    const line = named ?? lastOther(invocation);
    if (line === undefined) return "There is no message here to reply to.";
    chat.model.replyTo(room, line);
    if (text !== "") chat.say(room, text);
  },
};

export const react: Command = {
  args: "[NAME] EMOJI",
  help: "react to the last message, or to that of NAME: /react bob 👍",
  run: addReaction,
};

export const unreact: Command = {
  args: "[EMOJI]",
  help: "take back your last reaction, or the last one with EMOJI",
  run(invocation) {
    const { chat, room, arg } = invocation;
    const own = ({ reactions = [] }: Line) =>
      reactions.findLast(({ own, text }) => own && (arg === "" || text === arg));
    const line = messages(room).findLast((line) => own(line) !== undefined);
    if (line === undefined) return "You have no such reaction among the messages here.";
    toggleReaction(chat, room, line, own(line)!.text);
  },
};

export const remove: Command = {
  args: "[WORDS]",
  help: "delete your last message, or the last with WORDS; operators: /delete NAME [WORDS]",
  run({ chat, room, arg, word, rest, selected }) {
    const last = (text: string, isWanted: (line: Line) => boolean) => {
      return messages(room).findLast((line) => isWanted(line) && line.text.toLowerCase().includes(text.toLowerCase()));
    };
    const name = nameOf(word);
    const ofName = isName(room, word)
      ? last(rest, (line) => !line.own && fold(line.nick ?? "") === name && mayDelete(chat, room, line))
      : undefined;
    const line = arg === "" && selected !== undefined ? selected : ofName ?? last(arg, ({ own }) => own === true);
    if (line === undefined) return "You have no such message here.";
    if (!mayDelete(chat, room, line)) return "You cannot delete that message on this server.";
    deleteLine(chat, room, line);
  },
};

/** Sends the messages of the room again that were not sent. */
export const resend: Command = {
  args: "",
  help: "send again what was not sent",
  run({ chat, room }) {
    const failed = room.pending.filter(({ error }) => error !== undefined);
    if (failed.length === 0) return "Everything was sent.";
    if (!chat.online) return "Not connected. Try again when the connection is back.";
    for (const pending of failed) chat.resend(room, pending);
  },
};

/** Removes the messages of the room that were not sent. */
export const discard: Command = {
  args: "",
  help: "drop what was not sent",
  run({ chat, room }) {
    const failed = room.pending.filter(({ error }) => error !== undefined);
    if (failed.length === 0) return "Everything was sent.";
    for (const pending of failed) chat.model.removePending(room, pending);
  },
};

function addReaction(invocation: Invocation): string | undefined {
  const { chat, room, arg } = invocation;
  const words = arg.split(/\s+/);
  const emoji = words.pop() ?? "";
  const [name] = words;
  if (emoji === "" || words.length > 1) return "Write /react EMOJI, or /react NAME EMOJI.";
  const line = name === undefined ? lastOther(invocation) : lastOf(room, name);
  if (line === undefined) return name === undefined ? "There is no message here." : `No message of ${name} here.`;
  void emojiOf(emoji).then((text) => {
    if (isEmojiName(text)) chat.model.tell(room, unknownEmoji(text), "error");
    else if (hasReacted(line, text)) chat.model.tell(room, `You have reacted ${text} to that message already.`);
    else toggleReaction(chat, room, line, text);
  });
  return undefined;
}

/** The emoji of a name between colons; any other text as it is. */
export async function emojiOf(text: string): Promise<string> {
  return (await typedEmoji(text))?.emoji ?? text;
}

/** Whether a text is the name of an emoji between colons, as `emojiOf` returns it if there is no such emoji. */
export function isEmojiName(text: string): boolean {
  return /^:[a-z0-9_+-]+:$/i.test(text);
}

/** The error text for a name of no emoji. */
export function unknownEmoji(name: string): string {
  return `No emoji is called ${name}. Type its first letters after a colon to see some.`;
}

function hasReacted({ reactions = [] }: Line, emoji: string): boolean {
  return reactions.some(({ own, text }) => own && text === emoji);
}

function messages({ lines }: Room): Line[] {
  return lines.filter((line) =>
    isMessage(line) && line.id !== undefined && !line.ignored && line.deletedBy === undefined
  );
}

/** The selected message, or the last one of another user. */
function lastOther({ room, selected }: Invocation): Target {
  return selected ?? messages(room).findLast(({ own }) => !own);
}

/** The last message of a user. @param name May have an `@` before it, or a colon after it. */
function lastOf(room: Room, name: string): Target {
  const wanted = nameOf(name);
  return messages(room).findLast(({ nick = "" }) => fold(nick) === wanted);
}

/** Whether a word is the nickname of a member of the room, or of the author of a message there. */
function isName(room: Room, word: string): boolean {
  return word !== "" && (room.members.has(nameOf(word)) || lastOf(room, word) !== undefined);
}

function nameOf(word: string): string {
  return fold(word.replace(/^@/, "").replace(/[:,]$/, ""));
}
