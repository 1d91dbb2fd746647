/** The directory on several nodes: the same commands give the same accounts, and of two that contradict each other one is done. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { AuthError } from "../../src/accounts/auth.ts";
import { CERTIFICATES_MAX } from "../../src/accounts/certificates.ts";
import { TOKENS_MAX, WORD_TIME } from "../../src/accounts/tokens.ts";
import { ChatError } from "../../src/chat/chat_error.ts";
import type { Command, CommandOf } from "../../src/chat/commands.ts";
import type { DirectoryOp } from "../../src/chat/directory_changes.ts";
import { type Json, SnapshotError } from "../../src/chat/snapshot_records.ts";
import { IGNORED_MAX } from "../../src/chat/ignore_lists.ts";
import { skeleton } from "../../src/chat/skeleton.ts";
import { StoreError } from "../../src/chat/store.ts";
import { fc } from "../dependencies.ts";
import { Node, START, TwoNodes } from "./directory_nodes.ts";
import { addToken, CALLER } from "./helpers.ts";

const PASSWORD = "open sesame";
const ORDERS = [0, 1] as const;
const FULL = { readOnly: false, room: undefined };

/** Credentials with a revision of their own. */
function credentials(n: number) {
  const bytes = btoa(String.fromCharCode(...Array(32).fill(n)));
  return { hash: `hash ${n}`, salt: bytes, iterations: n, stored: bytes, server: bytes };
}

function identity(account?: string) {
  return { user: "~u", host: "h", realname: "", account };
}

/** Registers an account with the credentials 1. Returns its revision. */
function add(node: Node, name: string): string {
  node.apply({ op: "account-add", name, credentials: credentials(1), member: undefined });
  return node.accounts.find(name)!.revision;
}

/** The code of the error of each rejected request, and `done` for each other one. */
function codes(settled: readonly PromiseSettledResult<unknown>[]): string[] {
  return settled.map((each) => {
    if (each.status === "fulfilled") return "done";
    assert(each.reason instanceof AuthError, String(each.reason));
    return each.reason.code;
  });
}

/** What is expected of two requests of which the one that is applied first succeeds. */
function firstDone(first: number, otherwise: string): string[] {
  return first === 0 ? ["done", otherwise] : [otherwise, "done"];
}

function assertSame({ nodes: [one, other] }: TwoNodes) {
  assertEquals(other.records(), one.records());
}

