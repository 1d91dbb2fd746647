/** Read markers that wait to be stored: which are dropped, and in which order the others are stored. */
import { assertEquals } from "@std/assert";
import { PENDING_MAX, PendingMarkers } from "../../src/history/pending_markers.ts";

/** Adds some markers of an account. */
function add(pending: PendingMarkers, account: string, count: number): void {
  for (let n = 0; n < count; n++) pending.advance({ account, target: `#${n}`, time: n });
}

Deno.test("pending markers: an earlier time does not replace a later one that waits", () => {
  const pending = new PendingMarkers();
  for (const time of [5, 3]) pending.advance({ account: "alice", target: "#tea", time });
  assertEquals([pending.get("alice", "#tea"), pending.size], [5, 1]);
});

Deno.test("pending markers: an account with many does not delay those of the next account", () => {
  const pending = new PendingMarkers();
  add(pending, "alice", 100);
  add(pending, "bob", 1);
  const accounts = [...pending.next()].map(({ account }) => account);
  assertEquals([accounts.length, accounts.indexOf("bob")], [21, 20]);
});

Deno.test("pending markers: an account of which some were stored waits for the others", () => {
  const pending = new PendingMarkers();
  add(pending, "alice", 3);
  add(pending, "bob", 1);
  pending.confirm([...pending.next()].slice(0, 1));
  const left = [...pending.next()].map(({ account, target }) => `${account} ${target}`);
  assertEquals(left, ["bob #0", "alice #1", "alice #2"]);
});

Deno.test("pending markers: there are never more than the limit, also after all those of an account were stored or forgotten", () => {
  const pending = new PendingMarkers();
  for (const account of ["first", "second"]) add(pending, account, 1);
  pending.confirm([...pending.next()].slice(0, 1));
  pending.forget("second");
  assertEquals(pending.size, 0);
  for (let n = 0; n <= PENDING_MAX; n++) add(pending, `account${n}`, 1);
  assertEquals(pending.size, PENDING_MAX);
  assertEquals([pending.get("account0", "#0"), pending.get(`account${PENDING_MAX}`, "#0")], [undefined, 0]);
});
