/**
 * Fuzzes a program from outside, over sockets: what parsers of HTTP and WebSocket, the kernel and the clock do to bytes
 * has no place in a world without sockets.
 *
 * All the while two people talk to each other, one on the text door and one on the IRC door; they must notice nothing.
 */
import { Client, type Program, within } from "../e2e/harness.ts";
import { Random } from "./random.ts";
import { unsoundIrc, unsoundText } from "./sound.ts";
import { webBytes, webSocket } from "./web_words.ts";
import { anyLine, bytesOf, ircCommand, mutated, textCommand } from "./words.ts";

/** How many of the rude are there at a time. */
const AT_ONCE = 20;

/** After how many of them the two talk. */
const ROUND = 100;

const encoder = new TextEncoder();

/** What one rude client sends, and to which door. */
function attack(random: Random, { port, ircPort, webPort }: Program): { port: number; chunks: Uint8Array[] } {
  const bytes = (make: (random: Random) => string) => random.some(1, 5, () => mutated(random, make));
  switch (random.int(5)) {
    case 0:
      return { port, chunks: bytes(textCommand) };
    case 1:
      return {
        port: ircPort,
        chunks: [encoder.encode(`NICK f${random.int(1e6)}\r\nUSER u 0 * :r\r\n`), ...bytes(ircCommand)],
      };
    case 2:
      return { port: webPort, chunks: random.some(1, 5, () => bytesOf(webBytes(random))) };
    case 3:
      return { port: webPort, chunks: [bytesOf(webSocket(random))] };
    default:
      return { port: random.pick([port, ircPort, webPort]), chunks: bytes(anyLine) };
  }
}

/** Connects, sends, and goes: with an end, or without waiting for anything. Returns how many inputs that were. */
async function be(random: Random, program: Program): Promise<number> {
  const { port, chunks } = attack(random, program);
  const socket = await Deno.connect({ port });
  try {
    for (const chunk of chunks) await socket.write(chunk);
    if (random.chance(0.5)) {
      await socket.closeWrite();
      const buffer = new Uint8Array(16_384);
      while (await socket.read(buffer) !== null);
    }
  } catch {
    // It was hung up on, as may be.
  } finally {
    try {
      socket.close();
    } catch {
      // Closed already.
    }
  }
  return chunks.length;
}

/**
 * Runs it.
 *
 * @param most How many inputs there are to be, about.
 * @returns How many there were.
 * @throws When somebody who has done nothing notices, or the program has failed anywhere.
 */
export async function besiege(program: Program, seed: number, most: number): Promise<number> {
  const random = new Random(seed);
  using text = await Client.join(program.port);
  using irc = new Client(await Deno.connect({ port: program.ircPort }));
  await irc.send("NICK witness", "USER w 0 * :W", "JOIN #calm");
  await irc.until(/ 366 witness #calm /);
  await text.send("/nick watcher", "/join #calm");
  await irc.until(/ JOIN #calm$/);
  let inputs = 0;
  for (let round = 0; inputs < most; round++) {
    const attacks = Array.from({ length: ROUND }, () => new Random(random.int(2 ** 31)));
    const next = async () => {
      for (let each = attacks.pop(); each !== undefined; each = attacks.pop()) inputs += await be(each, program);
    };
    await within(
      Promise.all(Array.from({ length: AT_ONCE }, next)),
      () => `It answers no more; its log:\n${program.log.all}`,
    );
    await text.send(`round ${round}`);
    await irc.until(new RegExp(` PRIVMSG #calm :round ${round}$`));
    await irc.send(`PRIVMSG #calm :seen ${round}`);
    await text.until(`<witness> seen ${round}`);
  }
  for (const line of text.received.trimEnd().split("\n")) assertSound(unsoundText(line, 8192), line);
  for (const line of irc.received.trimEnd().split("\r\n")) assertSound(unsoundIrc(line, "tincan", "witness"), line);
  const failed = /session failed|request failed|unhandled|panic/i.exec(program.log.all);
  if (failed !== null) {
    throw new Error(`The log says "${failed[0]}": ${program.log.all.slice(failed.index, failed.index + 2000)}`);
  }
  return inputs;
}

function assertSound(wrong: string | undefined, line: string) {
  if (wrong !== undefined) throw new Error(`Somebody got what ${wrong}: ${JSON.stringify(line)}`);
}
