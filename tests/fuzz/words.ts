/**
 * Generates input of a hostile client for the text and IRC listeners, on three levels.
 *
 * Bytes are generated sessions that are mutated and mixed with invalid telnet, UTF-8 and line ends. Lines are text of all
 * kinds. Commands come from the protocols' own tables, so that new ones are included, with parameters of which some are
 * valid and many are not.
 */
import { CAPABILITIES } from "../../src/protocol/irc/capabilities.ts";
import { commands as ircCommands } from "../../src/protocol/irc/commands.ts";
import { commands as textCommands } from "../../src/protocol/text/commands.ts";
import type { Random } from "./random.ts";

/** The placeholder for the id of a message that the client has received: see `world.ts`. */
export const SEEN = "{seen}";

/** The password of the server operator. */
export const PASSWORD = "sesame";

const IRC_NAMES = [...ircCommands.keys()];
const TEXT_NAMES = Object.keys(textCommands);

const NICKS = [
  "alice",
  "ALICE",
  "a1ice",
  "bob",
  "b0b",
  "tim",
  "tirn",
  "c4",
  "c5",
  "c6",
  "guest1",
  "guest2",
  "guestl",
  "[x]",
  "Zoë",
  "ZOE\u0308",
  "田中さん",
  "عمر",
  "\u0430\u04cf\u0456\u0441\u0435", // like alice
];
const NO_NICKS = [
  "",
  "*",
  "1st",
  "-x",
  "é!",
  "Zo\u0451",
  "ع_",
  "a\u200d",
  "a b",
  "irc.test",
  "constructor!",
  "__proto__",
  ":",
  "x".repeat(31),
];
const ROOMS = [
  "#tea",
  "#TEA",
  "#den",
  "#lobby",
  "#a",
  "#b",
  "#c",
  "#d",
  "#café",
  "#CAFE\u0301",
  "#ЧАЙ",
  "#чай",
  `#${"x".repeat(49)}`,
  "#__proto__",
];
const NO_ROOMS = ["#", "tea", "#a b", "#a,b", "#l\u043ebby", "#\u200b", "#\x1b[2J", "&x", "", "@#tea", "+@#tea", "0"];

/** Text that has harmed terminals, parsers, logs and their readers. */
const HOSTILE = [
  "\x1b[31m",
  "\x1b]0;title\x07",
  "\x9b2J",
  "\x07",
  "\x08",
  "\x7f",
  "\0",
  "\r",
  "\t",
  "\x01",
  "\x01ACTION ",
  "\x02",
  "\x034,12",
  "\x04ff0000",
  "\u202e",
  "\u2066",
  "\u2069",
  "\u200b",
  "\u200d",
  "\u2028",
  "\ufeff",
  "\ufffd",
  "\u{e0061}",
  "e\u0301\u0301\u0301",
  "😀",
  "👨‍👩‍👧",
  "茶",
  " ",
  "  ",
  ":",
  " :",
  ",",
  ";",
  "=",
  "@",
  "!",
  "*",
  "?",
  "%",
  "%s%n",
  "\\",
  "\\s",
  "/",
  "//",
  "#",
  "-- ",
  "<alice> ",
  "* alice ",
  "' OR 1=1 --",
  '"',
  "<script>",
  "${x}",
  "\\u0000",
];
const LENGTHS = [1, 3, 30, 31, 64, 150, 200, 201, 390, 400, 500, 510, 511, 600, 4096, 5000];

/** Words that have a meaning in commands. */
const WORDS = [
  "on",
  "off",
  "LS",
  "LIST",
  "REQ",
  "END",
  "302",
  "LATEST",
  "BEFORE",
  "AFTER",
  "AROUND",
  "BETWEEN",
  "TARGETS",
]
  .concat([
    "+",
    "-",
    "C",
    "L",
    "S",
    "u",
    "o",
    "%tcuihsnfdlaor,42",
    "%n",
    ">1",
    "<3",
    "C>0",
    "T<5",
    "!#t*",
    "#t?a",
    "before",
  ])
  .concat([
    "14:05",
    "2026-01-02",
    "2026-01-02 03:04",
    "help",
    "hi",
    "tea",
    "x",
    "10",
    "1",
    "0",
    "-1",
    "1e9",
    "999999999",
  ]);

