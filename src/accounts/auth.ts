/**
 * The auth service: checks the server password, registers nicknames, logs in by password or SCRAM, and logs all of it.
 *
 * It knows neither rooms nor protocols. Protocols call it and tell the chat the result. Rejected requests throw
 * {@linkcode AuthError}. Passwords are never logged, nor are names without an account, which may be mistyped passwords.
 */
import type { InviteLinks } from "../chat/invite_link_users.ts";
import { readCode } from "../chat/link_code.ts";
import { ChatError } from "../chat/chat_error.ts";
import { fold, isNick } from "../chat/names.ts";
import { isScoped } from "../chat/scope.ts";
import { skeleton } from "../chat/skeleton.ts";
import { StoreError } from "../chat/store.ts";
import { networksOf } from "../util/address_ranges.ts";
import { NetworkLimiter } from "../util/network_limiter.ts";
import type { Account, Accounts } from "./accounts.ts";
import { AuthError, type AuthErrorCode, toAuthError } from "./auth_error.ts";
import type { AuthLog, Caller, Fields } from "./caller.ts";
import { Devices } from "./devices.ts";
import { FAILURES_MAX } from "./limits.ts";
import { type LoginAttempt, LoginThrottle } from "./login_throttle.ts";
import { choose, equalInConstantTime, prepare, verifyPassword } from "./password.ts";
import { ScramError, ScramExchange } from "./scram.ts";
import { isSecret, isWord, type StoredToken } from "./tokens.ts";

export { AuthError, type AuthErrorCode, type AuthLog, type Caller };

/** How many registrations and new passwords an hour one network may have; those around it have multiples of it. */
export const REGISTRATIONS_MAX = 5;

const HOUR = 3600_000;

/** A successful login. */
export interface Login {
  /** The name of the account. */
  readonly name: string;
  readonly account: Account;
  /** The token that was given in place of the password. */
  readonly token?: StoredToken | undefined;
  /** Whether a one-time word was given: the user has lost the password. */
  readonly byWord?: boolean;
}

/** The server operators, as far as the auth service needs them. */
export interface OperatorDirectory {
  readonly size: number;
  has(name: string): boolean;
  /** Resolves to whether the password is right; takes the same time when there is no such operator. */
  verify(name: string, password: string): Promise<boolean>;
}

const NO_OPERATORS: OperatorDirectory = {
  size: 0,
  has: () => false,
  verify: (_name, password) => verifyPassword(password, undefined),
};

/** Options of an {@linkcode AuthService}. */
export interface AuthOptions {
  /** The server password, as `prepare` returned it; without one, none is required. */
  readonly password?: string | undefined;
  /** Without accounts, nicknames cannot be registered. */
  readonly accounts?: Accounts | undefined;
  readonly operators?: OperatorDirectory;
  /** The invite links, whose codes do as the server password. */
  readonly links?: Pick<InviteLinks, "check">;
  readonly throttle?: LoginThrottle;
  readonly log?: AuthLog;
  /** After how many wrong passwords a client is disconnected; {@linkcode FAILURES_MAX} by default. */
  readonly maxFailures?: number;
  /** The time in milliseconds, on a monotonic clock. */
  readonly now?: () => number;
}

/** Checks passwords and manages accounts. */
export class AuthService {
  /** After how many wrong passwords a client is disconnected. */
  readonly maxFailures: number;
  readonly throttle: LoginThrottle;
  readonly operators: OperatorDirectory;
  /** The tokens and certificates of accounts. */
  readonly devices: Devices;
  /** How many requests were rejected for want of room or time, or for coming too often, by code. */
  readonly rejected = new Map<AuthErrorCode, number>();
  #password: string | undefined;
  readonly #accounts: Accounts | undefined;
  readonly #links: Pick<InviteLinks, "check"> | undefined;
  readonly #log: AuthLog;
  readonly #registrations = new NetworkLimiter({ limit: REGISTRATIONS_MAX, time: HOUR });
  readonly #now: () => number;

