/** Tests of the blocks of a message: text, code and quotes. */
import { assert, assertEquals } from "@std/assert";
import { type Block, blocksOf } from "../../src/web/blocks.js";

/** A block in one line. */
function outline(block: Block): string {
  if (block.kind === "text") return block.lines.join("|");
  if (block.kind === "code") return `<${block.language}>${block.text.replaceAll("\n", "|")}`;
  return `"${block.blocks.map(outline).join(" ")}"`;
}

function assertBlocks(expected: Record<string, string[]>): void {
  for (const [text, blocks] of Object.entries(expected)) assertEquals(blocksOf(text).map(outline), blocks, text);
}

Deno.test("blocks: code is between lines of three backticks, with the name of its language", () => {
  assertBlocks({
    "```\na\n\n  b\n```": ["<>a||  b"],
    "```js\nlet *a*;\n```": ["<js>let *a*;"],
    "see\n\n```c++\nx\n```\n\nthere": ["see", "<c++>x", "there"],
    "```a b\nc```": ["<>a b|c"],
    "```\n> a\n# b\n```": ["<>> a|# b"],
    "```\na\n```\n```\nb\n```": ["<>a", "<>b"],
    "````\na\n````": ["<>a"],
    "```\n```": ["<>"],
  });
});

Deno.test("blocks: backticks that are not closed, or closed on the same line, are text", () => {
  assertBlocks({
    "```": ["```"],
    "```js\na": ["```js|a"],
    "```a```\nb": ["```a```|b"],
    "```a```\nb\n```": ["```a```|b|```"],
    "a ```\nb\n```": ["a ```|b|```"],
  });
});

Deno.test("blocks: lines that begin with > are a quote, which may contain code but no quote", () => {
  assertBlocks({
    "> a\n> b\nc": ['"a|b"', "c"],
    "a\n> b": ["a", '"b"'],
    "> a\n>\n> > b": ['"a||> b"'],
    "> ```\n> x\n> ```": ['"<>x"'],
    ">_< and\n>.> and\n-> x\n >y": [">_< and|>.> and|-> x| >y"],
    ">": ['""'],
  });
});

Deno.test("blocks: lists, headings and blank lines within text are left alone", () => {
  assertBlocks({
    "# a\n\n* b\n- c\n  1. d": ["# a||* b|- c|  1. d"],
    "\n\na\n": ["a"],
    "": [""],
    " ": [" "],
  });
});

Deno.test("blocks: 64 KB of beginnings need time in proportion", () => {
  for (const hostile of ["```\n", "```a\n", "```a\n> ```a\n", "> ```a\n", "> ", ">\n", "\n", "`"]) {
    const before = performance.now();
    blocksOf(hostile.repeat(65_536 / hostile.length));
    const needed = performance.now() - before;
    assert(needed < 10_000, `${JSON.stringify(hostile)}: ${needed} ms`);
  }
});
