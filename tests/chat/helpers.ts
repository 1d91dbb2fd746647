/** Shared by the tests of the chat: a chat with inboxes, a wire format with all fields, and a persistent history in memory. */
import { assertEquals, assertThrows } from "@std/assert";
import type { Directory } from "../../src/chat/directory.ts";
import type { ChatEvent, WireFormat } from "../../src/chat/events.ts";
import type { ChatOptions } from "../../src/chat/chat_options.ts";
import { LocalChat } from "../../src/chat/local_chat.ts";
import type { SayOptions } from "../../src/chat/commands.ts";
import { type Identity, Member, type Outlet, Session } from "../../src/chat/member.ts";
import type { ReadMarkerStore } from "../../src/chat/read_marker_store.ts";
import type { ModeChange } from "../../src/chat/modes.ts";
import { fold } from "../../src/chat/names.ts";
import { ChatError, type ChatErrorCode } from "../../src/chat/chat_error.ts";
import {
  type FoundLines,
  type HistoryRange,
  type HistoryStore,
  type Line,
  type ReactionsTo,
  type SavedRoom,
  type SearchQuery,
  StoreError,
} from "../../src/chat/store.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import type { Steps } from "../../src/util/steps.ts";
import { readModes } from "../../src/protocol/modes.ts";

/** An outlet that collects the arrays it is sent, not copies, so that later changes to them show. */
export class Inbox implements Outlet {
  readonly peer = "192.0.2.1:5";
  batches: (readonly string[])[] = [];

  send(lines: readonly string[]): void {
    this.batches.push(lines);
  }

  close(): void {}

  get lines(): string[] {
    return this.batches.flat();
  }

  /** The lines since the last call. */
  take(): string[] {
    const lines = this.lines;
    this.batches = [];
    return lines;
  }
}

/** The fields of events, in the order of `spell`. */
const PARTS = ["kind", "room", "who", "to", "whom", "reason", "text", "topic", "message", "realname", "away", "style"];

/**
 * Writes an event as a string, without time, id and origin: `left #lobby guest1 too slow 2`.
 *
 * Empty and false fields are left out; true ones are written by name: `left #lobby guest1 2 quit`.
 */
export function spell(event: ChatEvent): string {
  const { time: _time, id: _id, origin: _origin, changes, ...rest } = event as unknown as Record<string, unknown>;
  const parts: unknown[] = PARTS.map((part) => rest[part]);
  for (const [part, value] of Object.entries(rest)) {
    if (!PARTS.includes(part)) parts.push(value === true ? part : value);
  }
  for (const change of (changes ?? []) as ModeChange[]) parts.push(spellChange(change));
  return parts.filter((part) => part !== undefined && part !== false && part !== "").join(" ");
}

/** Writes a mode change as `+k KEY`. */
function spellChange({ on, mode, ...rest }: ModeChange): string {
  return [`${on ? "+" : "-"}${mode}`, ...Object.values(rest)].join(" ");
}

/** A wire format that counts the events that it renders. */
export class CountingFormat implements WireFormat {
  rendered = 0;
  readonly #render: WireFormat["render"];

  constructor(render: WireFormat["render"] = spell) {
    this.#render = render;
  }

  render(event: ChatEvent): string | readonly string[] | undefined {
    this.rendered++;
    return this.#render(event);
  }
}

/**
 * A persistent history in memory: what was committed is there for the next chat. It can be made to fail, and records its
 * commits.
 */
export class LastingHistory implements HistoryStore {
  readonly persistent = true;
  secret = new Uint8Array(32);
  readonly overdue = false;
  storedPosition = 0;
  settledPosition = 0;
  position: number | undefined;
  last = 0;
  /** Why writes fail, if they do … */
  full: string | undefined;
  /** … and why reads do. */
  unreadable: string | undefined;
  /** Called before each commit, which may fail. */
  onCommit = () => {};
  /** The room names and texts of lines of each commit. */
  commits: string[][] = [];
  readonly #stored = new MemoryHistory();
  readonly #rooms = new Map<string, SavedRoom>();
  #lines: ({ target: string; line: Line } | { apply: () => void })[] = [];
  #changed = new Map<string, SavedRoom>();

