/**
 * A chat whose changes are made later, as in a cluster: each is a command that is applied in a later turn of the event loop, in
 * the order in which all clients have given them.
 */
import { setImmediate } from "node:timers";
import type { Chat } from "../src/chat/chat.ts";
import { ChatError } from "../src/chat/chat_error.ts";
import type { SayOptions } from "../src/chat/commands.ts";
import type { LocalChat } from "../src/chat/local_chat.ts";
import { Member, Session } from "../src/chat/member.ts";

/** Whether protocols get a delayed chat in all tests: see {@linkcode chatForProtocols}. Set by `protocol/all_delayed.ts`. */
export const delayedInTests = { on: false };

/** The methods of the chat that change it, except `say`, which is never awaited. */
export const CHANGES: ReadonlySet<string | symbol> = new Set<keyof Chat>([
  "connect",
  "disconnect",
  "invite",
  "join",
  "kick",
  "leave",
  "login",
  "logout",
  "notice",
  "reclaim",
  "remove",
  "rename",
  "sayWallops",
  "setAway",
  "setFlag",
  "setModes",
  "setRealname",
  "setToken",
  "setTopic",
  "tag",
  "whisper",
  "whisperEach",
]);

/** The methods for which it is a bug of the protocol if the member has disconnected when they are called. */
const FOR_CONNECTED: ReadonlySet<string | symbol> = new Set<keyof Chat>([
  "join",
  "login",
  "logout",
  "reclaim",
  "rename",
]);

/** The parts of the chat whose methods change it, and those of their methods and properties that do not. */
const PARTS: ReadonlyMap<string | symbol, readonly (string | symbol)[]> = new Map([
  ["serverBans", []],
  ["directory", []],
  ["admin", ["forgetRoles"]], // its steps are run one by one
  ["links", ["list", "check"]],
  ["alwaysOn", ["policy", "absent", "status"]],
  ["ignores", ["list", "ignores", "isHidden"]],
  ["lines", ["find", "quote", "redactTime"]],
  ["readMarkers", ["get", "newLines"]],
  ["visitors", ["requireEntry", "requireWriter", "sees", "watch"]],
]);

/** A function of a class, as a proxy finds it. */
type Method = (...args: unknown[]) => unknown;

/** Commands that wait to be applied. */
export class DelayedChat {
  /** The chat for protocols. */
  readonly chat: LocalChat;
  /** Whether commands wait for `applyAll`. */
  isHeld = false;
  readonly #local: LocalChat;
  readonly #commands: (() => void)[] = [];
  /** For each session, how many of its lines are under way. */
  readonly #lines = new Map<Session, number>();
  #waiting: { readonly session: Session; readonly most: number; readonly resolve: () => void }[] = [];
  #isScheduled = false;
  #turn: Promise<void> | undefined;

  /** @param chat Applies the commands. What tests change in it directly is changed at once. */
  constructor(chat: LocalChat) {
    this.#local = chat;
    const own: Readonly<Record<string | symbol, unknown>> = {
      say: (...args: Parameters<Chat["say"]>) => this.#say(chat, ...args),
      underWay: (session: Session, most = 0) => this.#underWay(session, most),
    };
    this.chat = this.#delayed(chat, (key) => CHANGES.has(key), own);
  }

  /** How many commands are under way. */
  get waiting(): number {
    return this.#commands.length;
  }

  /** Applies all commands, also those that follow from them. */
  async applyAll(): Promise<void> {
    for (let idle = 0; idle < 3; idle++) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      await this.#turn;
      if (this.#commands.length === 0) continue;
      await this.apply();
      idle = -1;
    }
  }

  /** Applies the commands that are under way now, and no others. */
  async apply(): Promise<void> {
    for (const command of this.#commands.splice(0)) {
      command();
      await undefined; // the author goes on before the next command is applied
    }
  }

