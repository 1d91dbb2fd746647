/**
 * The guarantee of `--data`: every line that a client received is stored, whenever the server crashes.
 */
import { createHash } from "node:crypto";
import { assert, assertEquals } from "@std/assert";
import { test } from "./forms.ts";
import { Client, type Form, type Program, start } from "./harness.ts";
import { Flood, type Heard, ROOMS, seeded } from "./history_flood.ts";
import { ask, Directory, historyFor, type Row } from "./history_store.ts";

/** How often the server is killed. */
const CRASHES = Number(Deno.env.get("TINCAN_CRASHES") ?? 20);

/** Seed for the times of the crashes and for the messages. */
const SEED = Number(Deno.env.get("TINCAN_SEED") ?? Date.now() % 1e6);

/** Longest traffic before a crash, in milliseconds: more than one iteration of the server's event loop takes. */
const MAX_DELAY = 300;

const FLAGS = ["--rate", "off", "--send-buffer", "64MiB", "--announce", "0", "--keep", "off", "--keep-lines", "off"];

/** The result of a round: the traffic between two crashes. */
interface Round {
  /** How many lines were received by a client, and how many were stored after the restart. */
  readonly received: number;
  readonly stored: number;
  /** The id of the last stored line, and a digest of all lines of the round. */
  readonly last: number;
  readonly digest: string;
}

test(`history: each received line is stored once and in order after kill -9 (seed ${SEED})`, async (form) => {
  await using directory = await Directory.make();
  const random = seeded(SEED);
  const rounds: Round[] = [];
  let flood: Flood | undefined;
  while (true) {
    await using server = await start(form, ["--data", directory.path, ...FLAGS]);
    if (flood !== undefined) rounds.push(await compare(server, directory, flood, rounds));
    if (rounds.length === CRASHES) break;
    flood = await Flood.begin(server, rounds.length, random);
    await new Promise((resolve) => setTimeout(resolve, random() * MAX_DELAY)); // a random moment, not a wait
    if (rounds.length % 2 === 0) await flood.nextInput(); // every other crash hits a moment of delivery
    server.kill("SIGKILL");
    await flood.closed();
  }
  for (const [i, { last, digest }] of rounds.entries()) {
    assertEquals(digestOf(directory, rounds[i - 1]?.last ?? 0, last), digest, `round ${i} is unchanged`);
  }
  assertEquals(directory.query("PRAGMA integrity_check"), [{ integrity_check: "ok" }]);
  if (Deno.env.has("TINCAN_CRASHES")) report(form, rounds);
});

/** Compares the lines received in the last round with the stored lines. */
async function compare(server: Program, directory: Directory, flood: Flood, before: Round[]): Promise<Round> {
  const after = before.at(-1)?.last ?? 0;
  let received = 0;
  let stored = 0;
  for (const room of ROOMS) {
    const rows = directory.rows(room, after);
    assertEquals(new Set(rows.map(({ text }) => text)).size, rows.length, `${room}: each line is stored once`);
    const inRoom = flood.receivers.filter((receiver) => receiver.room === room);
    const heard = inRoom.map((receiver) => receiver.heard(before.length));
    assert(heard.every(({ length }) => length > 0), `${room}: every client received a line`);
    for (const lines of heard) assertBegins(rows, lines, room);
    received += Math.max(...heard.map(({ length }) => length));
    stored += rows.length;
    await assertShown(server, room, rows.slice(-1000));
  }
  const [all] = directory.query<{ count: number; last: number }>(
    "SELECT count(*) AS count, max(id) AS last FROM message",
  );
  assertEquals(all!.count, before.reduce((sum, round) => sum + round.stored, stored), "no other line is stored");
  return { received, stored, last: all!.last, digest: digestOf(directory, after, all!.last) };
}

/** Asserts that the stored lines begin with the received ones: none is missing, duplicated or out of place. */
function assertBegins(rows: readonly Row[], heard: readonly Heard[], room: string) {
  for (const [i, line] of heard.entries()) {
    const row = rows[i];
    const same = row !== undefined && row.who === line.who && row.text === line.text &&
      (line.id ?? row.id) === row.id && (line.time ?? row.time) === row.time;
    if (!same) assertEquals<unknown>(row, line, `${room}: line ${i + 1} of ${heard.length} received lines`);
  }
}

/** Asserts that `/history` shows the stored lines. */
async function assertShown(server: Program, room: string, rows: readonly Row[]) {
  using client = await Client.join(server.port);
  await ask(client, `/join ${room}`);
  assertEquals(await historyFor(client, rows.length), rows.map(({ who, text }) => `<${who}> ${text}`));
}

/** Digest of the stored lines with ids after `after` up to `last`. */
function digestOf(directory: Directory, after: number, last: number): string {
  const hash = createHash("sha256");
  const sql = "SELECT * FROM message WHERE id > ? AND id <= ? ORDER BY target, id";
  for (const row of directory.query(sql, after, last)) hash.update(`${JSON.stringify(row)}\n`);
  return hash.digest("hex");
}

/** Prints how many lines were received and stored in each round. */
function report(form: Form, rounds: readonly Round[]) {
  console.log(`\n${form.name}, seed ${SEED}: lines received, stored, stored but not received`);
  const line = (name: string, received: number, stored: number) => {
    console.log([name, received, stored, stored - received].map((cell) => String(cell).padStart(8)).join(" "));
  };
  for (const [i, { received, stored }] of rounds.entries()) line(`${i + 1}`, received, stored);
  const sum = (of: (round: Round) => number) => rounds.reduce((total, round) => total + of(round), 0);
  line("all", sum(({ received }) => received), sum(({ stored }) => stored));
}
