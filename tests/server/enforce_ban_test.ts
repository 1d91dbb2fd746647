import { assertEquals, assertRejects } from "@std/assert";
import { type Ban, Bans } from "../../src/moderation/bans.ts";
import type { Member } from "../../src/chat/member.ts";
import { BanEnforcer, type Bannable, enforceBan, type Enforced, STEP } from "../../src/server/enforce_ban.ts";
import { FakeConnection } from "../fake_connection.ts";
import { ChatFixture, IDENTITY, Inbox, sessionOf } from "../chat/helpers.ts";
import { runToEnd, type Steps } from "../../src/util/steps.ts";
import type { BanResult } from "../../src/protocol/moderation.ts";

/** A connection that counts how often its address is read. */
class CountingConnection extends FakeConnection {
  static reads = 0;
  readonly #address: string;

  constructor(address: string) {
    super(address);
    this.#address = address;
    Object.defineProperty(this, "address", {
      get: () => {
        CountingConnection.reads++;
        return this.#address;
      },
    });
  }
}

function createClients(
  count: number,
): { fixture: ChatFixture; clients: Map<FakeConnection, Bannable>; members: Member[] } {
  const fixture = new ChatFixture();
  const members = Array.from({ length: count }, (_, n) => fixture.arrive(`member${n}`, ["#a"]));
  const clients = new Map<FakeConnection, Bannable>(
    members.map((member, n) => [new CountingConnection(`192.0.2.${n % 250}`), { session: sessionOf(member) }]),
  );
  return { fixture, clients, members };
}

function ban(what: string): Ban {
  return { what, by: "root", reason: "spam", since: 0, until: Infinity };
}

/** Runs all steps, and waits until the clients are disconnected. */
async function runAll(steps: Steps<Enforced>): Promise<BanResult> {
  const { done, ...result } = runToEnd(steps);
  await done;
  return result;
}

Deno.test("enforceBan: each of many clients is checked once, some in each step", () => {
  const { fixture, clients, members } = createClients(1000);
  CountingConnection.reads = 0;
  const steps = enforceBan(ban("unknown!*@*"), members[0]!, clients, fixture.chat);
  let yields = 0;
  while (!steps.next().done) yields++;
  assertEquals([yields, CountingConnection.reads], [Math.floor(1000 / STEP), 1000]);
});

Deno.test("enforceBan: clients that are logged in to a banned account are disconnected", () => {
  const { fixture, clients, members } = createClients(5);
  for (const n of [1, 3]) fixture.chat.login(sessionOf(members[n]!), `eve${n}`);
  const outcome = runToEnd(enforceBan(ban("~a:EVE?"), members[0]!, clients, fixture.chat));
  assertEquals([outcome.disconnected, [...fixture.chat.members].map(({ nick }) => nick)], [
    2,
    ["member0", "member2", "member4"],
  ]);
});

Deno.test("enforceBan: clients that match by address or mask are disconnected, except server operators", async () => {
  for (
    const [what, gone] of [["192.0.2.3", ["member3"]], ["member4!*@*", ["member4"]], [
      "MEMBER?!*@*",
      "012345678",
    ]] as const
  ) {
    const { fixture, clients, members } = createClients(10);
    fixture.chat.setFlag(members[9]!, "operator", true);
    const outcome = await runAll(enforceBan(ban(what), members[9]!, clients, fixture.chat));
    assertEquals(outcome, { disconnected: gone.length, includesCaller: what === "MEMBER?!*@*" });
    const left = [...fixture.chat.members].map(({ nick }) => nick);
    assertEquals(left.length, 10 - gone.length);
    assertEquals(left.at(-1), "member9");
  }
});

Deno.test("enforceBan: a member who matches is told the reason, and the connection is closed", async () => {
  const { fixture, members: [root, troll] } = createClients(2);
  const closed: unknown[] = [];
  sessionOf(troll!).outlet.close = (...reasons) => void closed.push(reasons);
  const clients: [FakeConnection, Bannable][] = [[new FakeConnection("192.0.2.1"), { session: sessionOf(troll!) }]];
  await runAll(enforceBan(ban("member1!*@*"), root!, clients, fixture.chat));
  assertEquals(fixture.told(troll!).at(-1), "notice You are banned from this server: spam");
  assertEquals(closed, [["banned", "Banned: spam"]]);
});

