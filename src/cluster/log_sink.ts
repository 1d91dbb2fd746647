/** The commands of this node's clients on their way: they are appended to the log, and settled when this node applies them. */
import { ChatError } from "../chat/chat_error.ts";
import type { CommandSink } from "../chat/command_sink.ts";
import { type Command, type CommandOf, IDS_OF_NODE, type Op, type Results } from "../chat/commands.ts";
import type { Hub } from "../chat/hub.ts";
import type { Endpoint, Session } from "../chat/member.ts";
import { EncodeError } from "./codec_errors.ts";

/** What this node keeps of a command of its own until it is applied. */
export interface Own {
  /** For `connect`: how the client is reached. */
  readonly endpoint: Endpoint | undefined;
  /** The sessions of the author on this node. */
  readonly sessions: readonly Session[];
}

/** How long to wait before a session is disconnected again, as too many commands wait, in milliseconds. */
const RETRY_PAUSE = 100;

/** Takes commands to be appended. Both methods throw `ChatError` or `EncodeError` if that is not possible. */
export interface CommandLog {
  /** Whether the node cannot go on: the process ends. */
  readonly hasEnded: boolean;
  /** Resolves to the result, or rejects with the `ChatError`, when this node has applied the command. */
  submit(command: Command, own: Own): Promise<unknown>;
  /** Calls `settled` when this node has applied the command, with the error if it was rejected. */
  post(command: Command, own: Own, settled: (error?: unknown) => void): void;
}

/** The lines of a session that are under way. */
interface Lines {
  count: number;
  readonly waiting: { readonly most: number; readonly resolve: () => void }[];
}

/** Appends commands to the log. */
export class LogSink implements CommandSink {
  /** The number of this node in the ids that it chooses: another one after it was taken for gone. */
  node = 0;
  readonly #hub: Hub;
  readonly #log: CommandLog;
  readonly #lines = new Map<Session, Lines>();
  #lastId = 0;

  constructor(hub: Hub, log: CommandLog) {
    this.#hub = hub;
    this.#log = log;
  }

  nextId(): number {
    return this.node * IDS_OF_NODE + ++this.#lastId;
  }

  submit<O extends Op>(command: CommandOf<O>, endpoint?: Endpoint): Promise<Results[O]> {
    const given = command as Command;
    if (given.op === "disconnect") return this.#disconnect(given) as Promise<Results[O]>;
    const answer = appendable(() => this.#log.submit(given, { endpoint, sessions: this.#authors(given) }));
    answer.catch(() => {}); // a caller need not wait for it; one that does gets the error
    return answer as Promise<Results[O]>;
  }

  say(command: CommandOf<"say">, session: Session | undefined): void {
    this.#hub.requireMaySay(command); // what is known now is told now
    const sessions = session === undefined ? [] : [session];
    appendable(() =>
      this.#log.post(command, { endpoint: undefined, sessions }, (error) => {
        if (session === undefined) return;
        if (error instanceof ChatError) session.handlers.rejected?.(error, command.style);
        this.#settled(session);
      })
    );
    if (session !== undefined) this.#linesOf(session).count++;
  }

  underWay(session: Session, most = 0): Promise<void> | undefined {
    const lines = this.#lines.get(session);
    if (lines === undefined || lines.count <= most) return undefined;
    return new Promise((resolve) => lines.waiting.push({ most, resolve }));
  }

  /** Goes on until the session has ended on all nodes: no other command would end it as long as this node lives. */
  async #disconnect(command: CommandOf<"disconnect">): Promise<void> {
    const own = { endpoint: undefined, sessions: [] };
    while (this.#hub.session(command.session) !== undefined && !this.#log.hasEnded) {
      try {
        await this.#log.submit(command, own);
      } catch (error) {
        if (!(error instanceof ChatError)) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE));
      }
    }
  }

  /** The sessions on this node of the user that gives a command: the one that gives it, if that is known. */
  #authors(command: Command): Session[] {
    const id = "session" in command ? command.session : undefined;
    const session = id === undefined ? undefined : this.#hub.session(id);
    if (session !== undefined) return [session];
    if (!("member" in command) || command.member === undefined) return [];
    return this.#hub.member(command.member)?.sessions.filter(({ handlers }) => handlers.applying !== undefined) ?? [];
  }

  #linesOf(session: Session): Lines {
    let lines = this.#lines.get(session);
    if (lines === undefined) this.#lines.set(session, lines = { count: 0, waiting: [] });
    return lines;
  }

  #settled(session: Session): void {
    const lines = this.#lines.get(session);
    if (lines === undefined) return;
    lines.count--;
    if (lines.count === 0) this.#lines.delete(session);
    if (lines.waiting.length === 0) return;
    const ready = lines.waiting.filter(({ most }) => lines.count <= most);
    lines.waiting.splice(0, lines.waiting.length, ...lines.waiting.filter(({ most }) => lines.count > most));
    for (const { resolve } of ready) resolve();
  }
}

/** Appends a command. @throws {ChatError} `text-too-long` if it has no place in a batch. */
function appendable<T>(append: () => T): T {
  try {
    return append();
  } catch (error) {
    if (!(error instanceof EncodeError)) throw error;
    throw new ChatError("text-too-long", "");
  }
}
