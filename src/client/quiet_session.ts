/**
 * A session without views, in one room: for the pipe and for `--tail`.
 */
import { plainText } from "../web/format.js";
import { sanitize } from "../util/sanitize.ts";
import type { Room } from "../web/room.js";
import type { ClientSession } from "./session.ts";

/** How long it may take to join the room, in milliseconds. */
const JOIN_TIME = 30_000;

/** The room cannot be joined, or the server rejects the client. The message is one line. */
export class SessionError extends Error {
  override name = "SessionError";
}

/** A session without views. */
export class QuietSession {
  /** Rejects when the session cannot go on. */
  readonly failed: Promise<never>;
  readonly #session: ClientSession;
  readonly #tell: (text: string) => void;
  readonly #failure = Promise.withResolvers<never>();
  #wasOnline = false;

  constructor(session: ClientSession, tell: (text: string) => void) {
    this.#session = session;
    this.#tell = tell;
    const { chat } = session;
    const { connection, model } = chat;
    this.failed = this.#failure.promise;
    this.failed.catch(() => {}); // until it is awaited
    connection.takesOtherNicks = true;
    chat.onStatus = ({ kind, reason = "" }) => {
      if (kind === "online") {
        if (session.wantsLogin && connection.account === "") {
          const why = connection.loginError || "the server has no accounts";
          return this.fail(`Cannot log in: ${plain(why)}`);
        }
        if (this.#wasOnline) tell("Connected again.");
        this.#wasOnline = true;
      } else if (kind === "rejected" || kind === "idle") this.fail(`Cannot connect: ${plain(reason)}`);
      else if (kind === "waiting" && !this.#wasOnline) this.fail(`Cannot connect: ${plain(reason)}`);
      else if (kind === "waiting") tell(`${plain(reason)} Trying again …`);
    };
    model.listen((change, room) => {
      if (change === "current") model.setAtEnd(true); // else new lines are not added behind a gap
      if (change !== "room" || room?.state !== "out" || room !== model.current) return;
      this.fail(`Cannot join ${plain(room.name)}: ${plain(room.joinError?.text ?? "")}`);
    });
  }

  /** Ends the session with an error. */
  fail(message: string): void {
    this.#failure.reject(new SessionError(message));
  }

  /** Connects, and resolves to the room once the user is in it. */
  async join(): Promise<Room> {
    const { model } = this.#session.chat;
    const joined = Promise.withResolvers<Room>();
    model.listen(() => {
      const { current } = model;
      if (current?.state === "in" && this.#session.chat.online && current.queue === undefined) joined.resolve(current);
    });
    const timer = setTimeout(() => this.fail("Cannot join the room: the server does not answer."), JOIN_TIME);
    try {
      this.#session.start();
      const room = await Promise.race([joined.promise, this.failed]);
      model.listen((change) => {
        if (change !== "tabs" || model.find(room.name) === room) return;
        this.fail(`You are not in ${plain(room.name)} any more.`); // another client of the account has left it, perhaps
      });
      return room;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Performs an action, tells the error if it ends with one of the session, and leaves. @returns The exit code. */
  async run(action: () => Promise<void>): Promise<number> {
    let code = 0;
    try {
      await action();
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      this.#tell(error.message);
      code = 1;
    }
    await this.#leave();
    return code;
  }

  /** Leaves, and waits until all output is sent. */
  async #leave(): Promise<void> {
    this.#session.chat.onStatus = () => {};
    this.#session.leave("");
    await this.#session.left;
  }
}

/** A text without control and formatting characters. */
export function plain(text: string): string {
  return sanitize(plainText(text));
}
