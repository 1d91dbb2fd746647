/**
 * A whole server without sockets, in which clients of all doors meet: is given one input after the other, and after each
 * looks at what everybody was told.
 *
 * The same inputs do the same each time: the clock goes on by a little with each, and nothing is left to chance.
 */
import { LocalChat } from "../../src/chat/local_chat.ts";
import type { Member } from "../../src/chat/member.ts";
import { fold } from "../../src/chat/names.ts";
import type { HistoryStore } from "../../src/chat/store.ts";
import type { AuthOptions, AuthService } from "../../src/accounts/auth.ts";
import { LoginThrottle } from "../../src/accounts/login_throttle.ts";
import { Bans } from "../../src/moderation/bans.ts";
import { Operators } from "../../src/moderation/operators.ts";
import { available } from "../../src/protocol/irc/capabilities.ts";
import { Formats } from "../../src/protocol/irc/format.ts";
import { HISTORY_MAX } from "../../src/protocol/irc/history.ts";
import { Keepalive } from "../../src/protocol/irc/keepalive.ts";
import { NICKSERV } from "../../src/protocol/irc/nickserv_notice.ts";
import { INPUT_MAX, type IrcOptions } from "../../src/protocol/irc/options.ts";
import { irc } from "../../src/protocol/irc/session.ts";
import { textFormat } from "../../src/protocol/text/render.ts";
import { text, type TextOptions } from "../../src/protocol/text/session.ts";
import { type Steps, TimeSlicer } from "../../src/protocol/time_slicer.ts";
import { Site } from "../../src/protocol/http/site.ts";
import { Framer, LineSplitter, malformedLines } from "../../src/transport/lines.ts";
import { TelnetFilter } from "../../src/transport/telnet.ts";
import type { BanResult } from "../../src/protocol/moderation.ts";
import { fakeModeration } from "../protocol/fake_moderation.ts";
import { FakeConnection } from "../fake_connection.ts";
import { inconsistencies } from "./consistent.ts";
import { filled, SECRETS } from "./secrets.ts";
import { unsoundIrc, unsoundText } from "./sound.ts";
import { WebPort } from "./web_port.ts";
import { bytesOf, PASSWORD, SEEN } from "./words.ts";

/** One thing that happens: something from the client of a slot, or to it, or what somebody sends to the web port. */
export type Input =
  | readonly [slot: number, kind: "line", line: string]
  | readonly [slot: number, kind: "bytes", bytes: string] // a character each
  | readonly [slot: number, kind: "leave"]
  | readonly [slot: number, kind: "wait", milliseconds: number]
  | readonly [slot: number, kind: "web", bytes: string]; // here, too

/** Who comes in by which door, by slot; one who has gone is followed by another. */
export const SLOTS = ["text", "text", "text", "irc", "irc", "irc", "irc", "stranger"] as const;

/** The most bytes in a line of the text door here, and in the others'. */
const TEXT_MAX = 8192;

/** The most rooms that there can be here: few, so that there are too many at times. */
const ROOMS = 8;

/** The most characters in an answer to one command, for either door. */
const ANSWER = 100_000;

/** Room beside them, for the lines that say that there are more, and for the batch around them. */
const ANSWER_SLACK = 40_000;

/** How long one input may hold up all others, in milliseconds. A machine that is busy otherwise takes some of it. */
export const STEP_TIME = 1000;

/** How long a session may take to end when its connection has, in milliseconds. */
const END_TIME = 10_000;

/** How somebody's connection is ended by whoever owns their name. */
const TOOK_BACK = " reclaimed the nickname";

/** How it is told that an input took longer. */
export const SLOW = "an input held everything up";

const SERVER = "irc.test";
const BEGIN = Date.UTC(2026, 0, 2, 3, 4, 5);

const clock = { now: BEGIN };
const realNow = Date.now;

/** Runs something with the clock of the world in place of the real one. */
export async function withClock<T>(run: () => Promise<T>): Promise<T> {
  Date.now = () => clock.now;
  try {
    return await run();
  } finally {
    Date.now = realNow;
  }
}

/** What must never happen has happened. */
export class Broken extends Error {
  override name = "Broken";
}

/** Operators whom a password makes that takes no time to check. */
class Easy extends Operators {
  override get size(): number {
    return 1;
  }

  override verify(_name: string, password: string): Promise<boolean> {
    return Promise.resolve(password === PASSWORD);
  }
}

