/**
 * What the tests of the IRC door share: clients without sockets, several on one hub, people of the text door among them,
 * and a clock that stands still until it is set.
 */
import { assert, assertEquals } from "@std/assert";
import { AuthService } from "../../../src/accounts/auth.ts";
import { LocalChat } from "../../../src/chat/local_chat.ts";
import { firstId, readId } from "../../../src/chat/ids.ts";
import type { Member } from "../../../src/chat/member.ts";
import { MemoryHistory } from "../../../src/history/memory.ts";
import { Formats } from "../../../src/protocol/irc/format.ts";
import { HISTORY_MAX } from "../../../src/protocol/irc/history.ts";
import { Keepalive } from "../../../src/protocol/irc/keepalive.ts";
import { INPUT_MAX, irc, type IrcOptions, TAGS_MAX } from "../../../src/protocol/irc/session.ts";
import { textFormat } from "../../../src/protocol/text/render.ts";
import { text } from "../../../src/protocol/text/session.ts";
import { TimeSlicer } from "../../../src/protocol/time_slicer.ts";
import type { Connection } from "../../../src/transport/connection.ts";
import { Office } from "../../accounts/helpers.ts";
import { orderly } from "../orderly.ts";
import { FakeConnection } from "../../fake_connection.ts";

/** When everything happens, unless a test says otherwise, in seconds since 1970 … */
export const THEN = Date.UTC(2026, 0, 2, 3, 4, 5) / 1000;

/** … and as a tag says it. */
export const TIME = "2026-01-02T03:04:05.000Z";

/** The time, in milliseconds since 1970. Each test begins `THEN`. */
export const clock = { now: THEN * 1000 };
Date.now = () => clock.now;

/** What `clock` says on a monotonic clock, which begins at 0. */
performance.now = () => clock.now - THEN * 1000;

/** `irc.test` */
export const SERVER = "irc.test";

/** The id of what is said first. */
const FIRST = firstId(THEN * 1000);

/** Somebody on either door. */
export class Client {
  readonly connection: FakeConnection;
  /** Who it is, once the door has let it in. */
  member!: Member;
  /** Resolves when it is gone. */
  readonly over: Promise<void>;
  readonly #chat: Chat;

  constructor(
    chat: Chat,
    serve: (connection: Connection, onMember: (member: Member) => void) => Promise<void>,
    address = "192.0.2.1",
  ) {
    this.#chat = chat;
    this.connection = new FakeConnection(address, INPUT_MAX);
    this.over = serve(this.connection, (member) => this.member = member);
  }

  /** Sends lines; resolves when they have been dealt with. */
  says(...lines: string[]): Promise<void> {
    return this.connection.feed(lines);
  }

  /** What it got since the last time, after a round, as it was sent. */
  gets(): string[] {
    this.#chat.hub.flush();
    return this.connection.take();
  }

  /** The same, but what is said is named 0, 1 and so on, and the server's name is left out. */
  hears(): string[] {
    const number = (_: string, before: string, id: string) => `${before}${readId(id)! - FIRST}`;
    const short = (line: string) => line.replace(/(^|^@\S+ ):irc\.test /, "$1");
    return this.gets().map((line) => short(line).replace(/^(@(?:\S+;)?msgid=)(\w+)/, number));
  }

  /** What it gets for lines of its own, in the same form. */
  async asks(...lines: string[]): Promise<string[]> {
    this.hears();
    await this.says(...lines);
    return this.hears();
  }

  /** Sends a line, and must get no more than these. */
  async expect(line: string, ...answer: string[]): Promise<void> {
    assertEquals(await this.asks(line), answer, line);
  }

  /** Leaves, without a word. */
  async leave(ending?: string): Promise<void> {
    this.connection.ending ??= ending;
    this.connection.close();
    await this.over;
  }
}

/** Both doors of a server, and who is there. */
export class Chat {
  readonly hub: LocalChat;
  readonly door: IrcOptions;
  readonly clients: Client[] = [];
  /** What was put on record. */
  readonly audits: string[] = [];
  motd: string[] = [];

