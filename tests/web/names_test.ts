/** Tests that the page compares names as the server does, and finds them in messages. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { fold as serverFold } from "../../src/chat/names.ts";
import type { Chat } from "../../src/web/chat.js";
import { completions } from "../../src/web/completion.js";
import { Model } from "../../src/web/model.js";
import { fold } from "../../src/web/room.js";

Deno.test("names: the page folds names as the server does", () => {
  const letter = fc.constantFrom(..."aZ[{^~#éÉßςΣАя田ｱﾞＡعİ\u0301\u0308\u3099");
  fc.assert(fc.property(fc.oneof(fc.string({ unit: letter }), fc.string({ unit: "grapheme" })), (name) => {
    assertEquals(fold(name), serverFold(name));
  }));
});

Deno.test("names: a nickname is found in a message as a word, in any case", () => {
  const model = new Model();
  const cases: [nick: string, text: string, mentioned: boolean][] = [
    ["alice", "ALICE: hi", true],
    ["alice", "malice", false],
    ["alice", "alice_", false],
    ["[bot]", "see [BOT]!", true],
    ["a|b^`\\{}-_", "x A|b^`\\{}-_ y", true],
    ["Zoë", "hi, ZOE\u0308!", true],
    ["Zoë", "Zoëlle", false],
    ["Zoë", "Zoe", false],
    ["Νίκος", "ΝΊΚΟΣ, έλα", true],
    ["عمر", "يا عمر!", true],
    ["عمر", "عمران", false],
    // Written without spaces between words, or with endings.
    ["田中さん", "こんにちは田中さんは", true],
    ["김철수", "김철수가 왔다", true],
    ["ไทย", "สวัสดีไทยครับ", true],
    ["Zoë", "Zoëさん", true],
  ];
  for (const [nick, text, mentioned] of cases) {
    model.nick = nick;
    assertEquals(model.mentions(text), mentioned, `${nick} in ${text}`);
  }
});

Deno.test("names: a nickname outside ASCII is completed in any case, and moves with a change of nickname", () => {
  const model = new Model();
  model.nick = "alice";
  const room = model.open("#чай");
  model.setState(room, "in");
  for (const nick of ["alice", "Zoë", "Ωμέγα", "田中さん"]) model.addMember(room, nick, "");
  const complete = (before: string) => completions({ model } as unknown as Chat, room, before).options;
  assertEquals(complete("zo"), ["Zoë: "]);
  assertEquals(complete("hi ωΜΈ"), ["Ωμέγα "]);
  assertEquals(complete("田"), ["田中さん: "]);
  assertEquals(complete("#Ч"), ["#чай "]);
  assertEquals(model.find("#ЧАЙ"), room);
});
