/** Editing of the text that is typed, with the keys of readline. It has no drawing of its own. */
import type { Key } from "./keys.ts";
import { type Action, actionOf } from "./line_keys.ts";
import { nextGrapheme, nextWord, previousGrapheme, previousSpace, previousWord } from "./text_steps.ts";
import { graphemes } from "./width.ts";

/** The limit of the text, in UTF-16 code units. What is typed or pasted beyond it is left out. */
export const TEXT_MAX = 100_000;

/** The limits of the history: entries, and UTF-16 code units of all together. */
export const HISTORY_MAX = 500;
export const HISTORY_TEXT_MAX = 1_000_000;

/** The limits of what can be undone: steps, and UTF-16 code units of all together. */
export const UNDO_MAX = 200;
export const UNDO_TEXT_MAX = 2_000_000;

/** The limit of the texts that Ctrl-Y and Alt-Y insert. */
export const KILL_RING_MAX = 20;

/** Rows of the text for a width, and where the cursor is. */
export interface Layout {
  readonly rows: string[];
  readonly cursorRow: number;
  readonly cursorColumn: number;
}

interface Step {
  readonly text: string;
  readonly cursor: number;
}

/** Where a part of the text is in a row: a grapheme, or some characters of one column each. */
interface Place {
  readonly index: number;
  readonly column: number;
  readonly count: number;
}

/** Several lines of text, a cursor, history, undo, and a kill ring. */
export class LineEditor {
  #text = "";
  #cursor = 0;
  readonly #undo: Step[] = [];
  #undoLength = 0;
  readonly #kills: string[] = [];
  readonly #history: string[] = [];
  #historyLength = 0;
  /** The index in the history; its length for the text that is being written. */
  #at = 0;
  /** Texts that were changed while moving in the history, with the draft, by their index. */
  readonly #changed = new Map<number, string>();
  /** What the last key did, as some keys depend on it. */
  #last: "typing" | "kill" | "yank" | "row" | undefined;
  /** The text that the last yank inserted: its index in the ring, and where it begins. */
  #yanked = { index: 0, start: 0 };
  /** The column that Up and Down try to keep. */
  #column = 0;
  /** The width of the last layout: Up and Down move by its rows. */
  #columns = 80;
  #layout: { text: string; columns: number; rows: string[]; places: Place[][] } | undefined;

  /** The text. Setting it moves the cursor to the end. */
  get text(): string {
    return this.#text;
  }

  set text(text: string) {
    this.setText(text, text.length);
  }

  /** The cursor's place, as an index of UTF-16 code units. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Replaces the text, and moves the cursor. */
  setText(text: string, cursor: number): void {
    this.#change(plain(text).slice(0, TEXT_MAX), cursor);
    this.#last = undefined;
  }

  /** Inserts text at the cursor. A paste keeps its newlines. */
  insert(text: string): void {
    this.#replace(this.#cursor, this.#cursor, plain(text));
    this.#last = undefined;
  }

