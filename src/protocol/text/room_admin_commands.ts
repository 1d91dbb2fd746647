/** Commands of room owners: who has a role in the room, and what becomes of the room itself. */
import { appoint, destroy, listRoles, setMember, transfer as transferTo } from "../room_admin.ts";
import { requireOperator } from "../moderation.ts";
import { type Command, splitWord, usage } from "./command.ts";
import type { CommandContext } from "./context.ts";
import { system } from "./render.ts";
import { truncateList } from "./truncate.ts";

export const transfer: Command = {
  args: "NAME",
  help: "give this room to another registered user",
  topic: "moderation",
  async run(context, arg) {
    context.reply([system(await transferTo(context, context.room, arg))]);
  },
};

export const members: Command = {
  args: "",
  help: "list the owners, operators and members of this room",
  topic: "moderation",
  run(context) {
    const roles = listRoles(context, context.room);
    context.reply(truncateList(roles, context.answerMax, (role) => role).map(system));
  },
};

export const member: Command = {
  args: "add|remove NAME",
  help: "let a user always enter, or not any more",
  topic: "moderation",
  async run(context, arg) {
    const { first, rest: name } = splitWord(arg);
    const what = first.toLowerCase();
    if ((what !== "add" && what !== "remove") || name === "") return context.reply(usage("member", member));
    context.reply([system(await setMember(context, context.room, name, what === "add"))]);
  },
};

export const rename: Command = {
  args: "#ROOM",
  help: "give this room another name",
  topic: "moderation",
  lane: "prompt",
  async run({ chat, member, room }, arg) {
    await chat.admin.rename(member, room, arg.startsWith("#") ? arg : `#${arg}`);
  },
};

export const owner: Command = {
  args: "#ROOM NAME",
  help: "make a registered user an owner of a room",
  topic: "operators",
  forOperators: true,
  async run(context, arg) {
    const { first, rest: name } = splitWord(arg);
    requireOperator(context.member);
    if (name === "") return context.reply(usage("owner", owner));
    const room = context.chat.findRoom(first.startsWith("#") ? first : `#${first}`);
    context.reply([system(await appoint(context, room, name))]);
  },
};

/** `/drop #ROOM`. */
export async function dropRoom(context: CommandContext, name: string): Promise<void> {
  const room = context.chat.findRoom(name);
  context.reply([system(await destroy(context, room, `/drop ${room.name}`))]);
}