const MODES = "beIklimnstovwBxyz+-";

export function nick(random: Random): string {
  return random.pick(random.chance(0.85) ? NICKS : NO_NICKS);
}

function room(random: Random): string {
  return random.pick(random.chance(0.85) ? ROOMS : NO_ROOMS);
}

function mask(random: Random): string {
  const part = () =>
    random.pick(["*", "?", "a*", "*e", "alice", "~x", "host", "elsewhere", "", "**?*", "x".repeat(160)]);
  return random.pick([part(), `${part()}!${part()}@${part()}`, `*!*@${part()}`, nick(random)]);
}

/** Any text. */
/** The text of a search: words and conditions. */
function sought(random: Random): string {
  const condition = () => {
    const key = random.pick(["from:", "in:", "before:", "after:", "has:", "From:", 'from:"', "x:"]);
    const time = random.pick(
      ["14:05", "2026-11-20", "2026-11-20T14:05:06Z", "link", "", '"'].map((each) => () => each),
    );
    return key + random.pick([() => room(random), () => nick(random), () => text(random), time])();
  };
  return random.some(0, 4, () => random.pick([condition, () => text(random)])()).join(" ");
}

export function text(random: Random): string {
  const unit = () => {
    const kind = random.int(10);
    if (kind < 4) return random.pick(HOSTILE);
    if (kind < 7) return random.pick(WORDS);
    if (kind === 7) return random.pick(["x", "é", "😀", "茶", "\u202e"]).repeat(random.pick(LENGTHS) >> random.int(3));
    if (kind === 8) return String.fromCodePoint(random.int(0xd800));
    return " ";
  };
  return random.some(1, 6, unit).join("").replaceAll("\n", " ").slice(0, 8000);
}

function list(random: Random, make: (random: Random) => string): string {
  return random.some(1, random.chance(0.05) ? 120 : 3, () => make(random)).join(",");
}

function modes(random: Random): string[] {
  const letters = random.some(1, random.chance(0.05) ? 400 : 5, () => random.pick([...MODES])).join("");
  return [
    random.pick(["", "+", "-"]) + letters,
    ...random.some(0, 5, () => random.pick([nick, mask, number, text])(random)),
  ];
}

function number(random: Random): string {
  return random.pick(["0", "1", "2", "10", "100", "101", "1000", "1001", "-1", "1e9", "999999999", "9".repeat(30), ""]);
}

/** A message reference or limit of CHATHISTORY. */
function place(random: Random): string {
  const time = `${random.pick(["1970-01-01", "2026-01-02", "2026-02-30", "9999-12-31"])}T${
    random.pick(["00:00:00", "03:04:05.006", "25:61:61.000", "03:04:05.0000"])
  }Z`;
  return random.pick([
    "*",
    SEEN,
    SEEN,
    `msgid=${SEEN}`,
    "msgid=zzz",
    "msgid=",
    `timestamp=${time}`,
    "timestamp=x",
    "x=y",
  ]);
}

function capabilities(random: Random): string {
  return random.some(0, 6, () => random.pick(["", "", "-"]) + random.pick([...CAPABILITIES, "sasl", "x", "=", "-"]))
    .join(" ");
}

/** The placeholder of a password: see `secrets.ts`. */
function secret(random: Random): string {
  return random.chance(0.9) ? random.pick(["{own0}", "{own0}", "{own1}"]) : text(random);
}

/** The target of a ban: a nickname, a mask, an address, a network, or all. */
function banned(random: Random): string {
  const address = () => `192.0.2.${random.int(9)}`;
  return random.pick([nick, mask, address, () => `*!*@of-${address()}`, () => "192.0.2.0/29", () => "*"])(random);
}

