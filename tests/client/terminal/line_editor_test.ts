import { assert, assertEquals } from "@std/assert";
import { KeyDecoder } from "../../../src/client/terminal/keys.ts";
import {
  HISTORY_MAX,
  HISTORY_TEXT_MAX,
  KILL_RING_MAX,
  LineEditor,
  TEXT_MAX,
  UNDO_MAX,
} from "../../../src/client/terminal/line_editor.ts";
import { graphemes, widthOf } from "../../../src/client/terminal/width.ts";
import { fc } from "../../dependencies.ts";

const encoder = new TextEncoder();

const LEFT = "\x1b[D";
const RIGHT = "\x1b[C";
const UP = "\x1b[A";
const DOWN = "\x1b[B";
const ALT_ENTER = "\x1b\r";

/** Types bytes as a terminal sends them. Returns what `handle` did with each key. */
function type(editor: LineEditor, bytes: string): boolean[] {
  const decoder = new KeyDecoder();
  return [...decoder.write(encoder.encode(bytes)), ...decoder.flush()].map((input) => {
    return "key" in input && editor.handle(input.key);
  });
}

/** An editor after some bytes, as its text with | at the cursor. */
function after(bytes: string, text?: string): string {
  const editor = new LineEditor();
  if (text !== undefined) editor.setText(text.replace("|", ""), text.indexOf("|"));
  type(editor, bytes);
  return show(editor);
}

function show({ text, cursor }: LineEditor): string {
  return `${text.slice(0, cursor)}|${text.slice(cursor)}`;
}

const EDITS: readonly (readonly [name: string, before: string, bytes: string, after: string])[] = [
  ["typing inserts at the cursor", "a|c", "b", "ab|c"],
  ["Ctrl-A goes to the start of the line", "one\ntwo| x", "\x01", "one\n|two x"],
  ["Ctrl-E goes to the end of the line", "o|ne\ntwo", "\x05", "one|\ntwo"],
  ["Home and End go to the ends of the line", "one\ntw|o\nx", "\x1b[Ha\x1b[Fb", "one\natwob|\nx"],
  ["Ctrl-Home and Ctrl-End go to the ends of the text", "one\ntw|o\nx", "\x1b[1;5Ha\x1b[1;5Fb", "aone\ntwo\nxb|"],
  ["Ctrl-B and Ctrl-F move by a character", "ab|cd", "\x02\x02x\x06y", "xay|bcd"],
  ["Left moves over a whole emoji", "a👨‍👩‍👧|b", `${LEFT}x`, "ax|👨‍👩‍👧b"],
  ["Right moves over a letter and its accent", "|e\u0301b", `${RIGHT}x`, "e\u0301x|b"],
  ["Alt-B and Ctrl-Left move by a word", "one two-three|", "\x1bb\x1b[1;5Dx", "one x|two-three"],
  ["Alt-F and Ctrl-Right move by a word", "|one two-three", "\x1bf\x1b[1;5Cx", "one twox|-three"],
  ["words are in any script", "привет мир| x", "\x1bb", "привет |мир x"],
  ["Backspace deletes a whole emoji", "a👨‍👩‍👧|", "\x7f", "a|"],
  ["Backspace at the start does nothing", "|a", "\x7f", "|a"],
  ["Delete and Ctrl-D delete the character at the cursor", "a|bcd", "\x1b[3~\x04", "a|d"],
  ["Ctrl-K cuts to the end of the line, then its newline", "on|e\ntwo", "\x0b", "on|\ntwo"],
  ["Ctrl-K at the end of a line cuts the newline", "one|\ntwo", "\x0b", "one|two"],
  ["Ctrl-U cuts to the start of the line", "one\ntw|o", "\x15", "one\n|o"],
  ["Ctrl-U at the start of a line cuts the newline", "one\n|two", "\x15", "one|two"],
  ["Ctrl-U on an empty first line changes nothing", "|\ntwo", "\x15", "|\ntwo"],
  ["Ctrl-W cuts to the space before", "see https://a.b/c-d|", "\x17", "see |"],
  ["Alt-Backspace cuts a word", "see a-b|", "\x1b\x7f", "see a-|"],
  ["Alt-D cuts the next word", "|one two", "\x1bd", "| two"],
  ["Ctrl-Y inserts what was cut", "one two|", "\x17\x01\x19", "two|one "],
  ["cuts in a row are inserted together", "one two three|", "\x17\x17\x01\x19", "two three|one "],
  ["cuts forward in a row keep their order", "|one two three", "\x1bd\x1bd\x05\x19", " threeone two|"],
  ["Alt-Y inserts the cut before", "|", "aa \x17bb \x01\x0b\x19\x1by", "aa |"],
  ["Alt-Y does nothing if nothing was inserted", "a|", "\x1by", "a|"],
  ["Ctrl-T exchanges two characters", "ab|cd", "\x14", "acb|d"],
  ["Ctrl-T at the end exchanges the last two", "abc|", "\x14", "acb|"],
  ["Ctrl-T exchanges whole emoji", "a👍🏽|", "\x14", "👍🏽a|"],
  ["Alt-U, Alt-L and Alt-C change the case of words", "|one TWO three", "\x1bu\x1bl\x1bc", "ONE two Three|"],
  ["Ctrl-J and Alt-Enter begin a line", "a|b", `\n${ALT_ENTER}`, "a\n\n|b"],
  ["Ctrl-_ takes back a word that was typed", "|", "one two\x1f", "one|"],
  ["Ctrl-_ takes back a cut", "one two|", "\x17\x1f", "one two|"],
  ["Ctrl-_ with nothing to take back does nothing", "|", "\x1f", "|"],
  ["Up and Down move between lines", "abc\nde|f", `${UP}x${DOWN}y`, "abxc\ndefy|"],
  ["Up and Down keep the column over a shorter line", "abcdef\nab\nabcde|f", `${UP}${UP}x`, "abcdex|f\nab\nabcdef"],
];

