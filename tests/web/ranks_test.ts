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
  const chat = { model, request: () => {}, confirm: () => {}, onMention: () => {} } as unknown as ChatContext;
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