/** A command for NickServ. */
function service(random: Random): string {
  const word = random.pick([
    "REGISTER",
    "IDENTIFY",
    "GHOST",
    "REGAIN",
    "DROP",
    "INFO",
    "LOGOUT",
    "SET PASSWORD",
    "HELP",
  ]);
  return [word, ...random.some(0, 1, () => nick(random)), ...random.some(0, 1, () => secret(random))].join(" ");
}

/** Lines that only have an effect in sequence: logins, and commands of operators. */
export function scene(random: Random, listener: string): string[] {
  const [who, own] = [nick(random), secret(random)];
  const name = who.replace(/\s/g, "");
  if (listener === "text") {
    return random.pick([
      [`/nick ${who}`, `/register ${own}`],
      [`/login ${who} ${own}`, `/ghost ${who} ${own}`],
      [`/oper op {oper}`, `/ban ${banned(random)}`, `/unban ${banned(random)}`],
      [`/oper op {oper}`, `/mute ${who}`, `/kill ${who} bye`],
      ["{door}", `/login ${who} ${own}`, `/drop ${own}`],
      [
        random.pick(["/paste", `/paste ${who}`]),
        ...random.some(0, 120, () => text(random)),
        random.pick([".", "/cancel"]),
      ],
      [text(random), `/react ${who} 👍`, "/react 🎉", "/reply yes", `/reply *${who}* yes`, "/unreact", "/delete"],
    ]);
  }
  const early = random.pick([[], ["PASS {door}"], ["NICK x", "PASS {door}", "CAP REQ :sasl"], ["CAP REQ :sasl"]]);
  const late = random.pick([[], ["CAP END"], [`NICK ${who}`, "USER u 0 * :r", "CAP END"]]);
  return random.pick([
    [...early, "AUTHENTICATE PLAIN", `AUTHENTICATE {plain ${name} own${random.int(2)}}`, ...late],
    [
      ...early,
      "AUTHENTICATE SCRAM-SHA-256",
      `AUTHENTICATE {scram ${name}}`,
      `AUTHENTICATE {proof ${name} own${random.int(2)}}`,
      ...random.pick([["AUTHENTICATE +"], ["AUTHENTICATE *"], []]),
      ...late,
    ],
    [`NICK ${who}`, `PRIVMSG NickServ :REGISTER ${own}`],
    [`NICK ${who}`, `REGISTER * * :${own}`, "NS LOGOUT"],
    [`NS IDENTIFY ${who} ${own}`, `NS GHOST ${who} ${own}`, `NICK ${who}`],
    ["OPER op {oper}", `KLINE ${random.pick(["", "1 ", "0 "])}${banned(random)} :bye`, `UNKLINE ${banned(random)}`],
    messageBatch(random),
    messageBatch(random),
    [`@+reply=${SEEN};+draft/react=${random.pick(["x", "👍", text(random).replace(/[ ;]/g, "")])} TAGMSG ${
      room(random)
    }`],
    [`PRIVMSG #tea :${text(random)}`, `REDACT #tea ${SEEN} :${text(random)}`, "CHATHISTORY LATEST #tea * 20"],
    ["OPER op {oper}", `KILL ${who} :bye`, `MUTE ${who} 1`, `UNMUTE ${who}`, "STATS k", "NODES"],
  ]);
}

/** For how long and for how many a link is wanted, or something else. */
function linkWords(random: Random): string {
  return random.pick([
    "",
    "1m",
    "7d 5 uses",
    "0",
    "100",
    "1 2 3",
    "999999w",
    "9".repeat(30),
    "1h1h uses",
    text(random),
  ]);
}

/** A text like the code of an invite link, or like its URL. */
function code(random: Random): string {
  const letters = random.pick(["a", "z", "7"]).repeat(random.pick([19, 20, 20, 20, 21]));
  return random.pick(["", "", "https://x/i/", "/i/"]) + letters;
}