  constructor(options: AuthOptions = {}) {
    this.#password = options.password;
    this.maxFailures = options.maxFailures ?? FAILURES_MAX;
    this.#accounts = options.accounts;
    this.#links = options.links;
    this.operators = options.operators ?? NO_OPERATORS;
    this.throttle = options.throttle ?? new LoginThrottle();
    this.#log = options.log ?? { info() {}, warn() {} };
    this.devices = new Devices(options.accounts, this.#log);
    this.#now = options.now ?? (() => performance.now());
  }

  /** Whether clients need the server password. */
  get passwordRequired(): boolean {
    return this.#password !== undefined;
  }

  /** Changes the server password, as `prepare` returned it. Connected members stay. */
  set password(password: string) {
    this.#password = password;
  }

  /** Checks that an account can have a new password. @throws {AuthError} one whose code begins with `password-` */
  requireNewPassword(password: string): void {
    prepareNew(password);
  }

  /** Whether nicknames can be registered. */
  get accountsEnabled(): boolean {
    return this.#accounts !== undefined;
  }

  /** Whether accounts outlive the process. */
  get persistent(): boolean {
    return this.#accounts?.persistent ?? false;
  }

  /** How many accounts there are. */
  get size(): number {
    return this.#accounts?.size ?? 0;
  }

  /** Returns the account of a nickname, if it is registered. */
  find(name: string): Account | undefined {
    return this.#accounts?.find(name);
  }

  /**
   * Checks the server password, or the code of an invite link in place of it.
   *
   * @returns What `InviteLinks.use` takes, if it was a code: the client has to use the link once it is a member.
   * @throws {AuthError} `wrong-password`, `wait` or `reconnect`; `link-unknown`, `link-expired` or `link-used-up` if it looks
   *   like a code
   */
  async checkServerPassword(caller: Caller, password: string): Promise<string | undefined> {
    const prepared = prepare(password) ?? "";
    let link: { readonly hash: string } | { readonly error: AuthError } | undefined;
    const verify = () => {
      if (equalInConstantTime(prepared, this.#password ?? "")) return Promise.resolve(true);
      link = this.#checkLink(password, caller.host ?? "");
      return Promise.resolve(link !== undefined && "hash" in link);
    };
    try {
      await this.#try(caller, "server password", undefined, verify, { quick: true });
    } catch (error) {
      const isWrong = error instanceof AuthError && error.code === "wrong-password";
      throw isWrong && link !== undefined && "error" in link ? link.error : error;
    }
    return link !== undefined && "hash" in link ? link.hash : undefined;
  }

  #checkLink(text: string, host: string): { readonly hash: string } | { readonly error: AuthError } | undefined {
    const code = readCode(text.trim());
    if (code === undefined || this.#links === undefined) return undefined;
    try {
      return { hash: this.#links.check(code, host) };
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      const { code } = error;
      if (code !== "link-unknown" && code !== "link-expired" && code !== "link-used-up") throw error;
      return { error: new AuthError(code) };
    }
  }

  /**
   * Checks the name and password of a server operator.
   *
   * @throws {AuthError} `wrong-password`, `wait`, `reconnect` or `busy`
   */
  async verifyOperator(caller: Caller, name: string, password: string): Promise<void> {
    const known = this.operators.has(name) ? name : undefined;
    const prepared = prepare(password) ?? "";
    const owner = known === undefined ? undefined : `operator ${known}`;
    await this.#try(caller, "OPER", { known }, () => this.operators.verify(name, prepared), { owner });
  }

  /**
   * Registers a nickname.
   *
   * @param holds Returns whether the caller still has the nickname; asked once the password is hashed.
   * @param member The id of the caller's member, if it has one.
   * @throws {AuthError}
   */
  async register(
    caller: Caller,
    name: string,
    password: string,
    holds: () => boolean,
    member?: number,
  ): Promise<Account> {
    const accounts = this.#requireAccounts();
    if (!isNick(name) || /^guest\d+$/.test(fold(name))) throw new AuthError("name-impossible", name);
    if (accounts.find(name) !== undefined) throw new AuthError("name-owned", name);
    if (accounts.findConfusable(skeleton(name)) !== undefined) throw new AuthError("name-confusable", name);
    const prepared = prepareNew(password);
    if (accounts.full) throw this.#counted(caller, new AuthError("accounts-full"));
    this.#limitRegistrations(caller);
    const register = () => accounts.register(name, prepared, holds, member);
    const account = await this.#store(caller, () => this.throttle.schedule(caller.address, register));
    if (account === undefined) {
      if (accounts.full) throw this.#counted(caller, new AuthError("accounts-full"));
      throw new AuthError("name-gone", name);
    }
    this.logAction("registered", caller, name);
    this.throttle.rememberNetwork(ownerOf(name), caller.address);
    return account;
  }

  /**
   * Logs in with a name and a password. A token or a one-time word does as well.
   *
   * @param method How the client logs in, for the log: `login`, `SASL PLAIN`.
   * @throws {AuthError}
   */
  async login(caller: Caller, name: string, password: string, method: string): Promise<Login> {
    const accounts = this.#requireAccounts();
    if (isSecret(password)) return await this.#loginByToken(accounts, caller, name, password, method);
    const prepared = prepare(password) ?? "";
    await this.#tryAccount(caller, method, name, () => accounts.verify(name, prepared));
    return this.#loggedIn(caller, name, method);
  }

  /**
   * Logs in with a token alone, for a single request: a success is not logged.
   *
   * @throws {AuthError} `no-accounts`, `wrong-password`, `wait` or `reconnect`
   */
  async loginByToken(caller: Caller, secret: string, method: string): Promise<Login & { readonly token: StoredToken }> {
    const { tokens } = this.#requireAccounts();
    let token: StoredToken | undefined;
    await this.#try(caller, method, undefined, async () => {
      token = await tokens.useAny(secret, caller.host ?? "");
      return token !== undefined;
    }, { quick: true });
    const account = this.find(token!.account);
    if (account === undefined) throw new AuthError("wrong-password"); // dropped in the meantime
    return { name: account.name, account, token: token! };
  }

  /**
   * Logs in with the certificate of the caller's connection.
   *
   * @param name The name that the client gives; the empty string for that of the certificate.
   * @throws {AuthError} `wrong-password` if the account does not have the certificate
   */
  async loginByCertificate(caller: Caller, name: string): Promise<Login> {
    const { certificates } = this.#requireAccounts();
    const { certificate } = caller;
    let owner: string | undefined;
    await this.#tryAccount(caller, "SASL EXTERNAL", name, () => {
      owner = certificate === undefined ? undefined : certificates.ownerOf(certificate);
      return Promise.resolve(owner !== undefined && (name === "" || fold(name) === owner));
    }, true);
    return this.#loggedIn(caller, owner!, "SASL EXTERNAL");
  }