for (const [name, before, bytes, expected] of EDITS) {
  Deno.test(`line editor: ${name}`, () => assertEquals(after(bytes, before), expected));
}

Deno.test("line editor: keys of others are not handled", () => {
  const editor = new LineEditor();
  assertEquals(type(editor, "\r\t\x1b[5~\x1bOP\x1b1\x0c\x04"), Array(7).fill(false));
  assertEquals(editor.text, "");
});

Deno.test("line editor: Ctrl-D deletes only if there is a text", () => {
  const editor = new LineEditor();
  editor.setText("a", 0);
  assertEquals(type(editor, "\x04\x04"), [true, false]);
});

Deno.test("line editor: setting the text moves the cursor to the end, and a cursor outside is moved to the nearest end", () => {
  const editor = new LineEditor();
  editor.text = "abc";
  assertEquals(editor.cursor, 3);
  editor.setText("ab", 99);
  assertEquals(editor.cursor, 2);
  editor.setText("ab", -5);
  assertEquals(editor.cursor, 0);
});

Deno.test("line editor: a paste keeps its newlines and loses control characters", () => {
  const editor = new LineEditor();
  editor.insert("one\r\ntwo\x1b[31m\x07\tx\x9b\ud800");
  assertEquals(editor.text, "one\ntwo[31m\tx\ufffd");
});

Deno.test("line editor: take() returns the text, clears, and forgets what could be undone", () => {
  const editor = new LineEditor();
  type(editor, "hello");
  assertEquals(editor.take(), "hello");
  assertEquals(show(editor), "|");
  type(editor, "\x1f");
  assertEquals(show(editor), "|");
});

Deno.test("line editor: Up and Down go through the history, and the draft is kept", () => {
  const editor = new LineEditor();
  for (const text of ["one", "two", "two", "  "]) {
    editor.insert(text);
    editor.take();
  }
  type(editor, `draft${UP}`);
  assertEquals(show(editor), "two|");
  type(editor, `${UP}${UP}${UP}`);
  assertEquals(show(editor), "one|");
  type(editor, "!");
  editor.next();
  editor.previous();
  assertEquals(show(editor), "one!|", "a change of an entry stays until a text is taken");
  type(editor, `${DOWN}${DOWN}`);
  assertEquals(show(editor), "draft|");
  editor.next();
  assertEquals(show(editor), "draft|");
  editor.take();
  type(editor, `${UP}${UP}${UP}`);
  assertEquals(show(editor), "one|");
});

Deno.test("line editor: after clear() Up shows the newest entry of the history, unchanged, and Ctrl-_ the text", () => {
  const editor = new LineEditor();
  for (const text of ["one", "two"]) {
    editor.insert(text);
    editor.take();
  }
  type(editor, `draft${UP}!`);
  editor.clear();
  assertEquals(show(editor), "|");
  type(editor, UP);
  assertEquals(show(editor), "two|");
  type(editor, `${DOWN}${DOWN}`);
  assertEquals(show(editor), "|");
  editor.insert("text");
  editor.clear();
  type(editor, "\x1f");
  assertEquals(show(editor), "text|");
});

Deno.test("line editor: Up leaves a text of several lines from its first row only", () => {
  const editor = new LineEditor();
  editor.insert("old");
  editor.take();
  editor.insert("a\nb");
  type(editor, UP);
  assertEquals(show(editor), "a|\nb");
  type(editor, UP);
  assertEquals(show(editor), "old|");
});

Deno.test("line editor: a secret is neither in the history, nor can it be undone or inserted", () => {
  const editor = new LineEditor();
  type(editor, "pass word\x17\x19");
  assertEquals(editor.take(true), "pass word");
  for (const bytes of [UP, "\x1f", "\x19", "\x10"]) {
    type(editor, bytes);
    assertEquals(show(editor), "|");
  }
});

Deno.test(`line editor: the history has at most ${HISTORY_MAX} entries`, () => {
  const editor = new LineEditor();
  for (let i = 0; i < HISTORY_MAX + 10; i++) {
    editor.insert(`line ${i}`);
    editor.take();
  }
  for (let i = 0; i < HISTORY_MAX + 50; i++) editor.previous();
  assertEquals(editor.text, "line 10");
});

