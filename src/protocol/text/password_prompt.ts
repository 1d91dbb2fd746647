/**
 * The gate of the text door, where everybody needs a password: whoever does not know it is nobody here, and nobody is
 * told of them.
 */
import { AuthError, type AuthService } from "../../accounts/auth.ts";
import type { Connection } from "../../transport/connection.ts";
import { denied, FailureCount, TOO_MANY_FAILURES } from "../accounts.ts";
import { system } from "./render.ts";

const PROMPT = system("Password, please:");

/** One client before it. */
export class PasswordPrompt {
  readonly #connection: Connection;
  readonly #auth: AuthService;
  readonly #mistakes: FailureCount;
  readonly #timer: ReturnType<typeof setTimeout>;
  #over = false;

  /** @param time How long somebody has to say the password, in milliseconds. */
  constructor(connection: Connection, auth: AuthService, time: number) {
    this.#connection = connection;
    this.#auth = auth;
    this.#mistakes = new FailureCount(auth.maxFailures);
    this.#timer = setTimeout(() => this.#end("That took too long.", "no password in time"), time);
    connection.hideInput(true);
    connection.send([PROMPT]);
  }

  /** Takes a line; returns whether it is the password. */
  async take(line: string): Promise<boolean> {
    if (this.#over || line === "") return false;
    const { address, peer } = this.#connection;
    try {
      await this.#auth.checkServerPassword({ address, peer, hasFailed: this.#mistakes.any }, line);
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      if (this.#over) return false;
      this.#connection.send([system(denied(error))]);
      if (this.#mistakes.add(error)) this.#end(`${TOO_MANY_FAILURES}.`, TOO_MANY_FAILURES);
      else this.#connection.send([PROMPT]);
      return false;
    }
    if (this.#over) return false;
    this.#connection.hideInput(false);
    this.close();
    return true;
  }

  /** Says that a line was too long to be it. */
  tooLong(): void {
    this.#connection.send([system("That is not the password."), PROMPT]);
  }

  /** Leaves nothing behind. */
  close(): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }

  #end(why: string, reason: string) {
    this.close();
    this.#connection.send([system(why)]);
    this.#connection.hideInput(false);
    this.#connection.close(reason);
  }
}
