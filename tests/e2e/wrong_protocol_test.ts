/**
 * Bytes of another protocol on each port, from a browser, openssl, an SSH banner, IRC clients and nc. They are not
 * delivered to a room or stored, and their client gets a hint.
 */
/// <reference lib="dom" />
import { assert, assertEquals, assertMatch } from "@std/assert";
import { TLS_ALERT } from "../../src/server/hints.ts";
import { Certificates, noCertificates } from "../certificates.ts";
import { missing as noBrowser, within as withBrowser } from "./browser.ts";
import { test } from "./forms.ts";
import { Client, notInstalled, type Program, start, within } from "./harness.ts";
import { Bot } from "./irc_clients.ts";
import { connectWith, Relay } from "./prompt_clients.ts";

/** A request that a page of any site can have a browser send. */
const BODY = "/nick boss\nhello\nNICK boss\nUSER boss 0 * :boss\nPRIVMSG #lobby :hello\n/quit\n";
const REQUEST = `POST / HTTP/1.1\r\nHost: x\r\nCookie: session=secret\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;
const HELLO = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n/nick boss\nhello\n";
const STUN = "\0\x01\0\x0a\x21\x12\xa4\x42aaaaaaaaaaaa\n/nick boss\nhello\n";

/** Sends bytes, and returns all that is received until the server closes the connection. */
async function exchange(server: Program, port: number, bytes: string): Promise<string> {
  using socket = await connectWith(server, port, Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
  const closed = new Response(socket.readable).arrayBuffer();
  const answer = await within(closed, () => `end of the connection after ${JSON.stringify(bytes.slice(0, 40))}`);
  return String.fromCharCode(...new Uint8Array(answer));
}

/** All received text; TLS may end without a close_notify alert. */
async function received(readable: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  try {
    for await (const bytes of readable) text += new TextDecoder().decode(bytes);
  } catch {
    // What was received counts.
  }
  return text;
}

/** The counts of rejected connections in `/metrics`, by reason. */
async function rejections(server: Program): Promise<Record<string, number>> {
  const metrics = await (await fetch(`http://127.0.0.1:${server.webPort}/metrics`)).text();
  const found = metrics.matchAll(/^tincan_refused_total\{reason="(.+)"\} (\d+)$/gm);
  return Object.fromEntries([...found].map(([, reason, count]) => [reason, Number(count)]));
}

/** Fails if a member of the lobby, the history or the log has received anything. */
async function assertNotDelivered(alice: Client, server: Program): Promise<void> {
  await alice.send("the end");
  await alice.until(/^<\w+> the end$/);
  const heard = alice.received.split("\n").filter((line) =>
    !/^$|^-- Welcome|^-- More comfortable|^<\w+> the end$/.test(line)
  );
  assertEquals(heard, []);
  using bob = await Client.join(server.port);
  await bob.send("/history 100");
  await bob.until(/the end$/);
  assert(!/hello|HTTP|Cookie|secret|boss/.test(bob.received), bob.received);
  assert(!/secret|boss|hello/.test(server.log.all), server.log.all);
}