for (const first of ORDERS) {
  const order = `when that of node ${first + 1} comes first`;

  Deno.test(`directory: one of two registrations of a nickname on two nodes is done, ${order}`, async () => {
    using cluster = new TwoNodes();
    const register = (node: Node, i: number) => node.auth.register(CALLER, "alice", `password ${i}`, () => true);
    assertEquals(codes(await cluster.race(register, first)), firstDone(first, "name-gone"));
    assertSame(cluster);
    for (const { accounts } of cluster.nodes) {
      assertEquals(await accounts.verify("alice", `password ${first}`), true);
      assertEquals(await accounts.verify("alice", `password ${1 - first}`), false);
    }
  });

  Deno.test(`directory: of two nicknames that look alike one is registered, ${order}`, async () => {
    using cluster = new TwoNodes();
    const register = (node: Node, i: number) =>
      node.auth.register(CALLER, ["alice", "a1ice"][i]!, PASSWORD, () => true);
    assertEquals(codes(await cluster.race(register, first)), firstDone(first, "name-gone"));
    assertSame(cluster);
  });

  Deno.test(`directory: the last place for an account goes to one of two nodes, ${order}`, async () => {
    using cluster = new TwoNodes(1);
    const register = (node: Node, i: number) => node.auth.register(CALLER, ["bob", "carol"][i]!, PASSWORD, () => true);
    assertEquals(codes(await cluster.race(register, first)), firstDone(first, "accounts-full"));
    assertSame(cluster);
  });

  Deno.test(`directory: one of two new passwords on two nodes is set, ${order}`, async () => {
    using cluster = new TwoNodes();
    await cluster.run(({ auth }) => auth.register(CALLER, "alice", PASSWORD, () => true));
    const change = (node: Node, i: number) => node.auth.changePassword(CALLER, "alice", `password ${i}`);
    assertEquals(codes(await cluster.race(change, first)), firstDone(first, "not-logged-in"));
    assertSame(cluster);
    assertEquals(await cluster.nodes[0].accounts.verify("alice", `password ${first}`), true);
  });

  Deno.test(`directory: an account is not dropped with a password that changes meanwhile, ${order}`, async () => {
    using cluster = new TwoNodes();
    await cluster.run(({ auth }) => auth.register(CALLER, "alice", PASSWORD, () => true));
    const request = ({ auth }: Node, i: number) => {
      return i === 0
        ? auth.changePassword(CALLER, "alice", "another one")
        : auth.drop(CALLER, "alice", PASSWORD, () => {});
    };
    assertEquals(codes(await cluster.race(request, first)), firstDone(first, "not-logged-in"));
    assertSame(cluster);
    assertEquals(cluster.nodes.map(({ accounts }) => accounts.size), first === 0 ? [1, 1] : [0, 0]);
  });

  Deno.test(`directory: a one-time word logs in on one of two nodes, ${order}`, async () => {
    using cluster = new TwoNodes();
    await cluster.run(({ auth }) => auth.register(CALLER, "alice", PASSWORD, () => true));
    const word = await cluster.run(({ accounts }) => accounts.tokens.addWord("alice"));
    const login = ({ auth }: Node) => auth.login(CALLER, "alice", word!, "login");
    assertEquals(codes(await cluster.race(login, first)), firstDone(first, "wrong-password"));
    assertSame(cluster);
  });

  Deno.test(`directory: tokens of two nodes have numbers of their own, and the last place goes to one, ${order}`, async () => {
    using cluster = new TwoNodes();
    await cluster.run(({ auth }) => auth.register(CALLER, "alice", PASSWORD, () => true));
    const make = ({ auth }: Node, i: number) => auth.devices.add(CALLER, "alice", `of node ${i}`);
    const made = await cluster.race(make, first);
    assertEquals(codes(made), ["done", "done"]);
    const listed = cluster.nodes[0].accounts.tokens.list("alice");
    assertEquals(listed.map(({ id, name }) => [id, name]), [[1, `of node ${first}`], [2, `of node ${1 - first}`]]);
    for (const each of made) {
      if (each.status === "rejected") continue;
      const { token } = each.value;
      assertEquals(listed.find(({ id }) => id === token.id), token, "its author has it as it is stored");
    }
    while (cluster.nodes[0].accounts.tokens.list("alice").length < TOKENS_MAX - 1) {
      await cluster.run(({ accounts }) => addToken(accounts, "alice", "more", ""));
    }
    assertEquals(codes(await cluster.race(make, first)), firstDone(first, "tokens-full"));
    assertSame(cluster);
  });

  Deno.test(`directory: a certificate becomes that of one of two accounts, ${order}`, async () => {
    using cluster = new TwoNodes();
    for (const name of ["alice", "bob"]) {
      await cluster.run(({ auth }) => auth.register(CALLER, name, PASSWORD, () => true));
    }
    const certify = ({ auth }: Node, i: number) => {
      return auth.devices.addCertificate(CALLER, ["alice", "bob"][i]!, "ab".repeat(32));
    };
    assertEquals(codes(await cluster.race(certify, first)), firstDone(first, "certificate-taken"));
    assertSame(cluster);
  });

  Deno.test(`directory: no token or certificate is added to an account with another password by now, ${order}`, async () => {
    using cluster = new TwoNodes();
    await cluster.run(({ auth }) => auth.register(CALLER, "alice", PASSWORD, () => true));
    let n = 0;
    for (
      const request of [
        ({ auth }: Node) => auth.devices.add(CALLER, "alice", "bot"),
        ({ auth }: Node) => auth.devices.addCertificate(CALLER, "alice", "ab".repeat(32)),
        ({ auth }: Node) => auth.devices.addWord("alice"),
      ]
    ) {
      const password = `password ${n++}`;
      const either = (node: Node, i: number): Promise<unknown> => {
        return i === 0 ? node.auth.changePassword(CALLER, "alice", password) : request(node);
      };
      const rejected = n === 3 ? "no-such-account" : "not-logged-in";
      assertEquals(codes(await cluster.race(either, first)), first === 0 ? ["done", rejected] : ["done", "done"]);
      assertSame(cluster);
      const [, , , tokens, certificates] = cluster.nodes[0].records()[0] as unknown[];
      assertEquals([tokens, certificates], [[], []], "a new password revokes all");
    }
  });
}

