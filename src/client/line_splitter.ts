/**
 * Splits what a server sends into lines. Too long lines are skipped, and invalid UTF-8 is replaced.
 */

/** The most bytes of a line from a server: 16 KiB, and 8 KiB of tags (IRCv3, "message-tags", has 8,191). */
export const LINE_MAX = 24 * 1024;

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/** Splits bytes into lines. At most {@linkcode LINE_MAX} bytes are kept. */
export class LineSplitter {
  readonly #decoder = new TextDecoder(); // replaces invalid bytes by U+FFFD
  #rest: Uint8Array[] = [];
  #size = 0; // of the incomplete line, also of the bytes of it that are not kept

  /** Takes bytes, and returns the lines that end among them, without their ends. Empty lines are left out. */
  write(bytes: Uint8Array): string[] {
    const lines: string[] = [];
    for (let from = 0; from < bytes.length;) {
      const end = bytes.indexOf(NEWLINE, from);
      this.#keep(bytes.subarray(from, end < 0 ? bytes.length : end));
      if (end < 0) break;
      const line = this.#take();
      if (line !== "") lines.push(line);
      from = end + 1;
    }
    return lines;
  }

  #keep(bytes: Uint8Array) {
    this.#size += bytes.length;
    if (this.#size > LINE_MAX) this.#rest = [];
    else if (bytes.length > 0) this.#rest.push(bytes.slice()); // a copy: the buffer may be used again
  }

  /** Ends the current line. */
  #take(): string {
    const size = this.#size;
    let [bytes = new Uint8Array()] = this.#rest;
    if (this.#rest.length > 1) {
      bytes = new Uint8Array(size);
      let at = 0;
      for (const part of this.#rest) {
        bytes.set(part, at);
        at += part.length;
      }
    }
    this.#rest = [];
    this.#size = 0;
    if (size > LINE_MAX) return skippedLine(size);
    if (bytes.at(-1) === CARRIAGE_RETURN) bytes = bytes.subarray(0, -1);
    return this.#decoder.decode(bytes).replaceAll("\0", "").replaceAll("\r", "");
  }
}

/** The line that stands for one that was skipped: a notice without a user as its source. */
export function skippedLine(bytes: number): string {
  return `NOTICE * :The server sent a line of ${bytes} bytes, which is too long. It was skipped.`;
}
