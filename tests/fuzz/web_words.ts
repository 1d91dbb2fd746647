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
  const all = random.some(1, random.chance(0.05) ? 40 : 3, () => request(random)).join("");
  return random.chance(0.2) ? latin1(mangled(random, bytesOf(all))) : all;
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
