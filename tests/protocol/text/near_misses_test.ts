/** Names of users and rooms that do not exist: the replies suggest the nearest ones that the user may know of. */
import { assert, assertEquals } from "@std/assert";
import { nearestRoom, nearestUser } from "../../../src/protocol/text/near_misses.ts";
import type { CommandContext } from "../../../src/protocol/text/context.ts";
import { dialogue, inRoom, TextServer } from "./harness.ts";

Deno.test("near misses: a mistyped user gets the nearest one suggested, in its own spelling", async () => {
  const { clients: [alice] } = await inRoom("alice", "Bobby", "Zoë");
  const bobby = "Did you mean Bobby?";
  await dialogue(alice, [
    ["/msg bobyb hi", `-- No such user: bobyb. ${bobby}`],
    ["/msg bob hi", `-- No such user: bob. ${bobby}`],
    ["/msg ZOE hi", "-- No such user: ZOE. Did you mean Zoë?"],
    ["/kick bobbi", `-- No such user: bobbi. ${bobby}`],
    ["/invite bobbi", `-- No such user: bobbi. ${bobby}`],
    ["/op bobbi", `-- No such user: bobbi. ${bobby}`],
    ["/ignore bobbi", `-- No such user: bobbi. ${bobby}`],
    ["/history bobbi", `-- No stored private messages with bobbi yet. ${bobby}`],
    ["/reply *bobbi* hi", `-- No message of another user among the last 200 with bobbi. ${bobby}`],
    ["/react bobbi 👍", `-- No message of bobbi among the last 200 in #tea. ${bobby}`],
    ["/msg alcie hi", "-- No such user: alcie. /list shows who is here."], // itself
    ["/msg charlotte hi", "-- No such user: charlotte. /list shows who is here."],
    ["/history bobby", "-- No stored private messages with bobby yet."],
    ["/react bobby 👍", "-- No message of bobby among the last 200 in #tea."],
  ]);
});

Deno.test("near misses: of equally near users, a member of the room is suggested", async () => {
  const server = new TextServer();
  const [alice, , , dan] = await server.enter("alice", "bobby", "bobbx", "dan");
  await dan.says("/join #tea");
  await alice.says("/join #tea");
  const [eve] = await server.enter("bobbz");
  await eve.says("/join #tea");
  alice.hears();
  await dialogue(alice, [["/msg bobbq hi", "-- No such user: bobbq. Did you mean bobbz?"]]);
});

Deno.test("near misses: a user whose name differs in digits alone is another user", async () => {
  const server = new TextServer();
  const [alice] = await server.enter("alice", "guest7", "bob3");
  await dialogue(alice, [
    ["/msg guest8 hi", "-- No such user: guest8. /list shows who is here."],
    ["/msg guest hi", "-- No such user: guest. Did you mean guest7?"],
    ["/msg geust7 hi", "-- No such user: geust7. Did you mean guest7?"],
    ["/msg bob12 hi", "-- No such user: bob12. /list shows who is here."],
  ]);
});

Deno.test("near misses: an invisible user is suggested to members of its room alone", async () => {
  const server = new TextServer();
  const [alice, bob, carol] = await server.enter("alice", "bobby", "carol");
  await bob.says("/join #tea");
  await carol.says("/join #tea");
  server.chat.setFlag(bob.member!, "invisible", true);
  for (const client of [alice, carol]) client.hears();
  await dialogue(alice, [["/msg bobbi hi", "-- No such user: bobbi. /list shows who is here."]]);
  await dialogue(carol, [["/msg bobbi hi", "-- No such user: bobbi. Did you mean bobby?"]]);
});

Deno.test("near misses: a mistyped room gets the nearest one suggested, a secret one to its members alone", async () => {
  const server = new TextServer();
  const [alice, bob] = await server.enter("alice", "bob");
  await bob.says("/join #Coffee");
  const none = (room: string) => `-- No such room: ${room}. /rooms lists the rooms, /join creates one.`;
  const some = (room: string) => `-- No such room: ${room}. Did you mean #Coffee?`;
  alice.hears();
  await dialogue(alice, [
    ["/who #cofee", some("#cofee")],
    ["/who coff", some("#coff")],
    ["/link #cofefe", some("#cofefe")],
    ["/history #cofee", some("#cofee")],
    ["/history #coffee", "-- /history shows the room that you are in, #lobby. To read #Coffee: /join #Coffee"],
    ["/history #lobby", "-- No messages in #lobby yet."],
    ["/who #milk", none("#milk")],
    ["/who #c", none("#c")],
  ]);
  await bob.says("/mode +s");
  bob.hears();
  await dialogue(alice, [
    ["/who #cofee", none("#cofee")],
    ["/history #cofee", none("#cofee")],
    ["/history #COFFEE", none("#COFFEE")],
  ]);
  await dialogue(bob, [["/who #cofee", some("#cofee")], ["/history #coffee", "-- No messages in #Coffee yet."]]);
});

Deno.test("near misses: no more than 5000 users or rooms are looked at, whatever their number", () => {
  let seen = 0;
  function* endless<T>(of: (n: number) => T) {
    for (;; seen++) yield of(seen);
  }
  const self = { rooms: new Map() };
  const room = { members: endless((n) => ({ nick: `bob${n}x`, invisible: n % 2 === 0 })), has: () => true };
  const rooms = endless((n) => ({
    key: `#bob${n}x`,
    name: "",
    switches: new Set(n % 2 ? ["s"] : []),
    has: () => false,
  }));
  const context = { chat: { members: [], rooms }, member: self, room } as unknown as CommandContext;
  assertEquals(nearestUser(context, "carol"), undefined);
  assert(seen > 4000 && seen <= 5000, `${seen} users`);
  seen = 0;
  assertEquals(nearestRoom(context, "#carol"), undefined);
  assert(seen > 4000 && seen <= 5000, `${seen} rooms`);
});
