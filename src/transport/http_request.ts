/** Parses the heads of HTTP/1.1 requests (RFC 9112, sections 2 to 6). */
import { HttpError } from "./http_error.ts";

/** Maximum number of the fields of a request. */
export const FIELDS_MAX = 100;

/** How the end of a body is found: its length in bytes, or chunks. A length of 0 is no body. */
export type BodyFraming = number | "chunked";

/** The head of a valid request. */
export interface ParsedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly framing: BodyFraming;
  /** Whether the client waits for `100 Continue` before it sends the body. */
  readonly awaitsContinue: boolean;
  /** Whether the client may send another request. */
  readonly keepAlive: boolean;
  readonly isHttp10: boolean;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
export const REQUEST_LINE = new RegExp(`^(${TOKEN}) ([\\x21-\\x7e]+) HTTP/(\\d)\\.(\\d)$`);
const FIELD_NAME = new RegExp(`^${TOKEN}$`);
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]*)(?::\d*)?$/;

/** Methods passed to the handler, which answers those that a path does not support with 404 or 405. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]);
/** Methods that no path supports, and that `Request` does not allow. */
const FORBIDDEN_METHODS = new Set(["CONNECT", "TRACE"]);

export const INVALID_REQUEST = "Invalid HTTP request";
const HOST_REQUIRED = "Exactly one Host field is required";
const AMBIGUOUS_LENGTH = "Ambiguous message length";

/**
 * Parses the lines of a request head.
 *
 * @throws {HttpError}
 */
export function parseRequest([line = "", ...rest]: string[], secure: boolean): ParsedRequest {
  const [, method = "", target = "", major = "", minor = ""] = REQUEST_LINE.exec(line) ?? [];
  if (method === "") throw new HttpError(400, INVALID_REQUEST);
  if (major !== "1") throw new HttpError(505, "Unsupported version: use HTTP/1.1");
  const headers = parseFields(rest);
  const isHttp10 = minor === "0";
  const host = requireHost(headers, isHttp10);
  const framing = bodyFraming(headers, isHttp10);
  if (FORBIDDEN_METHODS.has(method)) {
    throw new HttpError(405, "Method not allowed: use GET or HEAD", { allow: "GET, HEAD" });
  }
  if (!METHODS.has(method)) throw new HttpError(501, "Unknown method");
  const expected = headers.get("expect");
  if (expected !== null && expected.toLowerCase() !== "100-continue") {
    throw new HttpError(417, "Unsupported expectation");
  }
  const url = parseTarget(method, target, host, secure);
  const connection = listTokens(headers.get("connection"));
  const keepAlive = isHttp10 ? connection.includes("keep-alive") : !connection.includes("close");
  if (isHttp10) headers.delete("upgrade"); // to be ignored in HTTP/1.0 (RFC 9110, section 7.8)
  const awaitsContinue = expected !== null && !isHttp10; // ignored in HTTP/1.0 (RFC 9110, section 10.1.1)
  return { method, url, headers, framing, awaitsContinue, keepAlive, isHttp10 };
}

function parseFields(lines: string[]): Headers {
  if (lines.length > FIELDS_MAX) throw new HttpError(431, `Too many header fields: at most ${FIELDS_MAX}`);
  const headers = new Headers();
  for (const line of lines) {
    const { name, value } = parseField(line);
    if (name.toLowerCase() === "host" && headers.has("host")) throw new HttpError(400, HOST_REQUIRED);
    headers.append(name, value);
  }
  return headers;
}

/**
 * Parses a field. Whitespace around the value is removed in a loop: a regular expression for it and for values that may
 * contain whitespace themselves takes cubic time.
 */
export function parseField(line: string): { name: string; value: string } {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0));
  let start = colon + 1;
  let end = line.length;
  while (start < end && isBlank(line[start]!)) start++;
  while (end > start && isBlank(line[end - 1]!)) end--;
  const value = line.slice(start, end);
  if (!FIELD_NAME.test(name) || !FIELD_VALUE.test(value)) throw new HttpError(400, "Invalid header field");
  return { name, value };
}

function isBlank(character: string): boolean {
  return character === " " || character === "\t";
}

function requireHost(headers: Headers, isHttp10: boolean): string {
  const host = headers.get("host");
  if (host === null && !isHttp10) throw new HttpError(400, HOST_REQUIRED);
  if (!HOST.test(host ?? "")) throw new HttpError(400, "Invalid Host field");
  return host || "localhost";
}

/** Determines how the body ends (RFC 9112, section 6). @throws {HttpError} if that is ambiguous. */
function bodyFraming(headers: Headers, isHttp10: boolean): BodyFraming {
  const length = headers.get("content-length");
  const coding = headers.get("transfer-encoding");
  if (coding !== null) {
    if (length !== null || isHttp10) throw new HttpError(400, AMBIGUOUS_LENGTH);
    if (coding.toLowerCase() !== "chunked") throw new HttpError(400, "Unknown transfer coding");
    return "chunked";
  }
  if (length === null) return 0;
  if (!/^\d{1,15}$/.test(length)) throw new HttpError(400, AMBIGUOUS_LENGTH);
  return Number(length);
}

/** Returns the URL for a request target (RFC 9112, section 3.2). */
function parseTarget(method: string, target: string, host: string, secure: boolean): string {
  const origin = `${secure ? "https" : "http"}://${host}`;
  const url = target.startsWith("/")
    ? origin + target
    : target === "*" && method === "OPTIONS"
    ? `${origin}/*`
    : /^https?:\/\//i.test(target)
    ? target
    : "";
  if (!URL.canParse(url) || new URL(url).username !== "") throw new HttpError(400, "Invalid request target");
  return url;
}

/** Returns the items of a comma-separated list of tokens, such as a `Connection` field, in lower case. */
export function listTokens(list: string | null): string[] {
  return list?.toLowerCase().split(",").map((token) => token.trim()) ?? [];
}
