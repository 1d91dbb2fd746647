/** What the tests of accounts share: a desk with a file of its own, a clock that is set, and a client of SCRAM. */
import { Buffer } from "node:buffer";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { Accounts, type AccountsOptions } from "../../src/accounts/accounts.ts";
import { type AuthOptions, AuthService } from "../../src/accounts/auth.ts";
import { type Clock, LoginThrottle } from "../../src/accounts/login_throttle.ts";
import type { Derive } from "../../src/accounts/password.ts";
import { Database } from "../../src/history/database.ts";

/** A clock that stands still until it is set. */
export class FakeClock implements Clock {
  time = 0;

  now(): number {
    return this.time;
  }
}

/** Has a network be wrong as often as it may. */
export async function exhaust(throttle: LoginThrottle, address = "192.0.2.1"): Promise<void> {
  while (await throttle.try(address, () => Promise.resolve(false)) === "wrong");
}

/** A key that costs nothing, and is one of a password and a salt all the same. */
export const cheap: Derive = (password, salt) => {
  return Promise.resolve(createHash("sha256").update(salt).update(password).digest());
};

/** A desk, and all that is on record there. */
export class Office implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly throttle = new LoginThrottle(this.clock);
  /** `info registered peer=… account=…` */
  readonly log: string[] = [];
  readonly auth: AuthService;

  private constructor(
    readonly path: string,
    readonly file: Database,
    readonly accounts: Accounts,
    options: AuthOptions,
  ) {
    const record = (level: string) => (message: string, fields: { [name: string]: string | number | undefined }) => {
      const told = Object.entries(fields).filter(([, value]) => value !== undefined);
      this.log.push([level, message, ...told.map(([name, value]) => `${name}=${value}`)].join(" "));
    };
    this.auth = new AuthService({
      accounts,
      throttle: this.throttle,
      log: { info: record("info"), warn: record("warn") },
      now: () => this.clock.time,
      ...options,
    });
  }

  /** Opens one. What it derives costs nothing, unless that is asked for. */
  static async open(options: Partial<AccountsOptions> & AuthOptions = {}, path?: string): Promise<Office> {
    const directory = path ?? await Deno.makeTempDir();
    const file = await Database.open(directory);
    const accounts = new Accounts(file, { secret: new Uint8Array(32), derive: cheap, iterations: 1, ...options });
    return new Office(directory, file, accounts, options);
  }

  /** Closes the file, and leaves it. */
  close(): void {
    this.file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.file.close();
    } catch {
      // It was closed already.
    }
    await Deno.remove(this.path, { recursive: true });
  }
}

/** Somebody at the desk. */
export const CALLER = { address: "192.0.2.1", peer: "192.0.2.1:5" };

/**
 * The last message of a SCRAM client (RFC 5802, section 3), and what the server is to answer.
 *
 * @param claimed The header that it says it has begun with, if another one.
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
