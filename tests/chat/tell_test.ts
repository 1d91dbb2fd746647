import { assertEquals } from "@std/assert";
import type { Member, Outlet } from "../../src/chat/member.ts";
import { ChatFixture, CountingFormat, IDENTITY, sessionOf } from "./helpers.ts";

/** A number of members of a room, with the same format. */
function crowd(
  count: number,
): { fixture: ChatFixture; format: CountingFormat; members: Member[]; sent: Set<readonly string[]> } {
  const fixture = new ChatFixture();
  const format = new CountingFormat();
  const sent = new Set<readonly string[]>(); // the distinct arrays that were sent
  const outlet: Outlet = { peer: "192.0.2.1:5", send: (lines) => sent.add(lines), close() {} };
  const members = Array.from({ length: count }, (_, n) => {
    const { member } = fixture.chat.connect(`member${n}`, IDENTITY, format, outlet);
    fixture.chat.join(member, "#a");
    return member;
  });
  fixture.chat.flush();
  return { fixture, format, members, sent };
}

for (
  const [what, tell] of Object.entries<(all: ReturnType<typeof crowd>) => void>({
    "a notice to all": ({ fixture }) => fixture.chat.notice("x"),
    "a wallops message": ({ fixture, members }) => {
      for (const member of members) fixture.chat.setFlag(member, "wallops", true);
      fixture.chat.sayWallops(members[0]!, "x");
    },
    "a message to the operators of a room": ({ fixture, members }) => {
      const room = fixture.chat.findRoom("#a");
      for (const member of members) room.ranks.op.add(member);
      fixture.chat.say(members[0]!, room, "x", { minRank: "op" });
    },
    "a tag for the operators of a room": ({ fixture, members }) => {
      const room = fixture.chat.findRoom("#a");
      for (const member of members) room.ranks.op.add(member);
      fixture.chat.tag(members[0]!, room, "+typing=active", "op");
    },
    "an invitation that operators overhear": ({ fixture, members }) => {
      const guest = fixture.arrive("invited");
      const room = fixture.chat.findRoom("#a");
      for (const member of members) room.ranks.op.add(member);
      fixture.chat.invite(members[0]!, room, guest.nick);
    },
    "a name that many monitor and that comes": ({ fixture, members }) => {
      for (const member of members) fixture.chat.monitor.add(sessionOf(member), "wanted");
      fixture.arrive("wanted");
    },
    "a name that many monitor and that goes": ({ fixture, members, format, sent }) => {
      const wanted = fixture.arrive("wanted");
      for (const member of members) fixture.chat.monitor.add(sessionOf(member), "wanted");
      format.rendered = 0;
      sent.clear();
      fixture.chat.remove(wanted);
    },
  })
) {
  Deno.test(`tell: ${what} is rendered once, and all members get the same lines, when there are many`, () => {
    const all = crowd(100);
    all.format.rendered = 0;
    all.sent.clear();
    tell(all);
    assertEquals([all.format.rendered, all.sent.size], [1, 1]);
  });
}
