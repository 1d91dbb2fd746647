/**
 * What the tests of exports, imports and erasing share: files in which something was said, and what is in them.
 */
import { Ids } from "../../src/chat/ids.ts";
import { fold } from "../../src/chat/names.ts";
import { Database } from "../../src/history/database.ts";
import { Export, type ExportFormat } from "../../src/history/export.ts";
import type { Line, SavedRoom } from "../../src/chat/store.ts";
import { Import } from "../../src/history/import.ts";
import { SqliteHistory } from "../../src/history/sqlite.ts";
import { finish } from "../../src/util/steps.ts";

/** When the first line is said, in local time: past by any clock, as nothing is imported that is of the future. */
export const THEN = new Date(2020, 10, 2, 14, 5, 9, 123).getTime();

/** A file in a directory of its own, open; both are gone with it. */
export class Store implements AsyncDisposable {
  readonly directory: string;
  readonly file: Database;
  readonly history: SqliteHistory;
  readonly #ids = new Ids(0);
  #time = THEN;

  private constructor(directory: string, file: Database) {
    this.directory = directory;
    this.file = file;
    this.history = new SqliteHistory(file);
  }

  static async make(): Promise<Store> {
    const directory = await Deno.makeTempDir();
    return new Store(directory, await Database.open(directory));
  }

  /** Makes rooms that are like no others, and nothing is set in them. */
  rooms(...rooms: (string | (Partial<SavedRoom> & { name: string }))[]): this {
    const plain = { since: THEN, topic: undefined, switches: [], password: undefined, limit: Infinity, masks: [] };
    for (const room of rooms) this.history.saveRoom({ ...plain, ...typeof room === "string" ? { name: room } : room });
    this.history.commit();
    return this;
  }

  /** Has somebody say something in a room, a second after what was said before. */
  say(room: string, who: string, text: string, more: Partial<Line> = {}): Line {
    const line: Line = { ...this.#speech(who, text), ...more, kind: "said", room };
    this.history.add(fold(room), line);
    this.history.commit();
    return line;
  }

  /**
   * Has somebody say something to one other alone; both have it then.
   *
   * @param only The one conversation that it is filed under, if not under those of both.
   */
  whisper(who: string, to: string, text: string, only?: string): Line {
    const line: Line = { ...this.#speech(who, text), kind: "whispered", to };
    const [one, other] = [fold(who), fold(to)];
    const both = new Set([`${one}@${one}.host ${other}`, `${other}@${other}.host ${one}`]);
    for (const target of only === undefined ? both : [only]) this.history.add(target, line);
    this.history.commit();
    return line;
  }

  /** Brings all that can wait to its end, as a server would that comes to it anew. */
  tidy(): this {
    const history = new SqliteHistory(this.file);
    while (history.runStep(() => {}));
    return this;
  }

  export(format: ExportFormat, room?: string): string {
    return [...new Export(this.file, format, room).pieces()].map(({ text }) => text).join("");
  }

  /** Takes an export; returns how many lines that somebody has said were new, and how many were not. */
  async import(text: string): Promise<[imported: number, known: number]> {
    const all = new Import(this.file);
    await all.read(new Blob([text]).stream(), () => {});
    return [all.imported, all.known];
  }

  /** All texts in a room, the oldest first. */
  texts(room: string): string[] {
    return this.history.page(room, { count: 100_000 }).map(({ text }) => text);
  }

  /** What is found of a word, room by room. */
  search(word: string): string[] {
    const rooms = this.history.rooms().map(({ name }) => fold(name));
    const query = { terms: [word], count: 1000 };
    return rooms.flatMap((room) => finish(this.history.search([room], query)).lines).map(({ text }) => text);
  }

  /** A number that SQLite finds. */
  number(sql: string): number {
    return Number(Object.values(this.file.db.prepare(sql).get()!)[0]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.history.close();
    await Deno.remove(this.directory, { recursive: true });
  }

  #speech(who: string, text: string) {
    const time = this.#time += 1000;
    const origin = `${who}!~${who}@${fold(who)}.host`;
    return { who, origin, id: this.#ids.next(time), text, style: "say", time, tags: "", bot: false } as const;
  }
}
