/** Tests of the colours of nicknames. */
import { assertEquals } from "@std/assert";
import { colour } from "../../src/web/colours.js";
import styleCss from "../../src/web/style.css" with { type: "text" };

Deno.test("colours: a nickname has the same colour in any case, and all colours of the style sheet are used", () => {
  assertEquals(colour("Alice"), colour("aLICE"));
  const used = new Set(Array.from({ length: 500 }, (_, i) => colour(`guest${i}`)));
  const defined = new Set([...styleCss.matchAll(/\.(c\d+)\b/g)].map(([, name]) => name!));
  assertEquals([...used].sort(), [...defined].sort());
});
