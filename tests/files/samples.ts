/** Small files of several types, for tests. */
import { deflateSync } from "node:zlib";
import { concat } from "@std/bytes/concat";

const encoder = new TextEncoder();

/** The CRC of a PNG chunk (ISO/IEC 15948, annex D). */
function crc(bytes: Uint8Array): number {
  let value = ~0;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return ~value >>> 0;
}

function number(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function chunk(name: string, data: Uint8Array): Uint8Array {
  const body = concat([encoder.encode(name), data]);
  return concat([number(data.length), body, number(crc(body))]);
}

/**
 * A PNG image of one colour.
 *
 * @param claimed The size in its header, if another one.
 */
export function png(
  width: number,
  height: number,
  claimed = [width, height],
  colour = [0x33, 0x99, 0x66],
): Uint8Array<ArrayBuffer> {
  const [claimedWidth = 0, claimedHeight = 0] = claimed;
  const header = concat([number(claimedWidth), number(claimedHeight), Uint8Array.of(8, 2, 0, 0, 0)]);
  const row = new Uint8Array(1 + 3 * width);
  for (let at = 1; at < row.length; at++) row[at] = colour[(at - 1) % 3]!;
  const rows = new Uint8Array(row.length * height);
  for (let n = 0; n < height; n++) rows.set(row, n * row.length);
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const data = new Uint8Array(deflateSync(rows));
  return concat([signature, chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", new Uint8Array())]);
}

/**
 * The beginning of a JPEG image, up to its size.
 *
 * @param orientation As in Exif.
 * @param padding How many bytes of other segments come before the size.
 */
export function jpeg(width: number, height: number, orientation = 1, padding = 0): Uint8Array<ArrayBuffer> {
  const two = (value: number) => [value >> 8, value & 0xff];
  const exif = [
    ...encoder.encode("Exif\0\0MM\0*"),
    0,
    0,
    0,
    8,
    0,
    1,
    ...two(274),
    0,
    3,
    0,
    0,
    0,
    1,
    ...two(orientation),
    0,
    0,
    0,
    0,
    0,
    0,
  ];
  const segments = [0xff, 0xe1, ...two(exif.length + 2), ...exif];
  for (let left = padding; left > 0;) {
    const size = Math.min(left, 60_000);
    segments.push(0xff, 0xe2, ...two(size + 2), ...new Array<number>(size).fill(0));
    left -= size;
  }
  const frame = [0xff, 0xc0, 0, 17, 8, ...two(height), ...two(width), 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
  return Uint8Array.from([0xff, 0xd8].concat(segments, frame, [0xff, 0xda]));
}

/** An empty GIF image of a size. */
export function gif(width: number, height: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(
    ...encoder.encode("GIF89a"),
    width & 0xff,
    width >> 8,
    height & 0xff,
    height >> 8,
    0,
    0,
    0,
    0x3b,
  );
}

/** A WAV file with a second of silence. */
export function wav(samples = 8000): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(44 + samples);
  const view = new DataView(bytes.buffer);
  bytes.set(encoder.encode("RIFF"), 0);
  view.setUint32(4, 36 + samples, true);
  bytes.set(encoder.encode("WAVEfmt "), 8);
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, 8000, true);
  view.setUint32(28, 8000, true);
  view.setUint16(32, 1, true);
  view.setUint16(34, 8, true);
  bytes.set(encoder.encode("data"), 36);
  view.setUint32(40, samples, true);
  return bytes.fill(0x80, 44);
}

export const SVG = encoder.encode(
  '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>',
);
export const HTML = encoder.encode("<!doctype html><title>x</title><script>alert(1)</script>");
