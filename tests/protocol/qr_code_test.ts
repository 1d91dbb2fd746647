/** QR codes in a terminal. */
import { assert, assertEquals } from "@std/assert";
import { generate } from "lean-qr/nano";
import { QR_TEXT_MAX, qrLines } from "../../src/protocol/qr_code.ts";

const URL = "https://chat.example.org/i/abcdefghijklmnopqrst";

/** The light modules that lines show, two a character: rows of `#` and spaces. */
function modules(lines: readonly string[]): string[] {
  return lines.flatMap((line) => [
    line.replaceAll(/[█▀]/g, "#").replaceAll("▄", " "),
    line.replaceAll(/[█▄]/g, "#").replaceAll("▀", " "),
  ]);
}

Deno.test("QR code: the lines show each module of the code, with two light ones on each side", () => {
  const code = generate(URL);
  const width = code.size + 4;
  const expected = Array.from({ length: width }, (_, y) => {
    return Array.from({ length: width }, (_, x) => code.get(x - 2, y - 2) ? " " : "#").join("");
  });
  const shown = modules(qrLines(URL, 80));
  assertEquals(shown.slice(0, width), expected);
  assertEquals(shown.slice(width).join("").trim(), ""); // the lower half of the last line
  assert(expected[0] === "#".repeat(width) && expected[width - 1] === expected[0]);
});

Deno.test("QR code: one that is wider than the terminal is not shown", () => {
  const width = qrLines(URL, 80)[0]!.length;
  assertEquals(qrLines(URL, width).length, Math.ceil(width / 2));
  assertEquals(qrLines(URL, width - 1), []);
});

Deno.test("QR code: a text of more than the limit has none", () => {
  assert(qrLines("x".repeat(QR_TEXT_MAX), 1000).length > 0);
  assertEquals(qrLines("x".repeat(QR_TEXT_MAX + 1), 1000), []);
});
