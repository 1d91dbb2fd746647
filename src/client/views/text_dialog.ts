/** A dialog with text to read, such as help. */
import type { Key } from "../terminal/keys.ts";
import type { Screen } from "../terminal/screen.ts";
import type { Span } from "../terminal/style.ts";
import type { Dialog } from "./list_dialog.ts";
import { BOLD, DIM, PLAIN } from "./theme.ts";

/** Rows of text that scroll. */
export class TextDialog implements Dialog {
  readonly #title: string;
  readonly #rowsFor: (columns: number) => Span[][];
  #top = 0;
  /** The rows of text that are visible, and of all text, in the last drawing. */
  #visible = 1;
  #count = 0;

  /** @param rowsFor The rows of its text, at most so wide. */
  constructor(title: string, rowsFor: (columns: number) => Span[][]) {
    this.#title = title;
    this.#rowsFor = rowsFor;
  }

  /** Handles a key. @returns Whether the dialog stays open. */
  handle({ name, ctrl }: Key): boolean {
    const isLetter = (letter: string) => name === letter && !ctrl;
    if (name === "escape" || name === "enter" || isLetter("q") || (ctrl && (name === "c" || name === "k"))) {
      return false;
    }
    const page = Math.max(1, this.#visible - 1);
    if (name === "up" || isLetter("k")) this.#scroll(-1);
    else if (name === "down" || isLetter("j")) this.#scroll(1);
    else if (name === "pageup" || isLetter("b")) this.#scroll(-page);
    else if (name === "pagedown" || name === "space" || isLetter(" ")) this.#scroll(page);
    else if (name === "home") this.#scroll(-this.#count);
    else if (name === "end") this.#scroll(this.#count);
    return true;
  }

  /** A paste does nothing here. */
  paste(): void {}

  draw(screen: Screen, top: number, columns: number, rows: number): void {
    for (let row = 0; row < rows; row++) screen.fill(top + row, 0, columns, PLAIN);
    const all = this.#rowsFor(Math.max(1, columns - 2));
    this.#visible = Math.max(1, rows - 1);
    this.#count = all.length;
    this.#scroll(0);
    const rest = all.length - this.#top - this.#visible;
    const status = rest > 0 ? `${rest} more – PgDn, Down; Esc closes` : "Esc closes";
    screen.put(top, 1, [{ text: this.#title, style: BOLD }, { text: `  ${status}`, style: DIM }], columns - 1);
    for (const [i, row] of all.slice(this.#top, this.#top + this.#visible).entries()) {
      screen.put(top + 1 + i, 1, row, columns - 1);
    }
    screen.hideCursor();
  }

  #scroll(by: number): void {
    this.#top = Math.max(0, Math.min(this.#top + by, this.#count - this.#visible));
  }
}
