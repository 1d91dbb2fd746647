/** Which rooms are flushed when, while a long round of writes yields. */
import { assertEquals } from "@std/assert";
import { SMALL_SET } from "../../src/chat/delivery.ts";
import { Chat } from "./helpers.ts";

Deno.test("delivery: a large room waits for the next round when its round only yields, and other rooms do not", () => {
  const chat = new Chat();
  const speaker = chat.enter("speaker", "#big");
  const large = speaker.rooms.get("#big")!;
  for (let n = 0; n < SMALL_SET; n++) chat.arrive(`member${n}`, ["#big"]);
  const guest = chat.arrive("guest", ["#tea"]);
  const small = guest.rooms.get("#tea")!;
  for (const each of [speaker, guest]) chat.heard(each);
  const inRound = (resting: boolean, ...lines: [typeof large, string][]) => {
    for (const [room, text] of lines) chat.hub.say(room === large ? speaker : guest, room, text);
    chat.hub.flush(false, resting);
    return [speaker, guest].map((each) => chat.told(each));
  };
  inRound(false, [large, "0"]);
  assertEquals(inRound(true, [large, "1"], [small, "a"]), [[], ["said #tea guest a say"]]);
  assertEquals(inRound(true, [small, "b"]), [[], ["said #tea guest b say"]]);
  assertEquals(inRound(false), [["said #big speaker 1 say"], []]);
});

Deno.test("delivery: a large room is flushed when the round has yielded and did not begin with it", () => {
  const chat = new Chat();
  const speaker = chat.enter("speaker", "#big");
  const room = speaker.rooms.get("#big")!;
  for (let n = 0; n < SMALL_SET; n++) chat.arrive(`member${n}`, ["#big"]);
  chat.hub.flush();
  chat.hub.flush(); // a round of other rooms
  chat.told(speaker);
  chat.hub.say(speaker, room, "1");
  chat.hub.flush(false, true);
  assertEquals(chat.told(speaker), ["said #big speaker 1 say"]);
});
