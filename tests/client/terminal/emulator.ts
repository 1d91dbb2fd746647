/** A terminal emulator for tests of what is written to a terminal. */
import { xterm } from "../../dependencies.ts";

/** A cell as the emulator shows it; the second cell of a wide character has an empty text. */
export interface Cell {
  readonly text: string;
  readonly width: number;
  readonly bold: boolean;
  readonly reverse: boolean;
  /** -1 for the default. */
  readonly color: number;
  readonly background: number;
}

/** xterm.js without a screen. */
export class Emulator {
  readonly #terminal: InstanceType<typeof xterm.Terminal>;

  constructor(readonly columns: number, readonly rows: number) {
    this.#terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 0 });
  }

  /** Writes output, and returns when the emulator has read it. */
  write(text: string): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(text, resolve));
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows);
  }

  cell(row: number, column: number): Cell {
    const cell = this.#terminal.buffer.active.getLine(row)!.getCell(column)!;
    return {
      text: cell.getWidth() === 0 ? "" : cell.getChars() || " ",
      width: cell.getWidth(),
      bold: cell.isBold() !== 0,
      reverse: cell.isInverse() !== 0,
      color: cell.isFgDefault() ? -1 : cell.getFgColor(),
      background: cell.isBgDefault() ? -1 : cell.getBgColor(),
    };
  }

  /** The text of a row, without blanks at its end. */
  row(row: number): string {
    return this.#terminal.buffer.active.getLine(row)!.translateToString(true);
  }

  get text(): string {
    return Array.from({ length: this.#terminal.rows }, (_, row) => this.row(row)).join("\n").trimEnd();
  }

  get cursor(): { row: number; column: number } {
    const { cursorX, cursorY } = this.#terminal.buffer.active;
    return { row: cursorY, column: cursorX };
  }

  /** The modes that a program has to restore at its end. */
  get modes() {
    const { bracketedPasteMode, sendFocusMode, wraparoundMode } = this.#terminal.modes;
    const internals = this.#terminal as unknown as { _core: { coreService: { isCursorHidden: boolean } } };
    return {
      isAlternate: this.#terminal.buffer.active.type === "alternate",
      paste: bracketedPasteMode,
      focus: sendFocusMode,
      wraps: wraparoundMode,
      cursor: !internals._core.coreService.isCursorHidden,
    };
  }

  close(): void {
    this.#terminal.dispose();
  }
}
