import { assertEquals } from "@std/assert";
import type { Ban } from "../../src/moderation/bans.ts";
import type { Member } from "../../src/chat/member.ts";
import { type Bannable, enforceBan, STEP } from "../../src/server/enforce_ban.ts";
import { FakeConnection } from "../fake_connection.ts";
import { Chat } from "../chat/helpers.ts";
import { finish } from "../../src/util/steps.ts";

/** A connection that counts how often its address is asked for. */
class CountingConnection extends FakeConnection {
  static asked = 0;
  readonly #address: string;

  constructor(address: string) {
    super(address);
    this.#address = address;
    Object.defineProperty(this, "address", {
      get: () => {
        CountingConnection.asked++;
        return this.#address;
      },
    });
  }
}

function crowd(count: number): { chat: Chat; clients: Map<FakeConnection, Bannable>; members: Member[] } {
  const chat = new Chat();
  const members = Array.from({ length: count }, (_, n) => chat.arrive(`member${n}`, ["#a"]));
  const clients = new Map<FakeConnection, Bannable>(
    members.map((member, n) => [new CountingConnection(`192.0.2.${n % 250}`), { member }]),
  );
  return { chat, clients, members };
}

function ban(what: string): Ban {
  return { what, by: "root", reason: "spam", since: 0, until: Infinity };
}

Deno.test("enforceBan: each client is looked at once, a few in one step, when there are many", () => {
  const { chat, clients, members } = crowd(1000);
  CountingConnection.asked = 0;
  const steps = enforceBan(ban("nobody!*@*"), members[0]!, clients, chat.hub);
  let yields = 0;
  while (!steps.next().done) yields++;
  assertEquals([yields, CountingConnection.asked], [Math.floor(1000 / STEP), 1000]);
});

Deno.test("enforceBan: those whom the ban concerns are disconnected, by address or by mask, but for server operators", () => {
  for (
    const [what, gone] of [["192.0.2.3", ["member3"]], ["member4!*@*", ["member4"]], [
      "MEMBER?!*@*",
      "012345678",
    ]] as const
  ) {
    const { chat, clients, members } = crowd(10);
    chat.hub.setFlag(members[9]!, "operator", true);
    const outcome = finish(enforceBan(ban(what), members[9]!, clients, chat.hub));
    assertEquals(outcome, { disconnected: gone.length, includesCaller: what === "MEMBER?!*@*" });
    const left = [...chat.hub.members].map(({ nick }) => nick);
    assertEquals(left.length, 10 - gone.length);
    assertEquals(left.at(-1), "member9");
  }
});

Deno.test("enforceBan: a client that has not registered is disconnected by its address", () => {
  const { chat, members } = crowd(1);
  const connection = new FakeConnection("192.0.2.7");
  const outcome = finish(enforceBan(ban("192.0.2.0/24"), members[0]!, [[connection, { member: undefined }]], chat.hub));
  assertEquals([outcome, connection.ending], [{ disconnected: 1, includesCaller: false }, "banned"]);
});
