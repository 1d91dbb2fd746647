/**
 * `echo hi | tincan connect HOST '#room'`: says each line of stdin in a room, and ends when the server has confirmed all.
 *
 * Exit codes: 0 if all lines were confirmed; 1 if the server cannot be reached, or rejects or does not confirm a line.
 */
import { TextLineStream } from "@std/streams/text-line-stream";
import type { Room } from "../web/room.js";
import { plain, QuietSession, SessionError } from "./quiet_session.ts";
import { isKept, sendAgain } from "./resend.ts";
import type { ClientSession } from "./session.ts";
import { tellError } from "./tell.ts";

/** The most unconfirmed messages: tincan queues further ones; other servers may disconnect a client that sends faster. */
const WINDOW = { tincan: 10, other: 1 };

/** The longest line of stdin, in characters. */
const LINE_MAX = 100_000;

/** How long the connection may be lost, or a message not confirmed, before the pipe gives up, in milliseconds. */
const LOST_MAX = 60_000;

/** Says the lines of stdin, and resolves to the exit code. */
export async function runPipe(
  session: ClientSession,
  input: ReadableStream<Uint8Array<ArrayBuffer>> = Deno.stdin.readable,
  tell: (text: string) => void = tellError,
): Promise<number> {
  const quiet = new QuietSession(session, tell);
  return await quiet.run(async () => {
    const room = await quiet.join();
    await Promise.race([sayAll(session, room, input), quiet.failed]);
  });
}

async function sayAll(session: ClientSession, room: Room, input: ReadableStream<Uint8Array<ArrayBuffer>>) {
  const outbox = new Outbox(session, room);
  let number = 0;
  for await (
    const line of input.pipeThrough(new TextDecoderStream()).pipeThrough(limited()).pipeThrough(new TextLineStream())
  ) {
    number++;
    const text = line.replace(/\r$/, "");
    if (text.length > LINE_MAX) {
      throw new SessionError(`Cannot send line ${number}: it has more than ${LINE_MAX} characters`);
    }
    if (text.trim() === "") continue;
    await outbox.room();
    session.chat.say(room, text);
  }
  await outbox.empty();
}

/** Fails when a line is so long that it would fill the memory. */
function limited(): TransformStream<string, string> {
  let size = 0;
  return new TransformStream({
    transform(text, controller) {
      const end = text.lastIndexOf("\n");
      size = end < 0 ? size + text.length : text.length - end - 1;
      if (size > 2 * LINE_MAX) throw new SessionError(`Cannot send a line of more than ${LINE_MAX} characters`);
      controller.enqueue(text);
    },
  });
}

/** The messages that are not confirmed yet. */
class Outbox {
  readonly #session: ClientSession;
  readonly #room: Room;
  #changed = Promise.withResolvers<void>();
  #lost: ReturnType<typeof setTimeout> | undefined;
  #error: SessionError | undefined;
  #isResending = false;

  constructor(session: ClientSession, room: Room) {
    this.#session = session;
    this.#room = room;
    const { model } = session.chat;
    model.listen((change, changed) => {
      if (changed !== room || (change !== "pending" && change !== "room" && change !== "caught up")) return;
      if (change === "caught up") this.#sendAgain();
      this.#check();
      this.#wake();
    });
  }

  /** Waits until a message can be sent. */
  async room(): Promise<void> {
    const { connection } = this.#session.chat;
    const window = connection.has("tincan.chat/mentions") ? WINDOW.tincan : WINDOW.other;
    await this.#until(() => this.#isThere && this.#room.pending.length < window);
  }

  /** Waits until all messages are confirmed. */
  async empty(): Promise<void> {
    await this.#until(() => this.#isThere && this.#room.pending.length === 0);
  }

  /** Whether the user is in the room, its missed messages are loaded, and lost ones are sent again. */
  get #isThere(): boolean {
    const { state, queue } = this.#room;
    return this.#session.chat.online && state === "in" && queue === undefined && !this.#isResending;
  }

  async #until(condition: () => boolean) {
    this.#check();
    while (this.#error === undefined && !condition()) await this.#changed.promise;
    if (this.#error !== undefined) throw this.#error;
  }

  /** Looks for messages that have failed, and ends the pipe if that is final, or lasts too long. */
  #check() {
    const { chat } = this.#session;
    const failed = this.#room.pending.filter(({ error }) => error !== undefined);
    if (chat.online && failed.length === 0) {
      clearTimeout(this.#lost);
      this.#lost = undefined;
      return;
    }
    this.#lost ??= setTimeout(() => {
      this.#fail(chat.online ? "Not all lines were confirmed." : "Not all lines were sent: the connection was lost.");
    }, LOST_MAX);
    if (!chat.online) return;
    const final = failed.find(({ after }) => after === undefined);
    if (final !== undefined) return this.#fail(plain(final.error ?? ""));
    if (this.#isThere && !isKept(chat, this.#room)) this.#fail(plain(failed[0]?.error ?? ""));
  }

  /** Sends lost messages again after reconnecting. On the same connection, an unconfirmed message may just be late. */
  #sendAgain() {
    this.#isResending = true;
    sendAgain(this.#session.chat, this.#room, () => {
      this.#isResending = false;
      this.#check();
      this.#wake();
    });
  }

  #fail(message: string) {
    this.#error = new SessionError(message);
    clearTimeout(this.#lost);
    this.#wake();
  }

  /** Something has changed that `#until` may wait for. */
  #wake() {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
