import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import type { Accounts } from "../../src/accounts/accounts.ts";
import { derive } from "../../src/accounts/password.ts";
import { ITERATIONS, ScramExchange } from "../../src/accounts/scram.ts";
import { openAccounts } from "../../src/cli/accounts.ts";
import { Database } from "../../src/history/database.ts";
import { StoreError } from "../../src/chat/store.ts";
import { MIGRATIONS } from "../../src/history/schema.ts";
import { AuthFixture, cheap, scramLast } from "./helpers.ts";

/** Asserts that alice can log in by SCRAM, and that the server proves that it knows her password. */
function assertScramLogin(accounts: Accounts, password: string) {
  const exchange = new ScramExchange();
  const first = "n,,n=alice,r=x";
  const serverFirst = exchange.first(first, (name) => accounts.scramKeys(name));
  const { last, answer } = scramLast(first, serverFirst, password);
  assertEquals(exchange.last(last), answer);
}

Deno.test("accounts: a registered nickname is found in any case, and only its password verifies", async () => {
  await using fixture = await AuthFixture.open();
  const { accounts } = fixture;
  assertEquals(accounts.find("Alice"), undefined);
  assert(await accounts.register("Alice", "open sesame"));
  assertEquals([accounts.find("aLICE")?.name, accounts.size], ["Alice", 1]);
  assert(await accounts.verify("alice", "open sesame"));
  assert(!await accounts.verify("alice", "open Sesame"));
  assert(!await accounts.verify("bob", "open sesame"));
  assert(!await accounts.register("ALICE", "another password"));
  assert(await accounts.verify("alice", "open sesame"));
});

Deno.test("accounts: a wrong password derives the same key whether the account exists or not", async () => {
  const derived: string[] = [];
  await using fixture = await AuthFixture.open({
    derive: (password, salt) => {
      derived.push(`${password} ${salt.length}`);
      return cheap(password, salt);
    },
  });
  await fixture.accounts.register("alice", "open sesame");
  derived.length = 0;
  for (const name of ["alice", "unknown", "__proto__", "constructor"]) {
    assert(!await fixture.accounts.verify(name, "wrong"), name);
  }
  assertEquals(derived, Array(4).fill("wrong 16"));
  const { iterations } = fixture.accounts.scramKeys("unknown");
  assertEquals([iterations, fixture.accounts.scramKeys("unknown").salt], [
    ITERATIONS,
    fixture.accounts.scramKeys("UNKNOWN").salt,
  ]);
});

Deno.test("accounts: SCRAM succeeds with the password of the account", async () => {
  await using fixture = await AuthFixture.open();
  await fixture.accounts.register("alice", "open sesame");
  assertScramLogin(fixture.accounts, "open sesame");
});

Deno.test("accounts: a changed password replaces the old one, for SCRAM too, and a dropped nickname can be registered again", async () => {
  await using fixture = await AuthFixture.open();
  const { accounts } = fixture;
  await accounts.register("alice", "open sesame");
  const { salt } = accounts.scramKeys("alice");
  assert(await accounts.changePassword("ALICE", "close sesame"));
  assert(!await accounts.verify("alice", "open sesame"));
  assert(await accounts.verify("alice", "close sesame"));
  assertNotEquals(accounts.scramKeys("alice").salt, salt);
  assertScramLogin(accounts, "close sesame");
  assert(!await accounts.changePassword("bob", "close sesame"));
  assert(await accounts.drop(accounts.find("Alice")!));
  assertEquals([accounts.find("alice"), accounts.size], [undefined, 0]);
  assert(!await accounts.verify("alice", "close sesame"));
  assert(await accounts.register("alice", "a new one"));
});

Deno.test("accounts: one of two registrations of a nickname succeeds when they run at once", async () => {
  await using fixture = await AuthFixture.open();
  const tries = ["one password", "another one"].map((password) => fixture.accounts.register("alice", password));
  const done = await Promise.all(tries);
  assertEquals(done.filter((each) => each).length, 1);
  assert(await fixture.accounts.verify("alice", done[0] ? "one password" : "another one"));
});

Deno.test("accounts: a nickname is not registered when the caller has lost it by the time the password is hashed", async () => {
  await using fixture = await AuthFixture.open();
  assert(!await fixture.accounts.register("alice", "open sesame", () => false));
  assertEquals(fixture.accounts.size, 0);
});

Deno.test("accounts: the limit rejects new accounts and keeps existing ones", async () => {
  await using fixture = await AuthFixture.open({ max: 2 });
  const done = await Promise.all(["a", "b", "c"].map((name) => fixture.accounts.register(name, "open sesame")));
  assertEquals([done.filter((each) => each).length, fixture.accounts.size, fixture.accounts.full], [2, 2, true]);
  const fewer = openAccounts(fixture.file, { max: 1, secret: new Uint8Array(32), derive: cheap });
  assertEquals(fewer.size, 2);
  assert(await fewer.verify("a", "open sesame"));
});

Deno.test("accounts: the database has the accounts after a restart, and contains no password", async () => {
  await using fixture = await AuthFixture.open({ derive, iterations: 1 });
  await fixture.accounts.register("Alice", "open sesame");
  const account = fixture.accounts.find("alice")!;
  fixture.close();
  for await (const { name } of Deno.readDir(fixture.path)) {
    const bytes = await Deno.readFile(`${fixture.path}/${name}`);
    assert(!new TextDecoder("latin1").decode(bytes).includes("sesame"), name);
  }
  const again = await AuthFixture.open({ derive }, fixture.path);
  assertEquals(again.accounts.find("alice"), account);
  assert(await again.accounts.verify("alice", "open sesame"));
  again.close();
});

Deno.test("accounts: a confusable account is still found when another one with the same skeleton is dropped", async () => {
  await using fixture = await AuthFixture.open();
  const { accounts } = fixture;
  await accounts.register("alice", "open sesame");
  assertEquals(await accounts.register("a1ice", "open sesame"), undefined);
  const { stores } = accounts.directory;
  stores.accounts.addAccount({ key: "a1ice", name: "a1ice", since: 1 }, stores.accounts.credentials("alice")!);
  const both = openAccounts(fixture.file, { secret: new Uint8Array(32) }); // an early version did not check it
  assertEquals(both.size, 2);
  const like = both.findConfusable("allce")!;
  await both.drop(both.find(like === "alice" ? "a1ice" : "alice")!);
  assertEquals(both.findConfusable("allce"), like);
  await both.drop(both.find(like)!);
  assertEquals(both.findConfusable("allce"), undefined);
});

Deno.test("accounts: a failed write throws StoreError and changes nothing", async () => {
  await using fixture = await AuthFixture.open();
  await fixture.accounts.register("alice", "open sesame");
  fixture.file.db.exec("PRAGMA query_only = ON");
  await assertRejects(() => fixture.accounts.register("bob", "open sesame"), StoreError);
  assertEquals(fixture.accounts.find("bob"), undefined);
  await assertRejects(() => fixture.accounts.drop(fixture.accounts.find("alice")!), StoreError);
  assert(fixture.accounts.find("alice") !== undefined);
});

Deno.test("accounts: accounts can be registered in a database of schema version 1", async () => {
  const directory = await Deno.makeTempDir();
  const old = await Database.open(directory, "normal", MIGRATIONS.slice(0, 1));
  old.db.exec("INSERT INTO target (key, name) VALUES ('#tea', '#tea')");
  old.close();
  await using fixture = await AuthFixture.open({}, directory);
  assert(await fixture.accounts.register("alice", "open sesame"));
  assertEquals(fixture.file.db.prepare("SELECT name FROM target").all().length, 1);
});
