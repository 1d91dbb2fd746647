/** What the tests of the text protocol share: a server with a text port, and clients without sockets. */
import { assertEquals } from "@std/assert";
import { AuthService } from "../../../src/accounts/auth.ts";
import { LocalChat } from "../../../src/chat/local_chat.ts";
import type { Member, Session } from "../../../src/chat/member.ts";
import { MemoryHistory } from "../../../src/history/memory.ts";
import { textFormat } from "../../../src/protocol/text/render.ts";
import { text, type TextOptions } from "../../../src/protocol/text/session.ts";
import { TimeSlicer } from "../../../src/protocol/time_slicer.ts";
import { applied, chatForProtocols } from "../../delayed_chat.ts";
import { FakeConnection } from "../../fake_connection.ts";
import { fakeModeration } from "../fake_moderation.ts";

/** A chat with a text port. */
export class TextServer {
  readonly chat: LocalChat;
  readonly options: TextOptions;

  constructor({ announce = 100, ...options }: { announce?: number } & Partial<TextOptions> = {}) {
    this.chat = options.chat as LocalChat | undefined ??
      new LocalChat({ history: new MemoryHistory() });
    const defaults = {
      chat: this.chat,
      auth: new AuthService(),
      moderation: fakeModeration(),
      slicer: new TimeSlicer(),
      departures: new TimeSlicer(),
      registrationTime: 30_000,
      format: textFormat(announce),
      name: "tincan",
      motd: () => [],
      answerMax: 1e6,
    };
    this.options = { ...defaults, hostOf: (address) => `of-${address}`, ...options, chat: chatForProtocols(this.chat) };
  }

  /** Connects a client. Its greeting is the first that it receives. */
  arrive(): TextClient {
    return new TextClient(this);
  }

  /** Connects a member without a session. It is in no room. */
  connect(nick = this.chat.guestName()): Member {
    const identity = { user: "~user", host: "host", realname: "" };
    return this.chat.connect(nick, identity, this.options.format, new FakeConnection()).member;
  }

  /** Connects clients under nicknames, and discards what they have received. */
  async enter<Nicks extends string[]>(...nicks: [...Nicks]): Promise<{ [Each in keyof Nicks]: TextClient }> {
    const clients: TextClient[] = [];
    for (const nick of nicks) {
      const client = this.arrive();
      await client.says(`/nick ${nick}`);
      clients.push(client);
      for (const each of clients) each.hears();
    }
    return clients as { [Each in keyof Nicks]: TextClient };
  }
}

/** A client of a text port. */
export class TextClient {
  readonly connection = new FakeConnection();
  /** Its session in the chat. */
  session?: Session;
  /** Resolves when the session is over. */
  readonly over: Promise<void>;
  readonly #chat: LocalChat;

  constructor({ chat, options }: TextServer) {
    this.#chat = chat;
    this.over = text(this.connection, options, (session) => this.session = session);
  }

  /** The member that it has become. */
  get member(): Member | undefined {
    return this.session?.member;
  }

  /** Sends lines; resolves when the session has taken them. */
  async says(...lines: string[]): Promise<void> {
    await this.connection.says(...lines);
    await applied(this.#chat);
  }

  /** What it has received since the last call, with `[past]` in place of times. */
  hears(): string[] {
    this.#chat.flush();
    return this.connection.take().map((line) => line.replace(/^\[(\d{4}-\d\d-\d\d )?\d\d:\d\d\] /, "[past] "));
  }

  /** Sends lines, and returns what it receives. */
  async asks(...lines: string[]): Promise<string[]> {
    this.hears();
    await this.says(...lines);
    return this.hears();
  }
}

/** Sends one line after the other, and compares what the client receives. */
export async function dialogue(
  client: TextClient,
  exchanges: readonly (readonly [string, ...string[]])[],
): Promise<void> {
  for (const [line, ...answers] of exchanges) assertEquals(await client.asks(line), answers, line);
}

/** Clients in the room `#tea`, of which the first is operator. What they have received is discarded. */
export async function inRoom<Nicks extends string[]>(...nicks: [...Nicks]) {
  const server = new TextServer();
  const clients = await server.enter<Nicks>(...nicks);
  for (const client of clients) await client.says("/join #tea");
  for (const client of clients) client.hears();
  return { server, clients };
}
