import { assertEquals } from "@std/assert";
import { type Input, KeyDecoder, PASTE_MAX, STRING_MAX } from "../../../src/client/terminal/keys.ts";
import { fc } from "../../dependencies.ts";

const encoder = new TextEncoder();

/** The inputs that a decoder gives for a text in one piece. */
function decode(text: string | Uint8Array): Input[] {
  const decoder = new KeyDecoder();
  const inputs = decoder.write(typeof text === "string" ? encoder.encode(text) : text);
  return [...inputs, ...decoder.flush()];
}

/** An input in short: "Ctrl-Alt-Shift-name" and what it types, or its JSON. */
function short(input: Input): string {
  if (!("key" in input)) return JSON.stringify(input);
  const { ctrl, alt, shift, name, text } = input.key;
  const typed = text === undefined ? "" : ` types ${text}`;
  return `${ctrl ? "Ctrl-" : ""}${alt ? "Alt-" : ""}${shift ? "Shift-" : ""}${name}${typed}`;
}

const KEYS: readonly (readonly [bytes: string, ...expected: string[]])[] = [
  ["a", "a types a"],
  ["A", "Shift-a types A"],
  ["é", "é types é"],
  ["世", "世 types 世"],
  ["😀", "😀 types 😀"],
  [" ", "space types  "],
  ["\r", "enter"],
  ["\n", "Ctrl-j"],
  ["\t", "tab"],
  ["\x7f", "backspace"],
  ["\b", "Ctrl-h"],
  ["\0", "Ctrl-space"],
  ["\x01", "Ctrl-a"],
  ["\x1f", "Ctrl-_"],
  ["\x1b", "escape"],
  ["\x1b\x1b", "escape", "escape"],
  ["\x1ba", "Alt-a"],
  ["\x1bA", "Alt-Shift-a"],
  ["\x1b1", "Alt-1"],
  ["\x1bé", "Alt-é"],
  ["\x1b\r", "Alt-enter"],
  ["\x1b\x7f", "Alt-backspace"],
  ["\x1b\x02", "Ctrl-Alt-b"],
  ["\x1b[", "Alt-["],
  ["\x1bO", "Alt-Shift-o"],
  ["\x1bP", "Alt-Shift-p"],
  ["\x1bPx", "Alt-Shift-p", "x types x"],
  ["\x1b[A", "up"],
  ["\x1bOA", "up"],
  ["\x1b[1;5C", "Ctrl-right"],
  ["\x1b[1;3D", "Alt-left"],
  ["\x1b[1;2B", "Shift-down"],
  ["\x1b[1;8H", "Ctrl-Alt-Shift-home"],
  ["\x1b[F", "end"],
  ["\x1b[4~", "end"],
  ["\x1b[8~", "end"],
  ["\x1b[1~", "home"],
  ["\x1b[7~", "home"],
  ["\x1b[2~", "insert"],
  ["\x1b[3~", "delete"],
  ["\x1b[3;5~", "Ctrl-delete"],
  ["\x1b[5~", "pageup"],
  ["\x1b[6;3~", "Alt-pagedown"],
  ["\x1bOP", "f1"],
  ["\x1b[[A", "f1"],
  ["\x1b[[E", "f5"],
  ["\x1b[11~", "f1"],
  ["\x1b[15~", "f5"],
  ["\x1b[24;2~", "Shift-f12"],
  ["\x1b[Z", "Shift-tab"],
  ["\x1b[3$", "Shift-delete"],
  ["\x1b[5^", "Ctrl-pageup"],
  ["\x1b[a", "Shift-up"],
  ["\x1bOd", "Ctrl-left"],
  ["\x1b\x1b[A", "Alt-up"],
  ["\x1b\x1bOA", "Alt-up"],
  ["\x1b[27;5;13~", "Ctrl-enter"],
  ["\x1b[13;2u", "Shift-enter"],
  ["\x1b[97;5u", "Ctrl-a"],
  ["\x1b[107;5:1u", "Ctrl-k"],
  ["\x1b[27u", "escape"],
  ["\x1b[57399u"], // a key of the number pad of kitty
  ["\x1b[I", '{"focus":true}'],
  ["\x1b[O", '{"focus":false}'],
  ["\x1bOj", "* types *"],
  ["\x1bOM", "enter"],
  ["\x1b[<0;10;10Mx", "x types x"], // a mouse report
  ["\x1b[M !!x", "x types x"],
  ["\x1b[?62;22cx", "x types x"], // an answer to a query
  ["\x1b[?2026;2$yx", "x types x"],
  ["\x1b[99~x", "x types x"],
  ["\x1b[1;5$x"],
  ["\x1b]11;rgb:0000/0000/0000\x07x", "x types x"],
  ["\x1b]11;rgb:0000/0000/0000\x1b\\x", "x types x"],
  ["\x1bP>|tmux 3.3a\x1b\\x", "x types x"],
  ["\x1b[12\x01", "Ctrl-a"],
  ["\x1b[200~a\r\nb\rc\x1b[A\x1b[201~d", JSON.stringify({ paste: "a\nb\nc\x1b[A" }), "d types d"],
  ["ab", "a types a", "b types b"],
];

