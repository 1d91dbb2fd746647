/**
 * Collects the messages of several lines that one client sends (IRCv3, "multiline" and "client-batch", drafts).
 *
 * A batch is open from `BATCH +name` to `BATCH -name`; other commands may come in between. What is collected is bounded by the
 * limits of a message of several lines, and is dropped with the connection, or when no line of the batch has come for
 * {@linkcode BATCH_TIMEOUT}. After an error, the rest of the batch is ignored: the client has sent it as one message.
 */
import { MULTILINE_BYTES_MAX, MULTILINE_LINES_MAX } from "../../chat/message_text.ts";
import { fold } from "../../chat/names.ts";
import { copyString } from "../../util/copy_string.ts";
import { isChanServ } from "./chanserv_notice.ts";
import { byteLength } from "./format.ts";
import { isNickServ } from "./nickserv_notice.ts";
import type { IrcMessage } from "./parser.ts";

/**
 * The longest time between two lines of a batch, in milliseconds. At the lowest rate that is announced as safe, a line a minute,
 * no batch takes longer.
 */
export const BATCH_TIMEOUT = 150_000;

/** The most bytes of the name of a batch: it is repeated in errors. */
export const BATCH_NAME_MAX = 64;

/** Why a batch is rejected: the code of its FAIL, what follows that, and the description. */
export interface BatchFailure {
  readonly code:
    | "MULTILINE_MAX_BYTES"
    | "MULTILINE_MAX_LINES"
    | "MULTILINE_INVALID_TARGET"
    | "MULTILINE_INVALID"
    | "TIMEOUT";
  readonly context: readonly string[];
  readonly text: string;
}

/** The result of a line of a batch; `undefined` if there is nothing to do. The label is that of the line which opened the batch. */
export type BatchResult =
  | { readonly failure: BatchFailure; readonly label: string | undefined }
  | { readonly message: IrcMessage; readonly label: string | undefined }
  | undefined;

/** The batch that is open. */
interface OpenBatch {
  readonly name: string;
  readonly target: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly label: string | undefined;
  /** PRIVMSG or NOTICE, once a line has come. */
  command: string | undefined;
  text: string;
  bytes: number;
  lines: number;
  /** When its last line came. */
  heardAt: number;
}

const NO_LABEL = { label: undefined };

/** The batches of one client, of which at most one is open. */
export class MultilineInput {
  #open: OpenBatch | undefined;
  /** The name of the batch that was rejected last, until it ends: its lines are ignored. */
  #rejected: string | undefined;

  /** The number of characters that are collected. */
  get size(): number {
    return this.#open?.text.length ?? 0;
  }

  /**
   * Takes a BATCH command, or a line with the tag `batch`.
   *
   * @param label The label of the line.
   * @param now The time, in milliseconds.
   * @returns The message of a batch that ends with the line, or an error.
   */
  take(message: IrcMessage, label: string | undefined, now: number): BatchResult {
    const batch = this.#open;
    if (batch !== undefined && now - batch.heardAt > BATCH_TIMEOUT) {
      const failed = this.#reject("TIMEOUT", "The batch was left open for too long", batch.name);
      return this.take(message, label, now) ?? failed;
    }
    if (message.command !== "BATCH") return this.#add(message, now);
    const [reference = "", type, target] = message.params;
    if (reference.startsWith("+")) return this.#begin(reference.slice(1), type, target, message, label, now);
    if (reference.startsWith("-")) return this.#end(reference.slice(1), label);
    return { failure: invalid("A batch begins with + and ends with -"), label };
  }

  /** A line was rejected that may be one of the open batch: without it, the message is not whole. */
  spoil(): BatchResult {
    return this.#open && this.#reject("MULTILINE_INVALID", "A line of the batch was rejected");
  }

