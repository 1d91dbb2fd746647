/**
 * The messages between the log on the main thread and its worker: their shapes, and the checks when one arrives.
 *
 * Types and checks come from the same tables. Every field is required, so that a message of another shape is an error.
 */
import { LogError } from "./log_error.ts";

/** The kinds of fields, with their checks. */
const FIELDS = {
  /** A whole number that is not negative. */
  count: (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0,
  text: (value: unknown): value is string => typeof value === "string",
  texts: (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(FIELDS.text),
  bytes: (value: unknown): value is Uint8Array<ArrayBuffer> => value instanceof Uint8Array,
  flag: (value: unknown): value is boolean => typeof value === "boolean",
};

type Field = keyof typeof FIELDS;
type ValueOf<F extends Field> = (typeof FIELDS)[F] extends (value: unknown) => value is infer T ? T : never;
type Shapes = Readonly<Record<string, Readonly<Record<string, Field>>>>;
type MessageOf<S extends Shapes> = {
  [T in keyof S]: { readonly type: T } & { readonly [F in keyof S[T]]: ValueOf<S[T][F]> };
}[keyof S];

/** From the main thread to the worker. `id` numbers what a later report answers. */
const ORDERS = {
  /** Connects, and creates or checks the stream. An empty text is a setting that is not used. */
  open: {
    hosts: "texts",
    tls: "flag",
    user: "text",
    password: "text",
    token: "text",
    creds: "text",
    ca: "text",
    cluster: "text",
    replicas: "count",
  },
  /** Delivers the batches from a sequence on. */
  start: { from: "count" },
  /** The main thread has handled all batches up to a sequence. */
  handled: { sequence: "count" },
  /** Appends a batch; if `conditional`, only if the last sequence is `last`. */
  append: { id: "count", bytes: "bytes", conditional: "flag", last: "count" },
  /** Asks for the first and last sequence. */
  range: { id: "count" },
  /** Asks a peer. */
  ask: { id: "count", topic: "text", bytes: "bytes" },
  /** The chunk of an answer was consumed: send the next. */
  more: { id: "count" },
  /** Gives up a question. */
  leave: { id: "count" },
  /** Answers questions on a topic from now on, or no longer. */
  serve: { topic: "text", on: "flag" },
  /** The next chunk of an answer. */
  chunk: { id: "count", bytes: "bytes" },
  /** An answer is complete, or was declined for a reason. */
  done: { id: "count", reason: "text" },
} as const satisfies Shapes;

/** From the worker to the main thread. */
const REPORTS = {
  opened: { first: "count", last: "count", created: "text" },
  /** Batches are delivered from here on. */
  started: {},
  /** The log cannot be used, now or any longer. Nothing is delivered after this. */
  failed: { kind: "text", message: "text" },
  /** The next batch; `own` is the id of an append, or 0. */
  batch: { sequence: "count", bytes: "bytes", own: "count" },
  /** A conditional append was refused, as the last sequence is another. */
  refused: { id: "count" },
  range: { id: "count", first: "count", last: "count" },
  /** An order could not be carried out. */
  rejected: { id: "count", message: "text" },
  connection: { connected: "flag", reason: "text" },
  /** Something to log; the work goes on. */
  trouble: { message: "text" },
  resent: {},
  filled: { count: "count" },
  /** A chunk of an answer to `ask`, and its end. */
  chunk: { id: "count", bytes: "bytes" },
  done: { id: "count", reason: "text" },
  /** A peer asks. */
  asked: { id: "count", topic: "text", bytes: "bytes" },
  /** A peer has received a chunk, or is gone. */
  more: { id: "count" },
  leave: { id: "count" },
} as const satisfies Shapes;

export type Order = MessageOf<typeof ORDERS>;
export type Report = MessageOf<typeof REPORTS>;
export type OpenOrder = Extract<Order, { type: "open" }>;

function read<S extends Shapes>(shapes: S, data: unknown, what: string): MessageOf<S> {
  const message = data as Record<string, unknown> | null;
  const type = typeof message === "object" ? message?.type : undefined;
  const shape = typeof type === "string" && Object.hasOwn(shapes, type) ? shapes[type] : undefined;
  if (shape === undefined) throw new LogError("worker", `Invalid ${what}: its type is unknown`);
  for (const [field, kind] of Object.entries(shape)) {
    if (!FIELDS[kind](message![field])) {
      throw new LogError("worker", `Invalid ${what} "${type}": "${field}" is no ${kind}`);
    }
  }
  return message as MessageOf<S>;
}

/**
 * Checks a message that the worker has received.
 *
 * @throws {LogError} if it has another shape.
 */
export function readOrder(data: unknown): Order {
  return read(ORDERS, data, "order");
}

/**
 * Checks a message that the main thread has received.
 *
 * @throws {LogError} if it has another shape.
 */
export function readReport(data: unknown): Report {
  return read(REPORTS, data, "report");
}
