/**
 * A server without sockets, with clients of all listeners. It takes one input at a time, and checks the output to all
 * clients after each.
 *
 * The world is deterministic: its clock advances by a fixed step with each input.
 */
import type { ChatOptions } from "../../src/chat/chat_options.ts";
import { LocalChat } from "../../src/chat/local_chat.ts";
import type { AuthFixture } from "../accounts/helpers.ts";
import type { Member, Session } from "../../src/chat/member.ts";
import { fold } from "../../src/chat/names.ts";
import type { HistoryStore } from "../../src/chat/store.ts";
import type { AuthOptions, AuthService } from "../../src/accounts/auth.ts";
import { LoginThrottle } from "../../src/accounts/login_throttle.ts";
import { Bans } from "../../src/moderation/bans.ts";
import { Operators } from "../../src/moderation/operators.ts";
import { NICKNAME_RECLAIMED } from "../../src/protocol/accounts.ts";
import { SIGNED_OUT } from "../../src/protocol/sign_out.ts";
import { available } from "../../src/protocol/irc/capabilities.ts";
import { Formats } from "../../src/protocol/irc/format.ts";
import { HISTORY_MAX } from "../../src/protocol/irc/history.ts";
import { Keepalive } from "../../src/protocol/irc/keepalive.ts";
import { NICKSERV } from "../../src/protocol/irc/nickserv_notice.ts";
import { INPUT_MAX, type IrcOptions } from "../../src/protocol/irc/options.ts";
import { irc } from "../../src/protocol/irc/session.ts";
import { textFormat } from "../../src/protocol/text/render.ts";
import { text, type TextOptions } from "../../src/protocol/text/session.ts";
import { TimeSlicer } from "../../src/protocol/time_slicer.ts";
import { Api } from "../../src/protocol/http/api.ts";
import { apiResources } from "../../src/protocol/http/resources.ts";
import { Router } from "../../src/protocol/http/router.ts";
import { Site } from "../../src/protocol/http/site.ts";
import { Framer, malformedLines, splitLines } from "../../src/transport/lines.ts";
import { TelnetFilter } from "../../src/transport/telnet.ts";
import type { ModerationContext } from "../../src/protocol/moderation.ts";
import { BanEnforcer } from "../../src/server/enforce_ban.ts";
import { DelayedChat } from "../delayed_chat.ts";
import { fakeModeration } from "../protocol/fake_moderation.ts";
import { FakeConnection } from "../fake_connection.ts";
import { inconsistencies } from "./consistent.ts";
import { filled, SECRETS } from "./secrets.ts";
import { unsoundIrc, unsoundText } from "./sound.ts";
import { WebPort } from "./web_port.ts";
import { bytesOf, PASSWORD, SEEN } from "./words.ts";

/** An event: input from the client of a slot, its disconnect, a wait, or bytes sent to the web port. */
export type Input =
  | readonly [slot: number, kind: "line", line: string]
  | readonly [slot: number, kind: "bytes", bytes: string] // one character per byte
  | readonly [slot: number, kind: "leave"]
  | readonly [slot: number, kind: "wait", milliseconds: number]
  | readonly [slot: number, kind: "web", bytes: string]; // one character per byte

/** The kind of client by slot; a client that has left is replaced by a new one. */
export const SLOTS = ["text", "text", "text", "irc", "irc", "irc", "irc", "unregistered"] as const;

/** The limit of a line from a text client, in bytes. */
const TEXT_MAX = 8192;

/** The limit of rooms: low enough to be reached. */
const ROOMS = 8;

/** The limit of an answer to one command, in characters. */
const ANSWER = 100_000;

/** What an answer may exceed it by, for the note that it is incomplete and the batch around it. */
const ANSWER_SLACK = 40_000;

/** The time limit of one input, in milliseconds, with room for a busy machine. */
export const STEP_TIME = 1000;

/** The time within which a session must end after its connection, in milliseconds. */
const END_TIME = 10_000;

