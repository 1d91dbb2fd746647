/** Tokens and certificates in the database: the migration of an older file, and erasing them. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { StoreError } from "../../src/chat/store.ts";
import { openAccounts } from "../../src/cli/accounts.ts";
import { Database } from "../../src/history/database.ts";
import { erase } from "../../src/history/erase.ts";
import { MIGRATIONS } from "../../src/history/schema.ts";
import { addToken } from "../accounts/helpers.ts";

/** The number of migrations before tokens. */
const BEFORE = MIGRATIONS.findIndex((sql) => sql.includes("CREATE TABLE token"));

async function withDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function insertAccount({ db }: Database, name: string) {
  db.exec(`INSERT INTO account VALUES ('${name}', '${name}', 7, 'hash', x'00', 1, x'00', x'00')`);
}

const SECRET = { secret: new Uint8Array(32) };

Deno.test("tokens: accounts of a file from before tokens stay, and can have tokens and certificates", () => {
  return withDirectory(async (directory) => {
    const old = await Database.open(directory, "normal", MIGRATIONS.slice(0, BEFORE));
    assertEquals(old.db.prepare("SELECT name FROM sqlite_schema WHERE name = 'token'").all(), []);
    old.db.exec("INSERT INTO account VALUES ('alice', 'Alice', 7, 'hash', x'00', 1, x'00', x'00')");
    old.close();
    const file = await Database.open(directory);
    const accounts = openAccounts(file, SECRET);
    assertEquals([accounts.find("alice")?.name, accounts.find("alice")?.since], ["Alice", 7]);
    const { secret, token } = await addToken(accounts, "alice", "bot", "host", { readOnly: true, room: "#ci" });
    assertEquals(await accounts.certificates.add("alice", "ab".repeat(32)), undefined);
    file.close();
    const again = await Database.open(directory);
    const reopened = openAccounts(again, SECRET);
    assertEquals(reopened.tokens.list("ALICE"), [token]);
    assertEquals((await reopened.tokens.use("alice", secret, "host"))?.room, "#ci");
    assertEquals(reopened.certificates.ownerOf("ab".repeat(32)), "alice");
    again.close();
  });
});

Deno.test("tokens: those of a file from before rooms had a table of their own keep their room", () => {
  return withDirectory(async (directory) => {
    const before = MIGRATIONS.slice(0, MIGRATIONS.findIndex((sql) => sql.includes("CREATE TABLE token_room")));
    const old = await Database.open(directory, "normal", before);
    const insert = "INSERT INTO token (account, id, hash, name, since, used, host, read_only, room) VALUES";
    old.db.exec(`${insert} ('alice', 1, x'00', 'a', 1, 1, 'h', 0, '#ci'), ('alice', 2, x'01', 'b', 1, 1, 'h', 1, '#ci'),
      ('bob', 1, x'02', 'c', 1, 1, 'h', 0, '#tea'), ('bob', 2, x'03', 'd', 1, 1, 'h', 0, NULL)`);
    old.close();
    const file = await Database.open(directory);
    const { tokens } = openAccounts(file, SECRET);
    const rooms = (account: string) => tokens.list(account).map(({ room }) => room);
    assertEquals([rooms("alice"), rooms("bob")], [["#ci", "#ci"], ["#tea", undefined]]);
    file.close();
    await assertRejects(() => Database.open(directory, "normal", before), StoreError, "made by a newer tincan");
  });
});

Deno.test("tokens: they follow the room that they are limited to when it is renamed, in one step for all", () => {
  return withDirectory(async (directory) => {
    const file = await Database.open(directory);
    for (const name of ["alice", "bob", ...Array.from({ length: 50 }, (_, n) => `user${n}`)]) insertAccount(file, name);
    const accounts = openAccounts(file, SECRET);
    const { tokens } = accounts;
    const { stores } = accounts.directory;
    const limit = (account: string, room: string) => {
      return addToken(accounts, account, "bot", "host", { readOnly: false, room });
    };
    const rooms = (account: string) => tokens.list(account).map(({ room }) => room);
    for (let n = 0; n < 50; n++) await limit(`user${n}`, "#tea");
    await limit("alice", "#coffee");
    const { secret } = await limit("alice", "#tea");
    const changes = () => Number(file.db.prepare("SELECT total_changes() AS n").get()!.n);
    const before = changes();
    accounts.directory.renameRoom("#tea", "#coffee");
    assertEquals(changes() - before, 1);
    assertEquals([rooms("user49"), rooms("alice")], [["#coffee"], ["#coffee", "#coffee"]]);
    await limit("bob", "#tea"); // another room now
    accounts.directory.renameRoom("#coffee", "#water");
    assertEquals([rooms("bob"), rooms("alice")], [["#tea"], ["#water", "#water"]]);
    assertEquals((await tokens.use("alice", secret, "host"))?.room, "#water");
    const names = () => file.db.prepare("SELECT room FROM token_room ORDER BY room").all().map(({ room }) => room);
    for (let n = 0; n < 50; n++) stores.tokens.removeTokens(`user${n}`);
    assertEquals(names(), ["#tea", "#water", "#water"]);
    for (const account of ["alice", "bob"]) stores.tokens.removeTokens(account);
    assertEquals(names(), [], "names of rooms that no token has are not kept");
    file.close();
  });
});

Deno.test("tokens: forget erases those of the user, and keeps those of others", () => {
  return withDirectory(async (directory) => {
    const file = await Database.open(directory);
    for (const name of ["alice", "bob"]) insertAccount(file, name);
    const accounts = openAccounts(file, SECRET);
    for (const [name, byte] of [["alice", "ab"], ["bob", "cd"]] as const) {
      await addToken(accounts, name, `bot of ${name}`, `host-of-${name}`);
      await accounts.tokens.addWord(name);
      await accounts.certificates.add(name, byte.repeat(32));
    }
    assert(erase(file, "Alice").account);
    assertEquals([accounts.tokens.list("alice").length, accounts.tokens.list("bob").length], [0, 1]);
    assertEquals([accounts.certificates.list("alice").length, accounts.certificates.list("bob").length], [0, 1]);
    assertEquals(file.db.prepare("SELECT count(*) AS n FROM token WHERE account = 'alice'").get()?.n, 0);
    file.close();
    const bytes = new TextDecoder("latin1").decode(await Deno.readFile(`${directory}/tincan.db`));
    assert(!bytes.includes("bot of alice") && bytes.includes("bot of bob"));
  });
});
