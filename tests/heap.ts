/** How much memory something keeps, once all that is not kept is gone. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Does something, and returns by how many bytes the heap has grown for good. */
export async function grownBy(body: () => void | Promise<void>): Promise<number> {
  collect();
  const before = Deno.memoryUsage().heapUsed;
  await body();
  await new Promise((resolve) => setTimeout(resolve)); // what the last turn still holds is none of it
  collect();
  return Deno.memoryUsage().heapUsed - before;
}
