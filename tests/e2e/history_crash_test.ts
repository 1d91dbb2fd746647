/**
 * The promise of `--data`: what anybody has received is kept, whenever the server dies.
 */
import { createHash } from "node:crypto";
import { assert, assertEquals } from "@std/assert";
import { test } from "./forms.ts";
import { Client, type Form, type Program, start } from "./harness.ts";
import { Flood, type Heard, ROOMS, seeded } from "./history_flood.ts";
import { ask, Directory, historyFor, type Row } from "./history_store.ts";

/** How often the server is killed. */
const CRASHES = Number(Deno.env.get("TINCAN_CRASHES") ?? 20);

/** What it depends on at which moments that is, and what is said. */
const SEED = Number(Deno.env.get("TINCAN_SEED") ?? Date.now() % 1e6);

/** How long everybody talks before, in milliseconds, at the most: longer than a turn of the server takes under such a load. */
const MOMENT = 300;

const FLAGS = ["--rate", "off", "--send-buffer", "64MiB", "--announce", "0", "--keep", "off", "--keep-lines", "off"];

/** The lines of a round. */
interface Round {
  /** How many of them somebody received, and how many were there after the restart. */
  readonly received: number;
  readonly kept: number;
  /** The last of them, and a digest of them all. */
  readonly last: number;
  readonly digest: string;
}

test(`what anybody has received is there after kill -9, once, and in its order (seed ${SEED})`, async (form) => {
  await using directory = await Directory.make();
  const random = seeded(SEED);
  const rounds: Round[] = [];
  let flood: Flood | undefined;
  while (true) {
    await using server = await start(form, ["--data", directory.path, ...FLAGS]);
    if (flood !== undefined) rounds.push(await compare(server, directory, flood, rounds));
    if (rounds.length === CRASHES) break;
    flood = await Flood.begin(server, rounds.length, random);
    await new Promise((resolve) => setTimeout(resolve, random() * MOMENT)); // nothing is waited for: any moment will do
    if (rounds.length % 2 === 0) await flood.news(); // or else the very moment in which something is handed out
    server.kill("SIGKILL");
    await flood.over();
  }
  for (const [i, { last, digest }] of rounds.entries()) {
    assertEquals(digestOf(directory, rounds[i - 1]?.last ?? 0, last), digest, `round ${i} is as it was`);
  }
  assertEquals(directory.query("PRAGMA integrity_check"), [{ integrity_check: "ok" }]);
  if (Deno.env.has("TINCAN_CRASHES")) report(form, rounds);
});

/** Compares what was received in the last round with what is there now. */
async function compare(server: Program, directory: Directory, flood: Flood, before: Round[]): Promise<Round> {
  const after = before.at(-1)?.last ?? 0;
  let received = 0;
  let kept = 0;
  for (const room of ROOMS) {
    const rows = directory.rows(room, after);
    assertEquals(new Set(rows.map(({ text }) => text)).size, rows.length, `${room}: each line is there once`);
    const heard = flood.ears.filter((ear) => ear.room === room).map((ear) => ear.heard(before.length));
    assert(heard.every(({ length }) => length > 0), `${room}: everybody received something`);
    for (const lines of heard) assertBegins(rows, lines, room);
    received += Math.max(...heard.map(({ length }) => length));
    kept += rows.length;
    await assertShown(server, room, rows.slice(-1000));
  }
  const [all] = directory.query<{ count: number; last: number }>(
    "SELECT count(*) AS count, max(id) AS last FROM message",
  );
  assertEquals(all!.count, before.reduce((sum, round) => sum + round.kept, kept), "there is nothing else");
  return { received, kept, last: all!.last, digest: digestOf(directory, after, all!.last) };
}

/** What somebody heard is what is kept, from the first line on: none is missing, none is twice, none is elsewhere. */
function assertBegins(rows: readonly Row[], heard: readonly Heard[], room: string) {
  for (const [i, line] of heard.entries()) {
    const row = rows[i];
    const same = row !== undefined && row.who === line.who && row.text === line.text &&
      (line.id ?? row.id) === row.id && (line.time ?? row.time) === row.time;
    if (!same) assertEquals<unknown>(row, line, `${room}: line ${i + 1} of the ${heard.length} that somebody received`);
  }
}

/** Who asks is shown what is kept. */
async function assertShown(server: Program, room: string, rows: readonly Row[]) {
  using client = await Client.join(server.port);
  await ask(client, `/join ${room}`);
  assertEquals(await historyFor(client, rows.length), rows.map(({ who, text }) => `<${who}> ${text}`));
}

/** A digest of all lines between two. */
function digestOf(directory: Directory, after: number, last: number): string {
  const hash = createHash("sha256");
  const sql = "SELECT * FROM message WHERE id > ? AND id <= ? ORDER BY target, id";
  for (const row of directory.query(sql, after, last)) hash.update(`${JSON.stringify(row)}\n`);
  return hash.digest("hex");
}

/** Prints what became of the lines. */
function report(form: Form, rounds: readonly Round[]) {
  console.log(`\n${form.name}, seed ${SEED}: lines received, kept, kept but not received`);
  const line = (name: string, received: number, kept: number) => {
    console.log([name, received, kept, kept - received].map((cell) => String(cell).padStart(8)).join(" "));
  };
  for (const [i, { received, kept }] of rounds.entries()) line(`${i + 1}`, received, kept);
  const sum = (of: (round: Round) => number) => rounds.reduce((total, round) => total + of(round), 0);
  line("all", sum(({ received }) => received), sum(({ kept }) => kept));
}