  /**
   * A login as it is now, for a client that has logged in before its registration is complete. `undefined` if the account was
   * dropped in the meantime, or its password changed, or the token revoked.
   */
  current(login: Login): Login | undefined {
    const { account } = login;
    if (login.token === undefined) return this.find(account.name)?.revision === account.revision ? login : undefined;
    try {
      const token = this.#requireAccounts().tokens.current(account.name, login.token);
      return token && { ...login, token };
    } catch (error) {
      if (error instanceof StoreError) return undefined;
      throw error;
    }
  }

  /** Begins a login by SCRAM-SHA-256. @throws {AuthError} `no-accounts` */
  scram(caller: Caller): Scram {
    return new Scram(
      this.#requireAccounts(),
      (name, verify) => this.#tryAccount(caller, "SCRAM-SHA-256", name, verify, true),
      (name) => this.#loggedIn(caller, name, "SCRAM-SHA-256"),
    );
  }

  /**
   * Changes the password of the account that the caller is logged in to, and revokes its tokens and certificates, except
   * the caller's own token. The old password is not needed: its owner may have lost it. The caller has to be logged in by a
   * password, a one-time word or a token without a scope.
   *
   * @param holds Returns whether the caller is still logged in to the account; asked once the password is hashed.
   * @throws {AuthError}
   */
  async changePassword(
    caller: Caller,
    name: string | undefined,
    password: string,
    holds: () => boolean = () => true,
  ): Promise<void> {
    const accounts = this.#requireAccounts();
    if (name === undefined) throw new AuthError("not-logged-in");
    if (isScoped(caller.token)) throw new AuthError("token-scoped");
    const prepared = prepareNew(password);
    this.#limitRegistrations(caller);
    const change = () =>
      this.throttle.schedule(caller.address, () => accounts.changePassword(name, prepared, caller.token?.id, holds));
    if (!await this.#store(caller, change)) throw new AuthError("not-logged-in");
    this.logAction("password changed", caller, name);
  }

  /**
   * Deletes the account that the caller is logged in to.
   *
   * @param forget Deletes what belongs to the account, so that the next owner of the nickname does not get it. Called
   * first: when it throws, the account stays.
   * @throws {AuthError}
   */
  async drop(
    caller: Caller,
    name: string | undefined,
    password: string,
    forget: () => void | Promise<void>,
  ): Promise<void> {
    const accounts = this.#requireAccounts();
    if (name === undefined) throw new AuthError("not-logged-in");
    const prepared = prepare(password) ?? "";
    const account = accounts.find(name);
    await this.#tryAccount(caller, "drop", name, () => accounts.verify(name, prepared));
    await forget();
    const isDropped = account !== undefined && await this.#store(caller, () => accounts.drop(account));
    if (!isDropped) throw new AuthError("not-logged-in"); // its password has changed, or another client has dropped it
    this.logAction("dropped", caller, name);
  }

  /** Logs what a client did with its account. */
  logAction(action: string, { peer, nick }: Caller, account: string): void {
    this.#log.info(action, { peer, nick, account });
  }

  /** Checks the password of an account, which may not exist. */
  #tryAccount(
    caller: Caller,
    method: string,
    name: string,
    verify: () => Promise<boolean>,
    quick = false,
  ): Promise<void> {
    const known = this.find(name)?.name;
    const owner = known === undefined ? undefined : ownerOf(known);
    return this.#try(caller, method, { known }, verify, { quick, owner });
  }

