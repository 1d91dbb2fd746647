import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Ban, Bans } from "../../src/moderation/bans.ts";
import { BanTable } from "../../src/history/ban_table.ts";
import { StoreError } from "../../src/chat/store.ts";
import { Clock, MINUTE, NOON, Place } from "./helpers.ts";

function ban(what: string, change: Partial<Ban> = {}): Ban {
  return { what, by: "root", reason: "spam", since: NOON, until: Infinity, ...change };
}

/** Opens or reopens the table of bans in a file. */
async function open(place: Place): Promise<BanTable> {
  await place.open();
  return new BanTable(place.database);
}

Deno.test("ban table: bans are returned as they were stored, oldest first", async () => {
  using place = new Place();
  const table = await open(place);
  assertEquals(table.bans(), []);
  const bans = [
    ban("troll!*@*", { since: NOON + 1, nick: "Troll", reason: 'it\'s "spam"; DROP TABLE ban --' }),
    ban("192.0.2.0/24", { since: NOON + 2, until: NOON + 999_999 * 7 * 24 * 60 * MINUTE }),
    ban("2001:DB8::7", { since: NOON + 3, until: NOON + MINUTE, by: "[r]oot", reason: "größer 😀" }),
  ];
  for (const each of [bans[2]!, bans[0]!, bans[1]!]) table.addBan(each);
  assertEquals(table.bans(), bans);
  assertEquals((await open(place)).bans(), bans);
});

Deno.test("ban table: a new ban replaces one on the same target, and a removed ban stays removed", async () => {
  using place = new Place();
  const table = await open(place);
  table.addBan(ban("192.0.2.7", { until: NOON + MINUTE }));
  table.addBan(ban("192.0.2.8"));
  const again = ban("192.0.2.7", { since: NOON + 5, reason: "again" });
  table.addBan(again);
  assertEquals(table.bans(), [ban("192.0.2.8"), again]);
  table.removeBan("192.0.2.8");
  table.removeBan("192.0.2.9"); // does not exist
  assertEquals((await open(place)).bans(), [again]);
});

Deno.test("ban table: bans and unbans survive a restart in any case, and expired bans are removed", async () => {
  using clock = new Clock();
  using place = new Place();
  const before = new Bans(await open(place));
  before.add(ban("Troll!*@*"));
  before.add(ban("troll!*@*"));
  before.add(ban("192.0.2.7", { until: NOON + MINUTE }));
  before.add(ban("192.0.2.8"));
  assert(before.remove("TROLL!*@*"));
  clock.now = NOON + MINUTE;
  const after = new Bans(await open(place));
  assertEquals([after.findByOrigin("troll!~a@b"), after.findByAddress("192.0.2.7")], [undefined, undefined]);
  assertEquals(after.findByAddress("192.0.2.8"), ban("192.0.2.8"));
  assertEquals(new BanTable(place.database).bans(), [ban("192.0.2.8")]);
});

Deno.test("ban table: a ban applies until the end when the disk is full, stored bans stay, and the error is reported", async () => {
  using place = new Place();
  const table = await open(place);
  table.addBan(ban("192.0.2.7"));
  place.database.db.exec(`PRAGMA max_page_count = ${place.number("PRAGMA page_count")}`);
  const long = (n: number) => ban(`${n}${"x".repeat(140)}!*@*`, { since: NOON + n, reason: "y".repeat(200) });
  const error = assertThrows(() => {
    for (let n = 1; n < 100; n++) table.addBan(long(n));
  }, StoreError);
  assertEquals(error.message, "the disk is full");
  const stored = table.bans();
  assertEquals(stored[0], ban("192.0.2.7"));
  const troubles: string[] = [];
  const bans = new Bans(table, ({ message }) => troubles.push(message));
  bans.add(long(1000));
  assertEquals(troubles, ["the disk is full"]);
  assertEquals(bans.findByOrigin(`1000${"x".repeat(140)}!~a@b`), long(1000));
  assertEquals((await open(place)).bans(), stored, "after a restart it is gone, and nothing else is");
});

Deno.test("ban table: an unreadable file is reported with tincan's message, not SQLite's", async () => {
  using place = new Place();
  const table = await open(place);
  place.database.db.exec("PRAGMA query_only = ON");
  for (const change of [() => table.addBan(ban("192.0.2.7")), () => table.removeBan("192.0.2.7")]) {
    assertEquals(assertThrows(change, StoreError).message, "it cannot be written to");
  }
});
