/** Shared by tests of accounts: an auth service with a database and a fake clock, and the client side of SCRAM. */
import { Buffer } from "node:buffer";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import type { Accounts, AccountsOptions } from "../../src/accounts/accounts.ts";
import { type AuthOptions, AuthService } from "../../src/accounts/auth.ts";
import { type Clock, LoginThrottle } from "../../src/accounts/login_throttle.ts";
import type { Derive } from "../../src/accounts/password.ts";
import type { NewSecret } from "../../src/accounts/tokens.ts";
import type { ChatOptions } from "../../src/chat/chat_options.ts";
import { LocalChat } from "../../src/chat/local_chat.ts";
import { openAccounts } from "../../src/cli/accounts.ts";
import { Database } from "../../src/history/database.ts";

/** A clock that tests set. */
export class FakeClock implements Clock {
  time = 0;

  now(): number {
    return this.time;
  }
}

/** Uses up the failed logins of a network. */
export async function exhaust(throttle: LoginThrottle, address = "192.0.2.1"): Promise<void> {
  while (await throttle.try(address, () => Promise.resolve(false)) === "wrong");
}

/** A fast key derivation. */
export const cheap: Derive = (password, salt) => {
  return Promise.resolve(createHash("sha256").update(salt).update(password).digest());
};

/** An auth service with a database of its own and a recorded log. */
export class AuthFixture implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly throttle = new LoginThrottle(this.clock);
  /** The logged lines: `info registered peer=… account=…` */
  readonly log: string[] = [];
  readonly auth: AuthService;

  private constructor(
    readonly path: string,
    readonly file: Database,
    readonly accounts: Accounts,
    options: AuthOptions,
  ) {
    const record = (level: string) => (message: string, fields: { [name: string]: string | number | undefined }) => {
      const defined = Object.entries(fields).filter(([, value]) => value !== undefined);
      this.log.push([level, message, ...defined.map(([name, value]) => `${name}=${value}`)].join(" "));
    };
    this.auth = new AuthService({
      accounts,
      throttle: this.throttle,
      log: { info: record("info"), warn: record("warn") },
      now: () => this.clock.time,
      ...options,
    });
  }

  /** Opens a fixture. Key derivation is fast, unless `options` say otherwise. */
  static async open(
    options: Partial<AccountsOptions> & { max?: number } & AuthOptions = {},
    path?: string,
  ): Promise<AuthFixture> {
    const directory = path ?? await Deno.makeTempDir();
    const file = await Database.open(directory);
    const accounts = openAccounts(file, { secret: new Uint8Array(32), derive: cheap, iterations: 1, ...options });
    return new AuthFixture(directory, file, accounts, options);
  }

  /** A chat whose commands change the accounts. */
  chat(options: ChatOptions): LocalChat {
    const chat = new LocalChat({ ...options, directory: this.accounts.directory });
    this.accounts.submitTo(chat.directory);
    return chat;
  }

  /** Closes the database and leaves its files. */
  close(): void {
    this.file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.file.close();
    } catch {
      // Already closed.
    }
    await Deno.remove(this.path, { recursive: true });
  }
}

/** Makes a token, and fails if that is not possible. */
export async function addToken(accounts: Accounts, ...args: Parameters<Accounts["tokens"]["add"]>): Promise<NewSecret> {
  const made = await accounts.tokens.add(...args);
  if (typeof made === "string") throw new Error(`Cannot add a token: ${made}`);
  return made;
}

/** A client. */
export const CALLER = { address: "192.0.2.1", peer: "192.0.2.1:5" };

/**
 * Returns the client-final-message (RFC 5802, section 3), and the server-final-message that should follow.
 *
 * @param claimed The gs2-header in the message, if it is not that of `first`.
 */
export function scramLast(
  first: string,
  serverFirst: string,
  password: string,
  claimed?: string,
): { last: string; answer: string } {
  const [, nonce = "", salt = "", iterations = ""] = /^r=([^,]*),s=([^,]*),i=(\d+)$/.exec(serverFirst)!;
  const hmac = (key: Uint8Array, text: string) => createHmac("sha256", key).update(text).digest();
  const salted = pbkdf2Sync(password, Buffer.from(salt, "base64"), Number(iterations), 32, "sha256");
  const key = hmac(salted, "Client Key");
  const header = /^[^,]*,[^,]*,/.exec(first)![0];
  const without = `c=${Buffer.from(claimed ?? header).toString("base64")},r=${nonce}`;
  const signed = `${first.slice(header.length)},${serverFirst},${without}`;
  const signature = hmac(createHash("sha256").update(key).digest(), signed);
  const proof = key.map((byte, i) => byte ^ signature[i]!);
  return {
    last: `${without},p=${Buffer.from(proof).toString("base64")}`,
    answer: `v=${hmac(hmac(salted, "Server Key"), signed).toString("base64")}`,
  };
}
