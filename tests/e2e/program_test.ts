/**
 * The process: command line, listeners, log and shutdown.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Operators } from "../../src/moderation/operators.ts";
import { test } from "./forms.ts";
import { Client, run, start } from "./harness.ts";

/** Flags that open each listener on a free port. */
const FREE = ["--port", "0", "--irc-port", "0", "--web-port", "0"];

test("command line: --version and --help print to stdout and exit with code 0", async (form) => {
  const version = await run(form, ["--version"]);
  assertEquals([version.code, version.stderr], [0, ""]);
  assertMatch(version.stdout, /^tincan \d+\.\d+\.\d+\n$/);
  const help = await run(form, ["--help"]);
  assertEquals([help.code, help.stderr], [0, ""]);
  assertMatch(help.stdout, /--port PORT/);
});

test("command line: an invalid one prints one line on stderr and exits with code 2", async (form) => {
  const cases: [string[], Record<string, string>, RegExp, string?][] = [
    [["--port", "banana"], {}, /--port "banana": /],
    [["--port"], {}, /--port: it needs a value/],
    [["--prot", "1"], {}, /"--prot": no such flag/],
    [["dance"], {}, /"dance": no such command/],
    [[], { TINCAN_RATE: "-1" }, /TINCAN_RATE \(--rate\) "-1": /],
    [["--motd", "/nowhere/at/all"], {}, /--motd "\/nowhere\/at\/all": no such file/],
    [["--operators", "/nowhere/at/all"], {}, /--operators "\/nowhere\/at\/all": no such file/],
    [["--port", "off", "--irc-port", "off", "--web-port", "off"], {}, /--port off: no port would be open/],
    [["passwd"], {}, /^Cannot make a line: tincan passwd NAME/],
    [["passwd", "a#b"], {}, /^Cannot make a line: tincan passwd NAME/],
    [["passwd", "a b"], {}, /^Cannot make a line: tincan passwd NAME/],
    [["passwd", "alice"], {}, /^Cannot make a line: the password is empty/],
    [["passwd", "alice"], {}, /^Cannot use this password: fewer than 8 characters/, "sesame\n"],
    [["passwd", "alice"], {}, /^Cannot use this password: it contains a control character/, "open\x1b[Asesame\n"],
    [["passwd", "alice"], {}, /^Cannot use this password: .* begins or ends with a space/, " open sesame\n"],
  ];
  for (const [args, env, message, input] of cases) {
    const { code, stdout, stderr } = await run(form, args, env, input);
    assertEquals([code, stdout], [2, ""], `${args}`);
    assertMatch(stderr, message);
    assertMatch(stderr, /^[^\n]+\n$/);
  }
});

test("passwd: a password from stdin becomes a line for --operators, and is not printed", async (form) => {
  const inputs = {
    "grüße 😀 an alle\n": "grüße 😀 an alle",
    "open sesame": "open sesame",
    "open #sesame\r\nmore\n": "open #sesame",
    "cafe\u0301\u00a0noir\n": "caf\u00e9 noir",
  };
  for (const [input, password] of Object.entries(inputs)) {
    const { code, stdout, stderr } = await run(form, ["passwd", "alice"], {}, input);
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /^alice scrypt\$ln=15,r=8,p=3\$[\w-]+\$[\w-]+\n$/);
    const operators = Operators.read(stdout);
    assert(await operators.verify("alice", password), password);
    assert(!await operators.verify("alice", `${password}!`), password);
  }
});

test("operators: an invalid file is reported with its name and line number, but not its content", async (form) => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, "# who runs it\nalice hunter2\n");
    const { code, stdout, stderr } = await run(form, [...FREE, "--operators", file]);
    assertEquals([code, stdout], [2, ""]);
    assertEquals(stderr, `Cannot use --operators "${file}": line 2 is not a name and a hash\n`);
    await Deno.writeTextFile(file, "# nobody yet\n");
    await using server = await start(form, ["--operators", file]);
    assert(server.port > 0 && server.ircPort > 0);
  } finally {
    await Deno.remove(file);
  }
});

test("listeners: each can be turned off while the others open", async (form) => {
  {
    await using server = await start(form, ["--port", "off", "--web-port", "off"]);
    assertEquals(server.stdout.all, `irc   irc://127.0.0.1:${server.ircPort}\n`);
    (await Deno.connect({ port: server.ircPort })).close();
  }
  {
    await using server = await start(form, ["--port", "off", "--irc-port", "off"]);
    assertEquals(server.stdout.all, `web   http://127.0.0.1:${server.webPort}\n`);
    const response = await fetch(`http://127.0.0.1:${server.webPort}/healthz`);
    assertEquals([response.status, await response.text()], [200, "ok\n"]);
  }
  await using server = await start(form, ["--irc-port", "off", "--web-port", "off"]);
  assertEquals(server.stdout.all, `text  nc 127.0.0.1 ${server.port}\n`);
  using _alice = await Client.join(server.port);
});

test("listeners: a port in use exits with code 1 and names the port and the flags that help", async (form) => {
  await using first = await start(form);
  for (const [flag, port] of [["--port", first.port], ["--irc-port", first.ircPort], ["--web-port", first.webPort]]) {
    const { code, stdout, stderr } = await run(form, [...FREE, `${flag}`, `${port}`]);
    assertEquals([code, stdout], [1, ""]);
    const message = `^Cannot open port ${port}: address already in use \\(${flag} N .*${flag} off.*\\)\n$`;
    assertMatch(stderr, new RegExp(message));
  }
});

test("host: an address that is not local prints one line on stderr and exits with code 1", async (form) => {
  const { code, stdout, stderr } = await run(form, ["--host", "192.0.2.1", ...FREE]);
  assertEquals([code, stdout], [1, ""]);
  assertMatch(stderr, /^Cannot listen on "192\.0\.2\.1": [^\n]+\n$/);
});

