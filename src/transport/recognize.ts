/**
 * Recognition of a client's protocol by its first bytes.
 *
 * A web page can make browsers send HTTP, TLS and STUN to any port, with parts that it chooses. All of these begin with
 * bytes that a page cannot choose, so the first line tells them from chat clients.
 */

/**
 * The protocol of a client, as recognized by its first line: `HTTP` stands for all protocols with the same request
 * line, `PROXY` for the header that a proxy sends before a connection, `binary` for bytes that do not occur in text,
 * and `text` for a line of no other protocol.
 */
export type Protocol = "HTTP" | "TLS" | "SSH" | "IRC" | "PROXY" | "binary" | "text";

const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;

/** Maximum number of characters stored of the beginning and of the end of the first line. */
const HEAD_MAX = 1024;
const TAIL_MAX = 32;

/** This many characters are enough for protocols that are recognized without a complete line. */
const PREFIX_MAX = 8;

/** The beginning of a TLS handshake record of any version (RFC 8446, section 5.1). */
const TLS = "\x16\x03";

/** The beginning of an SSH version line (RFC 4253, section 4.2). */
const SSH = /^SSH-\d+\.\d+-/;
/**
 * Bytes that text does not begin with. STUN and other binary protocols begin with 0 or 1. IRC formatting and terminal
 * control characters are not among them.
 */
const BINARY = "\x00\x01\x05\x06\x0e\x10\x12\x13\x14\x15\x17\x18\x19\x1a\x1c";

/** A method: a token (RFC 9110, section 5.6.2). */
const METHOD = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/** The separator in a request line, as lenient parsers accept it (RFC 9112, section 3). */
const GAP = "[ \\t]+";
/** The beginning of a request target (RFC 9112, section 3.2), which a sentence that ends in "HTTP/2" does not have. */
const TARGET = "(?:/|\\*(?=[ \\t])|[A-Za-z][A-Za-z0-9+.-]*:[^ \\t])";
/** Methods that identify a request line with any target, even one with spaces. */
const KNOWN_METHODS = "CONNECT|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PRI|PUT|TRACE";
/** RTSP, SIP, ICAP and Icecast use the same request line. */
const VERSION = "(?:HTTP|ICAP|ICE|RTSP|SIP)/\\d+(?:\\.\\d+)?[ \\t]*$";
/** Any method, in upper or lower case, before a target. */
const REQUEST_LINE = new RegExp(`^[ \\t]*${METHOD}${GAP}(?=${TARGET})[^ \\t]+${GAP}${VERSION}`, "i");
const KNOWN_REQUEST_LINE = new RegExp(
  `^[ \\t]*(?:${KNOWN_METHODS})${GAP}(?:[^ \\t]*${GAP}|(?=${TARGET}).*[ \\t])${VERSION}`,
);
/** A request of HTTP/0.9. */
const OLD_REQUEST = /^GET \/[^ ]*$/;

/** The header of the PROXY protocol, version 1; version 2 is binary. */
const PROXY = /^PROXY (?:TCP4|TCP6|UNKNOWN)\b/;

/**
 * The commands that IRC clients send first, in upper case and complete: "Nick is here" and "USER accounts are broken" are
 * sentences. Matched after runs of spaces were replaced by one.
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
 * Recognizes the protocol of one client. Empty lines at the beginning are skipped (RFC 9112, section 2.2).
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
  #tail = ""; // the end of the bytes after the head
  #last = 0; // the previous byte

  /**
   * Processes the bytes of one read. Do not call it again after it has returned a protocol.
   *
   * @returns The protocol; `text` for a line of no other protocol; `undefined` if more bytes are needed.
   */
  push(bytes: Uint8Array): Protocol | undefined {
    let at = 0;
    if (this.#head === "") {
      while (at < bytes.length && isLineEnd(this.#last, bytes[at]!)) this.#last = bytes[at++]!;
    }
    let end = at;
    while (end < bytes.length && bytes[end] !== LF && bytes[end] !== NUL) end++;
    const ended = end < bytes.length;
    // CR NUL is a line end of telnet; any other NUL does not occur in text.
    const isBinary = ended && bytes[end] === NUL && (end > at ? bytes[end - 1] : this.#last) !== CR;
    const isNew = this.#head.length < PREFIX_MAX;
    this.#store(bytes.subarray(at, isBinary ? end + 1 : end));
    if (end > at) this.#last = bytes[end - 1]!;
    const protocol = isNew || isBinary ? this.#matchPrefix() : undefined;
    return protocol ?? (isBinary ? "binary" : ended ? this.#matchLine() : undefined);
  }

  /** Ends the input. @returns The protocol; `undefined` if there was no input. */
  finish(): Protocol | undefined {
    return this.#head === "" ? undefined : this.#matchLine();
  }

  #store(bytes: Uint8Array) {
    const room = HEAD_MAX - this.#head.length;
    if (room > 0) this.#head += latin1(bytes.subarray(0, room));
    if (bytes.length > room) this.#tail = (this.#tail + latin1(bytes.subarray(room).slice(-TAIL_MAX))).slice(-TAIL_MAX);
  }

  /** Matches protocols that are recognized without a complete line. */
  #matchPrefix(): Protocol | undefined {
    const head = this.#head;
    if (head.startsWith(TLS) || isSsl2ClientHello(head)) return "TLS";
    return head !== "" && BINARY.includes(head[0]!) ? "binary" : undefined;
  }

  #matchLine(): Protocol {
    // Some parsers accept a CR alone as line end. No pattern depends on the middle of a long line.
    const [line = ""] = (this.#head + this.#tail).split("\r", 1);
    if (REQUEST_LINE.test(line) || KNOWN_REQUEST_LINE.test(line) || OLD_REQUEST.test(line)) return "HTTP";
    if (IRC.test(line.replace(/ {2,}/g, " "))) return "IRC";
    if (SSH.test(line)) return "SSH";
    return PROXY.test(line) ? "PROXY" : "text";
  }
}

/** Whether this is an SSL 2.0 ClientHello, with which old clients offer SSL 3.0 or TLS 1.0 (RFC 5246, appendix E.2). */
function isSsl2ClientHello(head: string): boolean {
  return head.length > 3 && head[0]! >= "\x80" && head[2] === "\x01" && (head[3] === "\0" || head[3] === "\x03");
}

function isLineEnd(before: number, byte: number): boolean {
  return byte === LF || byte === CR || (byte === NUL && before === CR);
}

/** Decodes Latin-1, where each byte is the character of the same number. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
