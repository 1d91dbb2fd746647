/**
 * Finds the blocks of a PEM file (RFC 7468), and writes each in the one form that every parser reads.
 *
 * Parsers differ in what they tolerate: a byte order mark, CR as line end, indentation, blanks behind a line, text around
 * the blocks. What was tolerated by the parser that checks a file must not be refused by the one that uses it, so both get
 * the block as it is written here.
 */

/** One block of a PEM file. */
export interface PemBlock {
  /** What it says to contain: `CERTIFICATE`, `EC PRIVATE KEY`. */
  readonly label: string;
  /** Whether it is encrypted, by its label or by a header (RFC 1421, section 4.6.1.1). */
  readonly encrypted: boolean;
  /** The block in its canonical form, with a line end behind it. */
  readonly pem: string;
}

/** Characters in a line of base64 (RFC 7468, section 2). */
const LINE = 64;

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([^]*?)-----END \1-----/g;

/** Headers stand before the base64, each with a colon in it; there are none in base64. */
const HEADERS = /^\s*(?:[A-Za-z-]+:[^\r\n]*[\r\n]+\s*)+/;

/**
 * Returns the blocks of a text, in its order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { pemBlocks } from "./pem.ts";
 *
 * const [block] = pemBlocks("\ufeffa key:\r\n  -----BEGIN PRIVATE KEY-----\r\n  AAAA  \r\n  -----END PRIVATE KEY-----\r\n");
 * assertEquals(block?.pem, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
 * ```
 */
export function pemBlocks(text: string): PemBlock[] {
  return [...text.matchAll(BLOCK)].map(([, label = "", content = ""]) => {
    const headers = HEADERS.exec(content)?.[0] ?? "";
    const base64 = content.slice(headers.length).replace(/\s+/g, "");
    const lines = base64.match(new RegExp(`.{1,${LINE}}`, "g")) ?? [];
    return {
      label,
      encrypted: label.startsWith("ENCRYPTED ") || /^\s*Proc-Type:\s*4,\s*ENCRYPTED/im.test(headers),
      pem: [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n"),
    };
  });
}
