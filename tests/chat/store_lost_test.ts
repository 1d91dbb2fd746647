/** A node of a cluster leaves when its tables of accounts fail: other nodes have applied the same command. */
import { assertEquals, assertThrows } from "@std/assert";
import type { Command } from "../../src/chat/commands.ts";
import { Hub } from "../../src/chat/hub.ts";
import { NO_OBSERVER } from "../../src/chat/observer.ts";
import { StoreError, StoreLost } from "../../src/chat/store.ts";
import { ANY_ACCOUNT, IDENTITY, LastingHistory } from "./helpers.ts";
import { START } from "./two_nodes.ts";

const TOKEN = { id: 2, readOnly: false, room: undefined };

/** Commands that need the tables. */
const COMMANDS: readonly Command[] = [
  { op: "account-drop", account: "alice", revision: "1" },
  { op: "connect", id: 9, nick: "x", identity: { ...IDENTITY, account: "bob" }, revision: "1" },
  { op: "ignore", member: 1, name: "bob", on: true },
  { op: "token", session: 1, account: "alice", token: TOKEN },
  { op: "rename-room", member: 1, room: "#tea", name: "#coffee", reason: undefined },
];

/** A hub with a member and its room, whose tables of accounts can be made to fail. */
function place(position?: number) {
  const broken = { times: 0 };
  const use = <T>(value: T) => () => {
    if (broken.times-- > 0) throw new StoreError("the disk is full");
    return value;
  };
  const lost: string[] = [];
  const history = new LastingHistory();
  history.position = position;
  const hub = new Hub({
    history,
    keepPrivate: "all",
    limits: { maxRooms: 9, maxJoined: 9, maxSessions: 9, maxAbsent: 9 },
    reserved: [],
    policy: { isRegistered: (nick) => ["alice", "bob"].includes(nick), registeredLike: () => undefined },
    directory: { ...ANY_ACCOUNT, revision: use("1"), change: use(true) as typeof ANY_ACCOUNT.change },
    ignores: { ignored: use([]), addIgnored: use(undefined), removeIgnored: use(undefined) },
    observer: { ...NO_OBSERVER, roomRenamed: use(undefined), storeLost: ({ message }) => void lost.push(message) },
    alwaysOn: "opt-in",
    now: START,
  });
  const apply = (command: Command) => hub.apply(command, { now: START });
  apply({ op: "connect", id: 1, nick: "alice", identity: { ...IDENTITY, account: "alice" }, revision: "1" });
  apply({ op: "join", member: 1, session: 1, room: "#tea", key: undefined });
  return { apply, broken, lost };
}

/** A monotonic clock by which every look takes a tenth of a second. */
function fastClock(): Disposable {
  const real = performance.now;
  let now = 0;
  performance.now = () => now += 100;
  return { [Symbol.dispose]: () => void (performance.now = real) };
}

for (const command of COMMANDS) {
  Deno.test(`store: a node of a cluster leaves when its tables fail for the command ${command.op}`, () => {
    using _clock = fastClock();
    const { apply, broken, lost } = place(100);
    broken.times = Infinity;
    assertThrows(() => apply(command), StoreLost, "the disk is full");
    assertEquals(lost, ["the disk is full"]);
  });

  Deno.test(`store: a node of a cluster waits for its tables while they are locked for the command ${command.op}`, () => {
    using _clock = fastClock();
    const { apply, broken, lost } = place(100);
    broken.times = 3;
    assertEquals(apply(command) instanceof Error, false);
    assertEquals([broken.times < 0, lost], [true, []]);
  });
}

Deno.test("store: a single node goes on when its tables fail", () => {
  const { apply, broken, lost } = place();
  const codes = COMMANDS.slice(1, 4).map((command) => {
    broken.times = 1;
    return (apply(command) as { readonly code?: string }).code;
  });
  assertEquals(codes, ["login-outdated", "ignores-unstored", "login-outdated"]);
  broken.times = 1;
  assertThrows(() => apply(COMMANDS[0]!), StoreError, "the disk is full");
  assertEquals(lost, []);
});
