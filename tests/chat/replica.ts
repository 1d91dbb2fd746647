/** Random commands, and a hub that they are given: shared by the tests of what nodes have in common. */
import { ChatError } from "../../src/chat/chat_error.ts";
import type { Command, Invitee, ModesResult, Op } from "../../src/chat/commands.ts";
import type { DirectoryOp } from "../../src/chat/directory_changes.ts";
import { Hub } from "../../src/chat/hub.ts";
import type { Endpoint, Member, Session } from "../../src/chat/member.ts";
import { firstId } from "../../src/chat/ids.ts";
import { LISTS, type ModeChange, SWITCHES } from "../../src/chat/modes.ts";
import { LOBBY } from "../../src/chat/names.ts";
import { skeleton } from "../../src/chat/skeleton.ts";
import { StateDigest } from "../../src/chat/state_digest.ts";
import { NO_OBSERVER } from "../../src/chat/observer.ts";
import type { SnapshotSection } from "../../src/chat/snapshot_records.ts";
import type { ServerBan } from "../../src/chat/server_bans.ts";
import type { HistoryStore } from "../../src/chat/store.ts";
import { fc } from "../dependencies.ts";
import { ANY_ACCOUNT } from "./helpers.ts";

/** When the commands begin, in milliseconds since 1970. */
export const START = 1_800_000_000_000;

/** Registered nicknames. */
const ACCOUNTS = ["alice", "guest2"];

/** What random commands are made of: few names, so that they often concern the same members and rooms. */
const SLOTS = [0, 1, 2, 3];
const NICKS = ["m0", "m1", "m2", "M3", "alice", "a1ice", "bob", "Bob", "guest1", "guest2", "no nick"];
const ROOMS = ["#x", "#X", "#y", "#z", LOBBY, "no room"];
const TEXTS = ["hi", "", "\x07", "a longer text", "key", "*!*@h1", "~a:alice", "bob", "x".repeat(400)];

/** The commands of the directory have a test of their own: `accounts/directory_test.ts`. */
type ChatOp = Exclude<Op, DirectoryOp>;

/** A command whose member is a slot: the member that was connected last with it. */
export type Step =
  | {
    readonly after: number;
    readonly slot: number;
    readonly command: { readonly op: Op; readonly [argument: string]: unknown };
  }
  | "flush";

/** A command with its time, or a flush. */
export type Given = { readonly command: Command; readonly now: number } | "flush";

/** A hub, and all that its members were sent. */
export class Replica {
  readonly hub: Hub;
  readonly digest = new StateDigest();
  readonly sent: string[] = [];
  readonly results: unknown[] = [];
  readonly bans = new Map<string, ServerBan>();
  readonly bansSection: SnapshotSection = {
    name: "bans",
    take: () => Array.from(this.bans.values(), (ban) => JSON.stringify(ban)),
    restore: (records) => {
      this.bans.clear();
      for (const record of records) {
        const ban = JSON.parse(String(record)) as ServerBan;
        this.bans.set(ban.what, { ...ban, until: ban.until ?? Infinity });
      }
    },
  };
  /** What it was given, with the ids of members and sessions: other replicas can be given the same. */
  readonly given: Given[] = [];
  readonly #ids = SLOTS.map((slot) => slot + 1);
  #logins = 0;
  #now = START;
  /** What the clocks and random numbers of this process say: something else on each replica. */
  readonly #chance: number;

  constructor(history: HistoryStore, chance: number) {
    this.#chance = chance;
    this.hub = new Hub({
      history,
      keepPrivate: "all",
      limits: { maxRooms: 4, maxJoined: 2, maxSessions: 2, maxAbsent: 1 },
      reserved: ["server"],
      policy: {
        isRegistered: (nick) => ACCOUNTS.includes(nick.toLowerCase()),
        registeredLike: (look) => ACCOUNTS.find((name) => skeleton(name) === look),
      },
      directory: ANY_ACCOUNT,
      observer: { ...NO_OBSERVER, serverBanned: ({ what }) => void this.sent.push(`banned ${what}`) },
      serverBans: {
        add: (ban) => void this.bans.set(ban.what, ban),
        remove: (what) => this.bans.delete(what),
      },
      alwaysOn: "opt-in",
      now: START,
    });
  }

