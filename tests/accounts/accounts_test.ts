import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { Accounts } from "../../src/accounts/accounts.ts";
import { derive } from "../../src/accounts/password.ts";
import { ITERATIONS, ScramExchange } from "../../src/accounts/scram.ts";
import { Database } from "../../src/history/database.ts";
import { StoreError } from "../../src/chat/store.ts";
import { MIGRATIONS } from "../../src/history/schema.ts";
import { cheap, Office, scramLast } from "./helpers.ts";

Deno.test("a name is somebody's own from then on, in any case, and whoever has the password is that somebody", async () => {
  await using office = await Office.open();
  const { accounts } = office;
  assertEquals(accounts.find("Alice"), undefined);
  assert(await accounts.register("Alice", "open sesame"));
  assertEquals([accounts.find("aLICE")?.name, accounts.size], ["Alice", 1]);
  assert(await accounts.verify("alice", "open sesame"));
  assert(!await accounts.verify("alice", "open Sesame"));
  assert(!await accounts.verify("bob", "open sesame"));
  assert(!await accounts.register("ALICE", "another password"));
  assert(await accounts.verify("alice", "open sesame"));
});

Deno.test("it takes the same to be wrong about a name that is nobody's", async () => {
  const derived: string[] = [];
  await using office = await Office.open({
    derive: (password, salt) => {
      derived.push(`${password} ${salt.length}`);
      return cheap(password, salt);
    },
  });
  await office.accounts.register("alice", "open sesame");
  derived.length = 0;
  for (const name of ["alice", "nobody", "__proto__", "constructor"]) {
    assert(!await office.accounts.verify(name, "wrong"), name);
  }
  assertEquals(derived, Array(4).fill("wrong 16"));
  const { iterations } = office.accounts.keys("nobody");
  assertEquals([iterations, office.accounts.keys("nobody").salt], [ITERATIONS, office.accounts.keys("NOBODY").salt]);
});

Deno.test("SCRAM has the keys of the same password", async () => {
  await using office = await Office.open();
  await office.accounts.register("alice", "open sesame");
  const exchange = new ScramExchange();
  const first = "n,,n=alice,r=x";
  const serverFirst = exchange.first(first, (name) => office.accounts.keys(name));
  const { last, answer } = scramLast(first, serverFirst, "open sesame");
  assertEquals(exchange.last(last), answer);
});

Deno.test("another password is the only one from then on, for SCRAM too; and a name that was given up is nobody's", async () => {
  await using office = await Office.open();
  const { accounts } = office;
  await accounts.register("alice", "open sesame");
  const { salt } = accounts.keys("alice");
  assert(await accounts.change("ALICE", "close sesame"));
  assert(!await accounts.verify("alice", "open sesame"));
  assert(await accounts.verify("alice", "close sesame"));
  assertNotEquals(accounts.keys("alice").salt, salt);
  assert(!await accounts.change("bob", "close sesame"));
  accounts.drop("Alice");
  assertEquals([accounts.find("alice"), accounts.size], [undefined, 0]);
  assert(!await accounts.verify("alice", "close sesame"));
  assert(await accounts.register("alice", "a new one"));
});

Deno.test("of two who register a name at once one has it", async () => {
  await using office = await Office.open();
  const tries = ["one password", "another one"].map((password) => office.accounts.register("alice", password));
  const done = await Promise.all(tries);
  assertEquals(done.filter((each) => each).length, 1);
  assert(await office.accounts.verify("alice", done[0] ? "one password" : "another one"));
});

Deno.test("a name that is not to be had any more once the password is hashed is not registered", async () => {
  await using office = await Office.open();
  assert(!await office.accounts.register("alice", "open sesame", () => false));
  assertEquals(office.accounts.size, 0);
});

Deno.test("there are no more than may be, but as many as there are stay", async () => {
  await using office = await Office.open({ most: 2 });
  const done = await Promise.all(["a", "b", "c"].map((name) => office.accounts.register(name, "open sesame")));
  assertEquals([done.filter((each) => each).length, office.accounts.size, office.accounts.full], [2, 2, true]);
  const fewer = new Accounts(office.file, { most: 1, secret: new Uint8Array(32), derive: cheap });
  assertEquals(fewer.size, 2);
  assert(await fewer.verify("a", "open sesame"));
});

Deno.test("they are in the file: the next process finds them, and no password in it", async () => {
  await using office = await Office.open({ derive, iterations: 1 });
  await office.accounts.register("Alice", "open sesame");
  const { since } = office.accounts.find("alice")!;
  office.close();
  for await (const { name } of Deno.readDir(office.path)) {
    const bytes = await Deno.readFile(`${office.path}/${name}`);
    assert(!new TextDecoder("latin1").decode(bytes).includes("sesame"), name);
  }
  const again = await Office.open({ derive }, office.path);
  assertEquals(again.accounts.find("alice"), { name: "Alice", since });
  assert(await again.accounts.verify("alice", "open sesame"));
  again.close();
});

Deno.test("of two names that look alike one may be given up, and the other is still looked like", async () => {
  await using office = await Office.open();
  const { accounts } = office;
  for (const name of ["a1ice", "alice"]) await accounts.register(name, "open sesame"); // the desk would not do that
  assertEquals(accounts.ownedLike("allce"), "alice");
  accounts.drop("a1ice");
  assertEquals(accounts.ownedLike("allce"), "alice");
  accounts.drop("alice");
  assertEquals(accounts.ownedLike("allce"), undefined);
});

Deno.test("a file that fails is told in words, and nothing was registered", async () => {
  await using office = await Office.open();
  await office.accounts.register("alice", "open sesame");
  office.file.db.exec("PRAGMA query_only = ON");
  await assertRejects(() => office.accounts.register("bob", "open sesame"), StoreError);
  assertEquals(office.accounts.find("bob"), undefined);
  assertThrows(() => office.accounts.drop("alice"), StoreError);
  assert(office.accounts.find("alice") !== undefined);
});

Deno.test("a file from before there were accounts has room for them once it is opened", async () => {
  const directory = await Deno.makeTempDir();
  const old = await Database.open(directory, "normal", MIGRATIONS.slice(0, 1));
  old.db.exec("INSERT INTO target (key, name) VALUES ('#tea', '#tea')");
  old.close();
  await using office = await Office.open({}, directory);
  assert(await office.accounts.register("alice", "open sesame"));
  assertEquals(office.file.db.prepare("SELECT name FROM target").all().length, 1);
});
