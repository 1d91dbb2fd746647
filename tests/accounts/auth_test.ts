import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { AuthError, AuthService, REGISTRATIONS_MAX } from "../../src/accounts/auth.ts";
import { CONCURRENT_MAX, FAILURES_BURST } from "../../src/accounts/login_throttle.ts";
import {
  choose,
  DERIVATIONS_QUEUED_MAX,
  derive,
  hashPassword,
  PASSWORD_MAX,
  PASSWORD_MIN,
  queueDerivation,
} from "../../src/accounts/password.ts";
import { Operators } from "../../src/moderation/operators.ts";
import { LINES_PER_MINUTE } from "../../src/monitoring/log_limiter.ts";
import { AuthFixture, CALLER, cheap, exhaust, scramLast } from "./helpers.ts";

const OTHER = { address: "198.51.100.1", peer: "198.51.100.1:6", nick: "bob" };
const yes = () => true;

/** Asserts that a request is rejected with a code. */
async function assertRejected(code: string, request: () => Promise<unknown>, subject?: string): Promise<void> {
  const error = await assertRejects(request, AuthError);
  assertEquals(error.code, code);
  if (subject !== undefined) assertEquals(error.subject, subject);
}

Deno.test("auth: the server password is accepted however it was typed, and any other is rejected", async () => {
  await using fixture = await AuthFixture.open({ password: "caf\u00e9 noir" });
  const { auth } = fixture;
  assert(auth.passwordRequired);
  await auth.checkServerPassword(CALLER, "cafe\u0301\u00a0noir");
  for (const wrong of ["", "cafe noir", "a\0"]) {
    await assertRejected("wrong-password", () => auth.checkServerPassword(OTHER, wrong));
  }
  assert(!new AuthService().passwordRequired);
});

