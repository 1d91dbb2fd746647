/**
 * The session of one IRC client: reads its lines, registers it, runs its commands, and delivers events to it.
 *
 * Replies to commands and events of the client's rooms are sent in the order in which they were made.
 */
import type { AuthError, AuthService, Caller, Login } from "../../accounts/auth.ts";
import type { ChatEvent } from "../../chat/events.ts";
import type { Member, Outlet, Session } from "../../chat/member.ts";
import type { Chat } from "../../chat/chat.ts";
import type { Room } from "../../chat/room.ts";
import { ChatError } from "../../chat/chat_error.ts";
import { networksOf } from "../../util/address_ranges.ts";
import { isSteps, type Lane, type Outcome, type Steps } from "../time_slicer.ts";
import type { Connection } from "../../transport/connection.ts";
import {
  type AccountContext,
  currentLogin,
  FailureCount,
  sessionToken,
  TOO_MANY_FAILURES,
  WRONG_PASSWORD,
} from "../accounts.ts";
import { linkRequestErrorText } from "../invite_links.ts";
import type { Capability } from "./capabilities.ts";
import { join } from "./channels.ts";
import { type Command, commands } from "./commands.ts";
import type { IrcContext, MemberContext } from "./context.ts";
import { replyError, replyTryAgain } from "./error_replies.ts";
import { mayBeIrc } from "./first_line.ts";
import { byteLength, fit } from "./format.ts";
import { Handshake } from "./handshake.ts";
import { completeTags, isTooLong, withoutLineEnds } from "./input.ts";
import { LINES_UNDER_WAY } from "../lines_under_way.ts";
import { type KeepaliveTarget, REGISTRATION_TIMEOUT } from "./keepalive.ts";
import { LabeledOutput } from "./labels.ts";
import { nickServRequest } from "./nickserv_notice.ts";
import { type BatchResult, MultilineInput } from "./multiline_input.ts";
import { word } from "./numerics.ts";
import type { IrcOptions } from "./options.ts";
import { type IrcMessage, parse } from "./parser.ts";
import { welcome } from "./registration.ts";
import { replayMissedPrivate } from "./replay.ts";
import { ReplyWriter } from "./replies.ts";
import { sessionHandlers, showRooms } from "./shared_user.ts";
import { setAway } from "./users.ts";

/** Upper bound on the bytes of a label; a longer one is ignored (IRCv3, "labeled-response", "Tag value"). */
const LABEL_MAX = 64;

/**
 * Serves an IRC client until its connection ends.
 *
 * @param onRegistered Called once, when the client has registered.
 */
export async function irc(
  connection: Connection,
  options: IrcOptions,
  onRegistered: (session: Session) => void,
): Promise<void> {
  const client = new IrcSession(connection, options, onRegistered);
  connection.onTooLong = (beginning = "") => client.rejectTooLong(beginning);
  connection.onMalformed = (line) => client.rejectMalformed(line);
  options.keepalive.add(client);
  options.unregistered.count++;
  try {
    for await (const lines of connection.lines) {
      for (const line of lines) {
        const pending = client.take(line);
        if (pending !== undefined) await pending;
      }
    }
  } finally {
    options.keepalive.delete(client);
    const { session } = client;
    if (session === undefined) options.unregistered.count--;
    else {
      await options.departures.run(() => options.chat.disconnect(session, client.quitReason), {
        networks: networksOf(connection.address).toReversed(),
      });
    }
  }
}

/** One client: the context of its commands, and the outlet of its session in the chat. */
export class IrcSession extends ReplyWriter implements IrcContext, Outlet, KeepaliveTarget {
  readonly options: IrcOptions;
  readonly handshake: Handshake;
  readonly capabilities = new Set<Capability>();
  session: Session | undefined;
  historyHintSent = false;
  readonly sentFrom = new WeakMap<Room, number>();

  readonly since = performance.now();
  heardAt = this.since;
  pingedAt: number | undefined;

  readonly #connection: Connection;
  readonly #onRegistered: (session: Session) => void;
  readonly #failures: FailureCount;
  readonly #multiline = new MultilineInput();
  #first = true; // whether no line was read yet
  #closing = false;
  #closeWords: string | undefined;

