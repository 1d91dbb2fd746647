/**
 * The encoding of commands: one table with a row for each.
 *
 * To add a command: a row with a new code, and the version that adds it. To add a field: `added(…)` as the last one of its
 * row. To add a value of a choice: a new number, with the version. In each case the version is {@linkcode CODEC_VERSION}, one
 * higher than before if a release has had that. A code, a number, and the place of a field never change, and are never used
 * again. `tests/cluster/golden.ts` says what is to be added to the tests.
 */
import type { Closing, Command, LinePlace, UserFlag } from "../chat/commands.ts";
import type { CredentialTexts, NewToken } from "../chat/directory_changes.ts";
import type { Quote, Style } from "../chat/events.ts";
import type { Identity } from "../chat/member.ts";
import type { ModeChange, Rank } from "../chat/modes.ts";
import type { MuteAction } from "../chat/muted_hosts.ts";
import type { SessionToken } from "../chat/scope.ts";
import type { Checksum, Departed, LogCommand } from "./cluster_commands.ts";
import {
  choice,
  fieldCount,
  flag,
  integer,
  list,
  nullable,
  number,
  object,
  optional,
  pair,
  text,
  usually,
  variants,
} from "./codecs.ts";

/** The newest version of the encoding that this program knows. It knows all earlier ones. */
export const CODEC_VERSION = 1;

const rank = choice<Rank>({ owner: 0, op: 1, voice: 2 });
const style = usually("say", choice<Style>({ "say": 0, "action": 1, "notice": 2, "ctcp": 3, "ctcp-reply": 4 }));
const tags = usually("", text);
const userFlag = choice<UserFlag>({ invisible: 0, operator: 1, wallops: 2, bot: 3 });
const token = object<SessionToken>({ id: integer, readOnly: flag, room: nullable(text) });

const credentials = object<CredentialTexts>({
  hash: text,
  salt: text,
  iterations: integer,
  stored: text,
  server: text,
});
const newToken = object<NewToken>({ hash: text, name: text, host: text, readOnly: flag, room: nullable(text) });

const identity = object<Identity>({
  user: text,
  host: text,
  realname: text,
  networks: optional(list(text)),
  account: optional(text),
  token: optional(token),
});

const closing = object<Closing>({ ending: text, words: text, notice: text });
const close = optional(closing);

/** A member or a session. */
const addressee = object<NonNullable<Extract<Command, { op: "notice" }>["to"]>>(
  { member: optional(integer), session: optional(integer) },
  (to) => fieldCount(to) === 1,
);

const muteAction = object<MuteAction>({ who: text, by: text });

/** A member or a room. */
const target = object<Extract<LogCommand, { op: "tag" }>["to"]>(
  { member: optional(integer), room: optional(text) },
  (to) => fieldCount(to) === 1,
);

/** A room or a nickname. */
const conversation = object<Extract<LogCommand, { op: "mark-read" }>["target"]>(
  { room: optional(text), nick: optional(text) },
  (of) => fieldCount(of) === 1,
);

/** The place of a line: a room, a member or an account. */
const linePlace = object<LinePlace>(
  { room: optional(text), member: optional(integer), account: optional(text) },
  (of) => fieldCount(of) === 1,
);

const quote = object<Quote>({ id: integer, who: text, text });

const switchFields = { on: flag };
const listFields = { on: flag, mask: text, nick: optional(text) };
const rankFields = { on: flag, nick: text };

/** The code of a mode is its letter. */
const modeChange = variants<ModeChange, "mode">("mode", {
  i: ["i", 1, switchFields],
  m: ["m", 1, switchFields],
  n: ["n", 1, switchFields],
  s: ["s", 1, switchFields],
  t: ["t", 1, switchFields],
  M: ["M", 1, switchFields],
  R: ["R", 1, switchFields],
  b: ["b", 1, listFields],
  e: ["e", 1, listFields],
  I: ["I", 1, listFields],
  k: ["k", 1, { on: flag, key: text }],
  // A limit when it is set, and none when it is removed.
  l: ["l", 1, { on: flag, limit: optional(integer) }, (change) => fieldCount(change) === (change.on ? 3 : 2)],
  q: ["q", 1, rankFields],
  o: ["o", 1, rankFields],
  v: ["v", 1, rankFields],
});

const member = integer;
const session = nullable(integer);
const departed = object<Departed>({ node: integer, last: integer });
const checksum = object<Checksum>({ sequence: integer, value: integer });
const reason = nullable(text);

