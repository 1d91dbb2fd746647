/** Tests of the lines that a server sends. */
import { assert, assertEquals } from "@std/assert";
import { LINE_MAX, LineSplitter } from "../../src/client/line_splitter.ts";
import { grownWithBuffersBy } from "../heap.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("line splitter: lines are the same however the bytes are cut", () => {
  const sent = bytes(":a PRIVMSG #x :é😀 one\r\n\r\ntwo\n\nthree\0\r\nrest");
  const expected = [":a PRIVMSG #x :é😀 one", "two", "three"];
  for (let size = 1; size <= sent.length; size++) {
    const splitter = new LineSplitter();
    const lines: string[] = [];
    for (let at = 0; at < sent.length; at += size) lines.push(...splitter.write(sent.subarray(at, at + size)));
    assertEquals(lines, expected, `${size}`);
    assertEquals(splitter.write(bytes("\r\n")), ["rest"]);
  }
});

Deno.test("line splitter: invalid UTF-8 is replaced", () => {
  const splitter = new LineSplitter();
  assertEquals(splitter.write(Uint8Array.of(97, 0xff, 0xc3, 98, 10, 0xe2, 0x82, 10)), ["a��b", "�"]);
});

Deno.test("line splitter: a line above the limit is skipped and said, and those around it are not", () => {
  const splitter = new LineSplitter();
  const longest = "x".repeat(LINE_MAX - 1);
  assertEquals(splitter.write(bytes(`${longest}\r\n`)), [longest]);
  const lines = splitter.write(bytes(`one\n${"x".repeat(LINE_MAX + 1)}\ntwo\n`));
  assertEquals(lines, [
    "one",
    `NOTICE * :The server sent a line of ${LINE_MAX + 1} bytes, which is too long. It was skipped.`,
    "two",
  ]);
});

Deno.test("line splitter: 100 MB without a line end need no memory", async () => {
  const splitter = new LineSplitter();
  const chunk = new Uint8Array(65_536).fill(97);
  const grown = await grownWithBuffersBy(() => {
    for (let i = 0; i < 1600; i++) assertEquals(splitter.write(chunk), []);
  });
  assert(grown < 5e6, `${grown} bytes`);
  assertEquals(splitter.write(bytes("\nnext\n")).at(-1), "next");
});
