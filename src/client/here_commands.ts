/** Commands of the text port that a terminal client does not need: each says how it is done here. */
import { canSearch } from "../web/history.js";
import type { Command } from "./command.ts";

export const ping = answered("check that the server answers", () => {
  return "The connection is checked all the time. If it is lost, the row above the input says so.";
});

export const times = answered("whether messages begin with the time", () => {
  return "The time is at the left of each message, in windows of 44 columns and more.";
});

export const echo = answered("whether you get your own lines back", () => {
  return "Your own messages are shown once: dim until the server has confirmed them.";
});

export const paste = answered("send several lines as one message", () => {
  return "Paste the lines into the input, or begin a new line with Alt+Enter. Enter sends them as one message.";
});

export const history = answered("show earlier messages", () => {
  return "PgUp shows earlier messages, also those that are not loaded yet. /msg NAME shows a conversation; /search finds messages.";
});

/** Messages with the user's name, in all rooms. */
export const mentions: Command = {
  args: "",
  help: "search for messages with your name",
  run({ chat, ui }) {
    if (!canSearch(chat)) return "This server does not support search.";
    ui.search(chat.model.nick);
  },
};

/** A command that answers with a sentence in the room. */
function answered(help: string, text: () => string): Command {
  return { args: "", help, isUnlisted: true, run: ({ chat, room }) => void chat.model.tell(room, text()) };
}
