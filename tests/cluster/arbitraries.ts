/** Arbitrary commands, for property tests. */
import { fc } from "../dependencies.ts";
import { USER_FLAGS } from "../../src/chat/commands.ts";
import type { CredentialTexts, NewToken } from "../../src/chat/directory_changes.ts";
import type { Style } from "../../src/chat/events.ts";
import type { Identity } from "../../src/chat/member.ts";
import { LISTS, type ModeChange, RANK_OF, type RankMode, RANKS, SWITCHES } from "../../src/chat/modes.ts";
import type { SessionToken } from "../../src/chat/scope.ts";
import type { LogCommand } from "../../src/cluster/cluster_commands.ts";

type Model<T> = { readonly [K in keyof T]-?: fc.Arbitrary<T[K]> };

/** Objects with all fields of a type, some of them `undefined`. */
function record<T extends object>(model: Model<T>): fc.Arbitrary<T> {
  return fc.record(model as Model<Record<string, unknown>>) as unknown as fc.Arbitrary<T>;
}

function orUndefined<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

const integer = fc.maxSafeNat();
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0));
const flag = fc.boolean();
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("", "__proto__", "constructor", '"\\', "\u2028\n\0", "\ud800", "a\udfff", "\ufeff", "#lobby"),
);
const rank = orUndefined(fc.constantFrom(...RANKS));
const style = fc.constantFrom<Style>("say", "action", "notice", "ctcp", "ctcp-reply");
const token: fc.Arbitrary<SessionToken> = record<SessionToken>({
  id: integer,
  readOnly: flag,
  room: orUndefined(text),
});
const identity = record<Identity>({
  user: text,
  host: text,
  networks: orUndefined(fc.array(text)),
  realname: text,
  account: orUndefined(text),
  token: orUndefined(token),
});

const credentials = record<CredentialTexts>({
  hash: text,
  salt: text,
  iterations: integer,
  stored: text,
  server: text,
});
const newToken = record<NewToken>({ hash: text, name: text, host: text, readOnly: flag, room: orUndefined(text) });

const modeChange: fc.Arbitrary<ModeChange> = fc.oneof(
  fc.record({ on: flag, mode: fc.constantFrom(...SWITCHES) }),
  fc.record({ on: flag, mode: fc.constantFrom(...LISTS), mask: text }),
  fc.record({ on: flag, mode: fc.constantFrom(...LISTS), mask: text, nick: text }),
  fc.record({ on: flag, mode: fc.constant("k" as const), key: text }),
  fc.record({ on: fc.constant(true as const), mode: fc.constant("l" as const), limit: integer }),
  fc.record({ on: fc.constant(false as const), mode: fc.constant("l" as const) }),
  fc.record({ on: flag, mode: fc.constantFrom(...Object.keys(RANK_OF) as RankMode[]), nick: text }),
);

const quote = fc.record({ id: integer, who: text, text });
const place = fc.oneof(fc.record({ room: text }), fc.record({ nick: text }));
const linePlace = fc.oneof(
  fc.record({ room: text }),
  fc.record({ member: integer }),
  fc.record({ account: text }),
);
const member = integer;
const session = orUndefined(integer);
const reason = orUndefined(text);
const close = orUndefined(fc.record({ ending: text, words: text, notice: text }));

