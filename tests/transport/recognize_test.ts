import { assertEquals } from "@std/assert";
import type { Protocol } from "../../src/transport/connection.ts";
import { Recognizer } from "../../src/transport/recognize.ts";
import { fc } from "../dependencies.ts";

/** Encodes Latin-1. */
function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Recognizes the protocol of some reads, and of the end of the input if `ends`. */
function recognize(reads: Iterable<Uint8Array>, ends = true): Protocol | undefined {
  const recognizer = new Recognizer();
  for (const read of reads) {
    const protocol = recognizer.push(read);
    if (protocol !== undefined) return protocol;
  }
  return ends ? recognizer.finish() : undefined;
}

/** Recognizes the protocol of one read. */
function recognizeText(text: string): Protocol | undefined {
  return recognize([bytesOf(text)], false);
}

const CASES: [Protocol, string[]][] = [
  ["HTTP", [
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /a?b=%20 HTTP/1.0\r\n",
    "HEAD / HTTP/1.1\n",
    "OPTIONS * HTTP/1.1\r\n",
    "CONNECT 127.0.0.1:8888 HTTP/1.1\r\n",
    "CONNECT [::1]:443 HTTP/1.1\r\n",
    "GET http://127.0.0.1:8888/ HTTP/1.1\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "get / HTTP/1.1\r\n",
    "x-made_up!method /hello HTTP/1.1\r\n",
    "GET index.html HTTP/1.1\r\n",
    "GET  /  HTTP/1.1 \r\n",
    "GET / HTTP/3\r\n",
    "GET /\r\n",
    "GET /a b c HTTP/1.1\r\nCookie: a=b\r\n",
    "get / http/1.1\r\n",
    "GET\t/\tHTTP/1.1\r\n",
    " \tGET / HTTP/1.1\r\n",
    "POST / HTTP/1.1\rHost: x\r\n",
    "SOURCE /radio ICE/1.0\r\n",
    "OPTIONS sip:nm SIP/2.0\r\n",
    "DESCRIBE rtsp://x/ RTSP/1.0\r\n",
    `POST /${"a".repeat(20_000)} HTTP/1.1\r\n`,
  ]],
  ["TLS", [
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "\x16\x03\x03\x00\x0a\x01\x00\x00\n",
    "\x16\x03\x00",
    "\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10",
    "\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10",
  ]],
  ["SSH", ["SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "SSH-1.99-x\n"]],
  ["IRC", [
    "CAP LS 302\r\n",
    "CAP LS\n",
    "CAP REQ :sasl\r\n",
    "CAP END\r\n",
    "NICK alice\r\n",
    "NICK :alice\r\n",
    "USER alice 0 * :Alice Liddell\r\n",
    "USER alice 8 * alice\r\n",
    'USER alice "host" "server" :Alice\r\n',
    "USER alice alice alice alice\r\n",
    "USER  alice  0  *  :Alice\r\n",
    "NICK  alice\r\n",
    " NICK alice\r\n",
    ":alice NICK alice\r\n",
    "PASS secret\r\n",
    "PASS :\r\n",
    "PASS :two words\r\n",
    "AUTHENTICATE PLAIN\r\n",
    "WEBIRC secret gateway host 192.0.2.1\r\n",
    "STARTTLS\r\n",
    "PROTOCTL NAMESX\r\n",
    "SERVER irc.example.org 1 :other\r\n",
    "PRIVMSG #lobby :hello\r\n",
    "@label=1 CAP LS 302\r\n",
  ]],
  ["PROXY", ["PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "PROXY UNKNOWN\r\n"]],
  ["binary", [
    "\0\x01\0\0\x21\x12\xa4\x42", // STUN
    "\x01\x0a\0\x01\0\xf6\x21\x12\xa4\x42", // STUN behind the length of RFC 4571
    "\r\n\r\n\0\r\nQUIT\n\x21\x11", // PROXY, version 2
    "\x04\x01\x22\xb8\x7f\0\0\x01\0", // SOCKS 4
    "\x05\x01\0", // SOCKS 5
    "\x13BitTorrent protocol",
    "h\0e\0l\0l\0o\0\n\0", // UTF-16
  ]],
  ["text", [
    "hello\n",
    "GET\n",
    "GET out of here\n",
    "GET /etc/hosts please HTTP\n",
    "post /etc/hosts over HTTP/2\n",
    "WTF is HTTP/2\n",
    ":) NICK was here\n",
    "we use HTTP/1.1\n",
    "TODO fix: HTTP/2\n",
    "look at /tmp over HTTP/2\n",
    "HTTP/1.1 400 Bad Request\n",
    "/nick boss\n",
    "Nick is here\n",
    "nick bob\n",
    "NICK is here\n",
    "USER accounts are broken again\n",
    "PASS me the salt\n",
    "CAP LOCK\n",
    "SERVER is 5 minutes late\n",
    "JOIN #tea\n",
    "LIST\n",
    "SSH-2.0\n",
    "PROXY wars\n",
    "\x02bold\x02 and \x16reversed\n",
    "\x1b[1mbold\n",
    "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82\n",
    "hello\r\0",
    "x".repeat(20_000) + "\n",
    `POST /${"a".repeat(20_000)}\n`,
  ]],
];

Deno.test("recognize: each protocol is recognized by its first bytes, however they are cut and after empty lines", () => {
  for (const [protocol, texts] of CASES) {
    for (const text of texts) {
      const name = JSON.stringify(text.slice(0, 60));
      assertEquals(recognizeText(text), protocol, name);
      for (const before of ["\r\n", "\n\n\r\n", "\r\0\r\0"]) assertEquals(recognizeText(before + text), protocol, name);
      const bytes = bytesOf(text);
      assertEquals(
        recognize(Array.from(bytes, (byte) => Uint8Array.of(byte)), false),
        protocol,
        `${name}, byte by byte`,
      );
      for (let at = 1; at < Math.min(bytes.length, 40); at++) {
        assertEquals(
          recognize([bytes.subarray(0, at), bytes.subarray(at)], false),
          protocol,
          `${name}, in two, at ${at}`,
        );
      }
    }
  }
});

Deno.test("recognize: a last line without an end counts as one", () => {
  for (const text of ["GET / HTTP/1.1", "NICK alice", "hello"]) {
    assertEquals(recognize([bytesOf(text)], false), undefined);
    assertEquals(recognize([bytesOf(text)]), recognizeText(`${text}\n`));
  }
  assertEquals(recognize([]), undefined);
  assertEquals(recognize([bytesOf("\r\n")]), undefined);
});

const token = fc.string({
  unit: fc.constantFrom(..."!#$%&'*+-.^_`|~09azAZ"),
  minLength: 1,
  maxLength: 12,
});
const method = fc.oneof(fc.constantFrom("GET", "HEAD", "POST", "PUT", "OPTIONS", "CONNECT", "TRACE"), token);
const target = fc.oneof(
  fc.webPath().map((path) => `/${path.slice(1)}`),
  fc.webUrl({ withQueryParameters: true }),
  fc.constant("*"),
);
const request = fc.oneof(
  fc.tuple(method, target).map((words) => words.join(" ")),
  fc.domain().map((domain) => `CONNECT ${domain}:443`), // with no other method (RFC 9112, section 3.2.3)
);
const version = fc.constantFrom("HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/2", "HTTP/0.9");

Deno.test("recognize: every request line is HTTP, however it is cut", () => {
  const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 20 });
  fc.assert(fc.property(request, version, fc.constantFrom("\r\n", "\n"), pieces, (...all) => {
    const [request, version, end, lengths] = all;
    const bytes = bytesOf(`${request} ${version}${end}Cookie: a=b\r\n\r\n/nick boss\n`);
    const reads: Uint8Array[] = [];
    let at = 0;
    for (const length of lengths) reads.push(bytes.subarray(at, at += length));
    assertEquals(recognize([...reads, bytes.subarray(at)], false), "HTTP");
  }));
});

/** Words of which sentences about protocols are made. Those in capitals that begin a line of IRC stand in the cases above. */
const WORDS = ["we", "use", "HTTP/1.1", "HTTP/2", "over", "TLS", "GET", "post", "nick", "Nick", "is", "here", "#tea"];
WORDS.push(
  "user",
  "User",
  "pass",
  "cap",
  "ls",
  "SSH-2.0",
  "proxy",
  "hello,",
  "what?",
  ":)",
  "@bob",
  "你好",
  "é",
  "“hi”",
);

Deno.test("recognize: ordinary chat is never recognized as another protocol", () => {
  const sentence = fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 8 }).map((words) => words.join(" "));
  const encoder = new TextEncoder();
  const isText = (line: string) => {
    // GET and a word before a version is a request, in any sentence.
    fc.pre(!/^GET \S+ HTTP\/\S+$/.test(line));
    assertEquals(recognize([encoder.encode(`${line}\n`)], false), "text", line);
  };
  fc.assert(fc.property(sentence, isText));
  const letters = fc.string({ unit: "grapheme", minLength: 1, maxLength: 80 }).filter((text) => !/\p{C}/u.test(text));
  fc.assert(fc.property(letters, (text) => {
    fc.pre(!/ (?:HTTP|ICAP|ICE|RTSP|SIP)\//.test(text));
    isText(`so ${text}`);
    isText(text);
  }));
});
