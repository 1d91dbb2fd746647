/** Roles in the file: the migration that adds them, renamed rooms, deleted rooms, export, import, and erasing a user. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Role, Roles } from "../../src/chat/roles.ts";
import { StoreError } from "../../src/chat/store.ts";
import { AccountTable } from "../../src/history/account_table.ts";
import { BanTable } from "../../src/history/ban_table.ts";
import { Database } from "../../src/history/database.ts";
import { erase } from "../../src/history/erase.ts";
import { FormatError } from "../../src/history/jsonl.ts";
import { MIGRATIONS } from "../../src/history/schema.ts";
import { SqliteHistory } from "../../src/history/sqlite.ts";
import { refusal } from "./database_helpers.ts";
import {
  commitLines,
  found,
  lines,
  NOON,
  Place,
  PLAIN_ROOM,
  rowsAtOnce,
  runMaintenance,
  said,
  texts,
} from "./helpers.ts";
import { Store, THEN } from "./stores.ts";

/** The migrations of the version before roles. */
const BEFORE = MIGRATIONS.slice(0, MIGRATIONS.findIndex((sql) => sql.includes("CREATE TABLE role")));

const role = (account: string, name: Role["role"], since: number, by = "*"): Role => ({
  account,
  role: name,
  since,
  by,
});

function rolesOf(history: SqliteHistory, name: string): string[] {
  const room = history.rooms().find((room) => room.name === name);
  return (room?.roles ?? []).map(({ account, role }) => `${account} ${role}`);
}

/** Adds an account without a password. */
function addAccount(file: Database, name: string) {
  const credentials = { hash: "", salt: new Uint8Array(1), iterations: 1, stored: new Uint8Array(1) };
  const account = { key: name.toLowerCase(), name, since: THEN };
  new AccountTable(file).addAccount(account, { ...credentials, server: new Uint8Array(1) });
}

Deno.test("roles: a file of the version before is migrated with its rooms, masks and bans, which have no roles", async () => {
  using place = new Place();
  const before = await Database.open(place.path, "normal", BEFORE);
  before.db.exec(`INSERT INTO target (id, key, name, since, switches) VALUES (7, '#tea', '#Tea', 1, 'in');
    INSERT INTO mask (target, list, mask, by, at) VALUES (7, 'b', 'evil!*@*', 'alice!~a@host', 2);
    INSERT INTO ban (what, by, reason, since, until) VALUES ('10.0.0.0/8', 'root', 'spam', 3, NULL);
    INSERT INTO message (target, id, time, style, origin, recipient, text, tags, bot)
      VALUES (7, 5000, 4, 0, 'alice!~a@host', NULL, 'hi', '', 0)`);
  before.close();
  const history = await place.open();
  assertEquals(history.rooms(), [{
    ...PLAIN_ROOM,
    name: "#Tea",
    since: 1,
    switches: ["i", "n"],
    masks: [{ list: "b", mask: "evil!*@*", by: "alice!~a@host", at: 2 }],
  }]);
  assertEquals(new BanTable(place.database).bans(), [
    { what: "10.0.0.0/8", by: "root", reason: "spam", since: 3, until: Infinity },
  ]);
  assertEquals(texts(history, "#tea"), ["hi"]);
  history.saveRoom({ ...PLAIN_ROOM, name: "#Tea", roles: [role("alice", "owner", NOON)] });
  history.commit();
  assertEquals(rolesOf(await place.open(), "#Tea"), ["alice owner"]);
});

Deno.test("roles: the version before refuses a file with roles, and leaves it unchanged", async () => {
  using place = new Place();
  (await Database.open(place.path)).close();
  const bytes = Deno.readFileSync(place.file);
  const [newer, older] = [MIGRATIONS.length, BEFORE.length];
  assertEquals(
    await refusal(place.path, BEFORE),
    `tincan.db was made by a newer tincan (format ${newer}, and this one knows ${older})`,
  );
  assertEquals(Deno.readFileSync(place.file), bytes);
});

Deno.test("roles: a server ban keeps the nickname that it was made from", async () => {
  using place = new Place();
  await place.open();
  const ban = { what: "~a:eve", by: "root", reason: "spam", since: 3, until: Infinity, nick: "evelyn" };
  new BanTable(place.database).addBan(ban);
  await place.open();
  assertEquals(new BanTable(place.database).bans(), [ban]);
});

