/** The text of a message as rows of styled spans: code, quotes, links, names and marks, as the page shows them. */
import { blocksOf } from "../../web/blocks.js";
import { inlineParts } from "../../web/inline.js";
import type { Names } from "../../web/mentions.js";
import type { Span, Style } from "../terminal/style.ts";
import { wrapSpans } from "../terminal/wrap.ts";
import { CODE, DIM, LINK, nickStyle, OWN_NAME, PLAIN, ROOM_NAME, styleOf } from "./theme.ts";

type Block = ReturnType<typeof blocksOf>[number];

/** What a message is drawn with. */
export interface MessageOptions {
  readonly columns: number;
  /** Which names it may contain. */
  readonly names?: Names;
  /** The colours of the terminal. */
  readonly colors: number;
  /** Added to the style of all text. */
  readonly base?: Style;
}

/** The spans of one line of text, which has no line breaks. @param markup Whether marks as in Markdown count. */
export function lineSpans(text: string, options: MessageOptions, markup = true): Span[] {
  const { names, colors, base = PLAIN } = options;
  return inlineParts(text, names, markup).map(({ text, classes, kind, target = "" }) => {
    const style = { ...base, ...styleOf(classes) };
    if (kind === "code") return { text, style: { ...style, ...CODE } };
    if (kind === "link") return { text, style: { ...style, ...LINK, link: target } };
    if (kind === "room") return { text, style: { ...style, ...ROOM_NAME } };
    if (kind === "name") return { text, style: { ...style, ...nickStyle(target, colors) } };
    if (kind === "own") return { text, style: { ...style, ...OWN_NAME } };
    return { text, style };
  });
}

/** The rows of a whole message. */
export function messageRows(text: string, options: MessageOptions): Span[][] {
  const rows = blocksOf(text).flatMap((block) => blockRows(block, options));
  return rows.length === 0 ? [[]] : rows;
}

function blockRows(block: Block, options: MessageOptions): Span[][] {
  if (block.kind === "text") {
    return block.lines.flatMap((line) => wrapSpans(lineSpans(line, options), options.columns));
  }
  const inner = { ...options, columns: Math.max(1, options.columns - 2) };
  if (block.kind === "quote") {
    const quoted = { ...inner, base: { ...options.base, ...DIM } };
    return block.blocks.flatMap((each) => blockRows(each, quoted)).map((row) => [{ text: "▎ ", style: DIM }, ...row]);
  }
  const label: Span[][] = block.language === "" ? [] : [[{ text: `┌ ${block.language}`, style: DIM }]];
  const code = block.text.split("\n").flatMap((line) => {
    return wrapSpans([{ text: line.replaceAll("\t", "    "), style: CODE }], inner.columns);
  });
  return [...label, ...code.map((row): Span[] => [{ text: "│ ", style: DIM }, ...row])];
}
