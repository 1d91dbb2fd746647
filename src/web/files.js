// @ts-check
/**
 * Links to uploaded files in messages: `/f/ID/NAME`, and `/f/ID/WIDTHxHEIGHT/NAME` for images. Only files of this server are
 * shown inline: the Content-Security-Policy forbids all others, which would reveal the addresses of readers to another site.
 */
import { findLinks } from "./links.js";

/**
 * A file that a message links to. `href`: as in the message; `src`: where this page loads it from.
 *
 * @typedef {{ href: string, src: string, name: string, kind: "image" | "audio" | "video" | "file", width: number, height: number }} FileLink
 */

/** The most files of one message that are shown inline. */
export const SHOWN_MAX = 4;

/** The largest size of an image on the page, in pixels. */
export const IMAGE_WIDTH = 420;
export const IMAGE_HEIGHT = 320;

const PATH = /^f\/[\w-]{22}\/(?:(\d{1,5})x(\d{1,5})\/)?([^/?#]+)$/;

/** Endings of names by the element that plays such files. What it really is, is known to the server alone. */
const AUDIO = /\.(?:mp3|ogg|oga|opus|wav|flac|m4a|aac)$/i;
const VIDEO = /\.(?:mp4|m4v|webm|ogv)$/i;

/** The URL that the server says it has (`--public-url`), which may not be that of this page; empty if it does not say. */
let publicBase = "";

/** Notes where the server takes files (`draft/FILEHOST` of RPL_ISUPPORT). @param {string} url */
export function noteFileHost(url) {
  publicBase = URL.canParse(url) ? new URL(".", url).href : "";
}

/**
 * Finds the files that a text links to, each once.
 *
 * @param {string} text
 * @param {string} [folder] The URL of the folder of the page, for tests.
 * @returns {FileLink[]} At most {@linkcode SHOWN_MAX}.
 */
export function fileLinks(text, folder) {
  if (!text.includes("/f/")) return []; // the common case
  const base = folder ?? (globalThis.location ? new URL(".", location.href).href : publicBase); // a terminal has no location
  /** @type {Map<string, FileLink>} */
  const files = new Map();
  for (const { href } of findLinks(text)) {
    const file = href === undefined ? undefined : fileLink(href, base);
    if (file !== undefined && files.size < SHOWN_MAX) files.set(file.src, file);
  }
  return [...files.values()];
}

/** @param {string} href @param {string} base @returns {FileLink | undefined} */
function fileLink(href, base) {
  const url = new URL(href).href;
  const ownBase = [base, publicBase].find((each) => each !== "" && url.startsWith(each));
  if (ownBase === undefined) return undefined;
  const path = url.slice(ownBase.length);
  const [, width, height, encoded = ""] = PATH.exec(path) ?? [];
  if (encoded === "") return undefined;
  const src = base + path;
  let name;
  try {
    name = decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
  if (width === undefined) {
    return {
      href,
      src,
      name,
      kind: AUDIO.test(name) ? "audio" : VIDEO.test(name) ? "video" : "file",
      width: 0,
      height: 0,
    };
  }
  const size = shownSize(Number(width), Number(height));
  return size && { href, src, name, kind: "image", ...size };
}

/**
 * The size of an image on the page: it is not enlarged.
 *
 * @param {number} width
 * @param {number} height
 */
export function shownSize(width, height) {
  if (width < 1 || height < 1) return undefined;
  const scale = Math.min(1, IMAGE_WIDTH / width, IMAGE_HEIGHT / height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** Whether a text consists of the link to a file alone. @param {string} text @param {FileLink[]} files */
export function isFileAlone(text, files) {
  const [file] = files;
  if (files.length !== 1 || file === undefined) return false;
  const [link, ...others] = findLinks(text.trim());
  return others.length === 0 && link?.href === file.href;
}

/** A number of bytes for people. @param {number} bytes */
export function sizeText(bytes) {
  const units = ["bytes", "KB", "MB", "GB"];
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 || value >= 10 ? Math.round(value) : Math.round(value * 10) / 10} ${units[unit]}`;
}
