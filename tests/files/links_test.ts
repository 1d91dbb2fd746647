import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import {
  accountOwner,
  fileName,
  hostOwner,
  isFileId,
  isOwner,
  linkedIds,
  newFileId,
  pathOf,
} from "../../src/files/links.ts";
import { LINKS_MAX } from "../../src/files/file_store.ts";

Deno.test("links: an id is 128 random bits", () => {
  assertMatch(newFileId(), /^[\w-]{22}$/);
  assertNotEquals(newFileId(), newFileId());
  assertEquals([newFileId(), "a", `${newFileId()}a`, "/".repeat(22)].map(isFileId), [true, false, false, false]);
});

Deno.test("links: the path has the size of an image, and a name that ends where the link ends", () => {
  const id = newFileId();
  assertEquals(pathOf({ id, name: "a.jpg", width: 3, height: 2 }), `/f/${id}/3x2/a.jpg`);
  assertEquals(pathOf({ id, name: "(é) b!.txt" }), `/f/${id}/%28%C3%A9%29%20b%21.txt`);
});

Deno.test("links: a name loses its path and what is not visible, and keeps its ending", () => {
  const names = {
    "a/b\\c.txt": "c.txt",
    "..": "file",
    ".htaccess": "htaccess",
    "a\u0000\r\n\u202eb\u{e0041}.txt": "ab.txt",
    '<"a">?.png': "a.png",
    "  ": "file",
    [`${"x".repeat(300)}.tar`]: `${"x".repeat(96)}.tar`,
    [`${"😀".repeat(300)}.${"e".repeat(30)}`]: "😀".repeat(16),
    [`${"文".repeat(100)}.txt`]: `${"文".repeat(21)}.txt`,
    "\ud800.txt": "\ufffd.txt",
  };
  for (const [name, expected] of Object.entries(names)) assertEquals(fileName(name), expected);
});

Deno.test("links: those in a text are found once each, up to a limit", () => {
  const [a, b] = [newFileId(), newFileId()];
  assertEquals(linkedIds(`http://x/f/${a}/1x1/a.png, (/f/${b}/b) /f/${a}/ /f/${a.slice(1)}/`), [a, b]);
  const many = Array.from({ length: LINKS_MAX + 5 }, newFileId);
  assertEquals(linkedIds(many.map((id) => `/f/${id}/x`).join(" ")), many.slice(0, LINKS_MAX));
});

Deno.test("links: an owner is an account, or the host of a guest", () => {
  const owners = [accountOwner("ÉMILE"), hostOwner("abc.hidden")];
  const owned = (author: Parameters<typeof isOwner>[1]) => owners.map((owner) => isOwner(owner, author));
  assertEquals(owned({ account: "émile", origin: "x!y@abc.hidden" }), [true, false]);
  assertEquals(owned({ origin: "émile!y@abc.hidden" }), [false, true]);
  assertEquals(owned({ origin: "x!y@other" }), [false, false]);
});
