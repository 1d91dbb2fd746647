/** Compares the commands of the page with those of the text port: what both have is called the same on both. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import { commands } from "../../src/protocol/text/commands.ts";
import { ALIASES as TEXT_ALIASES } from "../../src/protocol/text/help.ts";
import { nearest } from "../../src/util/nearest.ts";
import { ALIASES, COMMANDS, resolveAlias } from "../../src/web/commands.js";
import { nearest as nearestOnPage } from "../../src/web/nearest.js";

/** What only one of the two has. */
const ONLY_TEXT: Record<string, readonly string[]> = {
  "the page shows it without a command": ["echo", "history", "times", "ping"],
  "the page has it beside each message": ["reply", "react", "unreact", "delete", "mentions"],
  "the page takes several lines as they are": ["paste"],
  "the page has it in its settings": ["drop", "password"],
  "browsers do not show the page its certificates": ["cert"],
};
const ONLY_PAGE: Record<string, readonly string[]> = {
  "the text port does not show it": ["away", "whois"],
};

const text = Object.keys(commands);
const page = Object.keys(COMMANDS);

Deno.test("command names: text port and page have the same commands, except for those with a reason", () => {
  assertEquals(text.filter((name) => !page.includes(name)).sort(), Object.values(ONLY_TEXT).flat().sort());
  assertEquals(page.filter((name) => !text.includes(name)).sort(), Object.values(ONLY_PAGE).flat().sort());
});

Deno.test("command names: text port and page have the same aliases, and none is the name of a command", () => {
  assertEquals(ALIASES, TEXT_ALIASES);
  for (const [alias, name] of Object.entries(ALIASES)) {
    assertEquals([text.includes(name), page.includes(name)], [true, true], `/${alias} stands for /${name}`);
    assertEquals([text.includes(alias), page.includes(alias)], [false, false], alias);
    assertEquals(resolveAlias(alias.toUpperCase()), name);
  }
});

Deno.test("command names: the page suggests the same name for a mistyped word as the text port", () => {
  const names = [...text, ...Object.keys(ALIASES)];
  for (const name of names) {
    for (let i = 0; i <= name.length; i++) {
      const words = [
        name.slice(0, i),
        name.slice(0, i) + name.slice(i + 1),
        `${name.slice(0, i)}x${name.slice(i)}`,
        `${name.slice(0, i)}x${name.slice(i + 2)}y`,
        name.slice(0, i) + (name[i + 1] ?? "") + (name[i] ?? "") + name.slice(i + 2),
      ];
      for (const word of words) assertEquals(nearestOnPage(word, names), nearest(word, names), word);
    }
  }
  const long = "x".repeat(21);
  assertEquals(nearestOnPage(long, [long]), nearest(long, [long]));
});
