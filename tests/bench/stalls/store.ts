/**
 * Prepares the store of the stall benchmark: rooms with names that are hard to match, and lines that are hard to search.
 */
import { firstId } from "../../../src/chat/ids.ts";
import { runCommand } from "./server.ts";

/** Rooms that hold the lines: the attacking client is in all of them. */
export const TALKED = 40;

/** Words that never occur together in one line, though each line has all but one of them. */
export const WORDS: readonly string[] = Array.from({ length: 16 }, (_, n) => `word${String.fromCharCode(97 + n)}`);

/** The time span of the lines, in milliseconds. */
const PERIOD = 30 * 24 * 3600_000;

const AUTHOR = "author!~author@0123456789ab.hidden";

/** The name of a room with lines. */
export function talked(n: number): string {
  return `#talk${n}`;
}

/** The name of a room without lines: long, and of one letter, so that a mask of that letter nearly matches. */
function silent(n: number): string {
  return `#${"a".repeat(43)}${String(n).padStart(5, "0")}`;
}

/** Creates a store in a directory with `tincan import`. */
export async function makeStore(directory: string, lines: number, rooms: number): Promise<void> {
  const now = Date.now();
  const entries = function* () {
    yield { tincan: 1, messages: lines };
    const since = new Date(now - PERIOD).toISOString();
    const topic = { text: "t".repeat(60), by: AUTHOR, at: since };
    for (let n = 0; n < rooms; n++) {
      const name = n < TALKED ? talked(n) : silent(n);
      yield { kind: "room", name, since, at: since, topic, modes: "nt", key: null, limit: null, masks: [] };
    }
    for (let n = 0; n < lines; n++) {
      const time = now - PERIOD + Math.floor(n * PERIOD / (lines + 1));
      const text = WORDS.filter((_, i) => i !== n % WORDS.length).join(" ");
      const id = firstId(time) + n % 1000;
      const room = talked(n % TALKED);
      const when = new Date(time).toISOString();
      yield { kind: "message", room, id, time: when, style: "say", from: AUTHOR, text, tags: "", bot: false };
    }
    yield { kind: "end" };
  };
  const encoder = new TextEncoder();
  const source = entries();
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      let text = "";
      for (let n = 0; n < 500; n++) {
        const { value, done } = source.next();
        if (done) {
          if (text !== "") controller.enqueue(encoder.encode(text));
          return controller.close();
        }
        text += `${JSON.stringify(value)}\n`;
      }
      controller.enqueue(encoder.encode(text));
    },
  });
  await runCommand(["import", "--data", directory], stream);
}
