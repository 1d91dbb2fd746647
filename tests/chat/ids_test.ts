import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { firstId, Ids, readId, writeId } from "../../src/chat/ids.ts";

/** The last millisecond whose ids are safe integers: the end of 2247. */
const LAST = Date.UTC(2248, 0, 1) - 1;

const time = fc.integer({ min: 1, max: LAST });

Deno.test("ids: each is greater than those before, whatever the clock does", () => {
  const steps = fc.array(fc.oneof(time, fc.integer({ min: 1, max: 3 })), { minLength: 1, maxLength: 50 });
  fc.assert(fc.property(fc.nat({ max: firstId(LAST) }), steps, (last, times) => {
    const ids = new Ids(last);
    let before = last;
    for (const time of times) {
      const id = ids.next(time);
      assert(Number.isSafeInteger(id) && id > before, `${id} after ${before}`);
      before = id;
    }
  }));
});

Deno.test("ids: firstId is the smallest id of a time", () => {
  fc.assert(fc.property(time, fc.integer({ min: 1, max: 1000 }), (time, count) => {
    const ids = new Ids(0);
    assertEquals(ids.next(time), firstId(time));
    for (let more = 1; more < count; more++) assert(ids.next(time) < firstId(time + 1));
    assertEquals(ids.next(time + 1), firstId(time + 1));
  }));
  assertEquals([firstId(0), firstId(1.999), firstId(2)], [0, firstId(1), 2 * firstId(1)]);
  assert(Number.isSafeInteger(firstId(LAST + 1)));
});

Deno.test("ids: more than fit into a millisecond continue in the next one", () => {
  const ids = new Ids(0);
  const given = Array.from({ length: 5000 }, (_, index) => ids.next(index < 3000 ? 1 : 2));
  assertEquals(given, Array.from(given, (_, index) => firstId(1) + index));
});

Deno.test("ids: they grow while the clock is behind, and follow it when it has caught up", () => {
  const ids = new Ids(firstId(1000));
  assertEquals([ids.next(10), ids.next(999), ids.next(1000)], [1, 2, 3].map((more) => firstId(1000) + more));
  assertEquals(ids.next(1001), firstId(1001));
});

Deno.test("ids: they are ahead of a clock that was put back, until it has caught up", () => {
  const ids = new Ids(0);
  ids.next(5000);
  ids.next(5000);
  assertEquals(ids.isAheadOf(5000), false, "with lines of the same millisecond");
  ids.next(4999);
  assertEquals([ids.isAheadOf(4999), new Ids(firstId(5000)).isAheadOf(4999)], [true, true]);
  assertEquals(ids.isAheadOf(5000), false);
});

Deno.test("ids: an id is read as it was written, also with the suffix of a part", () => {
  const id = fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }));
  fc.assert(fc.property(id, fc.integer({ min: 1, max: 9999 }), (id, part) => {
    const text = writeId(id);
    assertEquals([readId(text), readId(`${text}-${part}`)], [id, id]);
    assert(/^[0-9a-z]{1,11}$/.test(text), text);
  }));
});

Deno.test("ids: a malformed id is rejected", () => {
  const tooLarge = (Number.MAX_SAFE_INTEGER + 1).toString(36);
  const wrong = ["", "0", "01", "A", "-1", "1-", "1-0", "1-01", "1-10000", "1-1-1", "1--1", "1-a", "1.5", " 1", "1 "];
  for (const text of [...wrong, "1\n", "é", "１", "no id", "zzzzzzzzzzzz", "zzzzzzzzzzz", tooLarge, `${tooLarge}-1`]) {
    assertEquals(readId(text), undefined, text);
  }
  // An id has one written form only, so that a line cannot be requested under two.
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(..."019azA- "), maxLength: 6 }), (text) => {
    const id = readId(text);
    if (id !== undefined) assertEquals(writeId(id), text.replace(/-.*/, ""));
  }));
});