/** For each command: its code, the version that added it, and its fields in the order in which they are encoded. */
export const commandCodec = variants<LogCommand, "op">("op", {
  // Accounts
  "account-add": ["aa", 1, { name: text, credentials, member: nullable(integer) }],
  "account-password": ["pw", 1, { account: text, revision: text, credentials, keep: nullable(integer) }],
  "account-drop": ["ad", 1, { account: text, revision: text }],
  "token-add": ["ta", 1, { account: text, revision: text, token: newToken }],
  "token-used": ["tu", 1, { account: text, id: integer, revision: text, host: text }],
  "token-remove": ["tx", 1, { account: text, id: integer, revision: text }],
  "word-add": ["oa", 1, { account: text, revision: text, hash: text }],
  "word-use": ["ou", 1, { account: text, hash: text }],
  "certificate-add": ["ca", 1, { account: text, revision: text, fingerprint: text }],
  "certificate-remove": ["cx", 1, { account: text, fingerprint: text }],
  // Members
  connect: ["c", 1, {
    id: integer,
    nick: nullable(text),
    identity,
    attended: optional(flag),
    revision: optional(text),
  }],
  disconnect: ["d", 1, { session: integer, own: flag, reason, close }],
  remove: ["x", 1, { member, reason, close }],
  rename: ["n", 1, { member, nick: text }],
  reclaim: ["rc", 1, { member, nick: text, reason: text, close }],
  login: ["li", 1, {
    session: integer,
    id: integer,
    account: text,
    shown: list(text),
    token: nullable(token),
    revision: optional(text),
  }],
  logout: ["lo", 1, { session: integer, id: integer }],
  token: ["tk", 1, { session: integer, account: text, token }],
  away: ["a", 1, { member, message: nullable(text) }],
  realname: ["rn", 1, { member, realname: text }],
  ignore: ["ig", 1, { member, name: text, on: flag }],
  flag: ["f", 1, { member, flag: userFlag, on: flag, name: optional(text) }],
  // Always on
  "always-on": ["ao", 1, { member, choice: nullable(flag) }],
  attend: ["at", 1, { session: integer, on: flag }],
  expire: ["ex", 1, { before: number }], // by a clock that counts fractions of milliseconds
  // Read markers
  "mark-read": ["mr", 1, { member, target: conversation, time: integer }],
  // Rooms
  join: ["j", 1, { member, session, room: text, key: nullable(text) }],
  leave: ["l", 1, { member, session, room: text, reason }],
  kick: ["k", 1, { member, room: text, nick: text, reason }],
  invite: ["iv", 1, { member, room: text, nick: text }],
  topic: ["t", 1, { member, room: text, topic: text }],
  modes: ["m", 1, { member, room: text, changes: list(modeChange) }],
  ban: ["b", 1, { member, room: text, name: text }],
  unban: ["ub", 1, { member, room: text, name: text }],
  transfer: ["tr", 1, { member, room: text, name: text }],
  role: ["ro", 1, { member, room: text, name: text, on: flag }],
  appoint: ["ap", 1, { member, room: text, name: text }],
  disown: ["do", 1, { room: text, account: text }],
  "rename-room": ["rr", 1, { member, room: text, name: text, reason }],
  destroy: ["de", 1, { member, room: text }],
  drop: ["dr", 1, { room: text, seen: integer }],
  // Invite links
  "link-add": ["la", 1, { member, room: text, hash: text, time: integer, uses: nullable(integer) }],
  "link-use": ["lu", 1, { member, hash: text }],
  "link-remove": ["lx", 1, { member, id: integer }],
  // Messages
  say: ["s", 1, { member, session, room: text, text, style, tags, minRank: nullable(rank), reply: optional(quote) }],
  post: ["po", 1, {
    room: text,
    nick: nullable(text),
    identity,
    revision: nullable(text),
    key: nullable(text),
    text,
    bot: flag,
    reply: optional(quote),
  }],
  whisper: ["w", 1, {
    member,
    session,
    to: list(text),
    text,
    style,
    tags,
    ignoredBy: list(text),
    reply: optional(quote),
  }],
  tag: ["g", 1, { member, session, to: target, tags: text, minRank: nullable(rank) }],
  react: ["re", 1, { member, session, to: linePlace, line: quote, text, on: flag }],
  redact: ["rd", 1, { member, session, to: linePlace, line: quote, own: flag, reason }],
  wallops: ["wa", 1, { member, text }],
  notice: ["no", 1, { text, to: optional(addressee) }],
  // Moderation
  "server-ban": [
    "sb",
    1,
    { what: text, by: text, reason: text, since: number, until: nullable(number), nick: nullable(text) },
  ],
  "server-unban": ["su", 1, { what: text }],
  mute: ["mu", 1, { host: text, action: nullable(muteAction), until: nullable(integer) }],
  unmute: ["um", 1, { host: text, until: nullable(integer) }],
  // Nodes
  hello: ["h", 1, {
    nonce: text,
    name: text,
    version: text,
    codec: integer,
    settings: list(pair(text, text)),
    founding: flag,
    gone: optional(list(departed)),
  }],
  beat: ["be", 1, { checksum: optional(checksum) }],
  gone: ["go", 1, { node: integer, last: integer }],
});
