import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { AuthError, AuthService, REGISTRATIONS_MAX } from "../../src/accounts/auth.ts";
import { FAILURES_BURST, LOGGED_MAX } from "../../src/accounts/login_throttle.ts";
import {
  choose,
  DERIVATIONS_QUEUED_MAX,
  derive,
  hashPassword,
  inTurn,
  PASSWORD_MAX,
  PASSWORD_MIN,
} from "../../src/accounts/password.ts";
import { Operators } from "../../src/moderation/operators.ts";
import { CALLER, Office, scramLast } from "./helpers.ts";

const OTHER = { address: "198.51.100.1", peer: "198.51.100.1:6", nick: "bob" };
const yes = () => true;

/** Asserts that something is denied, and why. */
async function denied(code: string, what: () => Promise<unknown>, subject?: string): Promise<void> {
  const denial = await assertRejects(what, AuthError);
  assertEquals(denial.code, code);
  if (subject !== undefined) assertEquals(denial.subject, subject);
}

Deno.test("the password that everybody needs lets in, however it was typed, and no other does", async () => {
  await using office = await Office.open({ password: "caf\u00e9 noir" });
  const { auth } = office;
  assert(auth.passwordRequired);
  await auth.checkServerPassword(CALLER, "cafe\u0301\u00a0noir");
  for (const wrong of ["", "cafe noir", "a\0"]) {
    await denied("wrong-password", () => auth.checkServerPassword(OTHER, wrong));
  }
  assert(!new AuthService().passwordRequired);
});

Deno.test("who registers, logs in, gives another password and gives the name up is on record, without a password", async () => {
  await using office = await Office.open();
  const { auth, log } = office;
  await auth.register(CALLER, "alice", "open sesame", yes);
  assertEquals((await auth.login({ ...CALLER, nick: "guest1" }, "ALICE", "open sesame", "login")).name, "alice");
  await auth.change(CALLER, "alice", "close sesame");
  await denied("wrong-password", () => auth.login(OTHER, "alice", "open sesame", "SASL PLAIN"));
  await denied("wrong-password", () => auth.login(OTHER, "sesame", "sesame", "login")); // a password in place of a name
  await denied("wrong-password", () => auth.drop(OTHER, "alice", "open sesame", () => {}));
  await auth.drop(CALLER, "alice", "close sesame", () => {});
  assertEquals(auth.find("alice"), undefined);
  assertEquals(log, [
    "info registered peer=192.0.2.1:5 account=alice",
    "info logged in peer=192.0.2.1:5 nick=guest1 account=alice by=login",
    "info password changed peer=192.0.2.1:5 account=alice",
    "warn password refused peer=198.51.100.1:6 nick=bob account=alice by=SASL PLAIN reason=wrong password",
    "warn password refused peer=198.51.100.1:6 nick=bob by=login reason=no such name",
    "warn password refused peer=198.51.100.1:6 nick=bob account=alice by=drop reason=wrong password",
    "info dropped peer=192.0.2.1:5 account=alice",
  ]);
  assert(!log.join().includes("sesame"));
});

Deno.test("a flood of wrong passwords is told to wait, has a few lines in the log, and holds up nobody else", async () => {
  await using office = await Office.open();
  const { auth, log, clock } = office;
  await auth.register(CALLER, "alice", "open sesame", yes);
  log.length = 0;
  const codes = new Set<string>();
  const most = FAILURES_BURST + 10;
  for (let i = 0; i < most; i++) {
    codes.add((await assertRejects(() => auth.login(OTHER, "alice", `guess ${i}`, "login"), AuthError)).code);
    assertEquals((await auth.login(CALLER, "alice", "open sesame", "login")).name, "alice");
  }
  assertEquals([...codes], ["wrong-password", "wait"]);
  await denied("wait", () => auth.login(OTHER, "alice", "open sesame", "login"));
  assertEquals(log.filter((line) => line.startsWith("warn")).length, LOGGED_MAX);
  clock.time += 60_000;
  await denied("wrong-password", () => auth.login(OTHER, "alice", "x", "login"));
  assertEquals(log.at(-1)?.split(" ").at(-1), `unlogged=${most + 1 - LOGGED_MAX}`);
});

Deno.test("what can be no password, or nobody's name, is denied before anything is derived", async () => {
  let derived = 0;
  const counting = (): Promise<Uint8Array> => {
    derived++;
    return Promise.resolve(new Uint8Array(32));
  };
  await using office = await Office.open({ derive: counting });
  const { auth } = office;
  const register = (name: string, password: string) => () => auth.register(CALLER, name, password, yes);
  await denied("password-short", register("alice", "x".repeat(PASSWORD_MIN - 1)), "8");
  await denied("password-short", register("alice", ""));
  await denied("password-short", register("alice", "\u00ad".repeat(20) + "x"));
  await denied("password-long", register("alice", "x".repeat(PASSWORD_MAX + 1)), "200");
  await denied("password-impossible", register("alice", "longer\x07than that"));
  for (const edge of [" open sesame", "open sesame\u00a0"]) {
    await denied("password-impossible", register("alice", edge));
  }
  await denied("name-impossible", register("guest12", "open sesame"));
  await denied("name-impossible", register("GUEST1", "open sesame"));
  await denied("name-impossible", register("#tea", "open sesame"));
  assertEquals([derived, auth.size], [0, 0]);
  await auth.register(CALLER, "alice", "x".repeat(PASSWORD_MAX), yes);
  await denied("name-owned", register("ALICE", "open sesame"));
  await denied("password-short", () => auth.change(CALLER, "alice", "short"));
  await denied("not-logged-in", () => auth.change(CALLER, undefined, "long enough"));
  await denied("not-logged-in", () => auth.drop(CALLER, undefined, "long enough", () => {}));
  await auth.register(CALLER, "guests", "\u{1f600}".repeat(PASSWORD_MIN), yes);
});