/** A chat that disconnects members when the test says so. */
function slowChat() {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return {
    chat: { disconnect: () => promise, remove: () => {}, alwaysOn: { absent: new Set<Member>() } },
    resolve,
    reject,
  };
}

Deno.test("enforceBan: it is done when the chat has disconnected the members", async () => {
  const { members: [root, troll] } = createClients(2);
  const log: string[] = [];
  const { chat, resolve } = slowChat();
  const { done } = runToEnd(
    enforceBan(ban("member1!*@*"), root!, [[new FakeConnection(), { session: sessionOf(troll!) }]], chat),
  );
  const enforced = done.then(() => log.push("done"));
  await new Promise((resolve) => setTimeout(resolve));
  log.push("disconnected");
  resolve();
  await enforced;
  assertEquals(log, ["disconnected", "done"]);
});

Deno.test("enforceBan: an error of the chat is reported when all steps have run", async () => {
  const { members: [root, troll] } = createClients(2);
  const { chat, reject } = slowChat();
  const clients = Array.from({ length: STEP }, () => [new FakeConnection(), { session: sessionOf(troll!) }] as const);
  const steps = enforceBan(ban("member1!*@*"), root!, clients, chat);
  steps.next();
  reject(new Error("no connection"));
  await new Promise((resolve) => setTimeout(resolve)); // an unhandled rejection would fail the test
  const error = await assertRejects(() => runToEnd(steps).done, Error);
  assertEquals(error.message, "no connection");
});

Deno.test("enforceBan: a connection that is closing already is not counted", async () => {
  const { fixture, members: [root] } = createClients(1);
  const connection = new FakeConnection("192.0.2.7");
  connection.close("quit");
  const outcome = await runAll(
    enforceBan(ban("192.0.2.7"), root!, [[connection, { session: undefined }]], fixture.chat),
  );
  assertEquals([outcome, connection.closeReason], [{ disconnected: 0, includesCaller: false }, "quit"]);
});

Deno.test("enforceBan: an unregistered connection is disconnected when its address matches", async () => {
  const { fixture, members } = createClients(1);
  const connection = new FakeConnection("192.0.2.7");
  const outcome = await runAll(
    enforceBan(ban("192.0.2.0/24"), members[0]!, [[connection, { session: undefined }]], fixture.chat),
  );
  assertEquals([outcome, connection.closeReason], [{ disconnected: 1, includesCaller: false }, "banned"]);
});

Deno.test("enforceBan: a user who is always on is removed, whether connected or not, but not for one of two connections", async () => {
  const fixture = new ChatFixture({ policy: { isRegistered: () => true }, alwaysOn: "on" });
  const connect = (account: string, user: string) => {
    return fixture.chat.connect(account, { ...IDENTITY, user, account }, fixture.format, new Inbox());
  };
  const root = connect("root", "~root");
  fixture.chat.disconnect(connect("absent", "~troll"));
  const connected = connect("connected", "~troll");
  const [one, other] = [connect("both", "~troll"), connect("both", "~good")];
  const clients = [connected, one, other].map((session) => [new FakeConnection(), { session }] as const);
  const outcome = await runAll(enforceBan(ban("*!~troll@*"), root.member, clients, fixture.chat));
  assertEquals(outcome, { disconnected: 3, includesCaller: false });
  assertEquals([...fixture.chat.members].map(({ nick }) => nick), ["root", "both"]);
  assertEquals(other.member.sessions, [other]);
});

