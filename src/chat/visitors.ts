/**
 * Visitors: clients that read a room, or speak in it, without being members of the chat, such as requests over HTTP.
 *
 * A visitor may do in a room what it could do there if it joined: the same modes, bans, mutes and limits apply.
 */
import { requireEntryOf, requireVoiceOf } from "./access.ts";
import { type Answer, then } from "./answer.ts";
import { ChatError } from "./chat_error.ts";
import type { CommandOf } from "./commands.ts";
import { type Directory, knownRevision } from "./directory.ts";
import type { Said, WireFormat } from "./events.ts";
import type { HistoryReader } from "./history_reader.ts";
import type { Hub } from "./hub.ts";
import { type Identity, Member, type Outlet, Session } from "./member.ts";
import { messageText, requireLength } from "./message_text.ts";
import type { MutedHosts } from "./muted_hosts.ts";
import { quoteOf } from "./quotes.ts";
import type { Room } from "./room.ts";
import { isScoped, requireReadable, requireScope } from "./scope.ts";
import { requireVisitorUnmuted, type RoomVisitor, visitorIn } from "./visitor_access.ts";

/** A client that is not a member of the chat. */
export interface Visitor {
  readonly identity: Identity;
  /** The name that it wants for its lines; `undefined` for that of a guest. */
  readonly nick: string | undefined;
  /** Whether its lines are those of a program. */
  readonly bot: boolean;
  /** Its address, for the log alone. */
  readonly peer: string;
}

/** A line of a visitor. */
export interface Posted {
  readonly line: Said;
  /** Whether it is stored: else that is under way, as another program uses the database. */
  readonly stored: boolean;
}

/** How a line is said. */
export interface PostOptions {
  /** The key of the room (mode `k`), if the visitor knows it. */
  readonly key?: string | undefined;
  /** The id of the line that this one replies to. */
  readonly reply?: number | undefined;
}

/** What visitors can do. */
export interface Visitors {
  /**
   * Says something in a room.
   *
   * @returns The line; `undefined` if the text is blank.
   * @throws {ChatError} `message-too-long`, `no-such-line`, `stored-too-much`, `not-stored`, `server-banned`,
   *   `token-read-only`, `token-room`, `no-such-room`, `login-outdated`, `muted`, `cannot-speak`, `keys-too-fast`, or why
   *   the visitor cannot enter the room; `no-such-room` in place of that if it cannot see the room either
   */
  post(visitor: Visitor, room: Room, text: string, options?: PostOptions): Answer<Posted | undefined>;
  /**
   * Checks that a visitor may read a room.
   *
   * @param key The key of the room (mode `k`).
   * @throws {ChatError} `server-banned`, `token-room`, `keys-too-fast`, or why it cannot enter the room; `no-such-room` in
   *   place of the last three if it cannot see the room either
   */
  requireEntry(visitor: Visitor, room: Room, key?: string): void;
  /** Whether a visitor may know that a room exists: of a secret one, if its account is in the room or has a role there. */
  sees(visitor: Visitor, room: Room): boolean;
  /**
   * Checks that a visitor may write on this server, apart from what rooms demand.
   *
   * @throws {ChatError} `server-banned`, `muted`, `token-read-only` or `token-room`
   */
  requireWriter(visitor: Visitor): void;
  /**
   * Has the lines of a room sent to a visitor from now on. Whether it may read the room is left to the caller.
   *
   * @returns Ends that; `undefined` if lines that were said before are not stored yet. They would reach the visitor neither way.
   */
  watch(visitor: Visitor, room: Room, format: WireFormat, outlet: Outlet): (() => void) | undefined;
}

/** What visitors need of the chat. */
interface VisitorsOptions {
  readonly hub: Hub;
  readonly history: HistoryReader;
  readonly directory: Directory | undefined;
  /** The hosts that are muted now. */
  readonly muted: () => MutedHosts;
  readonly submit: (command: CommandOf<"post">) => Answer<Said>;
  /** @throws {ChatError} `server-banned` */
  readonly requireUnbanned: (nick: string, identity: Identity, outlet: Outlet, account: string | undefined) => void;
  /** Counts a key, if it is wrong. @throws {ChatError} `keys-too-fast` */
  readonly takeKey: (client: Member, room: Room, key: string) => void;
  /** Counts characters that are to be stored. @throws {ChatError} `stored-too-much` */
  readonly requireStorage: (client: Member, where: string, characters: number) => void;
}

