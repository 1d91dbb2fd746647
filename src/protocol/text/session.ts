/**
 * One person on `nc` or `telnet`: comes in by the lobby, is in one room at a time, says lines, gives commands, leaves.
 */
import type { AuthService, Caller } from "../../accounts/auth.ts";
import { AuthError } from "../../accounts/auth.ts";
import type { WireFormat } from "../../chat/events.ts";
import type { Chat } from "../../chat/chat.ts";
import { LOBBY } from "../../chat/names.ts";
import type { Member } from "../../chat/member.ts";
import { ChatError } from "../../chat/chat_error.ts";
import type { Room } from "../../chat/room.ts";
import { networksOf } from "../../util/address_ranges.ts";
import type { ModerationContext } from "../moderation.ts";
import type { TimeSlicer } from "../time_slicer.ts";
import type { Connection } from "../../transport/connection.ts";
import { plain, sanitize } from "../../util/sanitize.ts";
import { requireReason } from "../../chat/lengths.ts";
import { type AccountAction, type AccountContext, denied, FailureCount, TOO_MANY_FAILURES } from "../accounts.ts";
import { isSlip, pastLines, REPLAY, run } from "./commands.ts";
import { PasswordPrompt } from "./password_prompt.ts";
import { company, refusal, stamped, system, timed } from "./render.ts";

/** What all sessions of the text door have in common. */
export interface TextOptions {
  readonly chat: Chat;
  /** Where people say who they are. */
  readonly auth: AuthService;
  /** What server operators do. */
  readonly moderation: ModerationContext;
  /** Whose turn it is to do what takes long. */
  readonly slicer: TimeSlicer;
  /**
   * How long a client may say nothing before it is greeted, in milliseconds; 0 by default. A client of another protocol
   * mostly speaks at once, and is rejected before any room is told of it.
   */
  readonly greetingDelay?: number;
  /** Takes members out whose connection has ended: thousands may end at once. */
  readonly departures: TimeSlicer;
  /** How long somebody has to say the password, where there is one, in milliseconds. */
  readonly registrationTime: number;
  /** The one format of all members who come in here. */
  readonly format: WireFormat;
  /** What others may see of an address. */
  readonly hostOf: (address: string) => string;
  /** The server's name. */
  readonly name: string;
  /** What everybody is shown on coming in, a line each. */
  readonly motd: () => readonly string[];
  /** The most characters in an answer to one command. */
  readonly answerMax: number;
}

/**
 * Serves one client of the text door until it leaves.
 *
 * @param onMember Told who it is, once they are in.
 */
export async function text(
  connection: Connection,
  door: TextOptions,
  onMember: (member: Member) => void,
): Promise<void> {
  const enter = () => {
    try {
      const session = new TextSession(connection, door);
      onMember(session.member);
      return session;
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      connection.send([refusal(error)]);
      connection.close("banned");
    }
  };
  let gate: PasswordPrompt | undefined;
  let session: TextSession | undefined;
  let greeted = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failure: { error: unknown } | undefined;
  /** Asks the client for the password, or lets it in. */
  const greet = () => {
    clearTimeout(timer);
    timer = undefined;
    if (greeted || connection.ending !== undefined) return;
    greeted = true;
    if (door.auth.passwordRequired) gate = new PasswordPrompt(connection, door.auth, door.registrationTime);
    else session = enter();
  };
  const greetLate = () => {
    try {
      greet();
    } catch (error) {
      failure = { error };
      connection.abort("internal error");
    }
  };
  connection.onTooLong = () => {
    greet();
    (session ?? gate)?.tooLong();
  };
  // In two steps: if the event loop was late, what has come meanwhile is read between them.
  const { greetingDelay = 0 } = door;
  if (greetingDelay === 0) greet();
  else timer = setTimeout(() => timer = setTimeout(greetLate), greetingDelay);
  try {
    for await (const lines of connection.lines) {
      for (const line of lines) {
        if (!greeted && line !== "") greet();
        if (session !== undefined) {
          const answer = session.take(line);
          if (answer !== undefined) await answer;
        } else if (await gate?.take(line)) session = enter();
      }
    }
    if (failure !== undefined) throw failure.error;
  } finally {
    clearTimeout(timer);
    gate?.close();
    if (session !== undefined) {
      const { member, networks } = session;
      await door.departures.run(() => door.chat.disconnect(member, connection.ending), { networks });
    }
  }
}

/** See the head of this file. */
export class TextSession implements AccountContext {
  readonly chat: Chat;
  readonly member: Member;
  readonly answerMax: number;
  /** The room that this person is in. */
  room: Room;
  /** The name that this person wanted last and could not have, as it is somebody's own. */
  wanted: string | undefined;
  readonly auth: AuthService;
  readonly moderation: ModerationContext;
  readonly slicer: TimeSlicer;
  readonly #connection: Connection;
  readonly #mistakes: FailureCount;
  readonly #format: WireFormat;
  #times = false;