/** A node with clients, and the bans and the enforcer of a server. */
function createNode(count: number) {
  const bans = new Bans();
  const clients = new Map<FakeConnection, Bannable>();
  const errors: unknown[] = [];
  const fixture = new ChatFixture({
    serverBans: bans,
    policy: { isRegistered: () => true },
    alwaysOn: "on",
    observer: { serverBanned: (ban) => enforcer.enforce(ban) },
  });
  const enforcer = new BanEnforcer(bans, clients, fixture.chat, (error) => errors.push(error));
  const sessions = Array.from({ length: count }, (_, n) => {
    const identity = { ...IDENTITY, user: `~user${n}`, account: `member${n}` };
    return fixture.chat.connect(`member${n}`, identity, fixture.format, new Inbox());
  });
  for (const session of sessions) clients.set(new FakeConnection("192.0.2.1"), { session });
  const nicks = () => [...fixture.chat.members].map(({ nick }) => nick);
  return { fixture, bans, clients, errors, enforcer, sessions, nicks };
}

/** Has a macrotask run, after which all that takes no time has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

Deno.test("ban enforcer: the node that makes a ban disconnects its clients, and counts each of them once", async () => {
  const { bans, enforcer, sessions: [root], nicks } = createNode(3);
  const made = ban("*!~user1@*");
  assertEquals(await enforcer.make(root!.member, made), { disconnected: 1, includesCaller: false });
  assertEquals([nicks(), bans.all], [["member0", "member2"], [made]]);
});

Deno.test("ban enforcer: a ban of another node disconnects the clients of this one when it is applied, and stays", async () => {
  const { fixture, bans, sessions: [, banned], nicks, errors } = createNode(3);
  fixture.chat.serverBans.add(ban("*!~user1@*")); // as when the command of another node is applied
  assertEquals(fixture.chat.hasSession(banned!), true, "not while the command is applied");
  await settled();
  assertEquals([nicks(), bans.all.length, errors], [["member0", "member2"], 1, []]);
  assertEquals([fixture.chat.serverBans.remove("*!~USER1@*"), bans.all], [true, []]);
});

Deno.test("ban enforcer: a user without a connection is removed by the node that made the ban alone", async () => {
  const { fixture, clients, enforcer, sessions: [root, absent], nicks } = createNode(2);
  clients.clear();
  fixture.chat.disconnect(absent!);
  const made = ban("*!~user1@*");
  fixture.chat.serverBans.add(made);
  await settled();
  assertEquals(nicks(), ["member0", "member1"]);
  await enforcer.make(root!.member, made);
  assertEquals(nicks(), ["member0"]);
});

Deno.test("ban enforcer: a ban that cannot be made disconnects no client, and the next one does", async () => {
  const { fixture, bans, clients, sessions: [root], nicks } = createNode(2);
  let fails = true;
  const serverBans = {
    add: (made: Ban) => fails ? Promise.reject(new Error("no connection")) : fixture.chat.serverBans.add(made),
    remove: () => false,
  };
  const { chat } = fixture;
  const slow = {
    serverBans,
    alwaysOn: chat.alwaysOn,
    disconnect: chat.disconnect.bind(chat),
    remove: chat.remove.bind(chat),
  };
  const enforcer = new BanEnforcer(bans, clients, slow, () => {});
  const made = ban("*!~user1@*");
  await assertRejects(() => enforcer.make(root!.member, made), Error, "no connection");
  assertEquals(nicks(), ["member0", "member1"]);
  fails = false;
  enforcer.enforce(made); // another node has made it
  await settled();
  assertEquals(nicks(), ["member0"]);
});

Deno.test("ban enforcer: a client that was banned during its registration is disconnected, unless it is an operator", async () => {
  const { fixture, bans, enforcer, sessions, nicks } = createNode(3);
  fixture.chat.setFlag(sessions[2]!.member, "operator", true);
  for (const what of ["~a:member1", "*!~user2@*"]) bans.add(ban(what));
  for (const session of sessions) enforcer.check(session);
  await settled();
  assertEquals(nicks(), ["member0", "member2"]);
});

Deno.test("ban enforcer: an error is reported when the ban of another node cannot be enforced", async () => {
  const { fixture, bans, clients } = createNode(2);
  const errors: unknown[] = [];
  const { chat, reject } = slowChat();
  const enforcer = new BanEnforcer(
    bans,
    clients,
    { ...chat, serverBans: fixture.chat.serverBans },
    (error) => errors.push(error),
  );
  const error = new Error("no connection");
  reject(error);
  enforcer.enforce(ban("*!~user1@*"));
  await settled();
  assertEquals(errors, [error]);
});
