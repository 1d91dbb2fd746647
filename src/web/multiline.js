// @ts-check
/**
 * Messages of several lines (IRCv3, "multiline", a draft): their limits, how they are split into lines of the protocol, and
 * the batches that they come in.
 */
import { bytes, splitLine } from "./irc.js";

/** The capability, the type of the batches, and the tag of a line that continues the one before it. */
export const MULTILINE = "draft/multiline";
export const CONCAT = "draft/multiline-concat";

/** @typedef {import("./irc.js").Message} Message */

/** The limits of the server: bytes of a message, with its line breaks; lines of a batch. @typedef {{ bytes: number, lines: number }} Limits */

/** A line of a batch. `concat`: it continues the one before it. @typedef {{ text: string, concat: boolean }} BatchLine */

/** The limits in the value of the capability, or `undefined` if there are none. @param {string} value @returns {Limits | undefined} */
export function limitsIn(value) {
  const values = new Map(
    value.split(",").map((token) => /** @type {[string, number]} */ ([
      token.split("=")[0] ?? "",
      Number(token.split("=")[1]),
    ])),
  );
  const most = values.get("max-bytes") || 0;
  return most > 0 ? { bytes: most, lines: values.get("max-lines") || Infinity } : undefined;
}

/** The text without blank lines at its beginning and spaces at its end. @param {string} text */
export function trimLines(text) {
  const lines = text.trimEnd().split("\n");
  return lines.slice(Math.max(0, lines.findIndex((line) => line.trim() !== ""))).join("\n");
}

/**
 * Splits a text into the lines of a batch.
 *
 * @param {string} text
 * @param {number} most The most bytes in a line.
 * @returns {BatchLine[]}
 */
export function batchLines(text, most) {
  return text.split("\n").flatMap((line) => splitLine(line, most).map((text, i) => ({ text, concat: i > 0 })));
}

/**
 * Why a text is too long for a message, or the empty string.
 *
 * @param {string} text
 * @param {number} most The most bytes in a line.
 * @param {Limits} limits
 */
export function excessText(text, most, limits) {
  const way = "Shorten it, or send it in parts.";
  const size = bytes(text); // with a byte for each line break
  if (size > limits.bytes) return `The message has ${size} bytes; at most ${limits.bytes} can be sent at once. ${way}`;
  const { length } = batchLines(text, most);
  return length <= limits.lines
    ? ""
    : `The message has ${length} lines; at most ${limits.lines} can be sent at once. ${way}`;
}

/** The most batches that are open at a time. Above it, the oldest one is forgotten. */
export const BATCHES_MAX = 100;

/** The most characters of a message of several lines. Further lines are dropped. */
const TEXT_MAX = 65_536;

/**
 * Open batches of lines of the server (IRCv3, "batch"), and the messages of several lines that some of them are.
 *
 * @template Context What is remembered of the request that a batch answers.
 */
export class Batches {
  /** @type {Map<string, { context: Context | undefined, start: Message, first?: Message, text: string }>} By reference tag. */
  #open = new Map();

  /** Opens a batch. @param {Message} start Its first line. @param {Context | undefined} context */
  open(start, context) {
    this.#open.set(start.params[0]?.slice(1) ?? "", { context, start, text: "" });
    const [oldest] = this.#open.keys();
    if (this.#open.size > BATCHES_MAX && oldest !== undefined) this.#open.delete(oldest);
  }

  /** The context of a batch. @param {string} name */
  contextOf(name) {
    return this.#open.get(name)?.context;
  }

  /** Adds a line to a message of several lines. @param {Message} message @returns {boolean} Whether it is part of one. */
  add(message) {
    const batch = this.#open.get(message.tags.get("batch") ?? "");
    if (batch === undefined || batch.start.params[1] !== MULTILINE) return false;
    const text = message.params[1] ?? "";
    if (batch.first === undefined) [batch.first, batch.text] = [message, text];
    else if (batch.text.length + text.length < TEXT_MAX) {
      batch.text += message.tags.has(CONCAT) ? text : `\n${text}`;
    }
    return true;
  }

  /**
   * Closes a batch.
   *
   * @param {Message} end Its last line.
   * @returns {{ message: Message | undefined, context: Context | undefined }} The message of several lines, with the tags of
   *   the batch, if it is one, and else the last line.
   */
  close(end) {
    const name = end.params[0]?.slice(1) ?? "";
    const batch = this.#open.get(name);
    this.#open.delete(name);
    if (batch === undefined) return { message: end, context: undefined };
    const { context, start, first, text } = batch;
    if (start.params[1] !== MULTILINE) return { message: end, context };
    const message = first && { ...first, tags: start.tags, params: [first.params[0] ?? "", text] };
    return { message, context };
  }

  /** Forgets all batches. @returns {Context[]} What they had. */
  clear() {
    const contexts = [...this.#open.values()].flatMap(({ context }) => context === undefined ? [] : [context]);
    this.#open.clear();
    return contexts;
  }
}
