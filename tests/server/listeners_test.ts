import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { parseCommandLine } from "../../src/cli/command_line.ts";
import type { Options } from "../../src/cli/options.ts";
import { ListenError } from "../../src/server/listeners.ts";
import { inMemoryResources } from "../../src/server/resources.ts";
import { Server } from "../../src/server/server.ts";
import { recordingLog } from "./helpers.ts";

/** Returns the options of a command line, with free ports on the loopback address. */
function optionsOf(...args: string[]): Options {
  const free = ["--host", "127.0.0.1", "--port", "0", "--irc-port", "0", "--web-port", "0"];
  const options = parseCommandLine([...args, ...free], () => undefined, "0.0.0");
  if ("print" in options) throw new Error("the command line asks for a text");
  return options;
}

/** Starts a server. */
async function open(options: Options, log = recordingLog().log): Promise<Server> {
  const server = new Server(options, inMemoryResources(), log);
  await server.open();
  return server;
}

/** Replaces `Deno.listen` while a function runs, and returns the listeners that were opened. */
async function listenersOpenedBy(
  run: () => Promise<unknown>,
  port?: { fails: number; error: Error },
): Promise<Deno.Listener[]> {
  const listeners: Deno.Listener[] = [];
  const { listen } = Deno;
  Deno.listen = ((options: Deno.TcpListenOptions) => {
    if (listeners.length === port?.fails) throw port.error;
    const listener = listen(options);
    listeners.push(listener);
    return listener;
  }) as typeof Deno.listen;
  try {
    await run();
  } finally {
    Deno.listen = listen;
  }
  return listeners;
}

Deno.test("listeners: each port has an address line for people, and a log line", async () => {
  const { log, lines } = recordingLog();
  const server = await open(optionsOf(), log);
  const { ports: [text, irc, web], addresses } = server;
  assertEquals(addresses, [
    `text  nc 127.0.0.1 ${text}`,
    `irc   irc://127.0.0.1:${irc}`,
    `web   http://127.0.0.1:${web}`,
  ]);
  await server.stop();
  assertEquals((await lines()).slice(0, 3), [
    `info open door=text host=127.0.0.1 port=${text}`,
    `info open door=irc host=127.0.0.1 port=${irc}`,
    `info open door=web host=127.0.0.1 port=${web}`,
  ]);
});

Deno.test("listeners: the echo server has one port", async () => {
  const server = await open(optionsOf("echo"));
  assertMatch(server.addresses.join(), /^echo {2}nc 127\.0\.0\.1 \d+$/);
  await server.stop();
});

Deno.test("listeners: a port that cannot be opened is named with its flag, and the others are closed", async () => {
  const cases: [Error, RegExp][] = [
    [
      new Deno.errors.AddrInUse("…"),
      /^Cannot open port 0: address already in use \(--irc-port N selects .*, --irc-port off disables it\)$/,
    ],
    [new Deno.errors.PermissionDenied("…"), /^Cannot open port 0: permission denied \(--irc-port N selects /],
    [new Error("Too many open files (os error 24)"), /^Cannot open port 0: too many open files \(ulimit -n /],
    [
      new Deno.errors.AddrNotAvailable("Cannot assign requested address (os error 99)"),
      /^Cannot listen on "127\.0\.0\.1": cannot assign requested address \(--host selects another address\)$/,
    ],
  ];
  for (const [error, message] of cases) {
    let thrown: ListenError | undefined;
    const listeners = await listenersOpenedBy(async () => {
      thrown = await assertRejects(() => open(optionsOf()), ListenError);
    }, { fails: 1, error });
    assertMatch(thrown!.message, message);
    assertEquals(listeners.length, 1);
    assertThrows(() => listeners[0]!.close(), Deno.errors.BadResource);
  }
});

Deno.test({
  name: "listeners: each port can be opened by several servers with --reuse-port, and by one without it",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const shared: Options = { ...optionsOf("--cluster", "nats://localhost", "--reuse-port"), cluster: undefined };
    const first = await open(shared);
    const [port = 0, ircPort = 0, webPort = 0] = first.ports;
    const same = { ...shared, port, ircPort, webPort };
    const second = await open(same);
    assertEquals(second.ports, first.ports);
    for (const used of [{ port }, { ircPort }, { webPort }]) {
      const others: Options = { ...optionsOf(), ...used };
      await assertRejects(() => open(others), ListenError, "already in use");
    }
    await Promise.all([first.stop(), second.stop()]);
  },
});