  #add(command: () => void) {
    this.#commands.push(command);
    if (this.isHeld) return;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (!this.isHeld) this.#turn = this.apply();
    });
  }

  /** Wraps an object, and the parts in it, so that some of its methods are applied later. */
  #delayed<T extends object>(
    object: T,
    changes: (key: string | symbol) => boolean,
    own: Readonly<Record<string | symbol, unknown>> = {},
  ): T {
    return new Proxy(object, {
      get: (target, key) => {
        if (Object.hasOwn(own, key)) return own[key];
        const value: unknown = Reflect.get(target, key, target);
        const reads = target === this.#local ? PARTS.get(key) : undefined;
        if (reads !== undefined) return this.#delayed(value as object, (key) => !reads.includes(key));
        if (typeof value !== "function") return value;
        if (!changes(key)) return value.bind(target);
        return (...args: unknown[]) => {
          if (FOR_CONNECTED.has(key)) this.#requireConnected(args[0]);
          return this.#later(args, () => (value as Method).apply(target, args));
        };
      },
    });
  }

  #requireConnected(author: unknown) {
    const member = author instanceof Session ? author.member : author;
    if (!this.#local.has(member as Member)) throw new TypeError("Cannot act for a member that is not connected");
  }

  #later(args: readonly unknown[], change: () => unknown): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#add(() => {
      try {
        let result;
        applying(authorsOf(args), () => result = change());
        resolve(result);
      } catch (error) {
        reject(isDisconnected(error) ? new ChatError("no-such-user", GONE) : error);
      }
    });
    return promise;
  }

  #say(chat: LocalChat, member: Member, room: Parameters<Chat["say"]>[1], text: string, options: SayOptions = {}) {
    const { from = member.sessions[0], style = "say" } = options;
    if (from === undefined) return chat.say(member, room, text, options);
    this.#lines.set(from, (this.#lines.get(from) ?? 0) + 1);
    this.#add(() => {
      try {
        applying([from], () => chat.say(member, room, text, options));
      } catch (error) {
        if (!(error instanceof ChatError)) throw error;
        from.handlers.rejected?.(error, style);
      }
      this.#lines.set(from, this.#lines.get(from)! - 1);
      this.#waiting = this.#waiting.filter(({ session, most, resolve }) => {
        if (session !== from || this.#lines.get(from)! > most) return true;
        resolve();
        return false;
      });
    });
  }

  #underWay(session: Session, most: number): Promise<void> | undefined {
    if ((this.#lines.get(session) ?? 0) <= most) return undefined;
    return new Promise((resolve) => this.#waiting.push({ session, most, resolve }));
  }
}

/** What the hub names a member that has disconnected: its id. */
const GONE = "12345";

/** Whether a command was applied for a member that has been disconnected: what the hub rejects, the local chat takes for a bug. */
function isDisconnected(error: unknown): boolean {
  return error instanceof TypeError && error.message.endsWith("not connected");
}

/** The sessions whose command it is: the one that is named, or all of the member. */
function authorsOf(args: readonly unknown[]): readonly Session[] {
  const [first] = args;
  if (first instanceof Session) return [first];
  if (!(first instanceof Member)) return [];
  for (const arg of args.slice(1)) {
    if (arg instanceof Session) return [arg];
    const { from } = (arg ?? {}) as SayOptions;
    if (from instanceof Session) return [from];
  }
  return [...first.sessions];
}

function applying([session, ...others]: readonly Session[], apply: () => void): void {
  if (session === undefined) return apply();
  const next = () => applying(others, apply);
  const wrap = session.handlers.applying;
  if (wrap === undefined) next();
  else wrap(next);
}

/** The delayed chats of the tests that run, by the chats that they change. */
const delayedChats = new WeakMap<LocalChat, DelayedChat>();

/** The chat that a harness gives to protocols: the same, or a delayed one if all are. */
export function chatForProtocols(chat: LocalChat): LocalChat {
  if (!delayedInTests.on) return chat;
  const delayed = new DelayedChat(chat);
  delayedChats.set(chat, delayed);
  return delayed.chat;
}

/** Resolves when what clients have sent is applied, if protocols have a delayed chat. */
export async function applied(chat: LocalChat): Promise<void> {
  await delayedChats.get(chat)?.applyAll();
}