  take(steps: readonly Step[], skew = 0): void {
    const real = { now: Date.now, monotonic: performance.now, random: Math.random };
    let calls = this.#chance;
    let now = this.#now;
    Date.now = performance.now = Math.random = () => calls++;
    try {
      for (const step of steps) {
        if (step === "flush") this.give(step);
        else this.#apply(step, (now += step.after) + skew);
      }
      this.give("flush");
    } finally {
      [Date.now, performance.now, Math.random] = [real.now, real.monotonic, real.random];
    }
    this.#now = now;
  }

  #apply({ slot, command }: Exclude<Step, string>, now: number) {
    if (command.op === "connect") this.#ids[slot]! += SLOTS.length; // no id is used twice
    const id = this.#ids[slot]!;
    const names = command.op === "tag" || command.op === "react" || command.op === "redact";
    const whom = names ? (command.to as { readonly member?: number }).member : undefined;
    const to = whom !== undefined ? { member: this.#memberOf(this.#ids[whom]!) } : undefined;
    const actor = command.op === "connect" ? { id } : { member: this.#memberOf(id), session: id };
    // Members that sessions get have ids of their own.
    const fresh = command.op === "login" || command.op === "logout" ? { id: 1000 + this.#logins++ } : {};
    const shown = command.op === "login" ? { shown: this.#shownTo(id) } : {};
    this.give({
      command: { ...command, ...(to && { to }), ...actor, ...fresh, ...shown, revision: "1" } as Command,
      now,
    });
  }

  /** Applies a command, or flushes. */
  give(given: Given): void {
    this.given.push(given);
    if (given === "flush") return this.#flush();
    const { command, now } = given;
    const endpoint = command.op === "connect" ? this.endpointOf(command.id) : undefined;
    const result = this.hub.apply(command, { now, endpoint });
    this.results.push([command.op, plain(result)]);
    this.digest.add(command, result, this.hub);
  }

  /** Notes what a session is sent. */
  endpointOf(id: number): Endpoint {
    const log = (line: string) => this.sent.push(`${id} ${line}`);
    return {
      format: { render: (event: unknown) => JSON.stringify(event) },
      outlet: {
        peer: "",
        send: (lines: readonly string[]) => lines.forEach(log),
        close: (ending: string) => log(`closed: ${ending}`),
      },
    };
  }

  /** The rooms that a session is shown. */
  #shownTo(id: number): string[] {
    for (const { sessions, rooms } of this.hub.members) {
      const session = sessions.find((session) => session.id === id);
      if (session !== undefined) {
        return [...rooms.values()].filter((room) => room.sessions.has(session)).map(({ key }) => key);
      }
    }
    return [];
  }

  /** The id of the member that a session has. */
  #memberOf(id: number): number {
    for (const member of this.hub.members) if (member.sessions.some((session) => session.id === id)) return member.id;
    return id;
  }

  #flush() {
    this.hub.storage.commit();
    this.hub.delivery.flush();
    this.hub.endRound();
  }

  /** What is stored, which nodes do not share. */
  stored(): unknown {
    const { presence, stored, lost } = this.hub.storage;
    return [presence.hasPending, stored, lost];
  }