/** The fields of each command but `op`. */
const MODELS: { readonly [O in LogCommand["op"]]: Model<Omit<Extract<LogCommand, { op: O }>, "op">> } = {
  "account-add": { name: text, credentials, member: session },
  "account-password": { account: text, revision: text, credentials, keep: session },
  "account-drop": { account: text, revision: text },
  "token-add": { account: text, revision: text, token: newToken },
  "token-used": { account: text, id: integer, revision: text, host: text },
  "token-remove": { account: text, id: integer, revision: text },
  "word-add": { account: text, revision: text, hash: text },
  "word-use": { account: text, hash: text },
  "certificate-add": { account: text, revision: text, fingerprint: text },
  "certificate-remove": { account: text, fingerprint: text },
  connect: { id: integer, nick: orUndefined(text), identity, attended: orUndefined(flag), revision: orUndefined(text) },
  disconnect: { session: integer, reason, own: flag, close },
  remove: { member, reason, close },
  rename: { member, nick: text },
  reclaim: { member, nick: text, reason: text, close },
  login: {
    session: integer,
    account: text,
    token: orUndefined(token),
    id: integer,
    shown: fc.array(text),
    revision: orUndefined(text),
  },
  logout: { session: integer, id: integer },
  token: { session: integer, account: text, token },
  away: { member, message: orUndefined(text) },
  realname: { member, realname: text },
  ignore: { member, name: text, on: flag },
  flag: { member, flag: fc.constantFrom(...USER_FLAGS), on: flag, name: orUndefined(text) },
  "always-on": { member, choice: orUndefined(flag) },
  attend: { session: integer, on: flag },
  expire: { before: number },
  "mark-read": { member, target: place, time: integer },
  join: { member, session, room: text, key: orUndefined(text) },
  leave: { member, session, room: text, reason },
  kick: { member, room: text, nick: text, reason },
  invite: { member, room: text, nick: text },
  topic: { member, room: text, topic: text },
  modes: { member, room: text, changes: fc.array(modeChange) },
  ban: { member, room: text, name: text },
  unban: { member, room: text, name: text },
  transfer: { member, room: text, name: text },
  role: { member, room: text, name: text, on: flag },
  appoint: { member, room: text, name: text },
  disown: { room: text, account: text },
  "rename-room": { member, room: text, name: text, reason },
  destroy: { member, room: text },
  drop: { room: text, seen: integer },
  "link-add": { member, room: text, hash: text, time: integer, uses: orUndefined(integer) },
  "link-use": { member, hash: text },
  "link-remove": { member, id: integer },
  say: { member, session, room: text, text, style, tags: text, minRank: rank, reply: orUndefined(quote) },
  post: {
    room: text,
    nick: orUndefined(text),
    identity,
    revision: orUndefined(text),
    key: orUndefined(text),
    text,
    bot: flag,
    reply: orUndefined(quote),
  },
  whisper: {
    member,
    session,
    to: fc.array(text),
    text,
    style,
    tags: text,
    ignoredBy: fc.array(text),
    reply: orUndefined(quote),
  },
  react: { member, session, to: linePlace, line: quote, text, on: flag },
  redact: { member, session, to: linePlace, line: quote, own: flag, reason },
  tag: {
    member,
    session,
    to: fc.oneof(fc.record({ member: integer }), fc.record({ room: text })),
    tags: text,
    minRank: rank,
  },
  wallops: { member, text },
  notice: {
    text,
    to: orUndefined(fc.oneof(fc.record({ member: integer }), fc.record({ session: integer }))),
  },
  "server-ban": {
    what: text,
    by: text,
    reason: text,
    since: number,
    until: orUndefined(number),
    nick: orUndefined(text),
  },
  "server-unban": { what: text },
  mute: { host: text, action: orUndefined(fc.record({ who: text, by: text })), until: orUndefined(integer) },
  unmute: { host: text, until: orUndefined(integer) },
  hello: {
    nonce: text,
    name: text,
    version: text,
    codec: integer,
    settings: fc.array(fc.tuple(text, text)),
    founding: flag,
    gone: orUndefined(fc.array(fc.record({ node: integer, last: integer }))),
  },
  beat: { checksum: orUndefined(fc.record({ sequence: integer, value: integer })) },
  gone: { node: integer, last: integer },
};

/** All commands. */
export const anyCommand: fc.Arbitrary<LogCommand> = fc.oneof(
  ...Object.entries(MODELS).map(([op, model]) =>
    fc.record({ op: fc.constant(op), ...model } as Model<Record<string, unknown>>) as unknown as fc.Arbitrary<
      LogCommand
    >
  ),
);
