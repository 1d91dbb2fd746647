/**
 * The commands that the stall benchmark measures, each with the worst arguments known.
 *
 * A command of the program's tables that has no row here is reported by the benchmark, so that none is forgotten.
 */
import { talked, WORDS } from "./store.ts";

/** The room that nearly all members are in. */
export const BIG = "#big";

/** Rooms that the IRC members share with the attacking client, beside the big one. */
export const SHARED: readonly string[] = Array.from({ length: 6 }, (_, n) => `#shared${n}`);

/** The password of the server operator `boss`. */
export const OPERATOR_PASSWORD = "let-me-run-it";

/** One measurement. */
export interface Row {
  readonly port: "irc" | "text" | "web";
  /** Its command in the program's tables; a path on the web port. */
  readonly command: string;
  /** What the table of results says of its arguments. */
  readonly about: string;
  /** What is sent, all at once. On the web port: the request's path. */
  readonly lines: readonly string[];
  /** Whether a server operator sends it. */
  readonly operator: boolean;
  /** Whether it ends the connection, so that no answer can be waited for. */
  readonly ends: boolean;
  /** Whether it is a failed login, which is measured once: more would be delayed. */
  readonly once: boolean;
  /** What undoes it, so that it can be repeated. Not measured. */
  readonly undo: readonly string[];
}

type Options = Partial<Pick<Row, "operator" | "ends" | "once" | "undo">>;

function row(port: Row["port"], command: string, about: string, lines: readonly string[], options: Options = {}): Row {
  return { port, command, about, lines, operator: false, ends: false, once: false, undo: [], ...options };
}

const irc = (line: string, about = "", options?: Options) => row("irc", line.split(" ")[0]!, about, [line], options);
const text = (line: string, about = "", options?: Options) =>
  row("text", line.split(" ")[0]!.slice(1), about, [line], options);

/** The users that fill an ignore list. */
const ignored = Array.from({ length: 100 }, (_, n) => `ignored${n}!*@host`);
const list = (count: number, item: (n: number) => string) => Array.from({ length: count }, (_, n) => item(n)).join(",");
const talk = list(40, talked);
const words = WORDS.join(" ");
/** Masks that match nothing of `#aaaa…`, but nearly: negated, so that each of them is tried for each room. */
const stars = `${"*a".repeat(20)}*b`;
const hard = list(8, (n) => `!*${"a".repeat(21 + n)}b*`);
const masks = Array.from({ length: 12 }, (_, n) => `*a*a*a*${n}!*@*`);

