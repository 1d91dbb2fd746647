/**
 * Traffic for crash tests: in each room some clients send as fast as the server reads, and some only receive, over the
 * text protocol and IRC. All read raw bytes that are parsed at the end. The server has to run with `--announce 0`, so
 * that it sends messages alone.
 */
import { type Program, within } from "./harness.ts";

/** The rooms with traffic. */
export const ROOMS = ["#north", "#east", "#south", "#west"];

/** Clients per room: text clients that send, text clients that only receive, IRC clients that only receive. */
const SENDERS = 4;
const RECEIVERS = 2;
const IRC_RECEIVERS = 1;

/** Lines that a sender writes at once. */
const BATCH = 50;

/** Maximum number of padding characters in a line. */
const PADDING = 200;

/** A message as a client received it. */
export interface Heard {
  readonly who: string;
  readonly text: string;
  /** Its id and its time in milliseconds since 1970, on IRC. */
  readonly id?: number;
  readonly time?: number;
}

/** Returns a generator of random numbers in [0, 1), determined by the seed (Mulberry32). */
export function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let bits = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A client that reads everything until the server closes the connection. */
class Receiver {
  readonly room: string;
  /** Resolves when the client is in the room. */
  readonly joined: Promise<void>;
  /** Resolves when the connection is closed. */
  readonly closed: Promise<void>;
  readonly #socket: Deno.TcpConn;
  readonly #format: Format;
  readonly #chunks: Uint8Array[] = [];
  #input = Promise.withResolvers<void>();

  constructor(socket: Deno.TcpConn, room: string, format: Format) {
    this.room = room;
    this.#socket = socket;
    this.#format = format;
    const joined = Promise.withResolvers<void>();
    this.joined = joined.promise;
    this.closed = this.#read(joined.resolve);
    void this.write(format.greeting(room)).catch(() => {}); // the wait for `joined` reports it
  }

  /** Resolves at the next input after the client has joined the room. */
  nextInput(): Promise<void> {
    this.#input = Promise.withResolvers();
    return this.#input.promise;
  }

  /** Resolves when the client has received a message of a round; on IRC, JOIN lines may come first. */
  async hears(round: number): Promise<void> {
    for (let next = this.nextInput(); this.heard(round).length === 0; next = this.nextInput()) await next;
  }

  async write(text: string | Uint8Array): Promise<void> {
    let bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    while (bytes.length > 0) bytes = bytes.subarray(await this.#socket.write(bytes));
  }

  /** The received messages of a round, in order, without an incomplete last line. */
  heard(round: number): Heard[] {
    const text = new TextDecoder().decode(concat(this.#chunks));
    const lines = text.split("\n").slice(0, -1);
    return lines.flatMap((line) => {
      const heard = this.#format.read(line);
      return heard?.text.startsWith(`${round}.`) ? [heard] : [];
    });
  }

  async #read(onJoined: () => void) {
    let isJoined = false;
    const buffer = new Uint8Array(256 * 1024);
    try {
      for (let count; (count = await this.#socket.read(buffer)) !== null;) {
        this.#chunks.push(buffer.slice(0, count));
        if (isJoined) this.#input.resolve();
        else if (/pong/i.test(new TextDecoder().decode(concat(this.#chunks)))) {
          isJoined = true;
          onJoined();
        }
      }
    } catch {
      // A killed server resets connections with unread input.
    }
    this.#socket.close();
  }
}

/** The lines of a protocol that are used here. */
interface Format {
  /** Lines that join a room and end with a ping. */
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

/** Clients of all rooms that send and receive until the server is killed. */
export class Flood {
  readonly receivers: readonly Receiver[];
  readonly #sending: Promise<void>[];

  private constructor(receivers: readonly Receiver[], sending: Promise<void>[]) {
    this.receivers = receivers;
    this.#sending = sending;
  }

  /**
   * Connects all clients, starts the senders when all have joined, and resolves when each client has received a
   * message. The messages of a round begin with its number.
   */
  static async begin(server: Program, round: number, random: () => number): Promise<Flood> {
    const receivers: Receiver[] = [];
    const senders: Receiver[] = [];
    for (const room of ROOMS) {
      for (let n = 0; n < SENDERS + RECEIVERS; n++) {
        const receiver = new Receiver(await Deno.connect({ port: server.port }), room, TEXT);
        receivers.push(receiver);
        if (n < SENDERS) senders.push(receiver);
      }
      for (let n = 0; n < IRC_RECEIVERS; n++) {
        receivers.push(new Receiver(await Deno.connect({ port: server.ircPort }), room, IRC));
      }
    }
    const joined = Promise.all(receivers.map((receiver) => receiver.joined));
    await within(joined, () => "JOIN of all clients", () => server.log.all);
    const heard = Promise.all(receivers.map((receiver) => receiver.hears(round)));
    const sending = senders.map((sender, n) => send(sender, `${round}.${n}`, random));
    await within(heard, () => "message to all clients", () => server.log.all);
    return new Flood(receivers, sending);
  }

  /** Resolves at the next input of any client. */
  async nextInput(): Promise<void> {
    const next = Promise.race(this.receivers.map((receiver) => receiver.nextInput()));
    await within(next, () => "message to any client");
  }

  /** Resolves when all connections are closed and all input has been read. */
  async closed(): Promise<void> {
    const all = Promise.all([...this.receivers.map((receiver) => receiver.closed), ...this.#sending]);
    await within(all.then(() => {}), () => "end of all connections");
  }
}

/** Sends unique lines as fast as the server reads them, until the connection is closed. */
async function send(sender: Receiver, prefix: string, random: () => number): Promise<void> {
  try {
    for (let n = 0;;) {
      let batch = "";
      for (const end = n + BATCH; n < end; n++) batch += `${prefix}.${n} ${"x".repeat(random() * PADDING)}\n`;
      await sender.write(batch);
    }
  } catch {
    // The server was killed.
  }
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
