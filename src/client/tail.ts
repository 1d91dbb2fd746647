/**
 * `tincan connect HOST '#room' --tail`: prints the new messages of a room as lines `HH:MM <nick> text`, until SIGINT or until
 * stdout has no reader. After a lost connection it goes on where it was: no message is missing, and none comes twice.
 */
import { hasHistory } from "../web/history.js";
import { isMessage, type Line, type Position, positionOf } from "../web/lines.js";
import type { Room } from "../web/room.js";
import { plain, QuietSession } from "./quiet_session.ts";
import type { ClientSession } from "./session.ts";
import { tellError } from "./tell.ts";

/** How many printed messages are known by their id, to print none twice. */
const KNOWN_MAX = 2000;

/** The most messages that wait until the missed ones before them are printed. They can be loaded again. */
const HELD_MAX = 2000;

/** How many missed messages are requested at a time. */
const PAGE = 100;

/** Prints messages until it is stopped, and resolves to the exit code. */
export async function runTail(
  session: ClientSession,
  print: (text: string) => boolean = writeOut,
  tell: (text: string) => void = tellError,
  stopped: Promise<void> = interrupted(),
): Promise<number> {
  const quiet = new QuietSession(session, tell);
  const tail = new Tail(session, print, tell);
  return await quiet.run(async () => {
    const room = await Promise.race([quiet.join(), stopped]);
    if (room === undefined) return;
    tail.begin(room);
    tell(`Connected to ${plain(session.network)} as ${plain(session.chat.model.nick)}.`);
    await Promise.race([stopped, tail.closed, quiet.failed]);
  });
}

/** Resolves at SIGINT or SIGTERM. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      if (Deno.build.os !== "windows" || signal === "SIGINT") Deno.addSignalListener(signal, () => resolve());
    }
  });
}

/**
 * Writes to stdout, and waits while a pipe is full: then the server waits, too. Returns whether stdout has a reader.
 */
function writeOut(text: string): boolean {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) return false;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
  return true;
}

/** A message as lines. */
export function render({ kind, nick = "", text, time }: Line): string {
  const clock = [time.getHours(), time.getMinutes()].map((number) => String(number).padStart(2, "0")).join(":");
  const who = plain(nick).replaceAll("\t", " ");
  const head = kind === "action" ? `* ${who}` : kind === "notice" ? `-${who}-` : `<${who}>`;
  return text.split("\n").map((line) => `${clock} ${head} ${plain(line)}\n`).join("");
}

/** Prints the messages of a room. */
class Tail {
  readonly #session: ClientSession;
  readonly #print: (text: string) => boolean;
  readonly #tell: (text: string) => void;
  readonly #known = new Set<string>();
  readonly #closed = Promise.withResolvers<void>();
  #last: Position | undefined;
  /** Messages that wait for earlier ones. */
  #held: Line[] | undefined;

  constructor(session: ClientSession, print: (text: string) => boolean, tell: (text: string) => void) {
    this.#session = session;
    this.#print = print;
    this.#tell = tell;
  }

  /** Resolves when stdout has no reader. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Prints what comes from now on. */
  begin(room: Room): void {
    const { chat } = this.#session;
    this.#last = room.newest ?? { id: "", time: new Date(room.joinedAt) };
    for (const line of room.lines) this.#note(line); // those of the past
    const statusChanged = chat.onStatus;
    chat.onStatus = (status) => {
      statusChanged(status);
      if (status.kind === "online") this.#held ??= [];
    };
    chat.model.listen((change, changed, line) => {
      if (changed !== room) return;
      if (change === "line" && line !== undefined) this.#take(line);
      const isBack = room.state === "in" && room.queue === undefined && chat.online;
      if (this.#held !== undefined && isBack && (change === "caught up" || !hasHistory(chat))) this.#catchUp(room);
    });
  }

  #take(line: Line) {
    if (!isMessage(line) || line.ignored) return;
    if (this.#held === undefined) return this.#show(line);
    this.#held.push(line);
    if (this.#held.length > HELD_MAX) this.#held.shift();
  }

  #show(line: Line) {
    if (!this.#note(line)) return;
    if (!this.#print(render(line))) this.#closed.resolve();
  }

  /** Returns false if a message is known already. */
  #note(line: Line): boolean {
    if (line.id === undefined) return true;
    const key = `${line.id}/${line.part ?? 0}`;
    if (this.#known.has(key)) return false;
    this.#known.add(key);
    if (this.#known.size > KNOWN_MAX) {
      for (const oldest of this.#known) {
        this.#known.delete(oldest);
        break;
      }
    }
    this.#last = positionOf(line);
    return true;
  }

  /** Prints what was said while the connection was lost, and then what has come since. */
  #catchUp(room: Room) {
    const { chat } = this.#session;
    const finish = () => {
      const held = this.#held ?? [];
      this.#held = undefined;
      for (const line of held) this.#show(line);
    };
    if (!hasHistory(chat)) {
      this.#tell("Messages that were sent meanwhile are not shown.");
      return finish();
    }
    const request = (from: string, failed: () => void) => {
      const lines: Line[] = [];
      chat.request("CHATHISTORY", ["AFTER", room.name, from, String(PAGE)], {
        onLine: (_name, line) => void lines.push(line),
        onEnd: () => {
          const before = this.#last?.id;
          for (const line of lines) {
            if (!isMessage(line) || line.ignored) this.#note(line); // the next page begins after it, too
            else this.#show(line);
          }
          const more = lines.length > 0 && this.#last?.id !== before;
          if (more && this.#last !== undefined) request(`msgid=${this.#last.id}`, finish);
          else finish();
        },
        onError: () => {
          if (chat.online) failed(); // else it begins again after the next reconnection, where it was
        },
      });
    };
    const { id, time } = this.#last!;
    const byTime = () => request(`timestamp=${time.toISOString()}`, finish);
    if (id === "") byTime();
    else request(`msgid=${id}`, byTime);
  }
}