Deno.test("auth: registrations, logins, password changes and drops are logged without passwords", async () => {
  await using fixture = await AuthFixture.open();
  const { auth, log } = fixture;
  await auth.register(CALLER, "alice", "open sesame", yes);
  assertEquals((await auth.login({ ...CALLER, nick: "guest1" }, "ALICE", "open sesame", "login")).name, "alice");
  await auth.changePassword(CALLER, "alice", "close sesame");
  await assertRejected("wrong-password", () => auth.login(OTHER, "alice", "open sesame", "SASL PLAIN"));
  await assertRejected("wrong-password", () => auth.login(OTHER, "sesame", "sesame", "login")); // a password instead of a name
  await assertRejected("wrong-password", () => auth.drop(OTHER, "alice", "open sesame", () => {}));
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

Deno.test("auth: a network with too many wrong passwords has to wait and has few log lines, and others can log in", async () => {
  await using fixture = await AuthFixture.open();
  const { auth, log, clock } = fixture;
  await auth.register(CALLER, "alice", "open sesame", yes);
  log.length = 0;
  const codes = new Set<string>();
  const most = FAILURES_BURST + 10;
  for (let i = 0; i < most; i++) {
    codes.add((await assertRejects(() => auth.login(OTHER, "alice", `guess ${i}`, "login"), AuthError)).code);
    assertEquals((await auth.login(CALLER, "alice", "open sesame", "login")).name, "alice");
  }
  assertEquals([...codes], ["wrong-password", "wait"]);
  await assertRejected("wait", () => auth.login(OTHER, "alice", "open sesame", "login"));
  assertEquals(log.filter((line) => line.startsWith("warn")).length, LINES_PER_MINUTE);
  clock.time += 60_000;
  await assertRejected("wrong-password", () => auth.login(OTHER, "alice", "x", "login"));
  assertEquals(log.at(-1)?.split(" ").at(-1), `unlogged=${most + 1 - LINES_PER_MINUTE}`);
});

Deno.test("auth: an owner can log in where they registered after others there have failed too often", async () => {
  await using fixture = await AuthFixture.open();
  const { auth, throttle } = fixture;
  await auth.register(CALLER, "alice", "open sesame", yes);
  await exhaust(throttle, CALLER.address);
  assertEquals((await auth.login(CALLER, "alice", "open sesame", "login")).name, "alice");
});

Deno.test("auth: registrations and password changes wait in the queue of logins", async () => {
  let derived = 0;
  await using fixture = await AuthFixture.open({
    derive: (password, salt) => {
      derived++;
      return cheap(password, salt);
    },
  });
  const { auth, throttle } = fixture;
  await auth.register(CALLER, "alice", "open sesame", yes);
  derived = 0;
  const blocked = Promise.withResolvers<boolean>();
  const running = Array.from({ length: CONCURRENT_MAX }, () => throttle.try("198.51.100.1", () => blocked.promise));
  const waiting = [
    auth.register(OTHER, "bob", "open sesame", yes),
    auth.changePassword(CALLER, "alice", "close sesame"),
  ];
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(derived, 0);
  blocked.resolve(true);
  await Promise.all([...running, ...waiting]);
  assertEquals(derived, 2);
});

Deno.test("auth: invalid passwords and nicknames are rejected before a key is derived", async () => {
  let derived = 0;
  const counting = (): Promise<Uint8Array> => {
    derived++;
    return Promise.resolve(new Uint8Array(32));
  };
  await using fixture = await AuthFixture.open({ derive: counting });
  const { auth } = fixture;
  const register = (name: string, password: string) => () => auth.register(CALLER, name, password, yes);
  await assertRejected("password-short", register("alice", "x".repeat(PASSWORD_MIN - 1)), "8");
  await assertRejected("password-short", register("alice", ""));
  await assertRejected("password-short", register("alice", "\u00ad".repeat(20) + "x"));
  await assertRejected("password-long", register("alice", "x".repeat(PASSWORD_MAX + 1)), "200");
  await assertRejected("password-impossible", register("alice", "longer\x07than that"));
  for (const edge of [" open sesame", "open sesame\u00a0"]) {
    await assertRejected("password-impossible", register("alice", edge));
  }
  await assertRejected("name-impossible", register("guest12", "open sesame"));
  await assertRejected("name-impossible", register("GUEST1", "open sesame"));
  await assertRejected("name-impossible", register("#tea", "open sesame"));
  assertEquals([derived, auth.size], [0, 0]);
  await auth.register(CALLER, "alice", "x".repeat(PASSWORD_MAX), yes);
  await assertRejected("name-owned", register("ALICE", "open sesame"));
  await assertRejected("password-short", () => auth.changePassword(CALLER, "alice", "short"));
  await assertRejected("not-logged-in", () => auth.changePassword(CALLER, undefined, "long enough"));
  await assertRejected("not-logged-in", () => auth.drop(CALLER, undefined, "long enough", () => {}));
  await auth.register(CALLER, "guests", "\u{1f600}".repeat(PASSWORD_MIN), yes);
});

Deno.test("auth: a nickname confusable with an account is rejected until that account is dropped", async () => {
  await using fixture = await AuthFixture.open();
  const { auth, accounts } = fixture;
  await auth.register(CALLER, "Alice", "open sesame", yes);
  for (const like of ["a1ice", "AIice", "a|ice"]) {
    await assertRejected("name-confusable", () => auth.register(OTHER, like, "open sesame", yes), like);
  }
  await auth.drop(CALLER, "alice", "open sesame", () => {});
  await auth.register(OTHER, "a1ice", "open sesame", yes);
  assertEquals(accounts.findConfusable("allce"), "a1ice");
  await assertRejected("name-confusable", () => auth.register(CALLER, "alice", "open sesame", yes));
});

Deno.test("auth: registrations and new passwords are limited per hour and network", async () => {
  await using fixture = await AuthFixture.open();
  const { auth, clock, log } = fixture;
  for (let i = 1; i < REGISTRATIONS_MAX; i++) await auth.register(CALLER, `name${i}`, "open sesame", yes);
  await auth.changePassword(CALLER, "name1", "close sesame");
  await assertRejected("too-many", () => auth.register(CALLER, "another", "open sesame", yes));
  await assertRejected("too-many", () => auth.changePassword(CALLER, "name1", "another one"));
  assertEquals([...auth.rejected], [["too-many", 2]]);
  assertEquals(log.slice(-2), Array(2).fill("warn denied peer=192.0.2.1:5 reason=too-many"));
  for (let i = 2; i < 50; i++) {
    await assertRejected("too-many", () => auth.register(CALLER, "open", "open sesame", yes));
  }
  assertEquals(auth.rejected.get("too-many"), 50);
  assertEquals(log.filter((line) => line.startsWith("warn")).length, LINES_PER_MINUTE);
  assert(!log.join().includes("open"), "the log has neither a password nor a name that may be one");
  await auth.register(OTHER, "another", "open sesame", yes);
  clock.time += 3600_000;
  await auth.register(CALLER, "more", "open sesame", yes);
});

Deno.test("auth: a full store, a lost nickname and a failed write each have a code, and the first and last are logged", async () => {
  await using fixture = await AuthFixture.open({ max: 1 });
  const { auth, log } = fixture;
  await assertRejected("name-gone", () => auth.register(CALLER, "alice", "open sesame", () => false));
  fixture.file.db.exec("PRAGMA query_only = ON");
  await assertRejected("not-kept", () => auth.register(CALLER, "alice", "open sesame", yes));
  fixture.file.db.exec("PRAGMA query_only = OFF");
  await auth.register(CALLER, "alice", "open sesame", yes);
  await assertRejected("accounts-full", () => auth.register(OTHER, "another", "open sesame", yes));
  fixture.file.db.exec("PRAGMA query_only = ON");
  await assertRejected("not-kept", () => auth.drop(CALLER, "alice", "open sesame", () => {}));
  assertEquals(auth.find("alice")?.name, "alice");
  assertEquals([...auth.rejected], [["not-kept", 2], ["accounts-full", 1]]);
  assertEquals(log.filter((line) => line.startsWith("warn")), [
    "warn denied peer=192.0.2.1:5 reason=not-kept",
    "warn denied peer=198.51.100.1:6 nick=bob reason=accounts-full",
    "warn denied peer=192.0.2.1:5 reason=not-kept",
  ]);
});

Deno.test("auth: the last account goes to the first of two registrations, and the other is rejected, counted and logged", async () => {
  await using fixture = await AuthFixture.open({ max: 1 });
  const { auth, log } = fixture;
  const first = auth.register(CALLER, "alice", "open sesame", yes);
  await assertRejected("accounts-full", () => auth.register(OTHER, "another", "open sesame", yes));
  await first;
  assertEquals([...auth.rejected], [["accounts-full", 1]]);
  assertEquals(log, [
    "info registered peer=192.0.2.1:5 account=alice",
    "warn denied peer=198.51.100.1:6 nick=bob reason=accounts-full",
  ]);
});

Deno.test("auth: an account is not dropped when its data cannot be deleted", async () => {
  await using fixture = await AuthFixture.open();
  const { auth } = fixture;
  await auth.register(CALLER, "alice", "open sesame", yes);
  const fail = () => {
    throw new Error("unreadable");
  };
  await assertRejects(() => auth.drop(CALLER, "alice", "open sesame", fail), Error, "unreadable");
  assertEquals(auth.find("alice")?.name, "alice");
});

Deno.test("auth: SCRAM logs in with a valid proof, and a wrong proof counts as a wrong password", async () => {
  await using fixture = await AuthFixture.open();
  const { auth, throttle, log } = fixture;
  await auth.register(CALLER, "alice", "open sesame", yes);
  const attempt = (name: string, password: string) => {
    const scram = auth.scram(CALLER);
    const first = `n,,n=${name},r=x`;
    const said = scramLast(first, scram.first(first).replace("i=600000", "i=1"), password);
    return { said, over: scram.last(said.last) };
  };
  const { said, over } = attempt("ALICE", "open sesame");
  assertEquals(await over, { answer: said.answer, login: { name: "alice", account: auth.find("alice")! } });
  await assertRejected("wrong-password", () => attempt("alice", "wrong").over);
  await assertRejected("wrong-password", () => attempt("unknown", "open sesame").over);
  assertEquals(throttle.counts, { right: 1, wrong: 2, delayed: 0 });
  assertEquals(log.slice(1), [
    "info logged in peer=192.0.2.1:5 account=alice by=SCRAM-SHA-256",
    "warn password refused peer=192.0.2.1:5 account=alice by=SCRAM-SHA-256 reason=wrong password",
    "warn password refused peer=192.0.2.1:5 by=SCRAM-SHA-256 reason=no such name",
  ]);
  assertThrows(() => auth.scram(CALLER).first("nonsense"), AuthError);
});

Deno.test("auth: SCRAM fails when the password or the owner changes during the exchange", async () => {
  await using fixture = await AuthFixture.open();
  const { auth } = fixture;
  const begin = () => {
    const scram = auth.scram(OTHER);
    const first = "n,,n=alice,r=x";
    const { last } = scramLast(first, scram.first(first).replace("i=600000", "i=1"), "open sesame");
    return () => scram.last(last);
  };
  await auth.register(CALLER, "alice", "open sesame", yes);
  const finish = begin();
  await auth.changePassword(CALLER, "alice", "close sesame");
  await assertRejected("wrong-password", finish);
  await auth.changePassword(CALLER, "alice", "open sesame");
  const takeOver = begin();
  await auth.drop(CALLER, "alice", "open sesame", () => {});
  await auth.register(OTHER, "alice", "open sesame", yes); // with the same password
  await assertRejected("wrong-password", takeOver);
  assertEquals((await begin()()).login.account, auth.find("alice"));
});

Deno.test("auth: an operator password is accepted however it was typed", async () => {
  const operators = Operators.read(`root ${await hashPassword(choose("cafe\u0301 noir"))}`);
  await using fixture = await AuthFixture.open({ operators });
  for (const typed of ["caf\u00e9 noir", "cafe\u0301\u00a0noir"]) {
    await fixture.auth.verifyOperator(CALLER, "root", typed);
  }
  await assertRejected("wrong-password", () => fixture.auth.verifyOperator(CALLER, "root", "cafe noir"));
});

Deno.test("auth: operator logins are throttled and logged like account logins", async () => {
  await using fixture = await AuthFixture.open({
    operators: Operators.read(`root ${await hashPassword("open sesame")}`),
  });
  await fixture.auth.verifyOperator(CALLER, "root", "open sesame");
  await assertRejected("wrong-password", () => fixture.auth.verifyOperator(CALLER, "root", "wrong"));
  await assertRejected("wrong-password", () => fixture.auth.verifyOperator(CALLER, "sesame", "sesame"));
  assertEquals(fixture.throttle.counts, { right: 1, wrong: 2, delayed: 0 });
  assertEquals(fixture.log, [
    "warn password refused peer=192.0.2.1:5 account=root by=OPER reason=wrong password",
    "warn password refused peer=192.0.2.1:5 by=OPER reason=no such name",
  ]);
});

Deno.test("auth: all account requests are rejected when there are no accounts", async () => {
  const auth = new AuthService();
  assertEquals([auth.accountsEnabled, auth.size, auth.find("alice")], [false, 0, undefined]);
  await assertRejected("no-accounts", () => auth.register(CALLER, "alice", "open sesame", yes));
  await assertRejected("no-accounts", () => auth.login(CALLER, "alice", "open sesame", "login"));
  await assertRejected("no-accounts", () => auth.changePassword(CALLER, "alice", "open sesame"));
  await assertRejected("no-accounts", () => auth.drop(CALLER, "alice", "open sesame", () => {}));
  assertThrows(() => auth.scram(CALLER), AuthError);
});

Deno.test("auth: requests are rejected as busy, and not counted as wrong, when too many passwords are being checked", async () => {
  await using fixture = await AuthFixture.open({ derive });
  const blocked = Promise.withResolvers<void>();
  const held = Array.from({ length: DERIVATIONS_QUEUED_MAX }, () => queueDerivation(() => blocked.promise));
  await assertRejected("busy", () => fixture.auth.login(CALLER, "alice", "open sesame", "login"));
  await assertRejected("busy", () => fixture.auth.register(OTHER, "alice", "open sesame", yes));
  assertEquals(fixture.throttle.counts, { right: 0, wrong: 0, delayed: 0 });
  assertEquals([...fixture.auth.rejected], [["busy", 2]]);
  assertEquals(fixture.log, [
    "warn denied peer=192.0.2.1:5 reason=busy",
    "warn denied peer=198.51.100.1:6 nick=bob reason=busy",
  ]);
  blocked.resolve();
  await Promise.all(held);
});

Deno.test("auth: an account outside ASCII is found in any form of its name, and protected from names that look alike", async () => {
  await using fixture = await AuthFixture.open();
  const { auth } = fixture;
  await auth.register(CALLER, "Zoë", "open sesame", yes);
  for (const name of ["zoë", "ZOË", "Zoe\u0308"]) {
    assertEquals((await auth.login(CALLER, name, "open sesame", "login")).name, "Zoë", name);
  }
  await assertRejected("wrong-password", () => auth.login(OTHER, "Zoe", "open sesame", "login"));
  await assertRejected("name-owned", () => auth.register(OTHER, "ZOË", "open sesame", yes));
  await auth.register(CALLER, "\u0410\u0412\u0421", "open sesame", yes); // АВС
  await assertRejected("name-confusable", () => auth.register(OTHER, "Abc", "open sesame", yes));
  await assertRejected("name-impossible", () => auth.register(OTHER, "Zo\u0451", "open sesame", yes));
  await auth.drop(CALLER, "\u0430\u0432\u0441", "open sesame", () => {});
  await auth.register(OTHER, "Abc", "open sesame", yes);
});
