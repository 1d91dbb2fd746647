/**
 * Sends lines to one client, and collects the response to a command that has a label (IRCv3, "labeled-response").
 *
 * While a response is collected, lines are of two kinds. What the command itself sends, and the events that it causes, are
 * part of the response: they are sent together, in a labeled batch, when the command is done. Events that others cause in
 * the meantime are not: they are sent at once.
 */
import type { Connection } from "../../transport/connection.ts";
import { escapeTagValue } from "./parser.ts";

/** The output of one session. */
export class LabeledOutput {
  readonly #connection: Pick<Connection, "send">;
  readonly #server: string;
  readonly #settle: () => void;
  #response: string[] | undefined; // the lines of the response that is being collected
  #label = "";
  #outside = false; // whether events are no part of the response at the moment
  #given = 0; // how many commands are under way whose events are no part of the response
  #batches = 0;

  /**
   * @param server The server's name.
   * @param settle Delivers the events that the rooms have queued for this client.
   */
  constructor(connection: Pick<Connection, "send">, server: string, settle: () => void) {
    this.#connection = connection;
    this.#server = server;
    this.#settle = settle;
  }

  /** Whether a response is being collected. */
  get collecting(): boolean {
    return this.#response !== undefined;
  }

  /** Sends lines of the command's own, after all queued events. */
  reply(lines: readonly string[]): void {
    this.#settle();
    if (this.#response !== undefined) this.#response.push(...lines);
    else this.#connection.send(lines);
  }

  /** Sends an event, in the response if the command that is running has caused it. */
  send(lines: readonly string[]): void {
    if (this.#response !== undefined && !this.#outside) this.#response.push(...lines);
    else this.#connection.send(lines);
  }

  /**
   * Runs a part of a command whose events are no part of the response, also if it returns a promise because they come when the
   * chat applies it: see {@linkcode applying}.
   */
  outsideResponse<T>(run: () => T): T {
    this.#settle(); // earlier events are part of it
    const before = this.#outside;
    this.#outside = true;
    try {
      const result = run();
      if (result instanceof Promise) {
        this.#given++;
        const done = () => void this.#given--;
        result.then(done, done);
      }
      return result;
    } finally {
      this.#outside = before;
    }
  }

  /** Runs a part of a command whose events are part of the response. Only what is sent before `run` returns counts. */
  inResponse<T>(run: () => T): T {
    if (this.#response === undefined) return run();
    this.#settle(); // earlier events are no part of it
    const before = this.#outside;
    this.#outside = false;
    try {
      return run();
    } finally {
      this.#settle(); // queued events are part of it
      this.#outside = before;
    }
  }

  /** Applies a command of the client that was under way: its events are part of the response, unless it was run outside. */
  applying(apply: () => void): void {
    if (this.#given > 0) apply();
    else this.inResponse(apply);
  }

  /** Runs a command, collects its response, and sends that with the label when the command is done. */
  collect(label: string, run: () => Promise<void> | undefined): Promise<void> | undefined {
    this.#settle(); // earlier events are no part of it
    this.#response = [];
    this.#label = label;
    const pending = this.inResponse(run);
    if (pending === undefined) return this.flush();
    this.#outside = true; // nor is what others do while the command waits
    return pending.finally(() => {
      this.#outside = false;
      this.flush();
    });
  }

  /** Sends the response that was collected, if any. */
  flush(): undefined {
    const response = this.#response;
    this.#response = undefined;
    if (response !== undefined) {
      this.#connection.send(labeled(response, this.#label, this.#server, this.nextBatch()));
    }
  }

  /** Returns a batch reference that is unique on this connection. */
  nextBatch(): string {
    return `b${this.#batches++}`;
  }
}

/** The first line of a batch, of the server or of another user: its name. */
const OPENING = /^(?:@\S+ )?:\S+ BATCH \+(\S+) /;

/** Adds a label to a response: to its only line or its only batch, else to a batch around it; or makes an ACK if it is empty. */
function labeled(response: readonly string[], label: string, server: string, batch: string): string[] {
  const [first, ...more] = response;
  if (first === undefined) return [withTag(`:${server} ACK`, "label", label)];
  const [, own] = OPENING.exec(first) ?? [];
  // The first line that ends it: a user's message of several lines may precede another one.
  const isBatch = own !== undefined && more.indexOf(`:${server} BATCH -${own}`) === more.length - 1;
  if (more.length === 0 || isBatch) return [withTag(first, "label", label), ...more];
  return [
    withTag(`:${server} BATCH +${batch} labeled-response`, "label", label),
    ...response.map((line) => inBatch(line, batch)),
    `:${server} BATCH -${batch}`,
  ];
}

/** Puts a line into a batch, unless it is in an inner one. */
export function inBatch(line: string, batch: string): string {
  return line.startsWith("@batch=") ? line : withTag(line, "batch", batch);
}

/** Returns a line with one more tag, before the tags that it has. */
function withTag(line: string, key: string, value: string): string {
  const tag = `${key}=${escapeTagValue(value)}`;
  return line.startsWith("@") ? `@${tag};${line.slice(1)}` : `@${tag} ${line}`;
}
