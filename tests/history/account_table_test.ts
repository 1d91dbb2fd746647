import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Credentials } from "../../src/accounts/account_store.ts";
import { StoreError } from "../../src/chat/store.ts";
import { AccountTable } from "../../src/history/account_table.ts";
import { Place } from "./helpers.ts";

const ALICE = { key: "alice", name: "Alice", since: 1 };
const BOB = { key: "bob", name: "bob", since: 2 };

/** Credentials in which each field differs from the others. */
function credentials(seed: number): Credentials {
  const bytes = (start: number) => new Uint8Array([start + seed, start, 0, 255]);
  return { hash: `hash ${seed}`, salt: bytes(1), iterations: 4096 + seed, stored: bytes(2), server: bytes(3) };
}

/** A table in a new file. */
async function open(place: Place): Promise<AccountTable> {
  await place.open();
  return new AccountTable(place.database);
}

Deno.test("account table: accounts and all of their credentials are returned as they were stored", async () => {
  using place = new Place();
  const table = await open(place);
  table.addAccount(ALICE, credentials(1));
  table.addAccount(BOB, credentials(2));
  assertEquals(table.accounts().map((each) => ({ ...each })), [
    { ...ALICE, stored: credentials(1).stored },
    { ...BOB, stored: credentials(2).stored },
  ]);
  assertEquals({ ...table.credentials("bob") }, { ...credentials(2) });
  assertEquals(table.credentials("carol"), undefined);
});

Deno.test("account table: new credentials replace those of one account, and a missing account is reported", async () => {
  using place = new Place();
  const table = await open(place);
  table.addAccount(ALICE, credentials(1));
  table.addAccount(BOB, credentials(2));
  assert(table.setCredentials("bob", credentials(3)));
  assert(!table.setCredentials("carol", credentials(4)));
  assertEquals({ ...table.credentials("bob") }, { ...credentials(3) });
  assertEquals({ ...table.credentials("alice") }, { ...credentials(1) });
  assertEquals(table.credentials("carol"), undefined);
});

Deno.test("account table: only the removed account is gone", async () => {
  using place = new Place();
  const table = await open(place);
  table.addAccount(ALICE, credentials(1));
  table.addAccount(BOB, credentials(2));
  table.removeAccount("alice");
  assertEquals(table.accounts().map(({ key }) => key), ["bob"]);
  assertEquals(table.credentials("alice"), undefined);
});

Deno.test("account table: a file without the table is reported with a StoreError", async () => {
  using place = new Place();
  await place.open();
  place.database.db.exec("DROP TABLE account");
  assertThrows(() => new AccountTable(place.database), StoreError, "no such table: account");
});
