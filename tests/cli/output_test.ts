import { assertEquals, assertRejects } from "@std/assert";
import { OutputError, tellError, writeOut } from "../../src/cli/output.ts";

/** Writes some bytes and returns their number, or throws. */
type Write = (bytes: Uint8Array) => number;

/** Replaces stdout and stderr while a function runs; returns what was written to each. */
async function captured(write: Write, run: () => unknown): Promise<{ out: string; error: string }> {
  const [out, error]: [number[], number[]] = [[], []];
  const into = (all: number[]) => (bytes: Uint8Array) => {
    const count = write(bytes);
    all.push(...bytes.subarray(0, count));
    return count;
  };
  Object.assign(Deno.stdout, { write: (bytes: Uint8Array) => Promise.try(into(out), bytes) });
  Object.assign(Deno.stderr, { writeSync: into(error) });
  try {
    await run();
  } finally {
    Reflect.deleteProperty(Deno.stdout, "write");
    Reflect.deleteProperty(Deno.stderr, "writeSync");
  }
  const text = (bytes: number[]) => new TextDecoder().decode(new Uint8Array(bytes));
  return { out: text(out), error: text(error) };
}

Deno.test("output: all of a text is written when each write takes only a part of it", async () => {
  const { out, error } = await captured((bytes) => Math.min(3, bytes.length), async () => {
    assertEquals(await writeOut("grüße an alle\n"), true);
    tellError("größer");
  });
  assertEquals([out, error], ["grüße an alle\n", "größer\n"]);
});

Deno.test("output: a full pipe is tried again until it takes the text", async () => {
  let tries = 0;
  const { out } = await captured((bytes) => {
    if (++tries < 3) throw new Deno.errors.WouldBlock("full");
    return bytes.length;
  }, async () => assertEquals(await writeOut("text"), true));
  assertEquals([out, tries], ["text", 3]);
});

Deno.test("output: a pipe without a reader is no error, and its writer is told", async () => {
  const closed = () => {
    throw new Deno.errors.BrokenPipe("closed");
  };
  await captured(closed, async () => assertEquals(await writeOut("text"), false));
});

Deno.test("output: any other error is reported by stdout, and ignored on stderr", async () => {
  const full = () => {
    throw new Error("no space left on device");
  };
  await captured(full, async () => {
    const error = await assertRejects(() => writeOut("text", "export"), OutputError);
    assertEquals(error.message, "Cannot export: no space left on device");
    assertEquals(
      (await assertRejects(() => writeOut("text"), OutputError)).message.split(":")[0],
      "Cannot write to stdout",
    );
    tellError("text");
  });
});