Deno.test("directory: a login is rejected when the password or the owner has changed, or the token was revoked, since it was checked", () => {
  using node = new Node();
  const old = add(node, "alice");
  node.apply({ op: "connect", id: 1, nick: "a", identity: identity() });
  const login = (token: number | undefined, revision: string | undefined) => {
    const given = token === undefined ? undefined : { id: token, ...FULL };
    const results = [
      node.apply({ op: "login", session: 1, account: "alice", token: given, id: 9, shown: [], revision }),
      node.apply({ op: "connect", id: 2, nick: "b", identity: { ...identity("alice"), token: given }, revision }),
    ].map((result) => result instanceof ChatError ? result.code : "done");
    const { account } = [...node.hub.members][0]!;
    node.apply({ op: "disconnect", session: 2, reason: undefined, own: false });
    node.apply({ op: "logout", session: 1, id: 10 });
    return [...results, account];
  };
  const outdated = ["login-outdated", "login-outdated", undefined];
  const done = ["done", "done", "alice"];
  assertEquals(login(undefined, old), done);
  assertEquals(login(undefined, undefined), outdated);
  node.apply({
    op: "account-password",
    account: "alice",
    revision: old,
    credentials: credentials(2),
    keep: undefined,
  });
  const { revision } = node.accounts.find("alice")!;
  assertEquals([login(undefined, old), login(undefined, revision)], [outdated, done]);
  const token = { hash: btoa("a".repeat(32)), name: "bot", host: "", ...FULL };
  node.apply({ op: "token-add", account: "alice", revision, token });
  const ofToken = node.accounts.directory.revision("alice", 1);
  assertEquals([login(1, ofToken), login(1, revision), login(2, ofToken)], [done, outdated, outdated]);
  node.apply({ op: "token-remove", account: "alice", id: 1, revision: ofToken! });
  assertEquals(login(1, ofToken), outdated);
  node.apply({ op: "token-add", account: "alice", revision, token: { ...token, hash: btoa("b".repeat(32)) } });
  assertEquals(login(1, ofToken), outdated, "another token with the same number");
  node.apply({ op: "account-drop", account: "alice", revision });
  assertEquals(login(undefined, revision), outdated);
  assertEquals(
    node.apply({ op: "token", session: 1, account: "alice", token: { id: 1, ...FULL } }) instanceof ChatError,
    true,
  );
});

Deno.test("directory: a session does not count as logged in with a token that was revoked", () => {
  using node = new Node();
  const revision = add(node, "alice");
  node.apply({ op: "connect", id: 1, nick: "alice", identity: identity("alice"), revision });
  const token = { hash: btoa("a".repeat(32)), name: "bot", host: "", ...FULL };
  node.apply({ op: "token-add", account: "alice", revision, token });
  const set = () => {
    const result = node.apply({ op: "token", session: 1, account: "alice", token: { id: 1, ...FULL } });
    return result instanceof ChatError ? result.code : "done";
  };
  assertEquals(set(), "done");
  node.apply({ op: "token-remove", account: "alice", id: 1, revision: node.accounts.directory.revision("alice", 1)! });
  assertEquals(set(), "login-outdated");
});

