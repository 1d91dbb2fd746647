/**
 * Fuzzes a running server over sockets, which covers what a world without sockets cannot: the kernel, the clock, and the
 * parsers of HTTP and WebSocket.
 *
 * Meanwhile two clients chat, one on the text listener and one on the IRC listener; they must not be disturbed.
 */
import { Client, type Program, within } from "../e2e/harness.ts";
import { Random } from "./random.ts";
import { unsoundIrc, unsoundText } from "./sound.ts";
import { webBytes, webSocket } from "./web_words.ts";
import { anyLine, bytesOf, ircCommand, mutated, textCommand } from "./words.ts";

/** Hostile clients at a time. */
const AT_ONCE = 20;

/** Hostile clients between two messages of the chatting clients. */
const ROUND = 100;

const encoder = new TextEncoder();

/** The port and bytes of one hostile client. */
function hostileClient(random: Random, { port, ircPort, webPort }: Program): { port: number; chunks: Uint8Array[] } {
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

/** Runs one hostile client, which reads to the end or leaves at once. Returns its number of inputs. */
async function attackOnce(random: Random, program: Program): Promise<number> {
  const { port, chunks } = hostileClient(random, program);
  const socket = await Deno.connect({ port });
  try {
    for (const chunk of chunks) await socket.write(chunk);
    if (random.chance(0.5)) {
      await socket.closeWrite();
      const buffer = new Uint8Array(16_384);
      while (await socket.read(buffer) !== null);
    }
  } catch {
    // The server may have closed the connection.
  } finally {
    try {
      socket.close();
    } catch {
      // Already closed.
    }
  }
  return chunks.length;
}

/**
 * Runs hostile clients against a server.
 *
 * @param most The number of inputs, approximately.
 * @returns The number of inputs sent.
 * @throws When a chatting client is disturbed, or the log shows a failure.
 */
export async function attack(program: Program, seed: number, most: number): Promise<number> {
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
      for (let each = attacks.pop(); each !== undefined; each = attacks.pop()) {
        inputs += await attackOnce(each, program);
      }
    };
    await within(
      Promise.all(Array.from({ length: AT_ONCE }, next)),
      () => "answer to each attack",
      () => program.log.all,
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
  if (wrong !== undefined) throw new Error(`A client received a line that ${wrong}: ${JSON.stringify(line)}`);
}