/** The beginning of the failure message of an input over the time limit. */
export const SLOW = "an input blocked the server";

const SERVER = "irc.test";
const BEGIN = Date.UTC(2026, 0, 2, 3, 4, 5);

const clock = { now: BEGIN };
const realNow = Date.now;

/** Runs a function with `Date.now` replaced by the clock of the world. */
export async function withClock<T>(run: () => Promise<T>): Promise<T> {
  Date.now = () => clock.now;
  try {
    return await run();
  } finally {
    Date.now = realNow;
  }
}

/** A failure of the server under test. */
export class Broken extends Error {
  override name = "Broken";
}

/** Server operators whose password takes no time to verify. */
class FastOperators extends Operators {
  override get size(): number {
    return 1;
  }

  override verify(_name: string, password: string): Promise<boolean> {
    return Promise.resolve(password === PASSWORD);
  }
}

/** Why a client may be disconnected by one that is logged in to its account, or owns its nickname. */
const BY_OTHERS: ReadonlySet<string | undefined> = new Set([NICKNAME_RECLAIMED, SIGNED_OUT]);

/** The client of a slot. */
class Client {
  readonly connection: FakeConnection;
  readonly listener: typeof SLOTS[number];
  session: Session | undefined;
  failure: unknown;
  /** Resolves when its session has ended. */
  readonly ended: Promise<void>;
  /** The stages that decode the bytes of a socket. */
  readonly telnet = new TelnetFilter();
  readonly framer: Framer;
  /** Its nickname according to the output it received, folded. */
  nick: string | undefined;
  /** Its rooms according to the output it received, folded. */
  readonly rooms = new Set<string>();
  /** Whether it may have become a server operator, who can disconnect others. */
  powerful = false;
  /** The placeholders of the passwords that it has sent, and the last SASL challenge that it has received. */
  readonly knows = new Set<string>();
  challenge = "";
  /** Whether its lines may be part of a paste, so that no command takes them. */
  pasting = false;
  /** The id of the last message that it has received. */
  seen = "1";

  get member(): Member | undefined {
    return this.session?.member;
  }

  get inside(): boolean {
    return this.member !== undefined;
  }

  constructor(world: World, slot: number) {
    this.listener = SLOTS[slot]!;
    const maxLine = this.listener === "text" ? TEXT_MAX : INPUT_MAX;
    this.connection = new FakeConnection(`192.0.2.${slot}`, maxLine);
    this.framer = new Framer(maxLine);
    const onRegistered = (session: Session) => void (this.session = session);
    const session = this.listener === "text"
      ? text(this.connection, world.textOptions, onRegistered)
      : irc(this.connection, world.ircOptions, onRegistered);
    this.ended = session.catch((error) => {
      this.failure = error;
    });
  }
}

/** The server, its clients, and the checks. */
export class World {
  readonly chat: LocalChat;
  readonly textOptions: TextOptions;
  readonly ircOptions: IrcOptions;
  /** Lines sent to clients. */
  told = 0;
  /** The time of the slowest input, in milliseconds. */
  slowest = 0;
  readonly #delayed: DelayedChat | undefined;
  readonly #history: HistoryStore;
  readonly #auth: AuthService;
  readonly #bans = new Bans();
  readonly #clients: (Client | undefined)[] = SLOTS.map(() => undefined);
  readonly #web: WebPort;
  #connections = 0;