  setNetwork(): void {}

  adoptSecret(): void {}

  adoptPosition(position: number): void {
    this.position = this.storedPosition = this.settledPosition = position;
  }

  /** Whether another process has it locked. */
  locked = false;

  get ready(): boolean {
    return !this.locked;
  }

  add(target: string, line: Line): void {
    if (this.position !== undefined && this.position <= this.storedPosition) return;
    this.#lines.push({ target, line });
  }

  react(...args: Parameters<HistoryStore["react"]>): void {
    this.#change(() => this.#stored.react(...args));
  }

  redact(...args: Parameters<HistoryStore["redact"]>): void {
    this.#change(() => this.#stored.redact(...args));
  }

  #change(apply: () => void) {
    if (this.position === undefined || this.position > this.storedPosition) this.#lines.push({ apply });
  }

  line(target: string, id: number): Line | undefined {
    return this.#read().line(target, id);
  }

  bareLine(target: string, id: number): Line | undefined {
    return this.#read().bareLine(target, id);
  }

  reactionsTo(...args: Parameters<HistoryStore["reactionsTo"]>): ReactionsTo {
    return this.#read().reactionsTo(...args);
  }

  mentions(): [] {
    return [];
  }

  forgetMentions(): void {}

  saveRoom(room: SavedRoom): void {
    this.#changed.set(fold(room.name), room);
  }

  get readMarkers(): ReadMarkerStore {
    return this.#stored.readMarkers;
  }

  countAfter(target: string, id: number, max: number): number {
    return this.#read().countAfter(target, id, max);
  }

  commit(): boolean {
    const lines = this.#lines;
    if (lines.length === 0 && this.#changed.size === 0) return false;
    this.#lines = [];
    this.onCommit();
    if (this.full !== undefined || this.locked) throw new StoreError(this.full ?? "locked");
    const texts = lines.map((each) => "apply" in each ? "a change of a line" : each.line.text);
    this.commits.push([...this.#changed.values()].map(({ name }) => name).concat(texts));
    for (const [key, room] of this.#changed) this.#rooms.set(key, room);
    this.#changed.clear();
    for (const each of lines) {
      if ("apply" in each) each.apply();
      else {
        this.#stored.add(each.target, each.line);
        this.last = Math.max(this.last, each.line.id);
      }
    }
    return true;
  }

  /** The commits since the last call. */
  take(): string[][] {
    const commits = this.commits;
    this.commits = [];
    return commits;
  }

  page(target: string, range: HistoryRange): Line[] {
    return this.#read().page(target, range);
  }

  has(target: string, id: number): boolean {
    return this.#read().has(target, id);
  }

  firstSince(target: string, time: number): number {
    return this.#read().firstSince(target, time);
  }

  *search(targets: readonly string[], query: SearchQuery): Steps<FoundLines> {
    return yield* this.#read().search(targets, query);
  }

  *targets(prefix: string): Steps<{ target: string; line: Line }[]> {
    return yield* this.#read().targets(prefix);
  }

  rooms(): SavedRoom[] {
    return [...this.#rooms.values()];
  }

  renameRoom(key: string, name: string): void {
    if (this.full !== undefined) throw new StoreError(this.full);
    const room = this.#rooms.get(key);
    this.#rooms.delete(key);
    if (room !== undefined) this.#rooms.set(fold(name), { ...room, name });
    this.#stored.renameRoom(key, name);
  }

  deleteTarget(target: string): void {
    if (this.full !== undefined) throw new StoreError(this.full);
    this.#changed.delete(target);
    this.#rooms.delete(target);
    this.#stored.deleteTarget(target);
  }

  deleteConversations(prefix: string): void {
    if (this.full !== undefined) throw new StoreError(this.full);
    this.#stored.deleteConversations(prefix);
  }

  runStep(): boolean {
    return false;
  }

  /** Drops what was not committed. The history can be used by another chat then. */
  close(): void {
    this.#lines = [];
    this.#changed.clear();
  }

  #read(): MemoryHistory {
    if (this.unreadable !== undefined) throw new StoreError(this.unreadable);
    return this.#stored;
  }
}

/** An identity, where it does not matter. */
export const IDENTITY: Identity = { user: "~user", host: "host", realname: "" };

/** The first session of a member. */
export function sessionOf(member: Member): Session {
  return member.sessions[0]!;
}

/** A member with one session. */
export function memberWith(identity: Partial<Identity>, nick: string, format: WireFormat, outlet: Outlet): Member {
  const member = new Member(nick, { ...IDENTITY, ...identity });
  member.sessions.push(new Session(0, member, IDENTITY, { format, outlet }));
  return member;
}

/** A directory for tests that say by the policy which nicknames are registered. It does whatever it is told. */
export const ANY_ACCOUNT: Directory = {
  isRegistered: () => false,
  registeredLike: () => undefined,
  revision: () => "1",
  change: () => true as never,
};

/** Deletes an account of {@linkcode ANY_ACCOUNT}. */
export function dropAccount(chat: LocalChat, account: string): void {
  const answer = chat.directory.submit<"account-drop">({ op: "account-drop", account: fold(account), revision: "1" });
  assertEquals(answer, true);
}

/** A chat whose members have inboxes. */
export class ChatFixture {
  held = 0;
  readonly format = new CountingFormat();
  readonly chat: LocalChat;
  readonly #inboxes = new Map<Member, Inbox>();

  constructor(options: Partial<ChatOptions> = {}) {
    const observer = { flushWanted: () => void this.held++, ...options.observer };
    this.chat = new LocalChat({ history: new MemoryHistory(), directory: ANY_ACCOUNT, ...options, observer });
  }

  /** Connects a member, as a guest by default, has it join rooms, and empties all inboxes. */
  enter(nick?: string, ...rooms: string[]): Member {
    const member = this.arrive(nick, rooms);
    for (const each of this.#inboxes.keys()) this.heard(each);
    return member;
  }

  /** Connects a member and has it join rooms. The inboxes are left as they are. */
  arrive(
    nick: string | undefined,
    rooms: readonly string[] = [],
    identity: Partial<Identity> = {},
    format = this.format,
  ): Member {
    const inbox = new Inbox();
    const { member } = this.chat.connect(nick, { ...IDENTITY, ...identity }, format, inbox);
    this.#inboxes.set(member, inbox);
    for (const room of rooms) this.chat.join(member, room);
    return member;
  }

  /** Flushes, and returns what a member was told since the last call. */
  heard(member: Member): string[] {
    this.chat.flush();
    return this.told(member);
  }

  /** What a member was told since the last call, without a flush. */
  told(member: Member): string[] {
    return this.#inboxes.get(member)!.take();
  }

  say(member: Member, room: string, text: string, manner?: SayOptions): void {
    this.chat.say(member, this.chat.findRoom(room), text, manner);
  }

  /** Changes modes, written as on IRC. Returns the codes of rejected changes. */
  mode(member: Member, room: string, modes: string): ChatErrorCode[] {
    const { changes, lists, unknown } = readModes(modes.split(" "));
    assertEquals([lists, unknown], [[], []], modes);
    return this.chat.setModes(member, this.chat.findRoom(room), changes).rejected.map(({ code }) => code);
  }

  said(room: string): string[] {
    return this.chat.history.latest(this.chat.findRoom(room), 100).map(({ text }) => text);
  }

  rooms(): string[] {
    return [...this.chat.rooms].map(({ name }) => name);
  }
}

/** A chat with a persistent history; `restart` starts another with what was stored. */
export function lasting(options: Partial<ChatOptions> = {}) {
  const history = new LastingHistory();
  /** The reported storage failures, and `undefined` for each recovery. */
  const troubles: (string | undefined)[] = [];
  const start = (more: Partial<ChatOptions> = {}) => {
    history.close();
    const observer = {
      storeFailed: (error: StoreError) => void troubles.push(error.message),
      storeRecovered: () => void troubles.push(undefined),
      ...options.observer,
    };
    return new ChatFixture({ history, ...options, ...more, observer });
  };
  return { history, troubles, fixture: start(), restart: start };
}

/** Asserts that a request is rejected with a code and a subject. */
export function assertRejected(code: ChatErrorCode, subject: string, action: () => void): void {
  const error = assertThrows(action, ChatError);
  assertEquals([error.code, error.subject], [code, subject]);
}
