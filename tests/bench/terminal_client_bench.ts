/**
 * Measures the terminal client in a terminal of 100 columns and 30 rows, on a server that is a part of this script: the time
 * to the first frame, floods of 1,000 lines a second into the shown room and into another one, and memory over many lines.
 *
 * Linux with `script` (util-linux): `deno run -A tests/bench/terminal_client_bench.ts [dist/tincan] [LINES]`. Without a file, the
 * source is measured. On a busy machine, CPU times say more than times.
 */

const [binary, lines = "200000"] = Deno.args;
const LINES = Number(lines);
const STARTS = 5;
const FLOOD_SECONDS = 10;
const RATE = 1000;

const client = binary ?? "deno run -A --no-lock --no-check main.ts";
const encoder = new TextEncoder();
const delay = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** A server for one client. */
class BenchServer {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  #connection: Deno.Conn | undefined;
  #pending = Promise.resolve();
  joined = Promise.withResolvers<void>();

  constructor() {
    void this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  async #accept() {
    for await (const connection of this.#listener) {
      this.#connection = connection;
      void this.#serve(connection);
    }
  }

  async #serve(connection: Deno.Conn) {
    let rest = "";
    try {
      for await (const chunk of connection.readable.pipeThrough(new TextDecoderStream())) {
        const all = (rest + chunk).split("\r\n");
        rest = all.pop() ?? "";
        for (const line of all) this.#answer(line);
      }
    } catch {
      // the client has ended
    }
  }

  #answer(line: string) {
    const [, label, command = "", first = ""] = /^(?:@label=(\w+)\S* )?(\S+) ?:?(\S*)/.exec(line) ?? [];
    const tag = label === undefined ? "" : `@label=${label} `;
    const answers: Record<string, string[]> = {
      CAP: first === "LS"
        ? ["CAP * LS :message-tags batch labeled-response echo-message server-time"]
        : first === "REQ"
        ? [`CAP * ACK :${line.slice(line.indexOf(":") + 1)}`]
        : [":s 001 bench :Welcome", ":s 005 bench NETWORK=Bench :are supported"],
      JOIN: [`${tag}:bench!b@h JOIN ${first}`, `:s 353 bench = ${first} :bench ann`, `:s 366 bench ${first} :End`],
      PING: [`PONG s ${first}`],
    };
    const answer = answers[command] ?? (label === undefined ? [] : [`${tag}ACK`]);
    if (answer.length > 0) void this.send(answer.join("\r\n"));
    if (command === "JOIN" && first === "#shown") this.joined.resolve();
  }

  /** Sends lines, and waits until the client has room for more. */
  send(text: string): Promise<void> {
    const bytes = encoder.encode(`${text}\r\n`);
    return this.#pending = this.#pending.then(async () => {
      for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await this.#connection!.write(rest));
    });
  }

  close() {
    this.#listener.close();
    try {
      this.#connection?.close();
    } catch {
      // the client has closed it
    }
  }
}

/** The client on a pseudo-terminal. */
class BenchClient {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #decoder = new TextDecoder();
  readonly startedAt = performance.now();
  frames = 0;
  bytes = 0;
  firstFrame = Promise.withResolvers<number>();
  #wanted: { text: string; resolve: (time: number) => void } | undefined;

  constructor(port: number, readonly directory: string) {
    const command = `stty cols 100 rows 30; exec ${client} connect irc://127.0.0.1:${port} '#shown' --nick bench`;
    this.#process = new Deno.Command("script", {
      args: ["-qefc", command, "/dev/null"],
      env: { TERM: "xterm-256color", LANG: "C.UTF-8", XDG_CONFIG_HOME: directory, SHELL: "/bin/sh" },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    void this.#read();
  }

  async #read() {
    let all = "";
    for await (const bytes of this.#process.stdout) {
      const text = this.#decoder.decode(bytes, { stream: true });
      this.bytes += bytes.length;
      this.frames += text.split("\x1b[?2026l").length - 1;
      if (all.length < 10_000) {
        all += text;
        const at = all.indexOf("\x1b[?1049h");
        if (at >= 0 && all.length > at + 100) this.firstFrame.resolve(performance.now() - this.startedAt);
      }
      if (this.#wanted !== undefined && text.includes(this.#wanted.text)) this.#wanted.resolve(performance.now());
    }
  }

