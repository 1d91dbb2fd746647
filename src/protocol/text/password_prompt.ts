/** Asks a client of the text port for the server password, before it becomes a member. */
import { AuthError, type AuthService } from "../../accounts/auth.ts";
import { type Connection, INTERRUPT } from "../../transport/connection.ts";
import { authErrorText, FailureCount, TOO_MANY_FAILURES, WRONG_PASSWORD } from "../accounts.ts";
import { system } from "./render.ts";

const PROMPT = system("Password, please:");

/** The prompt for one client. It ends the connection after too many wrong passwords, or when the time is up. */
export class PasswordPrompt {
  /** The invite link that was given in place of the password: what `InviteLinks.use` takes. */
  link: string | undefined;

  readonly #connection: Connection;
  readonly #auth: AuthService;
  readonly #host: string;
  readonly #failures: FailureCount;
  readonly #timer: ReturnType<typeof setTimeout>;
  #over = false;

  /**
   * @param host The client's host, as members see it.
   * @param time How long the client has to give the password, in milliseconds.
   */
  constructor(connection: Connection, auth: AuthService, host: string, time: number) {
    this.#host = host;
    this.#connection = connection;
    this.#auth = auth;
    this.#failures = new FailureCount(auth.maxFailures);
    this.#timer = setTimeout(() => this.#timeOut(), time);
    connection.hideInput(true);
    connection.send([PROMPT]);
  }

  /** Takes a line; returns whether it is the password. */
  async take(line: string): Promise<boolean> {
    if (line === "" || line === INTERRUPT) return false;
    const { address, peer } = this.#connection;
    try {
      const caller = { address, peer, host: this.#host, hasFailed: this.#failures.any };
      this.link = await this.#auth.checkServerPassword(caller, line);
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      this.#connection.send([system(authErrorText(error))]);
      if (this.#failures.add(error)) this.#end(`${TOO_MANY_FAILURES}.`, TOO_MANY_FAILURES);
      else this.#connection.send([PROMPT]);
      return false;
    }
    if (this.#over) return false;
    this.#connection.hideInput(false);
    this.close();
    return true;
  }

  /** Rejects a line that is too long to be the password. It does not count as a wrong one. */
  tooLong(): void {
    this.#connection.send([system("Wrong password."), PROMPT]);
  }

  /** Stops the timer. Lines have no effect any more. */
  close(): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }

  #timeOut() {
    const reason = this.#failures.any ? WRONG_PASSWORD : "no password in time";
    this.#end("Timed out. Connect again to retry.", reason);
  }

  #end(sentence: string, reason: string) {
    this.close();
    this.#connection.send([system(sentence)]);
    this.#connection.hideInput(false);
    this.#connection.close(reason);
  }
}
