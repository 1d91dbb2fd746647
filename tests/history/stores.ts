/** A temporary store with lines in it, for the tests of exports, imports and erasing. */
import { Ids } from "../../src/chat/ids.ts";
import { fold } from "../../src/chat/names.ts";
import { Database } from "../../src/history/database.ts";
import { Export, type ExportFormat } from "../../src/history/export.ts";
import type { Line, SavedRoom } from "../../src/chat/store.ts";
import { Import } from "../../src/history/import.ts";
import { SqliteHistory } from "../../src/history/sqlite.ts";
import { runToEnd } from "../../src/util/steps.ts";
import { runMaintenance } from "./helpers.ts";

/** The time of the first line. It is in the past, as lines from the future are not imported. */
export const THEN = new Date(2020, 10, 2, 14, 5, 9, 123).getTime();

/** Many times the pieces that the export of any test has. */
const PIECES_MAX = 10_000;

/** An open file in a temporary directory, which is removed on disposal. */
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

  /** Creates rooms with default settings, or with the given ones. */
  rooms(...rooms: (string | (Partial<SavedRoom> & { name: string }))[]): this {
    const plain = {
      since: THEN,
      topic: undefined,
      switches: [],
      password: undefined,
      limit: Infinity,
      masks: [],
      roles: [],
    };
    for (const room of rooms) this.history.saveRoom({ ...plain, ...typeof room === "string" ? { name: room } : room });
    this.history.commit();
    return this;
  }

  /** Adds a line to a room, one second after the line before. */
  say(room: string, who: string, text: string, more: Partial<Line> = {}): Line {
    const line: Line = { ...this.#speech(who, text), ...more, kind: "said", room };
    this.history.add(fold(room), line);
    this.history.commit();
    return line;
  }

  /**
   * Adds a private line to the conversations of both sides.
   *
   * @param only The only conversation to add it to.
   */
  whisper(who: string, to: string, text: string, only?: string, more: Partial<Line> = {}): Line {
    const line: Line = { ...this.#speech(who, text), ...more, kind: "whispered", to };
    const [one, other] = [fold(who), fold(to)];
    const both = new Set([`${one}@${hostOf(one)} ${other}`, `${other}@${hostOf(other)} ${one}`]);
    for (const target of only === undefined ? both : [only]) this.history.add(target, line);
    this.history.commit();
    return line;
  }

  /** Finishes all maintenance, like a server after a restart. */
  runMaintenance(): this {
    runMaintenance(new SqliteHistory(this.file));
    return this;
  }

  export(format: ExportFormat, room?: string): string {
    const texts: string[] = [];
    for (const { text } of new Export(this.file, format, room).pieces()) {
      if (texts.push(text) > PIECES_MAX) throw new Error(`The export has not ended after ${PIECES_MAX} pieces`);
    }
    return texts.join("");
  }

  /** Imports an export; returns how many messages were imported, and how many were known. */
  async import(text: string, movedMax?: number): Promise<[imported: number, known: number]> {
    const all = new Import(this.file, movedMax);
    await all.read(new Blob([text]).stream(), () => {});
    return [all.imported, all.known];
  }

  /** The texts of all lines in a room, the oldest first. */
  texts(room: string): string[] {
    return this.history.page(room, { count: 100_000 }).map(({ text }) => text);
  }

  /** The texts that a search for a term finds, room by room. */
  search(word: string): string[] {
    const rooms = this.history.rooms().map(({ name }) => fold(name));
    const query = { terms: [word], count: 1000 };
    return rooms.flatMap((room) => runToEnd(this.history.search([room], query)).lines).map(({ text }) => text);
  }

  /** The number that a query returns. */
  number(sql: string): number {
    return Number(Object.values(this.file.db.prepare(sql).get()!)[0]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.history.close();
    await Deno.remove(this.directory, { recursive: true });
  }

  #speech(who: string, text: string) {
    const time = this.#time += 1000;
    const user = isAscii(who) ? who : "user";
    const origin = `${who}!~${user}@${hostOf(who)}`;
    return { who, origin, id: this.#ids.next(time), text, style: "say", time, tags: "", bot: false } as const;
  }
}

function isAscii(nick: string): boolean {
  return /^[\0-\x7f]*$/.test(nick);
}

/** The host of a user: hosts are ASCII. */
function hostOf(nick: string): string {
  return isAscii(nick) ? `${fold(nick)}.host` : "other.host";
}
