/** WebSocket frames (RFC 6455, section 5): parsing however the bytes are cut into reads, protocol errors, and encoding. */
import { assertEquals, assertThrows } from "@std/assert";
import { fc } from "../dependencies.ts";
import {
  closePayload,
  decodeText,
  frame,
  FrameError,
  FrameReader,
  FRAMINGS,
  parseClosePayload,
} from "../../src/transport/frames.ts";
import { type Piece, piece } from "./pieces.ts";

const MAX = 70_000;

/** Parses bytes that are cut into reads; returns the messages, and the status code of the error, if there is one. */
function read(bytes: Uint8Array, cuts: readonly number[] = [], max = MAX): (string | number)[] {
  const reader = new FrameReader(max);
  const got: (string | number)[] = [];
  const ends = [...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
  try {
    let at = 0;
    for (const end of ends) {
      for (const { opcode, bytes: content } of reader.push(bytes.slice(at, end))) {
        if (opcode !== 0) got.push(`${opcode} ${Array.from(content, (byte) => String.fromCharCode(byte)).join("")}`);
      }
      at = end;
    }
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    got.push(error.code);
  }
  return got;
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

const pieces = (...all: Piece[]) => joined(...all.map(piece));

Deno.test("frames: the messages are the same however the frames are cut into reads", () => {
  const content = fc.uint8Array({ maxLength: 300 });
  const message = fc.record({
    opcode: fc.constantFrom(1, 2),
    parts: fc.array(content, { minLength: 1, maxLength: 4 }),
    control: fc.option(fc.record({ opcode: fc.constantFrom(8, 9, 10), content: fc.uint8Array({ maxLength: 125 }) })),
    mask: fc.uint8Array({ minLength: 4, maxLength: 4 }),
  });
  fc.assert(fc.property(
    fc.array(message, { maxLength: 5 }),
    fc.array(fc.nat(2000), { maxLength: 30 }),
    (messages, cuts) => {
      const sent: Piece[] = [];
      const expected: string[] = [];
      const text = (bytes: Uint8Array) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
      for (const { opcode, parts, control, mask } of messages) {
        for (const [n, part] of parts.entries()) {
          sent.push({ opcode: n === 0 ? opcode : 0, fin: n === parts.length - 1, content: part, mask });
          // Within the message, if it is fragmented.
          if (n === 0 && control !== null) sent.push({ ...control, mask });
        }
        const whole = `${opcode} ${text(joined(...parts))}`;
        const inside = control === null ? [] : [`${control.opcode} ${text(control.content)}`];
        expected.push(...(parts.length === 1 ? [whole, ...inside] : [...inside, whole]));
      }
      assertEquals(read(pieces(...sent), cuts), expected);
    },
  ));
});

Deno.test("frames: an empty fragment of a message is reported unless it is the last", () => {
  const content = new Uint8Array([0x61]);
  const bytes = pieces(
    { opcode: 1, fin: false },
    { opcode: 0, fin: false, content },
    { opcode: 0, fin: false },
    { opcode: 0 },
  );
  assertEquals(Array.from(new FrameReader(MAX).push(bytes), ({ opcode }) => opcode), [0, 0, 1]);
});

Deno.test("frames: a frame is the same when it is cut at any byte", () => {
  for (const size of [0, 1, 125, 126, 127, 300]) {
    const bytes = pieces({ opcode: 1, content: new Uint8Array(size).fill(0x61), mask: new Uint8Array([1, 2, 3, 4]) });
    for (let cut = 0; cut <= bytes.length; cut++) assertEquals(read(bytes, [cut]), [`1 ${"a".repeat(size)}`]);
  }
});

Deno.test("frames: random bytes result in messages or in a FrameError", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), fc.array(fc.nat(500)), (bytes, cuts) => {
    const once = read(bytes);
    assertEquals(read(bytes, cuts), once);
  }));
});

const LONG = new Uint8Array(126);

