/**
 * One IRC client: says who it is, gives commands, is answered, leaves.
 *
 * What a client is told comes in two ways. Answers to its own commands go through `reply`; what happens in its rooms
 * comes from the hub through `send`, since a session is its member's outlet. Neither overtakes the other.
 */
import type { Account } from "../../accounts/accounts.ts";
import type { AuthError, AuthService, Caller } from "../../accounts/auth.ts";
import type { Member, Outlet } from "../../chat/member.ts";
import type { Chat } from "../../chat/chat.ts";
import { ChatError } from "../../chat/chat_error.ts";
import { networksOf } from "../../util/address_ranges.ts";
import type { ModerationContext } from "../moderation.ts";
import { isSteps, type Steps, type TimeSlicer } from "../time_slicer.ts";
import type { Connection } from "../../transport/connection.ts";
import { type AccountAction, type AccountContext, FailureCount, TOO_MANY_FAILURES } from "../accounts.ts";
import type { Capability } from "./capabilities.ts";
import { type Command, commands } from "./commands.ts";
import { mayBeIrc } from "./first_line.ts";
import { bytes, fit, type Formats, IRC_LINE_MAX } from "./format.ts";
import type { Keepalive, KeepaliveTarget } from "./keepalive.ts";
import { escapeTagValue, type IrcMessage, parse, parseTags } from "./parser.ts";
import { type Numeric, numeric } from "./numerics.ts";
import { refused, tryAgain } from "./error_replies.ts";
import { welcome } from "./registration.ts";
import type { Exchange } from "./sasl.ts";
import { NICKSERV } from "./nickserv.ts";

/** The most bytes of tags that a client may send, by default, with the `@` and the space (IRCv3, "message-tags", "Size limit"). */
export const TAGS_MAX = 4096;

/** The most bytes in a line of a client's, tags and all, without its end, by default. */
export const INPUT_MAX = TAGS_MAX + IRC_LINE_MAX;

/** The most bytes of a label; a longer one is none (IRCv3, "labeled-response", "Tag value"). */
const LABEL_MAX = 64;

/** The most bytes of a word that is repeated in an error which would not fit whole. */
const REPEATED_MAX = 100;

/** How many lines of a long answer are made in one step. */
const STEP = 32;

/** What all sessions of the IRC door have in common. */
export interface IrcOptions {
  readonly chat: Chat;
  readonly formats: Formats;
  readonly keepalive: Keepalive;
  /** Where people say who they are. */
  readonly auth: AuthService;
  /** What others may see of an address. */
  readonly hostOf: (address: string) => string;
  /** The server's name. */
  readonly name: string;
  readonly version: string;
  /** When the server was started. */
  readonly since: Date;
  /** What everybody is shown on coming in, a line each. */
  readonly motd: () => readonly string[];
  /** How many are connected and have not said who they are. */
  readonly unregistered: { count: number };
  /** The most bytes in an answer to one command. */
  readonly answerMax: number;
  /** The most messages of what was said before in one answer. */
  readonly historyMax: number;
  /** The most bytes of tags that a client may send. */
  readonly tagsMax: number;
  /** What server operators do. */
  readonly moderation: ModerationContext;
  /** Whose turn it is to do what takes long. */
  readonly slicer: TimeSlicer;
  /** Takes members out whose connection has ended: thousands may end at once. */
  readonly departures: TimeSlicer;
}

/**
 * Serves one client of the IRC door until it leaves.
 *
 * @param onMember Told who it is, once they have said so.
 */
export async function irc(connection: Connection, door: IrcOptions, onMember: (member: Member) => void): Promise<void> {
  const session = new IrcSession(connection, door, onMember);
  connection.onTooLong = (beginning = "") => session.tooLong(beginning);
  connection.onMalformed = (line) => session.malformed(line);
  door.keepalive.add(session);
  door.unregistered.count++;
  try {
    for await (const lines of connection.lines) {
      for (const line of lines) {
        const answer = session.take(line);
        if (answer !== undefined) await answer;
      }
    }
  } finally {
    door.keepalive.delete(session);
    if (session.member === undefined) door.unregistered.count--;
    else {
      const { member } = session;
      await door.departures.run(() => door.chat.disconnect(member, connection.ending), {
        networks: networksOf(connection.address).toReversed(),
      });
    }
  }
}