/** Somebody in a slot. */
class Client {
  readonly connection: FakeConnection;
  readonly door: typeof SLOTS[number];
  member: Member | undefined;
  failure: unknown;
  /** Resolves when its session has ended. */
  readonly ended: Promise<void>;
  /** What is behind a socket: what it has sent until now goes through all of it. */
  readonly telnet = new TelnetFilter();
  readonly framer: Framer;
  readonly splitter = new LineSplitter();
  /** What it is called, as far as it was told, folded. */
  nick: string | undefined;
  /** The rooms that it is in, as far as it was told, folded. */
  readonly rooms = new Set<string>();
  /** Whether it can have become an operator, who may disconnect others. */
  powerful = false;
  /** Which passwords it has said, and what it was told last in the course of SASL. */
  readonly knows = new Set<string>();
  challenge = "";
  /** The name of the last thing that it has seen said. */
  seen = "1";

  get inside(): boolean {
    return this.member !== undefined;
  }

  constructor(world: World, slot: number) {
    this.door = SLOTS[slot]!;
    const maxLine = this.door === "text" ? TEXT_MAX : INPUT_MAX;
    this.connection = new FakeConnection(`192.0.2.${slot}`, maxLine);
    this.framer = new Framer(maxLine);
    const onMember = (member: Member) => this.member = member;
    const session = this.door === "text"
      ? text(this.connection, world.textOptions, onMember)
      : irc(this.connection, world.ircOptions, onMember);
    this.ended = session.catch((error) => {
      this.failure = error;
    });
  }
}

/** See the head of this file. */
export class World {
  readonly hub: LocalChat;
  readonly textOptions: TextOptions;
  readonly ircOptions: IrcOptions;
  /** How many lines clients were told. */
  told = 0;
  /** How long the longest input took, in milliseconds. */
  slowest = 0;
  readonly #history: HistoryStore;
  readonly #auth: AuthService;
  readonly #bans = new Bans();
  readonly #clients: (Client | undefined)[] = SLOTS.map(() => undefined);
  readonly #web: WebPort;
  #newcomers = 0;

  constructor(history: HistoryStore, auth: AuthService) {
    clock.now = BEGIN;
    this.#history = history;
    this.#auth = auth;
    this.hub = new LocalChat({
      history,
      keepPrivate: true,
      maxRooms: ROOMS,
      reserved: [SERVER, NICKSERV],
      policy: {
        isRegistered: (nick) => auth.find(nick) !== undefined,
        banReason: (origin) => this.#bans.findByOrigin(origin)?.reason,
      },
    });
    const hostOf = (address: string) => `of-${address}`;
    const motd = () => ["Be kind."];
    const moderation = { ...fakeModeration(), bans: this.#bans, disconnect: () => this.#disconnect() };
    const common = {
      chat: this.hub,
      auth,
      moderation,
      slicer: new TimeSlicer(),
      departures: new TimeSlicer(),
      name: SERVER,
      hostOf,
      motd,
      answerMax: ANSWER,
    };
    this.textOptions = { ...common, registrationTime: 30_000, format: textFormat(100) };
    this.ircOptions = {
      ...common,
      formats: new Formats(SERVER),
      keepalive: new Keepalive(),
      historyMax: 100,
      tagsMax: 4096,
      version: "1.2",
      since: new Date(BEGIN),
      unregistered: { count: 0 },
    };
    const assets = [{ path: "/", type: "text/html", text: "page" }];
    const site = new Site({ assets, healthy: () => true, metrics: () => "metrics" });
    this.#web = new WebPort((request) => site.respond(request));
  }

  /** Of what its desk is, but for the names that are somebody's own. */
  static auth(locked: boolean): AuthOptions {
    // Who is wrong about a password is made to wait, which would be all that is done here.
    const throttle = new LoginThrottle({ now: () => clock.now });
    return { operators: new Easy(), throttle, now: () => clock.now, password: locked ? SECRETS.door : undefined };
  }

  /** @throws {Broken} */
  async take(input: Input): Promise<void> {
    const began = performance.now();
    clock.now++;
    const [slot, kind] = input;
    if (kind === "wait") clock.now += input[2];
    else if (kind === "web") await this.#webBytes(input[2]);
    else {
      const client = this.#clients[slot] ?? await this.#enter(slot);
      const others = this.#clients.filter((other) => other !== undefined && other !== client);
      const line = kind === "line" ? filled(input[2].replaceAll(SEEN, client.seen), client) : "";
      client.powerful ||= (line + input[2]).includes(PASSWORD); // perhaps it has, by the end of this
      if (kind === "line") await this.#line(client, line);
      else if (kind === "bytes") await this.#bytes(client, input[2]);
      else {
        client.connection.leave("connection lost");
        await settled();
      }
      client.powerful ||= client.member?.operator === true;
      for (const other of others) {
        if (!other!.connection.open && !client.powerful && !other!.connection.closeReason?.endsWith(TOOK_BACK)) {
          throw new Broken(`a ${other!.door} client was disconnected by another's input`);
        }
      }
    }
    this.#listen();
    const took = performance.now() - began;
    this.slowest = Math.max(this.slowest, took);
    if (took > STEP_TIME) throw new Broken(`${SLOW} for ${Math.round(took)} ms`);
    for (const [i, client] of this.#clients.entries()) {
      if (client === undefined || client.connection.open) continue;
      // Members leave in time slices, so this may take some turns of the event loop.
      if (!await endsInTime(client.ended)) throw new Broken("a session did not end with its connection");
      if (client.failure !== undefined) throw new Broken(`a session failed: ${stackOf(client.failure)}`);
      this.#clients[i] = undefined;
    }
  }

  /** Looks at the whole. @throws {Broken} */
  check(): void {
    const { persistent } = this.#history;
    const [wrong] = inconsistencies(this.hub, { maxRooms: ROOMS, lasting: persistent });
    if (wrong !== undefined) throw new Broken(`it is not so that ${wrong}`);
    for (const { nick, account } of this.hub.members) {
      const owned = this.#auth.find(nick);
      if (owned !== undefined && owned.name !== account) throw new Broken(`${nick} is called by a name of another's`);
      if (account !== undefined && this.#auth.find(account) === undefined) throw new Broken(`nobody owns ${account}`);
    }
    const unregistered = this.#clients.filter((client) => {
      return client !== undefined && client.door !== "text" && client.member === undefined;
    }).length;
    if (this.ircOptions.unregistered.count !== unregistered) {
      throw new Broken("it is not so that all strangers are counted");
    }
  }

