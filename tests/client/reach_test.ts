/** Tests of how the client connects to a target, and of which way it remembers. The servers are on loopback. */
import { assertEquals, assertRejects } from "@std/assert";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { ConnectError } from "../../src/client/connect_error.ts";
import type { DialOptions } from "../../src/client/dial.ts";
import { ServerDialer } from "../../src/client/line_socket.ts";
import { reach } from "../../src/client/reach.ts";
import { CertificateFile, Settings } from "../../src/client/settings.ts";
import { parseTarget } from "../../src/client/target.ts";
import { Trust } from "../../src/client/trust.ts";

/** Runs a test with a plain IRC server, and without a terminal that could be asked. */
async function withServer(body: (port: number) => Promise<void>): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", (bytes: Uint8Array) => {
      if (bytes[0] === 67) socket.write(":fake CAP * LS :batch\r\n"); // CAP; TLS begins with another byte
      else socket.destroy();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { isTerminal } = Deno.stdin;
  Deno.stdin.isTerminal = () => false;
  try {
    await body((server.address() as AddressInfo).port);
  } finally {
    Deno.stdin.isTerminal = isTerminal;
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  }
}

function options(address = "127.0.0.1"): DialOptions {
  return {
    trust: new Trust(new CertificateFile(undefined)),
    allowsPlain: false,
    resolve: () => Promise.resolve([address]),
  };
}

Deno.test("reach: the way that has worked is remembered", async () => {
  await withServer(async (port) => {
    const settings = new Settings(undefined);
    const { wire } = await reach(parseTarget(`a.example:${port}`), options(), settings);
    wire.close();
    await wire.closed;
    assertEquals(settings.getItem("way"), `irc://a.example:${port}`);
  });
});

Deno.test("reach: a host that was reached by TLS is not reached without it, at any port", async () => {
  await withServer(async (port) => {
    const settings = new Settings(undefined);
    settings.setItem("way", "ircs://a.example:6697");
    const target = parseTarget(`a.example:${port}`);
    const error = await assertRejects(() => reach(target, options(), settings), ConnectError);
    assertEquals(/To connect without encryption, use --plain$/.test(error.message), true, error.message);
  });
});

Deno.test("reach: plain text that the user has named does not replace TLS as the way of the next time", async () => {
  await withServer(async (port) => {
    const settings = new Settings(undefined);
    settings.setItem("way", "ircs://a.example:6697");
    const { wire } = await reach(parseTarget(`irc://a.example:${port}`), options(), settings);
    wire.close();
    await wire.closed;
    assertEquals(settings.getItem("way"), "ircs://a.example:6697");
  });
});

Deno.test("reach: reconnecting sends no plain text to an address of the internet without the user's consent", async () => {
  await withServer(async (port) => {
    let address = "127.0.0.1";
    const moving = { ...options(), resolve: () => Promise.resolve([address]) };
    const reached = await reach(parseTarget(`irc://a.example:${port}`), moving, new Settings(undefined));
    const dialer = new ServerDialer(reached.way, reached.wire, reached.options);
    const first = dialer.open();
    await Promise.resolve();
    first.close();
    await reached.wire.closed;
    address = "192.0.2.1"; // another network
    const closed = Promise.withResolvers<void>();
    dialer.open().onclose = () => closed.resolve();
    await closed.promise;
    assertEquals(dialer.trouble(), "Cannot connect: it would not be encrypted.");
  });
});
