import { assert, assertEquals } from "@std/assert";
import { PIXELS_MAX, SIDE_MAX, sniff } from "../../src/files/sniff.ts";
import { type FileKind, isShown, SIZE_BYTES, UNKNOWN_TYPE } from "../../src/files/types.ts";
import { gif, HTML, jpeg, png, SVG, wav } from "./samples.ts";

const encoder = new TextEncoder();

/** What is found in the first bytes of a file, with the size as text. */
function found(bytes: Uint8Array): string {
  const { type, width, height }: FileKind = sniff(bytes.subarray(0, SIZE_BYTES));
  return width === undefined ? type : `${type} ${width}x${height}`;
}

Deno.test("sniff: images have their size, as they are shown", () => {
  assertEquals(found(png(3, 2)), "image/png 3x2");
  assertEquals(found(gif(300, 2)), "image/gif 300x2");
  assertEquals(found(jpeg(1200, 800)), "image/jpeg 1200x800");
  assertEquals(found(jpeg(1200, 800, 6)), "image/jpeg 800x1200");
  assertEquals(found(jpeg(1200, 800, 3)), "image/jpeg 1200x800");
  assertEquals(found(jpeg(640, 480, 1, 110_000)), "image/jpeg 640x480");
});

Deno.test("sniff: an image that is too large, or whose size is not in its first bytes, is of no known type", () => {
  const bomb = png(1, 1, [SIDE_MAX, Math.floor(PIXELS_MAX / SIDE_MAX)]);
  assertEquals(found(bomb), `image/png ${SIDE_MAX}x${Math.floor(PIXELS_MAX / SIDE_MAX)}`);
  assertEquals(found(png(1, 1, [SIDE_MAX, Math.ceil(PIXELS_MAX / SIDE_MAX)])), UNKNOWN_TYPE);
  assertEquals(found(png(1, 1, [SIDE_MAX + 1, 1])), UNKNOWN_TYPE);
  assertEquals(found(png(1, 1, [0, 1])), UNKNOWN_TYPE);
  assertEquals(found(png(1, 1, [0xffffffff, 0xffffffff])), UNKNOWN_TYPE);
  assertEquals(found(jpeg(640, 480, 1, SIZE_BYTES)), UNKNOWN_TYPE);
  assertEquals(found(png(1, 1).subarray(0, 14)), UNKNOWN_TYPE);
});

Deno.test("sniff: sound and films are found by their bytes", () => {
  assertEquals(found(wav()), "audio/wav");
  assertEquals(found(Uint8Array.of(0x49, 0x44, 0x33, 4, 0, 0, 0, 0x10, 0, 0)), "audio/mpeg");
  assertEquals(found(Uint8Array.of(0x1a, 0x45, 0xdf, 0xa3, 0x9f)), "video/webm");
  assertEquals(found(encoder.encode("OggS\0\x02")), "audio/ogg");
  assertEquals(found(Uint8Array.of(0, 0, 0, 24, ...encoder.encode("ftypisom\0\0\0\0isom"))), "video/mp4");
  assert(["audio/wav", "audio/mpeg", "video/mp4", "image/png"].every(isShown));
});

Deno.test("sniff: what could run in a browser is text or of no known type, and is not shown", () => {
  assertEquals(found(HTML), "text/plain; charset=utf-8");
  assertEquals(found(SVG), "text/plain; charset=utf-8");
  assertEquals(found(encoder.encode("%PDF-1.7\n\0")), UNKNOWN_TYPE);
  assertEquals(["text/plain; charset=utf-8", UNKNOWN_TYPE, "image/svg+xml", "text/html"].filter(isShown), []);
});

Deno.test("sniff: text is UTF-8 without control characters", () => {
  assertEquals(found(encoder.encode("grüße\t\r\n".repeat(1000))), "text/plain; charset=utf-8");
  assertEquals(found(encoder.encode("a\u{1b}[31m")), UNKNOWN_TYPE);
  assertEquals(found(Uint8Array.of(0x61, 0xff, 0x62)), UNKNOWN_TYPE);
});

/** A box of an AVIF image (ISO/IEC 14496-12, 4.2) without its contents. */
function box(bytes: Uint8Array<ArrayBuffer>, at: number, size: number, name: string) {
  new DataView(bytes.buffer).setUint32(at, size);
  bytes.set(encoder.encode(name), at + 4);
}

Deno.test("sniff: no image takes long to look at", () => {
  const avif = new Uint8Array(SIZE_BYTES);
  box(avif, 0, 16, "ftyp");
  avif.set(encoder.encode("avif"), 8);
  box(avif, 16, SIZE_BYTES - 16, "meta");
  box(avif, 28, SIZE_BYTES - 28, "iprp");
  box(avif, 36, SIZE_BYTES - 36, "ipco");
  for (let at = 44; at + 28 < SIZE_BYTES; at += 28) {
    box(avif, at, 20, "ispe");
    box(avif, at + 20, 8, "free");
  }
  const empty = new Uint8Array(SIZE_BYTES);
  empty.set([0xff, 0xd8, 0xff, 0xe0, 0, 2]);
  const many = new Uint8Array(SIZE_BYTES);
  for (let at = 2; at + 4 <= SIZE_BYTES; at += 4) many.set([0xff, 0xe0, 0, 2], at);
  many.set([0xff, 0xd8]);
  // The time depends on the machine; how often the bytes are divided and decoded does not.
  let calls = 0;
  const counted = <T>(owner: T, name: keyof T) => {
    const real = owner[name] as (this: unknown, ...values: unknown[]) => unknown;
    Object.assign(owner as object, {
      [name](this: unknown, ...values: unknown[]) {
        calls++;
        return real.apply(this, values);
      },
    });
    return () => Object.assign(owner as object, { [name]: real });
  };
  const restore = [
    counted(Uint8Array.prototype, "subarray"),
    counted(Uint8Array.prototype, "slice"),
    counted(TextDecoder.prototype, "decode"),
  ];
  try {
    for (const bytes of [avif, empty, many]) assertEquals(sniff(bytes).type, UNKNOWN_TYPE);
  } finally {
    for (const each of restore) each();
  }
  assert(calls < 20_000, `${calls} calls`);
});
