/**
 * What is kept, seen from outside the program: the directory, and what SQLite finds in the file in it. Also makes files
 * that look as if tincan had been here before.
 */
import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { firstId } from "../../src/chat/ids.ts";
import { NEW_ROOM } from "../../src/chat/modes.ts";
import { fold } from "../../src/chat/names.ts";
import { Database } from "../../src/history/database.ts";
import { SqliteHistory } from "../../src/history/sqlite.ts";
import { Client, type Program, within } from "./harness.ts";

/** A line that is kept. */
export interface Row {
  readonly id: number;
  readonly time: number;
  /** Who said it: a nick. */
  readonly who: string;
  readonly text: string;
}

/** A directory to give to `--data`; it is gone with all that is in it. */
export class Directory implements AsyncDisposable {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<Directory> {
    return new Directory(await Deno.makeTempDir());
  }

  /** Where the file is, or another one beside it. */
  file(name = "tincan.db"): string {
    return `${this.path}/${name}`;
  }

  /** What is in its files: of each, how many bytes, and a digest. */
  async contents(): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for await (const { name } of Deno.readDir(this.path)) {
      const bytes = await Deno.readFile(this.file(name));
      found[name] = `${bytes.length} bytes, ${createHash("sha256").update(bytes).digest("hex")}`;
    }
    return found;
  }

  /** Copies all files in it into another one. */
  async copy(): Promise<Directory> {
    const copy = await Directory.make();
    for await (const { name } of Deno.readDir(this.path)) await Deno.copyFile(this.file(name), copy.file(name));
    return copy;
  }

  /** Asks SQLite, which whoever uses the file does not notice. */
  query<T>(sql: string, ...values: (string | number)[]): T[] {
    const db = new DatabaseSync(this.file(), { readOnly: true });
    try {
      return db.prepare(sql).all(...values) as T[];
    } finally {
      db.close();
    }
  }

  /** The lines of a room that come after one, in the order in which they are kept. */
  rows(room: string, after = 0): Row[] {
    const sql = `SELECT message.id, time, substr(origin, 1, instr(origin, '!') - 1) AS who, text
      FROM message JOIN target ON target.id = message.target
      WHERE target.key = ? AND message.id > ? ORDER BY message.id`;
    return this.query<Row>(sql, fold(room), after);
  }

  /** All lines, of whatever target, in no order. */
  texts(): string[] {
    return this.query<{ text: string }>("SELECT text FROM message").map(({ text }) => text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** What was said before the program was started: of each room, its lines. */
export interface Past {
  readonly room: string;
  /** When the room was made, in milliseconds since 1970. */
  readonly since: number;
  readonly topic?: string;
  readonly lines: readonly { readonly time: number; readonly text: string }[];
}

/** Fills a directory as a server that was stopped would have left it. Everything was said by somebody called `past`. */
export async function writePast(directory: Directory, past: readonly Past[]): Promise<void> {
  const database = await Database.open(directory.path);
  const history = new SqliteHistory(database);
  const origin = "past!~past@past.hidden";
  for (const { room: name, since, topic } of past) {
    history.saveRoom({
      name,
      since,
      topic: topic === undefined ? undefined : { text: topic, by: origin, at: since },
      switches: NEW_ROOM,
      password: undefined,
      limit: Infinity,
      masks: [],
    });
  }
  let id = 0;
  const all = past.flatMap(({ room, lines }) => lines.map((line) => ({ room, ...line })));
  for (const { room, time, text } of all.sort((a, b) => a.time - b.time)) {
    id = Math.max(id + 1, firstId(time));
    const manner = { style: "say", tags: "", bot: false } as const;
    history.add(fold(room), { kind: "said", who: "past", origin, id, room, text, time, ...manner });
  }
  history.commit();
  while (history.runStep(() => {}));
  database.db.exec("UPDATE target SET changed = since"); // and not a moment ago
  history.close();
}

/** Somebody on the IRC door. They are greeted, and in no room yet. */
export async function joinIrc(server: Program, nick: string, ...capabilities: string[]): Promise<Client> {
  const client = new Client(await Deno.connect({ port: server.ircPort }));
  if (capabilities.length > 0) await client.send(`CAP REQ :${capabilities.join(" ")}`, "CAP END");
  await client.send(`NICK ${nick}`, `USER ${nick} 0 * :${nick}`);
  await client.until(new RegExp(`^(@\\S+ )?:\\S+ (376|422) ${nick} `)); // the motd, or that there is none
  return client;
}

/** What comes in answer to some lines, and on the way there: all until a `/ping` behind them is answered. */
export async function ask(client: Client, ...lines: string[]): Promise<string[]> {
  await client.send(...lines, "/ping");
  return await upTo(client, /^-- Pong\.$/);
}

/** What `/history` shows, without the times. */
export async function historyFor(client: Client, count = 1000): Promise<string[]> {
  await ask(client); // what was said before is shown on joining, too
  const shown = await ask(client, `/history ${count}`);
  return shown.map((line) => line.replace(/^\[[^\]]+\] /, ""));
}

/** What comes in answer to some lines on the IRC door, likewise. */
export async function askIrc(client: Client, ...lines: string[]): Promise<string[]> {
  await client.send(...lines, "PING :done");
  return await upTo(client, / PONG \S+ :done$/);
}

async function upTo(client: Client, end: RegExp): Promise<string[]> {
  const lines: string[] = [];
  while (true) {
    const line = await client.until(/^/);
    if (end.test(line)) return lines;
    lines.push(line);
  }
}

/** Looks again and again until something is so. */
export async function eventually(what: string, isSo: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setInterval(() => {
    if (isSo()) resolve();
  }, 20);
  try {
    await within(promise, () => `Waited in vain for ${what}`);
  } finally {
    clearInterval(timer);
  }
}
