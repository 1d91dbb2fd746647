/**
 * Faults around a running server: clock jumps, exhausted file descriptors, a stopped process, a stalled log reader, no
 * DNS, a lost disk. Connected members can keep talking.
 */
import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { TOTAL_CHARACTERS } from "../../src/history/memory.ts";
import { BUFFERED_MAX, MEMORY_SHORT } from "../../src/server/memory_pressure.ts";
import { MESSAGE_MAX } from "../../src/transport/websocket.ts";
import { Certificates, noCertificates } from "../certificates.ts";
import { executable, test } from "./forms.ts";
import { Client, type Form, notInstalled, type Program, start, within } from "./harness.ts";
import { ask, Directory, eventually, historyFor, writePast } from "./history_store.ts";
import { inspected, Inspector } from "./inspector.ts";

const DAY = 24 * 60 * 60_000;

/** How long the program is stopped, in milliseconds. It is the fault under test, not a wait for a result. */
const STOP_TIME = 10_000;

/** How many files the program may open in tests of a lack of them. */
const FILES = 64;

/** The library that fakes the clock of a program, at Debian's path; `apt-get install faketime`. */
const FAKETIME = ["x86_64", "aarch64"].map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`)
  .find((path) => exists(path));

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Connects a text and an IRC client; each call of `talk` delivers a line in both directions. */
async function connectPair(
  server: Program,
): Promise<{ talk: () => Promise<void>; clients: readonly [Client, Client] }> {
  const alice = await Client.join(server.port);
  await alice.send("/nick alice");
  await alice.until(/ is now alice$/);
  const bob = new Client(await Deno.connect({ port: server.ircPort }));
  await bob.send("CAP REQ :message-tags server-time", "NICK bob", "USER b 0 * :b", "CAP END", "JOIN #lobby");
  await bob.until(/ 366 /);
  let said = 0;
  const talk = async () => {
    const word = `word${said++}`;
    await alice.send(word);
    await bob.until(new RegExp(`PRIVMSG #lobby :${word}$`));
    await bob.send(`PRIVMSG #lobby :${word}`);
    await alice.until(`<bob> ${word}`);
  };
  return { talk, clients: [alice, bob] };
}

function disposeAll(clients: readonly Client[]) {
  for (const client of clients) client[Symbol.dispose]();
}

