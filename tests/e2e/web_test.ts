/**
 * The web listener: HTTP, metrics, and WebSocket clients that chat with clients of the other listeners.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { handshake, rawRequest, shown, WebSocketClient } from "../websocket_client.ts";
import { test } from "./forms.ts";
import { Client, start } from "./harness.ts";

const UNBOUND = ["--rate", "off", "--max-per-ip", "off", "--log-rate", "off"];
const ENDING = "Upgrade, close";
const IRC = (protocol: string) => ({ "sec-websocket-protocol": protocol });

test("web: malformed and unusual requests get a status, and never a file of the disk", async (form) => {
  await using server = await start(form);
  const head = "Host: x\r\nConnection: close\r\n\r\n";
  const cases: [string, number][] = [
    ["GET // HTTP/1.1\r\n" + head, 404],
    ["GET //evil.example/irc HTTP/1.1\r\n" + head, 404],
    ["GET /../etc/passwd HTTP/1.1\r\n" + head, 404],
    ["GET /%2e%2e%2f%2e%2e%2fetc%2fpasswd HTTP/1.1\r\n" + head, 404],
    [`GET /${"a".repeat(8000)} HTTP/1.1\r\n${head}`, 404],
    [`GET /${"a".repeat(10_000)} HTTP/1.1\r\n${head}`, 414],
    [`GET /${"a".repeat(100_000)} HTTP/1.1\r\n${head}`, 414],
    ["GET http://evil.example/healthz HTTP/1.1\r\n" + head, 200],
    ["GET http://evil.example:99999/healthz HTTP/1.1\r\n" + head, 400],
    ["GET /healthz HTTP/1.1\r\nHost: a b:c\r\nConnection: close\r\n\r\n", 400],
    ["OPTIONS * HTTP/1.1\r\n" + head, 404],
    ["POST /healthz HTTP/1.1\r\n" + head, 405],
    ["GET /irc HTTP/1.1\r\n" + head, 426],
    ["GET /irc HTTP/1.1\r\nUpgrade: websocket\r\n" + head, 400],
    ["garbage\r\n\r\n", 400],
  ];
  for (const [request, status] of cases) {
    const answer = await rawRequest(server.webPort, request);
    assertEquals(answer.status, status, request.slice(0, 60));
    assert(!answer.body.includes("root:"), request.slice(0, 60));
  }
  assert(!/error|TypeError/.test(server.log.all), server.log.all);
});

test("web: a WebSocket from another origin is rejected, unless --allow-origin allows it", async (form) => {
  await using server = await start(form, ["--allow-origin", "https://chat.example.org"]);
  for (
    const origin of [
      "https://evil.example",
      "null",
      "http://localhost.evil.example",
      "http://localhost:1",
      "http://tincan.example",
    ]
  ) {
    assertEquals(
      (await rawRequest(server.webPort, handshake("/irc", { origin, host: "localhost", connection: ENDING }))).status,
      403,
    );
  }
  for (const origin of ["http://localhost", "https://localhost", "https://chat.example.org"]) {
    using _client = await WebSocketClient.open(server.webPort, "/irc", { origin, host: "localhost" });
  }
  // DNS rebinding: a foreign name that resolves to this machine.
  const rebound = { origin: "http://evil.example", host: "evil.example", connection: ENDING };
  assertEquals((await rawRequest(server.webPort, handshake("/irc", rebound))).status, 403);
  using _program = await WebSocketClient.open(server.webPort); // without an origin
});

test("web: an unknown subprotocol is rejected, and a known one decides how lines are framed", async (form) => {
  await using server = await start(form, UNBOUND);
  const answer = await rawRequest(server.webPort, handshake("/irc", { ...IRC("soap"), connection: ENDING }));
  assertEquals(answer.status, 400);
  assertEquals(answer.body, "Unknown subprotocol; supported: lines.tincan, text.ircv3.net, binary.ircv3.net.\n");
  using alice = await Client.join(server.port);
  const opcodes: Record<string, number> = { "": 1, "text.ircv3.net": 1, "binary.ircv3.net": 2, "lines.tincan": 1 };
  for (const [protocol, opcode] of Object.entries(opcodes)) {
    using client = await WebSocketClient.open(server.webPort, "/irc", protocol === "" ? {} : IRC(`soap, ${protocol}`));
    assertEquals(client.answer.headers.get("sec-websocket-protocol"), protocol || null);
    await client.send("NICK robin", "USER a 0 * :a", "JOIN #lobby", "PING :grüße");
    const texts: string[] = [];
    while (!texts.some((text) => /PRIVMSG .*:bye$/.test(text))) {
      const frame = (await client.next())!;
      assertEquals(frame.opcode, opcode, protocol);
      texts.push(shown(frame));
      if (/PONG .*grüße$/.test(texts.at(-1)!)) await alice.write("hello\nbye\n"); // sent together, and delivered together
    }
    const several = texts.filter((text) => /[\r\n]/.test(text));
    assertEquals(several.length > 0, protocol === "lines.tincan", protocol);
    assert(several.every((text) => !/\r|\n$/.test(text)));
    await client.send("QUIT");
    await client.rest();
  }
});

test("web: clients on nc, IRC and WebSocket chat with each other", async (form) => {
  await using server = await start(form, UNBOUND);
  using nc = await Client.join(server.port);
  using text = await WebSocketClient.open(server.webPort, "/text");
  await text.until(/^-- Welcome/);
  using web = await WebSocketClient.open(server.webPort);
  await web.send("NICK robin", "USER r 0 * :r", "JOIN #lobby");
  await web.until(/ 366 robin #lobby /);
  await nc.send("/nick alice", "grüße 😀");
  await text.until(/^<alice> grüße 😀$/);
  await web.until(/^:alice!\S+ PRIVMSG #lobby :grüße 😀$/);
  await web.send("PRIVMSG #lobby :from the web");
  await nc.until("<robin> from the web");
  await text.until(/^<robin> from the web$/);
  await text.send("with an end\n");
  await nc.until("<guest2> with an end");
  await text.sendBytes(new Uint8Array([0xff, 0x68, 0x69]));
  await nc.until("<guest2> \ufffdhi");
});

test("web: an oversized frame or garbage disconnects only its sender", async (form) => {
  await using server = await start(form);
  using alice = await Client.join(server.port);
  const cases: [string, RegExp, (client: WebSocketClient) => Promise<void>][] = [
    ["a long frame", /sent too much at once/, (client) => client.send("x".repeat(65_537))],
    ["10 MB", /sent too much at once/, (client) => client.sendBytes(new Uint8Array(10_000_000))],
    ["garbage", /reserved bits are set/, (client) => client.write(new Uint8Array(1000).fill(0xff))],
  ];
  for (const [name, reason, send] of cases) {
    using client = await WebSocketClient.open(server.webPort, "/text");
    await client.until(/^-- Welcome/);
    await send(client).catch(() => {}); // it may be disconnected before the end
    assertMatch(await server.logged(/ disconnected /), reason, name);
  }
  {
    using client = await WebSocketClient.open(server.webPort, "/text");
    await client.until(/^-- Welcome/);
  }
  assertMatch(await server.logged(/ disconnected /), /door=web .*reason="connection lost"/, "a client that vanishes");
  await alice.send("still here");
  await alice.until("<guest1> still here");
});

test("web: 1,000 WebSockets that never read are disconnected, and other clients chat on", async (form) => {
  await using server = await start(form, [...UNBOUND, "--send-buffer", "128KiB", "--log-level", "debug"]);
  await server.warm();
  const deaf: WebSocketClient[] = [];
  while (deaf.length < 1000) deaf.push(await WebSocketClient.open(server.webPort, "/text"));
  using alice = await Client.join(server.port);
  const before = server.memory();
  let gone = 0;
  const all = (async () => {
    for (; gone < deaf.length; gone++) await server.logged(/disconnected .*reason="too slow to read"/);
  })();
  for (let n = 0; gone < deaf.length; n++) {
    await alice.send(`${n} ${"x".repeat(8000)}`);
    await alice.until(new RegExp(`^<\\w+> ${n} `));
  }
  await all;
  const grown = server.memory() - before;
  assert(grown < 300e6, `memory grew by ${grown} bytes`);
  deaf.forEach((client) => client[Symbol.dispose]());
}, Deno.build.os === "linux" ? undefined : "there is no /proc to read memory from");

test("web: a stopping server notifies all clients, and answers new requests with 503", async (form) => {
  await using server = await start(form, [...UNBOUND, "--send-buffer", "100MiB"]);
  using web = await WebSocketClient.open(server.webPort, "/text");
  await web.until(/^-- Welcome/);
  const deaf = await Deno.connect({ port: server.port }); // delays the end of the server
  await server.logged(/connected .*nick=guest2/);
  using alice = await Client.join(server.port);
  for (let i = 0; i < 2000; i++) await alice.send("x".repeat(8000));
  await alice.send("that is all");
  await web.until(/that is all$/); // reading all of it may take longer than the shutdown timeout
  server.kill("SIGTERM");
  const frames = (await web.rest()).map(shown);
  assertEquals(frames.slice(-2), ["-- tincan is stopping. Goodbye.", "close 1000 server stopping"]);
  const health = await rawRequest(server.webPort, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  assertEquals([health.status, health.body], [503, "stopping\n"]);
  assertEquals((await rawRequest(server.webPort, handshake("/irc", { connection: ENDING }))).status, 503);
  deaf.close();
  assertEquals(await server.code(), 0);
});

test("web: limits and the log use the address given by a trusted proxy, and no other forwarded address", async (form) => {
  const from = (address: string) => ({ "x-forwarded-for": `6.6.6.6, ${address}` });
  {
    await using server = await start(form, ["--trust-proxy", "127.0.0.1", "--max-per-ip", "1"]);
    using _one = await WebSocketClient.open(server.webPort, "/text", from("192.0.2.1"));
    assertMatch(await server.logged(/ connected /), /peer=192\.0\.2\.1 door=web/);
    using _two = await WebSocketClient.open(server.webPort, "/text", from("192.0.2.2"));
    assertMatch(await server.logged(/ connected /), /peer=192\.0\.2\.2 door=web/);
    using again = await WebSocketClient.open(server.webPort, "/text", from("192.0.2.1"));
    assertMatch(await again.text(), /^-- Too many connections from your address/);
    assertMatch(await server.logged(/ refused /), /peer=192\.0\.2\.1 door=web/);
  }
  await using server = await start(form, ["--max-per-ip", "1"]);
  using _one = await WebSocketClient.open(server.webPort, "/text", from("192.0.2.1"));
  assertMatch(await server.logged(/ connected /), /peer=127\.0\.0\.1:\d+ door=web/);
  // A connection rejected before its request gets an HTTP response.
  const two = await rawRequest(server.webPort, handshake("/text", from("192.0.2.2")));
  assertEquals([two.status, two.body], [503, "Too many connections from your address. Close one first.\n"]);
  assertMatch(await server.logged(/ refused /), /peer=127\.0\.0\.1:\d+ door=web/);
});

/** The samples of a text in the Prometheus format. Fails if the format is invalid. */
function parse(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  const types = new Map<string, string>();
  let [helped, family] = ["", ""];
  assert(text.endsWith("\n"));
  for (const line of text.slice(0, -1).split("\n")) {
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) ([a-z_][a-z0-9_]*) (.+)$/.exec(line) ?? [];
    if (kind === "HELP") helped = name;
    else if (kind === "TYPE") {
      assert(helped === name && !types.has(name) && /^(counter|gauge|histogram)$/.test(rest), line);
      types.set(family = name, rest);
    } else {
      const sample = /^([a-z_]+)((?:\{[a-z_]+="(?:[^"\\\n]|\\[\\n"])*"\})?) (-?\d+(?:\.\d+)?(?:e[+-]\d+)?)$/.exec(line);
      assert(sample !== null, `not a sample: ${line}`);
      const base = types.get(family) === "histogram" ? sample[1]!.replace(/_(bucket|sum|count)$/, "") : sample[1];
      assert(base === family && !samples.has(sample[1]! + sample[2]!), line);
      assertEquals(types.get(family) === "counter", family.endsWith("_total"), line);
      samples.set(sample[1]! + sample[2]!, Number(sample[3]));
    }
  }
  return samples;
}

