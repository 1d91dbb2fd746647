/**
 * The desk at which people say who they are: the password that everybody needs, the names that are somebody's own, and
 * the record of who came and who tried.
 *
 * It knows no rooms and no lines: protocols ask it, and the hub is told by them. What cannot be done is a
 * {@linkcode AuthError}. No password is ever on record, nor a name that is nobody's, which may be one.
 */
import { networksOf } from "../util/address_ranges.ts";
import { fold, isNick, skeleton } from "../chat/names.ts";
import { StoreError } from "../chat/store.ts";
import { Operators } from "../moderation/operators.ts";
import { NetworkLimiter } from "../util/network_limiter.ts";
import type { Account, Accounts } from "./accounts.ts";
import { FAILURES_MAX, type LoginAttempt, LoginThrottle } from "./login_throttle.ts";
import {
  BusyError,
  choose,
  PASSWORD_BYTES_MAX,
  PASSWORD_MAX,
  PASSWORD_MIN,
  PasswordError,
  prepare,
  same,
} from "./password.ts";
import { ScramError, ScramExchange } from "./scram.ts";

/** How many accounts, and how many new passwords, one network can have in an hour; those around it have their shares. */
export const REGISTRATIONS_MAX = 5;

const HOUR = 3600_000;

/** Why something was denied. */
export type AuthErrorCode =
  | "no-accounts" // names cannot be owned here
  | "wrong-password" // or there is no such name
  | "wait" // too many were wrong
  | "reconnect" // too many were wrong for another try of this connection, which has been wrong itself
  | "busy" // too many are tried at the moment
  | "name-owned" // it is somebody's own already
  | "name-impossible" // it can be nobody's own
  | "name-confusable" // it looks like one that is somebody's own
  | "name-gone" // somebody else has it by now
  | "password-short"
  | "password-long"
  | "password-wide" // in bytes
  | "password-impossible"
  | "accounts-full" // there are as many as may be
  | "too-many" // too many from one network
  | "not-logged-in"
  | "logged-in" // already
  | "not-yours" // the name that it is about
  | "not-kept"; // the file cannot be written to

/** Thrown when somebody asks the desk for what cannot be done. */
export class AuthError extends Error {
  override name = "Denial";
  readonly code: AuthErrorCode;
  /** What it is about: a name, a limit, or how many seconds to wait. */
  readonly subject: string;

  constructor(code: AuthErrorCode, subject: string | number = "") {
    super(`Cannot do it: ${code}`);
    this.code = code;
    this.subject = String(subject);
  }
}

/** Who asks. */
export interface Caller {
  /** Where they come from, as in limits per address … */
  readonly address: string;
  /** … and as in the log … */
  readonly peer: string;
  /** … and what they are called, if anything. */
  readonly nick?: string | undefined;
  /** Whether they have said a wrong password on this connection before. */
  readonly hasFailed?: boolean | undefined;
}

/** What belongs to something on record, by name. */
type Fields = { readonly [name: string]: string | number | undefined };

/** What goes on record. */
export interface AuthLog {
  info(message: string, fields: Fields): void;
  warn(message: string, fields: Fields): void;
}

/** What a desk is made of. */
export interface AuthOptions {
  /** What everybody has to say to be let in, if anything, as `prepare` made it. */
  readonly password?: string | undefined;
  /** None, and names cannot be owned. */
  readonly accounts?: Accounts | undefined;
  readonly operators?: Operators;
  readonly throttle?: LoginThrottle;
  readonly log?: AuthLog;
  /** How often one connection may be wrong about a password, the last time included. */
  readonly maxFailures?: number;
  /** When it is, in milliseconds, on a clock that is never set. */
  readonly now?: () => number;
}

/** See the head of this file. */
export class AuthService {
  /** How often one connection may be wrong about a password, the last time included. */
  readonly maxFailures: number;
  readonly throttle: LoginThrottle;
  readonly operators: Operators;
  /** How often something was denied for want of room or time, or as it was asked for too often, by the code. */
  readonly denied = new Map<AuthErrorCode, number>();
  #password: string | undefined;
  readonly #accounts: Accounts | undefined;
  readonly #record: AuthLog;
  readonly #registrations = new NetworkLimiter({ limit: REGISTRATIONS_MAX, time: HOUR });
  readonly #now: () => number;

  constructor(options: AuthOptions = {}) {
    this.#password = options.password;
    this.maxFailures = options.maxFailures ?? FAILURES_MAX;
    this.#accounts = options.accounts;
    this.operators = options.operators ?? new Operators();
    this.throttle = options.throttle ?? new LoginThrottle();
    this.#record = options.log ?? { info() {}, warn() {} };
    this.#now = options.now ?? (() => performance.now());
  }

  /** Whether everybody has to say a password first. */
  get passwordRequired(): boolean {
    return this.#password !== undefined;
  }

