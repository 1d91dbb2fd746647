/** Texts of messages for Slack: `text`, `blocks` and `attachments`, as plain text. */
import { MULTILINE_BYTES_MAX } from "../../chat/message_text.ts";
import { list, record, text } from "./json.ts";

/** How deep blocks may be nested; those below are left out. */
const DEPTH_MAX = 8;

/**
 * How much of a message is rendered: characters of markup, of which more than a message can have are cut anyway, and blocks, each of
 * which counts as {@linkcode BLOCK_COST} characters. Rendering all of a hostile one would take 50 ms.
 */
export const MARKUP_MAX = 2 * MULTILINE_BYTES_MAX;
const BLOCK_COST = 8;

const ENTITIES: Readonly<Record<string, string>> = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };

/**
 * The text of a message: its blocks or else its text, and its attachments. Empty if it has none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { slackMessage } from "./slack.ts";
 *
 * const attachments = [{ title: "Build 7", title_link: "https://ci/7", fields: [{ title: "Branch", value: "main" }] }];
 * assertEquals(slackMessage({ text: "Done &amp; dusted", attachments }), "Done & dusted\nBuild 7 (https://ci/7)\nBranch: main");
 * ```
 */
export function slackMessage(message: Record<string, unknown>): string {
  const markup = new Markup();
  const blocks = list(message.blocks).map((block) => blockText(block, 0, markup));
  return lines([
    lines(blocks) || markup.plain(message.text),
    ...list(message.attachments).map((attachment) => attachmentText(attachment, markup)),
  ]);
}

/** Renders the markup of one message, up to {@linkcode MARKUP_MAX}. */
class Markup {
  #left = MARKUP_MAX;

  /** The plain text of a value; cut, or empty, if there was too much before. */
  plain(value: unknown): string {
    const whole = text(value);
    const taken = whole.slice(0, this.#left);
    this.#left -= taken.length;
    return plainText(taken) + (taken === whole || taken === "" ? "" : "…");
  }

  /** Counts a block. Returns whether it may be rendered. */
  takeBlock(): boolean {
    this.#left = Math.max(0, this.#left - BLOCK_COST);
    return this.#left > 0;
  }
}

/**
 * Slack's markup as plain text: links as `text (url)`, mentions as `@name`, and entities as the characters that they stand for.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { plainText } from "./slack.ts";
 *
 * assertEquals(plainText("see <https://a.b/?c=1&amp;d|the page> &lt;now&gt; <!here> <@U1|bob>"),
 *   "see the page (https://a.b/?c=1&d) <now> @here @bob");
 * ```
 */
export function plainText(markup: string): string {
  return markup.replace(/<([^<>\n]{1,2000})>|&(?:amp|lt|gt);/g, (found, reference: string | undefined) => {
    return reference === undefined ? ENTITIES[found]! : referenceText(reference);
  });
}

/** A reference between angle brackets: a link, a user, a channel or a group. */
function referenceText(reference: string): string {
  const bar = reference.indexOf("|");
  const target = entities(bar < 0 ? reference : reference.slice(0, bar));
  const label = bar < 0 ? "" : entities(reference.slice(bar + 1));
  const sign = target.slice(0, 1);
  if (sign === "@") return `@${label || target.slice(1)}`;
  if (sign === "#") return `#${label || target.slice(1)}`;
  if (sign === "!") return label || `@${target.slice(1).split("^")[0]}`;
  return link(label, target);
}

function entities(markup: string): string {
  return markup.replace(/&(?:amp|lt|gt);/g, (entity) => ENTITIES[entity]!);
}

/** A link as text: the target alone, if the label is the same. */
function link(label: string, target: string): string {
  const url = target.replace(/^mailto:/, "");
  return label === "" || label === url || label === target ? url : url === "" ? label : `${label} (${url})`;
}

function attachmentText(attachment: unknown, markup: Markup): string {
  if (!markup.takeBlock()) return "";
  const { pretext, author_name, title, title_link, text: body, fields, blocks, footer, fallback } = record(attachment);
  const found = lines([
    markup.plain(pretext),
    text(author_name),
    text(title) === "" ? "" : link(markup.plain(title), text(title_link)),
    markup.plain(body),
    ...list(fields).map((field) => {
      if (!markup.takeBlock()) return "";
      const { title, value } = record(field);
      return [markup.plain(title), markup.plain(value)].filter((part) => part !== "").join(": ");
    }),
    ...list(blocks).map((block) => blockText(block, 0, markup)),
    text(footer),
  ]);
  return found || markup.plain(fallback);
}

/** A block, or an element of one: its own `text`, and the text of its `elements` and `fields`. */
function blockText(block: unknown, depth: number, markup: Markup): string {
  if (depth > DEPTH_MAX || !markup.takeBlock()) return "";
  const { type, text: body, elements, fields, url, alt_text, name } = record(block);
  const label = typeof body === "string" ? text(body) : text(record(body).text);
  switch (type) {
    case "rich_text_section":
    case "rich_text_preformatted":
    case "rich_text_quote":
      return list(elements).map((element) => blockText(element, depth + 1, markup)).join("");
    case "link":
    case "button":
      return link(markup.plain(label), text(url));
    case "emoji":
      return `:${text(name)}:`;
    case "user":
      return `@${text(record(block).user_id)}`;
    case "image":
      return text(alt_text);
    case "context":
    case "actions":
      return list(elements).map((element) => blockText(element, depth + 1, markup)).filter((part) => part !== "").join(
        " ",
      );
    case "text":
      return label; // of rich text, which has no markup
    default: // a section, a header, or a text object, which has its text in itself
      return lines([
        markup.plain(label),
        ...list(fields).map((field) => markup.plain(record(field).text)),
        ...list(elements).map((element) => blockText(element, depth + 1, markup)),
      ]);
  }
}

function lines(parts: readonly string[]): string {
  return parts.filter((part) => part.trim() !== "").join("\n");
}