  /** All of the state that nodes share, as plain data in a fixed order. */
  state(): unknown {
    const { hub } = this;
    const ids = (members: Iterable<Member | Session>) => [...members].map(({ id }) => id);
    return {
      members: [...hub.members].map((member) => ({
        ...{ id: member.id, nick: member.nick, origin: member.origin, realname: member.realname, since: member.since },
        ...{
          spokeAt: member.spokeAt,
          account: member.account,
          scope: member.scope && [member.scope.readOnly, member.scope.room],
          away: member.away,
          lastSeen: member.lastSeen,
          networks: member.networks,
        },
        ...{ attended: member.attended, awayByServer: member.awayByServer },
        ...{ missed: member.sessions.map((session) => [session.missedSince, session.missedPrivateSince]) },
        ...{ invisible: member.invisible, operator: member.operator, wallops: member.wallops, bot: member.bot },
        operatorName: member.operatorName,
        rooms: [...member.rooms.keys()],
        sessions: member.sessions.map((
          { id, token, attended, user, host, networks },
        ) => [id, token, attended, user, host, networks]),
        invitations: [...member.invitations],
        ignored: hub.ignores.list(member),
        read: [...member.readMarkers ?? []].map((
          [where, time],
        ) => [typeof where === "string" ? where : where.name, time]),
      })),
      rooms: [...hub.rooms].map((room) => ({
        ...room.saved,
        ...{
          stored: room.stored,
          hasLines: room.hasLines,
          lastLine: room.lastLine,
          members: ids(room.members),
          invited: ids(room.invited),
        },
        ...{ owner: ids(room.ranks.owner), op: ids(room.ranks.op), voice: ids(room.ranks.voice), ruled: room.ruled },
      })),
      absent: ids(hub.alwaysOn.absent),
      alwaysOn: [...hub.alwaysOn.choices],
      emptyRooms: [...hub.emptyRooms].map(({ key }) => key),
      muted: [...hub.muted],
      whowas: NICKS.map((nick) => hub.whowas.find(nick)),
      counts: [hub.flagCounts, hub.peak],
      links: hub.links.all,
      nextGuest: hub.nicknames.guestName(),
      lastId: hub.ids.last,
    };
  }
}

/** A result of a command as plain data. */
function plain(result: unknown): unknown {
  if (Array.isArray(result)) return result.map(plain);
  if (result instanceof ChatError) return `${result.code} ${result.subject} ${result.room} ${result.mode}`;
  if (typeof result !== "object" || result === null) return result;
  if ("handlers" in result) return `session ${(result as Session).id} of ${(result as Session).member.id}`;
  if ("sessions" in result && "origin" in result) return `member ${(result as Member).id}`;
  if ("member" in result) return `invited ${(result as Invitee).nick} ${(result as Invitee).member?.id}`;
  if ("key" in result && "members" in result) return `room ${result.key}`;
  if ("rejected" in result) return [(result as ModesResult).made, plain((result as ModesResult).rejected)];
  return Object.fromEntries(Object.entries(result).map(([key, value]) => [key, plain(value)])); // such as an invitee
}

const nick = fc.constantFrom(...NICKS);
const room = fc.constantFrom("#x", "#x", "#y", "#z", LOBBY, "#gone");
const text = fc.constantFrom(...TEXTS);
const reason = fc.option(text, { nil: undefined });
const on = fc.boolean();
const style = fc.constantFrom("say", "say", "action", "ctcp");
const minRank = fc.constantFrom(undefined, undefined, "op", "voice");
const linePlace = fc.oneof(
  fc.record({ room }),
  fc.record({ member: fc.constantFrom(...SLOTS) }),
  fc.record({ account: nick }),
);
const change: fc.Arbitrary<ModeChange> = fc.oneof(
  fc.record({ on, mode: fc.constantFrom(...SWITCHES) }),
  fc.record({ on, mode: fc.constantFrom(...LISTS), mask: text }),
  fc.record({ on, mode: fc.constantFrom("q", "o", "v"), nick }),
  fc.record({ on, mode: fc.constant("k"), key: text }),
  fc.record({ on: fc.constant(true), mode: fc.constant("l"), limit: fc.integer({ min: 1, max: 3 }) }),
);
const token = fc.constantFrom(
  undefined,
  undefined,
  { id: 1, readOnly: false, room: undefined },
  { id: 2, readOnly: true, room: undefined },
  { id: 3, readOnly: false, room: "#x" },
);
const identity = fc.record({
  user: fc.constant("~u"),
  host: fc.constantFrom("h1", "h2"),
  networks: fc.constant(["n1"]),
  realname: text,
  account: fc.constantFrom(undefined, undefined, "alice"),
  token,
}).map(({ token, ...identity }) => identity.account === undefined ? identity : { ...identity, token });
const close = fc.constantFrom(undefined, { ending: "killed", words: "Killed", notice: "You are killed" });
const host = fc.constantFrom("h1", "h2");
const banned = fc.constantFrom("192.0.2.7", "m0!*@*", "~a:alice");
const linkHash = fc.constantFrom("h1", "h2");
const ignoredName = fc.constantFrom("alice", "m0!*@h1", "m1!*@h1", "m2!*@h1");

