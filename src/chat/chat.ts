/**
 * The chat as protocols see it: members, rooms, and what members can do.
 *
 * Methods that change state return an {@linkcode Answer}, so a protocol awaits them. The exception is `say`: it is the hot
 * path, and a protocol never waits for it.
 */
import type { Said, Tagged, Whispered, WireFormat } from "./events.ts";
import type { ChatError } from "./chat_error.ts";
import type { SayOptions, UserFlag } from "./hub.ts";
import type { Identity, Member, Outlet } from "./member.ts";
import type { ModeChange, Rank } from "./modes.ts";
import type { MonitorLists, Whowas } from "./lookouts.ts";
import type { Mutes } from "./mutes.ts";
import type { Room } from "./room.ts";
import type { HistoryRange, Line, SearchQuery } from "./store.ts";
import type { Steps } from "../util/steps.ts";

/** The result of a change: there at once on a single node, and to be awaited by callers all the same. */
export type Answer<T> = T;

/** Members, rooms, their history, and every change that a protocol can ask for. Each member is documented at `Hub`. */
export interface Chat {
  readonly whowas: Whowas;
  readonly monitor: MonitorLists;
  readonly mutes: Mutes;
  readonly flagCounts: Readonly<Record<UserFlag, number>>;
  readonly peak: number;
  readonly kept: number;
  readonly lost: number;
  readonly maxJoined: number;
  readonly members: Iterable<Member> & { readonly size: number };
  readonly rooms: Iterable<Room> & { readonly size: number };

  has(member: Member): boolean;
  /** The member with a nickname, in any case. */
  get(nick: string): Member | undefined;
  /** The room with a name, in any case. */
  getRoom(name: string): Room | undefined;
  find(nick: string): Member;
  findRoom(name: string): Room;
  guestName(): string;
  requireNick(nick: string, holder?: Member, account?: string): void;
  requireFree(nick: string, owner?: Member): void;
  loggedIn(account: string): Iterable<Member>;

  connect(nick: string, identity: Identity, format: WireFormat, outlet: Outlet): Answer<Member>;
  disconnect(member: Member, reason?: string, own?: boolean): Answer<void>;
  setFlag(member: Member, flag: UserFlag, on: boolean): Answer<void>;
  rename(member: Member, nick: string): Answer<void>;
  reclaim(member: Member, nick: string, reason: string): Answer<Member | undefined>;
  login(member: Member, account: string): Answer<void>;
  logout(member: Member): Answer<void>;
  setAway(member: Member, message: string | undefined): Answer<void>;
  setRealname(member: Member, realname: string): Answer<void>;
  join(member: Member, name: string, key?: string): Answer<Room>;
  leave(member: Member, room: Room, reason?: string): Answer<void>;
  kick(member: Member, room: Room, nick: string, reason?: string): Answer<Member>;
  invite(member: Member, room: Room, nick: string): Answer<Member>;
  setTopic(member: Member, room: Room, topic: string): Answer<void>;
  setModes(
    member: Member,
    room: Room,
    changes: readonly ModeChange[],
  ): Answer<{ made: ModeChange[]; refused: ChatError[] }>;
  say(member: Member, room: Room, text: string, options?: SayOptions): void;
  whisper(member: Member, nick: string, text: string, options?: SayOptions): Answer<Whispered | undefined>;
  whisperEach(
    member: Member,
    nicks: readonly string[],
    text: string,
    options?: SayOptions,
  ): Answer<(Whispered | ChatError | undefined)[]>;
  tag(member: Member, to: Member | Room, tags: string, least?: Rank): Answer<Tagged>;
  sayWallops(member: Member, text: string): Answer<void>;
  notice(text: string): Answer<void>;

  /** Local to this process: how a member's events are rendered from now on. */
  reformat(member: Member, format: WireFormat): void;
  flush(last?: boolean): void;

  latest(room: Room, count: number): Said[];
  page(room: Room, range: HistoryRange): Said[];
  conversation(member: Member, nick: string, range: HistoryRange): Line[];
  wasSaid(member: Member, where: Room | string, id: number): boolean;
  placeOf(time: number, member: Member, where: readonly (Room | string)[]): number;
  conversations(member: Member): Steps<{ with: string; line: Line }[]>;
  search(rooms: readonly Room[], query: SearchQuery): Steps<{ lines: Said[]; unsearched: number | undefined }>;
  forgetConversations(account: string): Steps<void>;
  desert(key: string): void;
}
