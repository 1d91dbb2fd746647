/** The secret of a cluster, which replaces that of a file. */
import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { secretSection } from "../../src/chat/secret_section.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { Place } from "./helpers.ts";

Deno.test("secret: a node adopts that of a snapshot, and has it after its file is opened again", async () => {
  using one = new Place();
  using other = new Place();
  const first = await one.open();
  const second = await other.open();
  const { secret } = first;
  assertNotEquals(secret, second.secret);
  const records = [...secretSection(first).take()];
  secretSection(second).restore(JSON.parse(JSON.stringify(records)));
  assertEquals(second.secret, secret);
  assertEquals((await other.open()).secret, secret);
  const memory = new MemoryHistory();
  secretSection(memory).restore(records);
  assertEquals(new Uint8Array(memory.secret), secret); // it is a Buffer
});

Deno.test("secret: one that is not valid is rejected, and the old one stays", async () => {
  using place = new Place();
  const history = await place.open();
  const { secret } = history;
  const valid = [...secretSection(history).take()][0]!;
  for (const records of [[], [7], ["$"], [valid.slice(0, 40)], [valid, valid]]) {
    assertThrows(() => secretSection(history).restore(records), Error, "Cannot adopt the secret of the cluster");
  }
  assertEquals((await place.open()).secret, secret);
});