Deno.test("directory: a token is not revoked, and its use not noted, in place of an earlier one with its number", () => {
  using node = new Node();
  const revision = add(node, "alice");
  const made = (letter: string) => {
    const token = { hash: btoa(letter.repeat(32)), name: letter, host: "", ...FULL };
    node.apply({ op: "token-add", account: "alice", revision, token });
    return node.accounts.directory.revision("alice", 1)!;
  };
  const earlier = made("a");
  node.apply({ op: "token-remove", account: "alice", id: 1, revision: earlier });
  const later = made("b");
  const before = node.records();
  node.apply({ op: "token-used", account: "alice", id: 1, revision: earlier, host: "elsewhere" }, START + 1);
  assertEquals(node.apply({ op: "token-remove", account: "alice", id: 1, revision: earlier }), false);
  assertEquals(node.records(), before);
  node.apply({ op: "token-used", account: "alice", id: 1, revision: later, host: "elsewhere" }, START + 1);
  const tokens = node.accounts.tokens.list("alice");
  assertEquals(tokens.map(({ host, used }) => [host, used]), [["elsewhere", START + 1]]);
});

Deno.test("directory: a nickname is registered for the member that has it, or for none while it is free", () => {
  using node = new Node();
  node.apply({ op: "connect", id: 1, nick: "alice", identity: identity() });
  node.apply({ op: "connect", id: 2, nick: "bob", identity: identity() });
  const register = (name: string, member: number | undefined) => {
    const result = node.apply({ op: "account-add", name, credentials: credentials(1), member });
    return typeof result === "string" ? result : "done";
  };
  assertEquals([register("alice", 2), register("alice", undefined), register("carol", 1)], ["lost", "lost", "lost"]);
  assertEquals(register("b0b", undefined), "lost", "it looks like the nickname of a member");
  assertEquals([register("Alice", 1), register("carol", undefined)], ["done", "done"]);
  const { revision } = node.accounts.find("carol")!;
  node.apply({ op: "login", session: 2, account: "carol", token: undefined, id: 9, shown: [], revision });
  assertEquals(register("bob", 2), "lost", "the member is logged in by now");
});

Deno.test("directory: the members of an account that is dropped are guests, and the next owner is none of them", () => {
  using node = new Node();
  const revision = add(node, "alice");
  node.apply({ op: "connect", id: 1, nick: "alice", identity: identity("alice"), revision });
  node.apply({
    op: "token-add",
    account: "alice",
    revision,
    token: { hash: btoa("a"), name: "x", host: "h", ...FULL },
  });
  const token = { id: 1, ...FULL };
  const ofToken = node.accounts.directory.revision("alice", 1);
  node.apply({ op: "connect", id: 2, nick: "x", identity: { ...identity("alice"), token }, revision: ofToken });
  const ofBob = add(node, "bob");
  node.apply({ op: "connect", id: 4, nick: "bob", identity: identity("bob"), revision: ofBob });
  const [alice, bob] = node.hub.members;
  node.apply({ op: "join", member: 1, session: 1, room: "#tea", key: undefined });
  node.apply({ op: "ignore", member: 1, name: "bob!*@h", on: true });
  node.apply({ op: "always-on", member: 1, choice: true });
  assertEquals(node.ignores.ignored("alice"), ["bob!*@h"]);
  assertEquals(node.apply({ op: "account-drop", account: "alice", revision: "another" }), false);
  assertEquals(alice!.account, "alice");
  assertEquals(node.apply({ op: "account-drop", account: "alice", revision }), true);
  assertEquals([alice!.account, alice!.nick, alice!.sessions.length, [...alice!.rooms.keys()]], [
    undefined,
    "alice",
    2,
    ["#tea"],
  ]);
  assertEquals([node.hub.ignores.list(alice!), node.hub.alwaysOn.status("alice").choice], [[], undefined]);
  assertEquals([alice!.sessions.map(({ token }) => token), bob!.account], [[undefined, undefined], "bob"]);
  node.apply({ op: "rename", member: 1, nick: "mallory" });
  const next = add(node, "alice");
  node.apply({ op: "connect", id: 3, nick: "alice", identity: identity("alice"), revision: next });
  const owner = node.hub.getByAccount("alice")!;
  assertEquals([owner.sessions.map(({ id }) => id), node.hub.ignores.list(owner)], [[3], []]);
});

