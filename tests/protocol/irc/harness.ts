/**
 * A chat for tests of protocols: IRC and text clients without sockets on one chat, and a clock that only tests advance.
 */
import { assert, assertEquals } from "@std/assert";
import { AuthService } from "../../../src/accounts/auth.ts";
import type { KeepPrivate } from "../../../src/chat/conversations.ts";
import { LocalChat } from "../../../src/chat/local_chat.ts";
import { firstId, readId } from "../../../src/chat/ids.ts";
import type { Member, Session } from "../../../src/chat/member.ts";
import { MemoryHistory } from "../../../src/history/memory.ts";
import { SqliteHistory } from "../../../src/history/sqlite.ts";
import { Formats } from "../../../src/protocol/irc/format.ts";
import { HISTORY_MAX } from "../../../src/protocol/irc/history.ts";
import { Keepalive } from "../../../src/protocol/irc/keepalive.ts";
import { INPUT_MAX, type IrcOptions, TAGS_MAX } from "../../../src/protocol/irc/options.ts";
import { irc } from "../../../src/protocol/irc/session.ts";
import { textFormat } from "../../../src/protocol/text/render.ts";
import { text } from "../../../src/protocol/text/session.ts";
import { TimeSlicer } from "../../../src/protocol/time_slicer.ts";
import type { Connection } from "../../../src/transport/connection.ts";
import { AuthFixture } from "../../accounts/helpers.ts";
import { fakeModeration } from "../fake_moderation.ts";
import { applied, chatForProtocols } from "../../delayed_chat.ts";
import { FakeConnection } from "../../fake_connection.ts";

/** The time at which each test begins, in seconds since 1970 … */
export const THEN = Date.UTC(2026, 0, 2, 3, 4, 5) / 1000;

/** … and as a tag. */
export const TIME = "2026-01-02T03:04:05.000Z";

/** The current time, in milliseconds since 1970. */
export const clock = { now: THEN * 1000 };
Date.now = () => clock.now;

/** The same on a monotonic clock, which begins at 0. */
performance.now = () => clock.now - THEN * 1000;

/** The server's name. */
export const SERVER = "irc.test";

/** The id of the first message. */
const FIRST = firstId(THEN * 1000);

/** A client of either protocol. */
export class Client {
  readonly connection: FakeConnection;
  /** The client's session in the chat, once it has registered. */
  session!: Session;
  /** Resolves when the session has ended. */
  readonly over: Promise<void>;
  readonly #fixture: ProtocolFixture;

  constructor(
    fixture: ProtocolFixture,
    serve: (connection: Connection, onRegistered: (session: Session) => void) => Promise<void>,
    address = "192.0.2.1",
  ) {
    this.#fixture = fixture;
    this.connection = new FakeConnection(address, INPUT_MAX);
    this.over = serve(this.connection, (session) => this.session = session);
  }

  /** The user of the session. */
  get member(): Member {
    return this.session?.member;
  }