  /** Changes the server password, as `prepare` made it. Members who are connected stay. */
  set password(password: string) {
    this.#password = password;
  }

  /** Whether names can be owned. */
  get accountsEnabled(): boolean {
    return this.#accounts !== undefined;
  }

  /** How many names are owned. */
  get size(): number {
    return this.#accounts?.size ?? 0;
  }

  /** The account of a name, if it is somebody's own. */
  find(name: string): Account | undefined {
    return this.#accounts?.find(name);
  }

  /**
   * Lets somebody in who knows the password that everybody needs.
   *
   * @throws {AuthError} `wrong-password`, `wait` or `reconnect`
   */
  async checkServerPassword(caller: Caller, password: string): Promise<void> {
    const said = prepare(password) ?? "";
    const verify = () => Promise.resolve(same(said, this.#password ?? ""));
    await this.#try(caller, "door password", undefined, verify, { quick: true });
  }

  /**
   * Whether somebody is a server operator.
   *
   * @throws {AuthError} `wrong-password`, `wait`, `reconnect` or `busy`
   */
  async operator(caller: Caller, name: string, password: string): Promise<void> {
    const known = this.operators.has(name) ? name : undefined;
    const said = prepare(password) ?? "";
    const owner = known === undefined ? undefined : `operator ${known}`;
    await this.#try(caller, "OPER", { known }, () => this.operators.verify(name, said), { owner });
  }

  /**
   * Makes a name its holder's own.
   *
   * @param holds Whether they still have it.
   * @throws {AuthError}
   */
  async register(caller: Caller, name: string, password: string, holds: () => boolean): Promise<Account> {
    const accounts = this.#open();
    if (!isNick(name) || /^guest\d+$/.test(fold(name))) throw new AuthError("name-impossible", name);
    if (accounts.find(name) !== undefined) throw new AuthError("name-owned", name);
    if (accounts.ownedLike(skeleton(name)) !== undefined) throw new AuthError("name-confusable", name);
    const prepared = chosen(password);
    if (accounts.full) throw this.#counted(caller, new AuthError("accounts-full"));
    this.#allow(caller);
    const make = () => this.throttle.inTurn(caller.address, () => accounts.register(name, prepared, holds));
    if (!await this.#keep(caller, make)) {
      if (accounts.full) throw this.#counted(caller, new AuthError("accounts-full"));
      throw new AuthError("name-gone", name);
    }
    this.note("registered", caller, name);
    this.throttle.know(ownerOf(name), caller.address);
    return accounts.find(name)!;
  }

  /**
   * Finds the account that somebody knows the password of.
   *
   * @param how How they have said it, for the record.
   * @throws {AuthError}
   */
  async login(caller: Caller, name: string, password: string, how: string): Promise<Account> {
    const accounts = this.#open();
    const said = prepare(password) ?? "";
    await this.#tryOwn(caller, how, name, () => accounts.verify(name, said));
    return this.#found(caller, name, how);
  }

  /** Begins to find it by SCRAM. */
  scram(caller: Caller): Scram {
    return new Scram(
      this.#open(),
      (name, verify) => this.#tryOwn(caller, "SCRAM-SHA-256", name, verify, true),
      (name) => this.#found(caller, name, "SCRAM-SHA-256"),
    );
  }

  /**
   * Gives an account another password.
   *
   * @throws {AuthError}
   */
  async change(caller: Caller, name: string | undefined, password: string): Promise<void> {
    const accounts = this.#open();
    if (name === undefined) throw new AuthError("not-logged-in");
    const prepared = chosen(password);
    this.#allow(caller);
    const make = () => this.throttle.inTurn(caller.address, () => accounts.change(name, prepared));
    if (!await this.#keep(caller, make)) throw new AuthError("not-logged-in");
    this.note("password changed", caller, name);
  }

  /**
   * Makes a name nobody's.
   *
   * @param forget Is called before: whoever has the name next is not to have what belongs to it. It is not done when this
   * throws.
   * @throws {AuthError}
   */
  async drop(
    caller: Caller,
    name: string | undefined,
    password: string,
    forget: () => void | Promise<void>,
  ): Promise<void> {
    const accounts = this.#open();
    if (name === undefined) throw new AuthError("not-logged-in");
    const said = prepare(password) ?? "";
    await this.#tryOwn(caller, "drop", name, () => accounts.verify(name, said));
    await forget();
    await this.#keep(caller, () => Promise.resolve(accounts.drop(name)));
    this.note("dropped", caller, name);
  }

  /** Puts something on record that somebody did with their name. */
  note(what: string, { peer, nick }: Caller, account: string): void {
    this.#record.info(what, { peer, nick, account });
  }

  /** Has the password of an account tried, if there is such an account. */
  #tryOwn(caller: Caller, by: string, name: string, verify: () => Promise<boolean>, quick = false): Promise<void> {
    const known = this.find(name)?.name;
    return this.#try(caller, by, { known }, verify, { quick, owner: known === undefined ? undefined : ownerOf(known) });
  }

  #found(caller: Caller, name: string, how: string): Account {
    const account = this.find(name);
    if (account === undefined) throw new AuthError("wrong-password"); // dropped in this very moment
    this.#record.info("logged in", { peer: caller.peer, nick: caller.nick, account: account.name, by: how });
    return account;
  }

  #open(): Accounts {
    if (this.#accounts === undefined) throw new AuthError("no-accounts");
    return this.#accounts;
  }

  /** Takes one of those that a network can have. */
  #allow(caller: Caller) {
    if (this.#registrations.take(networksOf(caller.address), this.#now())) return;
    throw this.#counted(caller, new AuthError("too-many"));
  }

  async #keep<T>(caller: Caller, keep: () => Promise<T>): Promise<T> {
    try {
      return await keep();
    } catch (error) {
      throw this.#counted(caller, denial(error));
    }
  }