for (const [bytes, ...expected] of KEYS) {
  Deno.test(`keys: ${JSON.stringify(bytes)} is ${expected.join(", ") || "nothing"}`, () => {
    assertEquals(decode(bytes).map(short), expected);
  });
}

Deno.test("keys: sequences that arrive byte by byte give the same", () => {
  for (const [bytes, ...expected] of KEYS) {
    if (bytes === "\x1bPx" || bytes.startsWith("\x1b]") || bytes.startsWith("\x1bP>") || bytes === "\x1b[3$") continue;
    const decoder = new KeyDecoder();
    const inputs = [...encoder.encode(bytes)].flatMap((byte) => decoder.write(Uint8Array.of(byte)));
    inputs.push(...decoder.flush());
    assertEquals(inputs.map(short), expected, JSON.stringify(bytes));
  }
});

Deno.test("keys: a lone ESC waits for flush", () => {
  const decoder = new KeyDecoder();
  assertEquals(decoder.write(Uint8Array.of(0x1b)), []);
  assertEquals(decoder.isWaiting, true);
  assertEquals(decoder.flush().map(short), ["escape"]);
  assertEquals(decoder.isWaiting, false);
  assertEquals(decoder.flush(), []);
});

Deno.test("keys: a paste in pieces is one, and has no keys", () => {
  const decoder = new KeyDecoder();
  const bytes = encoder.encode("\x1b[200~Grüße 😀\nx\x1b[201~");
  const inputs = [...bytes].flatMap((byte) => decoder.write(Uint8Array.of(byte)));
  assertEquals(inputs, [{ paste: "Grüße 😀\nx" }]);
});

Deno.test("keys: a paste does not end by a flush, only by its end or a reset", () => {
  const decoder = new KeyDecoder();
  decoder.write(encoder.encode("\x1b[200~abc"));
  assertEquals(decoder.isWaiting, false);
  assertEquals(decoder.flush(), []);
  assertEquals(decoder.write(encoder.encode("d\x1b[201~")), [{ paste: "abcd" }]);
  decoder.write(encoder.encode("\x1b[200~abc"));
  decoder.reset();
  assertEquals(decoder.write(encoder.encode("x")).map(short), ["x types x"]);
});

Deno.test("keys: a paste is cut at PASTE_MAX, and keys work afterwards", () => {
  const decoder = new KeyDecoder();
  decoder.write(encoder.encode("\x1b[200~"));
  const part = encoder.encode("x".repeat(100_000));
  for (let i = 0; i < 20; i++) decoder.write(part);
  const [paste, key] = decoder.write(encoder.encode("\x1b[201~y"));
  assertEquals((paste as { paste: string }).paste.length, PASTE_MAX);
  assertEquals(short(key!), "y types y");
  for (const length of [PASTE_MAX - 1, PASTE_MAX, PASTE_MAX + 1, PASTE_MAX + 5]) {
    const [{ paste }] = decode(`\x1b[200~${"x".repeat(length)}\x1b[201~`) as [{ paste: string }];
    assertEquals(paste, "x".repeat(Math.min(length, PASTE_MAX)));
  }
});

Deno.test("keys: an endless control sequence is dropped, and keys work afterwards", () => {
  const decoder = new KeyDecoder();
  for (let i = 0; i < 1000; i++) assertEquals(decoder.write(encoder.encode(i === 0 ? "\x1b[1" : ";1".repeat(50))), []);
  assertEquals(decoder.write(encoder.encode("Hx")).map(short), ["x types x"]);
  decoder.write(encoder.encode(`\x1b[${"1;".repeat(1000)}`));
  assertEquals(decoder.write(encoder.encode("\x1b[A")).map(short), ["up"]);
});

Deno.test("keys: an answer without an end is dropped until a line ends or STRING_MAX is reached", () => {
  assertEquals(decode("\x1b]11;rgb\rx").map(short), ["enter", "x types x"]);
  const inputs = decode(`\x1b]11${"y".repeat(STRING_MAX + 10)}x`).map(short);
  assertEquals(inputs.at(-1), "x types x");
});

Deno.test("keys: invalid UTF-8 types nothing", () => {
  assertEquals(decode(Uint8Array.of(0xff, 0xc3, 0x41, 0x80, 0xe4, 0xb8)).map(short), ["Shift-a types A"]);
  assertEquals(decode(Uint8Array.of(0xed, 0xa0, 0x80, 0x61)).map(short).at(-1), "a types a");
});

Deno.test("keys: no bytes make the decoder throw or wait for ever, and no key types a control character", () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.constantFrom("\x1b", "[", "O", "200~", "201~", "\x1b[200~", "\x1b[201~", "M", ";", "5", "$", "\x1b]1", "\x1bP>")
      .map((text) => encoder.encode(text)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const decoder = new KeyDecoder();
      for (const input of [...pieces.flatMap((each) => decoder.write(each)), ...decoder.flush()]) {
        // deno-lint-ignore no-control-regex -- control characters must not be there
        if ("key" in input) assertEquals(/[\x00-\x1f\x7f-\x9f]/.test(input.key.text ?? ""), false);
      }
      decoder.reset();
      assertEquals(decoder.write(encoder.encode("q")).map(short), ["q types q"]);
    }),
    { numRuns: 5000 },
  );
});