  constructor(connection: Connection, options: IrcOptions, onRegistered: (session: Session) => void) {
    super(new LabeledOutput(connection, options.name, () => this.session?.settle()), options.name, options.answerMax);
    this.options = options;
    this.handshake = new Handshake(options.auth.passwordRequired);
    this.#connection = connection;
    this.#failures = new FailureCount(options.auth.maxFailures);
    this.#onRegistered = onRegistered;
  }

  get chat(): Chat {
    return this.options.chat;
  }

  get auth(): AuthService {
    return this.options.auth;
  }

  get member(): Member | undefined {
    return this.session?.member;
  }

  get name(): string {
    return this.member?.nick ?? this.handshake.nick ?? "*";
  }

  get account(): string | undefined {
    return this.member === undefined ? this.handshake.login?.name : this.member.account;
  }

  get peer(): string {
    return this.#connection.peer;
  }

  /** What other members are told when the connection has ended. */
  get quitReason(): string | undefined {
    return this.#closeWords ?? this.#connection.closeReason;
  }

  get queued(): number {
    return this.#connection.queued;
  }

  get secure(): boolean {
    return this.#connection.secure;
  }

  get registered(): boolean {
    return this.session !== undefined;
  }

  get unregisteredReason(): string {
    return this.#failures.any ? WRONG_PASSWORD : REGISTRATION_TIMEOUT;
  }

  get interruptible(): boolean {
    return !this.output.collecting;
  }

