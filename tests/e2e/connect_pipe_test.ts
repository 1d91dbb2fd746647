/**
 * `tincan connect` without a terminal: it says the lines of stdin, prints messages with `--tail`, and has exit codes.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Certificates, noCertificates } from "../certificates.ts";
import { test } from "./forms.ts";
import { Client, type Form, notInstalled, Program, run, start } from "./harness.ts";
import { Terminal } from "./on_terminal.ts";

/** A directory for the settings of the client, and the environment that names it. */
class Home implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async make(): Promise<Home> {
    return new Home(await Deno.makeTempDir());
  }

  get env(): Record<string, string> {
    return { XDG_CONFIG_HOME: this.path, USER: "tester" };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** Says lines in a room by `tincan connect`. */
function say(form: Form, home: Home, target: string, input: string, ...args: string[]) {
  return run(form, ["connect", target, ...args], home.env, input);
}

/** Runs `--tail`, and waits until it is connected. */
async function tail(form: Form, home: Home, target: string, ...args: string[]): Promise<Program> {
  const program = new Program(form, ["connect", target, ...args, "--tail"], home.env);
  await program.logged(/^Connected to /);
  return program;
}

/** The next message that `--tail` prints, without its time. */
async function message(program: Program): Promise<string> {
  const line = await program.stdout.next("message");
  assertMatch(line ?? "", /^\d\d:\d\d .*\n$/);
  return line!.slice(6, -1);
}

/** A member in a room, on the text port. */
async function reader(server: Program, room: string): Promise<Client> {
  const client = await Client.join(server.port);
  await client.send(`/join ${room}`);
  await client.until(new RegExp(`^-- .*${room}`));
  return client;
}

test("connect pipe: each line of stdin is said once, in order, and the exit code is 0 when all are confirmed", async (form) => {
  await using home = await Home.make();
  await using server = await start(form, ["--burst", "5", "--rate", "50"]);
  using alice = await reader(server, "#tea");
  const lines = Array.from({ length: 30 }, (_, i) => `line ${i}`);
  const long = "word ".repeat(300).trim();
  const input = ["first", "", ...lines, long, "\x1b[31m/not a command", "no newline"].join("\n");
  for (const target of [`irc://127.0.0.1:${server.ircPort}`, `http://127.0.0.1:${server.webPort}/`]) {
    const { code, stdout, stderr } = await say(form, home, target, input, "#tea", "--nick", "bob");
    assertEquals({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
    const said: string[] = [];
    while (said.at(-1) !== "no newline") {
      said.push((await alice.until(/^\[?.*bob.*?[>:] /)).replace(/^.*?bob.*?[>:] /, ""));
    }
    assertEquals(said.slice(0, 31), ["first", ...lines]);
    assertEquals(said.slice(31, -2).join(" "), long);
    assertEquals(said.at(-2), "[31m/not a command");
  }
});

test("connect pipe: the name of a room may lack the #, as in /join", async (form) => {
  await using home = await Home.make();
  await using server = await start(form);
  using alice = await reader(server, "#tea");
  const target = `irc://127.0.0.1:${server.ircPort}`;
  for (const words of [["tea"], ["--room", "tea"]]) {
    const { code, stderr } = await say(form, home, target, "hello\n", ...words, "--nick", "bob");
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(await alice.until(/hello/), "<bob> hello");
  }
});

test("connect pipe: --tail prints the messages of a room, without control characters, until SIGINT", async (form) => {
  await using home = await Home.make();
  await using server = await start(form);
  await using printing = await tail(form, home, `127.0.0.1:${server.ircPort}`, "#tea");
  await say(form, home, `127.0.0.1:${server.ircPort}`, "one\n\x1b]0;title\x07two\x02bold\n", "#tea", "--nick", "bob");
  assertEquals([await message(printing), await message(printing)], ["<bob> one", "<bob> ]0;titletwobold"]);
  printing.kill("SIGINT");
  assertEquals(await printing.code(), 0);
});

/** Relays connections to a port, and can cut them. */
class Cable implements AsyncDisposable {
  #isCut = false;
  readonly #sockets = new Set<Socket>();

  private constructor(readonly server: Server, readonly port: number) {}

  static async to(target: number): Promise<Cable> {
    const server = createServer((inside) => {
      inside.on("error", () => {});
      if (cable.#isCut) return inside.destroy();
      const outside = connect(target, "127.0.0.1");
      for (const [from, to] of [[inside, outside], [outside, inside]] as const) {
        cable.#sockets.add(from);
        from.on("error", () => {});
        from.on("close", () => {
          cable.#sockets.delete(from);
          to.destroy();
        });
        from.pipe(to);
      }
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const cable: Cable = new Cable(server, (server.address() as AddressInfo).port);
    return cable;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, "close");
  }
}

test("connect pipe: --tail goes on after a lost connection, without a gap and without doubles", async (form) => {
  await using home = await Home.make();
  await using server = await start(form, ["--rate", "off", "--burst", "off"]);
  using _alice = await reader(server, "#tea"); // the history of an empty room is not kept
  await using cable = await Cable.to(server.ircPort);
  const direct = `irc://127.0.0.1:${server.ircPort}`;
  await using printing = await tail(form, home, `irc://127.0.0.1:${cable.port}`, "#tea");
  await say(form, home, direct, "before", "#tea", "--nick", "bob");
  assertEquals(await message(printing), "<bob> before");
  cable.cut();
  await printing.logged(/Trying again/);
  const missed = Array.from({ length: 250 }, (_, i) => `missed ${i}`); // more than a page of history
  assertEquals((await say(form, home, direct, missed.join("\n"), "#tea", "--nick", "bob")).code, 0);
  cable.mend();
  await printing.logged(/Connected again/);
  await say(form, home, direct, "after", "#tea", "--nick", "bob");
  const got: string[] = [];
  while (got.at(-1) !== "<bob> after") got.push(await message(printing));
  assertEquals(got, [...missed, "after"].map((text) => `<bob> ${text}`));
});

test("connect pipe: what is wrong is said in a line, with its exit code", async (form) => {
  await using home = await Home.make();
  await using server = await start(form);
  using alice = await reader(server, "#private");
  await alice.send("/mode +i");
  await alice.until(/invite/i);
  const target = `127.0.0.1:${server.ircPort}`;
  const cases: [args: string[], code: number, stderr: RegExp][] = [
    [["connect", "ftp://a", "#tea"], 2, /^Cannot connect to "ftp:\/\/a": "ftp" is not supported; use irc, .*\n$/],
    [
      ["connect", target],
      2,
      /^Cannot run without a terminal: name a room, as in tincan connect 127\.0\.0\.1 '#room'\n$/,
    ],
    [["connect", target, "#a", "#b"], 2, /^Cannot use "#b": connect takes one target and one room\n$/],
    [["connect", target, "#tea", "--login"], 2, /^Cannot ask for the password: stdin is not a terminal/],
    [["connect", target, "#tea", "--ca", "missing.pem"], 2, /^Cannot use --ca "missing\.pem": no such file\n$/],
    [["connect", "127.0.0.1:1", "#tea"], 1, /^Cannot connect to "127\.0\.0\.1:1": connection refused\n$/],
    [["connect", "host.invalid", "#tea"], 1, /^Cannot connect to "host\.invalid": /],
    [["connect", `127.0.0.1:${server.port}`, "#tea"], 1, /^Cannot connect to "127\.0\.0\.1:\d+": /],
    [["connect", target, "#private"], 1, /^Cannot join #private: #private is invite-only\. .*\n$/],
  ];
  for (const [args, code, stderr] of cases) {
    const outcome = await run(form, args, home.env, "hi\n");
    assertEquals([outcome.code, outcome.stdout], [code, ""], args.join(" "));
    assertMatch(outcome.stderr, stderr);
  }
});

test(
  "connect pipe: a password-protected account logs in on a terminal once, and by its token from then on",
  async (form) => {
    await using home = await Home.make();
    await using server = await start(form);
    using alice = await Client.join(server.port);
    await alice.send("/nick alice");
    await alice.until(/now alice$/);
    await alice.send("/register open-sesame");
    await alice.until(/registered/i);
    await alice.send("/quit");
    const words = [
      ...form.command,
      "connect",
      `127.0.0.1:${server.ircPort}`,
      "#tea",
      "--tail",
      "--login",
      "--nick",
      "alice",
    ];
    {
      await using terminal = new Terminal(`exec ${words.map((word) => `'${word}'`).join(" ")}`, home.env);
      await terminal.until("Password of alice: ");
      await terminal.type("open-sesame\n");
      await terminal.until("as alice.");
      await stored(home, "tincan.token");
      await terminal.type("\x03");
      assertEquals(await terminal.code(), 0);
      assert(!terminal.seen.includes("open-sesame"), terminal.seen);
    }
    using bob = await reader(server, "#tea");
    const outcome = await say(form, home, `127.0.0.1:${server.ircPort}`, "by token\n", "#tea");
    assertEquals(outcome, { code: 0, stdout: "", stderr: "" });
    await bob.until("<alice> by token"); // the name is that of the account alone
  },
  notInstalled("script"),
);

/** Waits until the client has stored a value. */
async function stored(home: Home, name: string): Promise<void> {
  const watcher = Deno.watchFs(home.path);
  try {
    const isThere = () => {
      return [...Deno.readDirSync(`${home.path}/tincan`)].some((file) => {
        return /json$/.test(file.name) && Deno.readTextFileSync(`${home.path}/tincan/${file.name}`).includes(name);
      });
    };
    if (isThere()) return;
    for await (const _ of watcher) if (isThere()) return;
  } finally {
    watcher.close();
  }
}

test("connect pipe: a self-signed certificate has to be accepted once, and a changed one is refused", async (form) => {
  await using home = await Home.make();
  await using certificates = await Certificates.make();
  const files = await certificates.issue("first");
  await using server = await start(form, ["--tls-cert", files.cert, "--tls-key", files.key]);
  const target = `127.0.0.1:${server.ircPort}`;
  const unknown = await say(form, home, target, "hi\n", "#tea");
  assertEquals(unknown.code, 1);
  assertMatch(unknown.stderr, /the certificate of 127\.0\.0\.1:\d+ is not trusted: .*, or use --ca FILE\n$/);
  for (const [port, scheme] of [[server.ircPort, "ircs"], [server.webPort, "https"]] as const) {
    const args = ["#tea", "--ca", certificates.authority];
    assertEquals((await say(form, home, `${scheme}://localhost:${port}`, "hi\n", ...args)).stderr, "");
  }
  const words = [...form.command, "connect", target, "#tea", "--tail"];
  {
    await using terminal = new Terminal(`exec ${words.map((word) => `'${word}'`).join(" ")}`, home.env);
    await terminal.until("Trust it from now on?");
    await terminal.type("yes\n");
    await terminal.until("Connected to ");
    await terminal.type("\x03");
    assertEquals(await terminal.code(), 0);
  }
  assertEquals(await say(form, home, target, "hi\n", "#tea"), { code: 0, stdout: "", stderr: "" });
  const known = `${home.path}/tincan/known_certificates`;
  const text = await Deno.readTextFile(known);
  assertMatch(text, /^127\.0\.0\.1:\d+ SHA256:(?:[0-9A-F]{2}:){31}[0-9A-F]{2}\n$/);
  await Deno.writeTextFile(known, text.replace(/SHA256:../, "SHA256:00").replace(/..\n$/, "00\n"));
  const changed = await say(form, home, target, "hi\n", "#tea");
  assertEquals(changed.code, 1);
  assertMatch(changed.stderr, /has changed\. .* remove line 1 of .*known_certificates and connect again\n$/);
}, noCertificates ?? notInstalled("script"));

test("connect pipe: ngIRCd confirms lines, with a nickname that is short enough", async (form) => {
  await using home = await Home.make();
  await using ngircd = await NgIrcd.start();
  const target = `127.0.0.1:${ngircd.port}`;
  await using printing = await tail(form, home, target, "#tea", "--nick", "listener9");
  const outcome = await say(form, home, target, "one\ntwo\n", "#tea", "--nick", "a-name-that-is-too-long");
  assertEquals(outcome, { code: 0, stdout: "", stderr: "" });
  assertMatch(await message(printing), /^<\S{1,9}> one$/);
  assertMatch(await message(printing), /^<\S{1,9}> two$/);
  const taken = await say(form, home, target, "three\n", "#tea", "--nick", "listener9");
  assertEquals(taken.code, 0);
  assertMatch(await message(printing), /^<guest\d+> three$/);
}, notInstalled("ngircd"));

/** A running ngIRCd. */
class NgIrcd implements AsyncDisposable {
  private constructor(readonly port: number, readonly child: Deno.ChildProcess, readonly config: string) {}

  static async start(): Promise<NgIrcd> {
    const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = free.addr;
    free.close();
    const config = await Deno.makeTempFile();
    await Deno.writeTextFile(
      config,
      `[Global]\nName = irc.example.test\nInfo = test\nAdminInfo1 = test\nListen = 127.0.0.1\nPorts = ${port}\n` +
        "[Limits]\nMaxNickLength = 9\nMaxConnectionsIP = 0\n[Options]\nPAM = no\nIdent = no\nDNS = no\n",
    );
    const child = new Deno.Command("ngircd", { args: ["-n", "-f", config], stdout: "piped", stderr: "null" }).spawn();
    const lines = child.stdout.pipeThrough(new TextDecoderStream());
    let seen = "";
    for await (const text of lines) {
      seen += text;
      if (seen.includes(" ready.")) break;
    }
    return new NgIrcd(port, child, config);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.child.status;
    await Deno.remove(this.config);
  }
}