test(
  "wrong protocol: requests of a web page to the text and IRC ports are not delivered, stored or executed",
  (form) =>
    withBrowser(form, async (world) => {
      const { server } = world;
      using alice = await Client.join(server.port);
      const visitor = await world.visitor();
      visitor.foreseen.push(/./); // the page's own policy forbids these requests, which it reports
      await visitor.page.goto(`http://127.0.0.1:${server.webPort}/metrics`);
      await using text = new Relay(server, server.port);
      await using irc = new Relay(server, server.ircPort);
      const ports = [text.port, irc.port];
      const page = await visitor.page.context().browser()!.newPage({ bypassCSP: true });
      await page.goto(`http://127.0.0.1:${server.webPort}/metrics`);
      const failed = await page.evaluate(async ({ ports, body }) => {
        const failed: string[] = [];
        for (const port of ports) {
          for (const scheme of ["http", "https"]) {
            for (const method of ["POST", "GET", "HEAD"]) {
              const options: RequestInit = { method, mode: "no-cors", ...(method === "POST" ? { body } : {}) };
              await fetch(`${scheme}://127.0.0.1:${port}/`, options).catch(() => failed.push(`${scheme} ${method}`));
            }
          }
          await fetch(`http://127.0.0.1:${port}/`, { method: "PUT", body }).catch(() => failed.push("http PUT"));
          await new Promise((resolve) => new WebSocket(`ws://127.0.0.1:${port}/`).onclose = resolve);
        }
        return failed;
      }, { ports, body: BODY });
      const https = ["https POST", "https GET", "https HEAD", "http PUT"];
      assertEquals(failed, [...https, ...https]); // there is no TLS, and a page may not read the response
      await page.goto(`http://127.0.0.1:${text.port}/`);
      const told = `This port is for text clients such as nc and telnet. The web page is on port ${server.webPort}.`;
      assertEquals((await page.locator("body").innerText()).trim(), told);
      await page.close();
      const counts = await rejections(server);
      assert(counts["speaks HTTP"]! >= 10 && counts["speaks TLS"]! >= 6, JSON.stringify(counts));
      assertEquals(Object.keys(counts).sort(), ["speaks HTTP", "speaks TLS"]);
      await server.logged(/ info refused peer=127\.0\.0\.1:\d+ door=text reason="speaks HTTP"$/m);
      await server.logged(/ info refused peer=127\.0\.0\.1:\d+ door=irc reason="speaks HTTP"$/m);
      await assertNotDelivered(alice, server);
    }),
  noBrowser,
);

const ALERT = new RegExp(`^${TLS_ALERT}$`);

/** A protocol, bytes of it, and the expected answers of the text, IRC and web ports. */
const CASES: [string, string, RegExp, RegExp, RegExp][] = [
  ["HTTP", REQUEST, /^HTTP\/1\.1 400 [^]*text clients/, /^HTTP\/1\.1 400 [^]*IRC clients/, /^HTTP\/1\.1 405 /],
  [
    "HTTP",
    `\r\n\r\nGET /${"a".repeat(9000)} HTTP/1.1\r\n\r\n${BODY}`,
    /^HTTP\/1\.1 400/,
    /^HTTP\/1\.1 400/,
    /^HTTP\/1\.1 4/,
  ],
  ["HTTP", `CONNECT 127.0.0.1:8888 HTTP/1.1\r\n\r\n${BODY}`, /^HTTP\/1\.1 400/, /^HTTP\/1\.1 400/, /^HTTP\/1\.1 4/],
  ["HTTP", `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${BODY}`, /^HTTP\/1\.1 400/, /^HTTP\/1\.1 400/, /^HTTP\/1\.1 505/],
  ["TLS", HELLO, ALERT, ALERT, ALERT],
  ["SSH", `SSH-2.0-OpenSSH_9.2\r\n${BODY}`, /^-- .*text clients.*\r\n$/, /^-- .*IRC clients.*\r\n$/, /^HTTP\/1\.1 400/],
  ["binary", STUN, /^-- .*text clients.*\r\n$/, /^-- .*IRC clients.*\r\n$/, /^HTTP\/1\.1 400/],
  ["PROXY", `PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n${BODY}`, /^-- .*text/, /^-- .*IRC/, /^HTTP\/1\.1 400/],
];

test("wrong protocol: each port answers in the protocol of the client, and closes the connection", async (form) => {
  await using server = await start(form);
  using alice = await Client.join(server.port);
  for (const [protocol, bytes, text, irc, web] of CASES) {
    assertMatch(await exchange(server, server.port, bytes), text, protocol);
    assertMatch(await exchange(server, server.ircPort, bytes), irc, protocol);
    assertMatch(await exchange(server, server.webPort, bytes), web, protocol);
    await server.logged(new RegExp(`refused peer=\\S+ door=text reason="speaks ${protocol}"`));
    await server.logged(new RegExp(`refused peer=\\S+ door=irc reason="speaks ${protocol}"`));
  }
  assert(!/ disconnected /.test(server.log.all), server.log.all); // they never registered
  const { "bad request": _, ...counts } = await rejections(server);
  assertEquals(counts, { "speaks HTTP": 8, "speaks TLS": 3, "speaks SSH": 3, "speaks binary": 3, "speaks PROXY": 3 });
  await assertNotDelivered(alice, server);
});

