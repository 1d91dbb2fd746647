/** Tests the format of exports where no file is needed; `import_test.ts` and `export_test.ts` have the rest. */
import { assert, assertEquals } from "@std/assert";
import { ACCOUNT_HOST } from "../../src/chat/conversations.ts";
import { firstId } from "../../src/chat/ids.ts";
import { STORED_TOPIC_MAX } from "../../src/chat/lengths.ts";
import { KEY_MAX, MASK_MAX, MASKS_MAX, SWITCHES } from "../../src/chat/modes.ts";
import type { Line } from "../../src/chat/store.ts";
import { lastChange, readEntry, TAGS_MAX } from "../../src/history/jsonl.ts";
import { THEN } from "./stores.ts";

const TIME = new Date(THEN).toISOString();

type Fields = Readonly<Record<string, unknown>>;

function room(fields: Fields = {}): string {
  const none = { topic: null, modes: "", key: null, limit: null, masks: [] };
  return JSON.stringify({ kind: "room", name: "#tea", since: TIME, at: TIME, ...none, ...fields });
}

function message(fields: Fields = {}): string {
  const said = { id: firstId(THEN), time: TIME, style: "say", from: "alice!~a@h", text: "hi", tags: "", bot: false };
  return JSON.stringify({ kind: "message", ...said, ...fields });
}

Deno.test("jsonl: values at their limits are accepted", () => {
  const masks = Array.from({ length: MASKS_MAX }, (_, n) => ({ list: "b", mask: `bob${n}!*@*`, by: "*", at: TIME }));
  const longest = { list: "b", mask: `${"a".repeat(MASK_MAX - 4)}!*@*`, by: "*", at: TIME };
  const early = Date.now() + 23 * 60 * 60_000; // the clock of the other server may be ahead
  for (
    const fields of [
      { topic: { text: "😀".repeat(STORED_TOPIC_MAX), by: "*", at: TIME } },
      { modes: SWITCHES.join("") },
      { key: "k".repeat(KEY_MAX) },
      { limit: 1 },
      { limit: 999_999_999 },
      { masks },
      { masks: [longest] },
      { at: new Date(early).toISOString() },
    ]
  ) assertEquals(readEntry(room(fields)).kind, "room", Object.keys(fields).join());
  for (const fields of [{ tags: `+a=${"x".repeat(TAGS_MAX - 3)}` }, { id: firstId(early) }]) {
    const entry = readEntry(message({ room: "#tea", ...fields }));
    assert(entry.kind === "message");
    assertEquals({ ...entry.line, ...fields }, entry.line);
  }
  assertEquals(readEntry('{"tincan":1,"messages":0}'), { kind: "head", messages: 0 });
});

Deno.test("jsonl: a private message belongs to the conversation of its owner with the other side", () => {
  const targets = [
    [{ owner: "Alice@h" }, "alice@h bob"],
    [{ owner: "Bob@h" }, "bob@h alice"],
    [{ owner: "bob@h/mz3k.5" }, "bob@h/mz3k.5 alice"], // of one connection of a guest
    [{ owner: `alice@${ACCOUNT_HOST}`, with: "Bob" }, `alice@${ACCOUNT_HOST} bob`],
    [{ owner: `bob@${ACCOUNT_HOST}`, with: "Alice" }, `bob@${ACCOUNT_HOST} alice`],
    [{ owner: `carol@${ACCOUNT_HOST}`, with: "bob" }, `carol@${ACCOUNT_HOST} bob`], // under another nickname
  ] as const;
  for (const [fields, target] of targets) {
    const entry = readEntry(message({ to: "bob", ...fields }));
    assertEquals(entry.kind === "message" ? entry.target : undefined, target);
  }
});

Deno.test("jsonl: a room is as new as the latest of its creation, topic, masks and last line", () => {
  const by = "*";
  const plain = {
    name: "#tea",
    since: 1,
    topic: undefined,
    switches: [],
    password: undefined,
    limit: 1,
    masks: [],
    roles: [],
  };
  const topic = { text: "tea", by, at: 2 };
  const masks = [4, 3].map((at) => ({ list: "b", mask: `a${at}!*@*`, by, at } as const));
  const { line } = readEntry(message({ room: "#tea" })) as { line: Line };
  assertEquals([
    lastChange(plain, undefined),
    lastChange({ ...plain, topic }, undefined),
    lastChange({ ...plain, topic, masks }, undefined),
    lastChange({ ...plain, topic, masks, since: 5 }, undefined),
    lastChange({ ...plain, topic, masks, since: 5 }, { ...line, time: 6 }),
  ], [1, 2, 4, 5, 6]);
});