/** A message of several lines, which is not always well-formed, and does not always end. */
function messageBatch(random: Random): string[] {
  const target = random.chance(0.8) ? "#tea" : random.pick([room, nick])(random);
  const line = () => {
    const tags = `@batch=${random.chance(0.95) ? "x" : "y"}${random.chance(0.2) ? ";draft/multiline-concat" : ""}`;
    const words = random.chance(0.3) ? "" : text(random).slice(0, 450).toWellFormed();
    return `${tags} ${random.chance(0.97) ? "PRIVMSG" : "NOTICE"} ${random.chance(0.97) ? target : "#other"} :${words}`;
  };
  return [
    `${random.pick(["", `@+reply=${SEEN} `, "@label=x "])}BATCH +x draft/multiline ${target}`,
    ...random.some(0, random.chance(0.1) ? 120 : 8, line),
    ...random.chance(0.9) ? ["BATCH -x"] : [],
  ];
}

/** A request to ChanServ. */
function channelRequest(random: Random): string {
  const verb = random.pick([
    ...["TRANSFER", "MEMBERS", "MEMBER", "DROP", "DROP", "OWNER", "HELP", "X"],
    ...["LINK", "LINK", "LINKS", "UNLINK"],
  ]);
  if (verb === "LINK") return `${verb} ${room(random)} ${linkWords(random)}`;
  if (verb === "UNLINK") return `${verb} ${room(random)} ${number(random)}`;
  const action = verb === "MEMBER" ? ` ${random.pick(["ADD", "REMOVE", "x"])}` : "";
  return `${verb} ${room(random)}${action} ${nick(random)}`;
}

