/** A dialog over the messages: a field, and a list from which the user chooses. Rooms to go to, search results. */
import type { Key } from "../terminal/keys.ts";
import { LineEditor } from "../terminal/line_editor.ts";
import type { Screen } from "../terminal/screen.ts";
import type { Span } from "../terminal/style.ts";
import { drawInput } from "./input_view.ts";
import { BOLD, DIM, PLAIN, SELECTED } from "./theme.ts";

/** What is drawn over the messages, and takes the keys, until it closes. */
export interface Dialog {
  /** Handles a key. @returns Whether the dialog stays open. */
  handle(key: Key): boolean;
  /** Handles a paste. */
  paste(text: string): void;
  /** Draws it into some rows, from `top` on. */
  draw(screen: Screen, top: number, columns: number, rows: number): void;
}

/** A row of the list. */
export interface Item {
  readonly spans: readonly Span[];
  /** Whether it can be chosen; headings cannot. */
  readonly isHeading?: boolean;
}

/** What a dialog shows, and what happens. */
export interface DialogSource {
  readonly title: string;
  /** The prompt of its field; without it, there is no field. */
  readonly prompt?: string;
  /** Below the title: how many were found, for example. */
  readonly status: string;
  readonly items: readonly Item[];
  /** Called when the text of the field has changed. */
  typed?(text: string): void;
  /** Called with Enter: with the index of the item, if there is one. The dialog closes if it returns true. */
  chosen(index: number | undefined, text: string): boolean;
  /** Called when the user moves beyond the last item. */
  more?(): void;
}

/** A list, below a field if its source has a prompt. */
export class ListDialog implements Dialog {
  readonly editor = new LineEditor();
  readonly #source: DialogSource;
  #selected = 0;
  #top = 0;
  #rows = 1;

  constructor(source: DialogSource, text = "") {
    this.#source = source;
    this.editor.text = text;
  }

  /** Handles a key. @returns Whether the dialog stays open. */
  handle(key: Key): boolean {
    const { items } = this.#source;
    const steps: Record<string, number> = { up: -1, down: 1, pageup: -this.#rows, pagedown: this.#rows };
    if (key.name === "escape" || (key.ctrl && (key.name === "c" || key.name === "k"))) return false;
    if (key.name === "enter") {
      const item = items[this.#selected];
      const index = item === undefined || item.isHeading ? undefined : this.#selected;
      return !this.#source.chosen(index, this.editor.text);
    }
    const step = steps[key.name] ?? (key.ctrl ? { p: -1, n: 1 }[key.name] : undefined);
    if (step !== undefined) {
      if (this.#selected + step >= items.length) this.#source.more?.();
      this.#selected = Math.max(0, Math.min(items.length - 1, this.#selected + step));
      return true;
    }
    if (this.#source.prompt === undefined) return true;
    if (!this.editor.handle(key) && key.text !== undefined) this.editor.insert(key.text);
    this.#changed();
    return true;
  }

  paste(text: string): void {
    if (this.#source.prompt === undefined) return;
    this.editor.insert(text.replace(/\s+/g, " "));
    this.#changed();
  }

  draw(screen: Screen, top: number, columns: number, rows: number): void {
    const { title, prompt, status, items } = this.#source;
    for (let row = 0; row < rows; row++) screen.fill(top + row, 0, columns, PLAIN);
    screen.put(top, 1, [{ text: title, style: BOLD }, { text: `  ${status}`, style: DIM }], columns - 1);
    const head = prompt === undefined ? 1 : 2;
    this.#rows = Math.max(1, rows - head);
    this.#top = Math.min(this.#top, this.#selected);
    this.#top = Math.max(this.#top, this.#selected - this.#rows + 1);
    for (const [i, { spans, isHeading }] of items.slice(this.#top, this.#top + this.#rows).entries()) {
      const isSelected = this.#top + i === this.#selected && !isHeading;
      const row = top + head + i;
      if (isSelected) screen.put(row, 0, [{ text: "▸", style: BOLD }]);
      screen.put(
        row,
        2,
        spans.map(({ text, style }) => ({ text, style: isSelected ? { ...style, ...SELECTED } : style })),
        columns - 2,
      );
    }
    if (prompt === undefined) return screen.hideCursor();
    drawInput(screen, { top: top + 1, rows: 1, columns }, this.editor, { prompt, isSecret: false, placeholder: "" });
  }

  #changed(): void {
    this.#selected = this.#top = 0;
    this.#source.typed?.(this.editor.text);
  }
}
