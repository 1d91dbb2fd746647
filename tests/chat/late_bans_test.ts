/** A ban of the server that is made while a change of a name is under way. */
import { assertEquals } from "@std/assert";
import { AuthoredChat } from "../../src/chat/authored_chat.ts";
import { ChatError } from "../../src/chat/chat_error.ts";
import type { CommandSink } from "../../src/chat/command_sink.ts";
import type { Command } from "../../src/chat/commands.ts";
import { NO_OBSERVER } from "../../src/chat/observer.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { ANY_ACCOUNT, CountingFormat, IDENTITY, Inbox } from "./helpers.ts";

Deno.test("bans: sessions are checked again after a rename, a login or a reclaim that was under way", async () => {
  const checked: string[] = [];
  const options = {
    history: new MemoryHistory(),
    directory: ANY_ACCOUNT,
    observer: { ...NO_OBSERVER, identified: ({ origin }: { origin: string }) => void checked.push(origin) },
  };
  let lastId = 0;
  const chat = new AuthoredChat(options, (hub) => {
    const submit = async (command: Command, endpoint?: never) => {
      await undefined;
      const result = hub.apply(command, { now: 0, endpoint });
      if (result instanceof ChatError) throw result;
      return result;
    };
    const sink = { nextId: () => ++lastId, submit, say: () => {}, underWay: () => undefined };
    return sink as unknown as CommandSink;
  });
  const session = await chat.connect("alice", IDENTITY, new CountingFormat(), new Inbox());
  await chat.rename(session.member, "bob");
  await chat.login(session, "carol");
  await chat.reclaim(session.member, "carol", "Reclaimed");
  assertEquals(checked.map((origin) => origin.split("!")[0]), ["bob", "bob", "carol"]);
});
