/** Streams of rooms: order, resumption without gaps, limits, and when they end. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { readId } from "../../../src/chat/ids.ts";
import { ApiError } from "../../../src/protocol/http/api_error.ts";
import { RECHECK_INTERVAL, STREAMS_MAX, STREAMS_PER_NETWORK } from "../../../src/protocol/http/streams.ts";
import { asVisitor } from "../../../src/protocol/http/visitors.ts";
import { readModes } from "../../../src/protocol/modes.ts";
import { FakeTimers } from "../../fake_timers.ts";
import { soon, untilStill } from "../../transport/ports.ts";
import { CLIENT } from "./files.ts";
import { ApiServer, bearer, LineReader } from "./harness.ts";

const STREAM = "/rooms/tea/stream";

/** A server with op in #tea. */
async function serving(options: Parameters<typeof ApiServer.open>[0] = {}) {
  const server = await ApiServer.open(options);
  return { server, op: server.member("op", "#tea") };
}

async function open(server: ApiServer, query = "", headers: Record<string, string> = {}): Promise<LineReader> {
  const response = await server.fetch(STREAM + query, { headers });
  assertEquals(response.status, 200);
  return new LineReader(response);
}

const next = (reader: LineReader) => soon(reader.event(), "event");

Deno.test("streams: lines arrive as events with their ids, and changes of them as events with a name", async () => {
  const { server, op } = await serving();
  await using _ = server;
  const reader = await open(server);
  server.say(op, "#tea", "one");
  const first = await next(reader);
  assertEquals([first?.event, first?.data.text, first?.data.from, first?.data.id], [undefined, "one", "op", first?.id]);
  await server.post("/rooms/tea", "two\nlines");
  const second = await next(reader);
  assertEquals([second?.data.text, second?.data.from], ["two\nlines", "guest1"]);
  const room = server.chat.findRoom("#tea");
  const [line] = server.chat.history.latest(room, 2);
  server.chat.lines.react(op, room, line!.id, "+1", true);
  server.chat.lines.redact(op, room, line!.id);
  server.chat.setTopic(op, room, "Earl Grey");
  server.chat.flush();
  const rest = [await next(reader), await next(reader), await next(reader)];
  assertEquals(rest.map((each) => each?.event), ["reacted", "redacted", "topic"]);
  assertEquals([rest[0]?.data.line, rest[0]?.data.text, rest[2]?.data.topic], [first?.id, "+1", "Earl Grey"]);
  await reader.cancel();
});

Deno.test("streams: lines arrive as text for people", async () => {
  const { server, op } = await serving();
  await using _ = server;
  for (const [query, headers] of [["?format=text", {}], ["", { accept: "text/plain" }]] as const) {
    const reader = await open(server, query, headers);
    server.say(op, "#tea", "hello");
    assertEquals(await soon(reader.next(), "line"), "<op> hello");
    await reader.cancel();
  }
});

Deno.test("streams: text for people has a line for an earlier line that was deleted", async () => {
  const { server, op } = await serving();
  await using _ = server;
  const { id } = JSON.parse((await server.post("/rooms/tea", "oops"))[1]);
  server.chat.lines.redact(op, server.chat.findRoom("#tea"), readId(id)!);
  const reader = await open(server, "?format=text&since=2020-01-01");
  assertEquals(await soon(reader.next(), "line"), "-- op deleted this message of guest1");
  await reader.cancel();
});

Deno.test("streams: Last-Event-ID and since continue without a gap and without a line twice, however many were missed", async () => {
  const { server, op } = await serving({ api: { answerMax: 500 } });
  await using _ = server;
  const ids: string[] = [];
  for (let n = 0; n < 250; n++) ids.push(JSON.parse((await server.post("/rooms/tea", `line ${n}`))[1]).id);
  for (const [query, headers] of [["", { "last-event-id": ids[9]! }], [`?since=${ids[9]}`, {}]] as const) {
    const reader = await open(server, query, headers);
    const found: string[] = [];
    for (let n = 10; n < 250; n++) {
      found.push((await next(reader))!.data.text as string);
      if (n === 30) server.say(op, "#tea", "in between"); // while it reads the history
    }
    found.push((await next(reader))!.data.text as string);
    server.say(op, "#tea", "live");
    found.push((await next(reader))!.data.text as string);
    const expected = [...Array.from({ length: 240 }, (_, n) => `line ${n + 10}`), "in between", "live"];
    assertEquals(found.slice(0, expected.length).filter((text) => expected.includes(text)).slice(0, 240).length, 240);
    assertEquals(new Set(found).size, found.length);
    await reader.cancel();
    if (query === "") assertEquals(found, expected);
    else break;
  }
  assertEquals((await server.ask(STREAM, { headers: { "last-event-id": "no id" } }))[0], 400);
});