  /** @param delayed Whether the chat answers later, as in a cluster. */
  constructor(history: HistoryStore, auth: AuthService, office?: AuthFixture, delayed = false) {
    clock.now = BEGIN;
    this.#history = history;
    this.#auth = auth;
    const options: ChatOptions = {
      history,
      keepPrivate: "all",
      maxRooms: ROOMS,
      reserved: [SERVER, NICKSERV],
      serverBans: this.#bans,
      policy: {
        banReason: (origin) => this.#bans.findByOrigin(origin)?.reason,
      },
    };
    this.chat = office?.chat(options) ?? new LocalChat(options);
    this.#delayed = delayed ? new DelayedChat(this.chat) : undefined;
    const chat = this.#delayed?.chat ?? this.chat;
    const enforcer = new BanEnforcer(
      this.#bans,
      { [Symbol.iterator]: () => this.#connected() },
      chat,
      reportError,
    );
    const hostOf = (address: string) => `of-${address}`;
    const motd = () => ["Be kind."];
    const moderation: ModerationContext = {
      ...fakeModeration(),
      bans: this.#bans,
      makeBan: (by, ban) => enforcer.make(by, ban),
    };
    const common = {
      chat,
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
      safeRate: true,
      typing: true,
      version: "1.2",
      since: new Date(BEGIN),
      unregistered: { count: 0 },
    };
    const assets = [{ path: "/", type: "text/html", text: "page" }];
    const site = new Site({ assets, trouble: () => undefined, metrics: () => "metrics" });
    const api = new Api({
      ...common,
      slicer: new TimeSlicer(),
      limitsNetworks: false,
      rate: Infinity,
      burst: Infinity,
      queueMax: 1e6,
      format: textFormat(100),
      trouble: () => undefined,
      banOf: (address) => this.#bans.findByAddress(address)?.reason,
      onStream: () => {},
    });
    const router = new Router(apiResources(api));
    this.#web = new WebPort(
      (request, client) => router.answer(request, client) ?? site.respond(request),
      (method, path) => router.bodyLimit(method, path),
    );
  }

  /** The options of the auth service, without accounts. */
  static auth(locked: boolean): AuthOptions {
    // With the real clock, the login throttle would reject nearly all passwords.
    const throttle = new LoginThrottle({ now: () => clock.now });
    return {
      operators: new FastOperators(),
      throttle,
      now: () => clock.now,
      password: locked ? SECRETS.door : undefined,
    };
  }

  /** Runs one input, and checks what it did. @throws {Broken} */
  async take(input: Input): Promise<void> {
    const began = performance.now();
    clock.now++;
    const [slot, kind] = input;
    if (kind === "wait") clock.now += input[2];
    else if (kind === "web") await this.#webBytes(input[2]);
    else {
      const client = this.#clients[slot] ?? await this.#connect(slot);
      const others = this.#clients.filter((other) => other !== undefined && other !== client);
      const line = kind === "line" ? filled(input[2].replaceAll(SEEN, client.seen), client) : "";
      client.powerful ||= (line + input[2]).includes(PASSWORD); // the input may make it an operator
      if (kind === "line") await this.#line(client, line);
      else if (kind === "bytes") await this.#bytes(client, input[2]);
      else {
        client.connection.leave("connection lost");
        await settled();
      }
      if (line === ".") client.pasting = false;
      await this.#delayed?.applyAll();
      client.powerful ||= client.member?.operator === true;
      for (const other of others) {
        if (!other!.connection.open && !client.powerful && !BY_OTHERS.has(other!.connection.closeReason)) {
          throw new Broken(`a client (${other!.listener}) was disconnected by the input of another`);
        }
      }
    }
    this.#checkOutput();
    const took = performance.now() - began;
    this.slowest = Math.max(this.slowest, took);
    if (took > STEP_TIME) throw new Broken(`${SLOW} for ${Math.round(took)} ms`);
    for (const [i, client] of this.#clients.entries()) {
      if (client === undefined || client.connection.open) continue;
      // Members leave in time slices, so this may take several iterations of the event loop.
      if (!await endsInTime(client.ended)) throw new Broken("a session did not end with its connection");
      if (client.failure !== undefined) throw new Broken(`a session failed: ${stackOf(client.failure)}`);
      this.#clients[i] = undefined;
    }
    await this.#delayed?.applyAll();
  }