/** Generators of plausible parameters; other commands get random ones. */
const IRC_PARAMS: Readonly<Record<string, (random: Random) => string[]>> = {
  ANNOUNCE: (random) => [text(random)],
  AUTHENTICATE: (random) => [
    random.pick([
      ...["PLAIN", "SCRAM-SHA-256", "*", "+", "x", "====", "AAAA", "A".repeat(400), "A".repeat(401)],
      ...[`{plain ${random.pick(NICKS)} own0}`, `{scram ${random.pick(NICKS)}}`, `{proof ${random.pick(NICKS)} own0}`],
    ]),
  ],
  BAN: (random) => [room(random), random.pick([nick, nick, mask])(random)],
  BATCH: (random) => [
    random.pick(["+", "+", "-", ""]) + random.pick(["x", "x", "y", "", text(random)]),
    random.pick(["draft/multiline", "draft/multiline", "chathistory", ""]),
    random.pick([room, nick])(random),
  ],
  CAP: (random) => [random.pick(["LS", "LIST", "REQ", "END", "ls", "X"]), random.pick([capabilities, number])(random)],
  CHANSERV: (random) => [channelRequest(random)],
  CHATHISTORY: (random) => [
    random.pick(["LATEST", "BEFORE", "AFTER", "AROUND", "BETWEEN", "TARGETS", "latest", "x"]),
    ...random.pick([
      () => [random.pick([room, nick])(random), place(random), number(random)],
      () => [random.pick([room, nick])(random), place(random), place(random), number(random)],
      () => [place(random), place(random), number(random)],
      () => random.some(0, 5, () => random.pick([place, text, number])(random)),
    ])(),
  ],
  CS: (random) => [channelRequest(random)],
  INVITE: (random) => [nick(random), room(random)],
  ISON: (random) => random.some(1, 30, () => nick(random)),
  JOIN: (
    random,
  ) => [list(random, room), ...random.some(0, 1, () => random.pick(["key", "k,k", code(random), text(random)]))],
  KICK: (random) => [list(random, room), list(random, nick), ...random.some(0, 1, () => text(random))],
  KILL: (random) => [nick(random), text(random)],
  KLINE: (random) => [...random.some(0, 1, () => number(random)), banned(random), text(random)],
  LIST: (random) => random.some(0, 2, () => list(random, random.pick([room, text, mask]))),
  MARKREAD: (random) => [random.pick([room, room, nick, text])(random), ...random.some(0, 1, () => place(random))],
  MODE: (random) => [random.pick([room, room, nick])(random), ...modes(random)],
  MONITOR: (random) => [random.pick(["+", "-", "C", "L", "S", "c", "x"]), list(random, nick)],
  MUTE: (random) => [nick(random), ...random.some(0, 1, () => number(random))],
  NAMES: (random) => [list(random, room)],
  NICK: (random) => [nick(random)],
  NOTICE: (random) => [list(random, random.pick([room, nick])), text(random)],
  NICKSERV: (random) => [service(random)],
  NS: (random) => [service(random)],
  OPER: (random) => [random.pick(["op", text(random)]), random.pick(["{oper}", "{oper}", "wrong"])],
  PART: (random) => [list(random, room), ...random.some(0, 1, () => text(random))],
  PASS: (random) => [random.chance(0.7) ? "{door}" : text(random)],
  PRIVMSG: (random) =>
    random.chance(0.1) ? ["NickServ", service(random)] : [list(random, random.pick([room, room, nick])), text(random)],
  REDACT: (random) => [
    random.pick([room, room, nick])(random),
    random.pick([SEEN, SEEN, "zzz", text(random)]),
    ...random.some(0, 1, () => text(random)),
  ],
  REGISTER: (random) => [random.pick(["*", nick(random)]), random.pick(["*", "a@b"]), secret(random)],
  RENAME: (random) => [room(random), room(random), ...random.some(0, 1, () => text(random))],
  SEARCH: (random) => [
    random.some(0, 5, () => {
      const key = random.pick(["text", "in", "from", "after", "before", "limit", "tincan.chat/mentions", "x", ""]);
      const value = random.pick([
        () => room(random),
        () => nick(random),
        () => number(random),
        () => text(random),
        () => sought(random),
      ])();
      return `${key}=${random.chance(0.7) ? value.replaceAll(" ", "\\s") : value}`;
    }).join(";"),
  ],
  SETNAME: (random) => [text(random)],
  SILENCE: (random) => random.some(0, 1, () => random.pick(["+", "-", ""]) + random.pick([nick, text, banned])(random)),
  STATS: (random) => [random.pick(["u", "k", "z", "", text(random)])],
  TAGMSG: (random) => [list(random, random.pick([room, nick]))],
  TOPIC: (random) => [room(random), ...random.some(0, 1, () => text(random))],
  UNBAN: (random) => [room(random), random.pick([nick, nick, mask])(random)],
  UNKLINE: (random) => [banned(random)],
  UNMUTE: (random) => [nick(random)],
  USER: (random) => [text(random), "0", "*", text(random)],
  USERHOST: (random) => random.some(1, 7, () => nick(random)),
  WHO: (random) => [random.pick([room, nick, mask])(random), ...random.some(0, 1, () => random.pick(WORDS))],
  WHOIS: (random) => random.some(1, 2, () => list(random, nick)),
  WHOWAS: (random) => [nick(random), number(random)],
};

/** Commands that end a session, which are generated rarely. */
const ENDS = new Set(["QUIT", "KILL", "quit"]);

/** A command of a table. */
function command(random: Random, names: readonly string[]): string {
  const name = random.pick(names);
  return ENDS.has(name) && !random.chance(0.1) ? command(random, names) : name;
}

/** An IRC command. */
export function ircCommand(random: Random): string {
  const name = command(random, IRC_NAMES);
  const make = IRC_PARAMS[name];
  const anything = () => random.some(0, 5, () => random.pick([room, nick, text, number, mask, place])(random));
  const params = make !== undefined && random.chance(0.85) ? make(random) : anything();
  // The last parameter gets a colon, since only it may contain spaces; sometimes another one does, or none.
  const last = params.length - 1 - (random.chance(0.05) ? 1 : 0);
  const words = params.map((param, i) => i === last && random.chance(0.9) ? `:${param}` : param);
  const tag = () => {
    const key = random.pick([
      "label",
      "+typing",
      "+draft/reply",
      "+draft/react",
      "+draft/unreact",
      "+reply",
      "draft/multiline-concat",
      "msgid",
      "time",
      "+",
      "",
      "batch",
      "+x\x1b",
    ]);
    const value = random.pick([text(random), text(random), text(random), SEEN, "x", "👍"]);
    return random.chance(0.7) ? `${key}=${value.replaceAll(" ", "\\s")}` : key;
  };
  const tags = random.chance(0.2) ? `@${random.some(1, random.chance(0.05) ? 60 : 3, tag).join(";")} ` : "";
  const source = random.chance(0.03) ? `:${nick(random)} ` : "";
  return `${tags}${source}${random.chance(0.05) ? name.toLowerCase() : name} ${words.join(" ")}`;
}

