import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { Framer, isUtf8, malformedLines, splitLines } from "../../src/transport/lines.ts";
import { TelnetFilter } from "../../src/transport/telnet.ts";

const MAX = 16; // bytes in a line, here

/** Bytes with many line ends, telnet commands and parts of characters. */
const bytes = fc.array(
  fc.oneof(
    fc.constantFrom(0x0a, 0x0d, 0x0a, 0x00, 0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0xff, 0xfb, 0xfa, 0xf0),
    fc.integer({ min: 0, max: 255 }),
  ),
  { maxLength: 200 },
);

/** Cuts bytes into reads, none longer than a line, as `Framer` requires. */
function reads(bytes: number[], sizes: number[]): Uint8Array<ArrayBuffer>[] {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = 1 + (sizes[i % sizes.length] ?? 0) % MAX;
    chunks.push(new Uint8Array(bytes.slice(at, at + size)));
    at += size;
  }
  return chunks;
}

/** Splits reads into lines as a connection does; `!` stands for an overlong line. */
function linesOf(chunks: Uint8Array<ArrayBuffer>[], telnet = new TelnetFilter()): string[] {
  const framer = new Framer(MAX);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const buffer = new Uint8Array(MAX); // reads share one buffer, so bytes that are stored must be copied
  const lines: string[] = [];
  function take(whole: Uint8Array<ArrayBuffer>) {
    const text = decoder.decode(whole);
    buffer.fill(0x21);
    if (framer.tooLong) lines.push("!");
    if (text !== "") lines.push(...splitLines(text));
  }
  for (const chunk of chunks) {
    buffer.set(chunk);
    take(framer.push(telnet.filter(buffer.subarray(0, chunk.length))));
  }
  take(framer.finish());
  return lines;
}

/** Reference implementation, from all bytes at once. */
function expected(bytes: number[]): string[] {
  const text = String.fromCharCode(...bytes).replaceAll("\r\0", "\r\n"); // a character a byte; telnet's CR NUL ends a line
  const lines = text.split("\n");
  const last = lines.pop()!;
  return (last === "" ? lines : [...lines, last]).map((line) => line.replace(/\r$/, "")).map((line) => {
    if (line.length > MAX) return "!";
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(line, (c) => c.charCodeAt(0)));
  });
}

