/** Draws the input at the bottom of the terminal, with its prompt and the list of completions above it. */
import type { LineEditor } from "../terminal/line_editor.ts";
import type { Screen } from "../terminal/screen.ts";
import { fit, widthOf } from "../terminal/width.ts";
import { BOLD, DIM, PLAIN, SELECTED } from "./theme.ts";

/** The most rows of the input, and the part of the terminal that it may take. */
const ROWS_MAX = 10;
const ROWS_RATIO = 0.4;

/** What is shown for a character of a secret. */
const SECRET = "•";

/** How the input is shown. */
export interface InputLook {
  readonly prompt: string;
  /** Whether the characters are hidden. */
  readonly isSecret: boolean;
  /** Shown while the input is empty. */
  readonly placeholder: string;
}

/** The rows that the input needs in a terminal of so many columns and rows. */
export function inputRows(editor: LineEditor, { prompt, isSecret }: InputLook, columns: number, rows: number): number {
  if (isSecret) return 1;
  const most = Math.max(1, Math.min(ROWS_MAX, Math.floor(rows * ROWS_RATIO)));
  return Math.min(most, editor.layout(textColumns(prompt, columns)).rows.length);
}

/** Draws the input into its rows, and sets the cursor. Of more rows, those around the cursor are shown. */
export function drawInput(
  screen: Screen,
  { top, rows, columns }: { readonly top: number; readonly rows: number; readonly columns: number },
  editor: LineEditor,
  { prompt, isSecret, placeholder }: InputLook,
): void {
  const shown = fit(prompt, Math.max(0, columns - 4));
  const left = screen.put(top, 0, [{ text: shown, style: BOLD }], columns);
  if (isSecret) {
    const hidden = SECRET.repeat(Math.min([...editor.text].length, columns - left - 1));
    screen.put(top, left, [{ text: hidden, style: PLAIN }], columns - left);
    return screen.setCursor(top, Math.min(columns - 1, left + widthOf(hidden)));
  }
  const { rows: all, cursorRow, cursorColumn } = editor.layout(textColumns(prompt, columns));
  const first = Math.max(0, Math.min(cursorRow - rows + 1, all.length - rows));
  for (const [i, text] of all.slice(first, first + rows).entries()) {
    screen.put(top + i, left, [{ text, style: PLAIN }], columns - left);
  }
  if (editor.text === "") screen.put(top, left, [{ text: placeholder, style: DIM }], columns - left);
  screen.setCursor(top + cursorRow - first, Math.min(columns - 1, left + cursorColumn));
}

function textColumns(prompt: string, columns: number): number {
  return Math.max(1, columns - widthOf(fit(prompt, Math.max(0, columns - 4))) - 1); // one for the cursor at the end
}

/** An option of a list above the input. */
export interface Option {
  readonly label: string;
  readonly about: string;
}

/** Draws a list above a row, with the selected option. */
export function drawOptions(
  screen: Screen,
  bottom: number,
  columns: number,
  options: readonly Option[],
  selected: number | undefined,
): void {
  const width = Math.min(24, Math.max(...options.map(({ label }) => widthOf(label)))) + 1;
  for (const [i, { label, about }] of options.entries()) {
    const row = bottom - options.length + i;
    screen.fill(row, 0, columns, PLAIN);
    const style = i === selected ? SELECTED : BOLD;
    const name = fit(label, Math.min(width, columns - 2));
    screen.put(row, 1, [{ text: name, style }], columns - 1);
    screen.put(row, width + 2, [{ text: about, style: DIM }], columns - width - 2);
  }
}