  get caller(): Caller {
    const { address, peer, certificate } = this.#connection;
    const host = this.options.hostOf(address);
    const { nick } = this.member ?? {};
    const token = this.session?.token;
    return { address, peer, nick, hasFailed: this.#failures.any, host, token, certificate };
  }

  get accountContext(): AccountContext {
    const { chat, auth, caller } = this;
    return {
      chat,
      auth,
      caller,
      session: this.session!,
      get member() {
        return this.session.member;
      },
      moderation: this.options.moderation,
      commandFor: nickServRequest,
      answering: (run) => this.inResponse(run),
    };
  }

  override has(capability: Capability): boolean {
    return this.capabilities.has(capability);
  }

  /** Runs a line from the client. The next line has to wait for the promise, if there is one. */
  take(raw: string): Promise<void> | undefined {
    this.#heard();
    if (this.#closing) return undefined;
    const line = withoutLineEnds(raw);
    if (isTooLong(line, this.options.tagsMax)) return this.rejectTooLong(line);
    const message = parse(line);
    if (message === undefined) return undefined;
    if (this.#first && !mayBeIrc(line)) return void this.#connection.reject("text");
    this.#first = false;
    const { session } = this;
    if (session === undefined) return this.#take(message);
    if (!this.chat.hasSession(session)) return undefined; // its connection is about to be closed
    // Replies and the events of a labeled response come after the lines that the client has sent before.
    const most = isForChannels(message) && message.tags.get("label") === undefined ? LINES_UNDER_WAY - 1 : 0;
    const waiting = this.chat.underWay(session, most);
    return waiting === undefined ? this.#take(message) : waiting.then(() => this.#take(message));
  }

  /**
   * Rejects a line that is too long.
   *
   * @param beginning The line, or as much of it as the transport has kept.
   */
  rejectTooLong(beginning: string): undefined {
    this.#rejectLine(beginning, () => this.numeric("ERR_INPUTTOOLONG"));
  }

  /** Rejects a line that is not UTF-8 (IRCv3, "UTF8ONLY"). */
  rejectMalformed(line: string): void {
    this.#heard();
    this.#rejectLine(line, () => this.fail("*", "INVALID_UTF8", "Message rejected: this server takes UTF-8 only"));
  }

  send(lines: readonly string[]): void {
    this.output.send(lines);
  }

  tell(event: ChatEvent): void {
    this.inResponse(() => this.session?.tell(event));
  }

  outsideResponse<T>(run: () => T): T {
    return this.output.outsideResponse(run);
  }

  applying(apply: () => void): void {
    this.output.applying(apply);
  }

  inResponse<T>(run: () => T): T {
    return this.output.inResponse(run);
  }

  inSlice<W>(lane: Lane, work: () => W): Outcome<W> | undefined | Promise<Outcome<W> | undefined> {
    const networks = networksOf(this.#connection.address).toReversed();
    return this.options.slicer.run(() => this.inResponse(work), { lane, networks, wanted: () => !this.#closing });
  }

  nextBatch(): string {
    return this.output.nextBatch();
  }

  ping(): void {
    this.session?.settle();
    // Never part of a response, and without a source: simple bots look for PING at the beginning of a line.
    this.#connection.send([`PING :${this.options.name}`]);
  }

  close(ending: string, words = ending): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#closeWords = words;
    this.output.reply([fit(`ERROR :Closing link: (${this.name}) [${words}]`)]);
    this.output.flush();
    this.#connection.close(ending);
  }

  pause(milliseconds: number): void {
    this.#connection.pause?.(milliseconds);
  }

  async login(login: Login): Promise<void> {
    const { session } = this;
    if (session === undefined) {
      this.handshake.login = login;
      this.#replyAccount();
    } else if (this.chat.hasSession(session)) {
      const { name, token } = currentLogin(this.auth, login);
      await this.inResponse(() => this.chat.login(session, name, token && sessionToken(token)));
    }
  }

  countFailure(error: AuthError): void {
    if (this.#failures.add(error)) this.close(TOO_MANY_FAILURES);
  }

  async register(): Promise<void> {
    const { chat, options, handshake } = this;
    const { nick, user } = handshake;
    if (this.session !== undefined || nick === undefined || user === undefined || handshake.negotiating) return;
    if (this.#closing) return; // while the password was checked
    if (!handshake.passwordAccepted) {
      if (handshake.passwordRejected) return;
      this.numeric("ERR_PASSWDMISMATCH");
      return this.close("Password wanted");
    }
    // The account may have been dropped in the meantime, the token revoked, or its room renamed.
    handshake.login &&= this.auth.current(handshake.login);
    const { address } = this.#connection;
    const identity = {
      user,
      host: options.hostOf(address),
      networks: networksOf(address),
      realname: handshake.realname,
      account: this.account,
      token: handshake.login?.token && sessionToken(handshake.login.token),
    };
    let session: Session;
    try {
      session = await chat.connect(nick, identity, options.formats.of(this.capabilities), this, handshake.attended);
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      handshake.nick = undefined;
      return replyError(this, error, "NICK"); // another client has taken it since NICK
    }
    const { link } = handshake;
    const linked = link === undefined ? undefined : await this.#useLink(session, link);
    if (this.#closing) return await chat.disconnect(session, this.quitReason); // while it was connected
    this.session = session;
    session.echo = this.has("echo-message");
    session.extendedMonitor = this.has("extended-monitor");
    session.readsShown = !this.has("draft/read-marker");
    session.handlers = sessionHandlers(this as MemberContext, () => this.#replyAccount());
    const { missedSince } = session;
    options.unregistered.count--;
    this.#onRegistered(session);
    welcome(this as MemberContext);
    showRooms(this as MemberContext, session.member.rooms.values(), missedSince);
    replayMissedPrivate(this as MemberContext);
    if (handshake.away !== undefined) await setAway(this as MemberContext, handshake.away);
    if (linked === undefined) return;
    await join(this as MemberContext, [linked]);
    if (this.has("standard-replies")) {
      this.reply(`NOTE PASS INVITED ${linked} :You came by an invite link to ${linked}`);
    }
  }

  /**
   * Uses the invite link that a new member has given. If that fails, closes the connection, unless the server has no password.
   *
   * @returns The name of the room that it may join.
   */
  async #useLink(session: Session, link: string): Promise<string | undefined> {
    try {
      return await this.chat.links.use(session.member, link);
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      const text = linkRequestErrorText(error.code, error.subject) ??
        "You are banned from the room of this invite link.";
      const isNeeded = this.auth.passwordRequired;
      if (isNeeded) this.numeric("ERR_PASSWDMISMATCH");
      this.reply(`NOTICE ${this.name} :${text}`);
      if (isNeeded) this.close("invite link", text);
      return undefined;
    }
  }

  /** Runs a message when no earlier line of the client is in its way. */
  #take(message: IrcMessage): Promise<void> | undefined {
    if (this.#closing) return undefined; // while it waited
    this.resetLimit();
    const label = this.#labelOf(message.tags);
    if (message.command === "BATCH" || message.tags.has("batch")) {
      if (this.registered && this.has("draft/multiline")) return this.#takeBatched(message, label);
    }
    return this.#runLabeled(message, label);
  }

  #runLabeled(message: IrcMessage, label: string | undefined): Promise<void> | undefined {
    return label === undefined ? this.#run(message) : this.output.collect(label, () => this.#runToEnd(message));
  }

  /** Takes a line of a message of several lines, which is run with its last line, and is one command: it has one response. */
  #takeBatched(message: IrcMessage, label: string | undefined): Promise<void> | undefined {
    const result = this.#multiline.take(message, label, performance.now());
    if (result !== undefined && "message" in result) return this.#runLabeled(result.message, result.label);
    this.#failBatch(result);
  }

  #failBatch(result: BatchResult): void {
    if (result === undefined || !("failure" in result)) return;
    const { failure: { code, context, text }, label } = result;
    const reply = () => void this.fail("BATCH", code, text, ...context.map(word));
    if (label === undefined) reply();
    else void this.output.collect(label, reply as () => undefined);
  }

  #heard() {
    this.heardAt = performance.now();
    this.pingedAt = undefined;
  }

  /** Replies to a line that is not run, with its label if it has one. */
  #rejectLine(line: string, reply: () => void): undefined {
    if (this.#closing) return;
    const label = line.startsWith("@") ? this.#labelOf(completeTags(withoutLineEnds(line))) : undefined;
    if (label === undefined) reply();
    else void this.output.collect(label, () => void reply());
    this.#failBatch(this.#multiline.spoil());
  }

  /** Returns the label among a line's tags, if the client has enabled labels (IRCv3, "labeled-response"). */
  #labelOf(tags: ReadonlyMap<string, string>): string | undefined {
    const label = tags.get("label");
    const valid = label && byteLength(label) <= LABEL_MAX && this.has("labeled-response") && this.has("batch");
    return valid ? label : undefined;
  }

  #replyAccount() {
    const { account, handshake } = this;
    const origin = this.member?.origin ??
      `${handshake.nick ?? "*"}!${handshake.user ?? "*"}@${this.options.hostOf(this.#connection.address)}`;
    if (account === undefined) this.numeric("RPL_LOGGEDOUT", origin);
    else this.numeric("RPL_LOGGEDIN", origin, account, account);
  }

  #run(message: IrcMessage): Promise<void> | undefined {
    const { command: name, params } = message;
    const command = commands.get(name);
    if (!this.registered && !command?.early) return void this.numeric("ERR_NOTREGISTERED");
    if (command === undefined) return void this.numeric("ERR_UNKNOWNCOMMAND", name);
    if (params.length < command.minParams) return void this.numeric("ERR_NEEDMOREPARAMS", name);
    const { lane } = command;
    const work = () => this.#call(command, message);
    if (lane === undefined) return this.inResponse(work) as Promise<void> | undefined; // steps have a lane
    try {
      return this.inSlice(lane, work) ?? undefined;
    } catch (error) {
      if (!(error instanceof ChatError) || error.code !== "too-many-waiting") throw error;
      replyTryAgain(this, message);
    }
  }

  /** Runs a message until the lines that it has said are applied, too. */
  #runToEnd(message: IrcMessage): Promise<void> | undefined {
    const underWay = () => this.session && this.chat.underWay(this.session);
    const pending = this.#run(message);
    return pending === undefined ? underWay() : pending.then(underWay);
  }