  /** Counts a denial, and puts it on record: why, and nothing of what was asked for. What is none stays as it is. */
  #counted<T>(caller: Caller, error: T): T {
    if (!(error instanceof AuthError)) return error;
    const { code } = error;
    this.denied.set(code, (this.denied.get(code) ?? 0) + 1);
    this.#warn("denied", caller, { reason: code });
    return error;
  }

  /** Puts on record that somebody was refused something, unless the log has enough of their network. */
  #warn(what: string, { address, peer, nick }: Caller, fields: Fields) {
    const log = this.throttle.mayLog(address);
    if (log !== undefined) this.#record.warn(what, { peer, nick, ...fields, unlogged: log.missed || undefined });
  }

  /** Has a password tried, and denies what is not right. */
  async #try(
    caller: Caller,
    by: string,
    named: Named | undefined,
    verify: () => Promise<boolean>,
    what: LoginAttempt,
  ): Promise<void> {
    let verdict;
    try {
      verdict = await this.throttle.try(caller.address, verify, { ...what, hasFailed: caller.hasFailed });
    } catch (error) {
      throw this.#counted(caller, denial(error));
    }
    if (verdict === "right") return;
    const reason = verdict !== "wrong"
      ? "too many wrong passwords"
      : named !== undefined && named.known === undefined
      ? "no such name"
      : "wrong password";
    this.#warn("password refused", caller, { account: named?.known, by, reason });
    if (verdict === "wrong") throw new AuthError("wrong-password");
    throw verdict.reconnect ? new AuthError("reconnect", verdict.wait) : new AuthError("wait", verdict.wait);
  }
}

/** What the login throttle calls an account. */
function ownerOf(name: string): string {
  return `account ${fold(name)}`;
}

/** A name that was said with a password: nothing, if it is nobody's, as it may be a password itself. */
interface Named {
  readonly known: string | undefined;
}

/** An exchange with one client, by SCRAM. */
export class Scram {
  readonly #accounts: Accounts;
  readonly #try: (name: string, verify: () => Promise<boolean>) => Promise<void>;
  readonly #find: (name: string) => Account;
  readonly #exchange = new ScramExchange();

  constructor(
    accounts: Accounts,
    attempt: (name: string, verify: () => Promise<boolean>) => Promise<void>,
    find: (name: string) => Account,
  ) {
    this.#accounts = accounts;
    this.#try = attempt;
    this.#find = find;
  }

  /** Answers the first message. @throws {AuthError} */
  first(message: string): string {
    try {
      return this.#exchange.first(message, (name) => this.#accounts.keys(name));
    } catch (error) {
      throw denial(error);
    }
  }

  /** Answers the last one, and says who it is. @throws {AuthError} */
  async last(message: string): Promise<{ answer: string; account: Account }> {
    const { name } = this.#exchange;
    let answer = "";
    await this.#try(name, () => {
      try {
        answer = this.#exchange.last(message);
        return Promise.resolve(true);
      } catch (error) {
        if (!(error instanceof ScramError)) throw error;
        return Promise.resolve(false);
      }
    });
    return { answer, account: this.#find(name) };
  }
}

/** What a denied password is compared with. */
const BOUNDS = { short: PASSWORD_MIN, long: PASSWORD_MAX, wide: PASSWORD_BYTES_MAX, impossible: "" } as const;

/** A password that somebody chooses, as it is to be hashed. */
function chosen(password: string): string {
  try {
    return choose(password);
  } catch (error) {
    throw denial(error);
  }
}

/** What went wrong, as a denial; what is a mistake of ours stays one. */
function denial(error: unknown): unknown {
  if (error instanceof BusyError) return new AuthError("busy");
  if (error instanceof StoreError) return new AuthError("not-kept");
  if (error instanceof ScramError) return new AuthError("wrong-password");
  if (error instanceof PasswordError) return new AuthError(`password-${error.flaw}`, BOUNDS[error.flaw]);
  return error;
}
