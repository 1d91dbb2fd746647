/**
 * Renders messages, and what members do to them: replies, reactions, deletions.
 *
 * A message of several lines has the name of its author on the first one; the others begin with spaces, as no other line does.
 * A reply names the author of the line that it replies to inside of the brackets, where no text of a user can be:
 * `<bob to alice> "Lunch at one?": yes`. In a quoted text, `"` becomes `'`, so that it ends where the quotation marks do.
 */
import type { Quote, Reacted, Reaction, Redacted, Said, Whispered } from "../../chat/events.ts";
import type { Rank } from "../../chat/modes.ts";
import { isRoom } from "../../chat/names.ts";
import { stripFormatting } from "../../util/sanitize.ts";

export const RANK_NAMES: Readonly<Record<Rank, string>> = { owner: "owner", op: "operator", voice: "voice" };

/** The most characters of a line that replies and reactions quote. */
export const SHORT_QUOTE = 40;

/** The most names that are given of the users with the same reaction. */
const NAMES_SHOWN = 3;

/** The most different reactions to a line that are shown. */
const REACTIONS_SHOWN = 5;

/** A message in a room; `undefined` if it is for programs. */
export function saidLines(event: Said): string | string[] | undefined {
  const { who, text, style, room, minRank, reply } = event;
  const to = minRank === undefined ? "" : ` to ${RANK_NAMES[minRank]}s`;
  switch (style) {
    case "say":
      // Nearly all messages: as cheap as can be.
      if (reply === undefined && !text.includes("\n")) return `<${who}${to}> ${stripFormatting(text)}`;
      return message(`<${who}${to}`, "> ", who, text, reply);
    case "action":
      return reply === undefined
        ? message(`* ${who}${to}`, " ", who, text)
        : message(`<${who}${to}`, "> ", who, `* ${who} ${text}`, reply);
    case "notice":
      return message(`-${who}:${room}`, "- ", who, text, reply);
    case "ctcp":
    case "ctcp-reply":
      return undefined;
  }
}

/** A private message, for its receiver; `undefined` if it is for programs. */
export function whisperedLines({ who, text, style, reply }: Whispered): string | string[] | undefined {
  switch (style) {
    case "say":
      return message(`*${who}`, "* ", who, text, reply);
    case "action":
      return message(`*${who}`, "* ", who, `${who} ${text}`, reply);
    case "notice":
      return message(`-${who}`, "- ", who, text, reply);
    case "ctcp":
    case "ctcp-reply":
      return undefined;
  }
}

/** A private message, for its sender. */
export function whisperSent({ to, text, reply }: Pick<Whispered, "to" | "text" | "reply">): string | string[] {
  const head = `-> *${to}* `;
  return reply === undefined ? textLines(head, text) : replyLines(head + quotePrefix(reply), to, text);
}

/**
 * A message: in one line if it has one.
 *
 * @param head Its beginning, up to where a reply says to whom.
 * @param end The end of that.
 * @param who The author.
 */
function message(head: string, end: string, who: string, text: string, reply?: Quote): string | string[] {
  if (reply === undefined) return textLines(head + end, text);
  return replyLines(`${head} to ${reply.who || "an earlier message"}${end}${quotePrefix(reply)}`, who, text);
}

function textLines(head: string, text: string): string | string[] {
  const plain = stripFormatting(text);
  return plain.includes("\n") ? indent(head, plain) : head + plain;
}

/** A reply. If it has several lines, all of them are below the quote, so that they stay aligned with each other. */
function replyLines(head: string, name: string, text: string): string | string[] {
  const plain = stripFormatting(text);
  if (!plain.includes("\n")) return head + plain;
  return [head.trimEnd(), ...indent(" ".repeat(width(`<${name}> `)), plain)];
}

/** The quote of a reply; empty if the line that it replies to is gone. */
function quotePrefix({ who, text }: Quote): string {
  if (who === "") return "";
  return text === "" ? "(deleted): " : `${quoted(text)}: `;
}

/** The lines of a text: the first one after a head, the others indented to it. Blank lines are empty. */
export function indent(head: string, text: string): string[] {
  const space = " ".repeat(width(head));
  return text.split("\n").map((line, i) => i === 0 ? head + line : (space + line).trimEnd());
}

/** The columns that a text takes in a terminal. */
function width(text: string): number {
  const wide = text.match(WIDE)?.length ?? 0;
  return [...text.replace(/\p{M}/gu, "")].length + wide;
}

/** The letters of nicknames that take two columns. */
const WIDE = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}]/gu;

/** A reaction that was added or taken back. */
export function reactedText({ who, to, line, text, on }: Reacted): string {
  const where = isRoom(to) ? "" : " in private";
  return on
    ? `${who} reacted ${text}${where} to ${nameLine(line)}`
    : `${who} took back ${text}${where} from ${nameLine(line)}`;
}

/** Reactions to the same line: `bob, carol and 3 others reacted 👍; dave reacted 🎉`. */
export function reactionsText(reactions: readonly Reaction[]): string {
  const alike = [...Map.groupBy(reactions, ({ text }) => text)];
  const shown = alike.slice(0, REACTIONS_SHOWN).map(([text, all]) => `${listNames(all)} reacted ${text}`);
  const more = alike.length - shown.length;
  return [...shown, ...more > 0 ? [`and ${more} more`] : []].join("; ");
}

/** `bob`, `bob and carol`, `bob, carol and dave`, `bob, carol and 2 others`. */
function listNames(reactions: readonly Reaction[]): string {
  const names = reactions.map(({ who }) => who);
  if (names.length > NAMES_SHOWN) names.splice(NAMES_SHOWN - 1, Infinity, `${names.length - NAMES_SHOWN + 1} others`);
  const last = names.pop()!;
  return names.length === 0 ? last : `${names.join(", ")} and ${last}`;
}

/** The deletion of a message. */
export function redactedText({ who, to, line, reason, own = false }: Redacted): string {
  const what = own || line.who === who ? "" : line.who === "" ? " a message" : ` a message of ${line.who}`;
  const where = isRoom(to) ? "" : " in private";
  const words = line.text === "" ? "" : `: ${quoted(line.text, Infinity)}`;
  return `${who} deleted${what}${where}${words}${reason ? ` (${reason})` : ""}`;
}

/** The line that the history shows in place of a deleted message. */
export function deletedText(who: string, by: string): string {
  return who === by ? `${by} deleted this message` : `${by} deleted this message of ${who}`;
}

/** A line that others refer to: its first words in quotation marks, if it has words. */
export function nameLine({ who, text }: Quote): string {
  if (text !== "") return quoted(text);
  return who === "" ? "an earlier message" : `a deleted message of ${who}`;
}

/** The first words of a text, in quotation marks. */
export function quoted(text: string, max = SHORT_QUOTE): string {
  const characters = [...text];
  const start = characters.length <= max ? text : `${characters.slice(0, max - 1).join("").trimEnd()}…`;
  return `"${start.replaceAll('"', "'")}"`;
}
