/** A client of the text protocol (`nc`, telnet), from its greeting to its end. It is in one room at a time. */
import { AuthError, type AuthService, type Caller } from "../../accounts/auth.ts";
import { isPasswordError } from "../../accounts/auth_error.ts";
import type { Chat } from "../../chat/chat.ts";
import { ChatError } from "../../chat/chat_error.ts";
import type { WireFormat } from "../../chat/events.ts";
import { LOBBY } from "../../chat/names.ts";
import { requireReason } from "../../chat/lengths.ts";
import type { Member, Session } from "../../chat/member.ts";
import type { Room } from "../../chat/room.ts";
import { type Connection, INTERRUPT } from "../../transport/connection.ts";
import { networksOf } from "../../util/address_ranges.ts";
import { sanitize, stripFormatting } from "../../util/sanitize.ts";
import { type AccountAction, authErrorText, FailureCount, TOO_MANY_FAILURES } from "../accounts.ts";
import type { ModerationContext } from "../moderation.ts";
import { ownRank } from "../room_admin.ts";
import { LINES_UNDER_WAY } from "../lines_under_way.ts";
import type { Steps, TimeSlicer } from "../time_slicer.ts";
import { isMistypedPassword, runCommand } from "./commands.ts";
import type { CommandContext, LineTaker } from "./context.ts";
import { errorLine } from "./error_texts.ts";
import { introduction } from "./introduction.ts";
import { showMissed, showMissedPrivate } from "./missed.ts";
import { errorReply } from "./near_misses.ts";
import { PasswordPrompt } from "./password_prompt.ts";
import type { ReactionFolds } from "./reaction_folds.ts";
import { occupancy, system, timed, withTimes } from "./render.ts";

/** A line of the greeting, for people. */
const BETTER_CLIENT = "More comfortable than nc and telnet: tincan connect HOST";

/** What all sessions of a text port share. */
export interface TextOptions {
  readonly chat: Chat;
  readonly auth: AuthService;
  readonly moderation: ModerationContext;
  /** Runs commands that may take long. */
  readonly slicer: TimeSlicer;
  /**
   * How long to wait for a first line before the client is greeted, in milliseconds; 0 by default. A client of another
   * protocol mostly speaks first: it is rejected before it has become a member.
   */
  readonly greetingDelay?: number;
  /** Disconnects the members whose connections have ended. Thousands may end at once. */
  readonly departures: TimeSlicer;
  /** How long a client has to give the server password, if there is one, in milliseconds. */
  readonly registrationTime: number;
  /** The wire format that all members of this port share. */
  readonly format: WireFormat;
  /** The host that other members see for an address. */
  readonly hostOf: (address: string) => string;
  /** The name of the server. */
  readonly name: string;
  /** The message of the day, a line each. */
  readonly motd: () => readonly string[];
  /** Upper bound on the characters of one reply. */
  readonly answerMax: number;
  /** The reactions that `format` does not show yet, if it folds any. */
  readonly folds?: ReactionFolds;
}

/**
 * Serves one client until its connection ends.
 *
 * @param onRegistered Called when the client has become a member.
 * @returns A promise that rejects only because of a bug.
 */
