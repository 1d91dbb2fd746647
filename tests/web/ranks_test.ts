/** Tests of the prefixes of members on the page: from NAMES, MODE, and messages to a rank. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import type { ChatContext } from "../../src/web/context.ts";
import { receive } from "../../src/web/handlers.js";
import { parse } from "../../src/web/irc.js";
import { Model } from "../../src/web/model.js";

/** A page of alice in #tea. */
function page() {
  const model = new Model();
  const room = model.open("#tea");
  model.nick = "alice";
  model.setState(room, "in");
  const chat = {
    model,
    connection: { has: () => false },
    request: () => {},
    confirm: () => {},
    onMention: () => {},
  } as unknown as ChatContext;
  const take = (line: string) => receive(chat, parse(`:${line}`), undefined);
  const members = () => room.sortedMembers.map(({ nick, prefixes }) => prefixes + nick);
  return { room, take, members };
}

Deno.test("ranks: owners come first in the list of people, with and without multi-prefix", () => {
  const { take, members } = page();
  take("irc.test 353 alice = #tea :+dave alice ~@carol @bob ~eve");
  take("irc.test 366 alice #tea :End of /NAMES list");
  assertEquals(members(), ["~@carol", "~eve", "@bob", "+dave", "alice"]);
});

Deno.test("ranks: MODE q, o and v change the prefixes, the highest first", () => {
  const { take, members } = page();
  take("irc.test 353 alice = #tea :alice bob");
  take("irc.test MODE #tea +o alice");
  take("bob!b@h MODE #tea +qv alice bob");
  assertEquals(members(), ["~@alice", "+bob"]);
  take("bob!b@h MODE #tea -q+o-v alice bob bob");
  assertEquals(members(), ["@alice", "@bob"]);
});

Deno.test("ranks: a message to a rank says to whom it is", () => {
  const { room, take } = page();
  for (const prefix of ["~", "@", "+", "~@"]) take(`bob!b@h PRIVMSG ${prefix}#tea :hi`);
  const texts = room.lines.filter(({ kind }) => kind === "say").map(({ text }) => text);
  assertEquals(texts, ["(to owners) hi", "(to operators) hi", "(to voices) hi", "(to operators) hi"]);
});

/** What the room shows, without joins. */
function told(lines: readonly { kind: string; text: string }[]): string[] {
  return lines.filter(({ kind }) => kind !== "quiet").map(({ text }) => text);
}

Deno.test("ranks: the role that the server gives back after a JOIN is not shown as a line, and any other is", () => {
  const { room, take, members } = page();
  take("bob!b@h JOIN #tea");
  take("bob!b@h AWAY :lunch");
  take("carol!c@h JOIN #tea");
  take("irc.test MODE #tea +q bob");
  take("irc.test MODE #tea +o carol");
  assertEquals([members(), told(room.lines)], [["~bob", "@carol"], []]);
  take("irc.test MODE #tea -o+q carol carol");
  take("bob!b@h MODE #tea +v carol");
  const changes = ["removed carol as operator", "made carol an owner"];
  assertEquals(told(room.lines), [...changes.map((text) => `irc.test ${text}`), "bob gave voice to carol"]);
  room.lines.length = 0;
  take("dave!d@h JOIN #tea");
  take("bob!b@h MODE #tea +o dave");
  take("irc.test MODE #tea +q dave");
  assertEquals(told(room.lines), ["bob made dave an operator", "irc.test made dave an owner"]);
  room.lines.length = 0;
  take("alice!a@h JOIN #tea"); // after a reload: MODE comes between JOIN and the names
  take("irc.test MODE #tea +q alice");
  take("irc.test 353 alice = #tea :~alice bob");
  take("irc.test MODE #tea -q+o alice alice");
  assertEquals(told(room.lines), ["irc.test removed alice as owner", "irc.test made alice an operator"]);
  room.lines.length = 0;
  take("eve!e@h JOIN #tea");
  take("irc.test MODE #tea -ik key");
  assertEquals(told(room.lines).length, 2, "settings are shown whoever has just come");
});
