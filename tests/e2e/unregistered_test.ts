/**
 * Silent unregistered connections cannot keep other clients out, on any listener and from any number of addresses.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Certificates, noCertificates } from "../certificates.ts";
import { handshake } from "../websocket_client.ts";
import { test } from "./forms.ts";
import { Client, type Program, start, Talker } from "./harness.ts";

/** Connections from each of ten addresses, and the limit of unregistered connections in all. */
const EACH = 10;
const LIMIT = ["--max-unregistered", "100", "--log-rate", "off", "--connect-rate", "off"];

/** Unregistered connections that stay open. */
class Silent implements Disposable {
  readonly sockets: Socket[] = [];
  /** The text that each received, once it is closed. */
  readonly told: Promise<string>[] = [];

  /** Opens as many as the limit allows, from ten addresses, and sends the same text on each. */
  static async open(port: number, said = ""): Promise<Silent> {
    const silent = new Silent();
    for (let n = 0; n < 10 * EACH; n++) {
      const socket = connect({ port, host: "127.0.0.1", localAddress: `127.${10 + n % 10}.0.1` });
      socket.on("error", () => {}); // it may be reset
      silent.sockets.push(socket);
      let text = "";
      socket.on("data", (bytes) => text += bytes);
      silent.told.push(new Promise((resolve) => socket.on("close", () => resolve(text))));
      await once(socket, "connect");
      if (said !== "") socket.write(said);
    }
    return silent;
  }

  [Symbol.dispose](): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

/** Connects other clients until a silent connection is closed for them, and checks its message and the log. */
async function assertEvicted(
  server: Program,
  silent: Silent,
  connectOther: () => Promise<unknown>,
  told = /Too many clients are connecting/,
) {
  let over = false;
  void Promise.race(silent.told).then(() => over = true);
  while (!over) await connectOther();
  await server.logged(/ info evicted peer=127\.1\d\.0\.1:\d+ reason="too many strangers"$/m);
  assertMatch(await Promise.race(silent.told), told);
}

let newcomers = 0; // the previous one may not have left yet

async function irc(server: Program): Promise<void> {
  using client = new Client(await Deno.connect({ port: server.ircPort }));
  await client.send(`NICK newcomer${++newcomers}`, "USER u 0 * :r", "JOIN #lobby");
  await client.until(/ 366 /);
}

async function text(server: Program): Promise<void> {
  using _client = await Client.join(server.port);
}

test("unregistered: silent connections to the IRC listener are closed for new clients, and are told why", async (form) => {
  await using server = await start(form, LIMIT);
  using silent = await Silent.open(server.ircPort);
  await assertEvicted(
    server,
    silent,
    () => irc(server),
    /^ERROR :Closing link: \[Too many clients are connecting to tincan at once\. /,
  );
  await text(server);
  const metrics = await (await fetch(`http://127.0.0.1:${server.webPort}/metrics`)).text();
  assertMatch(metrics, /^tincan_evicted_total\{reason="too many strangers"\} [1-9]\d*$/m);
  assertMatch(metrics, /^tincan_disconnects_total\{reason="made room for another"\} [1-9]\d*$/m);
});

test("unregistered: web connections without a request are closed for new clients", async (form) => {
  await using server = await start(form, LIMIT);
  using silent = await Silent.open(server.webPort);
  await assertEvicted(server, silent, () => irc(server), /^$/);
});

test("unregistered: WebSockets without a nickname are closed for new clients, and are told why", async (form) => {
  await using server = await start(form, LIMIT);
  using silent = await Silent.open(server.webPort, handshake("/irc"));
  await assertEvicted(server, silent, () => irc(server), /101 Switching[^]*Too many clients are connecting/);
});

test("unregistered: text connections that have not sent the server password are closed for new clients", async (form) => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "open sesame\n");
    await using server = await start(form, [...LIMIT, "--password-file", path]);
    using silent = await Silent.open(server.port);
    const connectOther = async () => {
      using client = new Client(await Deno.connect({ port: server.port }));
      await client.send("open sesame");
      await client.until(/^-- Welcome/);
    };
    await assertEvicted(server, silent, connectOther);
  } finally {
    await Deno.remove(path);
  }
});

test("unregistered: stalled TLS handshakes are closed for new clients", async (form) => {
  await using certificates = await Certificates.make();
  const { cert, key } = await certificates.issue("first");
  await using server = await start(form, [...LIMIT, "--tls-cert", cert, "--tls-key", key]);
  using silent = await Silent.open(server.ircPort);
  const caCerts = [await Deno.readTextFile(certificates.authority)];
  await assertEvicted(server, silent, async () => {
    using socket = await Deno.connectTls({ hostname: "localhost", port: server.port, caCerts });
    await new Talker(socket.readable, socket.writable).until(/^-- Welcome/);
  }, /^$/);
  assertEquals(/refused .*no TLS/.test(server.log.all), false, "none of them was rejected");
}, noCertificates);

test("unregistered: a registered client stays connected when --max-clients is reached", async (form) => {
  await using server = await start(form, ["--max-clients", "2"]);
  using stays = await Client.join(server.port);
  const silent = connect({ port: server.ircPort, host: "127.0.0.1", localAddress: "127.0.0.2" });
  let told = "";
  silent.on("data", (bytes) => told += bytes);
  const closed = once(silent, "close");
  silent.write("PING :here\r\n");
  await once(silent, "data"); // it has been accepted
  using next = await Client.join(server.port);
  await closed;
  assertMatch(told, /Too many clients are connecting/);
  using late = new Client(await Deno.connect({ port: server.port }));
  assertEquals(await late.rest(), ["-- tincan is full. Try again later."]);
  await next.send("still here");
  await stays.until(/^<guest\d> still here$/);
});

test(
  "unregistered: a client registered over TLS or WebSocket stays connected when --max-clients is reached",
  async (form) => {
    await using certificates = await Certificates.make();
    const { cert, key } = await certificates.issue("first");
    const caCerts = [await Deno.readTextFile(certificates.authority)];
    await using server = await start(form, ["--max-clients", "2", "--tls-cert", cert, "--tls-key", key]);
    const open = async (port: number) => {
      const socket = await Deno.connectTls({ hostname: "localhost", port, caCerts });
      return { socket, talker: new Talker(socket.readable, socket.writable) };
    };
    const first = await open(server.port);
    await first.talker.until(/^-- Welcome/);
    const page = await open(server.webPort);
    await page.talker.write(handshake("/text", { host: "localhost" }));
    await server.logged(/ info connected peer=\S+ door=web /);
    const rejected = await Deno.connect({ port: server.port });
    assertEquals(await rejected.read(new Uint8Array(1)), null);
    await server.logged(/ info refused peer=\S+ door=text reason=full$/m);
    await first.talker.send("still here");
    await first.talker.until(/^<guest\d> still here$/);
    assertEquals(/ disconnected /.test(server.log.all), false);
    for (const socket of [first.socket, page.socket, rejected]) socket.close();
  },
  noCertificates,
);