  /** Has everybody leave, and nothing must be left of them. @throws {Broken} */
  async end(): Promise<void> {
    for (const slot of SLOTS.keys()) if (this.#clients[slot] !== undefined) await this.take([slot, "leave"]);
    this.check();
    if (this.hub.members.size > 0) throw new Broken("it is not so that nobody is left when all have gone");
    if (this.#auth.size === 0 && this.hub.guestName() !== "guest1") {
      throw new Broken("it is not so that all names are free when all have gone");
    }
  }

  /** Somebody comes in: from IRC they say who they are, with some capabilities, but for strangers. */
  async #enter(slot: number): Promise<Client> {
    const client = this.#clients[slot] = new Client(this, slot);
    const number = this.#newcomers++;
    const admitted = this.#auth.passwordRequired && number % 4 !== 3; // some do not know the password
    if (admitted && client.door !== "stranger") {
      await client.connection.feed([filled(client.door === "text" ? "{door}" : "PASS {door}", client)]);
    }
    if (client.door === "irc") {
      const wanted = available(this.#auth.accountsEnabled).filter((_, i) => (number >> (i % 3)) & 1 || slot === 3);
      await client.connection.feed([`CAP REQ :${wanted.join(" ")}`, `NICK c${slot}`, "USER u 0 * :Real", "CAP END"]);
      if (client.member === undefined) await client.connection.feed([`NICK c${slot}_${number}`]); // somebody has it
      await client.connection.feed(["JOIN #tea"]);
    } else if (client.door === "text" && (admitted || !this.#auth.passwordRequired)) {
      await client.connection.feed(["/join #tea"]);
    }
    return client;
  }

  /** Disconnects whoever is banned, but for operators, as the server does. */
  *#disconnect(): Steps<BanResult> {
    let gone = 0;
    for (const client of this.#clients) {
      yield;
      if (client === undefined || !client.connection.open || client.member?.operator) continue;
      const { connection, member } = client;
      const ban = this.#bans.findByAddress(connection.address) ??
        (member === undefined ? undefined : this.#bans.findByOrigin(member.origin));
      if (ban === undefined) continue;
      gone++;
      if (member !== undefined) this.hub.disconnect(member, ban.reason);
      (member?.outlet ?? connection).close(ban.reason);
    }
    return { disconnected: gone, includesCaller: false };
  }

  /** A line that came whole: one that is too long does not come at all. */
  async #line({ connection }: Client, line: string) {
    const { maxLine } = connection;
    if (3 * line.length <= maxLine || encoder.encode(line).length <= maxLine) await connection.feed([line]);
    else connection.onTooLong(line);
  }

  /** Bytes go the way that they go behind a socket. */
  async #bytes(client: Client, data: string) {
    const bytes = bytesOf(data);
    const { connection, framer, telnet, splitter } = client;
    const { onMalformed } = connection;
    for (let at = 0; at < bytes.length && connection.open; at += connection.maxLine) {
      const whole = framer.push(telnet.filter(bytes.slice(at, at + connection.maxLine)));
      if (framer.tooLong) connection.onTooLong(decoder.decode(framer.beginning));
      const lines = whole.length > 0 ? await splitter.split(decoder.decode(whole)) : [];
      const malformed = onMalformed === undefined ? [] : malformedLines(whole, lines);
      for (const [number, line] of lines.entries()) {
        if (malformed.includes(number)) onMalformed!(line);
        else await connection.feed([line]);
      }
    }
  }

