/**
 * Rooms in full traffic: in each some who talk as fast as the server takes it, and some who only listen, on the text door
 * and on the IRC door. Everybody reads everything, on raw sockets; what it was is looked at when all is over. The server
 * is to be one with `--announce 0`, so that what comes is what is said.
 */
import { type Program, within } from "./harness.ts";

/** The rooms that are talked in. */
export const ROOMS = ["#north", "#east", "#south", "#west"];

/** How many of them there are in each room. */
const TALKERS = 4;
const LISTENERS = 2;
const IRC_LISTENERS = 1;

/** How many lines a talker writes at once. */
const BATCH = 50;

/** The most characters of a line that mean nothing. */
const PADDING = 200;

/** A line as somebody received it. */
export interface Heard {
  readonly who: string;
  readonly text: string;
  /** Its name and its time, where the door tells them. */
  readonly id?: number;
  readonly time?: number;
}

/** Random numbers below 1, the same for the same seed (Mulberry32). */
export function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let bits = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Somebody who reads all that comes, until the server is gone. */
class Ear {
  readonly room: string;
  /** Resolves when they are in the room. */
  readonly inside: Promise<void>;
  /** Resolves when nothing more comes. */
  readonly over: Promise<void>;
  readonly #socket: Deno.TcpConn;
  readonly #format: Format;
  readonly #chunks: Uint8Array[] = [];
  #news = Promise.withResolvers<void>();

  constructor(socket: Deno.TcpConn, room: string, format: Format) {
    this.room = room;
    this.#socket = socket;
    this.#format = format;
    const inside = Promise.withResolvers<void>();
    this.inside = inside.promise;
    this.over = this.#read(inside.resolve);
    void this.write(format.greeting(room)).catch(() => {}); // whoever waits for it will say so
  }

  /** Resolves when they receive something, once they are in the room. */
  news(): Promise<void> {
    this.#news = Promise.withResolvers();
    return this.#news.promise;
  }

  /** Resolves when they have received something that was said in a round: on IRC, others' coming may be told before. */
  async hears(round: number): Promise<void> {
    for (let next = this.news(); this.heard(round).length === 0; next = this.news()) await next;
  }

  async write(text: string | Uint8Array): Promise<void> {
    let bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    while (bytes.length > 0) bytes = bytes.subarray(await this.#socket.write(bytes));
  }

  /** What came of what was said in a round, in its order. A line whose end did not come is none. */
  heard(round: number): Heard[] {
    const text = new TextDecoder().decode(joined(this.#chunks));
    const lines = text.split("\n").slice(0, -1);
    return lines.flatMap((line) => {
      const heard = this.#format.read(line);
      return heard?.text.startsWith(`${round}.`) ? [heard] : [];
    });
  }

  async #read(onInside: () => void) {
    let greeted = false;
    const buffer = new Uint8Array(256 * 1024);
    try {
      for (let count; (count = await this.#socket.read(buffer)) !== null;) {
        this.#chunks.push(buffer.slice(0, count));
        if (greeted) this.#news.resolve();
        else if (/pong/i.test(new TextDecoder().decode(joined(this.#chunks)))) {
          greeted = true;
          onInside();
        }
      }
    } catch {
      // A server that is killed resets what it has not read.
    }
    this.#socket.close();
  }
}

/** How a door is talked to, as far as it matters here. */
interface Format {
  /** Lines that bring somebody into a room, and are answered with a pong when that is done. */
  readonly greeting: (room: string) => string;
  readonly read: (line: string) => Heard | undefined;
}

const TEXT: Format = {
  greeting: (room) => `/join ${room}\n/ping\n`,
  read(line) {
    const [, who, text] = /^<(\S+)> (.*)$/.exec(line) ?? [];
    return who === undefined ? undefined : { who, text: text! };
  },
};

const IRC: Format = {
  greeting(room) {
    const nick = `ear${room.slice(1)}`;
    return `CAP REQ :message-tags server-time\nCAP END\nNICK ${nick}\nUSER ear 0 * :ear\nJOIN ${room}\nPING :done\n`;
  },
  read(line) {
    const pattern = /^@msgid=([0-9a-z]+);time=(\S+) :([^!]+)!\S+ PRIVMSG \S+ :(.*)\r$/;
    const [, id, time, who, text] = pattern.exec(line) ?? [];
    return id === undefined ? undefined : { who: who!, text: text!, id: parseInt(id, 36), time: Date.parse(time!) };
  },
};

/** See the head of this file. */
export class Flood {
  readonly ears: readonly Ear[];
  readonly #talking: Promise<void>[];

  private constructor(ears: readonly Ear[], talking: Promise<void>[]) {
    this.ears = ears;
    this.#talking = talking;
  }

  /**
   * Brings everybody in, has them talk once all are there, and resolves once everybody has received something. What is
   * said in a round begins with its number.
   */
  static async begin(server: Program, round: number, random: () => number): Promise<Flood> {
    const ears: Ear[] = [];
    const talkers: Ear[] = [];
    for (const room of ROOMS) {
      for (let n = 0; n < TALKERS + LISTENERS; n++) {
        const ear = new Ear(await Deno.connect({ port: server.port }), room, TEXT);
        ears.push(ear);
        if (n < TALKERS) talkers.push(ear);
      }
      for (let n = 0; n < IRC_LISTENERS; n++) {
        ears.push(new Ear(await Deno.connect({ port: server.ircPort }), room, IRC));
      }
    }
    const inside = Promise.all(ears.map((ear) => ear.inside));
    await within(inside, () => `Not all came in; the log:\n${server.log.all}`);
    const talked = Promise.all(ears.map((ear) => ear.hears(round)));
    const talking = talkers.map((talker, n) => talk(talker, `${round}.${n}`, random));
    await within(talked, () => `Not all received something; the log:\n${server.log.all}`);
    return new Flood(ears, talking);
  }

  /** Resolves as soon as somebody receives something. */
  async news(): Promise<void> {
    const next = Promise.race(this.ears.map((ear) => ear.news()));
    await within(next, () => "Nothing more comes");
  }

  /** Resolves when the server is gone, and all that came before has been read. */
  async over(): Promise<void> {
    const all = Promise.all([...this.ears.map((ear) => ear.over), ...this.#talking]);
    await within(all.then(() => {}), () => "Some connections do not end");
  }
}

/** Talks as fast as it is read, until nobody reads. No two lines are the same. */
async function talk(talker: Ear, prefix: string, random: () => number): Promise<void> {
  try {
    for (let n = 0;;) {
      let batch = "";
      for (const end = n + BATCH; n < end; n++) batch += `${prefix}.${n} ${"x".repeat(random() * PADDING)}\n`;
      await talker.write(batch);
    }
  } catch {
    // The server is gone.
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
