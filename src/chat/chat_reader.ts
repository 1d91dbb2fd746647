/** The reading half of the chat: members, rooms and their history, which are the same for a single node and for several. */
import type { Chat } from "./chat.ts";
import type { KeepPrivate } from "./conversations.ts";
import { ChatError } from "./chat_error.ts";
import type { UserFlag } from "./commands.ts";
import { HistoryReader } from "./history_reader.ts";
import type { Hub } from "./hub.ts";
import type { Member, Session } from "./member.ts";
import { isAccount } from "./nicknames.ts";
import type { MonitorLists } from "./monitor.ts";
import type { Room } from "./room.ts";
import type { Sized } from "./state.ts";
import type { HistoryStore } from "./store.ts";
import type { Whowas } from "./whowas.ts";

/** The members of `Chat` that change nothing. */
type Reading =
  | ("members" | "rooms" | "history" | "whowas" | "monitor" | "flagCounts" | "peak" | "linesStored" | "linesLost")
  | ("maxJoined" | "has" | "get" | "getRoom" | "find" | "findRoom" | "guestName" | "requireNick" | "requireFree")
  | ("keepPrivate" | "hasSession" | "getByAccount" | "sessionsOf");

/** Reads the state of a hub and its history. The methods are documented in the interface {@linkcode Chat}. */
export class ChatReader implements Pick<Chat, Reading> {
  readonly history: HistoryReader;
  readonly #hub: Hub;

  constructor(hub: Hub, history: HistoryStore) {
    this.#hub = hub;
    this.history = new HistoryReader(
      history,
      hub.storage,
      hub.ids,
      (nick) => hub.nicknames.conversationName(nick),
    );
  }

  get members(): Sized<Member> {
    return this.#hub.members;
  }

  get rooms(): Sized<Room> {
    return this.#hub.rooms;
  }

  get whowas(): Whowas {
    return this.#hub.whowas;
  }

  get monitor(): MonitorLists {
    return this.#hub.monitor;
  }

  get flagCounts(): Readonly<Record<UserFlag, number>> {
    return this.#hub.flagCounts;
  }

  get peak(): number {
    return this.#hub.peak;
  }

  get linesStored(): number {
    return this.#hub.storage.stored;
  }

  get linesLost(): number {
    return this.#hub.storage.lost;
  }

  get keepPrivate(): KeepPrivate {
    return this.#hub.storage.keeps;
  }

  get maxJoined(): number {
    return this.#hub.limits.maxJoined;
  }

  has(member: Member): boolean {
    return this.#hub.has(member);
  }

  get(nick: string): Member | undefined {
    return this.#hub.get(nick);
  }

  getRoom(name: string): Room | undefined {
    return this.#hub.getRoom(name);
  }

  find(nick: string): Member {
    const member = this.#hub.get(nick);
    if (member === undefined) throw new ChatError("no-such-user", nick);
    return member;
  }

  findRoom(name: string): Room {
    const room = this.#hub.getRoom(name);
    if (room === undefined) throw new ChatError("no-such-room", name);
    return room;
  }

  guestName(): string {
    return this.#hub.nicknames.guestName();
  }

  requireNick(nick: string, holder?: Member, account: string | undefined = holder?.fullAccount): void {
    this.#hub.nicknames.requireAvailable(nick, holder, account);
  }

  requireFree(nick: string, holder?: Member): void {
    this.#hub.nicknames.requireFree(nick, holder);
  }

  hasSession(session: Session): boolean {
    return this.#hub.hasSession(session);
  }

  getByAccount(account: string): Member | undefined {
    return this.#hub.getByAccount(account);
  }

  *sessionsOf(account: string): Iterable<Session> {
    yield* this.getByAccount(account)?.sessions ?? [];
    for (const { scope, account: own, sessions } of this.members) {
      if (scope !== undefined && isAccount(account, own)) yield* sessions;
    }
  }
}
