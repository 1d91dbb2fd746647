/** Commands about invite links: making one, the list, and revoking one. */
import { listLinks, makeLink, revokeLink } from "../invite_links.ts";
import { qrLines } from "../qr_code.ts";
import { type Command, usage } from "./command.ts";
import { system } from "./render.ts";
import { truncateList } from "./truncate.ts";

/** The width of a terminal in characters that a QR code has to fit into, with the mark of a line of the server. */
const TERMINAL_WIDTH = 80;

export const link: Command = {
  args: "[#ROOM] [7d] [5 uses]",
  help: "make an invite link to a room",
  topic: "moderation",
  async run(context, arg) {
    const words = arg.split(/\s+/).filter((word) => word !== "");
    const room = words[0]?.startsWith("#") ? context.chat.findRoom(words.shift()!) : context.room;
    const made = await makeLink(context, room, words, (id) => `/unlink ${id}`);
    if (made === undefined) return context.reply(usage("link", link));
    const code = qrLines(made.url, TERMINAL_WIDTH - system("").length);
    context.reply([...made.sentences, ...code].map(system));
  },
};

export const links: Command = {
  args: "",
  help: "list your invite links, and those of your rooms",
  topic: "moderation",
  run(context) {
    const lines = listLinks(context);
    if (lines.length === 0) return context.reply([system("There are no invite links. /link makes one.")]);
    context.reply(truncateList(lines, context.answerMax, (line) => line).map(system));
  },
};

export const unlink: Command = {
  args: "NUMBER",
  help: "revoke an invite link",
  topic: "moderation",
  async run(context, arg) {
    context.reply([system(await revokeLink(context, arg))]);
  },
};