Deno.test("streams: a stream ends when its room is closed to it, and gets nothing that is said after that", async () => {
  const { server, op } = await serving();
  await using _ = server;
  const reader = await open(server);
  server.chat.setModes(op, server.chat.findRoom("#tea"), readModes(["+i"]).changes);
  server.say(op, "#tea", "among us");
  const end = await next(reader);
  assertEquals([end?.event, end?.data], ["end", { detail: "#tea is invite-only." }]);
  assertEquals(await soon(reader.event(), "end of the stream"), undefined);
  assertEquals(server.api.streams.size, 0);
});

Deno.test("streams: a stream ends when the address is banned or the room gone", async () => {
  for (const [cause, detail] of [["ban", /banned/], ["room", /does not exist/]] as const) {
    let ban: string | undefined = undefined as string | undefined;
    const { server, op } = await serving({ api: { banOf: () => ban } });
    await using _ = server;
    const reader = await open(server, "", bearer(await server.token("alice")));
    if (cause === "ban") ban = "spam";
    else server.chat.leave(op, server.chat.findRoom("#tea"));
    server.api.streams.recheck();
    const end = await next(reader);
    assertEquals(end?.event, "end");
    assertMatch(String(end?.data.detail), detail);
    assertEquals(await soon(reader.event(), "end of the stream"), undefined);
  }
});