test("wrong protocol: an HTTP request after the greeting is not delivered, and its client is disconnected", async (form) => {
  await using server = await start(form);
  using alice = await Client.join(server.port);
  using late = await Client.join(server.port);
  await alice.until("-- guest2 joined #lobby");
  await late.write(REQUEST);
  assertMatch((await late.rest()).join("\n"), /^HTTP\/1\.1 400 Bad Request\n/);
  assertEquals(await alice.lines(1), ["-- guest2 left #lobby (wrong protocol)"]);
  await server.logged(/ disconnected peer=\S+ door=text nick=guest2 reason="wrong protocol"/);
});

test("wrong protocol: the echo port rejects an HTTP request", async (form) => {
  await using server = await start(form, ["echo"]);
  assertMatch(await exchange(server, server.port, REQUEST), /^HTTP\/1\.1 400 [^]*This port answers lines of text\.\n$/);
  using client = new Client(await Deno.connect({ port: server.port }));
  await client.send("NICK alice");
  assertEquals(await client.lines(1), ["Hello, world!"]);
});

test("wrong protocol: openssl gets a TLS alert from a port without TLS", async (form) => {
  await using server = await start(form);
  for (const port of [server.port, server.ircPort, server.webPort]) {
    await using relay = new Relay(server, port);
    const args = ["s_client", "-connect", `127.0.0.1:${relay.port}`];
    const { stderr } = await new Deno.Command("openssl", { args, stdin: "null", stdout: "null" }).output();
    assertMatch(new TextDecoder().decode(stderr), /alert protocol version/);
  }
}, noCertificates);

test("wrong protocol: an IRC client on the text port is told the IRC port, and does not join", async (form) => {
  await using server = await start(form);
  using alice = await Client.join(server.port);
  await using relay = new Relay(server, server.port);
  await using bot = new Bot();
  bot.start(relay.port, "robin", { auto_reconnect: false });
  const { reason } = await bot.expect("irc error", {});
  assertEquals(
    reason,
    `This port is for text clients such as nc and telnet. IRC clients connect to port ${server.ircPort}.`,
  );
  await server.logged(/ refused peer=\S+ door=text reason="speaks IRC"/);
  await assertNotDelivered(alice, server);
});

test("wrong protocol: nc on the IRC port is told the text port, in one line", async (form) => {
  await using server = await start(form);
  const args = ["127.0.0.1", String(server.ircPort)];
  const nc = new Deno.Command("nc", { args, stdin: "piped", stdout: "piped" }).spawn();
  const writer = nc.stdin.getWriter();
  await writer.write(new TextEncoder().encode("hello everybody\nis anybody here?\n"));
  await writer.close(); // nc ends when the server has closed, but not before its own input ends
  const { stdout } = await within(nc.output(), () => "exit of nc");
  assertEquals(
    new TextDecoder().decode(stdout),
    `-- This port is for IRC clients. nc and telnet connect to port ${server.port}.\r\n`,
  );
  await server.logged(/ refused peer=\S+ door=irc reason="speaks text"/);
}, notInstalled("nc"));

test("wrong protocol: requests do not count as wrong passwords on the text and IRC ports", async (form) => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "open sesame\n");
  await using server = await start(form, ["--password-file", file]);
  await Deno.remove(file);
  for (const port of [server.port, server.ircPort]) {
    for (let n = 0; n < 6; n++) assertMatch(await exchange(server, port, REQUEST), /^HTTP\/1\.1 400/);
  }
  await exchange(server, server.port, "PASS wrong\r\nNICK a\r\nUSER a 0 * :a\r\n");
  await exchange(server, server.ircPort, "hello\n");
  using alice = new Client(await Deno.connect({ port: server.port }));
  await alice.send("open sesame");
  await alice.until(/^-- Welcome/); // at once
  using irc = new Client(await Deno.connect({ port: server.ircPort }));
  await irc.send("PASS :open sesame", "NICK a", "USER a 0 * :a");
  await irc.until(/ 001 a /);
  const metrics = await (await fetch(`http://127.0.0.1:${server.webPort}/metrics`)).text();
  assertMatch(metrics, /^tincan_passwords_total\{result="wrong"\} 0$/m);
});

