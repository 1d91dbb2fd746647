/**
 * The golden file of encoded commands: what is in it, and how it is read and written.
 *
 * Each entry of `golden.txt` has three lines: its title, the command, and its encoding. The entries of a version that a release
 * has never change, as nodes of that release read them.
 *
 * A new command needs a row in {@linkcode SAMPLES}; a new field, a value in one. Types say where. Then
 * `deno run --allow-read --allow-write=tests/cluster tests/cluster/write_golden.ts` writes the new entries.
 */
import { USER_FLAGS } from "../../src/chat/commands.ts";
import type { Style } from "../../src/chat/events.ts";
import { LISTS, type ModeChange, RANK_OF, type RankMode, RANKS, SWITCHES } from "../../src/chat/modes.ts";
import { decodeBatch, encodeCommand, packBatches } from "../../src/cluster/batches.ts";
import type { LogCommand } from "../../src/cluster/cluster_commands.ts";
import { EncodeError } from "../../src/cluster/codec_errors.ts";
import { CODEC_VERSION } from "../../src/cluster/command_codec.ts";

/** The newest version of the encoding that a release has. 0: none, so that version 1 may still change. */
export const RELEASED: number = 0;

const FILE = new URL("golden.txt", import.meta.url);

/** An object with all its fields. */
type Full<T> = T extends readonly unknown[] ? T
  : T extends object ? { readonly [K in keyof T]-?: Full<Exclude<T[K], undefined>> }
  : T;

/** An object without the fields that may be `undefined`. */
type Least<T> = T extends readonly unknown[] ? T
  : T extends object ? { readonly [K in keyof T as undefined extends T[K] ? never : K]: Least<T[K]> }
  : T;

/** Examples of a command: with all fields, without those that may be `undefined`, and with other values of choices. */
type Samples<C> =
  & { readonly all: Full<C>; readonly also?: readonly C[] }
  & (C extends Full<C> ? unknown : { readonly least: Least<C> });

const STYLES = Object.keys(
  { "say": 0, "action": 0, "notice": 0, "ctcp": 0, "ctcp-reply": 0 } satisfies Record<Style, 0>,
) as Style[];

/** All mode changes. */
const CHANGES: readonly ModeChange[] = [
  ...SWITCHES.flatMap((mode) => [{ on: true, mode }, { on: false, mode }]),
  ...LISTS.flatMap((mode) => [{ on: true, mode, mask: "*!*@x", nick: "bob" }, { on: false, mode, mask: "~a:bob" }]),
  { on: true, mode: "k", key: "sesame" },
  { on: false, mode: "k", key: "" },
  { on: true, mode: "l", limit: 10 },
  { on: false, mode: "l" },
  ...(Object.keys(RANK_OF) as RankMode[]).flatMap((mode) => [
    { on: true, mode, nick: "bob" },
    { on: false, mode, nick: "bob" },
  ]),
];

/** The line that replies, reactions and deletions refer to. */
const QUOTE = { id: 1_842_000_000_000_000, who: "bob", text: "Lunch at one?" };

const SAY = { op: "say", member: 7, session: 8, room: "#tea", text: "hi", style: "say", tags: "" } as const;

const CREDENTIALS = {
  hash: "$scrypt$ln=15,r=8,p=1$c2FsdA$aGFzaA",
  salt: "c2FsdA==",
  iterations: 600_000,
  stored: "c3RvcmVk",
  server: "c2VydmVy",
} as const;

const CLOSE = { ending: "signed out", words: "Log in again.", notice: "You are signed out." };

