/**
 * What the owner of an account does with its tokens and certificates, and the one-time word for an owner who has lost the
 * password. Rejected requests throw {@linkcode AuthError}; each change is logged, without secrets.
 */
import { fold, isRoom } from "../chat/names.ts";
import { isScoped, type Scope } from "../chat/scope.ts";
import { sanitize } from "../util/sanitize.ts";
import type { Accounts } from "./accounts.ts";
import { AuthError, toAuthError } from "./auth_error.ts";
import type { AuthLog, Caller } from "./caller.ts";
import { CERTIFICATES_MAX, readFingerprint, type StoredCertificate } from "./certificates.ts";
import { type NewSecret, type StoredToken, TOKEN_NAME_MAX, TOKENS_MAX } from "./tokens.ts";

/** Manages tokens and certificates. A session whose own token has a scope may do none of it. */
export class Devices {
  readonly #accounts: Accounts | undefined;
  readonly #log: AuthLog;

  constructor(accounts: Accounts | undefined, log: AuthLog) {
    this.#accounts = accounts;
    this.#log = log;
  }

  /** The tokens of the account that the caller is logged in to, by number. @throws {AuthError} */
  list(caller: Caller, account: string | undefined): StoredToken[] {
    return this.#read(caller, account, ({ tokens }, own) => tokens.list(own));
  }

  /**
   * Makes a token.
   *
   * @param name What it is for; control characters are removed.
   * @param scope Its room in any case.
   * @returns The token, and the secret, which cannot be shown again.
   * @throws {AuthError} `token-name-invalid`, `token-room-invalid`, `tokens-full` or as `list`
   */
  async add(
    caller: Caller,
    account: string | undefined,
    name: string,
    scope: Scope = { readOnly: false, room: undefined },
  ): Promise<NewSecret> {
    return await this.#change(caller, account, async ({ tokens }, own) => {
      const label = sanitize(name).trim();
      if (label === "" || [...label].length > TOKEN_NAME_MAX) throw new AuthError("token-name-invalid", TOKEN_NAME_MAX);
      if (scope.room !== undefined && !isRoom(scope.room)) throw new AuthError("token-room-invalid", scope.room);
      const room = scope.room === undefined ? undefined : fold(scope.room);
      const made = await tokens.add(own, label, caller.host ?? "", { ...scope, room });
      if (made === "gone") throw new AuthError("not-logged-in");
      if (made === "full") throw new AuthError("tokens-full", TOKENS_MAX);
      this.#logChange("token added", caller, own, made.token.id);
      return made;
    });
  }

  /** Deletes a token. @returns The deleted one. @throws {AuthError} `no-such-token` or as `list` */
  async revoke(caller: Caller, account: string | undefined, id: number): Promise<StoredToken> {
    return await this.#change(caller, account, async ({ tokens }, own) => {
      const revoked = await tokens.revoke(own, id);
      if (revoked === undefined) throw new AuthError("no-such-token", id);
      this.#logChange("token revoked", caller, own, id);
      return revoked;
    });
  }

  /** The certificates of the account that the caller is logged in to, the oldest first. @throws {AuthError} */
  certificates(caller: Caller, account: string | undefined): StoredCertificate[] {
    return this.#read(caller, account, ({ certificates }, own) => certificates.list(own));
  }

  /**
   * Adds a certificate.
   *
   * @param text Its fingerprint; the empty string for that of the caller's connection.
   * @returns The fingerprint.
   * @throws {AuthError} `certificate-none`, `certificate-invalid`, `certificate-taken`, `certificates-full` or as `list`
   */
  async addCertificate(caller: Caller, account: string | undefined, text: string): Promise<string> {
    return await this.#change(caller, account, async ({ certificates }, own) => {
      if (text === "" && caller.certificate === undefined) throw new AuthError("certificate-none");
      const fingerprint = text === "" ? caller.certificate! : readFingerprint(text);
      if (fingerprint === undefined) throw new AuthError("certificate-invalid");
      const flaw = await certificates.add(own, fingerprint);
      if (flaw === "gone") throw new AuthError("not-logged-in");
      if (flaw === "taken") throw new AuthError("certificate-taken");
      if (flaw === "full") throw new AuthError("certificates-full", CERTIFICATES_MAX);
      this.#logChange("certificate added", caller, own);
      return fingerprint;
    });
  }

  /** Removes a certificate. @throws {AuthError} `no-such-certificate` or as `list` */
  async removeCertificate(caller: Caller, account: string | undefined, text: string): Promise<void> {
    await this.#change(caller, account, async ({ certificates }, own) => {
      if (!await certificates.remove(own, readFingerprint(text) ?? "")) throw new AuthError("no-such-certificate");
      this.#logChange("certificate removed", caller, own);
    });
  }

  /**
   * Makes a one-time word for the owner of an account, who has lost the password. Only server operators may ask for it:
   * the protocol checks that.
   *
   * @returns The name of the account, and the word.
   * @throws {AuthError} `no-accounts`, `no-such-account` or `not-kept`
   */
  async addWord(name: string): Promise<{ readonly name: string; readonly word: string }> {
    const accounts = this.#accounts;
    if (accounts === undefined) throw new AuthError("no-accounts");
    const account = accounts.find(name);
    if (account === undefined) throw new AuthError("no-such-account", name);
    const word = await stored(() => accounts.tokens.addWord(account.name));
    if (word === undefined) throw new AuthError("no-such-account", name);
    return { name: account.name, word };
  }

  /** Reads what belongs to the account that the caller is logged in to. */
  #read<T>(caller: Caller, account: string | undefined, read: (accounts: Accounts, account: string) => T): T {
    const accounts = this.#requireOwner(caller, account);
    try {
      return read(accounts, account!);
    } catch (error) {
      throw toAuthError(error);
    }
  }

  /** Changes what belongs to the account that the caller is logged in to. */
  async #change<T>(
    caller: Caller,
    account: string | undefined,
    change: (accounts: Accounts, account: string) => Promise<T>,
  ): Promise<T> {
    const accounts = this.#requireOwner(caller, account);
    return await stored(() => change(accounts, account!));
  }

  /** Checks that the caller may manage an account. */
  #requireOwner({ token }: Caller, account: string | undefined): Accounts {
    const accounts = this.#accounts;
    if (accounts === undefined) throw new AuthError("no-accounts");
    if (account === undefined || accounts.find(account) === undefined) throw new AuthError("not-logged-in");
    if (isScoped(token)) throw new AuthError("token-scoped");
    return accounts;
  }

  #logChange(action: string, { peer, nick }: Caller, account: string, token?: number) {
    this.#log.info(action, { peer, nick, account, token });
  }
}

/** Runs a change, and converts errors of the store. */
async function stored<T>(change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (error) {
    throw toAuthError(error);
  }
}