  /** Checks the state of the server. @throws {Broken} */
  check(): void {
    const { persistent } = this.#history;
    const [wrong] = inconsistencies(this.chat, { maxRooms: ROOMS, lasting: persistent });
    if (wrong !== undefined) throw new Broken(`not true: ${wrong}`);
    for (const { nick, account } of this.chat.members) {
      const owned = this.#auth.find(nick);
      if (owned !== undefined && owned.name !== account) {
        throw new Broken(`${nick} uses the registered nickname of another account`);
      }
      if (account !== undefined && this.#auth.find(account) === undefined) {
        throw new Broken(`the account ${account} does not exist`);
      }
    }
    const unregistered = this.#clients.filter((client) => {
      return client !== undefined && client.listener !== "text" && client.member === undefined;
    }).length;
    if (this.ircOptions.unregistered.count !== unregistered) {
      throw new Broken("the count of unregistered connections is wrong");
    }
  }

  /** Disconnects all clients, and checks that nothing of them remains. @throws {Broken} */
  async end(): Promise<void> {
    for (const slot of SLOTS.keys()) if (this.#clients[slot] !== undefined) await this.take([slot, "leave"]);
    this.check();
    if (this.chat.members.size > 0) throw new Broken("members remain after all clients have disconnected");
    if (this.#auth.size === 0 && this.chat.guestName() !== "guest1") {
      throw new Broken("guest nicknames remain in use after all clients have disconnected");
    }
  }

  /** Connects a client, and registers it unless its slot is that of an unregistered one. */
  async #connect(slot: number): Promise<Client> {
    const client = this.#clients[slot] = new Client(this, slot);
    const number = this.#connections++;
    const admitted = this.#auth.passwordRequired && number % 4 !== 3; // some do not send the password
    if (admitted && client.listener !== "unregistered") {
      await client.connection.feed([filled(client.listener === "text" ? "{door}" : "PASS {door}", client)]);
    }
    if (client.listener === "irc") {
      const wanted = available(this.#auth.accountsEnabled).filter((_, i) => (number >> (i % 3)) & 1 || slot === 3);
      await client.connection.feed([`CAP REQ :${wanted.join(" ")}`, `NICK c${slot}`, "USER u 0 * :Real", "CAP END"]);
      if (client.member === undefined) await client.connection.feed([`NICK c${slot}_${number}`]); // the first nickname is taken
      await client.connection.feed(["JOIN #tea"]);
    } else if (client.listener === "text" && (admitted || !this.#auth.passwordRequired)) {
      await client.connection.feed(["/join #tea"]);
    }
    return client;
  }

  *#connected(): Generator<readonly [FakeConnection, Client]> {
    for (const client of this.#clients) if (client !== undefined) yield [client.connection, client];
  }

  /** Feeds a line, or reports it as too long, as the transport does. */
  async #line({ connection }: Client, line: string) {
    const { maxLine } = connection;
    if (3 * line.length <= maxLine || encoder.encode(line).length <= maxLine) await connection.feed([line]);
    else connection.onTooLong(line);
  }

  /** Feeds bytes through the stages that decode a socket. */
  async #bytes(client: Client, data: string) {
    const bytes = bytesOf(data);
    const { connection, framer, telnet } = client;
    const { onMalformed } = connection;
    for (let at = 0; at < bytes.length && connection.open; at += connection.maxLine) {
      const whole = framer.push(telnet.filter(bytes.slice(at, at + connection.maxLine)));
      if (framer.tooLong) connection.onTooLong(decoder.decode(framer.beginning));
      const lines = whole.length > 0 ? splitLines(decoder.decode(whole)) : [];
      const malformed = onMalformed === undefined ? [] : malformedLines(whole, lines);
      for (const [number, line] of lines.entries()) {
        if (malformed.includes(number)) onMalformed!(line);
        else await connection.feed([line]);
      }
    }
  }

  /** Sends bytes to the web port, and checks the response. */
  async #webBytes(data: string) {
    const wrong = await this.#web.take(bytesOf(data));
    if (wrong !== undefined) throw new Broken(`input to the web port ${wrong}`);
  }

  /** Flushes the chat, and checks the output to all clients. */
  #checkOutput() {
    this.chat.flush();
    for (const client of this.#clients) {
      if (client === undefined) continue;
      if (this.#auth.passwordRequired && client.inside && !client.knows.has("door")) {
        throw new Broken(`a client (${client.listener}) registered without the server password`);
      }
      const lines = client.connection.take();
      if (lines.length === 0) continue;
      const all = lines.join("\n");
      for (const [name, secret] of Object.entries(SECRETS)) {
        if (all.includes(secret) && !client.knows.has(name)) {
          throw new Broken(`a client (${client.listener}) received the password of another`);
        }
      }
      this.told += lines.length;
      let size = 0;
      let past = 0;
      for (const line of lines) {
        size += line.length;
        const wrong = client.listener === "text"
          ? unsoundText(line, TEXT_MAX)
          : unsoundIrc(line, SERVER, client.nick) ?? misdelivered(client, line);
        if (wrong !== undefined) {
          throw new Broken(`a client (${client.listener}) received a line that ${wrong}: ${JSON.stringify(line)}`);
        }
        if (client.listener === "text") {
          if (line.includes("-- Paste your lines.")) client.pasting = true;
          else if (/-- (?:The paste (?:is cancelled|is empty|was not sent)|Your paste was dropped)/.test(line)) {
            client.pasting = false;
          }
          continue;
        }
        client.challenge = /^:\S+ AUTHENTICATE (\S+)$/.exec(line)?.[1] ?? client.challenge;
        const msgid = /^@[^ ]*msgid=([^; ]+)/.exec(line)?.[1];
        if (msgid !== undefined) client.seen = msgid;
        if (line.includes("chathistory")) past = 0;
        else if (/^@batch=.*msgid=[^-; ]+[; ]/.test(line)) past++;
        if (past > HISTORY_MAX) throw new Broken("an answer had more history than the limit");
      }
      if (size > 4 * ANSWER + ANSWER_SLACK) throw new Broken(`one input was answered with ${size} characters`);
    }
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Why a client should not have received a line: it is of a room that it is not in, or a private message to another. */
function misdelivered(client: Client, line: string): string | undefined {
  const { nick, rooms } = client;
  const space = line.startsWith("@") ? line.indexOf(" ") + 1 : 0;
  const [source = "", command = "", target = "", whom = ""] = line.slice(space).split(" ", 4);
  const bang = source.indexOf("!");
  if (command === "001") client.nick = fold(target);
  if (bang < 0) return undefined;
  const own = fold(source.slice(1, bang)) === nick;
  const room = fold(target.replace(/^[~@+]+(?=#)/, ""));
  switch (command) {
    case "NICK":
      if (own) client.nick = fold(target);
      return undefined;
    case "JOIN":
      if (own) rooms.add(room);
      break;
    case "PART":
      return own && rooms.delete(room) ? undefined : absent(rooms, room);
    case "RENAME": {
      const known = absent(rooms, room);
      rooms.delete(room);
      rooms.add(fold(whom));
      return known;
    }
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
      if (nick === undefined && source.startsWith(`:${NICKSERV}!`)) return undefined; // an answer of NickServ before registration
      if (!room.startsWith("#")) return room === nick ? undefined : "is a private message to another client";
      break;
    default:
      return undefined;
  }
  return absent(rooms, room);
}

function absent(rooms: ReadonlySet<string>, room: string): string | undefined {
  return rooms.has(room) ? undefined : "is of a room that the client is not in";
}

/** Whether a session ends within {@linkcode END_TIME}. */
async function endsInTime(ended: Promise<void>): Promise<boolean> {
  let timer;
  const late = new Promise<false>((resolve) => timer = setTimeout(() => resolve(false), END_TIME));
  const inTime = await Promise.race([ended.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}

/** Resolves when the reactions of settled promises have run. */
async function settled() {
  for (let i = 0; i < 8; i++) await undefined;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
