/**
 * The store of uploaded files: an interface, which `history/` implements in the database.
 *
 * A file is stored in chunks, each in a transaction of its own, and can be found only once it is complete. Each file
 * belongs to its uploader: an account, or the host of a guest.
 */

/** The size of a chunk in bytes; only the last one of a file is smaller. Storing one takes a fraction of a millisecond. */
export const CHUNK_SIZE = 64 * 1024;

/** The largest file that a store can hold, in bytes: 2^20 chunks. */
export const STORABLE_MAX = CHUNK_SIZE * 2 ** 20;

/** The largest file that the server can be set to accept, in bytes: a request with a larger body would last for too long. */
export const FILE_SIZE_MAX = 1024 ** 3;

/** Which users can upload files, the default first. */
export const UPLOADS = ["accounts", "everyone", "off"] as const;
export type Uploads = typeof UPLOADS[number];

/** The details of a file, which are known when its last byte has arrived. */
export interface FileDetails {
  /** 128 random bits in base64url. Knowing it is enough to read the file. */
  readonly id: string;
  /** The name under which a browser saves it, as {@linkcode fileName} returns it. */
  readonly name: string;
  /** The media type, found in the bytes. */
  readonly type: string;
  /** The size of an image in pixels, if it is one with a known size. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** As {@linkcode accountOwner} or {@linkcode hostOwner} returns it. */
  readonly owner: string;
  /** When it was complete, in milliseconds since 1970. */
  readonly at: number;
}

/** A complete file. */
export interface StoredFile extends FileDetails {
  /** In bytes, at least 1. */
  readonly size: number;
}

/** A file that is being written. After an error, `abort` has been called. */
export interface FileWriter {
  /** How many bytes were appended. */
  readonly size: number;

  /**
   * Stores the next chunk.
   *
   * @param bytes {@linkcode CHUNK_SIZE} bytes; fewer only for the last chunk.
   * @throws {StoreError} also when another program has locked the database: see `FileStore.ready`; and when the files that are being
   * written would have more bytes than the store may hold.
   */
  append(bytes: Uint8Array): void;

  /**
   * Makes the file visible, and deletes the oldest files if there are more bytes than the store may hold.
   *
   * @throws {StoreError}
   */
  finish(details: FileDetails): StoredFile;

  /** Drops the bytes that were appended. Does nothing after `finish`. */
  abort(): void;
}

/** The author of a line that is deleted. */
export interface LinkAuthor {
  /** The account that the author was logged in to. */
  readonly account?: string | undefined;
  /** `nick!user@host`. */
  readonly origin: string;
}

/** Stores files. */
export interface FileStore {
  /** The most bytes of all complete files, and of all that are being written. */
  readonly max: number;
  /** The bytes of all complete files, with a fixed number of bytes more for each. */
  readonly bytes: number;
  /** How many complete files there are. */
  readonly count: number;
  /** The bytes of the files that are being written, as far as they were appended. */
  readonly writing: number;

  /** Whether a chunk can be written now. While another program has locked the database, it cannot. */
  readonly ready: boolean;

  /** Begins to write a file. */
  begin(): FileWriter;

  /**
   * Finds a complete file.
   *
   * @throws {StoreError}
   */
  find(id: string): StoredFile | undefined;

  /**
   * Reads a chunk of a file.
   *
   * @param index 0 for the first chunk.
   * @returns `undefined` if the file was deleted, or has fewer chunks.
   * @throws {StoreError}
   */
  read(id: string, index: number): Uint8Array<ArrayBuffer> | undefined;

  /**
   * Deletes a file, if there is one. Its chunks are removed by maintenance.
   *
   * @throws {StoreError}
   */
  delete(id: string): boolean;

  /** Whether a file was deleted by this process, other than for its age or for want of room: another node of the cluster must not bring it back. */
  wasDeleted(id: string): boolean;

  /**
   * Deletes the files that a line links to, as the line is deleted: only those that its author has uploaded. Of one line, at
   * most {@linkcode LINKS_MAX} links are followed.
   *
   * @returns How many files were deleted.
   * @throws {StoreError}
   */
  deleteLinked(text: string, author: LinkAuthor): number;
}

/** The most links to files in one line that count. */
export const LINKS_MAX = 100;
