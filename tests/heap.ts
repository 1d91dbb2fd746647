/** Measures how much memory a function retains after garbage collection. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Runs a function and returns the growth of the heap after garbage collection, in bytes, without buffers. */
export async function grownBy(body: () => void | Promise<void>): Promise<number> {
  return (await grown(body)).heap;
}

/** Like {@linkcode grownBy}, with buffers. Counts this test file alone, also when others run in the same process. */
export async function grownWithBuffersBy(body: () => void | Promise<void>): Promise<number> {
  const { heap, buffers } = await grown(body);
  return heap + buffers;
}

async function grown(body: () => void | Promise<void>): Promise<{ heap: number; buffers: number }> {
  collect();
  const before = Deno.memoryUsage();
  await body();
  await new Promise((resolve) => setTimeout(resolve)); // the last task's references are released by then
  collect();
  const after = Deno.memoryUsage();
  return { heap: after.heapUsed - before.heapUsed, buffers: after.external - before.external };
}
