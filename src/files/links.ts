/**
 * The links to uploaded files: `/f/ID/NAME`, and `/f/ID/WIDTHxHEIGHT/NAME` for images.
 *
 * The size of an image is part of its link, so that it reaches the page with the line, over every protocol, and the page
 * reserves the space before it loads the image.
 */
import { fold } from "../chat/names.ts";
import { type LinkAuthor, LINKS_MAX, type StoredFile } from "./file_store.ts";

/** How many bytes an id has. */
const ID_BYTES = 16;

/**
 * The most characters of a file name, and the most bytes that it takes in a link: with more, the link would not fit into a line of
 * IRC, and be cut in two.
 */
const NAME_MAX = 100;
const ENCODED_NAME_MAX = 200;

/** An id: 128 bits in base64url. */
const ID = /^[\w-]{22}$/;

/** A link in a text, and its id. */
const LINK = /\/f\/([\w-]{22})\//g;

/** The name of a file that has none. */
const UNNAMED = "file";

/** Draws an id. */
export function newFileId(): string {
  return crypto.getRandomValues(new Uint8Array(ID_BYTES)).toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Whether a text can be the id of a file. */
export function isFileId(text: string): boolean {
  return ID.test(text);
}

/** The path of the link to a file. */
export function pathOf({ id, name, width, height }: Pick<StoredFile, "id" | "name" | "width" | "height">): string {
  const size = width === undefined || height === undefined ? "" : `${width}x${height}/`;
  // Encodes the characters, too, that programs which look for links take for the end of one.
  return `/f/${id}/${size}${encodeName(name)}`;
}

function encodeName(name: string): string {
  return encodeURIComponent(name).replace(
    /[!'()*]/g,
    (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The ids of the files that a text links to, at most {@linkcode LINKS_MAX}. */
export function linkedIds(text: string): string[] {
  const ids = new Set<string>();
  for (const [, id] of text.matchAll(LINK)) {
    if (ids.size === LINKS_MAX) break;
    ids.add(id!);
  }
  return [...ids];
}

/**
 * The name under which a file is stored: the last part of a path, without control and invisible characters, and without what
 * would have a meaning in a path or a header. Its end is kept when it is shortened, as programs open files by it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fileName } from "./links.ts";
 *
 * assertEquals(fileName("C:\\pictures\\Photo 1.jpg"), "Photo 1.jpg");
 * assertEquals(fileName("../.."), "file");
 * ```
 */
export function fileName(name: string): string {
  const last = name.toWellFormed().split(/[/\\]/).at(-1)!.replace(/[\p{C}\p{Zl}\p{Zp}"<>:|?*%]/gu, "").trim();
  const text = last.replace(/^\.+/, "");
  if (text === "") return UNNAMED;
  const characters = [...text];
  if (characters.length <= NAME_MAX && encodeName(text).length <= ENCODED_NAME_MAX) return text;
  const ending = /\.[\w-]{1,15}$/.exec(text)?.[0] ?? "";
  const begin = characters.slice(0, NAME_MAX - ending.length);
  while (encodeName(begin.join("")).length > ENCODED_NAME_MAX - ending.length) begin.pop();
  return begin.join("") + ending;
}

/** The owner of the files that an account uploads. */
export function accountOwner(account: string): string {
  return fold(account);
}

/** The owner of the files that a guest uploads. @param host The cloaked host, as in the lines of the guest. */
export function hostOwner(host: string): string {
  return `@${host}`;
}

/** Whether the author of a line is the owner of a file. A file of an account does not belong to guests of the same host. */
export function isOwner(owner: string, { account, origin }: LinkAuthor): boolean {
  return owner === (account === undefined ? origin.slice(origin.lastIndexOf("@")) : accountOwner(account));
}
