/**
 * Renders earlier messages for one client, and sends them in a batch (IRCv3, "batch").
 */
import type { ChatEvent } from "../../chat/events.ts";
import { formatDateTime } from "../../util/datetime.ts";
import type { MemberContext } from "./context.ts";
import { withTag } from "./labels.ts";

/**
 * Renders messages as the client gets them, each in as many lines as it takes, or in none. A client that has enabled neither
 * `server-time` nor `draft/chathistory` gets the time in the text.
 */
export function renderMessages(context: MemberContext, messages: readonly ChatEvent[]): string[][] {
  const now = Date.now();
  const timed = context.has("server-time") || context.has("draft/chathistory");
  return messages.map((message) => {
    const shown = timed || !("text" in message && "time" in message)
      ? message
      : { ...message, text: `[${formatDateTime(message.time, now)}] ${message.text}` };
    const lines = context.session.format.render(shown) ?? [];
    return typeof lines === "string" ? [lines] : [...lines];
  });
}

/**
 * Sends messages, in a batch if the client has enabled those.
 *
 * @param centre The index of the message to keep if the response would be too long: those farthest from it are left out. By
 *   default the last one.
 */
export function replyBatch(
  context: MemberContext,
  type: string,
  messages: readonly string[][],
  centre = Infinity,
): void {
  const middle = Math.min(centre, messages.length);
  let [from, to] = [middle, middle];
  for (const at of outwards(messages.length, middle)) {
    if (!context.reserve(messages[at]!)) break;
    [from, to] = [Math.min(from, at), Math.max(to, at + 1)];
  }
  const lines = messages.slice(from, to).flat();
  if (!context.has("batch")) return context.reply(...lines);
  const name = context.nextBatch();
  context.reply(`BATCH +${name} ${type}`, ...lines.map((line) => withTag(line, "batch", name)), `BATCH -${name}`);
}

/** Yields the indexes below `length`: `middle` first, then alternately after and before it. */
function* outwards(length: number, middle: number): Generator<number> {
  for (let distance = 0; distance < length; distance++) {
    if (middle + distance < length) yield middle + distance;
    if (middle - distance > 0) yield middle - distance - 1;
  }
}