Deno.test("directory: a user is added to the stored ignore list of an account as long as there is room, and never itself", () => {
  using node = new Node();
  const revision = add(node, "alice");
  node.apply({ op: "connect", id: 1, nick: "alice", identity: identity("alice"), revision });
  const ignore = (name: string) => {
    const result = node.apply({ op: "ignore", member: 1, name, on: true });
    return result instanceof ChatError ? result.code : "done";
  };
  assertEquals([ignore("Alice"), node.ignores.ignored("alice")], ["done", []]);
  const names = Array.from({ length: IGNORED_MAX }, (_, n) => `u${n}!*@h`);
  for (const name of names) assertEquals(ignore(name), "done");
  assertEquals([ignore("more!*@h"), ignore(names[0]!)], ["ignores-full", "done"]);
  assertEquals([node.ignores.ignored("alice"), node.hub.ignores.list([...node.hub.members][0]!)], [names, names]);
});

Deno.test("directory: the ignore list of a guest ends when it logs out, also after a login with a limited token", () => {
  using node = new Node();
  const revision = add(node, "alice");
  const limited = { hash: btoa("a"), name: "x", host: "h", readOnly: true, room: undefined };
  node.apply({ op: "token-add", account: "alice", revision, token: limited });
  node.apply({ op: "connect", id: 1, nick: "guest", identity: identity() });
  node.apply({ op: "ignore", member: 1, name: "dave!*@h", on: true });
  const token = { id: 1, readOnly: true, room: undefined };
  const ofToken = node.accounts.directory.revision("alice", 1);
  node.apply({ op: "login", session: 1, account: "alice", token, id: 9, shown: [], revision: ofToken });
  assertEquals(node.ignores.ignored("alice"), []);
  node.apply({ op: "logout", session: 1, id: 10 });
  assertEquals(node.hub.ignores.list([...node.hub.members][0]!), []);
});

Deno.test("directory: a one-time word is valid for an hour by the time of the commands", () => {
  using node = new Node();
  const revision = add(node, "alice");
  const use = (after: number) => {
    const hash = btoa("w".repeat(32));
    assertEquals(node.apply({ op: "word-add", account: "alice", revision, hash }, START), true);
    assertEquals(node.apply({ op: "word-use", account: "alice", hash: btoa("x".repeat(32)) }, START), false);
    return node.apply({ op: "word-use", account: "alice", hash }, START + after);
  };
  assertEquals([use(WORD_TIME - 1), use(WORD_TIME)], [true, false]);
});

Deno.test("directory: nothing changes when a part of a change cannot be stored", () => {
  using node = new Node();
  const revision = add(node, "alice");
  const token = { hash: btoa("a".repeat(32)), name: "bot", host: "", ...FULL };
  node.apply({ op: "token-add", account: "alice", revision, token });
  const before = node.records();
  for (const table of ["certificate", "account"]) {
    node.apply({ op: "certificate-add", account: "alice", revision, fingerprint: "ab".repeat(32) });
    const changes = [
      { op: "account-password", account: "alice", revision, credentials: credentials(2), keep: undefined },
      { op: "account-drop", account: "alice", revision },
    ] as const;
    const event = table === "account" ? ["DELETE", "UPDATE"] : ["DELETE"];
    for (const each of event) {
      node.file.db.exec(`CREATE TEMP TRIGGER fail_${each} BEFORE ${each} ON main.${table}
        BEGIN SELECT raise(ABORT, 'no'); END`);
    }
    for (const change of changes) assertThrows(() => node.apply(change as Command), StoreError);
    for (const each of event) node.file.db.exec(`DROP TRIGGER fail_${each}`);
    node.apply({ op: "certificate-remove", account: "alice", fingerprint: "ab".repeat(32) });
    assertEquals([node.records(), node.accounts.find("alice")?.revision], [before, revision]);
  }
});

