/** What a command that one node gives does to users who are connected to another one. */
import { assert, assertEquals } from "@std/assert";
import { ChatFixture, IDENTITY } from "./helpers.ts";
import { REMOTE_ENDPOINT } from "../../src/chat/member.ts";
import { NodeClient, TwoNodes } from "./two_nodes.ts";

const CLOSE = { ending: "killed", words: "Killed (root)", notice: "You were killed." };
const CLOSED = ["notice You were killed.", "closed killed: Killed (root)"];

Deno.test("remote sessions: a removed member is told so and disconnected on each node that has a session of it", () => {
  const nodes = new TwoNodes();
  const [here, there] = [0 as const, 1 as const].map((node) => nodes.connect(node, "troll", { account: "troll" }));
  const bystander = nodes.connect(1, "bob");
  assert(nodes.member(0, here!) === nodes.member(0, there!));
  nodes.apply({ op: "remove", member: here!.id, reason: "Killed (root)", close: CLOSE });
  assertEquals([here!.take(), there!.take(), bystander.take()], [CLOSED, CLOSED, []]);
  assertEquals(nodes.nicks, ["bob"]);
  nodes.apply({ op: "remove", member: here!.id, reason: "Killed (root)", close: CLOSE });
  assertEquals([here!.take(), there!.take()], [[], []], "it is gone already");
});

Deno.test("remote sessions: one session of a member is disconnected on the node that it is connected to", () => {
  const nodes = new TwoNodes();
  const [here, there] = [0 as const, 1 as const].map((node) => nodes.connect(node, "alice", { account: "alice" }));
  nodes.apply({ op: "disconnect", session: there!.id, reason: "Signed out", own: false, close: CLOSE });
  assertEquals([here!.take(), there!.take()], [[], CLOSED]);
  assertEquals(nodes.member(1, here!).sessions.map(({ id }) => id), [here!.id]);
  nodes.apply({ op: "disconnect", session: here!.id, reason: "Signed out", own: false, close: CLOSE });
  assertEquals([here!.take(), nodes.nicks], [CLOSED, []]);
});

Deno.test("remote sessions: the member that loses its nickname to the owner is disconnected on its node", () => {
  const nodes = new TwoNodes();
  const [owner, thief] = [nodes.connect(0, "guest7", { account: "alice" }), nodes.connect(1, "alice")];
  nodes.apply({ op: "reclaim", member: owner.id, nick: "alice", reason: "reclaimed", close: CLOSE });
  assertEquals(thief.take(), CLOSED);
  assertEquals([nodes.nicks, owner.take()], [["alice"], ["renamed guest7 alice alice"]]);
});

Deno.test("remote sessions: connections stay open unless a command says how they are closed", () => {
  const nodes = new TwoNodes();
  const [one, other] = [nodes.connect(0, "one"), nodes.connect(1, "other")];
  nodes.apply({ op: "remove", member: one.id, reason: "x" });
  nodes.apply({ op: "disconnect", session: other.id, reason: "x", own: false });
  assertEquals([one.take(), other.take(), nodes.nicks], [[], [], []]);
});

Deno.test("remote sessions: a notice reaches all members, one member, or one session, on each node", () => {
  const nodes = new TwoNodes();
  const [here, there] = [0 as const, 1 as const].map((node) => nodes.connect(node, "alice", { account: "alice" }));
  const bob = nodes.connect(1, "bob");
  const heard = (to?: { member: number } | { session: number }) => {
    nodes.apply({ op: "notice", text: "hi", to });
    return [here!, there!, bob].map((client) => client.take().length);
  };
  assertEquals(heard(), [1, 1, 1]);
  assertEquals(heard({ member: here!.id }), [1, 1, 0]);
  assertEquals(heard({ session: there!.id }), [0, 1, 0]);
  assertEquals([heard({ member: 99 }), heard({ session: 99 })], [[0, 0, 0], [0, 0, 0]], "they have disconnected");
});

Deno.test("remote sessions: each node knows by which entry of the operators file a member is a server operator", () => {
  const nodes = new TwoNodes();
  const root = nodes.connect(0, "root");
  const names = () => ([0, 1] as const).map((node) => nodes.member(node, root).operatorName);
  nodes.apply({ op: "flag", member: root.id, flag: "operator", on: true, name: "alice" });
  nodes.apply({ op: "flag", member: root.id, flag: "wallops", on: true });
  assertEquals(names(), ["alice", "alice"]);
  nodes.apply({ op: "flag", member: root.id, flag: "operator", on: false });
  assertEquals(names(), [undefined, undefined]);
});

Deno.test("remote sessions: the chat puts what closes a connection, and whom a notice is for, into its commands", () => {
  const fixture = new ChatFixture();
  const alice = fixture.arrive("alice");
  const outlet = new NodeClient(0);
  const connect = (nick: string) => fixture.chat.connect(nick, IDENTITY, fixture.format, outlet);
  const [one, other, third] = [connect("one"), connect("other"), connect("third")];
  fixture.chat.notice("to a member", one.member);
  fixture.chat.notice("to a session", other);
  assertEquals([outlet.take(), fixture.told(alice)], [["notice to a member", "notice to a session"], []]);
  fixture.chat.remove(one.member, "x", CLOSE);
  fixture.chat.disconnect(other, "x", false, CLOSE);
  assertEquals(outlet.take(), [...CLOSED, ...CLOSED]);
  const owner = fixture.arrive("guest7", [], { account: "third" });
  assertEquals(fixture.chat.reclaim(owner, "third", "x", CLOSE), third.member);
  assertEquals(outlet.take(), CLOSED);
});

Deno.test("remote sessions: the addresses of a member leave out those of other nodes", () => {
  const fixture = new ChatFixture();
  const identity = { ...IDENTITY, account: "alice" };
  fixture.chat.connect("alice", identity, REMOTE_ENDPOINT.format, REMOTE_ENDPOINT.outlet);
  const alice = fixture.arrive("alice", [], { account: "alice" });
  assertEquals([alice.sessions.length, alice.peer], [2, "192.0.2.1:5"]);
});
