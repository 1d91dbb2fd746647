/**
 * The gate of the text door, where everybody needs a password: whoever does not know it is nobody here, and nobody is
 * told of them.
 */
import { Denial, type Desk } from "../../accounts/auth.ts";
import type { Connection } from "../../transport/connection.ts";
import { denied, Mistakes, TOO_MANY_MISTAKES } from "../accounts.ts";
import { system } from "./render.ts";

const PROMPT = system("Password, please:");

/** One client before it. */
export class Gate {
  readonly #connection: Connection;
  readonly #desk: Desk;
  readonly #mistakes: Mistakes;
  readonly #timer: ReturnType<typeof setTimeout>;
  #over = false;

  /** @param time How long somebody has to say the password, in milliseconds. */
  constructor(connection: Connection, desk: Desk, time: number) {
    this.#connection = connection;
    this.#desk = desk;
    this.#mistakes = new Mistakes(desk.mistakesMax);
    this.#timer = setTimeout(() => this.#end("That took too long.", "no password in time"), time);
    connection.hideInput(true);
    connection.send([PROMPT]);
  }

  /** Takes a line; returns whether it is the password. */
  async take(line: string): Promise<boolean> {
    if (this.#over || line === "") return false;
    const { address, peer } = this.#connection;
    try {
      await this.#desk.admit({ address, peer, mistaken: this.#mistakes.any }, line);
    } catch (error) {
      if (!(error instanceof Denial)) throw error;
      if (this.#over) return false;
      this.#connection.send([system(denied(error))]);
      if (this.#mistakes.add(error)) this.#end(`${TOO_MANY_MISTAKES}.`, TOO_MANY_MISTAKES);
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
