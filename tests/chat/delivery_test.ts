/** Which rooms are flushed when, while a long round of writes yields. */
import { assertEquals } from "@std/assert";
import { SMALL_SET } from "../../src/chat/delivery.ts";
import { ChatFixture } from "./helpers.ts";

Deno.test("delivery: a large room waits for the next round when its round only yields, and other rooms do not", () => {
  const fixture = new ChatFixture();
  const speaker = fixture.enter("speaker", "#big");
  const large = speaker.rooms.get("#big")!;
  for (let n = 0; n < SMALL_SET; n++) fixture.arrive(`member${n}`, ["#big"]);
  const guest = fixture.arrive("guest", ["#tea"]);
  const small = guest.rooms.get("#tea")!;
  for (const each of [speaker, guest]) fixture.heard(each);
  const inRound = (resting: boolean, ...lines: [typeof large, string][]) => {
    for (const [room, text] of lines) fixture.chat.say(room === large ? speaker : guest, room, text);
    fixture.chat.flush(false, resting);
    return [speaker, guest].map((each) => fixture.told(each));
  };
  inRound(false, [large, "0"]);
  assertEquals(inRound(true, [large, "1"], [small, "a"]), [[], ["said #tea guest a say"]]);
  assertEquals(inRound(true, [small, "b"]), [[], ["said #tea guest b say"]]);
  assertEquals(inRound(false), [["said #big speaker 1 say"], []]);
});

Deno.test("delivery: a large room is flushed when the round has yielded and did not begin with it", () => {
  const fixture = new ChatFixture();
  const speaker = fixture.enter("speaker", "#big");
  const room = speaker.rooms.get("#big")!;
  for (let n = 0; n < SMALL_SET; n++) fixture.arrive(`member${n}`, ["#big"]);
  fixture.chat.flush();
  fixture.chat.flush(); // a round of other rooms
  fixture.told(speaker);
  fixture.chat.say(speaker, room, "1");
  fixture.chat.flush(false, true);
  assertEquals(fixture.told(speaker), ["said #big speaker 1 say"]);
});
