import { assertEquals } from "@std/assert";
import { HELD_AFTER, HELD_MAX, MEMORY_SHORT, relieve } from "../../src/server/memory_pressure.ts";

const LIMIT = 8000;

/** Clients for whom so much is held; which of them were let go of, in order. */
function clients(...held: number[]) {
  const gone: number[] = [];
  const abort = (i: number) => (reason: string) => {
    assertEquals(reason, MEMORY_SHORT);
    gone.push(i);
  };
  return { gone, all: held.map((held, i) => ({ held, abort: abort(i) })) };
}

Deno.test("nobody is let go of while there is memory, however much is held", () => {
  const { gone, all } = clients(LIMIT, LIMIT, LIMIT);
  assertEquals(relieve(all, LIMIT, LIMIT), 0);
  assertEquals(gone, []);
});

Deno.test("nobody is let go of when memory is short for another reason", () => {
  const { gone, all } = clients(LIMIT * HELD_MAX - 10, 10);
  assertEquals(relieve(all, LIMIT, LIMIT + 1), 0);
  assertEquals(gone, []);
});

Deno.test("when memory is short those go for whom most is held, and no more than have to", () => {
  const { gone, all } = clients(0, 300, 900, 0, 500, 400);
  assertEquals(relieve(all, LIMIT, LIMIT + 1), 2);
  assertEquals(gone, [2, 4]);
  const left = all.filter((_, i) => !gone.includes(i)).reduce((sum, { held }) => sum + held, 0);
  assertEquals(left <= LIMIT * HELD_AFTER, true, `${left}`);
});

Deno.test("all may have to go", () => {
  const { gone, all } = clients(LIMIT, LIMIT);
  assertEquals(relieve(all, LIMIT, 2 * LIMIT), 2);
  assertEquals(gone, [0, 1]);
});