/** See the head of this file. */
export class IrcSession implements Outlet, KeepaliveTarget {
  readonly options: IrcOptions;
  readonly chat: Chat;
  /** What the client has asked for. */
  readonly capabilities = new Set<Capability>();
  /** Who it is, once it has said so. */
  member: Member | undefined;
  /** What it has said so far of who it is. */
  nick: string | undefined;
  user: string | undefined;
  realname = "";
  /** Whether it is still choosing capabilities: it is not let in before. */
  choosing = false;
  /** Whether it is told of new capabilities without asking. */
  notified = false;
  /** Whether it was told how to ask for what was said before. */
  hinted = false;
  /** Whether it has said the password that everybody needs, where there is one. */
  admitted: boolean;
  /** Whether it has said one that would not do, and may say another one. */
  denied = false;
  /** How it shows who it is, while it does. */
  exchange: Exchange | undefined;

  readonly since = performance.now();
  heardAt = this.since;
  askedAt: number | undefined;

  readonly #connection: Connection;
  readonly #onMember: (member: Member) => void;
  readonly #mistakes: FailureCount;
  #early: Account | undefined; // who it has shown to be before it came in
  #fresh = true; // whether it has given no command yet
  #closing = false;
  #answer: string[] | undefined; // what was answered to the command that has a label
  #label = ""; // that label
  #apart = false; // whether what comes from elsewhere is no part of that
  #answered = 0; // how many bytes the long parts of the answer to this command are
  #batches = 0;

  constructor(connection: Connection, door: IrcOptions, onMember: (member: Member) => void) {
    this.#connection = connection;
    this.options = door;
    this.chat = door.chat;
    this.admitted = !door.auth.passwordRequired;
    this.#mistakes = new FailureCount(door.auth.maxFailures);
    this.#onMember = onMember;
  }

  get address(): string {
    return this.#connection.address;
  }

  get peer(): string {
    return this.#connection.peer;
  }

  get auth(): AuthService {
    return this.options.auth;
  }