  constructor(connection: Connection, door: TextOptions) {
    this.#connection = connection;
    this.chat = door.chat;
    this.auth = door.auth;
    this.moderation = door.moderation;
    this.slicer = door.slicer;
    this.#mistakes = new FailureCount(door.auth.maxFailures);
    this.answerMax = door.answerMax;
    this.#format = door.format;
    const { address } = connection;
    const networks = networksOf(address);
    const identity = { user: "~guest", host: door.hostOf(address), networks, realname: "guest" };
    this.member = this.chat.connect(this.chat.guestName(), identity, door.format, connection);
    try {
      this.room = this.chat.join(this.member, LOBBY);
      const place = company(this.room.name, this.room.members.size - 1);
      this.reply([
        system(`Welcome to ${door.name}. You are ${this.member.nick}, ${place}. Say something, or /help.`),
        ...door.motd().map(system),
        ...this.#setting(),
      ]);
    } catch (error) {
      this.chat.disconnect(this.member); // there is no session that would do it
      throw error;
    }
  }

  get networks(): readonly string[] {
    return networksOf(this.#connection.address).toReversed();
  }

  get caller(): Caller {
    const { address, peer } = this.#connection;
    return { address, peer, nick: this.member.nick, hasFailed: this.#mistakes.any };
  }

  /** Whether the time stands before each line of what happens. */
  get times(): boolean {
    return this.#times;
  }

  set times(on: boolean) {
    this.#times = on;
    this.chat.reformat(this.member, on ? timed(this.#format) : this.#format);
  }

  /** A line of what this person does, as a line of what others do would be. */
  stamped(line: string): string {
    return this.#times ? stamped(line, Date.now()) : line;
  }

  how(deed: AccountAction, ...args: string[]): string {
    return [`/${deed}`, ...args].join(" ");
  }

  /** Every answer of the text door stands for itself. */
  answering<T>(run: () => T): T {
    return run();
  }

  /** Takes a line of this person's: a command, or something to say. A promise means that the next one is to wait. */
  take(line: string): Promise<void> | undefined {
    if (line === "" || !this.chat.has(this.member)) return;
    line = plain(line); // formatting is IRC's
    try {
      if (line === "LIST") line = "/list";
      if (isSlip(line)) {
        this.reply([system(`That begins with a space, and nobody was told. Write it without.`)]);
      } else if (!line.startsWith("/")) this.chat.say(this.member, this.room, line);
      else if (line.startsWith("//")) this.chat.say(this.member, this.room, line.slice(1));
      else return run(this, line)?.catch((error) => this.#refuse(error));
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** Answers this person alone. */
  reply(lines: readonly string[]): void {
    this.member.send(lines);
  }

  /**
   * Moves to another room.
   *
   * @param key What has to be said to be let in, if anything.
   * @throws {ChatError} What the hub throws.
   */
  enter(name: string, key?: string): void {
    const room = this.chat.join(this.member, name, key);
    if (room === this.room) return this.reply([system(`You are in ${room.name} already.`)]);
    if (this.room.has(this.member)) this.chat.leave(this.member, this.room);
    this.room = room;
    this.member.onKicked = () => this.enter(LOBBY); // not before: nobody has a say in the lobby
    this.reply([system(`You are ${company(room.name, room.members.size - 1)}.`), ...this.#setting()]);
  }

  /** Leaves the chat. @throws {ChatError} `reason-too-long` or `text-too-wide` */
  quit(reason?: string): void {
    if (reason !== undefined) requireReason(sanitize(reason));
    this.chat.disconnect(this.member, reason, true);
    this.reply([system("Goodbye.")]);
    this.#connection.close("quit"); // what they said is for their rooms, not for the log
  }

  /** Says that a line was too long. */
  tooLong(): void {
    this.reply([
      system(`That line had more than ${this.#connection.maxLine} bytes and was not sent. Say it in parts.`),
    ]);
  }

  /** Says what cannot be done; what is a mistake of ours is thrown on. */
  #refuse(error: unknown) {
    if (error instanceof AuthError) {
      this.reply([system(denied(error, this))]);
      if (!this.#mistakes.add(error)) return;
      this.chat.disconnect(this.member, TOO_MANY_FAILURES);
      this.reply([system(`${TOO_MANY_FAILURES}.`)]);
      return this.#connection.close(TOO_MANY_FAILURES);
    }
    if (!(error instanceof ChatError)) throw error;
    this.moderation.refused(this.caller, error);
    if (error.code === "nick-owned") this.wanted = error.subject;
    this.reply([refusal(error)]);
  }

  /** What somebody finds who comes into a room: its topic, and what was said there lately. */
  #setting(): string[] {
    const { name, topic } = this.room;
    const lines = topic === undefined ? [] : [system(`The topic of ${name} is: ${topic.text}`)];
    try {
      const said = pastLines(this, this.chat.history.latest(this.room, REPLAY));
      return said.length === 0 ? lines : [...lines, system(`What was said here before:`), ...said];
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      return [...lines, refusal(error)];
    }
  }
}
