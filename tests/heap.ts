/** How much memory something keeps, once all that is not kept is gone. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Does something, and returns by how many bytes the heap has grown for good; buffers are not in it. */
export async function grownBy(body: () => void | Promise<void>): Promise<number> {
  return (await grown(body)).heap;
}

/** The same, with buffers. All that is of this test file alone, where others run at the same time in the same process. */
export async function grownWithBuffersBy(body: () => void | Promise<void>): Promise<number> {
  const { heap, buffers } = await grown(body);
  return heap + buffers;
}

async function grown(body: () => void | Promise<void>): Promise<{ heap: number; buffers: number }> {
  collect();
  const before = Deno.memoryUsage();
  await body();
  await new Promise((resolve) => setTimeout(resolve)); // what the last turn still holds is none of it
  collect();
  const after = Deno.memoryUsage();
  return { heap: after.heapUsed - before.heapUsed, buffers: after.external - before.external };
}
