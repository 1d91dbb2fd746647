/** Keys while a message is selected: they reply to it, react to it, delete it, or open it. */
import type { Chat } from "../web/chat.js";
import { deleteLine } from "../web/line_changes.js";
import type { Line } from "../web/lines.js";
import { quoteText } from "../web/quoted.js";
import type { Room } from "../web/room.js";
import { emojiOf, isEmojiName, unknownEmoji } from "./message_commands.ts";
import type { Prompt } from "./prompts.ts";
import type { Key } from "./terminal/keys.ts";
import type { LogView } from "./views/log_view.ts";

/** Said in the status row while a message is selected. */
export const SELECTION_HINT = "r reply · + react · d delete · Enter open · Esc back";

/** The parts of the client that the keys use. */
export interface SelectionContext {
  readonly chat: Chat;
  readonly log: LogView;
  ask(prompt: Prompt): void;
  /** Called when something must be drawn again. */
  changed(): void;
}

/** The keys for the selected message. */
export class SelectionKeys {
  readonly #context: SelectionContext;

  constructor(context: SelectionContext) {
    this.#context = context;
  }

  /** Handles a key. @returns Whether a message is selected, and the key is one of these. */
  handle(key: Key): boolean {
    const { chat, log } = this.#context;
    const room = chat.model.current;
    const line = log.selected;
    if (room === undefined || line === undefined) return false;
    if (key.name === "escape") log.selected = undefined;
    else if (key.name === "up" || key.name === "down") log.select(key.name === "up" ? -1 : 1);
    else if (key.name === "enter") log.toggleFold(line);
    else if (key.ctrl || key.alt) return false;
    else if (key.text === "r") {
      chat.model.replyTo(room, line);
      log.toEnd();
    } else if (key.text === "+" || key.text === "e") this.#askReaction(room, line);
    else if (key.text === "d") this.#askDeletion(room, line);
    else return false;
    return true;
  }

  #askReaction(room: Room, line: Line): void {
    this.#context.ask({
      label: "Reaction: ",
      reason: `An emoji, or its name, such as :tada: – for ${quoteText(line)}`,
      isSecret: false,
      isOptional: true,
      answered: (text) => void this.#react(room, line, text.trim()),
    });
  }

  async #react(room: Room, line: Line, text: string): Promise<void> {
    if (text === "") return;
    const emoji = await emojiOf(text);
    const { chat, log, changed } = this.#context;
    log.selected = undefined;
    if (isEmojiName(emoji)) chat.model.tell(room, unknownEmoji(emoji), "error");
    else log.actionsOf(room).react(line, emoji);
    changed();
  }

  #askDeletion(room: Room, line: Line): void {
    const { chat, log, ask } = this.#context;
    ask({
      label: "Delete this message for all? (y/n) ",
      reason: quoteText(line),
      isSecret: false,
      isOptional: true,
      answered(text) {
        if (/^y/i.test(text)) deleteLine(chat, room, line);
        log.selected = undefined;
      },
    });
  }
}