  get caller(): Caller {
    return { address: this.address, peer: this.peer, nick: this.member?.nick, hasFailed: this.#mistakes.any };
  }

  /** Who it is, for what is the same on all doors. */
  get accountContext(): AccountContext {
    const { chat, auth, caller } = this;
    return {
      chat,
      auth,
      caller,
      member: this.member!,
      commandFor: asNickServ,
      answering: (run) => this.answering(run),
    };
  }

  /** The name that it has shown to be its own, if any. */
  get account(): string | undefined {
    return this.member === undefined ? this.#early?.name : this.member.account;
  }

  /** Whether nobody on the way can read along. */
  get secure(): boolean {
    return this.#connection.secure;
  }

  get registered(): boolean {
    return this.member !== undefined;
  }

  /** What it is called in answers. */
  get name(): string {
    return this.member?.nick ?? this.nick ?? "*";
  }

  /** Whether it has asked for a capability. */
  has(capability: Capability): boolean {
    return this.capabilities.has(capability);
  }

  /** Takes a line of the client's. A promise means that the next one is to wait for it. */
  take(raw: string): Promise<void> | undefined {
    this.heardAt = performance.now();
    this.askedAt = undefined;
    if (this.#closing) return undefined;
    const line = withoutEnds(raw);
    if (tooLong(line, this.options.tagsMax)) return this.tooLong(line);
    const message = parse(line);
    if (message === undefined) return undefined;
    if (this.#fresh && !mayBeIrc(line)) return void this.#connection.reject("text");
    this.#fresh = false;
    this.#answered = 0;
    const label = this.#labelOf(message.tags);
    return label === undefined ? this.#run(message) : this.#runLabeled(label, () => this.#run(message));
  }

  /**
   * Rejects a line that is longer than a client may send.
   *
   * @param beginning The line, or as much of it as the transport kept.
   */
  tooLong(beginning: string): undefined {
    this.#reject(beginning, () => this.numeric("ERR_INPUTTOOLONG"));
  }

  /** Rejects a line that is not UTF-8, which is all that is taken here (IRCv3, "UTF8ONLY"). */
  malformed(line: string): void {
    this.heardAt = performance.now();
    this.askedAt = undefined;
    this.#reject(line, () => this.fail("*", "INVALID_UTF8", "Message rejected: this server takes UTF-8 only"));
  }

  /** Answers a line that is not run, with its label if it has one. */
  #reject(line: string, answer: () => void): undefined {
    if (this.#closing) return;
    const label = line.startsWith("@") ? this.#labelOf(wholeTags(withoutEnds(line))) : undefined;
    if (label === undefined) answer();
    else void this.#runLabeled(label, () => void answer());
  }

  /** The label among a line's tags, if this client may use one (IRCv3, "labeled-response"). */
  #labelOf(tags: ReadonlyMap<string, string>): string | undefined {
    const label = tags.get("label");
    const counts = label && bytes(label) <= LABEL_MAX && this.has("labeled-response") && this.has("batch");
    return counts ? label : undefined;
  }

  /** Answers the client: with lines without the server's name, or with whole ones that begin with a source or tags. */
  reply(...lines: readonly string[]): void {
    const whole = lines.map((line) =>
      line.startsWith(":") || line.startsWith("@") ? line : `:${this.options.name} ${line}`
    );
    const fitting = whole.map((line) => line.startsWith("@") ? line : fit(line));
    this.member?.settle();
    if (this.#answer !== undefined) this.#answer.push(...fitting);
    else this.#connection.send(fitting);
  }

  /** Whether a line of the server's fits whole. */
  fits(line: string): boolean {
    return bytes(line) + bytes(this.options.name) + 2 <= IRC_LINE_MAX;
  }

  /**
   * Answers with as many lines as it takes for a list of words, each whole.
   *
   * @param head What stands before the list in each line.
   * @param more What follows that in all lines but the last.
   */
  replyWords(head: string, words: readonly string[], more = ""): void {
    const lines: string[] = [];
    let list = "";
    for (const word of words) {
      if (list !== "" && !this.fits(`${head}${more} :${list} ${word}`)) {
        lines.push(`${head}${more} :${list}`);
        list = "";
      }
      list += list === "" ? word : ` ${word}`;
    }
    this.reply(...lines, `${head} :${list}`);
  }

  /** Takes what some lines need of what the answer to this command may be; returns whether they may be part of it. */
  afford(lines: readonly string[]): boolean {
    for (const line of lines) this.#answered += bytes(line) + bytes(this.options.name) + 4;
    return this.#answered <= this.options.answerMax;
  }

  /** Answers with as many lines as the answer to this command may still have; returns whether all of them fitted. */
  replyAll(lines: Iterable<string>): boolean {
    const fitting: string[] = [];
    let all = true;
    for (const line of lines) { // none of those behind is made
      all = this.afford([line]);
      if (!all) break;
      fitting.push(line);
    }
    this.reply(...fitting);
    return all;
  }

  /**
   * Answers with as many lines as the answer to this command may still have, made in slices of time.
   *
   * @param lines Where there is none, `undefined` says that it took time to find that out.
   * @returns Whether all of them fitted.
   */
  *replySteps(lines: Iterable<string | undefined>): Steps<boolean> {
    const fitting: string[] = [];
    let all = true;
    let made = 0;
    for (const line of lines) {
      if (++made % STEP === 0) yield;
      if (line === undefined) continue;
      all = this.afford([line]);
      if (!all) break;
      fitting.push(line);
    }
    this.reply(...fitting);
    return all;
  }

  /**
   * Whether a command may be interrupted after a part of its answer. One with a label may not: what the client is told then
   * by others would come before the answer, which is sent as one.
   */
  get divisible(): boolean {
    return this.#answer === undefined;
  }

  /** Answers with a numeric. */
  numeric(name: Numeric, ...args: (string | number)[]): void {
    const line = this.line(name, ...args);
    const isWhole = this.fits(line) || !/^(?:ERR|RPL_ENDOF)/.test(name); // others repeat nothing that a client wrote just now
    this.reply(isWhole ? line : this.line(name, ...args.map(shortened)));
  }

  /** A numeric, to be answered with others. */
  line(name: Numeric, ...args: (string | number)[]): string {
    return numeric(name, this.name, ...args);
  }

  /**
   * Answers with what went wrong, where there is no numeric for it: with a standard reply, if the client has asked for
   * those or if the command's own specification has it; else in words.
   */
  fail(command: string, code: string, text: string, ...context: string[]): void {
    if (this.has("standard-replies") || this.#hasFailures(command)) {
      const line = (words: readonly string[]) => `${["FAIL", command, code, ...words].join(" ")} :${text}`;
      const whole = line(context);
      this.reply(this.fits(whole) ? whole : line(context.map(shortened)));
    } else this.reply(`NOTICE ${this.name} :${command}: ${text}`);
  }

  #hasFailures(command: string): boolean {
    const capability = OWN_FAILURES.get(command);
    return capability === "" || (capability !== undefined && this.has(capability));
  }

  /** Hands lines to the client, or keeps them for the answer that is being put together. */
  send(lines: readonly string[]): void {
    if (this.#answer !== undefined && !this.#apart) this.#answer.push(...lines);
    else this.#connection.send(lines);
  }

  /** Does something of which what the client gets is no answer. */
  apart<T>(run: () => T): T {
    this.member?.settle(); // what came before is
    const before = this.#apart;
    this.#apart = true;
    try {
      return run();
    } finally {
      this.#apart = before;
    }
  }

  /** Runs a part of a command. If the command has a label, whatever this part sends to the client belongs to the answer. */
  answering<T>(run: () => T): T {
    if (this.#answer === undefined) return run();
    this.member?.settle(); // lines from before this part do not
    const before = this.#apart;
    this.#apart = false;
    try {
      return run();
    } finally {
      this.member?.settle(); // lines that the rooms hold back now do
      this.#apart = before;
    }
  }

  /** Asks whether the client is there. Without a source: simple bots look for `PING` at the beginning of a line. */
  ping(): void {
    this.member?.settle();
    this.#connection.send([`PING :${this.options.name}`]); // never part of an answer
  }

  /**
   * Ends the session, and says so.
   *
   * @param ending What the log calls it: nothing that people say is in it.
   * @param words What the client is told, if that is not the same.
   */
  close(ending: string, words = ending): void {
    if (this.#closing) return;
    this.#closing = true;
    this.member?.settle();
    const error = fit(`ERROR :Closing link: (${this.name}) [${words}]`);
    if (this.#answer === undefined) this.#connection.send([error]);
    else {
      this.#answer.push(error);
      this.#sendAnswer();
    }
    this.#connection.close(ending);
  }

  pause(milliseconds: number): void {
    this.#connection.pause?.(milliseconds);
  }

  /** It has shown that a name is its own. */
  login(account: Account): void {
    if (this.member === undefined) {
      this.#early = account;
      this.#onAccount();
    } else if (this.chat.has(this.member)) this.answering(() => this.chat.login(this.member!, account.name));
  }

  /** Takes a denial; ends the session if that was one wrong password too many. */
  mistaken(denial: AuthError): void {
    if (this.#mistakes.add(denial)) this.close(TOO_MANY_FAILURES);
  }

  /** Lets the client in, if it has said all that it has to. */
  register(): void {
    if (this.member !== undefined || this.nick === undefined || this.user === undefined || this.choosing) return;
    if (this.#closing) return; // while its password was looked at
    if (!this.admitted) {
      if (this.denied) return;
      this.numeric("ERR_PASSWDMISMATCH");
      return this.close("Password wanted");
    }
    // Its name may have been given up meanwhile, and be somebody else's by now.
    if (this.#early !== undefined && this.auth.find(this.#early.name) !== this.#early) this.#early = undefined;
    const { chat, options } = this;
    const { user, realname, account } = this;
    const networks = networksOf(this.address);
    const identity = { user, host: options.hostOf(this.address), networks, realname, account };
    try {
      this.member = chat.connect(this.nick, identity, options.formats.of(this.capabilities), this);
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      this.nick = undefined;
      return refused(this, error, "NICK"); // taken, since it asked for it
    }
    this.member.echo = this.has("echo-message");
    this.member.onAccount = () => this.#onAccount();
    options.unregistered.count--;
    this.#onMember(this.member);
    welcome(this);
  }

  #onAccount() {
    const { account } = this;
    const origin = this.member?.origin ??
      `${this.nick ?? "*"}!${this.user ?? "*"}@${this.options.hostOf(this.address)}`;
    if (account === undefined) this.numeric("RPL_LOGGEDOUT", origin);
    else this.numeric("RPL_LOGGEDIN", origin, account, account);
  }

  #run(message: IrcMessage): Promise<void> | undefined {
    const { command, params } = message;
    const known = commands.get(command);
    if (known === undefined) {
      if (!this.registered) return void this.numeric("ERR_NOTREGISTERED");
      return void this.numeric("ERR_UNKNOWNCOMMAND", command);
    }
    if (!this.registered && !known.anybody) return void this.numeric("ERR_NOTREGISTERED");
    if (params.length < known.least) return void this.numeric("ERR_NEEDMOREPARAMS", command);
    const { lane } = known;
    const work = () => this.answering(() => this.#do(known, message));
    if (lane === undefined) return work() as Promise<void> | undefined; // what is done in steps has a lane
    try {
      const requester = { lane, networks: networksOf(this.address).toReversed(), wanted: () => !this.#closing };
      return this.options.slicer.run(work, requester) ?? undefined;
    } catch (error) {
      if (!(error instanceof ChatError) || error.code !== "too-many-waiting") throw error;
      tryAgain(this, message);
    }
  }

  #do(known: Command, message: IrcMessage): Promise<void> | Steps<void> | undefined {
    try {
      const doing = known.run(this, message.params, message) ?? undefined;
      return isSteps(doing) ? this.#attempt(doing, message) : doing;
    } catch (error) {
      this.#refuse(error, message.command);
    }
  }

  *#attempt(steps: Steps<void>, { command }: IrcMessage): Steps<void> {
    try {
      while (!this.answering(() => steps.next()).done) yield;
    } catch (error) {
      this.#refuse(error, command);
    } finally {
      steps.return(); // if it is not wanted any more
    }
  }

  /** Says what cannot be done; what is a mistake of ours is thrown on. */
  #refuse(error: unknown, command: string): undefined {
    if (!(error instanceof ChatError)) throw error;
    refused(this, error, command);
  }

  /** Collects the answer to a command that has a label, and sends it as one (IRCv3, "labeled-response"). */
  #runLabeled(label: string, run: () => Promise<void> | undefined): Promise<void> | undefined {
    this.member?.settle(); // what was said before is no answer
    this.#answer = [];
    this.#label = label;
    const waiting = this.answering(run);
    if (waiting === undefined) return this.#sendAnswer();
    this.#apart = true; // what happens until it is done is no answer, either
    return waiting.finally(() => {
      this.#apart = false;
      this.#sendAnswer();
    });
  }

  /** Sends the answer that was put together. */
  #sendAnswer(): undefined {
    const answer = this.#answer;
    this.#answer = undefined;
    if (answer === undefined) return;
    this.#connection.send(labeled(answer, this.#label, this.options.name, this.nextBatch()));
  }

  /** A name for a batch that no other one has. */
  nextBatch(): string {
    return `b${this.#batches++}`;
  }
}

/**
 * Commands whose own specification has `FAIL` for their errors, and the capability that enables it. "" is none: a client
 * that sends such a command implements its specification, and waits for a `FAIL`.
 */
const OWN_FAILURES: ReadonlyMap<string, Capability | ""> = new Map<string, Capability | "">([
  ["*", ""], // INVALID_UTF8
  ["CHATHISTORY", ""],
  ["REGISTER", ""],
  ["SEARCH", ""],
  ["SETNAME", "setname"],
]);

/** How something is asked for that NickServ does. */
function asNickServ(deed: AccountAction, ...args: string[]): string {
  const words = { login: "IDENTIFY", password: "SET PASSWORD" } as const;
  const word = deed === "login" || deed === "password" ? words[deed] : deed.toUpperCase();
  return [`/msg ${NICKSERV}`, word, ...args].join(" ");
}

/** An answer with its label: as a single line, or as a batch, unless it is one; or the word that there is none. */
function labeled(answer: readonly string[], label: string, server: string, batch: string): string[] {
  const [first, ...more] = answer;
  if (first === undefined) return [withTag(`:${server} ACK`, "label", label)];
  const [, , own] = first.split(" ", 3);
  const isBatch = first.startsWith(`:${server} BATCH +`) && more.at(-1) === `:${server} BATCH -${own?.slice(1)}`;
  if (more.length === 0 || isBatch) return [withTag(first, "label", label), ...more];
  return [
    withTag(`:${server} BATCH +${batch} labeled-response`, "label", label),
    ...answer.map((line) => line.startsWith("@batch=") ? line : withTag(line, "batch", batch)), // but for one in it
    `:${server} BATCH -${batch}`,
  ];
}

/** A line with one more tag, before those that it has. */
export function withTag(line: string, key: string, value: string): string {
  const tag = `${key}=${escapeTagValue(value)}`;
  return line.startsWith("@") ? `@${tag};${line.slice(1)}` : `@${tag} ${line}`;
}

/**
 * A word of an error that would not fit whole. What the client wrote may be as long as a line: cut off, it would be another
 * word, and the description behind it would be gone.
 */
function shortened(word: string | number): string {
  return bytes(String(word)) > REPEATED_MAX ? "*" : String(word);
}

/** The tags of a line, of which the end may be missing: then those that are whole. */
function wholeTags(line: string): ReadonlyMap<string, string> {
  const end = line.indexOf(" ");
  return parseTags(line.slice(1, end < 0 ? Math.max(line.lastIndexOf(";"), 1) : end));
}

/** A line without NUL and CR: on their own they can only mean harm, as both end lines somewhere. */
function withoutEnds(line: string): string {
  return line.includes("\0") || line.includes("\r") ? line.replace(/[\0\r]/g, "") : line;
}

function tooLong(line: string, tagsMax: number): boolean {
  if (3 * line.length <= IRC_LINE_MAX) return false; // nearly always
  if (!line.startsWith("@")) return bytes(line) > IRC_LINE_MAX;
  const tags = line.indexOf(" ") + 1 || line.length;
  return bytes(line.slice(0, tags)) > tagsMax || bytes(line.slice(tags)) > IRC_LINE_MAX;
}