  /** Applies a key. False if it is none of the editor's. */
  handle(key: Key): boolean {
    if (key.text !== undefined) {
      this.#type(key.text);
      return true;
    }
    const action = actionOf(key);
    if (action === undefined || (action === "delete" && key.ctrl && this.#text === "")) return false;
    const last = this.#last;
    this.#last = undefined;
    this.#apply(action, last);
    return true;
  }

  /**
   * Takes the text, adds it to the history, and clears.
   *
   * @param secret True for a password: the history, Ctrl-_ and Ctrl-Y do not get it.
   */
  take(secret = false): string {
    const text = this.#text;
    if (secret) this.#kills.length = 0;
    else if (text.trim() !== "" && text !== this.#history.at(-1)) this.#remember(text);
    this.#undo.length = 0;
    this.#undoLength = 0;
    this.#changed.clear();
    this.#at = this.#history.length;
    this.#text = "";
    this.#cursor = 0;
    this.#last = undefined;
    return text;
  }

  /** Clears the text, and goes back to the end of the history. Ctrl-_ brings the text back. */
  clear(): void {
    this.#change("", 0);
    this.#changed.clear();
    this.#at = this.#history.length;
    this.#last = undefined;
  }

  /** Shows the entry of the history before this one. The draft is kept. */
  previous(): void {
    this.#visit(this.#at - 1);
  }

  /** Shows the entry of the history after this one, or the draft. */
  next(): void {
    this.#visit(this.#at + 1);
  }

  /** Rows for a width, and where the cursor is: for views. */
  layout(columns: number): Layout {
    this.#columns = Math.max(2, columns); // a wide character has two
    const { rows, places } = this.#rows();
    const { row, column } = this.#locate(places);
    return { rows: [...rows], cursorRow: row, cursorColumn: column };
  }

  #apply(action: Action, last: "typing" | "kill" | "yank" | "row" | undefined): void {
    const text = this.#text;
    const cursor = this.#cursor;
    const lineStart = cursor === 0 ? 0 : text.lastIndexOf("\n", cursor - 1) + 1;
    const newline = text.indexOf("\n", cursor);
    const lineEnd = newline === -1 ? text.length : newline;
    switch (action) {
      case "left":
        this.#cursor = previousGrapheme(text, cursor);
        break;
      case "right":
        this.#cursor = nextGrapheme(text, cursor);
        break;
      case "wordLeft":
        this.#cursor = previousWord(text, cursor);
        break;
      case "wordRight":
        this.#cursor = nextWord(text, cursor);
        break;
      case "home":
        this.#cursor = lineStart;
        break;
      case "end":
        this.#cursor = lineEnd;
        break;
      case "start":
        this.#cursor = 0;
        break;
      case "finish":
        this.#cursor = text.length;
        break;
      case "up":
      case "down":
        this.#moveRow(action === "up" ? -1 : 1, last === "row");
        break;
      case "previous":
        this.previous();
        break;
      case "next":
        this.next();
        break;
      case "newline":
        this.#replace(cursor, cursor, "\n");
        break;
      case "backspace":
        this.#replace(previousGrapheme(text, cursor), cursor, "");
        break;
      case "delete":
        this.#replace(cursor, nextGrapheme(text, cursor), "");
        break;
      case "killStart":
        // At the start of a line its newline is taken, so that repeating it clears all lines before.
        this.#kill(cursor === lineStart ? Math.max(lineStart - 1, 0) : lineStart, cursor, last === "kill");
        break;
      case "killEnd":
        this.#kill(cursor, cursor === lineEnd ? Math.min(lineEnd + 1, text.length) : lineEnd, last === "kill");
        break;
      case "killSpace":
        this.#kill(previousSpace(text, cursor), cursor, last === "kill");
        break;
      case "killWordLeft":
        this.#kill(previousWord(text, cursor), cursor, last === "kill");
        break;
      case "killWordRight":
        this.#kill(cursor, nextWord(text, cursor), last === "kill");
        break;
      case "yank":
        this.#yank(this.#kills.length - 1, cursor);
        break;
      case "yankPrevious":
        if (last === "yank") this.#yank(this.#yanked.index - 1, this.#yanked.start);
        break;
      case "transpose":
        this.#transpose();
        break;
      case "upper":
      case "lower":
      case "capitalize":
        this.#changeCase(action);
        break;
      case "undo":
        this.#undoStep();
        break;
    }
  }

  /** Inserts what a key types. Letters of a word are undone together. */
  #type(text: string): void {
    const typed = plain(text);
    const isContinued = this.#last === "typing" && typed !== " ";
    this.#replace(this.#cursor, this.#cursor, typed, isContinued);
    this.#last = "typing";
  }

  /** Replaces a part of the text, and moves the cursor after it. */
  #replace(from: number, to: number, text: string, isContinued = false): void {
    let room = Math.max(TEXT_MAX - (this.#text.length - (to - from)), 0);
    if (room < text.length && isHighSurrogate(text.charCodeAt(room - 1))) room--;
    const inserted = text.slice(0, room);
    if (inserted === "" && from === to) return;
    this.#change(this.#text.slice(0, from) + inserted + this.#text.slice(to), from + inserted.length, isContinued);
  }

  /** Sets text and cursor, so that it can be undone. */
  #change(text: string, cursor: number, isContinued = false): void {
    if (text !== this.#text && !isContinued) {
      this.#undo.push({ text: this.#text, cursor: this.#cursor });
      this.#undoLength += this.#text.length;
      while (this.#undo.length > UNDO_MAX || this.#undoLength > UNDO_TEXT_MAX) {
        this.#undoLength -= this.#undo.shift()!.text.length;
      }
    }
    this.#text = text;
    this.#cursor = Math.max(0, Math.min(Number.isInteger(cursor) ? cursor : text.length, text.length));
  }

  #undoStep(): void {
    const step = this.#undo.pop();
    if (step === undefined) return;
    this.#undoLength -= step.text.length;
    this.#text = step.text;
    this.#cursor = step.cursor;
  }

  /** Cuts a part of the text into the kill ring; parts cut one after the other are one. */
  #kill(from: number, to: number, isContinued: boolean): void {
    this.#last = "kill";
    if (from === to) return;
    const cut = this.#text.slice(from, to);
    const before = isContinued ? this.#kills.pop() ?? "" : "";
    this.#kills.push((from < this.#cursor ? cut + before : before + cut).slice(0, TEXT_MAX));
    if (this.#kills.length > KILL_RING_MAX) this.#kills.shift();
    this.#replace(from, to, "");
  }