/** Lines by their ids; most random commands concern one that was said. */
const quote = fc.record({
  id: fc.integer({ min: 0, max: 40 }).map((n) => firstId(START) + n),
  who: nick,
  text: fc.constant("hi"),
});

/** The arguments of each command, but for the member. */
export const ARGUMENTS: { readonly [O in ChatOp]: fc.Arbitrary<object> } = {
  connect: fc.record({
    nick: fc.option(nick, { nil: undefined }),
    identity,
    attended: fc.constantFrom(true, true, false),
  }),
  disconnect: fc.record({ reason, own: on, close }),
  remove: fc.record({ reason, close }),
  rename: fc.record({ nick }),
  reclaim: fc.record({ nick, reason: fc.constant("reclaimed"), close }),
  login: fc.record({ account: fc.constantFrom("alice", "guest2") }),
  logout: fc.constant({}),
  token: fc.record({
    account: fc.constantFrom("alice", "guest2"),
    token: fc.constantFrom({ id: 4, readOnly: false, room: undefined }, { id: 5, readOnly: true, room: undefined }),
  }),
  away: fc.record({ message: reason }),
  realname: fc.record({ realname: text }),
  ignore: fc.record({ name: ignoredName, on }),
  flag: fc.record({ flag: fc.constantFrom("invisible", "operator", "wallops", "bot"), on, name: reason }),
  "always-on": fc.record({ choice: fc.constantFrom(true, true, false, undefined) }),
  attend: fc.record({ on }),
  expire: fc.record({ before: fc.integer({ min: START, max: START + 300 }) }),
  "mark-read": fc.record({
    target: fc.oneof(fc.record({ room }), fc.record({ nick })),
    time: fc.integer({ min: START, max: START + 300 }),
  }),
  join: fc.record({ room: fc.constantFrom(...ROOMS), key: reason }),
  leave: fc.record({ room, reason }),
  kick: fc.record({ room, nick, reason }),
  invite: fc.record({ room, nick }),
  topic: fc.record({ room, topic: text }),
  modes: fc.record({ room, changes: fc.array(change, { minLength: 1, maxLength: 3 }) }),
  drop: fc.record({ room, seen: fc.constantFrom(0, Number.MAX_SAFE_INTEGER) }),
  ban: fc.record({ room, name: fc.oneof(nick, text) }),
  unban: fc.record({ room, name: fc.oneof(nick, text) }),
  transfer: fc.record({ room, name: nick }),
  role: fc.record({ room, name: nick, on }),
  appoint: fc.record({ room, name: nick }),
  disown: fc.record({ room, account: fc.constantFrom("alice", "guest2") }),
  "rename-room": fc.record({ room, name: fc.constantFrom(...ROOMS, "#new", "#y"), reason }),
  destroy: fc.record({ room }),
  "link-add": fc.record({
    room,
    hash: linkHash,
    time: fc.constantFrom(1, 60_000, 3600_000),
    uses: fc.constantFrom(undefined, 0, 1, 2),
  }),
  "link-use": fc.record({ hash: linkHash }),
  "link-remove": fc.record({ id: fc.integer({ min: 1, max: 4 }) }),
  say: fc.record({
    room,
    text,
    style,
    tags: fc.constantFrom("", "+a=1"),
    minRank,
    reply: fc.option(quote, { nil: undefined }),
  }),
  post: fc.record({
    room,
    nick: fc.constantFrom(undefined, "hook", "m0", "alice", "no nickname"),
    identity,
    key: reason,
    text,
    bot: on,
    reply: fc.option(quote, { nil: undefined }),
  }),
  whisper: fc.record({
    to: fc.array(nick, { maxLength: 3 }),
    text,
    style,
    tags: fc.constant(""),
    ignoredBy: fc.subarray(ACCOUNTS),
    reply: fc.option(quote, { nil: undefined }),
  }),
  react: fc.record({
    to: linePlace,
    line: quote,
    text: fc.constantFrom("👍", "+1", "two words"),
    on: fc.boolean(),
  }),
  redact: fc.record({
    to: linePlace,
    line: quote,
    own: fc.boolean(),
    reason,
  }),
  tag: fc.record({
    to: fc.oneof(fc.record({ member: fc.constantFrom(...SLOTS) }), fc.record({ room })),
    tags: fc.constant("+a"),
    minRank,
  }),
  wallops: fc.record({ text }),
  notice: fc.record({ text }),
  "server-ban": fc.record({
    what: banned,
    by: nick,
    reason: text,
    since: fc.constant(START),
    until: fc.constantFrom(START + 100, undefined),
    nick: fc.option(nick, { nil: undefined }),
  }),
  "server-unban": fc.record({ what: banned }),
  mute: fc.record({ host, action: fc.constant(undefined), until: fc.constantFrom(undefined, START + 100) }),
  unmute: fc.record({ host, until: fc.constantFrom(undefined, undefined, START + 100, START + 200) }),
};

