/** What is a link in what people say, and what is the sentence around it. */
import { assert, assertEquals } from "@std/assert";
import { findLinks } from "../../src/web/links.js";

/** The links alone. */
function linksIn(text: string): string[] {
  return findLinks(text).flatMap(({ text, href }) => href === undefined ? [] : [text]);
}

Deno.test("a link ends before what belongs to the sentence, and brackets that it has opened are its own", () => {
  const links: Record<string, string> = {
    "see http://x/a.": "http://x/a",
    "(http://x/a)": "http://x/a",
    "http://x/a_(b)": "http://x/a_(b)",
    "(http://x/a_(b)).": "http://x/a_(b)",
    "[http://x/a[1]]?!": "http://x/a[1]",
    "http://x/(a})": "http://x/(a})",
    "http://x/a)]})": "http://x/a",
    "http://x/a(.)": "http://x/a(.)",
  };
  for (const [text, link] of Object.entries(links)) assertEquals(linksIn(text), [link], text);
});

Deno.test("thousands of brackets behind a link cost no more than as many full stops", () => {
  const timeOf = (end: string) => {
    let least = Infinity;
    for (let tries = 0; tries < 10; tries++) {
      const began = performance.now();
      assertEquals(linksIn(`http://x/a${end.repeat(5000)}`), ["http://x/a"]);
      least = Math.min(least, performance.now() - began);
    }
    return least;
  };
  const plain = timeOf(".");
  for (const bracket of ")]}") {
    const took = timeOf(bracket);
    assert(took < 20 * plain, `${took} ms for ${bracket}, and ${plain} ms for full stops`);
  }
});
