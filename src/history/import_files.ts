/** Stores the uploaded files of an export. */
import { CHUNK_SIZE, type FileWriter } from "../files/file_store.ts";
import type { FileTable } from "./file_table.ts";
import { FormatError } from "./jsonl_fields.ts";
import type { ChunkEntry, FileEntry } from "./jsonl_files.ts";

/** Stores files as their chunks and details come. */
export class FileImport {
  /** How many files were stored. */
  imported = 0;
  /** How many files there were already. */
  known = 0;

  readonly #files: FileTable;
  /** The file that is being read; without a writer, it is there already. */
  #current: { readonly id: string; readonly writer: FileWriter | undefined } | undefined;

  constructor(files: FileTable) {
    this.#files = files;
  }

  /** @throws {FormatError} if a chunk follows the last one of its file. @throws {StoreError} */
  chunk({ file: id, bytes }: ChunkEntry): void {
    if (this.#current?.id !== id) {
      this.end(); // of a file that the server has deleted during the export
      this.#current = { id, writer: this.#files.find(id) === undefined ? this.#files.begin() : undefined };
    }
    const { writer } = this.#current!;
    if (writer !== undefined && writer.size % CHUNK_SIZE !== 0) {
      throw new FormatError('"bytes" follow the end of the file');
    }
    writer?.append(bytes);
  }

  /** @throws {FormatError} if these are not the details of the chunks before them. @throws {StoreError} */
  file({ file: { size, ...details } }: FileEntry): void {
    if (this.#current?.id !== details.id) throw new FormatError('"id" is not that of the chunks before it');
    const { writer } = this.#current;
    if (writer === undefined) this.known++;
    else {
      if (writer.size !== size) throw new FormatError('"size" is not that of the chunks before it');
      writer.finish(details);
      this.imported++;
    }
    this.#current = undefined;
  }

  /** Gives up a file whose details have not come. */
  end(): void {
    this.#current?.writer?.abort();
    this.#current = undefined;
  }
}