const ERRORS: Record<string, [Uint8Array, number]> = {
  "a frame without a mask": [pieces({ opcode: 1, mask: undefined }), 1002],
  "RSV1": [pieces({ opcode: 1, rsv: 4 }), 1002],
  "RSV2": [pieces({ opcode: 1, rsv: 2 }), 1002],
  "RSV3": [pieces({ opcode: 1, rsv: 1 }), 1002],
  ...Object.fromEntries(
    [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => [`opcode ${opcode}`, [pieces({ opcode }), 1002]]),
  ),
  "a fragmented ping": [pieces({ opcode: 9, fin: false }), 1002],
  "a ping of 126 bytes": [pieces({ opcode: 9, content: LONG }), 1002],
  "a close of 126 bytes": [pieces({ opcode: 8, content: LONG }), 1002],
  "a continuation without a message": [pieces({ opcode: 0 }), 1002],
  "a message within a message": [pieces({ opcode: 1, fin: false }, { opcode: 1 }), 1002],
  "a length of 16 bits that fits into 7": [new Uint8Array([0x81, 0x80 | 126, 0, 5, 0, 0, 0, 0]), 1002],
  "a length of 16 bits that just fits into 7": [new Uint8Array([0x81, 0x80 | 126, 0, 125, 0, 0, 0, 0]), 1002],
  "a length of 64 bits that just fits into 16": [
    new Uint8Array([0x81, 0x80 | 127, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0]),
    1002,
  ],
  "a length of 64 bits that fits into 7": [
    new Uint8Array([0x81, 0x80 | 127, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]),
    1002,
  ],
  "an overlong message": [pieces({ opcode: 1, content: new Uint8Array(MAX + 1) }), 1009],
  "a message that is overlong with its second fragment": [
    pieces({ opcode: 2, fin: false, content: new Uint8Array(MAX) }, { opcode: 0, content: new Uint8Array(1) }),
    1009,
  ],
};

for (const [name, [bytes, code]] of Object.entries(ERRORS)) {
  Deno.test(`frames: ${name} is a protocol error`, () => {
    assertEquals(read(bytes).at(-1), code);
    assertEquals(read(bytes, Array.from({ length: 50 }, (_, cut) => cut)).at(-1), code, "byte by byte");
  });
}

Deno.test("frames: a message of maximum length is accepted", () => {
  assertEquals(read(pieces({ opcode: 1, content: new Uint8Array(MAX).fill(0x61) })), [`1 ${"a".repeat(MAX)}`]);
});

Deno.test("frames: an overlong message is rejected by its header", () => {
  for (const length of [MAX + 1, 2 ** 32 + 1, 2 ** 53]) {
    const head = new Uint8Array(14);
    head.set([0x82, 0x80 | 127]);
    new DataView(head.buffer).setBigUint64(2, BigInt(length));
    assertEquals(read(head), [1009], `${length}`);
  }
  assertEquals(read(new Uint8Array([0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])), [1009]);
});

Deno.test("frames: messages before an invalid frame are returned", () => {
  const bytes = pieces({ opcode: 1, content: new Uint8Array([0x61]) }, { opcode: 3 });
  assertEquals(read(bytes), ["1 a", 1002]);
});

Deno.test("frames: a close payload must have a valid code and a reason in UTF-8", () => {
  for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999]) {
    assertEquals(parseClosePayload(closePayload(code, "bye")), code);
  }
  assertEquals(parseClosePayload(new Uint8Array(0)), undefined);
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535]) {
    assertEquals(assertThrows(() => parseClosePayload(closePayload(code, "")), FrameError).code, 1002, `${code}`);
  }
  assertEquals(assertThrows(() => parseClosePayload(new Uint8Array([3])), FrameError).code, 1002);
  assertEquals(assertThrows(() => parseClosePayload(new Uint8Array([3, 232, 0xff])), FrameError).code, 1007);
  assertEquals(closePayload(1000, "x".repeat(500)).length, 125);
});

Deno.test("frames: a text must be UTF-8", () => {
  assertEquals(decodeText(new TextEncoder().encode("\ufeffgrüße 😀")), "\ufeffgrüße 😀");
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf4, 0x90, 0x80, 0x80]]) {
    assertEquals(assertThrows(() => decodeText(new Uint8Array(bytes)), FrameError).code, 1007);
  }
});

Deno.test("frames: frames of a server have a header of minimum length and no mask", () => {
  for (const [size, head] of [[0, 2], [125, 2], [126, 4], [65_535, 4], [65_536, 10]] as const) {
    const bytes = frame(1, new Uint8Array(size));
    assertEquals(bytes.length, head + size);
    assertEquals(bytes[0], 0x81);
    assertEquals(bytes[1], head === 2 ? size : head === 4 ? 126 : 127);
  }
});

Deno.test("frames: lines are encoded once for consecutive calls with the same array", () => {
  const lines = ["grüße", "", "x".repeat(200)];
  const [text, binary, together] = [FRAMINGS.text, FRAMINGS.binary, FRAMINGS.lines].map((it) => it.encode(lines));
  const bytes = lines.map((line) => new TextEncoder().encode(line));
  assertEquals(text, joined(...bytes.map((line) => frame(1, line))));
  assertEquals(binary, joined(...bytes.map((line) => frame(2, line))));
  assertEquals(together, frame(1, new TextEncoder().encode(lines.join("\n"))));
  assertEquals(FRAMINGS.text.encode(lines) === text, true);
});
