/**
 * Generates input of a hostile client for the web port: nearly valid requests, WebSocket handshakes and frames, with one
 * character per byte.
 */
import type { Random } from "./random.ts";
import { anyLine, bytesOf, ircCommand, latin1, mangled, text } from "./words.ts";

const METHODS = ["GET", "GET", "GET", "GET", "HEAD", "POST", "DELETE", "OPTIONS", "CONNECT", "TRACE", "X", "get", ""];
const TARGETS = [
  ...[
    "/",
    "/",
    "/irc",
    "/text",
    "/metrics",
    "/healthz",
    "/i/abcdefghijklmnopqrst",
    "/i/",
    "/style.css",
    "/main.js",
    "/../etc/passwd",
    "/%00",
    "//x",
  ],
  ...["/rooms", "/rooms/lobby", "/rooms/tea", "/rooms/%23tea", "/rooms/%ff", "/rooms/tea?format=text", "/rooms/"],
  ...["/rooms/tea?since=1&limit=9", "/rooms/tea?before=2026-01-02", "/rooms/tea/stream", "/rooms/tea/stream?since=1"],
  ...["/hooks/x", `/hooks/tincan_${"A".repeat(43)}`, "/rooms/tea/stream?format=text", "/rooms/tea?since=9999-99-99"],
  ...["/?a#b", "*", "x", "http://x/", "http://me@x/", "https://[::1]:80/irc", "http://", "//", "/\\", "/irc?%", "/%ff"],
];
const VERSIONS = [...Array(12).fill("HTTP/1.1"), "HTTP/1.0", "HTTP/1.9", "HTTP/2.0", "http/1.1", "HTTP/1.", "HTTP/11"];

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  "Origin": ["null", "http://x", "https://tincan.example", "http://tincan.example", "x", ""],
  "Host": ["tincan.example", "x:99999", "", "[::1]", "[", "a b", "me@x", "%"],
  "Connection": ["close", "keep-alive", "Upgrade", "close, keep-alive", ",,,", "keep-alive, Upgrade"],
  "Upgrade": ["websocket", "WebSocket", "h2c", "h2c, websocket"],
  "Sec-WebSocket-Protocol": ["text.ircv3.net", "binary.ircv3.net", "x", ",,,", "lines.tincan, x"],
  "Sec-WebSocket-Version": ["13", "8", "", "13, 8"],
  "Sec-WebSocket-Key": ["dGhlIHNhbXBsZSBub25jZQ==", "x", ""],
  "Sec-WebSocket-Extensions": ["permessage-deflate", "permessage-deflate; client_max_window_bits"],
  "Accept-Encoding": ["gzip", "gzip;q=0", "*", "gzip ; q = 0.000", ";;;"],
  "If-None-Match": ["*", 'W/"x"', '"', "W/*,,"],
  "Expect": ["100-continue", "100-Continue", "miracles"],
  "Content-Length": ["0", "0", "3", "-1", "+0", "0, 0", "00", "0x0", "1e3", "9".repeat(30), ""],
  "Transfer-Encoding": ["chunked", "Chunked", "identity", "gzip, chunked", "\x0bchunked", ""],
  "Trailer": ["x"],
  "Content-Type": ["application/json", "text/plain", "application/x-www-form-urlencoded", "application/json;", ""],
  "Authorization": [
    "Bearer x",
    `Bearer tincan_${"A".repeat(43)}`,
    "Basic Og==",
    "Basic eDp5",
    "Basic !",
    "Digest x",
    "",
  ],
  "Last-Event-ID": ["1", "x", "", "zzzzzzzzzzz"],
  "Room-Key": ["x", ""],
  "Accept": ["text/plain", "text/event-stream", "*/*", ""],
  "Sec-Fetch-Site": ["same-origin", "cross-site", "none"],
  "X-Forwarded-For": ["192.0.2.1", "unknown, 10.0.0.1", "[::1]:80", "fe80::1%eth0", "1.2.3.4.5", ",,"],
  "Forwarded": ["for=192.0.2.60;proto=http", 'for="[2001:db8::1]:80"', "for=_x", "for=", ";;=", 'for="'],
  "constructor": ["x"],
  "__proto__": ["x"],
};
const NAMES = Object.keys(FIELDS);

/** Strings whose long repetition can make regular expressions slow. */
const RUNS = [
  " ",
  " ",
  "\t",
  " \t",
  ",",
  ", ",
  ";",
  '"',
  "a",
  "=",
  "/",
  ".",
  ":",
  "\\",
  "1",
  "[",
  "%",
  "for=",
  "W/",
  "\xff",
];
const LONG = [2, 30, 300, 1000, 2500, 4000, 7900, 9000];