  #call(command: Command, message: IrcMessage): Promise<void> | Steps<void | Promise<void>> | undefined {
    try {
      const result = command.run(this as MemberContext, message.params, message) ?? undefined;
      if (isSteps(result)) return this.#steps(result, message);
      return result?.catch((error) => this.#reject(error, message));
    } catch (error) {
      this.#reject(error, message);
    }
  }

  *#steps(steps: Steps<void | Promise<void>>, message: IrcMessage): Steps<void | Promise<void>> {
    try {
      for (;;) {
        const { done, value } = this.inResponse(() => steps.next());
        if (done) return value?.catch((error) => this.#reject(error, message));
        yield;
      }
    } catch (error) {
      this.#reject(error, message);
    } finally {
      steps.return(); // if the connection was closed between two steps
    }
  }

  /** Replies to a `ChatError`; throws any other error on, as that is a bug. */
  #reject(error: unknown, { command }: IrcMessage): undefined {
    if (!(error instanceof ChatError)) throw error;
    replyError(this, error, command);
  }
}

/** Whether a message is said in channels alone. */
function isForChannels({ command, params }: IrcMessage): boolean {
  return (command === "PRIVMSG" || command === "NOTICE") && params[0]?.startsWith("#") === true &&
    !params[0].includes(",");
}
