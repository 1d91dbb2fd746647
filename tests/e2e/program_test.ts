/**
 * The program around the chat: its command line, its doors, its log, its end.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Operators } from "../../src/moderation/operators.ts";
import { test } from "./forms.ts";
import { Client, run, start } from "./harness.ts";

/** Each door on a port that is free. */
const FREE = ["--port", "0", "--irc-port", "0", "--web-port", "0"];

test("--version and --help say so and end", async (form) => {
  const version = await run(form, ["--version"]);
  assertEquals([version.code, version.stderr], [0, ""]);
  assertMatch(version.stdout, /^tincan \d+\.\d+\.\d+\n$/);
  const help = await run(form, ["--help"]);
  assertEquals([help.code, help.stderr], [0, ""]);
  assertMatch(help.stdout, /--port PORT/);
});

test("a command line that makes no sense is one line on stderr, and exit code 2", async (form) => {
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

test("passwd makes a line for --operators of a password from stdin, and does not show it", async (form) => {
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

test("a file of operators that makes no sense is told by file and line, and what is in it is not", async (form) => {
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

test("each door can stay closed, and the others are open all the same", async (form) => {
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

test("a port that is taken is named, with the flags that help, and exit code 1", async (form) => {
  await using first = await start(form);
  for (const [flag, port] of [["--port", first.port], ["--irc-port", first.ircPort], ["--web-port", first.webPort]]) {
    const { code, stdout, stderr } = await run(form, [...FREE, `${flag}`, `${port}`]);
    assertEquals([code, stdout], [1, ""]);
    const message = `^Cannot open port ${port}: address already in use \\(${flag} N .*${flag} off.*\\)\n$`;
    assertMatch(stderr, new RegExp(message));
  }
});

test("an address that is none is one line on stderr, and exit code 1", async (form) => {
  const { code, stdout, stderr } = await run(form, ["--host", "192.0.2.1", ...FREE]);
  assertEquals([code, stdout], [1, ""]);
  assertMatch(stderr, /^Cannot listen on "192\.0\.2\.1": [^\n]+\n$/);
});

/** How addresses can be written, and what is said of how to get in. */
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

test("host: what is said of how to get in is the address, however it was written, and no other page gets in", async (form) => {
  for (const [written, [nc, url]] of Object.entries(HOSTS)) {
    await using server = await start(form, ["--host", written]);
    assertEquals(server.stdout.all.split("\n"), [
      `text  nc ${nc} ${server.port}`,
      `irc   irc://${url}:${server.ircPort}`,
      `web   http://${url}:${server.webPort}`,
      "",
    ], written);
    if (/^(0|\[?::\]?)$/.test(written)) continue; // people come from elsewhere
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
  test(`${signal} tells everybody, sends what is queued, and ends with 0`, async (form) => {
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

test("a second signal stops at once", async (form) => {
  await using server = await start(form, ["--rate", "off", "--send-buffer", "100MiB"]);
  // More than the kernel takes is queued for a client that never reads, so that stopping has to wait for it.
  const deaf = await Deno.connect({ port: server.port });
  await server.logged(/connected .*nick=guest1/);
  using alice = await Client.join(server.port);
  const text = "x".repeat(8000);
  for (let i = 0; i < 2000; i++) await alice.send(text);
  await alice.send("/ping");
  await alice.until("-- Pong.");
  const began = performance.now();
  server.kill("SIGTERM");
  await server.logged(/stopping signal=SIGTERM/);
  server.kill("SIGINT");
  assertEquals(await server.code(), 130);
  assert(performance.now() - began < 4000, "it waited for the one who does not read");
  deaf.close();
});

test("a client that never reads delays the end by 5 seconds at most", async (form) => {
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

test("the log has who, where from, which door and why, in JSON for machines", async (form) => {
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

test("what people say is in the log at no level", async (form) => {
  await using server = await start(form, ["--log-level", "debug"]);
  using alice = await Client.join(server.port);
  await alice.send("a secret", "/msg guest1 a secret", "/topic a secret", "/quit");
  await alice.rest();
  await server.logged(/disconnected/);
  assert(!server.log.all.includes("secret"));
});

test("--log-level error says nothing of comings and goings", async (form) => {
  await using server = await start(form, [], { TINCAN_LOG_LEVEL: "error" });
  using alice = await Client.join(server.port);
  await alice.send("/quit");
  await alice.rest();
  server.kill("SIGTERM");
  assertEquals(await server.code(), 0);
  assertEquals(server.log.all, "");
});