Deno.test("streams: a stream ends when the member of its account is kicked from a room that it cannot enter", async () => {
  for (const query of ["", "?format=text"]) {
    const { server, op } = await serving();
    await using _ = server;
    const token = bearer(await server.token("alice"));
    const alice = server.member("al", "#tea");
    server.chat.login(alice.sessions[0]!, "alice");
    const room = server.chat.findRoom("#tea");
    server.chat.setModes(op, room, readModes(["+i"]).changes);
    const reader = await open(server, query, token);
    server.chat.kick(op, room, "al", "bye");
    server.say(op, "#tea", "among us");
    const lines: string[] = [];
    for (let line = await reader.next(); line !== undefined; line = await reader.next()) lines.push(line);
    assertMatch(
      lines.join("\n"),
      /^(?:event: end\ndata: {"detail":"#tea is invite-only."}\n|-- #tea is invite-only\.)$/,
    );
  }
});

Deno.test("streams: a stream ends at once when its login ends, and gets nothing that is said after that", async () => {
  const { server, op } = await serving();
  await using _ = server;
  const { accounts } = server.accounts;
  const ending: Record<string, () => Promise<unknown>> = {
    revoke: () => accounts.tokens.revoke("alice", 2),
    password: () => accounts.changePassword("alice", "open barley", 1),
    drop: () => accounts.drop(accounts.find("alice")!),
  };
  const other = bearer(await server.token("bob"));
  for (const [name, end] of Object.entries(ending)) {
    const kept = await server.token("alice", undefined, "kept");
    const reader = await open(server, "", bearer(await server.token("alice", undefined, "ended")));
    const others = [await open(server, "", other), await open(server)];
    if (name !== "drop") others.push(await open(server, "", bearer(kept)));
    await end();
    server.say(op, "#tea", name);
    const { event, data } = (await next(reader))!;
    assertEquals([event, data.detail], ["end", "Your password was changed or your token revoked."], name);
    assertEquals(await soon(reader.event(), "end of the stream"), undefined);
    for (const each of others) {
      assertEquals((await next(each))?.data.text, name);
      await each.cancel();
    }
    if (name === "revoke") await accounts.tokens.revoke("alice", 1);
  }
});

Deno.test("streams: a stream whose login ends before it begins is rejected", async () => {
  const { server } = await serving();
  await using _ = server;
  const token = await server.token("alice");
  const { auth } = server.accounts;
  const check = auth.loginByToken.bind(auth);
  auth.loginByToken = async (...args) => {
    const login = await check(...args);
    await server.accounts.accounts.tokens.revoke("alice", 1);
    return login;
  };
  assertEquals(await server.ask(STREAM, { headers: bearer(token) }), [
    401,
    "Your account or token has changed in the meantime.",
  ]);
});

Deno.test("streams: whether clients may still read is checked in intervals, and heartbeats show that the server is there", async () => {
  using timers = new FakeTimers(RECHECK_INTERVAL);
  let ban: string | undefined = undefined as string | undefined;
  const { server } = await serving({ api: { banOf: () => ban } });
  await using _ = server;
  const reader = await open(server);
  for (let n = 0; n < 3; n++) timers.pass(RECHECK_INTERVAL);
  assertEquals(await soon(reader.next(), "heartbeat"), ":");
  ban = "spam";
  timers.pass(RECHECK_INTERVAL);
  assertEquals((await next(reader))?.event, "end");
  assertEquals(timers.size, 0);
});

Deno.test("streams: a network has at most STREAMS_PER_NETWORK, and a place again when one ends", async () => {
  const { server } = await serving();
  await using _ = server;
  const readers: LineReader[] = [];
  for (let n = 0; n < STREAMS_PER_NETWORK; n++) readers.push(await open(server));
  assertEquals(await server.ask(STREAM), [429, "Too many streams: close one first."]);
  await readers[0]!.cancel();
  await untilStill(() => server.api.streams.size);
  assertEquals(server.api.streams.size, STREAMS_PER_NETWORK - 1);
  readers[0] = await open(server);
  for (const reader of readers) await reader.cancel();
});

Deno.test("streams: there are at most STREAMS_MAX, and there is a place again when one ends", async () => {
  const { server } = await serving();
  await using _ = server;
  const { streams } = server.api;
  const room = server.chat.findRoom("#tea");
  const openFrom = (n: number) => {
    const address = `10.${n >> 8}.${n & 255}.1`;
    const client = { ...CLIENT, address, peer: `${address}:1` };
    const visitor = asVisitor(undefined, client, { auth: server.accounts.auth, hostOf: (address) => address });
    return streams.open({ visitor, client, room, key: undefined, after: undefined, headOnly: false }, "events");
  };
  // Addresses far apart, so that no network reaches its own limit.
  const all = Array.from({ length: STREAMS_MAX }, (_, n) => openFrom(n * 61));
  assertEquals(streams.size, STREAMS_MAX);
  assertThrows(() => openFrom(1), ApiError, "Too many streams");
  await all[0]!.stream.cancel();
  openFrom(1);
  assertEquals(streams.size, STREAMS_MAX);
});

Deno.test("streams: a client that does not read is disconnected, and costs no more memory than its queue", async () => {
  const { server, op } = await serving({ api: { queueMax: 100_000 } });
  await using _ = server;
  using socket = await Deno.connect({ port: server.port });
  await socket.write(new TextEncoder().encode(`GET ${STREAM} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`));
  await untilStill(() => server.api.streams.size);
  assertEquals(server.api.streams.size, 1);
  for (let n = 0; n < 10_000 && server.api.streams.size > 0; n++) {
    server.say(op, "#tea", "x".repeat(8000));
    for (const { held } of server.api.streams) assert(held <= 100_000);
    await new Promise((resolve) => setTimeout(resolve));
  }
  assertEquals(server.api.streams.size, 0);
});

Deno.test("streams: a stream counts no more when its client has left, and all end when the server stops", async () => {
  const { server } = await serving();
  await using _ = server;
  const left = await open(server);
  const stays = await open(server);
  await left.cancel();
  await untilStill(() => server.api.streams.size);
  assertEquals(server.api.streams.size, 1);
  server.api.streams.close();
  assertEquals((await next(stays))?.data, { detail: "The server is stopping." });
  assertEquals(await soon(stays.event(), "end of the stream"), undefined);
  assertEquals(await server.ask(STREAM), [503, "The server is stopping."]);
});