  #begin(
    name: string,
    type: string | undefined,
    target: string | undefined,
    { tags }: IrcMessage,
    label: string | undefined,
    now: number,
  ): BatchResult {
    const why = this.#whyNot(name, type, target, tags);
    if (why !== undefined) {
      if (name !== this.#open?.name) this.#rejected = copyString(name);
      return { failure: invalid(why), label };
    }
    const own = new Map(
      [...tags].filter(([key]) => key.startsWith("+")).map(([key, value]) => [key, copyString(value)]),
    );
    this.#rejected = undefined;
    this.#open = {
      name: copyString(name),
      target: copyString(target!),
      tags: own,
      label: label === undefined ? undefined : copyString(label),
      command: undefined,
      text: "",
      bytes: 0,
      lines: 0,
      heardAt: now,
    };
    return undefined;
  }

  #whyNot(name: string, type = "", target = "", tags: ReadonlyMap<string, string>): string | undefined {
    if (name === "" || byteLength(name) > BATCH_NAME_MAX) return "Invalid name of a batch";
    if (tags.has("batch")) return "A batch cannot be part of another one";
    if (this.#open !== undefined) return "Another batch is open";
    if (type !== "draft/multiline") return "Unknown type of batch: only draft/multiline can be sent";
    if (target === "" || target.includes(",")) return "A message of several lines has one target";
    if (isNickServ(target) || isChanServ(target)) return "A request has one line";
    return undefined;
  }

  #add(message: IrcMessage, now: number): BatchResult {
    const { command, params: [target = "", text = ""], tags } = message;
    const name = tags.get("batch")!;
    const batch = this.#open;
    if (batch === undefined || batch.name !== name) {
      if (name === this.#rejected) return undefined;
      return { failure: invalid("There is no such batch"), ...NO_LABEL };
    }
    batch.heardAt = now;
    if (command !== "PRIVMSG" && command !== "NOTICE") {
      return this.#reject("MULTILINE_INVALID", "A batch has lines of PRIVMSG or NOTICE alone");
    }
    if (command !== (batch.command ??= command)) {
      return this.#reject("MULTILINE_INVALID", "A batch has lines of PRIVMSG or of NOTICE, not of both");
    }
    if (fold(target) !== fold(batch.target)) {
      const context = [batch.target, target || "*"];
      return this.#reject("MULTILINE_INVALID_TARGET", "All lines of a batch have its target", ...context);
    }
    const concat = tags.has("draft/multiline-concat");
    if (concat && text === "") return this.#reject("MULTILINE_INVALID", "A blank line cannot continue another one");
    const joint = batch.lines === 0 || concat ? "" : "\n";
    batch.lines++;
    batch.bytes += joint.length + byteLength(text);
    if (batch.lines > MULTILINE_LINES_MAX) {
      return this.#reject("MULTILINE_MAX_LINES", "The batch has too many lines", String(MULTILINE_LINES_MAX));
    }
    if (batch.bytes > MULTILINE_BYTES_MAX) {
      return this.#reject("MULTILINE_MAX_BYTES", "The batch has too many bytes", String(MULTILINE_BYTES_MAX));
    }
    batch.text += joint + copyString(text);
    return undefined;
  }

  #end(name: string, label: string | undefined): BatchResult {
    const batch = this.#open;
    if (batch === undefined || batch.name !== name) {
      if (name !== this.#rejected) return { failure: invalid("There is no such batch"), label };
      this.#rejected = undefined;
      return undefined;
    }
    const { command, target, text, tags } = batch;
    if (command === undefined || text.trim() === "") {
      const failed = this.#reject("MULTILINE_INVALID", "The batch has blank lines only");
      this.#rejected = undefined; // it has ended
      return failed;
    }
    this.#open = undefined;
    const message = { tags, source: undefined, command, params: [target, text], rest: `${target} :${text}` };
    return { message, label: batch.label };
  }

  /** Drops the open batch, and ignores the rest of it. */
  #reject(code: BatchFailure["code"], text: string, ...context: string[]): BatchResult & { failure: BatchFailure } {
    const { name, label } = this.#open!;
    this.#open = undefined;
    this.#rejected = name;
    return { failure: { code, context, text }, label };
  }
}

function invalid(text: string): BatchFailure {
  return { code: "MULTILINE_INVALID", context: [], text };
}
