/** Checks that snapshots account for every field of the state: a new one is in them, or is named here as left out. */
import { assertEquals } from "@std/assert";

const FOLDER = new URL("../../src/chat/", import.meta.url);

/** Why a snapshot has a field, or has it not. */
type Fate =
  | "taken" // it is in the snapshot
  | "derived" // it follows from what is in the snapshot
  | "local" // it belongs to one node
  | "setting"; // it is the same on all nodes and never changes

/** All fields of what the state consists of. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, Fate>>>> = {
  ChatState: {
    now: "taken",
    peak: "taken",
    members: "taken",
    sessions: "taken",
    byAccount: "derived",
    rooms: "taken",
    emptyRooms: "taken",
    roomNames: "derived",
    nicknames: "taken",
    muted: "taken",
    whowas: "taken",
    monitor: "local",
    ignores: "taken",
    flagCounts: "derived",
    ids: "taken",
    delivery: "local",
    storage: "local",
    observer: "local",
    serverBans: "taken",
    links: "taken", // as a section
    limits: "setting",
    directory: "taken", // as a section
    storedIgnores: "taken", // in the section of the accounts
    alwaysOn: "taken",
    waiting: "taken",
    audiences: "derived",
  },
  Session: {
    id: "taken",
    member: "taken",
    user: "taken",
    host: "taken",
    networks: "taken",
    format: "local",
    outlet: "local",
    token: "taken",
    attended: "taken",
    missedSince: "taken",
    missedPrivateSince: "taken",
    echo: "local",
    hidesIgnored: "local",
    readsShown: "local",
    shownPrivate: "local",
    extendedMonitor: "local",
    handlers: "local",
  },
  Member: {
    id: "taken",
    user: "taken",
    host: "taken",
    networks: "taken",
    realname: "taken",
    sessions: "taken",
    rooms: "taken",
    invitations: "taken",
    account: "taken",
    scope: "taken",
    readMarkers: "taken",
    away: "taken",
    awayByServer: "taken",
    attended: "taken",
    lastSeen: "taken",
    invisible: "taken",
    operator: "taken",
    wallops: "taken",
    bot: "taken",
    since: "taken",
    spokeAt: "taken",
    operatorName: "taken",
    storageCredit: "local",
    "#nick": "taken",
    "#origin": "derived",
  },
  GenericRoom: {
    members: "taken",
    sessions: "local",
    since: "taken",
    topic: "taken",
    switches: "taken",
    password: "taken",
    limit: "taken",
    ranks: "taken",
    roles: "taken",
    ruled: "taken",
    invited: "taken",
    lists: "taken",
    stored: "taken",
    hasLines: "taken",
    lastLine: "taken",
    closed: "derived",
    "#name": "taken",
    "#key": "derived",
    "#banned": "derived",
  },
  Roles: { "#roles": "taken", "#list": "derived" },
  LinkRegistry: { section: "local", "#store": "local", "#links": "taken", "#byHash": "derived" },
  Nicknames: {
    "#byNick": "derived",
    "#bySkeleton": "derived",
    "#reserved": "setting",
    "#reservedSkeletons": "setting",
    "#policy": "setting",
    "#nextGuest": "taken",
  },
  RoomNames: { "#ascii": "derived", "#others": "derived" },
  Ids: { "#last": "taken" },
  Whowas: { "#entries": "taken", "#byNetwork": "taken" },
  MutedHosts: { version: "local", "#hosts": "taken" },
  MutedHost: { action: "taken", until: "taken" },
  IgnoreLists: { "#lists": "taken", "#seeing": "derived" },
  AlwaysOn: { policy: "setting", absent: "taken", "#choices": "taken" },
  Waiting: { "#since": "taken" },
  Topic: { text: "taken", by: "taken", at: "taken" },
  Mask: { mask: "taken", by: "taken", at: "taken", nick: "taken" },
  Role: { account: "taken", role: "taken", since: "taken", by: "taken" },
  MuteAction: { who: "taken", by: "taken" },
  WhowasEntry: { nick: "taken", user: "taken", host: "taken", realname: "taken", at: "taken" },
  Scope: { readOnly: "taken", room: "taken" },
  SessionToken: { id: "taken" },
};

/** Classes with collections that are no part of the state. */
const OTHERS: Readonly<Record<string, string>> = {
  Audiences: "a cache",
  BroadcastSet: "what is queued for clients of this node",
  Delivery: "what is queued for clients of this node",
  MonitorLists: "belong to the clients of this node",
  PresenceWriter: "what this node is still to write",
  WriteBehind: "what this node is still to write",
  Seeing: "derived: see IgnoreLists",
  SessionMap: "derived: counts the sessions",
  Mutes: "ends of mutes, by the clock of this node",
  RateLimits: "checked by the authors of commands",
  StorageLimit: "checked by the authors of commands",
  Restorer: "reads a snapshot",
};

/** The fields of all classes and interfaces in `src/chat/`, and which classes have a collection. */
async function readFields(): Promise<{ fields: Map<string, string[]>; withCollections: string[] }> {
  const fields = new Map<string, string[]>();
  const withCollections: string[] = [];
  for await (const { name: file } of Deno.readDir(FOLDER)) {
    const text = (await Deno.readTextFile(new URL(file, FOLDER))).replaceAll("\r\n", "\n");
    for (const [, name, body] of text.matchAll(/^(?:export )?(?:class|interface) (\w+)[^\n]*\{\n(.*?)^\}/gms)) {
      fields.set(name!, [...body!.matchAll(/^ {2}(?:readonly )?(#?\w+)\??(?::| =)/gm)].map(([, field]) => field!));
      if (/^ {2}\S[^(\n]* = new (?:Weak)?(?:Map|Set)\b|^ {2}\S*.*#\w+: .*(?:Map|Set)</m.test(body!)) {
        withCollections.push(name!);
      }
    }
  }
  return { fields, withCollections };
}

const { fields, withCollections } = await readFields();

for (const [name, known] of Object.entries(FIELDS)) {
  Deno.test(`snapshot: every field of ${name} is taken, or is left out for a reason`, () => {
    assertEquals(fields.get(name)?.toSorted(), Object.keys(known).sort());
  });
}

Deno.test("snapshot: every class of the chat with a collection is part of the state, or is not for a reason", () => {
  assertEquals(withCollections.filter((name) => !(name in FIELDS) && !(name in OTHERS)), []);
});
