/**
 * Renders earlier messages for one client, and sends them in a batch (IRCv3, "batch").
 */
import { reactorKey } from "../../chat/line_author.ts";
import { fold } from "../../chat/names.ts";
import { quoteOf } from "../../chat/quotes.ts";
import type { Line } from "../../chat/store.ts";
import { formatDateTime } from "../../util/datetime.ts";
import type { MemberContext } from "./context.ts";
import type { IrcFormat } from "./format.ts";
import { inBatch } from "./labels.ts";

/** The text in place of that of a deleted message. */
const DELETED = "(deleted)";

/** How messages are rendered. */
export interface RenderOptions {
  /** Whether these are messages alone, as SEARCH finds them: no reactions, and nothing that was deleted. */
  readonly plain?: boolean;
}

/** Renders a message when it is called: in as many lines as it takes, or in none. A message may have many reactions. */
export type RenderedMessage = () => readonly string[];

/**
 * Prepares messages as the client gets them.
 *
 * A client with `draft/event-playback` gets the reactions after each message, and, with `draft/message-redaction`, that it was
 * deleted; other clients do not get deleted messages. A client with neither `batch` nor `server-time` would take messages for new
 * ones: it gets notices, which programs must not answer (RFC 2812, section 3.3.2), with the time in the text.
 */
export function renderMessages(
  context: MemberContext,
  messages: readonly Line[],
  { plain = false }: RenderOptions = {},
): RenderedMessage[] {
  const format = context.options.formats.of(context.capabilities);
  const played = !plain && context.has("draft/event-playback");
  const latest = messages.reduce((time, message) => Math.max(time, message.time), 0);
  const showsDeleted = played && context.has("draft/message-redaction");
  // A page of deleted messages alone would look like the end of the history.
  const keepsDeleted = showsDeleted || (!plain && messages.every(({ deletedBy }) => deletedBy !== undefined));
  const now = Date.now();
  return messages.map((message) => () => {
    const { deletedBy } = message;
    if (deletedBy !== undefined && !keepsDeleted) return [];
    const text = deletedBy === undefined ? message : { ...message, text: DELETED };
    const lines = format.render(shown(context, text, now));
    const all = lines === undefined ? [] : typeof lines === "string" ? [lines] : [...lines];
    if (showsDeleted && deletedBy !== undefined) all.push(...deletion(format, message, deletedBy));
    else if (played && message.reactions !== undefined) all.push(...reactions(format, message, latest));
    return all;
  });
}

/** Adapts a message to a client without `server-time`: the time is in the text, and without `batch` it is a notice. */
function shown(context: MemberContext, message: Line, now: number): Line {
  if (context.has("server-time")) return message;
  const isBatched = context.has("batch");
  const time = context.has("draft/chathistory") ? "" : `[${formatDateTime(message.time, now)}] `;
  const action = !isBatched && message.style === "action" ? `* ${message.who} ` : "";
  const text = message.text.split("\n").map((line) => line.trim() === "" ? line : time + action + line).join("\n");
  return { ...message, text, style: isBatched ? message.style : "notice" };
}

/** The TAGMSG of each reaction to a message, with a time that is not after that of the last message: clients page by it. */
function* reactions(format: IrcFormat, message: Line, latest: number): Generator<string> {
  const author = reactorKey(message);
  for (const reaction of message.reactions!) {
    const line = format.reaction({
      kind: "reacted",
      ...reaction,
      time: Math.min(reaction.time, latest),
      to: message.kind === "said" ? message.room : reactorKey(reaction) === author ? message.to : message.who,
      line: quoteOf(message),
      on: true,
      bot: false,
    });
    if (line !== undefined) yield line;
  }
}

/** The REDACT of a deleted message, with its time: when it was deleted is not stored. */
function* deletion(format: IrcFormat, message: Line, deletedBy: string): Generator<string> {
  const isOwn = message.kind === "whispered" || fold(message.who) === fold(deletedBy);
  const line = format.redaction({
    kind: "redacted",
    who: deletedBy,
    origin: isOwn ? message.origin : deletedBy,
    account: isOwn ? message.account : undefined,
    time: message.time,
    to: message.kind === "said" ? message.room : message.to,
    line: quoteOf(message),
    reason: undefined,
  });
  if (line !== undefined) yield line;
}

/**
 * Sends messages, in a batch if the client has enabled those.
 *
 * @param messages Rendered as long as they fit.
 * @param centre The index of the message to keep if the response would be too long: those farthest from it are left out. By
 *   default the last one.
 */
export function replyBatch(
  context: MemberContext,
  type: string,
  messages: readonly RenderedMessage[],
  centre = Infinity,
): void {
  const middle = Math.min(centre, messages.length);
  const before: (readonly string[])[] = [];
  const after: (readonly string[])[] = [];
  for (const at of outwards(messages.length, middle)) {
    const rendered = messages[at]!();
    if (!context.reserve(rendered)) break;
    if (at < middle) before.push(rendered);
    else after.push(rendered);
  }
  const lines = [...before.reverse(), ...after].flat();
  if (!context.has("batch")) return context.reply(...lines);
  const name = context.nextBatch();
  context.reply(`BATCH +${name} ${type}`, ...lines.map((line) => inBatch(line, name)), `BATCH -${name}`);
}

/** Yields the indexes below `length`: `middle` first, then alternately after and before it. */
function* outwards(length: number, middle: number): Generator<number> {
  for (let distance = 0; distance < length; distance++) {
    if (middle + distance < length) yield middle + distance;
    if (middle - distance > 0) yield middle - distance - 1;
  }
}