test(
  "clock: messages stay in order and no client is disconnected when the clock jumps by a day either way",
  async (form) => {
    const folder = await Deno.makeTempDir();
    const clock = `${folder}/clock`;
    await Deno.writeTextFile(clock, "+0\n");
    try {
      const env = {
        LD_PRELOAD: FAKETIME!,
        FAKETIME_TIMESTAMP_FILE: clock,
        FAKETIME_NO_CACHE: "1",
        FAKETIME_DONT_FAKE_MONOTONIC: "1", // a real clock change does not affect it either
      };
      await using server = await start(form, ["--data", `${folder}/data`, "--rate", "50", "--burst", "5"], env);
      const { talk, clients } = await connectPair(server);
      const [alice, bob] = clients;
      const times: string[] = [];
      const ids: number[] = [];
      for (const [i, offset] of ["+0", "+1d", "-1d", "+0"].entries()) {
        await Deno.writeTextFile(clock, `${offset}\n`);
        await talk();
        // More than the burst: a rate limiter that used this clock would pass no line for a day, or all at once.
        const began = performance.now();
        await alice.send(...Array.from({ length: 15 }, (_, line) => `${i} ${line}`));
        const line = await bob.until(new RegExp(`PRIVMSG #lobby :${i} 14$`));
        assert(performance.now() - began > 150, "10 lines above the burst, at 50 a second");
        times.push(/time=([^; ]+)/.exec(line)![1]!);
        ids.push(parseInt(/msgid=(\w+)/.exec(line)![1]!, 36));
        await alice.until(`<alice> ${i} 14`);
      }
      const since = (time: string) => Date.parse(time) - Date.parse(times[0]!); // midnight may pass
      assertEquals(times.map((time) => Math.round(since(time) / 86_400_000)), [0, 1, -1, 0]);
      assertEquals(ids, ids.toSorted((a, b) => a - b));
      await alice.send("/history 1000");
      const past: string[] = [];
      while (past.length < 60) {
        const line = await alice.until(/^\[.*\] <alice> \d \d+$/);
        past.push(line.replace(/^.*> /, ""));
      }
      assertEquals(past, [0, 1, 2, 3].flatMap((i) => Array.from({ length: 15 }, (_, line) => `${i} ${line}`)));
      disposeAll(clients);
      server.kill("SIGTERM");
      assertEquals(await server.code(), 0);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
  FAKETIME === undefined ? "not installed: faketime" : undefined,
);

test(
  "clock: no message or ban expires while the clock is a year ahead, with --data or without",
  async (form) => {
    await using directory = await Directory.make();
    const clock = `${directory.path}.clock`;
    await Deno.writeTextFile(clock, "+0\n");
    const now = Date.now();
    const texts = ["eighty days old", "a day old"];
    const lines = [80, 1].map((days, n) => ({ time: now - days * DAY, text: texts[n]! }));
    await writePast(directory, [{ room: "#lobby", since: now - 80 * DAY, lines }]);
    const db = new DatabaseSync(directory.file());
    const ban = db.prepare(
      "INSERT INTO ban (what, by, reason, since, until) VALUES ('192.0.2.7', 'root', 'spam', ?, ?)",
    );
    ban.run(now - DAY, now + 30 * DAY);
    db.close();
    try {
      const env = {
        LD_PRELOAD: FAKETIME!,
        FAKETIME_TIMESTAMP_FILE: clock,
        FAKETIME_NO_CACHE: "1",
        FAKETIME_DONT_FAKE_MONOTONIC: "1",
      };
      await using server = await start(form, ["--data", directory.path], env);
      await using memory = await start(form, [], env);
      using alice = await Client.join(server.port);
      using bob = await Client.join(memory.port);
      for (const client of [alice, bob]) assert((await ask(client, "said before")).length > 0);
      await Deno.writeTextFile(clock, "+365d\n");
      for (let n = 0; n < 3; n++) { // each time maintenance has checked all rooms, too, as it runs when idle
        for (const client of [alice, bob]) {
          assert((await ask(client, `said then ${n}`)).some((line) => line.endsWith(`> said then ${n}`)));
          using other = await Client.join(client === alice ? server.port : memory.port); // checks all bans
          await ask(other);
        }
        const said = n + 1;
        const words = "SELECT count(*) AS n FROM word_docsize";
        await eventually(
          "index of all messages",
          () => directory.query<{ n: number }>(words)[0]!.n === texts.length + 1 + said,
        );
      }
      await Deno.writeTextFile(clock, "+0\n");
      const then = Array.from({ length: 3 }, (_, n) => `said then ${n}`);
      assertEquals(directory.rows("#lobby").map(({ text }) => text), [...texts, "said before", ...then]);
      assertEquals(directory.query("SELECT * FROM ban").length, 1);
      assertEquals((await historyFor(bob)).map((line) => line.replace(/^<\S+> /, "")), ["said before", ...then]);
    } finally {
      await Deno.remove(clock);
    }
  },
  FAKETIME === undefined ? "not installed: faketime" : undefined,
);

test(
  "listener: clients stay connected and one error is logged when file descriptors run out",
  async (form) => {
    const [command, ...args] = form.command;
    const limited = { ...form, command: ["sh", "-c", `ulimit -n ${FILES}; exec "$0" "$@"`, command!, ...args] };
    await using server = await start(limited, ["--log-level", "debug"]);
    await server.warm(); // the warm-up opens and closes files of its own
    const { talk, clients } = await connectPair(server);
    await talk();
    const sockets: Deno.TcpConn[] = [];
    for (let i = 0; i < FILES + 16; i++) sockets.push(await Deno.connect({ port: server.port }));
    await server.logged(/cannot accept connections door=text error=/);
    const began = performance.now();
    while (performance.now() - began < 1000) await talk(); // about ten attempts to accept
    assertEquals(server.log.all.match(/cannot accept connections/g)!.length, 1, "logged once, not for each attempt");
    disposeAll(sockets.map((socket) => ({ [Symbol.dispose]: () => socket.close() }) as Client));
    using carol = await Client.join(server.port);
    await carol.send("made it");
    await clients[0].until(/^<guest\d+> made it$/);
    const answer = await fetch(`http://127.0.0.1:${server.webPort}/healthz`, { headers: { connection: "close" } });
    assertEquals(await answer.text(), "ok\n");
    disposeAll(clients);
  },
  notInstalled("sh"),
);

test(
  "listener: a port with TLS accepts again, and loses no client, after file descriptors ran out",
  async (form) => {
    await using certificates = await Certificates.make();
    const { cert, key } = await certificates.issue("server");
    const [command, ...args] = form.command;
    const limited = { ...form, command: ["sh", "-c", `ulimit -n ${FILES}; exec "$0" "$@"`, command!, ...args] };
    await using server = await start(limited, ["--tls-cert", cert, "--tls-key", key, "--log-level", "debug"]);
    await server.warm(); // the warm-up opens and closes files of its own
    const options = { port: server.port, caCerts: [await Deno.readTextFile(certificates.authority)] };
    const join = async () => {
      const client = new Client(await Deno.connectTls(options));
      await client.until(/^-- Welcome/);
      return client;
    };
    using alice = await join();
    const silent: Deno.TcpConn[] = [];
    for (let i = 0; i < FILES + 16; i++) silent.push(await Deno.connect({ port: server.port }));
    const open = () => [...Deno.readDirSync(`/proc/${server.pid}/fd`)].length;
    await eventually("lack of files", () => open() >= FILES - 1);
    const joining = join(); // is not accepted yet
    await alice.send("/ping");
    await alice.until("-- Pong.");
    silent.forEach((socket) => socket.close());
    using bob = await joining;
    await bob.send("made it");
    await alice.until(/^<guest\d+> made it$/);
  },
  noCertificates ?? notInstalled("sh"),
);

test("process: no line is lost when the program is stopped with SIGSTOP and continued", async (form) => {
  await using server = await start(form, ["--rate", "off"]);
  const { talk, clients } = await connectPair(server);
  await talk();
  const [alice, bob] = clients;
  server.kill("SIGSTOP");
  const lines = Array.from({ length: 500 }, (_, i) => `meanwhile ${i}`);
  const sending = alice.send(...lines);
  const joining = Client.join(server.port);
  await new Promise((resolve) => setTimeout(resolve, STOP_TIME));
  assertMatch(await Deno.readTextFile(`/proc/${server.pid}/stat`), /^\d+ \(.*\) T /);
  server.kill("SIGCONT");
  await sending;
  for (const line of lines) assert((await bob.until(/ PRIVMSG #lobby :meanwhile /)).endsWith(` :${line}`), line);
  using carol = await joining;
  await carol.send("hello");
  await bob.until(/ PRIVMSG #lobby :hello$/);
  await talk();
  disposeAll(clients);
});

/** Starts the program with its stdout and stderr as raw pipes. */
async function spawnPiped(form: Form, args: string[]): Promise<{ child: Deno.ChildProcess; port: number }> {
  const [command, ...before] = form.command;
  const child = new Deno.Command(command!, {
    args: [...before, "--port", "0", "--irc-port", "off", "--web-port", "off", ...args],
    cwd: `${import.meta.dirname}/../../`,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await within(reader.read(), () => "line on stdout for the listener");
  await reader.cancel();
  const port = Number(/ (\d+)\n/.exec(new TextDecoder().decode(value))![1]);
  return { child, port };
}

for (const how of ["is gone", "has stalled"]) {
  test(`log: clients keep talking and SIGTERM stops the server when the log reader ${how}`, async (form) => {
    const { child, port } = await spawnPiped(form, ["--log-level", "debug", "--max-per-ip", "off", "--rate", "off"]);
    if (how === "is gone") await child.stderr.cancel();
    using alice = await Client.join(port);
    // More than a pipe holds: about 250 bytes for each connect and disconnect.
    for (let i = 0; i < 600; i++) {
      using guest = await Client.join(port);
      await guest.send("/quit");
      await guest.rest();
    }
    await alice.send("still here");
    await alice.until("<guest1> still here");
    child.kill("SIGTERM");
    assertMatch((await alice.rest()).at(-1)!, /is stopping/);
    const { code } = await within(child.status, () => "exit of the process");
    assertEquals(code, 0);
    if (how === "has stalled") await child.stderr.cancel();
  });
}

test(
  "errors: an uncaught exception or rejection is logged and no client is disconnected",
  async (form) => {
    await using server = await start(form);
    const { talk, clients } = await connectPair(server);
    {
      using inspector = await Inspector.of(server);
      await inspector.ask(`void setTimeout(() => { throw new TypeError("a mistake") })`);
      assertMatch(await server.logged(/ error uncaught error /), /TypeError: a mistake/);
      await inspector.ask(`void Promise.reject(new TypeError("another"))`);
      assertMatch(await server.logged(/ error unhandled rejection /), /TypeError: another/);
      await talk();
    } // the process does not exit while the inspector is connected
    disposeAll(clients);
    server.kill("SIGTERM");
    assertEquals(await server.code(), 0);
  },
  undefined,
  [inspected],
);

test(
  "reload: SIGHUP rereads the motd, and the old one stays when the file cannot be read",
  async (form) => {
    const folder = await Deno.makeTempDir();
    try {
      const motd = `${folder}/motd`;
      await Deno.writeTextFile(motd, "Be kind.\n");
      await using server = await start(form, ["--motd", motd]);
      const { talk, clients } = await connectPair(server);
      const shown = async () => {
        using client = await Client.join(server.port);
        return (await client.lines(1))[0];
      };
      assertEquals(await shown(), "-- Be kind.");
      await Deno.writeTextFile(motd, "Be kinder.\n");
      server.kill("SIGHUP");
      await server.logged(/ info reloaded\n/);
      assertEquals(await shown(), "-- Be kinder.");
      await Deno.remove(motd);
      server.kill("SIGHUP");
      assertMatch(await server.logged(/ error motd not reloaded: /), /Cannot use --motd .*no such file/);
      assertEquals(await shown(), "-- Be kinder.");
      await talk();
      disposeAll(clients);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
  Deno.build.os === "windows" ? "there is no SIGHUP" : undefined,
);

/** Returns why mount namespaces are not available, if so. */
async function noNamespaces(): Promise<string | undefined> {
  const missing = notInstalled("unshare", "mount", "strace");
  if (missing !== undefined) return missing;
  const { success } = await new Deno.Command("unshare", { args: ["--mount", "true"], stderr: "null" }).output();
  return success ? undefined : "needs mount namespaces";
}

test(
  "dns: the server looks up no names and works without a resolver",
  async (form) => {
    const folder = await Deno.makeTempDir();
    try {
      const dead =
        'for file in /etc/resolv.conf /etc/hosts /etc/nsswitch.conf; do mount --bind /dev/null "$file"; done; exec "$@"';
      const traced = ["strace", "-f", "-qq", "-e", "trace=connect,openat", "-o", `${folder}/trace`];
      await using server = await start({
        ...form,
        command: ["unshare", "--mount", "sh", "-c", dead, "sh", ...traced, ...form.command],
      });
      const { talk, clients } = await connectPair(server);
      await talk();
      disposeAll(clients);
      await server.logged(/disconnected .*nick=alice/);
      const trace = await Deno.readTextFile(`${folder}/trace`);
      assertEquals(trace.match(/.*(?:resolv\.conf|nsswitch|\/etc\/hosts).*/g), null);
      const connects = trace.split("\n").filter((line) => /connect\(.*sin6?_port/.test(line));
      assertEquals(connects.filter((line) => !line.includes('"127.0.0.1"')), []); // connects to itself for the warm-up
      const children = await Deno.readTextFile(`/proc/${server.pid}/task/${server.pid}/children`);
      for (const pid of children.trim().split(" ")) Deno.kill(Number(pid), "SIGKILL"); // or strace outlives it
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
  await noNamespaces(),
  [executable],
); // `deno` checks for updates now and then

test("history: each line is delivered or rejected with an error when the --data directory is gone", async (form) => {
  const folder = await Deno.makeTempDir();
  await using server = await start(form, ["--data", `${folder}/data`, "--rate", "off"]);
  const { talk, clients } = await connectPair(server);
  await talk();
  await Deno.remove(folder, { recursive: true });
  const [alice, bob] = clients;
  for (let i = 0; i < 200; i++) {
    await alice.send(`gone ${i}`);
    const answer = await alice.until(new RegExp(`^(?:<alice> gone ${i}|-- Not sent, .*gone ${i})$`));
    if (answer.startsWith("<")) await bob.until(new RegExp(` :gone ${i}$`));
  }
  await alice.send("/topic still", "/history 5", "/search gone", "/ping");
  await alice.until("-- Pong.");
  disposeAll(clients);
  server.kill("SIGTERM");
  assertEquals(await server.code(), 0);
});

/**
 * Upper bound of the resident memory without --data for any input, in bytes: four times the memory in use, as V8
 * collects garbage only when the heap is a multiple of it (2.8 times was measured on a busy machine). At most in use
 * are
 *
 * - the program, its page and compiled code: 90 MB;
 * - the history: the 64 Mi characters that `memory.ts` stores, two bytes each (one character beyond Latin-1 makes the
 *   whole line take two bytes for each character);
 * - output and input of clients, limited to a part of --max-memory (see `memory_pressure.ts`): the outbox of each
 *   (--send-buffer), and one WebSocket message that was not read yet;
 * - for each client, a few lines of --max-line, and 32 KB for everything else;
 * - for each room, 100 masks, a topic and the rest: 40 KB.
 */
function memoryLimit(clients: number, sendBuffer: number, maxLine: number, rooms: number, maxMemory: number): number {
  const held = Math.min(clients * (sendBuffer + MESSAGE_MAX), BUFFERED_MAX * maxMemory);
  const used = 90e6 + 2 * TOTAL_CHARACTERS + held + clients * (4 * maxLine + 32e3) + rooms * 40e3;
  return Math.max(maxMemory, 4 * used);
}

/** Calls a function at an interval in milliseconds until disposed. */
function every(milliseconds: number, run: () => void): Disposable {
  const timer = setInterval(run, milliseconds);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

test("memory: resident memory stays under its calculated limit with the worst known input", async (form) => {
  const [clients, sendBuffer, maxLine, rooms, maxMemory] = [200, 256 * 1024, 8192, 1000, 256 * 1024 ** 2];
  await using server = await start(form, [
    // One more, for the metrics.
    ...["--max-clients", String(clients + 1), "--send-buffer", String(sendBuffer), "--max-rooms", String(rooms)],
    ...["--max-line", String(maxLine), "--max-memory", String(maxMemory), "--rate", "off", "--max-per-ip", "off"],
  ]);
  let peak = 0;
  using _sampling = every(20, () => peak = Math.max(peak, server.memory()));
  // Fills the history with characters that take the most memory.
  const line = "茶".repeat(2700);
  const writers = await Promise.all(Array.from({ length: 30 }, () => Client.join(server.port)));
  await Promise.all(writers.map(async (writer, i) => {
    await writer.send("/echo off", `/join #history${i}`);
    for (let j = 0; j < 1000; j++) await writer.send(line);
    await writer.send("/ping");
    await writer.until("-- Pong.");
  }));
  const withHistory = peak;
  // Fills each room to its limits; the masks have to differ.
  const owner = async (i: number) => {
    using client = new Client(await Deno.connect({ port: server.ircPort }));
    await client.send(`NICK owner${i}`, "USER u 0 * :r");
    for (let j = 0; j < 50; j++) {
      const room = `#${i}_${j}_${"x".repeat(40)}`;
      await client.send(`JOIN ${room}`, `TOPIC ${room} :${"茶".repeat(130)}`);
      for (let mask = 0; mask < 100; mask += 3) {
        await client.send(`MODE ${room} +bbb ${[0, 1, 2].map((k) => `${mask + k}${"y".repeat(130)}`).join(" ")}`);
      }
      await client.send(`PING ${j}`);
      await client.until(new RegExp(` PONG .*:${j}$`));
    }
    return await client.send("AWAY :x");
  };
  await Promise.all(Array.from({ length: 19 }, (_, i) => owner(i)));
  const withRooms = peak;
  const sent = async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${server.webPort}/metrics`)).text();
    return Number(/^tincan_sent_bytes_total (\d+)$/m.exec(metrics)![1]);
  };
  // Reading from a client stops when its outbox is half full, in addition to what the kernel buffers; then nothing more
  // is sent.
  const least = await sent() + (clients - writers.length) * sendBuffer / 2;
  // All other clients request as much history as they can and read none of it.
  const question = new TextEncoder().encode("/join #history1\n" + "/history 1000\n".repeat(2000));
  const sockets: Deno.TcpConn[] = [];
  for (let i = writers.length; i < clients; i++) {
    const socket = await Deno.connect({ port: server.port });
    sockets.push(socket);
    await socket.write(question);
  }
  for (let polls = 0, last = 0, same = 0; same < 5; polls++) {
    assert(polls < 400, `still sending after ${polls} polls: ${last} bytes`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = await sent();
    same = now === last && now > least ? same + 1 : 0;
    last = now;
  }
  const limit = memoryLimit(clients, sendBuffer, maxLine, rooms, maxMemory);
  const [all, most, history, more] = [peak, limit, withHistory, withRooms].map((bytes) => Math.round(bytes / 1e6));
  console.log(
    `${form.name}: at most ${all} MB of ${most}; ${history} with the history, ${more} with the rooms as well`,
  );
  assert(peak < limit, `${peak} bytes, and the limit is ${limit}`);
  for (const socket of sockets) socket.close();
  disposeAll(writers);
});

test("memory: the slowest readers are disconnected at --max-memory, and the others keep talking", async (form) => {
  const limit = 192 * 1024 ** 2;
  const readers = 60;
  const sendBuffer = 16 * 1024 ** 2; // half of it for each client is more than twice the limit
  await using server = await start(form, [
    ...["--max-memory", String(limit), "--send-buffer", String(sendBuffer), "--rate", "off", "--max-per-ip", "off"],
  ]);
  const { talk, clients } = await connectPair(server);
  using writer = await Client.join(server.port);
  await writer.send("/echo off", "/join #long", ...Array.from({ length: 1000 }, () => "x".repeat(4000)), "/ping");
  await writer.until("-- Pong.");
  const question = new TextEncoder().encode("/join #long\n" + "/history 1000\n".repeat(500));
  const sockets: Deno.TcpConn[] = [];
  for (let i = 0; i < readers; i++) {
    const socket = await Deno.connect({ port: server.port });
    sockets.push(socket);
    await socket.write(question);
    await talk();
  }
  await server.logged(/ memory is short .*disconnected=[1-9]/);
  await server.logged(new RegExp(` disconnected .*reason="${MEMORY_SHORT}"`));
  const buffered = async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${server.webPort}/metrics`)).text();
    assertEquals(/^tincan_disconnects_total\{reason="too slow to read"\} (\d+)$/m.exec(metrics)?.[1] ?? "0", "0");
    return Number(/^tincan_outbox_bytes (\d+)$/m.exec(metrics)![1]);
  };
  const short = async () => server.memory() > limit && await buffered() > BUFFERED_MAX * limit;
  const ends = performance.now() + 20_000;
  while (await short()) assert(performance.now() < ends, "memory is still above the limit");
  await talk();
  for (const socket of sockets) socket.close();
  disposeAll(clients);
});
