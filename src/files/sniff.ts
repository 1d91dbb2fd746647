/**
 * Finds the type of a file in its first bytes, and the size of an image. The type that the client names is ignored.
 *
 * Nothing is decompressed: the size is read from the header of the image.
 */
import { imageSize } from "image-size";
import { filetypeinfo } from "magic-bytes.js";
import { type FileKind, IMAGES, MEDIA, UNKNOWN_TYPE } from "./types.ts";

/** How many of the first bytes are looked at for the type. */
const TYPE_BYTES = 4096;

/**
 * How many bytes of an AVIF image are looked at for its size, and how many segments of a JPEG image: image-size takes quadratic
 * time with many boxes, and looks for the next segment byte by byte where there is none.
 */
const AVIF_BYTES = 4096;
const SEGMENTS_MAX = 256;

/** The most pixels of a side and of an image that is shown on a page: one of 50 megapixels takes 200 MB in a browser. */
export const SIDE_MAX = 16_384;
export const PIXELS_MAX = 50_000_000;

/** The type of a text. */
const TEXT_TYPE = "text/plain; charset=utf-8";

/** The Exif orientations of an image that is shown on its side (Exif 2.32, "Orientation"). */
const ON_ITS_SIDE = 5;

/**
 * Finds the type of a file.
 *
 * An image without a size, or with one that is too large, counts as an unknown type, so that it is only downloaded.
 *
 * @param head The first {@linkcode SIZE_BYTES} bytes, or all if there are fewer.
 */
export function sniff(head: Uint8Array): FileKind {
  // There may be several: a signature in the middle of a file can be there by chance.
  const found = filetypeinfo(head.subarray(0, TYPE_BYTES));
  const shown = found.find(({ mime = "" }) => IMAGES.has(mime) || MEDIA.has(mime));
  if (shown === undefined && isText(head)) return { type: TEXT_TYPE, ending: ".txt" };
  const { mime = "", extension = "" } = shown ?? found[0] ?? {};
  const ending = extension === "" ? "" : `.${extension}`;
  const media = MEDIA.get(mime);
  if (media !== undefined) return { type: media, ending };
  const size = IMAGES.has(mime) ? sizeOf(head, mime) : undefined;
  return size === undefined ? { type: UNKNOWN_TYPE, ending } : { type: mime, ending, ...size };
}

/** The size of an image as it is shown; `undefined` if it is not known or too large. */
function sizeOf(head: Uint8Array, mime: string): { width: number; height: number } | undefined {
  if (mime === "image/jpeg" && !hasFrame(head)) return undefined;
  let size;
  try {
    size = imageSize(mime === "image/avif" ? head.subarray(0, AVIF_BYTES) : head);
  } catch {
    return undefined;
  }
  const isTurned = (size.orientation ?? 1) >= ON_ITS_SIDE;
  const [width, height] = isTurned ? [size.height, size.width] : [size.width, size.height];
  const isUsable = (side: number) => Number.isSafeInteger(side) && side >= 1 && side <= SIDE_MAX;
  if (!isUsable(width) || !isUsable(height) || width * height > PIXELS_MAX) return undefined;
  return { width, height };
}

/** Whether bytes are UTF-8 without control characters that no text has. The last character may be cut off. */
function isText(head: Uint8Array): boolean {
  const bytes = head.subarray(0, TYPE_BYTES);
  if (bytes.some((byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0c && byte !== 0x0d)) {
    return false;
  }
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** Whether the segments of a JPEG image lead to one that has its size (ITU-T T.81, annex B): SOF0, SOF1 or SOF2. */
function hasFrame(head: Uint8Array): boolean {
  let at = 2;
  for (let n = 0; n < SEGMENTS_MAX; n++) {
    const [start, marker = 0, high = 0, low = 0] = head.subarray(at, at + 4);
    if (start !== 0xff || at + 4 > head.length) return false;
    if (marker >= 0xc0 && marker <= 0xc2) return true;
    const length = high * 256 + low;
    const isSegment = marker === 0xc4 || (marker >= 0xdb && marker < 0xff);
    if (!isSegment || length < 2) return false;
    at += 2 + length;
  }
  return false;
}