Deno.test("a name that looks like an owned one can be nobody's own, and is to be had once that is given up", async () => {
  await using office = await Office.open();
  const { auth, accounts } = office;
  await auth.register(CALLER, "Alice", "open sesame", yes);
  for (const like of ["a1ice", "AIice", "a|ice"]) {
    await denied("name-confusable", () => auth.register(OTHER, like, "open sesame", yes), like);
  }
  await auth.drop(CALLER, "alice", "open sesame", () => {});
  await auth.register(OTHER, "a1ice", "open sesame", yes);
  assertEquals(accounts.ownedLike("allce"), "a1ice");
  await denied("name-confusable", () => auth.register(CALLER, "alice", "open sesame", yes));
});

Deno.test("one network has so many registrations and new passwords an hour; others have their own", async () => {
  await using office = await Office.open();
  const { auth, clock, log } = office;
  for (let i = 1; i < REGISTRATIONS_MAX; i++) await auth.register(CALLER, `name${i}`, "open sesame", yes);
  await auth.change(CALLER, "name1", "close sesame");
  await denied("too-many", () => auth.register(CALLER, "another", "open sesame", yes));
  await denied("too-many", () => auth.change(CALLER, "name1", "another one"));
  assertEquals([...auth.denied], [["too-many", 2]]);
  assertEquals(log.slice(-2), Array(2).fill("warn denied peer=192.0.2.1:5 reason=too-many"));
  for (let i = 2; i < 50; i++) await denied("too-many", () => auth.register(CALLER, "open", "open sesame", yes));
  assertEquals(auth.denied.get("too-many"), 50);
  assertEquals(log.filter((line) => line.startsWith("warn")).length, LOGGED_MAX);
  assert(!log.join().includes("open"), "neither a password nor a name that may be one");
  await auth.register(OTHER, "another", "open sesame", yes);
  clock.time += 3600_000;
  await auth.register(CALLER, "more", "open sesame", yes);
});

Deno.test("accounts that are full, a name that is gone by then, a file that cannot be written to", async () => {
  await using office = await Office.open({ most: 1 });
  const { auth, log } = office;
  await denied("name-gone", () => auth.register(CALLER, "alice", "open sesame", () => false));
  office.file.db.exec("PRAGMA query_only = ON");
  await denied("not-kept", () => auth.register(CALLER, "alice", "open sesame", yes));
  office.file.db.exec("PRAGMA query_only = OFF");
  await auth.register(CALLER, "alice", "open sesame", yes);
  await denied("accounts-full", () => auth.register(OTHER, "another", "open sesame", yes));
  office.file.db.exec("PRAGMA query_only = ON");
  await denied("not-kept", () => auth.drop(CALLER, "alice", "open sesame", () => {}));
  assertEquals(auth.find("alice")?.name, "alice");
  assertEquals([...auth.denied], [["not-kept", 2], ["accounts-full", 1]]);
  assertEquals(log.filter((line) => line.startsWith("warn")), [
    "warn denied peer=192.0.2.1:5 reason=not-kept",
    "warn denied peer=198.51.100.1:6 nick=bob reason=accounts-full",
    "warn denied peer=192.0.2.1:5 reason=not-kept",
  ]);
});

Deno.test("an account that another one was faster with is denied, counted and on record like any that is too many", async () => {
  await using office = await Office.open({ most: 1 });
  const { auth, log } = office;
  const first = auth.register(CALLER, "alice", "open sesame", yes);
  await denied("accounts-full", () => auth.register(OTHER, "another", "open sesame", yes));
  await first;
  assertEquals([...auth.denied], [["accounts-full", 1]]);
  assertEquals(log, [
    "info registered peer=192.0.2.1:5 account=alice",
    "warn denied peer=198.51.100.1:6 nick=bob reason=accounts-full",
  ]);
});

Deno.test("a name is given up only when what belongs to it could be forgotten", async () => {
  await using office = await Office.open();
  const { auth } = office;
  await auth.register(CALLER, "alice", "open sesame", yes);
  const fail = () => {
    throw new Error("unreadable");
  };
  await assertRejects(() => auth.drop(CALLER, "alice", "open sesame", fail), Error, "unreadable");
  assertEquals(auth.find("alice")?.name, "alice");
});

