/**
 * Names outside ASCII on nc, WeeChat and the page.
 */
import { assertEquals } from "@std/assert";
import { missing, within } from "./browser.ts";
import { test } from "./forms.ts";
import { notInstalled, source } from "./harness.ts";
import { Nc, WeeChat, weechatCannot } from "./irc_clients.ts";

const cannot = missing ?? notInstalled("weechat-headless", "nc", "tail") ?? weechatCannot();

test(
  "names: clients on nc, WeeChat and the page have names in three scripts, in a room of a fourth",
  async (form) => {
    await within(form, async (world) => {
      await using zoe = await WeeChat.start(world.server.ircPort, "Zoë");
      await zoe.type("/join #чай", "server.tincan");
      const room = zoe.buffer("tincan.#чай");
      await room.until(/^--\tChannel #чай: 1 nick /);

      await using omar = new Nc(world.server.port);
      await omar.until(/^-- Welcome/);
      await omar.type("/nick عمر");
      await omar.type("/join #ЧАЙ");
      await omar.until("-- You are in #чай with 1 other.");

      const tanaka = await world.guest("田中さん");
      await tanaka.say("/join #Чай");
      await tanaka.isIn("#чай");
      await omar.until("-- 田中さん joined #чай");
      await room.until(/^-->\t田中さん \(田中さん\) /);

      await omar.type("سلام, 田中さんへ");
      await tanaka.sees("سلام, 田中さんへ");
      await room.until("عمر\tسلام, 田中さんへ");
      await tanaka.page.locator(".line.mention").filter({ hasText: "سلام" }).waitFor();
      await zoe.type("ça va?", "tincan.#чай");
      await omar.until("<Zoë> ça va?");
      await tanaka.sees("ça va?");
      await tanaka.composer.fill("zo");
      await tanaka.composer.press("Tab");
      assertEquals(await tanaka.composer.inputValue(), "Zoë: ");
      await tanaka.say("はい");
      await room.until("田中さん\tはい");

      // Private messages, in other spellings of the names: capital letters, and a letter and its accent apart.
      await omar.type("/msg ZOE\u0308 psst");
      await omar.until("-> *Zoë* psst");
      await zoe.buffer("tincan.عمر").until("عمر\tpsst");
      await tanaka.say("/msg عمر しーっ");
      await omar.until("*田中さん* しーっ");

      // A name that looks like another one, a ban, and a new name.
      await omar.type("/nick Zo\u0451");
      await omar.until(/^-- Invalid nickname: /);
      await omar.type("/nick 由中");
      await omar.until("-- عمر is now 由中");
      await room.until("--\tعمر is now known as 由中");
      await zoe.type("/ban 由中", "tincan.#чай");
      await omar.until(/^-- Zoë set mode \+b 由中!\*@\*|^-- Zoë /);
      await omar.type("hello?");
      await omar.until(/^-- You cannot speak in #чай/);
    });
  },
  cannot,
  [source],
);
