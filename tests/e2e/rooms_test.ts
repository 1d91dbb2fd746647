/**
 * Rooms that belong to accounts, tested end to end: after a restart they are their owner's.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { test } from "./forms.ts";
import { Client, start } from "./harness.ts";
import { Directory } from "./history_store.ts";

const PASSWORD = "open-sesame";

test("rooms: after kill -9, a room is its owner's again, and the user who comes first has no say", async (form) => {
  await using directory = await Directory.make();
  const args = ["--data", directory.path];
  {
    await using server = await start(form, args);
    using alice = await Client.join(server.port);
    await alice.send("/nick alice", `/register ${PASSWORD}`, "/join #tea", "for the record", "/join #den", "/mode +i");
    await alice.until(/^-- alice made #den invite-only/);
    server.kill("SIGKILL");
    await server.code();
  }
  await using server = await start(form, args);
  using eve = await Client.join(server.port);
  await eve.send("/nick eve", "/join #den", "/join #tea", "/mode +k mine", "/who");
  await eve.until(/^-- #den is invite-only\./);
  await eve.until(/^-- Only operators of #tea can do that\./);
  await eve.until(/^-- eve \(you\)$/);
  using alice = await Client.join(server.port);
  await alice.send("/nick ally", `/login alice ${PASSWORD}`, "/join #den");
  await alice.until(/^-- You are an owner of #den\.$/);
  await alice.send("/join #tea", "/ban eve");
  assertMatch(await eve.until(/^-- alice is an owner/), /^-- alice is an owner of #tea$/);
  await eve.until(/^-- alice kicked eve from #tea \(Banned\)$/);
  await eve.until(/#lobby/);
  await eve.send("/nick eva", "/join #tea");
  assertEquals(
    await eve.until(/^-- You are banned/),
    "-- You are banned from #tea. Ask an operator of the room to lift the ban.",
  );
});

test("rooms: a renamed room has its history and owner after a restart", async (form) => {
  await using directory = await Directory.make();
  const args = ["--data", directory.path];
  {
    await using server = await start(form, args);
    using alice = await Client.join(server.port);
    await alice.send(
      "/nick alice",
      `/register ${PASSWORD}`,
      "/join #tea",
      "about tea",
      "/rename #coffee",
      "about coffee",
    );
    await alice.until(/^<alice> about coffee$/);
    server.kill("SIGTERM");
    await server.code();
  }
  await using server = await start(form, args);
  using alice = await Client.join(server.port);
  await alice.send("/nick ally", `/login alice ${PASSWORD}`, "/join #coffee");
  await alice.until(/^-- You are an owner of #coffee\.$/);
  await alice.until(/ <alice> about tea$/);
  await alice.until(/ <alice> about coffee$/);
});