/** Spellings of addresses, with the address that the listener lines print for nc and in URLs. */
const HOSTS: Record<string, [nc: string, url: string]> = {
  "127.1": ["127.0.0.1", "127.0.0.1"],
  "LOCALHOST": ["127.0.0.1", "127.0.0.1"],
  "localhost.": ["127.0.0.1", "127.0.0.1"],
  "0x7f.1": ["127.0.0.1", "127.0.0.1"],
  "::ffff:127.0.0.1": ["127.0.0.1", "127.0.0.1"],
  "0": ["127.0.0.1", "127.0.0.1"],
  "::1": ["::1", "[::1]"],
  "[::1]": ["::1", "[::1]"],
  "::": ["::1", "[::1]"],
  "[::]": ["::1", "[::1]"],
};

test("host: the listener lines print the canonical address, and pages of other sites cannot connect, for each spelling", async (form) => {
  for (const [written, [nc, url]] of Object.entries(HOSTS)) {
    await using server = await start(form, ["--host", written]);
    assertEquals(server.stdout.all.split("\n"), [
      `text  nc ${nc} ${server.port}`,
      `irc   irc://${url}:${server.ircPort}`,
      `web   http://${url}:${server.webPort}`,
      "",
    ], written);
    if (/^(0|\[?::\]?)$/.test(written)) continue; // clients of other machines can connect
    const fields = [
      "GET /irc HTTP/1.1",
      "Host: evil.example",
      "Origin: http://evil.example",
      "Connection: Upgrade",
      "Upgrade: websocket",
    ];
    const client = new Client(await Deno.connect({ hostname: nc, port: server.webPort }));
    await client.write(
      [...fields, "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", ""].join("\r\n"),
    );
    assertMatch(await client.until(/^HTTP/), / 403 /, written);
    client[Symbol.dispose]();
  }
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`shutdown: ${signal} notifies all clients, sends queued output, and exits with code 0`, async (form) => {
    await using server = await start(form);
    using alice = await Client.join(server.port);
    using bob = await Client.join(server.port);
    await alice.send("/list");
    await alice.until(/^-- Client 2/);
    server.kill(signal);
    for (const client of [alice, bob]) assertEquals((await client.rest()).at(-1), "-- tincan is stopping. Goodbye.");
    assertEquals(await server.code(), 0);
    assertEquals(server.stdout.all.split("\n"), [
      `text  nc 127.0.0.1 ${server.port}`,
      `irc   irc://127.0.0.1:${server.ircPort}`,
      `web   http://127.0.0.1:${server.webPort}`,
      "",
    ]);
  });
}

test("shutdown: a second signal exits at once with code 130", async (form) => {
  await using server = await start(form, ["--rate", "off", "--send-buffer", "100MiB"]);
  // More than the kernel buffers is queued for a client that never reads, so that the shutdown has to wait for it.
  const deaf = await Deno.connect({ port: server.port });
  await server.logged(/connected .*nick=guest1/);
  using alice = await Client.join(server.port);
  const text = "x".repeat(8000);
  for (let i = 0; i < 2000; i++) await alice.send(text);
  await alice.send("/ping");
  await alice.until("-- Pong.");
  server.kill("SIGTERM");
  await server.logged(/stopping signal=SIGTERM/);
  server.kill("SIGINT");
  assertEquals(await server.code(), 130, "it is 0 after waiting for the client that does not read");
  deaf.close();
});

test("shutdown: exits with code 0 although a client never reads", async (form) => {
  await using server = await start(form, ["--rate", "off", "--send-buffer", "100MiB"]);
  const deaf = await Deno.connect({ port: server.port });
  await server.logged(/connected .*nick=guest1/);
  using alice = await Client.join(server.port);
  for (let i = 0; i < 2000; i++) await alice.send("x".repeat(8000));
  await alice.send("/ping");
  await alice.until("-- Pong.");
  server.kill("SIGTERM");
  assertEquals(await server.code(), 0);
  deaf.close();
});

test("log: JSON lines have the nickname, peer, listener and reason of each connection", async (form) => {
  await using server = await start(form, ["--log-format", "json"]);
  const peer = /^127\.0\.0\.1:\d+$/;
  {
    using alice = await Client.join(server.port);
    const line = JSON.parse(await server.logged(/"connected"/));
    assertMatch(line.peer, peer);
    assertEquals([line.level, line.door, line.nick], ["info", "text", "guest1"]);
    assert(Math.abs(Date.parse(line.time) - Date.now()) < 60_000, line.time);
    await alice.send("/nick alice", "what is said is nobody's business", "/quit a reason of hers");
    await alice.rest();
  }
  const line = JSON.parse(await server.logged(/"disconnected"/));
  assertMatch(line.peer, peer);
  assertEquals([line.level, line.door, line.nick, line.reason], ["info", "text", "alice", "quit"]);
  assert(!server.log.all.includes("business") && !server.log.all.includes("a reason of hers"));
});

test("log: messages are not logged at any level", async (form) => {
  await using server = await start(form, ["--log-level", "debug"]);
  using alice = await Client.join(server.port);
  await alice.send("a secret", "/msg guest1 a secret", "/topic a secret", "/quit");
  await alice.rest();
  await server.logged(/disconnected/);
  assert(!server.log.all.includes("secret"));
});

test("log: connections are not logged with --log-level error", async (form) => {
  await using server = await start(form, [], { TINCAN_LOG_LEVEL: "error" });
  using alice = await Client.join(server.port);
  await alice.send("/quit");
  await alice.rest();
  server.kill("SIGTERM");
  assertEquals(await server.code(), 0);
  assertEquals(server.log.all, "");
});