Deno.test("rename: one row changes, however many lines the room has, and they are found under the new name", async () => {
  using place = new Place();
  const history = await place.open();
  const full = { ...PLAIN_ROOM, roles: [role("alice", "owner", NOON)], topic: { text: "t", by: "*", at: NOON } };
  history.saveRoom({ ...full, name: "#room", masks: [{ list: "b", mask: "a!*@*", by: "*", at: NOON }] });
  commitLines(history, ...lines("#room", 900));
  runMaintenance(history);
  assertEquals(rowsAtOnce(place, () => history.renameRoom("#room", "#Other")), 1);
  assertEquals([texts(history, "#room"), texts(history, "#other").length], [[], 900]);
  assertEquals(found(history, "word899", { rooms: ["#other"] }), ["all word899"]);
  history.renameRoom("#nothing", "#nowhere"); // does nothing
  commitLines(history, said("#other", "more"));
  commitLines(history, said("#room", "new room"));
  const check = (each: SqliteHistory) => {
    const [line] = each.page("#other", { count: 1 });
    assertEquals(line?.kind === "said" && line.room, "#Other");
    assertEquals([texts(each, "#room"), rolesOf(each, "#Other"), rolesOf(each, "#room")], [
      ["new room"],
      ["alice owner"],
      [],
    ]);
    assertEquals(each.rooms().find(({ name }) => name === "#Other")?.masks.length, 1);
  };
  check(history);
  check(await place.open());
});

Deno.test("roles: they go with a deleted room, and do not return with a new one of the same name", async () => {
  using place = new Place();
  const history = await place.open();
  for (const withLines of [false, true]) {
    history.saveRoom({ ...PLAIN_ROOM, name: "#room", roles: [role("alice", "owner", NOON)] });
    history.commit();
    if (withLines) commitLines(history, said("#room", "hi"));
    history.deleteTarget("#room");
    commitLines(history, said("#room", "again"));
    runMaintenance(history);
    assertEquals([rolesOf(history, "#room"), place.number("SELECT count(*) FROM role")], [[], 0]);
  }
});

Deno.test("export: roles and nicknames of bans are exported, and imported where the accounts exist", async () => {
  await using from = await Store.make();
  await using to = await Store.make();
  const roles = [role("Alice", "owner", THEN), role("bob", "op", THEN + 1, "Alice"), role("carol", "member", THEN + 2)];
  const masks = [{ list: "b", mask: "~a:eve", by: "*", at: THEN, nick: "evelyn" }] as const;
  from.rooms({ name: "#tea", roles, masks });
  for (const name of ["Alice", "bob", "carol"]) addAccount(to.file, name);
  const text = from.export("jsonl");
  await to.import(text);
  assertEquals(to.history.rooms(), from.history.rooms());
  assertEquals(to.export("jsonl"), text);
});

Deno.test("import: roles of accounts that do not exist are left out, so that no one can register them", async () => {
  await using from = await Store.make();
  await using to = await Store.make();
  from.rooms({ name: "#tea", roles: [role("alice", "owner", THEN), role("bob", "op", THEN), role("eve", "op", THEN)] });
  addAccount(to.file, "BOB");
  await to.import(from.export("jsonl"));
  assertEquals(rolesOf(to.history, "#tea"), ["bob owner"]);
  await using fresh = await Store.make();
  await fresh.import(from.export("jsonl"));
  assertEquals(rolesOf(fresh.history, "#tea"), []);
});

Deno.test("import: a newer room without known roles leaves those of the file, and format 1 is read", async () => {
  await using store = await Store.make();
  store.rooms({ name: "#tea", roles: [role("alice", "owner", THEN)] });
  const at = new Date(THEN + 1).toISOString();
  const room = {
    kind: "room",
    name: "#tea",
    since: at,
    at,
    topic: null,
    modes: "m",
    key: null,
    limit: null,
    masks: [],
  };
  const text = (head: object) => [head, room, { kind: "end" }].map((line) => `${JSON.stringify(line)}\n`).join("");
  await store.import(text({ tincan: 1, messages: 0 }));
  assertEquals([rolesOf(store.history, "#tea"), store.history.rooms()[0]!.switches], [["alice owner"], ["m"]]);
});