  /** Logs in with a token or a one-time word. It needs no key derivation, so it does not wait for others. */
  async #loginByToken(
    { tokens }: Accounts,
    caller: Caller,
    name: string,
    secret: string,
    method: string,
  ): Promise<Login> {
    let token: StoredToken | undefined;
    await this.#tryAccount(caller, method, name, async () => {
      token = await tokens.use(name, secret, caller.host ?? "");
      return token !== undefined;
    }, true);
    const byWord = isWord(token!);
    const login = this.#loggedIn(caller, name, method, byWord ? "one-time word" : `token ${token!.id}`);
    return byWord ? { ...login, byWord } : { ...login, token };
  }

  #loggedIn(caller: Caller, name: string, method: string, token?: string): Login {
    const account = this.find(name);
    if (account === undefined) throw new AuthError("wrong-password"); // dropped while the password was checked
    this.#log.info("logged in", { peer: caller.peer, nick: caller.nick, account: account.name, by: method, token });
    return { name: account.name, account };
  }

  #requireAccounts(): Accounts {
    if (this.#accounts === undefined) throw new AuthError("no-accounts");
    return this.#accounts;
  }

  #limitRegistrations(caller: Caller) {
    if (this.#registrations.take(networksOf(caller.address), this.#now())) return;
    throw this.#counted(caller, new AuthError("too-many"));
  }

  async #store<T>(caller: Caller, change: () => Promise<T>): Promise<T> {
    try {
      return await change();
    } catch (error) {
      throw this.#counted(caller, toAuthError(error));
    }
  }

  /** Counts and logs an `AuthError`, without the subject, which may be a password; returns any error unchanged. */
  #counted<T>(caller: Caller, error: T): T {
    if (!(error instanceof AuthError)) return error;
    const { code } = error;
    this.rejected.set(code, (this.rejected.get(code) ?? 0) + 1);
    this.#warn("denied", caller, { reason: code });
    return error;
  }

  /** Logs a rejected request, unless there are too many log lines about the client's network. */
  #warn(message: string, { address, peer, nick }: Caller, fields: Fields) {
    const line = this.throttle.mayLog(address);
    if (line !== undefined) this.#log.warn(message, { peer, nick, ...fields, unlogged: line.missed || undefined });
  }

  /** Checks a password, and throws unless it is right. */
  async #try(
    caller: Caller,
    by: string,
    named: NamedOwner | undefined,
    verify: () => Promise<boolean>,
    attempt: LoginAttempt,
  ): Promise<void> {
    let verdict;
    try {
      verdict = await this.throttle.try(caller.address, verify, { ...attempt, hasFailed: caller.hasFailed });
    } catch (error) {
      throw this.#counted(caller, toAuthError(error));
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

/** The name by which the login throttle knows an account. */
function ownerOf(name: string): string {
  return `account ${fold(name)}`;
}

/** The account or operator that a password was sent for. */
interface NamedOwner {
  /** Its name, if it exists: an unknown name is not logged, as it may be a password. */
  readonly known: string | undefined;
}

/** The login of one client by SCRAM-SHA-256. */
export class Scram {
  readonly #accounts: Accounts;
  readonly #try: (name: string, verify: () => Promise<boolean>) => Promise<void>;
  readonly #loggedIn: (name: string) => Login;
  readonly #exchange = new ScramExchange();

  constructor(
    accounts: Accounts,
    attempt: (name: string, verify: () => Promise<boolean>) => Promise<void>,
    loggedIn: (name: string) => Login,
  ) {
    this.#accounts = accounts;
    this.#try = attempt;
    this.#loggedIn = loggedIn;
  }

  /** Takes the client-first-message and returns the server-first-message. @throws {AuthError} */
  first(message: string): string {
    try {
      return this.#exchange.first(message, (name) => this.#accounts.scramKeys(name));
    } catch (error) {
      throw toAuthError(error);
    }
  }

  /** Takes the client-final-message; returns the server-final-message and the login. @throws {AuthError} */
  async last(message: string): Promise<{ answer: string; login: Login }> {
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
    return { answer, login: this.#loggedIn(name) };
  }
}

/** Checks a new password and returns it prepared. @throws {AuthError} */
function prepareNew(password: string): string {
  if (isSecret(password)) throw new AuthError("password-token"); // it would be looked up as a token
  try {
    return choose(password);
  } catch (error) {
    throw toAuthError(error);
  }
}
