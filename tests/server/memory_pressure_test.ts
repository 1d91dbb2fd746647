import { assertEquals } from "@std/assert";
import { BUFFERED_MAX, BUFFERED_TARGET, disconnectSlowest, MEMORY_SHORT } from "../../src/server/memory_pressure.ts";

const LIMIT = 8000;

/** Clients with buffers of these sizes, and the indexes of those that were disconnected, in order. */
function clients(...held: number[]) {
  const disconnected: number[] = [];
  const abort = (i: number) => (reason: string) => {
    assertEquals(reason, MEMORY_SHORT);
    disconnected.push(i);
  };
  return { disconnected, all: held.map((held, i) => ({ held, abort: abort(i) })) };
}

Deno.test("memory pressure: no client is disconnected below the limit, however large the buffers are", () => {
  const { disconnected, all } = clients(LIMIT, LIMIT, LIMIT);
  assertEquals(disconnectSlowest(all, LIMIT, LIMIT), 0);
  assertEquals(disconnected, []);
});

Deno.test("memory pressure: no client is disconnected above the limit when buffers are not the cause", () => {
  const { disconnected, all } = clients(LIMIT * BUFFERED_MAX - 10, 10);
  assertEquals(disconnectSlowest(all, LIMIT, LIMIT + 1), 0);
  assertEquals(disconnected, []);
});

Deno.test("memory pressure: the clients with the largest buffers are disconnected, and no more than necessary", () => {
  const { disconnected, all } = clients(0, 300, 900, 0, 500, 400);
  assertEquals(disconnectSlowest(all, LIMIT, LIMIT + 1), 2);
  assertEquals(disconnected, [2, 4]);
  const left = all.filter((_, i) => !disconnected.includes(i)).reduce((sum, { held }) => sum + held, 0);
  assertEquals(left <= LIMIT * BUFFERED_TARGET, true, `${left}`);
});

Deno.test("memory pressure: all clients are disconnected when each buffer is above the target", () => {
  const { disconnected, all } = clients(LIMIT, LIMIT);
  assertEquals(disconnectSlowest(all, LIMIT, 2 * LIMIT), 2);
  assertEquals(disconnected, [0, 1]);
});