  /** Sends lines; resolves when they have been run. */
  async says(...lines: string[]): Promise<void> {
    await this.connection.feed(lines);
    await applied(this.#fixture.chat);
  }

  /** Flushes the chat, and returns the lines since the last call, as they were sent. */
  gets(): string[] {
    this.#fixture.chat.flush();
    return this.connection.take();
  }

  /** Does the same, with msgids 0, 1 and so on, and without the server's name. */
  hears(): string[] {
    const number = (_: string, before: string, id: string) => `${before}${readId(id)! - FIRST}`;
    const short = (line: string) => line.replace(/(^|^@\S+ ):irc\.test /, "$1");
    return this.gets().map((line) => short(line).replace(/^(@(?:\S+;)?msgid=)(\w+)/, number));
  }

  /** Sends lines, and returns the lines that follow, in the same form. */
  async asks(...lines: string[]): Promise<string[]> {
    this.hears();
    await this.says(...lines);
    return this.hears();
  }

  /** Sends a line, and asserts that exactly these lines follow. */
  async expect(line: string, ...answer: string[]): Promise<void> {
    assertEquals(await this.asks(line), answer, line);
  }

  /** Closes the connection without a QUIT. */
  async leave(ending?: string): Promise<void> {
    this.connection.closeReason ??= ending;
    this.connection.close();
    await this.over;
    await applied(this.#fixture.chat);
  }
}

/** A server with both protocols, and its clients. */
export class ProtocolFixture {
  readonly chat: LocalChat;
  readonly options: IrcOptions;
  readonly clients: Client[] = [];
  /** The audit log. */
  readonly audits: string[] = [];
  motd: string[] = [];

  constructor(options: Partial<IrcOptions> = {}) {
    clock.now = THEN * 1000;
    this.chat = options.chat as LocalChat | undefined ??
      new LocalChat({ history: new MemoryHistory() });
    this.options = {
      formats: new Formats(SERVER),
      keepalive: new Keepalive(),
      auth: new AuthService(),
      hostOf: (address) => address === "192.0.2.1" ? "host" : "elsewhere",
      name: SERVER,
      version: "1.2",
      since: new Date(THEN * 1000),
      motd: () => this.motd,
      unregistered: { count: 0 },
      answerMax: 100_000,
      historyMax: HISTORY_MAX,
      tagsMax: TAGS_MAX,
      safeRate: false,
      typing: true,
      moderation: fakeModeration(this.audits),
      slicer: new TimeSlicer(),
      departures: new TimeSlicer(),
      ...options,
      chat: chatForProtocols(this.chat),
    };
  }

  /** Connects an IRC client, which has not sent anything yet. */
  connect(address?: string): Client {
    const client = new Client(this, (connection, onRegistered) => irc(connection, this.options, onRegistered), address);
    this.clients.push(client);
    return client;
  }

  /** Registers an IRC client with capabilities; its user name is its nick, its real name `Real` and the nick. */
  async irc(nick: string, ...capabilities: string[]): Promise<Client> {
    const client = this.connect();
    if (capabilities.length > 0) await client.says(`CAP REQ :${capabilities.join(" ")}`);
    await client.says(`NICK ${nick}`, `USER ${nick} 0 * :Real ${nick}`, "CAP END");
    assert(client.member !== undefined, `${nick} was not registered`);
    client.gets();
    return client;
  }

  /** Registers IRC clients and joins them to a channel, the first one as its operator; drops what they were sent. */
  async channel(name: string, ...nicks: string[]): Promise<Client[]> {
    const clients: Client[] = [];
    for (const nick of nicks) clients.push(await this.irc(nick));
    await this.join(name, ...clients);
    return clients;
  }

  /** Joins clients to a channel, one after the other; drops what they were sent. */
  async join(name: string, ...clients: Client[]): Promise<void> {
    for (const client of clients) await client.says(`JOIN ${name}`);
    this.quiet();
  }

  /** Connects a text client with a nick. */
  async text(nick: string): Promise<Client> {
    const options = { ...this.options, registrationTime: 30_000, format: textFormat(100) };
    const client = new Client(this, (connection, onRegistered) => text(connection, options, onRegistered));
    this.clients.push(client);
    await client.says(`/nick ${nick}`);
    this.quiet();
    return client;
  }

  /** Drops the lines that clients were sent. */
  quiet(): void {
    for (const client of this.clients) client.gets();
  }

  /** Asserts that a line is valid: no line ends inside, and at most 510 bytes. */
  static assertSound(line: string): void {
    assert(!/[\r\n\0]/.test(line), `a line with CR, LF or NUL: ${JSON.stringify(line)}`);
    const bytes = new TextEncoder().encode(line.replace(/^@\S+ /, "")).length;
    assert(bytes <= 510, `a line of ${bytes} bytes: ${line}`);
  }

  /** Disconnects all clients. */
  async close(): Promise<void> {
    for (const client of this.clients) await client.leave();
  }
}

/** Registers a test with a server of its own, whose clients are disconnected in the end. */
export function test(
  name: string,
  run: (fixture: ProtocolFixture) => Promise<void>,
  options: () => Partial<IrcOptions> = () => ({}),
) {
  Deno.test(name, async () => {
    const fixture = new ProtocolFixture(options());
    try {
      await run(fixture);
    } finally {
      await fixture.close();
    }
  });
}

/** Registers a test of a server with accounts. Hashing passwords takes no time; the auth service's log is in the office. */
export function testAccounts(
  name: string,
  run: (fixture: ProtocolFixture, office: AuthFixture) => Promise<void>,
  { keepPrivate = "accounts", stored = false, ...options }: Parameters<typeof AuthFixture.open>[0] & {
    keepPrivate?: KeepPrivate;
    /** Whether lines are stored in a file, with what only a file has. */
    stored?: boolean;
  } = {},
) {
  Deno.test(name, async () => {
    await using office = await AuthFixture.open(options);
    const history = stored ? new SqliteHistory(office.file) : new MemoryHistory();
    const reserved = [SERVER, "NickServ", "ChanServ"];
    const chat = office.chat({ history, keepPrivate, reserved });
    const fixture = new ProtocolFixture({ chat, auth: office.auth });
    try {
      await run(fixture, office);
    } finally {
      await fixture.close();
    }
  });
}
