/** Texts of messages for Slack: `text`, `blocks` and `attachments`, as plain text. */
import { list, record, text } from "./json.ts";

/** How deep blocks may be nested; those below are left out. */
const DEPTH_MAX = 8;

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
  const blocks = list(message.blocks).map((block) => blockText(block, 0));
  return lines([lines(blocks) || plainText(text(message.text)), ...list(message.attachments).map(attachmentText)]);
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

/** A link as text: the target alone, if the label says nothing else. */
function link(label: string, target: string): string {
  const url = target.replace(/^mailto:/, "");
  return label === "" || label === url || label === target ? url : url === "" ? label : `${label} (${url})`;
}

function attachmentText(attachment: unknown): string {
  const { pretext, author_name, title, title_link, text: body, fields, blocks, footer, fallback } = record(attachment);
  const found = lines([
    plainText(text(pretext)),
    text(author_name),
    text(title) === "" ? "" : link(plainText(text(title)), text(title_link)),
    plainText(text(body)),
    ...list(fields).map((field) => {
      const { title, value } = record(field);
      return [plainText(text(title)), plainText(text(value))].filter((part) => part !== "").join(": ");
    }),
    ...list(blocks).map((block) => blockText(block, 0)),
    text(footer),
  ]);
  return found || plainText(text(fallback));
}

/** A block, or an element of one: what it says comes from `text`, its parts from `elements` and `fields`. */
function blockText(block: unknown, depth: number): string {
  if (depth > DEPTH_MAX) return "";
  const { type, text: body, elements, fields, url, alt_text, name } = record(block);
  const label = typeof body === "string" ? text(body) : text(record(body).text);
  switch (type) {
    case "rich_text_section":
    case "rich_text_preformatted":
    case "rich_text_quote":
      return list(elements).map((element) => blockText(element, depth + 1)).join("");
    case "link":
    case "button":
      return link(plainText(label), text(url));
    case "emoji":
      return `:${text(name)}:`;
    case "user":
      return `@${text(record(block).user_id)}`;
    case "image":
      return text(alt_text);
    case "context":
    case "actions":
      return list(elements).map((element) => blockText(element, depth + 1)).filter((part) => part !== "").join(" ");
    case "text":
      return label; // of rich text, which has no markup
    default: // a section, a header, or a text object, which has its text in itself
      return lines([
        plainText(label),
        ...list(fields).map((field) => plainText(text(record(field).text))),
        ...list(elements).map((element) => blockText(element, depth + 1)),
      ]);
  }
}

function lines(parts: readonly string[]): string {
  return parts.filter((part) => part.trim() !== "").join("\n");
}