Deno.test("directory: a snapshot replaces all accounts with their tokens, certificates and ignore lists", () => {
  using node = new Node();
  using other = new Node();
  const revision = add(node, "Alice");
  node.apply({
    op: "token-add",
    account: "alice",
    revision,
    token: { hash: btoa("a"), name: "x", host: "h", ...FULL },
  });
  const limited = { hash: btoa("b"), name: "y", host: "h", readOnly: true, room: "#tea" };
  node.apply({ op: "token-add", account: "alice", revision, token: limited });
  node.apply({ op: "word-add", account: "alice", revision, hash: btoa("w") });
  node.apply({ op: "certificate-add", account: "alice", revision, fingerprint: "ab".repeat(32) });
  node.apply({ op: "connect", id: 1, nick: "a", identity: identity("alice"), revision });
  node.apply({ op: "ignore", member: 1, name: "dave!*@host", on: true });
  const records = JSON.parse(JSON.stringify(node.records())) as Json[];
  assertEquals((records as unknown[][][])[0]![3]!.length, 3);

  const gone = add(other, "bob");
  other.apply({ op: "certificate-add", account: "bob", revision: gone, fingerprint: "cd".repeat(32) });
  other.apply({ op: "token-add", account: "bob", revision: gone, token: limited });
  other.ignores.addIgnored("bob", ["x!*@h"]);
  const { snapshot } = other.accounts.directory;
  assertThrows(() => snapshot.restore([records[0]!, ["bad"]]), SnapshotError);
  assertEquals(
    [other.accounts.find("bob")?.revision, other.accounts.size],
    [gone, 1],
    "one that is not valid changes nothing",
  );
  assertEquals(other.accounts.certificates.ownerOf("cd".repeat(32)), "bob");
  snapshot.restore(records);
  assertEquals(other.records(), node.records());
  assertEquals([other.accounts.find("alice"), other.accounts.find("bob")], [node.accounts.find("alice"), undefined]);
  const looks = ["alice", "bob"].map((name) => other.accounts.findConfusable(skeleton(name)));
  assertEquals([looks, other.ignores.ignored("bob")], [["alice", undefined], []]);
  assertEquals([other.accounts.certificates.ownerOf("cd".repeat(32)), other.accounts.tokens.list("bob")], [
    undefined,
    [],
  ]);
});

// The property test: few names, hashes and numbers, so that commands often concern the same accounts.
const name = fc.constantFrom("alice", "a1ice", "bob", "carol");
const sameOwner = fc.constantFrom("current", "current", "current", "stale");
const hash = fc.constantFrom("a", "b", "c").map((letter) => btoa(letter.repeat(32)));
const id = fc.integer({ min: 0, max: 3 });
const session = fc.constantFrom(1, 2, 3);
const secrets = fc.constantFrom(1, 2, 3).map(credentials);
const fingerprint = fc.constantFrom(...Array.from({ length: CERTIFICATES_MAX + 2 }, (_, n) => `${n}`.repeat(64)));
const token = fc.record({
  hash,
  name: fc.constantFrom("bot", "phone"),
  host: fc.constantFrom("h1", "h2"),
  readOnly: fc.boolean(),
  room: fc.constantFrom(undefined, "#tea"),
});
const member = fc.constantFrom(1, 2, undefined, undefined);