  /** Types a character that is nowhere else on the screen, and returns after how many milliseconds it is there. */
  async type(character: string): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#wanted = { text: character, resolve };
    const typedAt = performance.now();
    await this.#input.write(encoder.encode(character));
    return await Promise.race([promise, delay(5000).then(() => Infinity)]) - typedAt;
  }

  /** The process of the client. */
  get pid(): string {
    const { pid } = this.#process;
    return Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim().split(" ")[0]!;
  }

  /** CPU time in milliseconds, of all threads. */
  cpu(): number {
    const fields = Deno.readTextFileSync(`/proc/${this.pid}/stat`).split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  /** Resident memory, in MB. */
  memory(): number {
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${this.pid}/status`))!;
    return Math.round(Number(kilobytes) / 1024);
  }

  async end() {
    await this.#input.write(encoder.encode("\x04"));
    await Promise.race([this.#process.status, delay(3000).then(() => this.#process.kill())]);
  }
}

async function run<T>(measure: (client: BenchClient, server: BenchServer) => Promise<T>): Promise<T> {
  const directory = await Deno.makeTempDir({ prefix: "tincan-bench-" });
  const server = new BenchServer();
  const terminal = new BenchClient(server.port, directory);
  try {
    return await measure(terminal, server);
  } finally {
    await terminal.end();
    server.close();
    await Deno.remove(directory, { recursive: true });
  }
}

const sorted = (values: number[]) => values.map(Math.round).sort((a, b) => a - b);

const starts: { time: number; cpu: number }[] = [];
for (let i = 0; i < STARTS; i++) {
  starts.push(
    await run(async (client, server) => {
      const time = await client.firstFrame.promise;
      const cpu = client.cpu();
      await server.joined.promise;
      return { time, cpu };
    }),
  );
}
console.log(`first frame, ms: ${sorted(starts.map(({ time }) => time)).join(" ")}`);
console.log(`CPU until then, ms: ${sorted(starts.map(({ cpu }) => cpu)).join(" ")}`);

for (const room of ["#shown", "#other"]) {
  await run(async (client, server) => {
    await server.joined.promise;
    await server.send(":bench!b@h JOIN #other");
    await delay(1000);
    const [cpu, frames, bytes] = [client.cpu(), client.frames, client.bytes];
    const startedAt = performance.now();
    const latencies: number[] = [];
    let isOver = false;
    const typing = (async () => {
      for (let i = 0; !isOver && i < 18; i++) {
        latencies.push(await client.type(String.fromCodePoint(0x3b1 + i)));
        await delay(400);
      }
    })();
    let sent = 0;
    while (sent < FLOOD_SECONDS * RATE) {
      const due = Math.floor((performance.now() - startedAt) / 1000 * RATE) - sent;
      const batch = Array.from({ length: due }, (_, i) => {
        return `@msgid=m${sent + i};time=${new Date().toISOString()} :ann!a@h PRIVMSG ${room} :line ${
          sent + i
        } of a flood, with *some* words`;
      });
      sent += due;
      if (batch.length > 0) await server.send(batch.join("\r\n"));
      await delay(10);
    }
    const seconds = (performance.now() - startedAt) / 1000;
    isOver = true;
    const percent = Math.round((client.cpu() - cpu) / seconds / 10);
    await typing;
    console.log(
      `${sent} lines into ${room} in ${seconds.toFixed(1)} s: ${
        ((client.frames - frames) / seconds).toFixed(1)
      } frames/s, ` +
        `${Math.round((client.bytes - bytes) / seconds / 1024)} KiB/s, CPU ${percent} %, key to screen, ms: ${
          sorted(latencies).join(" ")
        }`,
    );
  });
}

await run(async (client, server) => {
  await server.joined.promise;
  await delay(1000);
  const memory = [client.memory()];
  const startedAt = performance.now();
  for (let sent = 0; sent < LINES;) {
    for (const end = sent + LINES / 8; sent < end; sent += 100) {
      const batch = Array.from({ length: 100 }, (_, i) => {
        const room = (sent + i) % 50 === 0 ? "#shown" : "#other";
        return `@msgid=m${sent + i} :n${(sent + i) % 500}!a@h PRIVMSG ${room} :line ${sent + i}: ${
          "word ".repeat(i % 30)
        }`;
      });
      if (sent === 0) await server.send(":bench!b@h JOIN #other");
      await server.send(batch.join("\r\n"));
    }
    await client.type("α"); // all before it is handled
    await client.type("\b");
    memory.push(client.memory());
  }
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(
    `${LINES} lines in ${seconds.toFixed(1)} s; memory in MB, at first and after each eighth: ${memory.join(" ")}`,
  );
});
Deno.exit(0);