/** Examples of all commands. */
const SAMPLES: { readonly [O in LogCommand["op"]]: Samples<Extract<LogCommand, { op: O }>> } = {
  "account-add": {
    all: { op: "account-add", name: "Zoë", credentials: CREDENTIALS, member: 7 },
    least: { op: "account-add", name: "Zoë", credentials: CREDENTIALS },
  },
  "account-password": {
    all: { op: "account-password", account: "zoë", revision: "c2VjcmV0", credentials: CREDENTIALS, keep: 3 },
    least: { op: "account-password", account: "zoë", revision: "c2VjcmV0", credentials: CREDENTIALS },
  },
  "account-drop": { all: { op: "account-drop", account: "zoë", revision: "c2VjcmV0" } },
  "token-add": {
    all: {
      op: "token-add",
      account: "zoë",
      revision: "c2VjcmV0",
      token: { hash: "aGFzaA==", name: "Firefox on Linux", host: "abc.hidden", readOnly: true, room: "#tea" },
    },
    least: {
      op: "token-add",
      account: "zoë",
      revision: "c2VjcmV0",
      token: { hash: "aGFzaA==", name: "bot", host: "", readOnly: false },
    },
  },
  "token-used": { all: { op: "token-used", account: "zoë", id: 3, revision: "c2VjcmV0", host: "abc.hidden" } },
  "token-remove": { all: { op: "token-remove", account: "zoë", id: 3, revision: "c2VjcmV0" } },
  "word-add": { all: { op: "word-add", account: "zoë", revision: "c2VjcmV0", hash: "aGFzaA==" } },
  "word-use": { all: { op: "word-use", account: "zoë", hash: "aGFzaA==" } },
  "certificate-add": {
    all: { op: "certificate-add", account: "zoë", revision: "c2VjcmV0", fingerprint: "ab".repeat(32) },
  },
  "certificate-remove": { all: { op: "certificate-remove", account: "zoë", fingerprint: "ab".repeat(32) } },
  connect: {
    all: {
      op: "connect",
      id: 7,
      nick: "Zoë",
      identity: {
        user: "~zoe",
        host: "abc.hidden",
        networks: ["192.0.2.1", "2001:db8::/64"],
        realname: "Zoë 🍵",
        account: "zoe",
        token: { id: 3, readOnly: true, room: "#tea" },
      },
      attended: false,
      revision: "c2VjcmV0",
    },
    least: { op: "connect", id: 7, identity: { user: "~zoe", host: "abc.hidden", realname: "" } },
    also: [{
      op: "connect",
      id: 7,
      nick: "bot",
      identity: { user: "~b", host: "h", realname: "", token: { id: 1, readOnly: false, room: undefined } },
      attended: true,
    }],
  },
  disconnect: {
    all: { op: "disconnect", session: 8, reason: "so long", own: true, close: CLOSE },
    least: { op: "disconnect", session: 8, own: false },
  },
  remove: { all: { op: "remove", member: 7, reason: "flood", close: CLOSE }, least: { op: "remove", member: 7 } },
  rename: { all: { op: "rename", member: 7, nick: "Арина" } },
  reclaim: {
    all: { op: "reclaim", member: 7, nick: "zoe", reason: "it is registered", close: CLOSE },
    least: { op: "reclaim", member: 7, nick: "zoe", reason: "it is registered" },
  },
  login: {
    all: {
      op: "login",
      session: 8,
      account: "zoe",
      token: { id: 3, readOnly: false, room: "#tea" },
      id: 9,
      revision: "c2VjcmV0",
      shown: ["#tea"],
    },
    least: { op: "login", session: 8, account: "zoe", id: 9, shown: [] },
  },
  logout: { all: { op: "logout", session: 8, id: 9 } },
  token: {
    all: { op: "token", session: 8, account: "zoe", token: { id: 3, readOnly: false, room: "#tea" } },
    least: { op: "token", session: 8, account: "zoe", token: { id: 3, readOnly: false } },
  },
  away: { all: { op: "away", member: 7, message: "tea" }, least: { op: "away", member: 7 } },
  realname: { all: { op: "realname", member: 7, realname: "Zoë" } },
  ignore: {
    all: { op: "ignore", member: 7, name: "bob!*@host", on: true },
    also: [{ op: "ignore", member: 7, name: "~a:bob", on: false }],
  },
  flag: {
    all: { op: "flag", member: 7, flag: "operator", on: true, name: "root" },
    least: { op: "flag", member: 7, flag: "operator", on: false },
    also: USER_FLAGS.map((flag) => ({ op: "flag", member: 7, flag, on: true })),
  },
  "always-on": {
    all: { op: "always-on", member: 7, choice: true },
    least: { op: "always-on", member: 7 },
    also: [{ op: "always-on", member: 7, choice: false }],
  },
  attend: { all: { op: "attend", session: 8, on: true }, also: [{ op: "attend", session: 8, on: false }] },
  expire: {
    all: { op: "expire", before: 1_800_000_000_000.25 },
    also: [{ op: "expire", before: -86_400_000 }],
  },
  "mark-read": {
    all: { op: "mark-read", member: 7, target: { room: "#tea" }, time: 1_800_000_000_000 },
    also: [{ op: "mark-read", member: 7, target: { nick: "bob" }, time: 1_800_000_000_000 }],
  },
  join: {
    all: { op: "join", member: 7, session: 8, room: "#Tea", key: "sesame" },
    least: { op: "join", member: 7, room: "#Tea" },
    also: [{ op: "join", member: 7, session: undefined, room: "#Tea", key: "sesame" }],
  },
  leave: {
    all: { op: "leave", member: 7, session: 8, room: "#tea", reason: "bye" },
    least: { op: "leave", member: 7, room: "#tea" },
  },
  kick: {
    all: { op: "kick", member: 7, room: "#tea", nick: "bob", reason: "no" },
    least: { op: "kick", member: 7, room: "#tea", nick: "bob" },
  },
  invite: { all: { op: "invite", member: 7, room: "#tea", nick: "bob" } },
  topic: { all: { op: "topic", member: 7, room: "#tea", topic: 'A "good" \\ cup\t\x02of\x02 お茶' } },
  modes: {
    all: { op: "modes", member: 7, room: "#tea", changes: CHANGES },
    also: [{ op: "modes", member: 7, room: "#tea", changes: [] }],
  },
  ban: { all: { op: "ban", member: 7, room: "#tea", name: "bob" } },
  unban: { all: { op: "unban", member: 7, room: "#tea", name: "*!*@x" } },
  transfer: { all: { op: "transfer", member: 7, room: "#tea", name: "bob" } },
  role: {
    all: { op: "role", member: 7, room: "#tea", name: "bob", on: true },
    also: [{ op: "role", member: 7, room: "#tea", name: "bob", on: false }],
  },
  appoint: { all: { op: "appoint", member: 7, room: "#tea", name: "bob" } },
  disown: { all: { op: "disown", room: "#tea", account: "bob" } },
  "rename-room": {
    all: { op: "rename-room", member: 7, room: "#tea", name: "#Coffee", reason: "awake" },
    least: { op: "rename-room", member: 7, room: "#tea", name: "#Coffee" },
  },
  destroy: { all: { op: "destroy", member: 7, room: "#tea" } },
  drop: { all: { op: "drop", room: "#tea", seen: 1_842_000_000_000_000 } },
  "link-add": {
    all: { op: "link-add", member: 7, room: "#tea", hash: "aGFzaA==", time: 604_800_000, uses: 5 },
    least: { op: "link-add", member: 7, room: "#tea", hash: "", time: 60_000 },
  },
  "link-use": { all: { op: "link-use", member: 7, hash: "aGFzaA==" } },
  "link-remove": { all: { op: "link-remove", member: 7, id: 3 } },
  say: {
    all: { ...SAY, text: "ciao ☕", style: "notice", tags: "+draft/reply=abc", minRank: "voice", reply: QUOTE },
    least: { op: "say", member: 7, room: "#tea", text: "hi", style: "say", tags: "" },
    also: [
      ...STYLES.map((style) => ({ ...SAY, style, minRank: undefined })),
      ...RANKS.map((minRank) => ({ ...SAY, minRank })),
    ],
  },
  post: {
    all: {
      op: "post",
      room: "#tea",
      nick: "deploy",
      identity: {
        user: "~http",
        host: "abc.hidden",
        networks: ["a"],
        realname: "",
        account: "alice",
        token: { id: 1, readOnly: false, room: "#tea" },
      },
      revision: "c3RvcmVk",
      key: "secret",
      text: "done\nin 3 s",
      bot: true,
      reply: QUOTE,
    },
    least: {
      op: "post",
      room: "#tea",
      identity: { user: "~http", host: "abc.hidden", realname: "" },
      text: "hi",
      bot: false,
    },
  },
  whisper: {
    all: {
      op: "whisper",
      member: 7,
      session: 8,
      to: ["bob", "carol"],
      text: "psst",
      style: "action",
      tags: "+draft/reply=abc",
      ignoredBy: ["carol"],
      reply: QUOTE,
    },
    least: { op: "whisper", member: 7, to: ["bob"], text: "psst", style: "say", tags: "", ignoredBy: [] },
  },
  tag: {
    all: { op: "tag", member: 7, session: 8, to: { room: "#tea" }, tags: "+typing=active", minRank: "op" },
    least: { op: "tag", member: 7, to: { member: 9 }, tags: "+typing=done" },
  },
  react: {
    all: { op: "react", member: 7, session: 8, to: { room: "#tea" }, line: QUOTE, text: "👍", on: true },
    least: { op: "react", member: 7, to: { member: 9 }, line: QUOTE, text: "+1", on: false },
  },
  redact: {
    all: { op: "redact", member: 7, session: 8, to: { room: "#tea" }, line: QUOTE, own: true, reason: "typo" },
    least: { op: "redact", member: 7, to: { account: "bob" }, line: QUOTE, own: false },
  },
  wallops: { all: { op: "wallops", member: 7, text: "hear ye" } },
  notice: {
    all: { op: "notice", text: "You can speak again.", to: { member: 7 } },
    least: { op: "notice", text: "The server is stopping." },
    also: [{ op: "notice", text: "zoe is no longer registered.", to: { session: 8 } }],
  },
  "server-ban": {
    all: {
      op: "server-ban",
      what: "~a:bob",
      by: "alice",
      reason: "spam",
      since: 1_800_000_000_000.5,
      until: 1_800_000_060_000.5,
      nick: "bob",
    },
    least: { op: "server-ban", what: "192.0.2.0/24", by: "alice", reason: "", since: 1_800_000_000_000 },
  },
  "server-unban": { all: { op: "server-unban", what: "192.0.2.0/24" } },
  mute: {
    all: { op: "mute", host: "abc.hidden", action: { who: "bob", by: "alice" }, until: 1_800_000_060_000 },
    least: { op: "mute", host: "abc.hidden" },
  },
  unmute: {
    all: { op: "unmute", host: "abc.hidden", until: 1_800_000_060_000 },
    least: { op: "unmute", host: "abc.hidden" },
  },
  hello: {
    all: {
      op: "hello",
      nonce: "0f8fad5b",
      name: "berlin",
      version: "0.1.0",
      codec: 2,
      settings: [["--name", "tincan"], ["--max-rooms", "1000"]],
      founding: true,
      gone: [{ node: 12, last: 345 }],
    },
    least: { op: "hello", nonce: "n", name: "", version: "0.1.0", codec: 1, settings: [], founding: false },
  },
  beat: {
    all: { op: "beat", checksum: { sequence: 1_000_000, value: 4_294_967_295 } },
    least: { op: "beat" },
  },
  gone: { all: { op: "gone", node: 12, last: 345 } },
};