test(
  "wrong protocol: clients without TLS are told to use it, and browsers are redirected to https, when TLS is on",
  async (form) => {
    await using certificates = await Certificates.make();
    const { cert, key } = await certificates.issue("first");
    await using server = await start(form, ["--tls-cert", cert, "--tls-key", key]);
    const { port, ircPort, webPort } = server;
    const redirected = await exchange(server, webPort, `GET /a?b HTTP/1.1\r\nHost: 127.0.0.1:${webPort}\r\n\r\n`);
    assertMatch(redirected, /^HTTP\/1\.1 308 /);
    assertMatch(redirected, new RegExp(`\r\nlocation: https://127\\.0\\.0\\.1:${webPort}/a\\?b\r\n`));
    assertMatch(await exchange(server, webPort, "GET / HTTP/1.0\r\n\r\n"), /^HTTP\/1\.1 400 /);
    const speaksTls = /This port is for .* clients.*\. It uses TLS\. The web page is on port \d+, with TLS\.\n$/;
    for (const chatPort of [port, ircPort]) {
      assertMatch(await exchange(server, chatPort, REQUEST), /^HTTP\/1\.1 400 /);
      assertMatch(await exchange(server, chatPort, REQUEST), speaksTls);
      assertMatch(
        await exchange(server, chatPort, "NICK a\r\nUSER a 0 * :a\r\n"),
        /^ERROR :.* It uses TLS: turn that on/,
      );
      assertMatch(await exchange(server, chatPort, "hello\n"), /^-- .* It uses TLS: connect with openssl s_client/);
      assertMatch(await exchange(server, chatPort, "SSH-2.0-x\r\n"), /^-- .* It uses TLS\.\r\n$/);
    }
    await server.logged(/ refused peer=\S+ door=web reason="no TLS: sent to https"/);
    await server.logged(/ refused peer=\S+ door=text reason="no TLS: speaks HTTP"/);
    assert(!/ (?:dis)?connected /.test(server.log.all), server.log.all);
    // Requests over TLS are rejected after the handshake. By then, a busy machine may have greeted the client.
    const caCerts = [await Deno.readTextFile(certificates.authority)];
    for (const chatPort of [port, ircPort]) {
      using socket = await Deno.connectTls({ hostname: "127.0.0.1", port: chatPort, caCerts });
      await socket.write(new TextEncoder().encode(REQUEST));
      assertMatch(
        await within(received(socket.readable), () => "end of the connection"),
        /^(?:-- .*\n)*HTTP\/1\.1 400 /,
      );
    }
    await server.logged(/ refused peer=\S+ door=irc reason="speaks HTTP"/);
  },
  noCertificates,
);

test(
  "wrong protocol: empty lines of a client without TLS do not stop the server when TLS is on",
  async (form) => {
    await using certificates = await Certificates.make();
    const { cert, key } = await certificates.issue("first");
    await using server = await start(form, ["--tls-cert", cert, "--tls-key", key]);
    for (const chatPort of [server.port, server.ircPort]) {
      using socket = await Deno.connect({ port: chatPort });
      socket.setNoDelay();
      for (const part of ["\n", "\r\n\n", "\r\0\n"]) {
        await socket.write(new TextEncoder().encode(part));
        assertMatch(await exchange(server, chatPort, "hello\n"), /^-- .* It uses TLS: connect with openssl s_client/);
      }
      await socket.write(new TextEncoder().encode("hello\n"));
      const told = await within(received(socket.readable), () => "end of the connection");
      assertMatch(told, /^-- .* It uses TLS: connect with openssl s_client/);
    }
  },
  noCertificates,
);
