/**
 * Recognizes the protocol of a client by its first bytes.
 *
 * Browsers can be made to send HTTP, TLS and STUN to any port, with parts that a web page chooses. All of them begin with
 * something that a page cannot change, so the first line, or the bytes before it, tell a chat client from all others.
 */
import type { Protocol } from "./connection.ts";

const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;

/** Characters of the first line that are kept: those that it begins with, and those that it ends with. */
const HEAD_MAX = 1024;
const TAIL_MAX = 32;

/** As many are enough to tell what needs no whole line. */
const PREFIX_MAX = 8;

/** A TLS record with a handshake message in it, of any version (RFC 8446, section 5.1). */
const TLS = "\x16\x03";

/** What an SSH client begins with (RFC 4253, section 4.2). */
const SSH = /^SSH-\d+\.\d+-/;
/**
 * Bytes that no text begins with. STUN, and much else, begins with 0 or 1; those that stand for formatting in IRC, or do
 * something on a terminal, are not among them.
 */
const BINARY = "\x00\x01\x05\x06\x0e\x10\x12\x13\x14\x15\x17\x18\x19\x1a\x1c";

/** A method: a token (RFC 9110, section 5.6.2). */
const METHOD = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/** What separates the parts of a request line, by the lenient rule (RFC 9112, section 3). */
const GAP = "[ \\t]+";
/** What a request target begins with (RFC 9112, section 3.2): a sentence that ends in "HTTP/2" has none. */
const TARGET = "(?:/|\\*(?=[ \\t])|[A-Za-z][A-Za-z0-9+.-]*:[^ \\t])";
/** Methods by which a request line is one whatever its target is, even if a path in it has blanks. */
const KNOWN_METHODS = "CONNECT|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PRI|PUT|TRACE";
/** RTSP, SIP, ICAP and Icecast have the same request line. */
const VERSION = "(?:HTTP|ICAP|ICE|RTSP|SIP)/\\d+(?:\\.\\d+)?[ \\t]*$";
/** Any method, in any case, before a target. */
const REQUEST_LINE = new RegExp(`^[ \\t]*${METHOD}${GAP}(?=${TARGET})[^ \\t]+${GAP}${VERSION}`, "i");
const KNOWN_REQUEST_LINE = new RegExp(
  `^[ \\t]*(?:${KNOWN_METHODS})${GAP}(?:[^ \\t]*${GAP}|(?=${TARGET}).*[ \\t])${VERSION}`,
);
/** The whole request, in HTTP/0.9. */
const OLD_REQUEST = /^GET \/[^ ]*$/;

/** The header that a proxy puts before a connection, in version 1; version 2 is binary. */
const PROXY = /^PROXY (?:TCP4|TCP6|UNKNOWN)\b/;

/**
 * What IRC clients send first. Only in upper case and complete: "Nick is here" and "USER accounts are broken" are sentences.
 * For lines whose runs of spaces have been replaced by one.
 */
const IRC = new RegExp(
  "^ ?(?:@[^ ]+ )?(?::[^ ]+ )?(?:" + [
    "AUTHENTICATE [A-Z0-9-]+",
    "CAP (?:LS(?: \\d+)?|LIST|END|REQ .+)",
    "NICK :?[^ :]+",
    "(?:NOTICE|PRIVMSG) [^ ]+ :.*",
    "PASS (?::.*|[^ :][^ ]*)",
    "PROTOCTL .+",
    "SERVER [^ ]+\\.[^ ]+ \\d.*",
    "STARTTLS",
    "USER ([^ ]+) (?:(?:\\d+|\\*|\\1) [^ ]+ .+|[^ ]+ [^ ]+ :.*)",
    "WEBIRC [^ ]+ [^ ]+ [^ ]+ [^ ]+.*",
  ].join("|") + ") *$",
);

/**
 * Decides on one client's first bytes. Empty lines before them are skipped (RFC 9112, section 2.2).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Recognizer } from "./recognize.ts";
 *
 * const bytes = (text: string) => new TextEncoder().encode(text);
 * const recognizer = new Recognizer();
 * assertEquals(recognizer.push(bytes("\r\nPOST / HT")), undefined);
 * assertEquals(recognizer.push(bytes("TP/1.1\r\nHost: x\r\n")), "HTTP");
 * assertEquals(new Recognizer().push(bytes("hello\n")), "text");
 * ```
 */
export class Recognizer {
  #head = "";
  #tail = ""; // of what came after the head
  #last = 0; // the byte before

  /**
   * Takes the bytes of one read. Not to be called again once it has decided.
   *
   * @returns The protocol; `text` for a line that is of no other; `undefined` while there is no telling.
   */
  push(bytes: Uint8Array): Protocol | undefined {
    let at = 0;
    if (this.#head === "") {
      while (at < bytes.length && isLineEnd(this.#last, bytes[at]!)) this.#last = bytes[at++]!;
    }
    let end = at;
    while (end < bytes.length && bytes[end] !== LF && bytes[end] !== NUL) end++;
    const ended = end < bytes.length;
    // Of telnet, CR NUL is an end of a line; any other NUL is a part of it, and tells that this is no text.
    const isBinary = ended && bytes[end] === NUL && (end > at ? bytes[end - 1] : this.#last) !== CR;
    const isNew = this.#head.length < PREFIX_MAX;
    this.#keep(bytes.subarray(at, isBinary ? end + 1 : end));
    if (end > at) this.#last = bytes[end - 1]!;
    const protocol = isNew || isBinary ? this.#ofBytes() : undefined;
    return protocol ?? (isBinary ? "binary" : ended ? this.#ofLine() : undefined);
  }

  /** Takes the end of the input. @returns The protocol; `undefined` if nothing came. */
  finish(): Protocol | undefined {
    return this.#head === "" ? undefined : this.#ofLine();
  }

  #keep(bytes: Uint8Array) {
    const room = HEAD_MAX - this.#head.length;
    if (room > 0) this.#head += latin1(bytes.subarray(0, room));
    if (bytes.length > room) this.#tail = (this.#tail + latin1(bytes.subarray(room).slice(-TAIL_MAX))).slice(-TAIL_MAX);
  }

  /** What needs no whole line to be recognized. */
  #ofBytes(): Protocol | undefined {
    const head = this.#head;
    if (head.startsWith(TLS) || isOldHello(head)) return "TLS";
    return head !== "" && BINARY.includes(head[0]!) ? "binary" : undefined;
  }

  #ofLine(): Protocol {
    // Many a parser ends a line at a CR alone. The middle of a long line is part of no pattern.
    const [line = ""] = (this.#head + this.#tail).split("\r", 1);
    if (REQUEST_LINE.test(line) || KNOWN_REQUEST_LINE.test(line) || OLD_REQUEST.test(line)) return "HTTP";
    if (IRC.test(line.replace(/ {2,}/g, " "))) return "IRC";
    if (SSH.test(line)) return "SSH";
    return PROXY.test(line) ? "PROXY" : "text";
  }
}

/** Whether this is a ClientHello of SSL 2.0, in which old clients offer SSL 3.0 or TLS 1.0 (RFC 5246, appendix E.2). */
function isOldHello(head: string): boolean {
  return head.length > 3 && head[0]! >= "\x80" && head[2] === "\x01" && (head[3] === "\0" || head[3] === "\x03");
}

function isLineEnd(before: number, byte: number): boolean {
  return byte === LF || byte === CR || (byte === NUL && before === CR);
}

/** Bytes as characters of the same number. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