/** The rows that are measured in this order. */
export function rows(): Row[] {
  return [
    irc("ADMIN"),
    irc("AUTHENTICATE PLAIN", "", { undo: ["AUTHENTICATE *"] }),
    irc("AWAY :away", "in 47 rooms", { undo: ["AWAY"] }),
    irc(`BAN ${BIG} member0`, "not an operator"),
    row("irc", "BATCH", "100 lines", [
      "CAP REQ :batch message-tags draft/multiline",
      `BATCH +a draft/multiline ${BIG}`,
      ...Array.from({ length: 100 }, () => `@batch=a PRIVMSG ${BIG} :${"x".repeat(80)}`),
      "BATCH -a",
    ], { undo: ["CAP REQ :-batch -message-tags -draft/multiline"] }),
    irc("CAP LS 302", "", { undo: ["CAP END"] }),
    irc("CHATHISTORY LATEST #talk0 * 100"),
    irc("CHATHISTORY BEFORE #talk0 timestamp=2100-01-01T00:00:00.000Z 100"),
    irc("CHATHISTORY AROUND #talk0 timestamp=2001-01-01T00:00:00.000Z 100"),
    irc("CHATHISTORY BETWEEN #talk0 timestamp=2001-01-01T00:00:00.000Z timestamp=2100-01-01T00:00:00.000Z 100"),
    irc("CHATHISTORY TARGETS timestamp=2001-01-01T00:00:00.000Z timestamp=2100-01-01T00:00:00.000Z 100"),
    irc("CHANSERV HELP"),
    irc("CS DROP #own"),
    irc("HELP"),
    irc("INFO"),
    irc(`INVITE spare ${BIG}`),
    irc(`ISON ${list(45, (n) => `member${n}`).replaceAll(",", " ")}`, "45 nicks"),
    irc(`KICK ${BIG} ${list(40, (n) => `member${n}`)}`, "not an operator"),
    irc("KILL nobody", "", { operator: true }),
    irc("KLINE *a*a*a*a*b!*@*", "nobody matches", { operator: true, undo: ["UNKLINE *a*a*a*a*b!*@*"] }),
    irc("LINKS"),
    irc("LIST", "all rooms"),
    irc(`LIST ${hard}`, "eight hard masks"),
    irc("LIST >0,<10000,C>1,C<99999999,T>1,T<99999999,!x*,*", "eight conditions"),
    irc("LUSERS"),
    irc(`MARKREAD ${BIG}`),
    irc(`MARKREAD ${BIG} timestamp=2026-01-01T00:00:00.000Z`, "set"),
    irc(`MODE ${BIG} b`, "list of bans"),
    irc(`MODE #own ${"+b".repeat(12)} ${masks.join(" ")}`, "12 masks", {
      undo: [`MODE #own ${"-b".repeat(12)} ${masks.join(" ")}`],
    }),
    irc(`MONITOR + ${list(48, (n) => `member${n}`)}`, "48 nicks", { undo: ["MONITOR C"] }),
    irc("MONITOR S"),
    irc("MOTD"),
    irc("MUTE spare 1m", "", { operator: true, undo: ["UNMUTE spare"] }),
    irc(`NAMES ${BIG},${SHARED.slice(0, 3).join(",")}`),
    irc("NICK other", "in 47 rooms", { undo: ["NICK attacker"] }),
    irc("NICKSERV HELP"),
    irc(`NOTICE ${BIG},${SHARED.slice(0, 3).join(",")} :text`, "four rooms"),
    irc("NS INFO probe-member"),
    irc("OPER boss wrong", "", { once: true }),
    irc("PASS x"),
    irc("PERSISTENCE GET"),
    irc("PING x"),
    irc("PONG x"),
    irc(`PRIVMSG ${BIG},${SHARED.slice(0, 3).join(",")} :text`, "four rooms"),
    irc("QUIT :bye", "in 47 rooms", { ends: true }),
    irc("REGISTER * * short"),
    irc("TOKEN LIST"),
    irc("REDACT #talk0 aaaaaaaaaa", "no such message"),
    irc(`RENAME ${BIG} #small`, "not an owner"),
    irc("REHASH", "", { operator: true }),
    irc(`SEARCH text=${words.replaceAll(" ", "\\s")}`, "16 words, all rooms"),
    irc(`SEARCH text=${words.replaceAll(" ", "\\s")};in=#talk0`, "16 words, one room"),
    irc(`SEARCH text=${WORDS[0]}`, "a frequent word"),
    irc("SETNAME :other", "in 47 rooms", { undo: ["SETNAME :attacker"] }),
    irc("SILENCE"),
    row("irc", "SILENCE", "100 users", ignored.map((name) => `SILENCE +${name}`), {
      undo: ignored.map((name) => `SILENCE -${name}`),
    }),
    irc("STATS u"),
    irc("STATS k", "1,000 bans", { operator: true }),
    irc("STATS z", "", { operator: true }),
    irc("NODES", "", { operator: true }),
    irc(`TAGMSG ${BIG}`),
    irc("TIME"),
    irc("TOPIC #own :topic"),
    irc("UNBAN #own nothing"),
    irc("UNKLINE nothing", "", { operator: true }),
    irc("UNMUTE nobody", "", { operator: true }),
    irc("USER x 0 * :x"),
    irc("USERHOST member1 member2 member3 member4 member5"),
    irc("VERSION"),
    irc("WALLOPS :text", "", { operator: true }),
    irc("WHO *", "everyone"),
    irc(`WHO ${stars}`, "a hard mask"),
    irc(`WHO ${BIG} %tcuihsnfdlaor,1`),
    irc("WHOIS member0,member1,member2,member3"),
    irc("WHOWAS spare"),
    irc("ANNOUNCE :text", "everyone", { operator: true }),
    // The attacking client is out of the rooms after these.
    row("irc", "JOIN", "40 rooms", [`JOIN ${talk}`], { undo: [`PART ${talk}`] }),
    row("irc", "PART", "40 rooms", [`PART ${talk}`], { undo: [`JOIN ${talk}`] }),
    row("irc", "JOIN", `${BIG}, and its names`, [`JOIN ${BIG}`], { undo: [`PART ${BIG}`] }),

    text("/help"),
    text("/nick other", "", { undo: ["/nick attacker2"] }),
    text("/list"),
    text("/rooms"),
    text(`/join ${BIG}`, "", { undo: ["/leave"] }),
    text("/join #talk1", "with history", { undo: ["/leave"] }),
    text("/leave", "", { undo: [`/join ${BIG}`] }),
    text("/who"),
    text(`/who ${BIG}`),
    text("/msg member0 text"),
    text("/me waves"),
    row("text", "ignore", "100 users", ignored.map((name) => `/ignore ${name}`), {
      undo: ignored.map((name) => `/unignore ${name}`),
    }),
    row("text", "unignore", "", ["/unignore nobody"]),
    text("/topic"),
    text("/invite member0"),
    text("/link 1d 5 uses", "", { undo: ["/unlink 1"] }),
    text("/links"),
    text("/unlink 1"),
    text("/kick member0"),
    text("/ban *a*a*a*b!*@*"),
    text("/unban nothing"),
    text("/op member0"),
    text("/deop member0"),
    text("/voice member0"),
    text("/devoice member0"),
    text("/mode b"),
    text("/members"),
    text("/member add member0"),
    text("/transfer member0"),
    text("/rename #other"),
    row("text", "history", "1,000 lines of a room", ["/history 1000"], { undo: ["/join #talk2"] }),
    row("text", "search", "16 words", [`/search ${words}`]),
    row("text", "search", "a frequent word", [`/search ${WORDS[0]}`]),
    text("/reply nobody text", "of 200 messages, none by that user"),
    text("/react nobody x", "of 200 messages, none by that user"),
    text("/unreact", "of 200 messages, none with a reaction"),
    text(`/delete ${"no such words ".repeat(20)}`, "of 200 messages, none with these words"),
    text("/paste", "", { undo: ["/cancel"] }),
    text("/mentions", "not logged in"),
    text("/echo off"),
    text("/times on", "", { undo: ["/times off"] }),
    text("/ping"),
    text("/register short"),
    text("/login nobody wrong", "", { once: true }),
    text("/ghost nobody wrong", "", { once: true }),
    text("/logout"),
    text("/password short"),
    text("/set"),
    text("/devices"),
    text("/cert"),
    text("/resetpass nobody"),
    text("/drop wrong"),
    text("/oper boss wrong", "", { once: true }),
    text("/kill nobody", "not an operator"),
    text("/bans", "1,000 bans", { operator: true }),
    text("/mute nobody", "not an operator"),
    text("/unmute nobody", "not an operator"),
    text("/owner #own nobody", "not an operator"),
    text("/announce text", "not an operator"),
    text("/stats", "not an operator"),
    text("/nodes", "not an operator"),
    text("/quit bye", "", { ends: true }),

    row("web", "/", "", ["/"]),
    row("web", "/metrics", "", ["/metrics"]),
    row("web", "/healthz", "", ["/healthz"]),
    row("web", "/nothing", "", ["/nothing"]),
  ];
}
