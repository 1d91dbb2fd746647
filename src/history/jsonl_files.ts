/**
 * Uploaded files in exports: the chunks of a file, in order, and then its details. A file that the server has deleted
 * meanwhile has no details, and its chunks are ignored.
 */
import { CHUNK_SIZE, type StoredFile } from "../files/file_store.ts";
import { fileName, isFileId } from "../files/links.ts";
import { type Fields, type FieldType, nullable, stringType } from "./jsonl_fields.ts";

/** A chunk of a file. */
export interface ChunkEntry {
  readonly kind: "chunk";
  /** The id of the file. */
  readonly file: string;
  readonly bytes: Uint8Array;
}

/** The details of a file, whose chunks come before it. */
export interface FileEntry {
  readonly kind: "file";
  readonly file: StoredFile;
}

const ID = stringType("22 characters of base64url", isFileId);
const NAME = stringType("the name of a file", (text) => text !== "" && text === fileName(text));
const TYPE = stringType("a media type", (text) => /^[\w.+-]{1,60}\/[\w.+-]{1,60}(?:; charset=utf-8)?$/.test(text));
const OWNER = stringType("an account or @ and a host", (text) => /^[^\s\p{C}]{1,200}$/u.test(text));

/** The bytes of a chunk, in base64. */
const BYTES: FieldType<Uint8Array> = {
  description: `1 to ${CHUNK_SIZE} bytes in base64`,
  read(value) {
    if (typeof value !== "string") return undefined;
    try {
      const bytes = Uint8Array.fromBase64(value, { lastChunkHandling: "strict" });
      return bytes.length > 0 && bytes.length <= CHUNK_SIZE ? bytes : undefined;
    } catch {
      return undefined;
    }
  },
};

function between(least: number, most: number): FieldType<number> {
  return {
    description: `a whole number from ${least} to ${most}`,
    read: (value) =>
      typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most ? value : undefined,
  };
}

const SIDE = between(1, 100_000);
const SIZE = between(1, Number.MAX_SAFE_INTEGER);

/** Writes a chunk. */
export function writeChunk(file: string, bytes: Uint8Array): string {
  return JSON.stringify({ kind: "chunk", file, bytes: bytes.toBase64() });
}

/** Writes the details of a file. */
export function writeFile({ id, name, type, width, height, size, owner, at }: StoredFile): string {
  const details = {
    id,
    name,
    type,
    width: width ?? null,
    height: height ?? null,
    size,
    owner,
    at: new Date(at).toISOString(),
  };
  return JSON.stringify({ kind: "file", ...details });
}

/** Reads a chunk. @throws {FormatError} */
export function readChunk(fields: Fields): ChunkEntry {
  return { kind: "chunk", file: fields.take("file", ID), bytes: fields.take("bytes", BYTES) };
}

/** Reads the details of a file. @param time The type of times. @throws {FormatError} */
export function readFile(fields: Fields, time: FieldType<number>): FileEntry {
  const file = {
    id: fields.take("id", ID),
    name: fields.take("name", NAME),
    type: fields.take("type", TYPE),
    width: fields.take("width", nullable(SIDE)) ?? undefined,
    height: fields.take("height", nullable(SIDE)) ?? undefined,
    size: fields.take("size", SIZE),
    owner: fields.take("owner", OWNER),
    at: fields.take("at", time),
  };
  return { kind: "file", file };
}