Deno.test("lines: the lines are the same however the bytes are cut into reads", () => {
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(), { minLength: 1, maxLength: 20 }), (bytes, sizes) => {
      const text = bytes.filter((byte) => byte !== 0xff); // telnet commands have a test of their own
      assertEquals(linesOf(reads(text, sizes)), expected(text));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("lines: telnet commands are removed wherever they occur and are cut", () => {
  const command = fc.oneof(
    fc.tuple(fc.constantFrom(251, 252, 253, 254), fc.nat(254)).map(([verb, option]) => [255, verb, option]),
    fc.constantFrom(241, 243, 245, 246, 249).map((command) => [255, command]),
    fc.array(fc.nat(254)).map((data) => [255, 250, ...data.filter((byte) => byte !== 255), 255, 240]),
    fc.constant([255, 250, 24, 255, 255, 10, 255, 240]), // IAC IAC within a subnegotiation is a data byte
  );
  const text = fc.array(fc.constantFrom(0x61, 0x62, 0x0a, 0xc3, 0xa9), { maxLength: 8 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(text, command)),
      fc.array(fc.nat(), { minLength: 1, maxLength: 20 }),
      (parts, sizes) => {
        const all = parts.flatMap(([text, command]) => [...text, ...command]);
        assertEquals(linesOf(reads(all, sizes)), expected(parts.flatMap(([text]) => text)));
      },
    ),
  );
});

Deno.test("lines: IAC IAC of telnet is a data byte that is not UTF-8", () => {
  assertEquals(linesOf([new Uint8Array([0x61, 255, 255, 0x62, 0x0a])]), ["a\ufffdb"]);
});

Deno.test("lines: a framer knows how the last complete line ended", () => {
  const framer = new Framer(MAX);
  const push = (text: string) => framer.push(new TextEncoder().encode(text));
  assert(!framer.crlf);
  push("a\r\n");
  assert(framer.crlf);
  push("b");
  assert(framer.crlf, "an incomplete line does not count");
  push("\n");
  assert(!framer.crlf);
  push("\r");
  push("\n");
  assert(framer.crlf, "the line end may be cut");
});

Deno.test("lines: a framer reports an overlong line once, at its end", () => {
  const framer = new Framer(MAX);
  const seen: [boolean, string][] = [];
  for (const text of ["x".repeat(MAX), "y", "z".repeat(MAX), "\nok\n", "w".repeat(MAX), "\r\n"]) {
    const whole = new TextDecoder().decode(framer.push(new TextEncoder().encode(text)));
    seen.push([framer.tooLong, whole]);
  }
  assertEquals(seen, [
    [false, ""],
    [false, ""],
    [false, ""],
    [true, "ok\n"],
    [false, ""],
    [false, "w".repeat(MAX) + "\r\n"],
  ]);
});

Deno.test("lines: end in LF or CRLF, and other CRs are part of them", () => {
  for (const text of ["one\n", "two\r\nthree\n", "\n\n", "\r\n\n\r\n", "a\rb\r\r\n\r\n", "\r\r\n"]) {
    assertEquals(splitLines(text), text.split(/\r?\n/).slice(0, -1), JSON.stringify(text));
  }
});

Deno.test("lines: the beginning of an overlong line is stored, up to the limit", () => {
  const framer = new Framer(MAX);
  const push = (text: string) => framer.push(new TextEncoder().encode(text));
  for (const parts of [["a".repeat(MAX), "b".repeat(MAX), "\n"], ["a".repeat(MAX), "b\n"], ["a".repeat(10), "b\n"]]) {
    parts.forEach(push);
    const long = parts.join("").trimEnd();
    assertEquals(framer.tooLong, long.length > MAX);
    if (framer.tooLong) assert(long.startsWith(new TextDecoder().decode(framer.beginning)));
  }
  push("x".repeat(MAX));
  for (let i = 0; i < 100; i++) push("x".repeat(MAX));
  push("\nnext\n");
  assert(framer.beginning.length >= MAX && framer.beginning.length <= MAX + 1, `${framer.beginning.length} bytes`);
});

Deno.test("lines: a line is UTF-8 exactly if a strict decoder accepts it", () => {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
  const takes = (bytes: Uint8Array) => {
    try {
      strict.decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  const special = fc.constantFrom([0xef, 0xbf, 0xbd], [0xef, 0xbf], [0xbd], [0xef], [0xe9], [0xc3, 0xa9], [0x0a]);
  const pieces = fc.array(fc.oneof(special, bytes), { maxLength: 12 });
  fc.assert(
    fc.property(pieces, (pieces) => {
      const all = new Uint8Array([...pieces.flat(), 0x0a]);
      const text = lenient.decode(all);
      assertEquals(isUtf8(all, text), takes(all));
      const lines = text.split("\n").slice(0, -1);
      const malformed = malformedLines(all, lines);
      let start = 0;
      for (const number of lines.keys()) {
        const end = all.indexOf(0x0a, start);
        assertEquals(malformed.includes(number), !takes(all.subarray(start, end)), `line ${number} of ${all}`);
        start = end + 1;
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("lines: a line of maximum length is accepted when its CR and LF arrive one by one", () => {
  const framer = new Framer(MAX);
  const push = (text: string) => new TextDecoder().decode(framer.push(new TextEncoder().encode(text)));
  const line = "w".repeat(MAX);
  assertEquals([push(line), push("\r"), push("\n"), framer.tooLong], ["", "", `${line}\r\n`, false]);
  assertEquals([push(line), push("\r"), push("x"), push("\n"), framer.tooLong], ["", "", "", "", true]);
});
