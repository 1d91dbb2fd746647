import { assert } from "@std/assert";
import { hasLink } from "../../src/util/links.ts";

Deno.test("links: a text has a link if it has an address of the web", () => {
  for (const text of ["https://x", "see http://example.org.", "(HTTPS://例え.jp)", "www.example.org", "a: WWW.x"]) {
    assert(hasLink(text), text);
  }
  for (
    const text of ["", "https://", "http:// x", "ftp://x", "xhttp://x", "awww.nice", "www. x", "https", "mailto:a@b"]
  ) {
    assert(!hasLink(text), text);
  }
});