/** What follows the head of a request. */
const BODIES = [
  "",
  "",
  "",
  "",
  "abc",
  "0\r\n\r\n",
  "3\r\nabc\r\n0\r\n\r\n",
  "ffffffffffffffff\r\n",
  "3;a=b\r\nabc",
  "\r\n",
];

const HANDSHAKE = "Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/** Several requests, or a WebSocket handshake followed by frames. */
export function webBytes(random: Random): string {
  if (random.chance(0.4)) return webSocket(random);
  if (random.chance(0.3)) return message(random);
  const all = random.some(1, random.chance(0.05) ? 40 : 3, () => request(random)).join("");
  return random.chance(0.2) ? latin1(mangled(random, bytesOf(all))) : all;
}

/** Requests with nearly valid bodies: messages, and webhooks of all kinds. */
function message(random: Random): string {
  const all = random.some(1, 4, () => {
    const body = latin1(new TextEncoder().encode(random.chance(0.5) ? JSON.stringify(json(random, 0)) : text(random)));
    const path = random.pick(["/rooms/tea", "/rooms/tea", "/rooms/lobby", `/hooks/tincan_${"A".repeat(43)}`]);
    const sender = random.pick(["", "", "X-GitHub-Event: push\r\n", "X-GitLab-Event: Push Hook\r\n"]);
    const more = random.chance(0.3) ? field(random) : "";
    const type = random.chance(0.7) ? `Content-Type: ${random.pick(FIELDS["Content-Type"]!)}\r\n` : "";
    return `POST ${path} HTTP/1.1\r\nHost: x\r\n${sender}${type}${more}${framed(random, body)}`;
  }).join("");
  return random.chance(0.1) ? latin1(mangled(random, bytesOf(all))) : all;
}

/** The rest of a head, and a body: with a length that may be wrong, or in chunks. */
function framed(random: Random, body: string): string {
  if (random.chance(0.5)) {
    const length = random.chance(0.95) ? body.length : random.pick([0, body.length + 1, body.length - 1, 1e6, 1e16]);
    return `Content-Length: ${length}\r\n\r\n${body}`;
  }
  const chunks: string[] = [];
  for (let rest = body; rest !== "";) {
    const chunk = rest.slice(0, 1 + random.int(random.pick([2, 20, 2000])));
    const extension = random.chance(0.05)
      ? random.pick([";a", ";a=b", " ;c", ";", ";\x01", ` ${";x".repeat(200)}`])
      : "";
    const size = random.chance(0.98) ? chunk.length.toString(16) : random.pick(["0x3", "-1", "", "fffffff", "1g"]);
    chunks.push(`${size}${extension}${end(random)}${chunk}${end(random)}`);
    rest = rest.slice(chunk.length);
  }
  const trailers = random.chance(0.1) ? random.pick(["A: b\r\n", "x\r\n", "A: b\r\n".repeat(120)]) : "";
  return `Transfer-Encoding: chunked\r\n\r\n${chunks.join("")}0\r\n${trailers}\r\n`;
}

/** Parts of payloads of webhooks. */
const KEYS = [
  ...["text", "reply_to", "username", "attachments", "blocks", "fields", "elements", "title", "title_link", "type"],
  ...["alerts", "status", "labels", "annotations", "commits", "repository", "sender", "heartbeat", "monitor", "msg"],
  ...["object_kind", "object_attributes", "project", "action", "constructor", "__proto__", "toString", "value"],
];

/** Any JSON, with the keys of webhooks. */
function json(random: Random, depth: number): unknown {
  const kind = random.int(depth > 4 ? 4 : 8);
  if (kind === 0) return random.pick([null, true, 0, -1, 1e300, ""]);
  if (kind < 4) return random.chance(0.1) ? text(random).repeat(random.pick([1, 30, 500])) : text(random);
  if (kind === 4) return random.some(0, 4, () => json(random, depth + 1));
  return Object.fromEntries(random.some(0, 6, () => [random.pick(KEYS), json(random, depth + 1)]));
}

/** A WebSocket handshake followed by frames. */
export function webSocket(random: Random): string {
  const more = random.chance(0.3) ? field(random) : "";
  const protocol = random.pick(["", "", "text.ircv3.net", "binary.ircv3.net", "lines.tincan"]);
  const asked = protocol === "" ? "" : `Sec-WebSocket-Protocol: ${protocol}\r\n`;
  const all = `GET ${random.pick(["/irc", "/text"])} HTTP/1.1\r\n${HANDSHAKE}${asked}${more}\r\n${frames(random)}`;
  return random.chance(0.1) ? latin1(mangled(random, bytesOf(all))) : all;
}