test("metrics: the format is that of Prometheus, and a short conversation is counted correctly", async (form) => {
  await using server = await start(form);
  const ask = async () => parse(await (await fetch(`http://127.0.0.1:${server.webPort}/metrics`)).text());
  const none = await ask();
  for (const name of ["text", "irc", "web"]) assertEquals(none.get(`tincan_connections{door="${name}"}`), 0);
  using alice = await Client.join(server.port);
  using web = await WebSocketClient.open(server.webPort, "/text");
  await web.until(/^-- Welcome/);
  await alice.until("-- guest2 joined #lobby");
  const before = await ask();
  await alice.send("one", "two");
  await web.until(/two$/);
  await alice.until("<guest1> two");
  const after = await ask();
  const grown = (name: string) => after.get(name)! - before.get(name)!;
  assertEquals(grown("tincan_messages_received_total"), 2);
  assertEquals(grown("tincan_deliveries_total"), 4);
  assertEquals(grown("tincan_sent_bytes_total"), 2 * "<guest1> one\n".length + 2 * "HH<guest1> one".length); // a frame has a head
  assertEquals(after.get("tincan_messages_kept_total"), 0, "there is no --data");
  assert(grown("tincan_flush_duration_seconds_count") > 0);
  const buckets = [...after].filter(([name]) => name.startsWith("tincan_flush_duration_seconds_bucket"));
  assertEquals(buckets.at(-1), [
    'tincan_flush_duration_seconds_bucket{le="+Inf"}',
    after.get("tincan_flush_duration_seconds_count")!,
  ]);
  const gauges = ['connections{door="text"}', 'connections{door="web"}', "members", "rooms", "outbox_bytes"];
  assertEquals(gauges.map((name) => after.get(`tincan_${name}`)), [1, 1, 2, 1, 0]);
  await alice.send("/quit");
  await alice.rest();
  await server.logged(/disconnected/);
  const last = await ask();
  assertEquals([last.get('tincan_connections{door="text"}'), last.get("tincan_members")], [0, 1]);
  const ends = [...last].filter(([name]) => name.startsWith("tincan_disconnects_total"));
  assertEquals(ends.reduce((sum, [, count]) => sum + count, 0), 1);
});