  /** Inserts a text of the kill ring, in place of what was yanked since `start`. */
  #yank(index: number, start: number): void {
    if (this.#kills.length === 0) return;
    const wrapped = (index + this.#kills.length) % this.#kills.length;
    this.#replace(start, this.#cursor, this.#kills[wrapped]!);
    this.#yanked = { index: wrapped, start };
    this.#last = "yank";
  }

  /** Exchanges the characters before and at the cursor, or the last two at the end of a line. */
  #transpose(): void {
    const text = this.#text;
    const isAtEnd = this.#cursor === text.length || text[this.#cursor] === "\n";
    const middle = isAtEnd ? previousGrapheme(text, this.#cursor) : this.#cursor;
    const start = previousGrapheme(text, middle);
    const end = nextGrapheme(text, middle);
    const [first, second] = [text.slice(start, middle), text.slice(middle, end)];
    if (first === "" || second === "" || first === "\n" || second === "\n") return;
    this.#replace(start, end, second + first);
  }

  /** Changes the case of the letters from the cursor to the end of the word. */
  #changeCase(action: "upper" | "lower" | "capitalize"): void {
    const end = nextWord(this.#text, this.#cursor);
    const part = this.#text.slice(this.#cursor, end);
    const changed = action === "upper"
      ? part.toUpperCase()
      : part.toLowerCase().replace(action === "lower" ? /^(?!)/ : /\p{L}/u, (letter) => letter.toUpperCase());
    if (changed === part) this.#cursor = end;
    else this.#replace(this.#cursor, end, changed);
  }

  /** Adds an entry to the history. */
  #remember(text: string): void {
    this.#history.push(text);
    this.#historyLength += text.length;
    while (this.#history.length > HISTORY_MAX || this.#historyLength > HISTORY_TEXT_MAX) {
      this.#historyLength -= this.#history.shift()!.length;
    }
  }

  /** Shows an entry of the history, as it was changed. */
  #visit(index: number): void {
    this.#last = undefined;
    if (index < 0 || index > this.#history.length) return;
    this.#changed.set(this.#at, this.#text);
    this.#at = index;
    const text = this.#changed.get(index) ?? this.#history[index] ?? "";
    this.#undo.length = 0;
    this.#undoLength = 0;
    this.#text = text;
    this.#cursor = text.length;
  }

  /** Moves the cursor by a row; from the first and last into the history. */
  #moveRow(by: -1 | 1, isContinued: boolean): void {
    const { places } = this.#rows();
    const { row, column } = this.#locate(places);
    const target = places[row + by];
    if (target === undefined) {
      if (by < 0) this.previous();
      else this.next();
      return;
    }
    if (!isContinued) this.#column = column;
    const { index, column: first, count } = target.findLast((place) => place.column <= this.#column) ?? target[0]!;
    this.#cursor = index + Math.min(this.#column - first, count - 1);
    this.#last = "row";
  }

  /** The rows of the text, with the place of each character in them and of the end of each row that a cursor can be at. */
  #rows(): { rows: string[]; places: Place[][] } {
    const columns = this.#columns;
    if (this.#layout?.text === this.#text && this.#layout.columns === columns) return this.#layout;
    const rows = [""];
    const places: Place[][] = [[]];
    let column = 0;
    const start = () => {
      rows.push("");
      places.push([]);
      column = 0;
    };
    const text = this.#text;
    for (let index = 0; index < text.length;) {
      const room = column < columns ? columns - column : columns;
      const count = asciiLength(text, index, room);
      if (count > 0) {
        if (column >= columns) start();
        places.at(-1)!.push({ index, column, count });
        rows[rows.length - 1] += text.slice(index, index + count);
        column += count;
        index += count;
        continue;
      }
      const end = nextGrapheme(text, index);
      if (text[index] === "\n") {
        // After a full row the cursor is on its last column, as a row of its own would look like an empty line.
        places.at(-1)!.push({ index, column: Math.min(column, columns - 1), count: 1 });
        start();
      } else {
        const pieces = graphemes(text.slice(index, end));
        const width = pieces.reduce((sum, piece) => sum + piece.width, 0);
        if (column + Math.min(width, columns) > columns) start();
        places.at(-1)!.push({ index, column, count: 1 });
        for (const piece of pieces) {
          if (column + piece.width > columns) start();
          rows[rows.length - 1] += piece.text;
          column += piece.width;
        }
      }
      index = end;
    }
    if (column >= columns) start();
    places.at(-1)!.push({ index: text.length, column, count: 1 });
    this.#layout = { text, columns, rows, places };
    return this.#layout;
  }

  /** Where the cursor is: at the last character that begins at or before it. */
  #locate(places: readonly Place[][]): { row: number; column: number } {
    const row = places.findLastIndex((row) => row.length > 0 && row[0]!.index <= this.#cursor);
    if (row === -1) return { row: 0, column: 0 };
    const { index, column, count } = places[row]!.findLast(({ index }) => index <= this.#cursor)!;
    return { row, column: column + Math.min(this.#cursor - index, count - 1) };
  }
}

/** How many printable characters of ASCII are at an index that no mark follows, up to a number. */
function asciiLength(text: string, index: number, most: number): number {
  let end = index;
  while (end < text.length && end - index < most && text.charCodeAt(end) >= 0x20 && text.charCodeAt(end) < 0x7f) end++;
  return end > index && text.charCodeAt(end) >= 0x300 ? end - 1 - index : end - index;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code < 0xdc00;
}

/** Text without control characters other than newlines and tabs. */
function plain(text: string): string {
  // deno-lint-ignore no-control-regex -- the pattern matches control characters to remove them
  return text.replace(/\r\n?/g, "\n").replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "").toWellFormed();
}
