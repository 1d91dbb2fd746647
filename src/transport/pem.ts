/**
 * Parsing of PEM files (RFC 7468) into blocks in canonical form.
 *
 * Parsers differ in what they tolerate: a byte order mark, CR as line end, indentation, trailing spaces, text around the
 * blocks. The canonical form ensures that the parser that checks a file and the one that uses it see the same.
 */

/** One block of a PEM file. */
export interface PemBlock {
  /** Its label: `CERTIFICATE`, `EC PRIVATE KEY`. */
  readonly label: string;
  /** Whether it is encrypted, by its label or by a header (RFC 1421, section 4.6.1.1). */
  readonly encrypted: boolean;
  /** The block in canonical form, including a final line end. */
  readonly pem: string;
}

/** Characters per line of base64 (RFC 7468, section 2). */
const LINE_LENGTH = 64;

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([^]*?)-----END \1-----/g;

/** Headers precede the base64 and contain colons, which do not occur in base64. */
const HEADERS = /^\s*(?:[A-Za-z-]+:[^\r\n]*[\r\n]+\s*)+/;

/**
 * Returns the blocks of a text in order.
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
    const lines = base64.match(new RegExp(`.{1,${LINE_LENGTH}}`, "g")) ?? [];
    return {
      label,
      encrypted: label.startsWith("ENCRYPTED ") || /^\s*Proc-Type:\s*4,\s*ENCRYPTED/im.test(headers),
      pem: [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n"),
    };
  });
}
