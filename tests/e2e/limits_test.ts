/**
 * Each flag that sets a limit, end to end: the limit has the value of the flag, and the client that reaches it gets an
 * error. The effects of the limits are tested in the unit tests of their parts.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { soon } from "../transport/ports.ts";
import { test } from "./forms.ts";
import { Client, type Form, type Program, start } from "./harness.ts";

/** A limit and the actions that reach it. */
interface Case {
  /** The flag and its value. */
  readonly limit: string;
  /** Whether the server has accounts, which need `--data`. */
  readonly accounts?: boolean;
  readonly reach: (server: Program) => Promise<void>;
}

/** Connects an IRC client in the lobby. */
async function irc(server: Program, nick: string, ...capabilities: string[]): Promise<Client> {
  const client = new Client(await Deno.connect({ port: server.ircPort }));
  const wanted = capabilities.length > 0 ? [`CAP REQ :${capabilities.join(" ")}`, "CAP END"] : [];
  await client.send(...wanted, `NICK ${nick}`, `USER u 0 * :r`, "JOIN #lobby");
  await client.until(/ 366 /);
  return client;
}

/** Sends two lines over the text protocol: the first is accepted, the second exceeds the limit. */
async function onText(server: Program, ...[first, answer, second, refusal]: string[]) {
  using client = await Client.join(server.port);
  await client.send(first!);
  await client.until(new RegExp(answer!));
  await client.send(second!);
  await client.until(new RegExp(refusal!));
}

/** Asserts that one connection is accepted and the next is rejected with a message. */
async function second(server: Program, refusal: string, first?: Client) {
  using _first = first ?? await Client.join(server.port);
  using late = new Client(await Deno.connect({ port: server.port }));
  assertEquals(await late.rest(), [`-- ${refusal}`]);
}