const CHANGES: { readonly [O in DirectoryOp]: fc.Arbitrary<Omit<CommandOf<O>, "op">> } = {
  "account-add": fc.record({ name, credentials: secrets, member }),
  "account-password": fc.record({
    account: name,
    revision: sameOwner,
    credentials: secrets,
    keep: fc.option(id, { nil: undefined }),
  }),
  "account-drop": fc.record({ account: name, revision: sameOwner }),
  "token-add": fc.record({ account: name, revision: sameOwner, token }),
  "token-used": fc.record({ account: name, id, revision: sameOwner, host: fc.constantFrom("h1", "h2") }),
  "token-remove": fc.record({ account: name, id, revision: sameOwner }),
  "word-add": fc.record({ account: name, revision: sameOwner, hash }),
  "word-use": fc.record({ account: name, hash }),
  "certificate-add": fc.record({ account: name, revision: sameOwner, fingerprint }),
  "certificate-remove": fc.record({ account: name, fingerprint }),
};
const change = fc.constantFrom(
  ...Object.keys(CHANGES) as DirectoryOp[],
  "account-add" as const,
  "account-add" as const,
  "token-add" as const,
  "certificate-add" as const,
).chain((op) => CHANGES[op].map((args) => ({ op, ...args })));
const other = fc.oneof(
  fc.record({
    op: fc.constant("login" as const),
    session,
    account: name,
    token: fc.constant(undefined),
    shown: fc.constant([]),
  }),
  fc.record({ op: fc.constant("logout" as const), session }),
  fc.record({
    op: fc.constant("ignore" as const),
    member: session,
    name: fc.constantFrom("x!*@h", "y!*@h"),
    on: fc.boolean(),
  }),
  fc.record({ op: fc.constant("rename" as const), member: session, nick: name }),
);
const step = fc.record({
  after: fc.constantFrom(0, 1, WORD_TIME / 2, WORD_TIME),
  command: fc.oneof({ weight: 3, arbitrary: change }, other) as fc.Arbitrary<object>,
});

/** Each command, with all of its results; then both accounts have a password of their own, and nothing else. */
const BEGINNING: readonly { readonly after: number; readonly command: object }[] = [
  { op: "account-add", name: "alice", credentials: credentials(1), member: undefined },
  { op: "account-add", name: "Alice", credentials: credentials(1), member: 1 },
  { op: "account-add", name: "alice", credentials: credentials(1), member: 1 },
  { op: "account-add", name: "a1ice", credentials: credentials(1), member: undefined },
  { op: "account-add", name: "bob", credentials: credentials(1), member: undefined },
  { op: "account-add", name: "b0b", credentials: credentials(1), member: undefined },
  { op: "account-add", name: "carol", credentials: credentials(1), member: undefined },
  { op: "login", session: 2, account: "alice", token: undefined, shown: [] },
  { op: "login", session: 3, account: "carol", token: undefined, shown: [] },
  { op: "ignore", member: 2, name: "x!*@h", on: true },
  ...Array.from({ length: TOKENS_MAX + 1 }, (_, n) => {
    const hash = btoa(`${n % 10}`.repeat(32));
    return { op: "token-add", account: "alice", revision: "current", token: { ...FULL, hash, name: "bot", host: "h" } };
  }),
  {
    op: "token-add",
    account: "carol",
    revision: "current",
    token: { ...FULL, hash: btoa("a"), name: "bot", host: "h" },
  },
  { op: "token-used", account: "alice", id: 3, revision: "current", host: "h2" },
  { op: "token-remove", account: "alice", id: 3, revision: "stale" },
  { op: "token-remove", account: "alice", id: 3, revision: "current" },
  { op: "word-add", account: "alice", revision: "stale", hash: btoa("w".repeat(32)) },
  { op: "word-add", account: "alice", revision: "current", hash: btoa("w".repeat(32)) },
  { op: "word-use", account: "alice", hash: btoa("w".repeat(32)) },
  { op: "word-use", account: "alice", hash: btoa("w".repeat(32)) },
  ...Array.from({ length: CERTIFICATES_MAX + 1 }, (_, n) => {
    return { op: "certificate-add", account: "alice", revision: "current", fingerprint: `${n}`.repeat(64) };
  }),
  { op: "certificate-add", account: "bob", revision: "current", fingerprint: "0".repeat(64) },
  { op: "certificate-add", account: "bob", revision: "stale", fingerprint: "9".repeat(64) },
  { op: "certificate-remove", account: "bob", fingerprint: "0".repeat(64) },
  { op: "certificate-remove", account: "alice", fingerprint: "0".repeat(64) },
  { op: "account-password", account: "alice", revision: "stale", credentials: credentials(2), keep: undefined },
  { op: "account-password", account: "alice", revision: "current", credentials: credentials(2), keep: undefined },
  { op: "account-drop", account: "bob", revision: "stale" },
  { op: "account-drop", account: "bob", revision: "current" },
  { op: "account-add", name: "bob", credentials: credentials(3), member: undefined },
].map((command) => ({ after: 1, command }));