/** A text command with arguments by its table, or a message. */
export function textCommand(random: Random): string {
  if (random.chance(0.25)) return random.pick([text(random), "LIST", "", `//${text(random)}`]);
  const name = command(random, TEXT_NAMES);
  const args = (textCommands[name]?.args ?? "").replace(/[[\]]/g, "").split(" ").map((arg) => {
    if (random.chance(0.15)) return text(random);
    if (arg.includes("#ROOM")) return room(random);
    if (arg === "PASSWORD") return name === "oper" ? "{oper}" : secret(random);
    if (arg === "NEW") return secret(random);
    if (arg === "NAME|MASK") return banned(random);
    if (arg.includes("NAME")) return random.pick([nick, nick, mask])(random);
    if (arg === "MODES") return modes(random).join(" ");
    if (arg === "N") return number(random);
    if (arg === "KEY") return random.pick(["key", "k"]);
    return random.pick([text(random), random.pick(WORDS)]);
  });
  return `/${random.chance(0.05) ? name.toUpperCase() : name} ${args.join(" ")}`;
}

/** Any line. */
export function anyLine(random: Random): string {
  const one = () => random.pick([text, ircCommand, textCommand])(random);
  const [a, b] = [one(), one()];
  return random.pick([
    a,
    a.slice(random.int(a.length)),
    a.slice(0, random.int(a.length)) + b.slice(random.int(b.length)),
  ]);
}

const encoder = new TextEncoder();

/** Bytes that are invalid or special in telnet, UTF-8 and line ends. */
const PIECES: readonly number[][] = [
  [0xff, 0xfb, 0x01],
  [0xff, 0xfd],
  [0xff, 0xfa, 0x18, 0x00],
  [0xff, 0xf0],
  [0xff, 0xff],
  [0xff],
  [0xc3],
  [0xc0, 0xaf],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xe2, 0x80],
  [0xef, 0xbb, 0xbf],
  [0x00],
  [0x0d],
  [0x0d, 0x0d, 0x0a],
  [0x0a, 0x0d],
  [0x0a],
  [0x1b],
  [0x9b],
  [0x80],
];

/** Bytes as text with one character per byte, as JSON can hold them. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** The inverse of {@linkcode latin1}. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** The bytes of several lines, mutated: flipped, cut, spliced, or with special bytes inserted. */
export function mutated(random: Random, make: (random: Random) => string): Uint8Array<ArrayBuffer> {
  const end = random.pick(["\n", "\n", "\r\n"]);
  return mangled(random, encoder.encode(random.some(1, 4, () => make(random) + end).join("")));
}

/** Bytes, mutated up to three times. */
export function mangled(random: Random, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  for (let i = random.int(4); i > 0 && bytes.length > 0; i--) {
    const at = random.int(bytes.length);
    const kind = random.int(6);
    if (kind === 0) bytes[at] = bytes[at]! ^ (1 << random.int(8));
    else if (kind === 1) bytes[at] = random.int(256);
    else if (kind === 2) bytes = joined(bytes.subarray(0, at), bytes.subarray(at + random.int(8)));
    else if (kind === 3) bytes = joined(bytes.subarray(0, at), bytes.subarray(random.int(bytes.length)));
    else if (kind === 4) bytes = joined(bytes.subarray(at), bytes.subarray(0, at));
    else bytes = joined(bytes.subarray(0, at), random.pick(PIECES), bytes.subarray(at));
  }
  return bytes;
}

function joined(...parts: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