Deno.test("import: wrong roles are rejected", async () => {
  const at = new Date(THEN).toISOString();
  const right = { account: "alice", role: "owner", since: at, by: "*" };
  const wrong: [unknown, RegExp][] = [
    [{}, /"roles" must be a list of up to 100 objects$/],
    [Array(101).fill(right), /"roles" must be a list of up to 100 objects$/],
    [[{ ...right, role: "king" }], /"roles\[0\]\.role" must be one of owner, op, voice, member$/],
    [[{ ...right, account: "a b" }], /"roles\[0\]\.account" must be a nick$/],
    [[{ ...right, by: "" }], /"roles\[0\]\.by" must be a nick, or \*$/],
    [[{ ...right, more: 1 }], /"roles\[0\]\.more" does not belong there$/],
    [[right, { ...right, account: "ALICE" }], /"roles" contains one account twice$/],
  ];
  for (const [roles, reason] of wrong) {
    await using store = await Store.make();
    const room = {
      kind: "room",
      name: "#tea",
      since: at,
      at,
      topic: null,
      modes: "",
      key: null,
      limit: null,
      masks: [],
    };
    const text = [{ tincan: 2, messages: 0 }, { ...room, roles }, { kind: "end" }];
    try {
      await store.import(text.map((line) => `${JSON.stringify(line)}\n`).join(""));
      assert(false, `${reason}`);
    } catch (error) {
      assert(error instanceof FormatError && reason.test(error.message), `${error}`);
    }
  }
});

Deno.test("forget: the roles of the user go, the longest-serving operator owns the room, and no name is left", async () => {
  await using store = await Store.make();
  store.rooms(
    {
      name: "#tea",
      roles: [role("Xavier", "owner", THEN), role("bob", "op", THEN + 2, "xavier"), role("carol", "op", THEN + 1)],
      masks: [{ list: "b", mask: "*!*@host", by: "*", at: THEN, nick: "xavier" }],
    },
    { name: "#two", roles: [role("xavier", "owner", THEN), role("carol", "owner", THEN), role("bob", "op", THEN)] },
    { name: "#alone", roles: [role("xavier", "owner", THEN), role("dave", "member", THEN)] },
  );
  erase(store.file, "XAVIER");
  const history = new SqliteHistory(store.file);
  assertEquals(rolesOf(history, "#tea"), ["carol owner", "bob op"]);
  assertEquals(rolesOf(history, "#two").sort(), ["bob op", "carol owner"]);
  assertEquals(rolesOf(history, "#alone"), ["dave member"]);
  assertEquals(store.number("SELECT count(*) FROM role WHERE lower(account || by) LIKE '%xavier%'"), 0);
  assertEquals(history.rooms()[0]!.masks[0]!.nick, undefined);
});

Deno.test("roles: they are not written again with every change of the room, and are after a rollback", async () => {
  using place = new Place();
  const history = await place.open();
  const roles = new Roles([role("alice", "owner", NOON), role("bob", "op", NOON + 1)]);
  const save = (topic: string) => {
    history.saveRoom({ ...PLAIN_ROOM, name: "#room", roles: roles.list, topic: { text: topic, by: "*", at: NOON } });
    history.commit();
  };
  place.database.db.exec(`CREATE TEMP TABLE written (n);
    CREATE TEMP TRIGGER count AFTER INSERT ON role BEGIN INSERT INTO written VALUES (1); END`);
  const written = () => place.number("SELECT count(*) FROM written");
  save("1");
  save("2");
  assertEquals([written(), rolesOf(history, "#room")], [2, ["alice owner", "bob op"]]);
  roles.give(role("carol", "member", NOON + 2));
  place.database.db.exec("CREATE TEMP TRIGGER fail AFTER INSERT ON role BEGIN SELECT raise(ABORT, 'no'); END");
  assertThrows(() => save("3"), StoreError);
  place.database.db.exec("DROP TRIGGER fail");
  save("4");
  assertEquals([written(), rolesOf(history, "#room").length], [5, 3]);
  roles.take("alice", NOON + 3);
  save("5");
  assertEquals(rolesOf(history, "#room"), ["carol member", "bob owner"]);
});

Deno.test("roles: two rooms that are saved with the same list both have it", async () => {
  using place = new Place();
  const history = await place.open();
  history.saveRoom({ ...PLAIN_ROOM, name: "#two", roles: [role("bob", "owner", NOON)] });
  history.commit();
  const roles = [role("alice", "owner", NOON)];
  for (const name of ["#one", "#two"]) history.saveRoom({ ...PLAIN_ROOM, name, roles });
  history.commit();
  assertEquals([rolesOf(history, "#one"), rolesOf(history, "#two")], [["alice owner"], ["alice owner"]]);
});