  /** What goes to the web port is answered as it should be, or ended. */
  async #webBytes(data: string) {
    const wrong = await this.#web.take(bytesOf(data));
    if (wrong !== undefined) throw new Broken(`what was sent to the web port ${wrong}`);
  }

  /** Hands out what is held back, and looks at what everybody got. */
  #listen() {
    this.hub.flush();
    for (const client of this.#clients) {
      if (client === undefined) continue;
      if (this.#auth.passwordRequired && client.inside && !client.knows.has("door")) {
        throw new Broken(`a ${client.door} client is in without the password`);
      }
      const lines = client.connection.take();
      if (lines.length === 0) continue;
      const all = lines.join("\n");
      for (const [name, secret] of Object.entries(SECRETS)) {
        if (all.includes(secret) && !client.knows.has(name)) {
          throw new Broken(`a ${client.door} client was told a password of another's`);
        }
      }
      this.told += lines.length;
      let size = 0;
      let past = 0;
      for (const line of lines) {
        size += line.length;
        const wrong = client.door === "text"
          ? unsoundText(line, TEXT_MAX)
          : unsoundIrc(line, SERVER, client.nick) ?? untrue(client, line);
        if (wrong !== undefined) throw new Broken(`a ${client.door} client got what ${wrong}: ${JSON.stringify(line)}`);
        if (client.door === "text") continue;
        client.challenge = /^:\S+ AUTHENTICATE (\S+)$/.exec(line)?.[1] ?? client.challenge;
        const msgid = /^@[^ ]*msgid=([^; ]+)/.exec(line)?.[1];
        if (msgid !== undefined) client.seen = msgid;
        if (line.includes("chathistory")) past = 0;
        else if (/^@batch=.*msgid=[^-; ]+[; ]/.test(line)) past++;
        if (past > HISTORY_MAX) throw new Broken("more of what was said before was answered than may be");
      }
      if (size > 4 * ANSWER + ANSWER_SLACK) throw new Broken(`one input was answered with ${size} characters`);
    }
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** What is wrong with a client being told something at all: of rooms from its coming to its going, of whispers its own. */
function untrue(client: Client, line: string): string | undefined {
  const { nick, rooms } = client;
  const space = line.startsWith("@") ? line.indexOf(" ") + 1 : 0;
  const [source = "", command = "", target = "", whom = ""] = line.slice(space).split(" ", 4);
  const bang = source.indexOf("!");
  if (command === "001") client.nick = fold(target);
  if (bang < 0) return undefined;
  const own = fold(source.slice(1, bang)) === nick;
  const room = fold(target.replace(/^[@+]+(?=#)/, ""));
  switch (command) {
    case "NICK":
      if (own) client.nick = fold(target);
      return undefined;
    case "JOIN":
      if (own) rooms.add(room);
      break;
    case "PART":
      return own && rooms.delete(room) ? undefined : absent(rooms, room);
    case "KICK":
      return fold(whom) === nick && rooms.delete(room) ? undefined : absent(rooms, room);
    case "TOPIC":
    case "MODE":
      if (room === nick) return undefined;
      break;
    case "PRIVMSG":
    case "NOTICE":
    case "TAGMSG":
      if (own) return undefined;
      if (nick === undefined && source.startsWith(`:${NICKSERV}!`)) return undefined; // it may have asked for a name
      if (!room.startsWith("#")) return room === nick ? undefined : "was said to somebody else alone";
      break;
    default:
      return undefined;
  }
  return absent(rooms, room);
}

function absent(rooms: ReadonlySet<string>, room: string): string | undefined {
  return rooms.has(room) ? undefined : "happened in a room that it is not in";
}

/** Whether a session ends within {@linkcode END_TIME}. */
async function endsInTime(ended: Promise<void>): Promise<boolean> {
  let timer;
  const late = new Promise<false>((resolve) => timer = setTimeout(() => resolve(false), END_TIME));
  const inTime = await Promise.race([ended.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}

/** Resolves when promises that are settled already have been acted upon. */
async function settled() {
  for (let i = 0; i < 8; i++) await undefined;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