Deno.test("SCRAM: who has shown it is who they are, and a wrong proof counts as a wrong password", async () => {
  await using office = await Office.open();
  const { auth, throttle, log } = office;
  await auth.register(CALLER, "alice", "open sesame", yes);
  const attempt = (name: string, password: string) => {
    const scram = auth.scram(CALLER);
    const first = `n,,n=${name},r=x`;
    const said = scramLast(first, scram.first(first).replace("i=600000", "i=1"), password);
    return { said, over: scram.last(said.last) };
  };
  const { said, over } = attempt("ALICE", "open sesame");
  assertEquals(await over, { answer: said.answer, account: auth.find("alice")! });
  await denied("wrong-password", () => attempt("alice", "wrong").over);
  await denied("wrong-password", () => attempt("nobody", "open sesame").over);
  assertEquals(throttle.counts, { right: 1, wrong: 2, delayed: 0 });
  assertEquals(log.slice(1), [
    "info logged in peer=192.0.2.1:5 account=alice by=SCRAM-SHA-256",
    "warn password refused peer=192.0.2.1:5 account=alice by=SCRAM-SHA-256 reason=wrong password",
    "warn password refused peer=192.0.2.1:5 by=SCRAM-SHA-256 reason=no such name",
  ]);
  assertThrows(() => auth.scram(CALLER).first("nonsense"), AuthError);
});

Deno.test("SCRAM: it is the password of the end that counts, and the owner of the end", async () => {
  await using office = await Office.open();
  const { auth } = office;
  const begin = () => {
    const scram = auth.scram(OTHER);
    const first = "n,,n=alice,r=x";
    const { last } = scramLast(first, scram.first(first).replace("i=600000", "i=1"), "open sesame");
    return () => scram.last(last);
  };
  await auth.register(CALLER, "alice", "open sesame", yes);
  const finish = begin();
  await auth.change(CALLER, "alice", "close sesame");
  await denied("wrong-password", finish);
  await auth.change(CALLER, "alice", "open sesame");
  const takeOver = begin();
  await auth.drop(CALLER, "alice", "open sesame", () => {});
  await auth.register(OTHER, "alice", "open sesame", yes); // by chance the same
  await denied("wrong-password", takeOver);
  assertEquals((await begin()()).account, auth.find("alice"));
});

Deno.test("the password of an operator is the same however it was typed", async () => {
  const operators = Operators.read(`root ${await hashPassword(choose("cafe\u0301 noir"))}`);
  await using office = await Office.open({ operators });
  for (const typed of ["caf\u00e9 noir", "cafe\u0301\u00a0noir"]) await office.auth.operator(CALLER, "root", typed);
  await denied("wrong-password", () => office.auth.operator(CALLER, "root", "cafe noir"));
});

Deno.test("operators are asked for at the same desk", async () => {
  await using office = await Office.open({ operators: Operators.read(`root ${await hashPassword("open sesame")}`) });
  await office.auth.operator(CALLER, "root", "open sesame");
  await denied("wrong-password", () => office.auth.operator(CALLER, "root", "wrong"));
  await denied("wrong-password", () => office.auth.operator(CALLER, "sesame", "sesame"));
  assertEquals(office.throttle.counts, { right: 1, wrong: 2, delayed: 0 });
  assertEquals(office.log, [
    "warn password refused peer=192.0.2.1:5 account=root by=OPER reason=wrong password",
    "warn password refused peer=192.0.2.1:5 by=OPER reason=no such name",
  ]);
});

Deno.test("where names cannot be owned, all that is about them is denied", async () => {
  const auth = new AuthService();
  assertEquals([auth.accountsEnabled, auth.size, auth.find("alice")], [false, 0, undefined]);
  await denied("no-accounts", () => auth.register(CALLER, "alice", "open sesame", yes));
  await denied("no-accounts", () => auth.login(CALLER, "alice", "open sesame", "login"));
  await denied("no-accounts", () => auth.change(CALLER, "alice", "open sesame"));
  await denied("no-accounts", () => auth.drop(CALLER, "alice", "open sesame", () => {}));
  assertThrows(() => auth.scram(CALLER), AuthError);
});

Deno.test("when too many passwords are being looked at, more are told so, and none of them was wrong", async () => {
  await using office = await Office.open({ derive });
  const gate = Promise.withResolvers<void>();
  const held = Array.from({ length: DERIVATIONS_QUEUED_MAX }, () => inTurn(() => gate.promise));
  await denied("busy", () => office.auth.login(CALLER, "alice", "open sesame", "login"));
  await denied("busy", () => office.auth.register(OTHER, "alice", "open sesame", yes));
  assertEquals(office.throttle.counts, { right: 0, wrong: 0, delayed: 0 });
  assertEquals([...office.auth.denied], [["busy", 2]]);
  assertEquals(office.log, [
    "warn denied peer=192.0.2.1:5 reason=busy",
    "warn denied peer=198.51.100.1:6 nick=bob reason=busy",
  ]);
  gate.resolve();
  await Promise.all(held);
});