test("metrics: the lines stored in --data are counted", async (form) => {
  const data = await Deno.makeTempDir();
  try {
    await using server = await start(form, ["--data", data]);
    using alice = await Client.join(server.port);
    await alice.send("one", "/me waves", "/msg guest1 psst", "/topic not a line");
    await alice.until("-- guest1 set the topic of #lobby: not a line");
    const now = parse(await (await fetch(`http://127.0.0.1:${server.webPort}/metrics`)).text());
    const counts = ["kept", "refused"].map((what) => now.get(`tincan_messages_${what}_total`));
    assertEquals(counts, [2, 0]);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});

test("metrics: rejected connections and commands are counted, and logged with peer and reason", async (form) => {
  await using server = await start(form, ["--nick-rate", "1", "--room-rate", "1"]);
  const port = server.webPort;
  const peer = String.raw`refused peer=127\.0\.0\.1:\d+ door=web reason=`;
  await rawRequest(port, handshake("/irc", { origin: "http://evil.example", connection: ENDING }));
  await server.logged(new RegExp(`${peer}"Pages of other sites may not connect`));
  await rawRequest(port, handshake("/irc", { ...IRC("soap"), connection: ENDING }));
  await server.logged(new RegExp(`${peer}"Unknown subprotocol`));
  await rawRequest(port, "garbage\r\n\r\n");
  await server.logged(new RegExp(`${peer}"Invalid HTTP request"`));
  using alice = await Client.join(server.port);
  await alice.send("/nick alice", "/nick alicia", "/join #one", "/join #two", "/join #three");
  const too = (code: string) => {
    return new RegExp(String.raw`too fast peer=127\.0\.0\.1:\d+ who="alice!~guest@\w+\.hidden" reason=${code}`);
  };
  await server.logged(too("nicks-too-fast"));
  await server.logged(too("rooms-too-fast"));
  await server.logged(too("rooms-too-fast"));
  const now = parse(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
  assertEquals([...now].filter(([name]) => /^tincan_refus/.test(name)), [
    ['tincan_refused_total{reason="another page"}', 1],
    ['tincan_refused_total{reason="bad request"}', 2],
    ['tincan_refusals_total{code="nicks-too-fast"}', 1],
    ['tincan_refusals_total{code="rooms-too-fast"}', 2],
  ]);
});

test("web: a silent connection counts towards --max-per-ip at once, and is closed after its timeout", async (form) => {
  await using server = await start(form, ["--max-per-ip", "1"]);
  {
    using silent = new Client(await Deno.connect({ port: server.webPort }));
    await silent.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    await silent.until("ok"); // and sends nothing more
    using other = new Client(await Deno.connect({ port: server.port }));
    await other.until("-- Too many connections from your address. Close one first.");
    assertEquals((await rawRequest(server.webPort, "")).status, 503);
    await silent.rest(); // closed by the timeout
  }
  using rude = await WebSocketClient.open(server.webPort); // does not answer the close frame, and is reset
  await rude.send("x".repeat(65_537));
  await server.logged(/disconnected .*sent too much at once/);
  using _again = await Client.join(server.port);
});

test("web: a WebSocket above the rate limit is read more slowly, and no line is lost", async (form) => {
  await using server = await start(form, ["--rate", "200", "--burst", "5"]);
  using client = await WebSocketClient.open(server.webPort, "/text");
  await client.until(/^-- Welcome/);
  await client.until(/tincan connect/); // the last line of the greeting
  const began = performance.now();
  const sent = client.send(...Array.from({ length: 200 }, (_, i) => `${i} ${"x".repeat(4000)}`));
  sent.catch(() => {}); // what the server answers says more
  for (let i = 0; i < 200; i++) assertMatch(await client.text(), new RegExp(`^<guest1> ${i} x`));
  await sent;
  const took = performance.now() - began;
  assert(took > 900, `195 lines at 200 a second took ${took} ms`);
});
