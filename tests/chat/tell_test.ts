import { assertEquals } from "@std/assert";
import type { Member, Outlet } from "../../src/chat/member.ts";
import { Chat, CountingFormat, IDENTITY, sessionOf } from "./helpers.ts";

/** A number of members of a room, with the same format. */
function crowd(count: number): { chat: Chat; format: CountingFormat; members: Member[]; sent: Set<readonly string[]> } {
  const chat = new Chat();
  const format = new CountingFormat();
  const sent = new Set<readonly string[]>(); // the distinct arrays that were sent
  const outlet: Outlet = { peer: "192.0.2.1:5", send: (lines) => sent.add(lines), close() {} };
  const members = Array.from({ length: count }, (_, n) => {
    const { member } = chat.hub.connect(`member${n}`, IDENTITY, format, outlet);
    chat.hub.join(member, "#a");
    return member;
  });
  chat.hub.flush();
  return { chat, format, members, sent };
}

for (
  const [what, tell] of Object.entries<(all: ReturnType<typeof crowd>) => void>({
    "a notice to all": ({ chat }) => chat.hub.notice("x"),
    "a wallops message": ({ chat, members }) => {
      for (const member of members) chat.hub.setFlag(member, "wallops", true);
      chat.hub.sayWallops(members[0]!, "x");
    },
    "a message to the operators of a room": ({ chat, members }) => {
      const room = chat.hub.findRoom("#a");
      for (const member of members) room.ranks.op.add(member);
      chat.hub.say(members[0]!, room, "x", { minRank: "op" });
    },
    "a tag for the operators of a room": ({ chat, members }) => {
      const room = chat.hub.findRoom("#a");
      for (const member of members) room.ranks.op.add(member);
      chat.hub.tag(members[0]!, room, "+typing=active", "op");
    },
    "an invitation that operators overhear": ({ chat, members }) => {
      const guest = chat.arrive("invited");
      const room = chat.hub.findRoom("#a");
      for (const member of members) room.ranks.op.add(member);
      chat.hub.invite(members[0]!, room, guest.nick);
    },
    "a name that many monitor and that comes": ({ chat, members }) => {
      for (const member of members) chat.hub.monitor.add(sessionOf(member), "wanted");
      chat.arrive("wanted");
    },
    "a name that many monitor and that goes": ({ chat, members, format, sent }) => {
      const wanted = chat.arrive("wanted");
      for (const member of members) chat.hub.monitor.add(sessionOf(member), "wanted");
      format.rendered = 0;
      sent.clear();
      chat.hub.remove(wanted);
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