/** An entry of the golden file. */
export interface Entry {
  /** `<op>, <which example> (version <n>)` */
  readonly title: string;
  readonly version: number;
  /** The command as JSON, without what is `undefined`. */
  readonly command: string;
  readonly encoded: string;
}

/** The first version that has an encoding for a command. */
function versionOf(command: LogCommand): number {
  for (let version = 1; version < CODEC_VERSION; version++) {
    try {
      encodeCommand(command, version);
      return version;
    } catch (error) {
      if (!(error instanceof EncodeError && error.code === "not-in-version")) throw error;
    }
  }
  return CODEC_VERSION;
}

/** The entries as this program encodes {@linkcode SAMPLES}. */
export function encodeSamples(): Entry[] {
  return Object.entries(SAMPLES).flatMap(([op, samples]) => {
    const { all, least, also = [] } = samples as { all: LogCommand; least?: LogCommand; also?: readonly LogCommand[] };
    const named: [name: string, command: LogCommand | undefined][] = [["all fields", all], [
      "no optional field",
      least,
    ]];
    named.push(...also.map((command, i): [string, LogCommand] => [`example ${i + 1}`, command]));
    return named.flatMap(([name, command]) => {
      if (command === undefined) return [];
      const version = versionOf(command);
      const encoded = encodeCommand(command, version);
      return { title: `${op}, ${name} (version ${version})`, version, command: JSON.stringify(command), encoded };
    });
  });
}

/** Decodes a command of the golden file. */
export function decodeEntry({ version, encoded }: Entry): LogCommand | undefined {
  const [batch] = packBatches({ version, incarnation: 1, number: 1, time: 1 }, [encoded]);
  return decodeBatch(batch!).commands[0];
}

export async function readGolden(): Promise<Entry[]> {
  const blocks = (await Deno.readTextFile(FILE)).trimEnd().split("\n\n");
  return blocks.map((block) => {
    const [title = "", command = "", encoded = ""] = block.split("\n");
    return { title, version: Number(/\(version (\d+)\)$/.exec(title)?.[1]), command, encoded };
  });
}

export async function writeGolden(entries: readonly Entry[]): Promise<void> {
  const blocks = entries.map(({ title, command, encoded }) => `${title}\n${command}\n${encoded}\n`);
  await Deno.writeTextFile(FILE, blocks.join("\n"));
}