export async function text(
  connection: Connection,
  options: TextOptions,
  onRegistered: (session: Session) => void,
): Promise<void> {
  let prompt: PasswordPrompt | undefined;
  let session: TextSession | undefined;
  let opening: Promise<void> | undefined;
  let greeted = false;
  /** Whether the client has waited for the greeting, as people do. Scripts mostly speak at once. */
  let isWaiting = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failure: { readonly error: unknown } | undefined;
  /** Ends the connection because of a bug. */
  const fail = (error: unknown) => {
    failure ??= { error };
    connection.abort("internal error");
  };
  /** Opens the session, or tells the client why it cannot be a member. */
  const open = async () => {
    try {
      await TextSession.open(connection, options, { link: prompt?.link, isWaiting }, fail, (opened) => {
        session = opened;
        onRegistered(opened.session);
      });
    } catch (error) {
      if (!(error instanceof ChatError)) return fail(error);
      connection.send([errorLine(error)]);
      connection.close(error.code === "server-banned" ? "banned" : "rejected");
    }
  };
  /** Asks for the server password, or opens the session. */
  const greet = () => {
    clearTimeout(timer);
    timer = undefined;
    if (greeted || connection.closeReason !== undefined) return;
    greeted = true;
    const { auth, registrationTime } = options;
    try {
      const host = options.hostOf(connection.address);
      if (auth.passwordRequired) prompt = new PasswordPrompt(connection, auth, host, registrationTime);
      else opening = open();
    } catch (error) {
      fail(error); // a timer has no caller that could catch it
    }
  };
  connection.onTooLong = () => {
    greet();
    const client = session ?? prompt;
    if (client !== undefined) client.tooLong();
    else void opening?.then(() => session?.tooLong());
  };
  // The second timer lets a late event loop read first what the client has sent in the meantime.
  const { greetingDelay = 0 } = options;
  if (greetingDelay === 0) greet();
  else {
    const greetWaiting = () => {
      isWaiting = true;
      greet();
    };
    timer = setTimeout(() => timer = setTimeout(greetWaiting), greetingDelay);
  }
  try {
    for await (const lines of connection.lines) {
      for (const line of lines) {
        if (!greeted && line !== "") greet();
        if (opening !== undefined) {
          await opening;
          opening = undefined;
        }
        if (session !== undefined) {
          const pending = session.take(line);
          if (pending !== undefined) await pending;
        } else if (await prompt?.take(line)) opening = open();
      }
    }
    if (failure !== undefined) throw failure.error;
  } finally {
    clearTimeout(timer);
    prompt?.close();
    await opening;
    if (session !== undefined) {
      session.setTaker(undefined);
      const { networks } = session;
      const ended = session.session;
      await options.departures.run(() => options.chat.disconnect(ended, connection.closeReason), { networks });
    }
  }
}

/** The state of a client that is a member of the chat. */
class TextSession implements CommandContext {
  readonly chat: Chat;
  readonly auth: AuthService;
  readonly moderation: ModerationContext;
  readonly slicer: TimeSlicer;
  readonly answerMax: number;
  readonly folds: ReactionFolds | undefined;
  readonly session: Session;
  rejectedNick: string | undefined;
  warnedOfPassword = false;
  readonly #connection: Connection;
  readonly #format: WireFormat;
  readonly #failures: FailureCount;
  readonly #onFailure: (error: unknown) => void;
  #room: Room;
  #showTimes = false;
  #hasChosenEcho = false;
  /** The request for a secret, which is the next line. */
  #secret: { readonly prompt: string; readonly then: (secret: string) => Promise<void> | void } | undefined;
  /** Takes the lines of a message that the user is pasting. */
  #taker: LineTaker | undefined;
  /** The way to another room after a kick: the next line waits for it. */
  #moving: Promise<void> | undefined;

  private constructor(
    connection: Connection,
    options: TextOptions,
    session: Session,
    lobby: Room,
    onFailure: (error: unknown) => void,
  ) {
    this.chat = options.chat;
    this.auth = options.auth;
    this.moderation = options.moderation;
    this.slicer = options.slicer;
    this.answerMax = options.answerMax;
    this.folds = options.folds;
    this.session = session;
    this.#connection = connection;
    this.#format = options.format;
    this.#failures = new FailureCount(options.auth.maxFailures);
    this.#onFailure = onFailure;
    this.#room = lobby;
    session.handlers = {
      kicked: (room) => this.#leftRoom(room),
      // A member whose token has a scope has no other device.
      left: (room) => {
        const { scope } = session.member;
        const cause = scope === undefined ? "on another device" : "as your token does not permit it";
        this.#leftRoom(room, `You left ${room.name} ${cause}.`);
      },
      rejected: (error) => this.#reject(error),
      moved: (_previous, rooms, joined) => this.#moved(rooms, joined),
    };
  }