  constructor(options: Partial<IrcOptions> = {}) {
    clock.now = THEN * 1000;
    this.hub = options.chat as LocalChat | undefined ?? new LocalChat({ history: new MemoryHistory() });
    this.door = {
      chat: this.hub,
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
      moderation: orderly(this.audits),
      slicer: new TimeSlicer(),
      departures: new TimeSlicer(),
      ...options,
    };
  }

  /** Lets a client in that has said nothing yet. */
  stranger(address?: string): Client {
    const client = new Client(this, (connection, onMember) => irc(connection, this.door, onMember), address);
    this.clients.push(client);
    return client;
  }

  /** Lets somebody in by IRC, with capabilities; their user name is their nick, their real name `Real` and that. */
  async irc(nick: string, ...capabilities: string[]): Promise<Client> {
    const client = this.stranger();
    if (capabilities.length > 0) await client.says(`CAP REQ :${capabilities.join(" ")}`);
    await client.says(`NICK ${nick}`, `USER ${nick} 0 * :Real ${nick}`, "CAP END");
    assert(client.member !== undefined, `${nick} was not let in`);
    client.gets();
    return client;
  }

  /** Lets people in by IRC, and into a channel, the first as its operator; nobody has heard anything yet then. */
  async channel(name: string, ...nicks: string[]): Promise<Client[]> {
    const clients: Client[] = [];
    for (const nick of nicks) clients.push(await this.irc(nick));
    await this.join(name, ...clients);
    return clients;
  }

  /** Has people come into a channel, one after the other. */
  async join(name: string, ...clients: Client[]): Promise<void> {
    for (const client of clients) await client.says(`JOIN ${name}`);
    this.quiet();
  }

  /** Lets somebody in by the text door. */
  async text(nick: string): Promise<Client> {
    const door = { ...this.door, registrationTime: 30_000, format: textFormat(100) };
    const client = new Client(this, (connection, onMember) => text(connection, door, onMember));
    this.clients.push(client);
    await client.says(`/nick ${nick}`);
    this.quiet();
    return client;
  }

  /** Throws away what people have yet to hear. */
  quiet(): void {
    for (const client of this.clients) client.gets();
  }

  /** Whether a line is such that every client can take it. */
  static assertSound(line: string): void {
    assert(!/[\r\n\0]/.test(line), `a line with CR, LF or NUL: ${JSON.stringify(line)}`);
    const bytes = new TextEncoder().encode(line.replace(/^@\S+ /, "")).length;
    assert(bytes <= 510, `a line of ${bytes} bytes: ${line}`);
  }

  /** Has everybody leave. */
  async close(): Promise<void> {
    for (const client of this.clients) await client.leave();
  }
}

/** Registers a test with a server of its own, which everybody leaves in the end. */
export function test(
  name: string,
  run: (chat: Chat) => Promise<void>,
  options: () => Partial<IrcOptions> = () => ({}),
) {
  Deno.test(name, async () => {
    const chat = new Chat(options());
    try {
      await run(chat);
    } finally {
      await chat.close();
    }
  });
}

/** The same, where names can be owned. What is derived costs nothing; what goes on record is in the office's log. */
export function testAccounts(
  name: string,
  run: (chat: Chat, office: Office) => Promise<void>,
  { keepPrivate = false, ...options }: Parameters<typeof Office.open>[0] & { keepPrivate?: boolean } = {},
) {
  Deno.test(name, async () => {
    await using office = await Office.open(options);
    const isRegistered = (nick: string) => office.auth.find(nick) !== undefined;
    const history = new MemoryHistory();
    const registeredLike = (look: string) => office.accounts.ownedLike(look);
    const reserved = [SERVER, "NickServ"];
    const hub = new LocalChat({ history, keepPrivate, policy: { isRegistered, registeredLike }, reserved });
    const chat = new Chat({ chat: hub, auth: office.auth });
    try {
      await run(chat, office);
    } finally {
      await chat.close();
    }
  });
}