/** Frames of all kinds, whole and fragmented, some with a length beyond their content. */
function frames(random: Random): string {
  return random.some(0, random.chance(0.05) ? 200 : 8, () => {
    const made = frame(random);
    return random.chance(0.1) ? latin1(mangled(random, bytesOf(made))) : made;
  }).join("");
}

function frame(random: Random): string {
  const opcode = random.pick([0, 0, 1, 1, 1, 1, 2, 2, 8, 9, 9, 10, ...(random.chance(0.1) ? [3, 7, 11, 15] : [])]);
  const control = opcode >= 8;
  const content = control && random.chance(0.7)
    ? random.pick(["", "\x03\xe8", "\x03\xe8bye", "\x03", "\x03\xed", "\x0f\xa0", "\x03\xe8\xff", "x".repeat(125)])
    : contentOf(random);
  const fin = control ? !random.chance(0.05) : random.chance(0.7);
  const mask = random.pick(["\0\0\0\0", "\x12\x34\x56\x78", "\xff\xff\xff\xff"]);
  const masked = !random.chance(0.03);
  const first = (fin ? 0x80 : 0) | (random.chance(0.02) ? 0x40 >> random.int(3) : 0) | opcode;
  const length = random.chance(0.95) ? content.length : random.pick([0, 125, 126, 65_535, 65_536, 2 ** 31, 2 ** 53]);
  const body = masked
    ? content.replace(/[^]/g, (char, i: number) => String.fromCharCode(char.charCodeAt(0) ^ mask.charCodeAt(i % 4)))
    : content;
  return String.fromCharCode(first) + lengthOf(random, length, masked) + (masked ? mask : "") + body;
}

/** The encoded length of a frame; sometimes not the shortest encoding. */
function lengthOf(random: Random, length: number, masked: boolean): string {
  const long = random.chance(0.03) ? 2 : 0;
  const bits = masked ? 0x80 : 0;
  if (length < 126 && long === 0) return String.fromCharCode(bits | length);
  const size = length < 65_536 && random.chance(0.9) ? 2 : 8;
  let written = "";
  for (let i = 0, rest = length; i < size; i++, rest = Math.floor(rest / 256)) {
    written = String.fromCharCode(rest % 256) + written;
  }
  return String.fromCharCode(bits | (size === 2 ? 126 : 127)) + written;
}

function contentOf(random: Random): string {
  const kind = random.int(20);
  if (kind === 0) {
    return random.pick(["\n", "\r\n", "x", "\xff", "\0", "é\n"]).repeat(random.pick([1, 100, 30_000, 65_537]));
  }
  if (kind < 3) return random.some(0, 20, () => String.fromCharCode(random.int(256))).join("");
  return latin1(new TextEncoder().encode(random.pick([ircCommand, anyLine])(random)));
}

/** A request with random fields. */
function request(random: Random): string {
  const space = () => random.chance(0.97) ? " " : random.pick(["", "  ", "\t", "\r\n"]);
  const target = random.chance(0.85)
    ? random.pick(TARGETS)
    : `/${random.pick([() => latin1(new TextEncoder().encode(text(random))), () => run(random)])()}`;
  const line = random.pick(METHODS) + space() + target + space() + random.pick(VERSIONS);
  const host = random.chance(0.9) ? `Host: x${end(random)}` : "";
  const fields = random.some(0, random.chance(0.03) ? 120 : 6, () => field(random)).join("");
  const before = random.chance(0.03) ? "\r\n".repeat(1 + random.int(3)) : "";
  return `${before}${line}${end(random)}${host}${fields}${end(random)}${random.pick(BODIES)}`;
}

function field(random: Random): string {
  const name = random.chance(0.95) ? random.pick(NAMES) : random.pick(["", " X", "X ", "\xe9", "a".repeat(300), "(x)"]);
  const colon = random.chance(0.9) ? ": " : random.pick([":", ":\t", " : ", "", ": \t "]);
  const value = random.chance(0.75) ? random.pick(FIELDS[name] ?? ["x"]) : run(random);
  const fold = random.chance(0.02) ? `${end(random)}${random.pick([" ", "\t"])}x` : "";
  return name + colon + value + fold + random.pick(["", "", "", " ", "\t "]) + end(random);
}

/** A long repetition with a different ending. */
function run(random: Random): string {
  const ending = random.pick(["", "x", "\x01", "\x7f", "\0", "\r", '"', "\xff", " x", ";"]);
  return random.pick(["", "x", "for=", '"']) + random.pick(RUNS).repeat(random.pick(LONG)).slice(0, 9000) + ending;
}

/** A line end. */
function end(random: Random): string {
  return random.chance(0.985) ? "\r\n" : random.pick(["\n", "\r", "\r\r\n", "", "\n\r"]);
}