const CASES: readonly Case[] = [
  {
    limit: "--max-line 64",
    reach: (server) =>
      onText(server, "x".repeat(64), "^<guest1> x{64}$", "x".repeat(65), "^-- Line too long, not sent: at most 64"),
  },
  { limit: "--max-clients 1", reach: (server) => second(server, "tincan is full. Try again later.") },
  {
    limit: "--max-per-ip 1",
    reach: (server) => second(server, "Too many connections from your address. Close one first."),
  },
  {
    limit: "--connect-rate 1",
    reach: (server) => second(server, "Too many new connections from your address. Try again in a minute."),
  },
  {
    limit: "--max-unregistered 1",
    async reach(server) {
      const unregistered = new Client(await Deno.connect({ port: server.ircPort }));
      await unregistered.send("PING :here");
      await unregistered.until(/ 451 | PONG /);
      await second(server, "Too many clients are connecting to tincan at once. Try again in a moment.", unregistered);
    },
  },
  {
    limit: "--register-time 1s",
    async reach(server) {
      const began = performance.now();
      using visitor = new Client(await Deno.connect({ port: server.webPort }));
      await visitor.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
      await visitor.until("ok");
      using unregistered = new Client(await Deno.connect({ port: server.ircPort }));
      await unregistered.until(/^ERROR .*Registration timed out/);
      const took = performance.now() - began;
      assert(took > 900 && took < 25_000, `it took ${took} ms`); // allows for a busy machine; the default is 30 s
      await server.logged(/ disconnected peer=127\.0\.0\.1:\d+ door=irc reason="Registration timed out"/);
      // An HTTP client is not registered either, and is closed after its next request.
      await visitor.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
      assert((await soon(visitor.rest(), "end of the connection")).map(stripped).includes("connection: close"));
      const metrics = await (await fetch(`http://127.0.0.1:${server.webPort}/metrics`)).text();
      assertMatch(metrics, /^tincan_disconnects_total\{reason="Registration timed out"\} 1$/m);
    },
  },
  {
    limit: "--max-joined 2",
    async reach(server) {
      using client = await irc(server, "alice");
      await client.send("JOIN #a", "JOIN #b");
      await client.until(/ JOIN #a$/);
      await client.until(/ 405 alice #b /);
    },
  },
  {
    limit: "--nick-rate 1",
    reach: (server) =>
      onText(server, "/nick alice", "is now alice", "/nick bob", "^-- You change your nickname too often"),
  },
  {
    limit: "--room-rate 1",
    reach: (server) =>
      onText(server, "/join #a", "alone in #a", "/join #b", "^-- Too many new rooms from your address"),
  },
  {
    limit: "--max-rooms 2",
    reach: (server) =>
      onText(server, "/join #a", "alone in #a", "/join #b", "^-- This server has reached its limit of rooms"),
  },
  {
    limit: "--max-failures 1",
    accounts: true,
    async reach(server) {
      using client = await Client.join(server.port);
      await client.send("/login nobody wrong-password");
      await client.until("-- Wrong password.");
      assertEquals(await client.rest(), ["-- Too many wrong passwords."]);
    },
  },
  {
    limit: "--max-accounts 1",
    accounts: true,
    async reach(server) {
      await onText(server, "/nick alice", "is now alice", "/register open sesame", "^-- alice is now registered");
      await onText(
        server,
        "/nick bob",
        "is now bob",
        "/register open sesame",
        "^-- This server has reached its limit of accounts",
      );
      await server.logged(/ warn denied peer=127\.0\.0\.1:\d+ nick=bob reason=accounts-full/);
      const metrics = await (await fetch(`http://127.0.0.1:${server.webPort}/metrics`)).text();
      assertMatch(metrics, /^tincan_denials_total\{code="accounts-full"\} 1$/m);
    },
  },
  {
    limit: "--max-tags 512",
    async reach(server) {
      using client = await irc(server, "alice", "message-tags", "echo-message");
      const tagged = (bytes: number) => `@+a=${"x".repeat(bytes - "@+a= ".length)} PRIVMSG #lobby :hi`;
      await client.send(tagged(512));
      await client.until(/^@\S*\+a=x+;?\S* \S+ PRIVMSG #lobby :hi$/);
      await client.send(tagged(513));
      await client.until(/ 417 /);
    },
  },
  {
    limit: "--max-history 2",
    async reach(server) {
      using client = await irc(server, "alice", "draft/chathistory", "batch", "message-tags", "server-time");
      await client.send("VERSION", ...[1, 2, 3].map((n) => `PRIVMSG #lobby :${n}`), "CHATHISTORY LATEST #lobby * 100");
      await client.until(/ 005 .* CHATHISTORY=2 /);
      await client.until(/ BATCH \+\S+ chathistory #lobby$/);
      const told = [];
      for (let line = ""; !/ BATCH -/.test(line);) told.push(line = stripped(await client.raw()));
      assertEquals(told.slice(0, -1).map((line) => line.split(" :").at(-1)), ["2", "3"]);
    },
  },
  {
    limit: "--log-rate 1",
    async reach(server) {
      await Promise.all([1, 2, 3].map(async () => (await Client.join(server.port))[Symbol.dispose]()));
      server.kill("SIGTERM");
      assertEquals(await server.code(), 0);
      assertMatch(await server.logged(/ info connected /), / info connected /);
      await server.logged(/ info stopped/);
      assertEquals(server.log.all.match(/ info connected /g)!.length, 1);
    },
  },
];

function stripped(line: string | undefined): string {
  return (line ?? "").trimEnd();
}

async function assertEnforced(form: Form, { limit, accounts, reach }: Case) {
  const folder = await Deno.makeTempDir();
  try {
    const data = accounts ? ["--data", `${folder}/chat`] : [];
    await using server = await start(form, ["--rate", "off", ...data, ...limit.split(" ")]);
    await reach(server);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const each of CASES) test(`limits: ${each.limit} is enforced at its value`, (form) => assertEnforced(form, each));
