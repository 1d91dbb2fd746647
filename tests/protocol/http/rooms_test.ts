/** The HTTP API: access to rooms, formats, limits and bad input. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ApiError } from "../../../src/protocol/http/api_error.ts";
import { LINES_MAX, MESSAGE_BODY_MAX, ROOMS_LISTED_MAX } from "../../../src/protocol/http/rooms.ts";
import { READS_AT_ONCE, READS_PER_MINUTE } from "../../../src/protocol/http/api.ts";
import { drawCode } from "../../../src/chat/link_code.ts";
import { readModes } from "../../../src/protocol/modes.ts";
import { LastingHistory } from "../../chat/helpers.ts";
import { rawRequest } from "../../websocket_client.ts";
import { CLIENT } from "./files.ts";
import { ApiServer, bearer } from "./harness.ts";

const basic = (pair: string) => ({ authorization: `Basic ${btoa(pair)}` });

function mode(server: ApiServer, by: ReturnType<ApiServer["member"]>, room: string, modes: string) {
  server.chat.setModes(by, server.chat.findRoom(room), readModes(modes.split(" ")).changes);
}

Deno.test("rooms: a text is said as one message, by a guest or an account, and is read again", async () => {
  await using server = await ApiServer.open();
  const bob = server.member("bob", "#lobby");
  const [status, said] = await server.post("/rooms/lobby", "hello\nworld\n");
  const line = JSON.parse(said);
  assertEquals([status, line.from, line.room, line.text, line.account], [
    201,
    "guest1",
    "#lobby",
    "hello\nworld",
    undefined,
  ]);
  assert(Math.abs(Date.parse(line.time) - Date.now()) < 60_000);
  const token = await server.token("alice");
  const [, more] = await server.post("/rooms/%23LOBBY", { text: "hi", reply_to: line.id }, bearer(token));
  const reply = JSON.parse(more);
  assertEquals([reply.from, reply.account, reply.bot], ["alice", "alice", undefined]);
  assertEquals(reply.reply_to, { id: line.id, from: "guest1", text: "hello world" });
  server.say(bob, "#lobby", "third");
  const [, lines] = await server.ask("/rooms/lobby");
  assertEquals(lines.trim().split("\n").map((each) => JSON.parse(each).text), ["hello\nworld", "hi", "third"]);
  const [, text] = await server.ask("/rooms/lobby?format=text&limit=1");
  assertMatch(text, /^\[\d\d:\d\d\] <bob> third\n$/);
  const [, asText] = await server.ask("/rooms/lobby?limit=1", { headers: { accept: "text/plain" } });
  assertEquals(asText, text);
});

Deno.test("rooms: a deleted message has no text, for programs and for people", async () => {
  await using server = await ApiServer.open();
  const bob = server.member("bob", "#lobby");
  const room = server.chat.findRoom("#lobby");
  server.chat.say(bob, room, "a secret");
  server.chat.lines.redact(bob, room, server.chat.history.latest(room, 1)[0]!.id);
  const [, json] = await server.ask("/rooms/lobby");
  const { text, deleted_by } = JSON.parse(json);
  assertEquals([text, deleted_by], ["", "bob"]);
  const [, plain] = await server.ask("/rooms/lobby?format=text");
  assertMatch(plain, /^\[\d\d:\d\d\] -- bob deleted this message\n$/);
});

Deno.test("rooms: text for people has deleted lines and reactions", async () => {
  await using server = await ApiServer.open();
  const bob = server.member("bob", "#lobby");
  server.say(bob, "#lobby", "lunch?");
  server.say(bob, "#lobby", "oops");
  const room = server.chat.findRoom("#lobby");
  const [lunch, oops] = server.chat.history.latest(room, 2);
  server.chat.lines.react(bob, room, lunch!.id, "👍", true);
  server.chat.lines.redact(bob, room, oops!.id);
  const [, text] = await server.ask("/rooms/lobby?format=text");
  assertEquals(text.replace(/\[\d\d:\d\d\] /g, ""), "<bob> lunch?\n-- bob reacted 👍\n-- bob deleted this message\n");
});

Deno.test("rooms: since and before select lines by id or time, and limit how many", async () => {
  await using server = await ApiServer.open();
  const ids: string[] = [];
  for (const text of ["a", "b", "c", "d"]) ids.push(JSON.parse((await server.post("/rooms/lobby", text))[1]).id);
  const texts = async (query: string) => {
    const [status, lines] = await server.ask(`/rooms/lobby?${query}`);
    return status === 200 ? lines.split("\n").filter(Boolean).map((line) => JSON.parse(line).text).join("") : status;
  };
  assertEquals(await texts(""), "abcd");
  assertEquals(await texts("limit=2"), "cd");
  assertEquals(await texts(`since=${ids[0]}`), "bcd");
  assertEquals(await texts(`since=${ids[0]}&limit=2`), "bc");
  assertEquals(await texts(`before=${ids[2]}&limit=1`), "b");
  assertEquals(await texts(`since=${ids[0]}&before=${ids[3]}`), "bc");
  assertEquals(await texts("since=2020-01-01"), "abcd");
  assertEquals(await texts("before=2020-01-01T00:00Z"), "");
  for (
    const bad of [
      "since=!",
      "since=2026-99-99",
      "before=",
      "limit=0",
      `limit=${LINES_MAX + 1}`,
      "limit=x",
      "format=xml",
    ]
  ) {
    assertEquals(await texts(bad), 400, bad);
  }
});

Deno.test("rooms: the list has the rooms that are not secret, those with most members first", async () => {
  await using server = await ApiServer.open();
  const op = server.member("op", "#tea", "#secret");
  server.member("bob", "#tea");
  server.chat.setTopic(op, server.chat.findRoom("#tea"), "Earl Grey");
  mode(server, op, "#secret", "+s");
  assertEquals(JSON.parse((await server.ask("/rooms"))[1]), [
    { name: "#tea", members: 2, topic: "Earl Grey" },
    { name: "#lobby", members: 0 },
  ]);
  assertEquals(await server.ask("/rooms?format=text"), [200, "#tea (2)  Earl Grey\n#lobby (0)\n"]);
  const token = await server.token("alice", { readOnly: true, room: "#secret" });
  const [, own] = await server.ask("/rooms", { headers: bearer(token) });
  assertEquals(JSON.parse(own).map(({ name }: { name: string }) => name), ["#secret"]);
});

Deno.test("rooms: the list has at most ROOMS_LISTED_MAX rooms, those with most members", async () => {
  await using server = await ApiServer.open({ chat: { maxJoined: Infinity, maxRooms: Infinity } });
  const names = Array.from({ length: ROOMS_LISTED_MAX + 1 }, (_, n) => `#room${n}`);
  server.member("op", ...names);
  server.member("bob", names.at(-1)!);
  const listed: { name: string }[] = JSON.parse((await server.ask("/rooms"))[1]);
  assertEquals([listed.length, listed[0]?.name], [ROOMS_LISTED_MAX, names.at(-1)]);
});

Deno.test("rooms: modes, keys and scopes limit reading and writing", async () => {
  await using server = await ApiServer.open();
  const op = server.member("op", "#tea");
  const full = bearer(await server.token("alice"));
  const readOnly = bearer(await server.token("alice", { readOnly: true, room: undefined }));
  const other = bearer(await server.token("alice", { readOnly: false, room: "#other" }));
  const both = async (headers: Record<string, string> = {}) => [
    (await server.post("/rooms/tea", "hi", headers))[0],
    (await server.ask("/rooms/tea", { headers }))[0],
  ];
  assertEquals([await both(), await both(full), await both(readOnly), await both(other)], [
    [201, 200],
    [201, 200],
    [403, 200],
    [403, 403],
  ]);
  const cases: [string, number[], number[]][] = [
    ["+m", [403, 200], [403, 200]],
    ["+M", [401, 200], [201, 200]],
    ["+R", [401, 401], [201, 200]],
    ["+i", [403, 403], [403, 403]],
    ["+k secret", [403, 403], [403, 403]],
    ["+b *!*@of-127.0.0.1", [403, 403], [403, 403]],
  ];
  for (const [modes, guest, account] of cases) {
    mode(server, op, "#tea", modes);
    assertEquals([await both(), await both(full)], [guest, account], modes);
    mode(server, op, "#tea", modes.replace("+", "-"));
  }
  mode(server, op, "#tea", "+k secret");
  assertEquals(await both({ "room-key": "secret" }), [201, 200]);
});

Deno.test("rooms: a secret room that a client cannot enter is answered as one that does not exist", async () => {
  await using server = await ApiServer.open({ api: { limitsNetworks: false } });
  const op = server.member("op", "#Tea");
  await server.register("alice");
  const alice = server.member("al", "#Tea");
  server.chat.login(alice.sessions[0]!, "alice");
  const clients = {
    guest: {},
    account: bearer(await server.token("mallory")),
    readOnly: bearer(await server.token("mallory", { readOnly: true, room: undefined })),
    other: bearer(await server.token("alice", { readOnly: false, room: "#other" })),
    inside: bearer(await server.token("alice")),
  };
  const answers = async (name: string, headers: Record<string, string>) => {
    const all: [number, string][] = [];
    const paths = ["", "?since=!", "/stream", "/stream?since=!"];
    for (const path of paths) all.push(await server.ask(`/rooms/${name}${path}`, { headers }));
    all.push(await server.ask(`/rooms/${name}/stream`, { headers: { ...headers, "last-event-id": "!" } }));
    for (const text of ["hi", "\x07", "x".repeat(9000)]) all.push(await server.post(`/rooms/${name}`, text, headers));
    all.push(await server.post(`/rooms/${name}`, { text: "hi", reply_to: "zzz" }, headers));
    all.push(await server.post(`/rooms/${name}/files`, "hi", headers));
    return all.map(([status, text]) => [status, text.replace(/#\w+/, "#NAME")]);
  };
  const modes = ["+si", "+sk secret", "+sR", "+sl 1", "+sb *!*@of-127.0.0.1"];
  for (const given of modes) {
    mode(server, op, "#Tea", given);
    const [status, detail] = await server.ask("/rooms/tea", { headers: clients.inside });
    assertEquals([status, detail], [200, ""], given);
    for (const [client, headers] of Object.entries(clients)) {
      const enters = client === "inside" || (given === "+sR" && client !== "guest" && client !== "other");
      if (enters) continue;
      const found = await answers("tea", headers);
      assertEquals(found, await answers("none", headers), `${given} ${client}`);
      assertEquals(new Set(found.map(([status]) => status)), new Set([404]), `${given} ${client}`);
    }
    mode(server, op, "#Tea", given.replace("+", "-"));
  }
  mode(server, op, "#Tea", "+s");
  assertEquals((await server.ask("/rooms/tea"))[0], 200); // its name is all that it takes to enter
  assertEquals(await server.post("/rooms/tea", "hi", clients.readOnly), [
    403,
    "Your token permits you to read, but not to write.",
  ]);
  const wrongKeys = async (name: string) => {
    const found = new Set<string>();
    for (let n = 0; n < 60; n++) found.add((await server.ask(`/rooms/${name}`, { headers: { "room-key": "x" } }))[1]);
    return found;
  };
  mode(server, op, "#Tea", "+k secret");
  assertEquals(await wrongKeys("tea"), new Set(["No such room: #tea."]));
});

Deno.test("rooms: names, passwords and tokens are checked, and a server password is wanted of guests", async () => {
  await using server = await ApiServer.open({ auth: { password: "letmein" } });
  const token = await server.token("alice");
  const cases: [Record<string, string>, number][] = [
    [{}, 401],
    [basic(":letmein"), 200],
    [basic(":wrong"), 401],
    [bearer(token), 200],
    [bearer(`${token.slice(0, -2)}xx`), 401],
    [basic("alice:open sesame"), 200],
    [basic("alice:wrong"), 401],
    [basic(`alice:${token}`), 200],
    [basic(`bob:${token}`), 401],
    [{ authorization: "Basic !" }, 401],
    [{ authorization: "Basic //8=" }, 401],
    [{ authorization: "Digest abc" }, 401],
    [{ authorization: "Bearer" }, 401],
  ];
  for (const [headers, status] of cases) {
    const answer = await server.fetch("/rooms", { headers });
    assertEquals(answer.status, status, JSON.stringify(headers));
    if (status === 401) assertMatch(answer.headers.get("www-authenticate")!, /^Bearer, Basic /);
    await answer.body?.cancel();
  }
});

Deno.test("rooms: the code of an invite link is not the server password, as requests do not count as its uses", async () => {
  const code = drawCode();
  const links = { check: (given: string) => given === code ? "hash" : "" };
  await using server = await ApiServer.open({ auth: { password: "letmein", links } });
  const [status, detail] = await server.ask("/rooms", { headers: basic(`:${code}`) });
  assertEquals(status, 401);
  assertMatch(detail, /^An invite link is for the page/);
});

Deno.test("rooms: wrong tokens are limited per network, with the time to wait", async () => {
  await using server = await ApiServer.open();
  let answer = await server.fetch("/rooms", { headers: bearer("x") });
  for (let n = 0; n < 1000 && answer.status === 401; n++) {
    await answer.body?.cancel();
    answer = await server.fetch("/rooms", { headers: bearer("x") });
  }
  assertEquals(answer.status, 429);
  assert(Number(answer.headers.get("retry-after")) > 0);
  await answer.body?.cancel();
});

Deno.test("rooms: bad messages get a status and a sentence", async () => {
  await using server = await ApiServer.open();
  const json = { "content-type": "application/json" };
  const cases: [string | object, Record<string, string>, number, RegExp][] = [
    ["", {}, 400, /empty/],
    [" \n\x07\n ", {}, 400, /empty/],
    ["{", json, 400, /not valid JSON/],
    ["[]", json, 400, /not an object/],
    ["null", json, 400, /not an object/],
    [{ text: 1 }, {}, 400, /text is missing/],
    [{ text: "hi", reply_to: 7 }, {}, 400, /reply_to/],
    [{ text: "hi", reply_to: "no id" }, {}, 400, /reply_to/],
    [{ text: "hi", reply_to: "zzz" }, {}, 404, /no such message/],
    ["a\n".repeat(100) + "b", {}, 413, /100 lines and 8192 bytes/],
    [`${"x".repeat(8192)}\ny`, {}, 413, /100 lines and 8192 bytes/],
    ["x".repeat(8193), {}, 413, /100 lines and 8192 bytes/],
    ["x".repeat(MESSAGE_BODY_MAX + 1), {}, 413, /at most 65536 bytes/],
  ];
  for (const [body, headers, status, sentence] of cases) {
    const [found, text] = await server.post("/rooms/lobby", body, headers);
    assertEquals(found, status, JSON.stringify(body).slice(0, 100));
    assertMatch(text, sentence);
    assertMatch(text, /^[A-Z].*\.$/);
  }
  assertEquals((await server.ask("/rooms/lobby", { method: "POST", body: new Uint8Array([0xff]) }))[0], 400);
  for (const name of ["none", "%20", "%00", "x".repeat(100)]) {
    assertEquals((await server.post(`/rooms/${name}`, "hi"))[0], 404, name);
  }
  assertEquals(await server.post("/rooms/%ff", "hi"), [400, "The path is not valid percent-encoded UTF-8."]);
  assertEquals(await server.ask("/rooms/lobby"), [200, ""]);
});

Deno.test("rooms: lines are limited as on other ports, with the time to wait; long messages count as several", async () => {
  await using server = await ApiServer.open({ api: { rate: 1, burst: 3 } });
  assertEquals((await server.post("/rooms/lobby", "one\ntwo"))[0], 201);
  assertEquals((await server.post("/rooms/lobby", "three"))[0], 201);
  const answer = await server.fetch("/rooms/lobby", { method: "POST", body: "four\nfive\nsix\nseven" });
  assertEquals([answer.status, answer.headers.get("retry-after")], [429, "3"]);
  await answer.body?.cancel();
});

Deno.test("rooms: requests that read are limited to READS_AT_ONCE of one network, with the time to wait", async () => {
  await using server = await ApiServer.open();
  const client = { ...CLIENT, address: "127.0.0.1" };
  const now = performance.now();
  performance.now = () => now;
  try {
    for (let n = 0; n < READS_AT_ONCE; n++) server.api.limitReads(client);
    assertThrows(() => server.api.limitReads(client), ApiError, "Too many requests from your network.");
    const answer = await server.fetch("/rooms");
    assertEquals([answer.status, answer.headers.get("retry-after")], [429, "1"]);
    await answer.body?.cancel();
    server.api.limitReads(CLIENT);
    performance.now = () => now + 60_000 / READS_PER_MINUTE;
    assertEquals((await server.ask("/rooms"))[0], 200);
    assertEquals((await server.ask("/rooms"))[0], 429);
  } finally {
    Reflect.deleteProperty(performance, "now");
  }
});

Deno.test("rooms: banned and muted clients, and those of a node without its cluster, get a sentence", async () => {
  const state: { ban?: string; trouble?: string } = {};
  await using server = await ApiServer.open({ api: { banOf: () => state.ban, trouble: () => state.trouble } });
  state.ban = "spam";
  assertEquals(await server.ask("/rooms"), [403, "You are banned from this server: spam."]);
  delete state.ban;
  state.trouble = "no cluster";
  assertEquals(await server.post("/rooms/lobby", "hi"), [503, "This server cannot serve you right now."]);
  delete state.trouble;
  server.chat.mutes.add("of-127.0.0.1", Infinity);
  assertEquals(await server.post("/rooms/lobby", "hi"), [403, "A server operator has muted you."]);
});

Deno.test("rooms: a line that cannot be stored is rejected, and one that waits for the database is accepted", async () => {
  const history = new LastingHistory();
  await using server = await ApiServer.open({ chat: { history } });
  history.full = "disk full";
  assertEquals(await server.post("/rooms/lobby", "hi"), [503, "The server cannot store messages right now."]);
  history.full = undefined;
  history.unreadable = "disk broken";
  assertEquals(await server.ask("/rooms/lobby"), [503, "The history cannot be read right now."]);
  history.unreadable = undefined;
  assertEquals(await server.ask("/rooms/lobby"), [200, ""]);
});

Deno.test("rooms: HEAD gets the head of the answer alone, and other methods 405", async () => {
  await using server = await ApiServer.open();
  const { status, headers, body } = await rawRequest(
    server.port,
    "HEAD /rooms/lobby HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
  );
  assertEquals([status, headers.get("content-type"), body], [200, "application/x-ndjson", ""]);
  const answer = await server.fetch("/rooms/lobby", { method: "PUT" });
  assertEquals([answer.status, answer.headers.get("allow")], [405, "GET, HEAD, POST"]);
  await answer.body?.cancel();
});

Deno.test("rooms: a body does not change the answer to a method that is not allowed, or to an unknown path", async () => {
  await using server = await ApiServer.open();
  for (const length of [1, 10 * MESSAGE_BODY_MAX]) {
    for (const framing of [`Content-Length: ${length}`, "Transfer-Encoding: chunked"]) {
      for (const [request, status] of [["PUT /rooms/lobby", 405], ["POST /rooms", 405], ["POST /none", 404]] as const) {
        const head = `${request} HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\n${framing}\r\n\r\n`;
        const answer = await rawRequest(server.port, head);
        assertEquals([answer.status, answer.headers.get("connection")], [status, "close"], `${request} ${framing}`);
      }
    }
  }
});