/** Has all nodes apply commands, and asserts after each that they have the same directory. Returns their results. */
function applyAll(nodes: readonly Node[], steps: readonly { after: number; command: object }[], seen: Set<string>) {
  const [first] = nodes;
  let [now, fresh] = [START, 100];
  for (const { after, command } of steps) {
    now += after;
    const given = { ...command } as { op: string; account: string; id?: number; revision?: string | undefined };
    const isOfToken = given.op === "token-used" || given.op === "token-remove";
    if (given.revision === "current" || given.op === "login") {
      given.revision = first!.accounts.directory.revision(given.account, isOfToken ? given.id : undefined) ?? "";
    }
    if (given.op === "login" || given.op === "logout") given.id = fresh++;
    const before = first!.records();
    const results = nodes.map((node) => {
      const result = node.apply(given as unknown as Command, now);
      return result instanceof ChatError ? `${result.code} ${result.subject}` : result;
    });
    for (const result of results) assertEquals(result, results[0], given.op);
    const records = first!.records();
    for (const node of nodes) assertEquals(node.records(), records, given.op);
    const [result] = results;
    const isRejected = result === false && given.op !== "word-use" || typeof result === "string";
    if (isRejected) assertEquals(records, before, `${given.op} was rejected`);
    seen.add(`${given.op} ${typeof result === "object" ? "done" : String(result).split(" ")[0]}`);
  }
}

Deno.test("directory: the same commands give the same accounts, tokens, certificates and ignore lists on all nodes", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 60, size: "max" }), (steps) => {
      using one = new Node(2);
      using two = new Node(2);
      for (const [i, nick] of ["alice", "dave", "erin"].entries()) {
        for (const node of [one, two]) node.apply({ op: "connect", id: i + 1, nick, identity: identity() });
      }
      applyAll([one, two], [...BEGINNING, ...steps], seen);
      for (const node of [one, two]) {
        for (const each of node.hub.members) {
          if (each.fullAccount === undefined) continue;
          assertEquals(node.hub.ignores.list(each), node.ignores.ignored(each.fullAccount));
        }
      }
    }),
    { numRuns: 20 },
  );
  const expected = `account-add done, account-add taken, account-add confusable, account-add full, account-add lost,
    account-password true, account-password false, account-drop true, account-drop false,
    token-add done, token-add gone, token-add full, token-used undefined, token-remove true, token-remove false,
    word-add true, word-add false, word-use true, word-use false, certificate-add undefined, certificate-add taken,
    certificate-add full, certificate-add gone, certificate-remove true, certificate-remove false,
    login undefined, login login-outdated`.split(/,\s+/);
  for (const each of expected) assert(seen.has(each), `no command had the result: ${each}`);
});
