/**
 * Data directories for tests: reads the files and the database, and creates databases with earlier messages.
 */
import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { firstId } from "../../src/chat/ids.ts";
import { NEW_ROOM } from "../../src/chat/modes.ts";
import { fold } from "../../src/chat/names.ts";
import { Database } from "../../src/history/database.ts";
import { SqliteHistory } from "../../src/history/sqlite.ts";
import { Client, type Program, within } from "./harness.ts";

/** A stored message. */
export interface Row {
  readonly id: number;
  readonly time: number;
  /** The nickname of the sender. */
  readonly who: string;
  readonly text: string;
}

/** A temporary directory for `--data`, removed on disposal. */
export class Directory implements AsyncDisposable {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<Directory> {
    return new Directory(await Deno.makeTempDir());
  }

  /** The path of the database, or of another file in the directory. */
  file(name = "tincan.db"): string {
    return `${this.path}/${name}`;
  }

  /** The size and a digest of each file, by name. */
  async contents(): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for await (const { name } of Deno.readDir(this.path)) {
      const bytes = await Deno.readFile(this.file(name));
      found[name] = `${bytes.length} bytes, ${createHash("sha256").update(bytes).digest("hex")}`;
    }
    return found;
  }

  /** Copies all files into a new directory. */
  async copy(): Promise<Directory> {
    const copy = await Directory.make();
    for await (const { name } of Deno.readDir(this.path)) await Deno.copyFile(this.file(name), copy.file(name));
    return copy;
  }

  /** Runs a read-only query, without disturbing a server that uses the file. */
  query<T>(sql: string, ...values: (string | number)[]): T[] {
    const db = new DatabaseSync(this.file(), { readOnly: true });
    try {
      return db.prepare(sql).all(...values) as T[];
    } finally {
      db.close();
    }
  }

  /** The messages of a room with ids after `after`, in the order of their ids. */
  rows(room: string, after = 0): Row[] {
    const sql = `SELECT message.id, time, substr(origin, 1, instr(origin, '!') - 1) AS who, text
      FROM message JOIN target ON target.id = message.target
      WHERE target.key = ? AND message.id > ? ORDER BY message.id`;
    return this.query<Row>(sql, fold(room), after);
  }

  /** The texts of all messages of all targets, in no order. */
  texts(): string[] {
    return this.query<{ text: string }>("SELECT text FROM message").map(({ text }) => text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** The messages of a room from before the server was started. */
export interface Past {
  readonly room: string;
  /** When the room was created, in milliseconds since 1970. */
  readonly since: number;
  readonly topic?: string;
  /** The account that owns it. */
  readonly owner?: string;
  readonly lines: readonly { readonly time: number; readonly text: string }[];
}

/** Writes the files that an earlier server would have left. The sender of all messages is `past`. */
export async function writePast(directory: Directory, past: readonly Past[]): Promise<void> {
  const database = await Database.open(directory.path);
  const history = new SqliteHistory(database);
  const origin = "past!~past@past.hidden";
  for (const { room: name, since, topic, owner } of past) {
    history.saveRoom({
      name,
      since,
      topic: topic === undefined ? undefined : { text: topic, by: origin, at: since },
      switches: NEW_ROOM,
      password: undefined,
      limit: Infinity,
      masks: [],
      roles: owner === undefined ? [] : [{ account: owner, role: "owner", since, by: owner }],
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
  database.db.exec("UPDATE target SET changed = since"); // instead of now
  history.close();
}

/** Connects and registers an IRC client, which is in no room yet. */
export async function joinIrc(server: Program, nick: string, ...capabilities: string[]): Promise<Client> {
  const client = new Client(await Deno.connect({ port: server.ircPort }));
  if (capabilities.length > 0) await client.send(`CAP REQ :${capabilities.join(" ")}`, "CAP END");
  await client.send(`NICK ${nick}`, `USER ${nick} 0 * :${nick}`);
  await client.until(new RegExp(`^(@\\S+ )?:\\S+ (376|422) ${nick} `)); // end of the motd, or no motd
  return client;
}

/** Sends lines and a `/ping`, and returns everything received before the pong. */
export async function ask(client: Client, ...lines: string[]): Promise<string[]> {
  await client.send(...lines, "/ping");
  return await upTo(client, /^-- Pong\.$/);
}

/** Returns the output of `/history`, without the times. */
export async function historyFor(client: Client, count = 1000): Promise<string[]> {
  await ask(client); // skips the messages that are shown on joining
  const shown = await ask(client, `/history ${count}`);
  return shown.map((line) => line.replace(/^\[[^\]]+\] /, ""));
}

/** Sends IRC lines and a PING, and returns everything received before the PONG. */
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

/** Polls until a condition holds. @param what What is waited for, as for {@linkcode within}. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setInterval(() => {
    if (holds()) resolve();
  }, 20);
  try {
    await within(promise, () => what);
  } finally {
    clearInterval(timer);
  }
}