Deno.test(`line editor: the history has at most ${HISTORY_TEXT_MAX} characters`, () => {
  const editor = new LineEditor();
  const count = HISTORY_TEXT_MAX / 50_000 + 5;
  for (let i = 0; i < count; i++) {
    editor.insert(String(i).padEnd(50_000, "x"));
    editor.take();
  }
  for (let i = 0; i < count; i++) editor.previous();
  assertEquals(Number.parseInt(editor.text), 5);
});

Deno.test(`line editor: the text has at most ${TEXT_MAX} characters`, () => {
  const editor = new LineEditor();
  editor.insert("x".repeat(TEXT_MAX - 1));
  editor.insert("😀");
  assertEquals(editor.text.length, TEXT_MAX - 1, "no half of a pair is inserted");
  type(editor, "yz");
  assertEquals(editor.text.length, TEXT_MAX);
  editor.text = "x".repeat(TEXT_MAX + 5);
  assertEquals(editor.text.length, TEXT_MAX);
});

Deno.test(`line editor: at most ${UNDO_MAX} steps can be undone, and ${KILL_RING_MAX} cuts inserted again`, () => {
  const editor = new LineEditor();
  for (let i = 0; i < UNDO_MAX + 10; i++) editor.insert("x");
  type(editor, "\x1f".repeat(UNDO_MAX + 50));
  assertEquals(editor.text.length, 10);
  const cuts = new LineEditor();
  for (let i = 0; i < KILL_RING_MAX + 5; i++) {
    cuts.text = `cut${i}`;
    type(cuts, "\x15");
  }
  type(cuts, `\x19${"\x1by".repeat(KILL_RING_MAX - 1)}`);
  assertEquals(cuts.text, "cut5");
});

Deno.test("line editor: rows have the width of the view, and the cursor goes to a new row after a full one", () => {
  const editor = new LineEditor();
  editor.insert("abcdef");
  assertEquals(editor.layout(4), { rows: ["abcd", "ef"], cursorRow: 1, cursorColumn: 2 });
  editor.text = "abcd";
  assertEquals(editor.layout(4), { rows: ["abcd", ""], cursorRow: 1, cursorColumn: 0 });
  editor.setText("abcd\ne", 4);
  assertEquals(editor.layout(4), { rows: ["abcd", "e"], cursorRow: 0, cursorColumn: 3 });
  editor.text = "a世界";
  assertEquals(editor.layout(4), { rows: ["a世", "界"], cursorRow: 1, cursorColumn: 2 });
  editor.text = "";
  assertEquals(editor.layout(4), { rows: [""], cursorRow: 0, cursorColumn: 0 });
  editor.text = "a\n";
  assertEquals(editor.layout(4), { rows: ["a", ""], cursorRow: 1, cursorColumn: 0 });
});

Deno.test("line editor: Up and Down move by the rows of the last layout", () => {
  const editor = new LineEditor();
  editor.insert("abcdef");
  editor.layout(4);
  type(editor, UP);
  assertEquals(show(editor), "ab|cdef");
});

const key = fc.constantFrom(
  ...["a", " ", "世", "👨‍👩‍👧", "e\u0301", "\n", "\x01", "\x02", "\x04", "\x05", "\x06", "\x0b", "\x0e", "\x10", "\x14"],
  ...["\x15", "\x17", "\x19", "\x1bb", "\x1bc", "\x1bd", "\x1bf", "\x1bu", "\x1by", "\x1b\x7f", "\x1f", "\x7f"],
  ...[UP, DOWN, LEFT, RIGHT, "\x1b[1;5H", "\x1b[H", "\x1b[F", "take"],
);

Deno.test("line editor: after any keys the cursor is between graphemes, and the layout shows the text and the cursor", () => {
  fc.assert(
    fc.property(fc.array(key, { maxLength: 60 }), fc.integer({ min: 2, max: 12 }), (keys, columns) => {
      const editor = new LineEditor();
      for (const bytes of keys) {
        if (bytes === "take") editor.take();
        else type(editor, bytes);
        const { text, cursor } = editor;
        assert(cursor >= 0 && cursor <= text.length);
        assert(text.slice(0, cursor).isWellFormed() && text.isWellFormed());
        const { rows, cursorRow, cursorColumn } = editor.layout(columns);
        for (const row of rows) assert(widthOf(row) <= columns, `${JSON.stringify(row)} is too wide`);
        const shown = (part: string) => graphemes(part.replaceAll("\n", "")).map((each) => each.text).join("");
        assertEquals(rows.join(""), shown(text));
        assert(rows[cursorRow] !== undefined && cursorColumn < columns);
        // What is before the cursor on the screen is what is before it in the text.
        let before = rows.slice(0, cursorRow).join("");
        let width = 0;
        for (const grapheme of graphemes(rows[cursorRow]!)) {
          if (width >= cursorColumn) break;
          before += grapheme.text;
          width += grapheme.width;
        }
        const isAfterFullRow = text[cursor] === "\n" && cursorColumn === columns - 1;
        if (!isAfterFullRow) assertEquals(before, shown(text.slice(0, cursor)));
      }
    }),
    { numRuns: 500 },
  );
});
