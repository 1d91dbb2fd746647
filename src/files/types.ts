/** The media types of files that browsers show on a page. */

/** The type of files of no known type. */
export const UNKNOWN_TYPE = "application/octet-stream";

/** How many of the first bytes of a file are looked at. */
export const SIZE_BYTES = 128 * 1024;

/** The type of a file, as its first bytes show it. */
export interface FileKind {
  /** The media type, {@linkcode UNKNOWN_TYPE} if it is not known. */
  readonly type: string;
  /** The usual ending of a name, such as `.png`; may be empty. */
  readonly ending: string;
  /** The size of an image in pixels. Only images that can be shown have one. */
  readonly width?: number;
  readonly height?: number;
}

/** Finds the type of a file in its first {@linkcode SIZE_BYTES} bytes, or in all if there are fewer: see `sniff.ts`. */
export type Sniffer = (head: Uint8Array) => FileKind | Promise<FileKind>;

/** Images. */
export const IMAGES: ReadonlySet<string> = new Set([
  "image/png",
  "image/apng",
  "image/jpeg",
  "image/gif",
  "image/webp",
  "image/avif",
]);

/** Types of sound and films: as the library calls them, and as browsers know them. */
export const MEDIA: ReadonlyMap<string, string> = new Map([
  ["audio/mpeg", "audio/mpeg"],
  ["application/ogg", "audio/ogg"],
  ["audio/x-wav", "audio/wav"],
  ["audio/flac", "audio/flac"],
  ["audio/aac", "audio/aac"],
  ["video/mp4", "video/mp4"], // also sound alone
  ["video/x-matroska", "video/webm"], // the library does not tell them apart
]);

/** Whether a browser may show a file of this type on a page. All others are only downloaded. */
export function isShown(type: string): boolean {
  return IMAGES.has(type) || isMedia(type);
}

/** Whether a type is one of sound or films. */
export function isMedia(type: string): boolean {
  return /^(?:audio|video)\//.test(type) && [...MEDIA.values()].includes(type);
}

/** The endings of names of files that browsers show, by type; the usual one first. */
export const ENDINGS: ReadonlyMap<string, readonly string[]> = new Map([
  ["image/png", [".png", ".apng"]],
  ["image/apng", [".png", ".apng"]],
  ["image/jpeg", [".jpg", ".jpeg", ".jpe", ".jfif"]],
  ["image/gif", [".gif"]],
  ["image/webp", [".webp"]],
  ["image/avif", [".avif"]],
  ["audio/mpeg", [".mp3"]],
  ["audio/ogg", [".ogg", ".oga", ".ogv", ".opus"]],
  ["audio/wav", [".wav"]],
  ["audio/flac", [".flac"]],
  ["audio/aac", [".aac"]],
  ["video/mp4", [".mp4", ".m4a", ".m4v", ".mov"]],
  ["video/webm", [".webm", ".weba", ".mkv", ".mka"]],
]);
