/** Completes the input: names, rooms and commands with Tab; names after `@`, emoji after `:` and commands in a list. */
import type { Chat } from "../web/chat.js";
import { completions } from "../web/completion.js";
import type { Room } from "../web/room.js";
import { suggestions, typedEmoji } from "../web/suggestions.js";
import type { LineEditor } from "./terminal/line_editor.ts";
import type { Option } from "./views/input_view.ts";
import { commandsLike } from "./commands.ts";

/** The most options in the list. */
const LISTED_MAX = 8;

/** An option of the list, and what it inserts. */
interface Choice extends Option {
  readonly text: string;
}

/** The list above the input, and the completion by Tab. */
export class CompletionList {
  /** The options above the input. */
  options: readonly Choice[] = [];
  selected: number | undefined;
  readonly #chat: Chat;
  readonly #changed: () => void;
  #from = 0;
  #asked = 0;
  /** The completion by Tab in progress. */
  #tab: { readonly options: readonly string[]; readonly from: number; next: number; to: number } | undefined;

  /** @param changed Called when the list has changed. */
  constructor(chat: Chat, changed: () => void) {
    this.#chat = chat;
    this.#changed = changed;
  }

  /** Called when the text was changed by the user: lists what may be meant. */
  async update(room: Room, editor: LineEditor): Promise<void> {
    const asked = ++this.#asked;
    this.#tab = undefined;
    this.#set([], 0);
    const before = editor.text.slice(0, editor.cursor);
    const [, command] = /^\/(\S*)$/.exec(editor.text) ?? [];
    if (command !== undefined) {
      const found = command === "" ? [] : commandsLike(this.#chat, command);
      const choices = found.slice(0, LISTED_MAX).map(({ name, args, help }) => {
        return { text: `/${name} `, label: `/${name}`, about: args === "" ? help : `${args} – ${help}` };
      });
      return this.#set(choices, 0);
    }
    if (!/[@:]/.test(before)) return;
    const emoji = await typedEmoji(before);
    if (asked !== this.#asked || editor.text.slice(0, editor.cursor) !== before) return;
    if (emoji !== undefined) {
      const after = editor.text.slice(editor.cursor);
      const text = before.slice(0, emoji.from) + emoji.emoji;
      editor.setText(text + after, text.length);
      return this.#changed();
    }
    const found = await suggestions(this.#chat, room, before);
    if (asked !== this.#asked || found === undefined) return;
    const choices = found.options.slice(0, LISTED_MAX).map(({ text, label, icon }) => {
      return { text, label: icon === "@" ? `@${label}` : `${icon} ${label}`, about: "" };
    });
    this.#set(choices, found.from);
  }

  /** Moves the selection in the list. @returns Whether there is a list. */
  move(by: -1 | 1): boolean {
    const count = this.options.length;
    if (count === 0) return false;
    this.selected = this.selected === undefined ? (by > 0 ? 0 : count - 1) : (this.selected + by + count) % count;
    this.#changed();
    return true;
  }

  /** Inserts the selected option. @returns Whether one was selected. */
  choose(editor: LineEditor): boolean {
    const choice = this.selected === undefined ? undefined : this.options[this.selected];
    if (choice === undefined) return false;
    this.#insert(editor, choice.text);
    return true;
  }

  /** Completes the word before the cursor, or tries the next option. */
  tab(room: Room, editor: LineEditor, backwards: boolean): void {
    if (this.options.length > 0) {
      this.selected ??= 0;
      return void this.choose(editor);
    }
    if (this.#tab === undefined) {
      const before = editor.text.slice(0, editor.cursor);
      const { from, options } = completions(this.#chat, room, before);
      this.#tab = { options, from, next: backwards ? options.length - 1 : 0, to: editor.cursor };
    }
    const tab = this.#tab;
    const option = tab.options[tab.next];
    if (option === undefined) return;
    const text = editor.text.slice(0, tab.from) + option;
    editor.setText(text + editor.text.slice(tab.to), text.length);
    tab.to = text.length;
    tab.next = (tab.next + (backwards ? -1 : 1) + tab.options.length) % tab.options.length;
    this.#changed();
  }

  /** Closes the list. @returns Whether there was one. */
  close(): boolean {
    const was = this.options.length > 0;
    this.#asked++;
    this.#tab = undefined;
    this.#set([], 0);
    return was;
  }

  #insert(editor: LineEditor, option: string): void {
    const text = editor.text.slice(0, this.#from) + option;
    editor.setText(text + editor.text.slice(editor.cursor), text.length);
    this.close();
  }

  #set(options: readonly Choice[], from: number): void {
    this.options = options;
    this.selected = undefined;
    this.#from = from;
    this.#changed();
  }
}