/** Checks what the author of a command has to check. */
export class AuthoredVisitors implements Visitors {
  readonly #options: VisitorsOptions;
  readonly #find = (account: string) => this.#options.hub.getByAccount(account);

  constructor(options: VisitorsOptions) {
    this.#options = options;
  }

  post(visitor: Visitor, room: Room, text: string, { key, reply: id }: PostOptions = {}): Answer<Posted | undefined> {
    const { hub, directory } = this.#options;
    const client = this.#clientOf(visitor);
    if (room.closed) throw new ChatError("no-such-room", room.name);
    this.requireEntry(visitor, room, key); // first: other errors would reveal that a secret room exists
    requireScope(client, room.key);
    const clean = messageText(text);
    if (clean.trim() === "") return undefined;
    requireLength(clean); // of a single line, too, as no transport has limited it
    const reply = id === undefined ? undefined : this.#quote(client, room, id);
    this.#requireUnmuted(client); // before the line counts
    this.#requireVoice(visitor, room, key);
    this.#options.requireStorage(client, room.name, clean.length);
    const { identity, nick, bot } = visitor;
    const { account, token } = identity;
    const revision = account === undefined ? undefined : knownRevision(directory, account, token);
    const command = { op: "post", room: room.key, nick, identity, revision, key, text: clean, bot, reply } as const;
    return then(this.#options.submit(command), (line) => {
      const stored = hub.storage.commit();
      if (stored || hub.storage.hasPending(room.key)) return { line, stored };
      throw new ChatError("not-stored", room.name);
    });
  }

  requireEntry(visitor: Visitor, room: Room, key?: string): void {
    const client = this.#clientOf(visitor);
    this.#requireUnbanned(visitor, client);
    try {
      requireReadable(client, room.key);
      this.#requireEntry(visitor, room, key);
    } catch (error) {
      throw error instanceof ChatError && !this.sees(visitor, room) ? new ChatError("no-such-room", room.name) : error;
    }
  }

  sees({ identity: { account, token } }: Visitor, room: Room): boolean {
    if (!room.switches.has("s") || token?.room === room.key) return true;
    if (account === undefined || isScoped(token)) return false;
    const known = this.#options.hub.getByAccount(account);
    return room.roles.of(account) !== undefined || (known !== undefined && room.has(known));
  }

  requireWriter(visitor: Visitor): void {
    const client = this.#clientOf(visitor);
    requireScope(client);
    this.#requireUnbanned(visitor, client);
    this.#requireUnmuted(client);
  }

  watch(visitor: Visitor, room: Room, format: WireFormat, outlet: Outlet): (() => void) | undefined {
    const { hub } = this.#options;
    if (room.closed || hub.storage.hasPending(room.key)) return undefined;
    const session = new Session(0, this.#clientOf(visitor), visitor.identity, { format, outlet });
    hub.show(session, room);
    return () => hub.hide(session, room);
  }

  /** The member that a visitor would be. */
  #clientOf({ identity, nick }: Visitor): Member {
    return new Member(nick ?? this.#options.hub.nicknames.guestName(), identity);
  }

  #requireEntry(visitor: Visitor, room: Room, key: string | undefined) {
    const { client, known } = this.#visitorIn(room, visitor);
    if (key !== undefined) this.#options.takeKey(client, room, key);
    requireEntryOf(client, known, room, key);
  }

  #requireVoice(visitor: Visitor, room: Room, key: string | undefined) {
    const { client, known } = this.#visitorIn(room, visitor);
    requireVoiceOf(client, known, room, key);
  }

  #visitorIn(room: Room, { identity, nick }: Visitor): RoomVisitor {
    return visitorIn(room, nick ?? this.#options.hub.nicknames.guestName(), identity, this.#find);
  }

  #requireUnmuted(client: Member) {
    requireVisitorUnmuted(this.#options.muted(), client, this.#find);
  }

  #requireUnbanned({ identity, peer }: Visitor, { nick, account }: Member) {
    this.#options.requireUnbanned(nick, identity, { peer, send: () => {}, close: () => {} }, account);
  }

  #quote(client: Member, room: Room, id: number) {
    return quoteOf(this.#options.history.bareLine(client, room, id));
  }
}