  /**
   * Makes the client a member in the lobby, and greets it. On a single node this happens before the call returns.
   *
   * @param arrival The invite link that it was let in with, to whose room it goes; and whether it has waited for the greeting:
   * then it is told of a better client.
   * @param onFailure Called when the session cannot go on because of a bug.
   * @param onOpen Called with the session, right after the greeting.
   * @throws {ChatError} as `Chat.connect`, `Chat.join` and `InviteLinks.use`. There is no member then.
   */
  static async open(
    connection: Connection,
    options: TextOptions,
    { link, isWaiting }: { readonly link: string | undefined; readonly isWaiting: boolean },
    onFailure: (error: unknown) => void,
    onOpen: (session: TextSession) => void,
  ): Promise<void> {
    const { chat, name, motd, format } = options;
    const { address } = connection;
    const identity = {
      user: "~guest",
      host: options.hostOf(address),
      networks: networksOf(address),
      realname: "guest",
    };
    const connecting = chat.connect(undefined, identity, format, connection);
    const connected = connecting instanceof Promise ? await connecting : connecting;
    const { member } = connected;
    let session: TextSession;
    let linked: string | undefined;
    let lobby: Room;
    connected.hidesIgnored = true;
    connected.readsShown = true;
    try {
      if (link !== undefined) linked = await chat.links.use(member, link);
      const joining = chat.join(member, LOBBY, undefined, connected);
      lobby = joining instanceof Promise ? await joining : joining; // without a gap: see `enter`
      session = new TextSession(connection, options, connected, lobby, onFailure);
      const place = occupancy(lobby.name, lobby.members.size - 1);
      session.reply([
        system(`Welcome to ${name}. You are ${member.nick}, ${place}. Say something, or /help.`),
        ...isWaiting ? [system(BETTER_CLIENT)] : [],
        ...motd().map(system),
        ...introduction(session, lobby),
      ]);
    } catch (error) {
      await chat.disconnect(connected);
      throw error;
    }
    onOpen(session);
    if (linked !== undefined && linked !== lobby.name) {
      await session.enter(linked).catch((error) => session.#reject(error));
    }
  }

  get member(): Member {
    return this.session.member;
  }

  get room(): Room {
    return this.#room;
  }

  get networks(): readonly string[] {
    return networksOf(this.#connection.address).toReversed();
  }

  get caller(): Caller {
    const { address, peer, certificate } = this.#connection;
    const { nick } = this.member;
    const { host, token } = this.session;
    return { address, peer, nick, hasFailed: this.#failures.any, host, token, certificate };
  }

  get showTimes(): boolean {
    return this.#showTimes;
  }

  set showTimes(on: boolean) {
    this.#showTimes = on;
    this.chat.reformat(this.session, on ? withTimes(this.#format) : this.#format);
  }

  chooseEcho(on: boolean): void {
    this.#hasChosenEcho = true;
    this.session.echo = on;
  }

  withTimes(lines: string | string[]): string[] {
    const all = typeof lines === "string" ? [lines] : lines;
    return this.#showTimes ? timed(all, Date.now()) : all;
  }

  commandFor(action: AccountAction, ...args: string[]): string {
    // Each command asks for the password that is left out, and telnet hides the answer.
    return [`/${action}`, ...args.filter((arg) => arg !== "PASSWORD")].join(" ");
  }

  answering<T>(run: () => T): T {
    return run(); // replies of this protocol have no frame around them
  }

  /** Takes a line from the client, a command or text. A promise keeps the next line waiting. */
  take(line: string): Promise<void> | undefined {
    if (this.#moving !== undefined) return this.#moving.then(() => this.take(line));
    if (!this.chat.hasSession(this.session)) return;
    const waiting = this.chat.underWay(this.session, this.#isCommand(line) ? 0 : LINES_UNDER_WAY - 1);
    return waiting === undefined ? this.#take(line) : waiting.then(() => this.take(line)); // it may have been kicked meanwhile
  }

  /** Whether a line is more than text for the room: replies to it come after the lines that the client has sent before. */
  #isCommand(line: string): boolean {
    // A line that begins with formatting, a control character, may be a command without it.
    if (this.#secret !== undefined || this.#taker !== undefined) return true;
    return line.startsWith("/") || line === "LIST" || line < " ";
  }

  #take(line: string): Promise<void> | undefined {
    if (!this.#hasChosenEcho && this.#connection.echoesLocally) this.session.echo = false;
    if (line === INTERRUPT) {
      if (this.#secret === undefined) return this.#taker?.cancel() ?? undefined;
      line = ""; // cancels the request
    }
    if (this.#secret !== undefined) return this.#answerSecret(line);
    if (line === "" && this.#taker === undefined) return;
    line = stripFormatting(line);
    try {
      if (this.#taker !== undefined) return this.#taker.take(line)?.catch((error) => this.#reject(error));
      if (line === "LIST") line = "/list";
      if (isMistypedPassword(line)) {
        this.reply([system(`Not sent: remove the space before the command.`)]);
      } else if (!line.startsWith("/")) this.chat.say(this.member, this.#room, line, { from: this.session });
      else if (line.startsWith("//")) this.chat.say(this.member, this.#room, line.slice(1), { from: this.session });
      else return runCommand(this, line)?.catch((error) => this.#reject(error)).then(() => this.#afterCommand());
    } catch (error) {
      this.#reject(error);
    }
  }

  askSecret(prompt: string, then: (secret: string) => Promise<void> | void): void {
    this.#secret = { prompt, then };
    this.#connection.hideInput(true);
    this.reply([system(prompt)]);
  }

  setTaker(taker: LineTaker | undefined): void {
    this.#taker?.close();
    this.#taker = taker;
  }

  reply(lines: readonly string[]): void {
    this.session.send(lines);
  }

  async enter(name: string, key?: string): Promise<void> {
    const isInside = this.#room.has(this.member);
    const joining = this.chat.join(this.member, name, key, this.session);
    // Without a gap on a single node: a line said in between would be both replayed and delivered.
    const room = joining instanceof Promise ? await joining : joining;
    if (!room.has(this.member)) return; // the client has another user now, and goes where that is: see `#moved`
    if (room === this.#room && isInside) return this.reply([system(`You are already in ${room.name}.`)]);
    const last = this.#room;
    this.#room = room;
    const rank = ownRank(room, this.member);
    this.reply([
      system(`You are ${occupancy(room.name, room.members.size - 1)}.`),
      ...rank === undefined ? [] : [system(rank)],
      ...introduction(this, room),
    ]);
    if (last === room || !last.has(this.member)) return;
    const { fullAccount: account, sessions } = this.member;
    // Another session may be there, or the user wants to stay there.
    const stays = sessions.length > 1 || (account !== undefined && this.chat.alwaysOn.status(account).on);
    if (stays) this.chat.hide(this.session, last);
    else await this.chat.leave(this.member, last, undefined, this.session);
  }

  async quit(reason?: string): Promise<void> {
    if (reason !== undefined) requireReason(sanitize(reason));
    await this.chat.disconnect(this.session, reason, true);
    this.reply([system("Goodbye.")]);
    this.#connection.close("quit"); // the user's reason is for members, not for the log
  }

  /** Tells the client that a line was too long. */
  tooLong(): void {
    const { maxLine } = this.#connection;
    this.#endSecret();
    if (this.#taker !== undefined) return this.#taker.tooLong();
    this.reply([system(`Line too long, not sent: at most ${maxLine} bytes. Send it in parts.`)]);
  }

  /**
   * Takes a line that is a secret, or that cancels the request for one. After a wrong password it asks again: the user may type
   * the next one at once, and it must not be said in the room.
   */
  #answerSecret(secret: string): Promise<void> | undefined {
    const { prompt, then } = this.#secret!;
    this.#endSecret();
    if (secret === "") return void this.reply([system("Cancelled.")]);
    const reject = (error: unknown) => {
      this.#reject(error);
      if (!isPasswordError(error) || this.#connection.closeReason !== undefined) return;
      this.askSecret(prompt.replace(/( \(an empty line cancels\))?:$/, " (an empty line cancels):"), then);
    };
    try {
      return then(secret)?.catch(reject).then(() => this.#afterCommand());
    } catch (error) {
      return void reject(error);
    }
  }

  #endSecret() {
    if (this.#secret === undefined) return;
    this.#secret = undefined;
    this.#connection.hideInput(false);
  }

  /** Shows another room when the user is not in the room of this client any more: one that it is in, or else the lobby. */
  #leftRoom(room: Room, sentence?: string) {
    if (room !== this.#room) return;
    if (sentence !== undefined) this.reply([system(sentence)]);
    const [other] = this.member.rooms.values();
    this.#moveTo(other?.name);
  }

  /** The client has another user now: it stays in its room if that user is there too. */
  #moved(rooms: readonly Room[], joined: readonly Room[]) {
    this.reply([system(`You are ${this.member.nick} now.`)]);
    if (!rooms.some((room) => room === this.#room && room.has(this.member))) this.#moveTo();
    const { missedSince } = this.session;
    if (missedSince === undefined) return;
    const missed = [...this.member.rooms.values()].filter((room) => !joined.includes(room)); // else it has missed nothing
    this.#runSteps(() => showMissed(this, missed, missedSince));
  }

  /** After a login, shows the private messages that came while the user was not connected. */
  #afterCommand(): Promise<void> | undefined {
    if (this.session.missedPrivateSince !== undefined) this.#runSteps(() => showMissedPrivate(this));
    return this.#moving;
  }

  /** Runs what no command has asked for in the time slicer. */
  #runSteps(steps: () => Steps<void>) {
    const wanted = () => this.chat.hasSession(this.session);
    try {
      const shown = this.slicer.run(steps, { lane: "prompt", networks: this.networks, wanted });
      if (shown instanceof Promise) shown.catch((error) => this.#reject(error)).catch(this.#onFailure);
    } catch (error) {
      this.#reject(error);
    }
  }

  /**
   * Shows another room when it is the turn of this client: a room that is deleted sends many members away at once.
   *
   * @param name Its name. The room of the client's token or the lobby, unless given.
   */
  #moveTo(name?: string) {
    const wanted = () => this.chat.hasSession(this.session);
    const enter = () => this.enter(name ?? this.member.scope?.room ?? LOBBY);
    const run = () => this.slicer.run(enter, { lane: "prompt", networks: this.networks, wanted });
    // Not before the reply to the command that has caused it, whether the chat answers at once or later.
    const entering = Promise.resolve().then(run).catch((error) => this.#reject(error));
    this.#moving = entering.catch(this.#onFailure).finally(() => this.#moving = undefined);
  }

  /** Replies with a sentence for an error, and rethrows what is a bug. */
  #reject(error: unknown): void {
    if (error instanceof AuthError) return this.#rejectLogin(error);
    if (!(error instanceof ChatError)) throw error;
    this.moderation.rejected(this.caller, error);
    if (error.code === "nick-registered") this.rejectedNick = error.subject;
    this.reply([errorReply(this, error)]);
  }

  #rejectLogin(error: AuthError) {
    this.reply([system(authErrorText(error, this))]);
    if (!this.#failures.add(error)) return;
    this.reply([system(`${TOO_MANY_FAILURES}.`)]);
    this.#connection.close(TOO_MANY_FAILURES);
  }
}
