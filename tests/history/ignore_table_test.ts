/** The ignore lists of accounts in the database. */
import { assertEquals, assertThrows } from "@std/assert";
import { StoreError } from "../../src/chat/store.ts";
import { AccountTable } from "../../src/history/account_table.ts";
import { IgnoreTable } from "../../src/history/ignore_table.ts";
import { Place } from "./helpers.ts";

const CREDENTIALS = {
  hash: "",
  salt: new Uint8Array(1),
  iterations: 1,
  stored: new Uint8Array(1),
  server: new Uint8Array(1),
};

Deno.test("ignore table: lists are stored by folded account, in the order of addition, without repetition", async () => {
  using place = new Place();
  await place.open();
  const table = new IgnoreTable(place.database);
  table.addIgnored("Alice", ["Bob", "dave!*@host"]);
  table.addIgnored("alice", ["bob", "carol"]);
  table.addIgnored("alice", ["anna"]);
  table.addIgnored("erin", ["bob"]);
  assertEquals(table.ignored("ALICE"), ["Bob", "dave!*@host", "carol", "anna"]);
  table.removeIgnored("alice", "DAVE!*@host");
  table.addIgnored("alice", ["dave!*@host"]);
  assertEquals(new IgnoreTable(place.database).ignored("alice"), ["Bob", "carol", "anna", "dave!*@host"]);
  assertEquals([table.ignored("erin"), table.ignored("nobody")], [["bob"], []]);
});

Deno.test("ignore table: the list of an account is deleted with it, and its name stays on the lists of others", async () => {
  using place = new Place();
  await place.open();
  const [table, accounts] = [new IgnoreTable(place.database), new AccountTable(place.database)];
  accounts.addAccount({ key: "bob", name: "Bob", since: 1 }, CREDENTIALS);
  table.addIgnored("bob", ["alice"]);
  table.addIgnored("alice", ["bob"]);
  accounts.removeAccount("bob");
  assertEquals([table.ignored("bob"), table.ignored("alice")], [[], ["bob"]]);
});

Deno.test("ignore table: an error of the database is a StoreError", async () => {
  using place = new Place();
  await place.open();
  const table = new IgnoreTable(place.database);
  place.database.db.exec("DROP TABLE ignored");
  for (
    const run of [() => table.ignored("a"), () => table.addIgnored("a", ["b"]), () => table.removeIgnored("a", "b")]
  ) {
    assertThrows(run, StoreError);
  }
});