const FREQUENT: readonly ChatOp[] = [
  "connect",
  "invite",
  "always-on",
  "disconnect",
  "join",
  "join",
  "say",
  "say",
  "modes",
  "kick",
  "appoint",
  "rename-room",
  "role",
  "transfer",
  "link-add",
  "link-use",
];
const op = fc.constantFrom(...Object.keys(ARGUMENTS) as ChatOp[], ...FREQUENT);
const command = op.chain((op) => ARGUMENTS[op].map((args) => ({ op, ...args }) as Partial<Command> & { op: Op }));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 9, arbitrary: fc.record({ after: fc.nat({ max: 2 }), slot: fc.constantFrom(...SLOTS), command }) },
  { weight: 1, arbitrary: fc.constant("flush" as const) },
);
/** The member of slot 2, which creates #y, has an account. */
function identityOf(slot: number) {
  return { user: "~u", host: "h1", realname: "", ...(slot === 2 ? { account: "alice" } : {}) };
}

/** Members and rooms are there from the start. */
export const BEGINNING: readonly Step[] = SLOTS.flatMap((slot) => [
  { after: 1, slot, command: { op: "connect", nick: `m${slot}`, identity: identityOf(slot) } },
  { after: 0, slot, command: { op: "join", room: slot < 2 ? "#x" : "#y", key: undefined } },
]);
/** Slot 3 is a server operator, is logged in and owns a room, so that commands of owners succeed. */
const OWNED: readonly Step[] = [
  { op: "login", account: "alice" },
  { op: "flag", flag: "operator", on: true },
  { op: "join", room: "#z", key: undefined },
  { op: "flag", flag: "operator", on: true },
  { op: "appoint", room: "#z", name: "alice" },
  { op: "rename-room", room: "#z", name: "#w", reason: undefined },
  { op: "destroy", room: "#w" },
  { op: "join", room: "#z", key: undefined },
  { op: "role", room: "#z", name: "guest2", on: true },
  { op: "transfer", room: "#z", name: "guest2" },
  { op: "appoint", room: "#z", name: "alice" },
  { op: "leave", room: "#z", reason: undefined },
  { op: "join", room: "#x", key: undefined },
  { op: "appoint", room: "#x", name: "alice" },
  { op: "link-add", room: "#x", hash: "h0", time: 60_000, uses: 1 },
  { op: "link-use", hash: "h0" },
  { op: "link-remove", id: 1 },
  { op: "kick", room: "#x", nick: "m0", reason: undefined },
  { op: "reclaim", nick: "alice", reason: "reclaimed" },
  { op: "rename", nick: "m2" },
].map((command) => ({ after: 0, slot: 3, command: command as { op: Op } }));
/** Random commands, after some that make members and rooms. */
export const steps = fc.array(step, { minLength: 100, maxLength: 300, size: "max" }).map((steps) => {
  return [...BEGINNING, ...OWNED, ...steps];
});
