/** Checks that the encoding of each command stays the same: see `golden.ts`. */
import { assertEquals } from "@std/assert";
import { encodeCommand } from "../../src/cluster/batches.ts";
import { CODEC_VERSION } from "../../src/cluster/command_codec.ts";
import { decodeEntry, encodeSamples, type Entry, readGolden, RELEASED } from "./golden.ts";

/** The version of what is added next. */
const NEXT = RELEASED < CODEC_VERSION ? CODEC_VERSION : CODEC_VERSION + 1;

const HOW_TO_ADD = `
To add something: CODEC_VERSION in src/cluster/command_codec.ts is ${NEXT}, the new row, field or number has that version,
and the new command or field an example in tests/cluster/golden.ts. Then write the new entries and look at the difference:
  deno run --allow-read --allow-write=tests/cluster tests/cluster/write_golden.ts && git diff tests/cluster/golden.txt`;

/** What to do when an entry is not what it was. */
function hint({ title, version }: Entry): string {
  return version <= RELEASED
    ? `${title} has changed, and a release has this version. Nodes of that release would read it differently: undo the change.
Codes, numbers and the places of fields never change.${HOW_TO_ADD}`
    : `${title} has changed. No release has this version yet, so it may change: write the entries again.${HOW_TO_ADD}`;
}

/** A value with the fields alone that another has, in its order: without those that later versions have added. */
function restrictedTo(shape: unknown, value: unknown): unknown {
  if (Array.isArray(shape) && Array.isArray(value)) return value.map((each, i) => restrictedTo(shape[i], each));
  if (typeof shape !== "object" || shape === null || typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(shape).map(([name, each]) => [name, restrictedTo(each, (value as Record<string, unknown>)[name])]),
  );
}

/** What a function returns, or the error that it throws. */
function attempt(what: () => unknown): unknown {
  try {
    return what();
  } catch (error) {
    return `${error}`;
  }
}

const golden = await readGolden();

Deno.test("cluster: every entry of the golden file is decoded as it was", () => {
  for (const entry of golden) {
    const command = JSON.parse(entry.command);
    const now = attempt(() => restrictedTo(command, decodeEntry(entry)));
    assertEquals(JSON.stringify(now), entry.command, hint(entry));
  }
});

Deno.test("cluster: every entry of the golden file is encoded as it was", () => {
  for (const entry of golden) {
    const now = attempt(() => encodeCommand(decodeEntry(entry)!, entry.version));
    assertEquals(now, entry.encoded, hint(entry));
  }
});

Deno.test("cluster: the golden file has every command, with all fields and without its optional ones", () => {
  const known = new Set(golden.map(({ title, encoded }) => `${title}: ${encoded}`));
  const missing = encodeSamples().map(({ title, encoded }) => `${title}: ${encoded}`).filter((each) =>
    !known.has(each)
  );
  assertEquals(missing, [], `Something is not in the golden file.${HOW_TO_ADD}`);
});

Deno.test("cluster: the golden file has no version that the program does not know", () => {
  assertEquals(golden.filter(({ version }) => !(version >= 1 && version <= CODEC_VERSION)), []);
  assertEquals(RELEASED <= CODEC_VERSION, true);
});
