/**
 * WeeChat and nc in the same room: what WeeChat shows is read from its own logs.
 */
import { assertEquals } from "@std/assert";
import { test } from "./forms.ts";
import { notInstalled } from "./harness.ts";
import { STEPS, talk, WeeChat, weechatCannot } from "./irc_clients.ts";

test("weechat: shows the messages of nc clients and its own", async (form) => {
  const connect = async ({ irc }: { irc: number }) => {
    const carol = await WeeChat.start(irc, "carol");
    await carol.type("/join #lobby", "server.tincan");
    await carol.buffer("tincan.#lobby").until(/^--\tChannel #lobby: 2 nicks/);
    return carol;
  };
  const seen = await talk(form, connect, async (carol) => {
    const shown = carol.buffer("tincan.#lobby").shown;
    // WeeChat requests the creation time by itself, and the answer arrives at any time.
    assertEquals(shown.filter((line) => !line.startsWith("--\tChannel created on ")), [
      "-->\tcarol (carol) (~carol@HOST) has joined #lobby",
      "--\tChannel #lobby: 2 nicks (0 ops, 0 voices, 2 normals)",
      "-->\tguest (guest) (~guest@HOST) has joined #lobby",
      "--\tguest is now known as bob",
      ...STEPS.filter(({ secret }) => !secret).map(({ weechat }) => weechat),
    ]);
    const query = carol.buffer("tincan.bob");
    const gone = STEPS.at(-1)!.weechat;
    await query.until(gone);
    assertEquals(query.shown, [...STEPS.filter(({ secret }) => secret).map(({ weechat }) => weechat), gone]);
  });
  assertEquals(seen.alice, [
    "-- guest joined #lobby",
    "-- guest is now bob",
    ...STEPS.filter(({ secret }) => !secret).map(({ nc }) => nc),
    "-- caroline left #lobby (see you)",
  ]);
}, notInstalled("weechat-headless", "nc", "tail") ?? weechatCannot());
