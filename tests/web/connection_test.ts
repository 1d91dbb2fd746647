/** Tests of the page's connection: registration, passwords, nicknames, contexts of requests, timeouts and reconnecting. */
/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import { now } from "../../src/web/clock.js";
import { Connection } from "../../src/web/connection.js";
import { webSockets } from "../../src/web/rejection.js";
import { numeric } from "../../src/protocol/irc/numerics.ts";
import { NO_CLUSTER_TEXT } from "../../src/server/cluster_health.ts";
import { FakeBrowser, type FakeSocket } from "./fake_browser.ts";

const OFFER = "away-notify batch draft/chathistory=x labeled-response sasl=PLAIN other";
const BEGIN = ["CAP LS 302", "NICK alice", "USER alice 0 * alice"];
const PLAIN = btoa("\0alice\0open sesame");

/** A connection, and what it has reported. */
class Client {
  readonly connection = new Connection<string>(webSockets("ws://chat.example/irc"));
  readonly passedOn: string[] = [];
  readonly unanswered: string[] = [];
  accounts = 0;

  constructor() {
    this.connection.onMessage = ({ command, params }, context) => {
      this.passedOn.push([command, ...params, `(${context})`].join(" "));
    };
    this.connection.onUnanswered = (context) => void this.unanswered.push(context);
    this.connection.onAccount = () => void this.accounts++;
  }

  /** The kind and the reason of the status. */
  get status(): string[] {
    const { kind, reason } = this.connection.status;
    return reason === undefined ? [kind] : [kind, reason];
  }
}

/** Connects a client and answers its registration. */
function register(browser: FakeBrowser, { connection }: Client, nick = "alice"): FakeSocket {
  if (browser.sockets.length === 0) connection.connect("alice");
  const { socket } = browser;
  socket.open();
  socket.say(`CAP * LS :${OFFER}`, "CAP * ACK :batch sasl labeled-response", `001 ${nick} :Welcome`);
  socket.take();
  return socket;
}

Deno.test("connection: requests the known capabilities among those that the server offers in several lines", () => {
  using browser = new FakeBrowser();
  const client = new Client();
  client.connection.connect("alice");
  const { socket } = browser;
  assertEquals([socket.url, socket.protocols], ["ws://chat.example/irc", ["lines.tincan", "text.ircv3.net"]]);
  assertEquals([socket.take(), client.status], [[], ["connecting"]]);
  socket.open();
  assertEquals(socket.take(), BEGIN);
  socket.say("CAP * LS * :batch other", "CAP * LS :draft/chathistory=x sasl=PLAIN");
  assertEquals(socket.take(), ["CAP REQ :batch draft/chathistory sasl"]);
  socket.say("CAP * NEW :setname", "CAP * ACK :batch sasl");
  assertEquals([socket.take(), client.connection.has("sasl"), client.connection.has("setname")], [
    ["CAP END"],
    true,
    false,
  ]);
  socket.say("001 alice :Welcome\nPING :are you there");
  assertEquals([client.status, socket.take(), client.passedOn], [
    ["online"],
    ["PONG :are you there"],
    ["001 alice Welcome (undefined)"],
  ]);
});

Deno.test("connection: registration ends when the server offers nothing or rejects the request", () => {
  using browser = new FakeBrowser();
  for (const answer of ["CAP * LS :other", "CAP * NAK :batch"]) {
    new Client().connection.connect("alice");
    browser.socket.open();
    browser.socket.take();
    browser.socket.say(answer);
    assertEquals(browser.socket.take(), ["CAP END"], answer);
  }
});

Deno.test("connection: each line that answers a request has its context, and a batch has that of its beginning", () => {
  using browser = new FakeBrowser();
  const client = new Client();
  const { connection } = client;
  assertEquals(connection.send("NAMES", ["#tea"], "early"), false);
  const socket = register(browser, client);
  client.passedOn.length = 0;
  assertEquals([connection.send("NAMES", ["#tea"], "names"), connection.send("AWAY", [])], [true, true]);
  connection.send("JOIN", ["#tea"], "join");
  assertEquals(socket.take(), ["@label=1 NAMES #tea", "AWAY", "@label=2 JOIN #tea"]);
  socket.say(
    "@label=2 :irc.example BATCH +b labeled-response",
    "@label=1 366 alice #tea :End",
    "@label=1 366 alice #tea :End",
    "@batch=b :alice!~a@host JOIN #tea",
    "@batch=b :irc.example 331 alice #tea :No topic",
    "@batch=c 331 alice #tea :No topic",
    "BATCH -b",
    "@batch=b 331 alice #tea :No topic",
  );
  assertEquals(client.passedOn, [
    "366 alice #tea End (names)",
    "366 alice #tea End (undefined)",
    "JOIN #tea (join)",
    "331 alice #tea No topic (join)",
    "331 alice #tea No topic (undefined)",
    "BATCH -b (join)",
    "331 alice #tea No topic (undefined)",
  ]);
  socket.say(":alice MODE alice +B");
  assertEquals(connection.source, "alice!~a@host");
});

Deno.test("connection: requests and batches without an answer are reported once when the connection ends", async () => {
  using browser = new FakeBrowser();
  const client = new Client();
  const socket = register(browser, client);
  for (const context of ["one", "two", "three"]) client.connection.send("NAMES", ["#tea"], context);
  socket.say("@label=1 BATCH +b labeled-response", "BATCH +c netsplit", "@label=3 366 alice #tea :End");
  let then: string | undefined;
  client.connection.onUnanswered = (context) => {
    client.unanswered.push(context);
    then = client.connection.status.kind;
  };
  await socket.end();
  assertEquals([client.unanswered, then], [["two", "one"], "waiting"]);
  browser.pass(1);
  assertEquals(client.unanswered.length, 2);
});

Deno.test("connection: up to half of a delay is left out, so that not all clients come back at once", async () => {
  using browser = new FakeBrowser();
  const client = new Client();
  const socket = register(browser, client);
  Math.random = () => 0;
  await socket.end();
  assertEquals(client.connection.status.retryAt! - browser.now, 500);
});

Deno.test("connection: a lost connection is opened again after delays that double up to 30 seconds", async () => {
  using browser = new FakeBrowser();
  const client = new Client();
  const { connection } = client;
  for (let tries = 0; tries < 2; tries++) {
    await register(browser, client).end();
    assertEquals(client.status, ["waiting", "The connection was lost."]);
    const waits: number[] = [];
    for (let attempt = 0; attempt < 7; attempt++) {
      const wait = connection.status.retryAt! - browser.now;
      waits.push(wait);
      const { length } = browser.sockets;
      browser.pass(wait / 1000 - 1);
      assertEquals(browser.sockets.length, length, "not before its time");
      browser.pass(1);
      assertEquals([browser.sockets.length, client.status], [length + 1, ["connecting"]]);
      if (attempt < 6) await browser.socket.end();
    }
    assertEquals(waits, [1, 2, 4, 8, 16, 30, 30].map((seconds) => seconds * 1000));
    assertEquals(browser.fetched.length, 6 * (tries + 1));
  }
});

Deno.test("connection: retryNow reconnects only while it waits", async () => {
  using browser = new FakeBrowser();
  const client = new Client();
  const socket = register(browser, client);
  client.connection.retryNow();
  assertEquals(browser.sockets.length, 1);
  await socket.end();
  assertEquals(client.connection.has("batch"), true);
  client.connection.retryNow();
  assertEquals([browser.sockets.length, client.connection.has("batch")], [2, false]);
  browser.pass(10);
  assertEquals(browser.sockets.length, 2); // the timer was cleared
  browser.pass(50);
  assertEquals(client.status[0], "waiting");
});

Deno.test("connection: the reason of the server is shown, and a client that was banned or killed does not reconnect", async () => {
  using browser = new FakeBrowser();
  const ends: [line: string, close: string, status: string[]][] = [
    ["ERROR :Closing link: (alice@host) [server stopping]", "", ["waiting", "The server is stopping."]],
    ["ERROR :Closing link: (alice@host) [Killed (root (be nice))]", "", [
      "idle",
      "You were disconnected by root: be nice.",
    ]],
    ["ERROR :banned: spam", "", ["idle", "You are banned from this server: spam."]],
    ["PING x", "bye.", ["waiting", "The server closed the connection: bye."]],
    ["PING x", "too slow", ["waiting", "The server closed the connection: too slow."]],
    ["ERROR :one", "two", ["waiting", "The server closed the connection: one."]],
  ];
  for (const [line, close, status] of ends) {
    const client = new Client();
    client.connection.connect("alice");
    const socket = register(browser, client);
    socket.say(line);
    await socket.end(close);
    assertEquals(client.status, status, line);
  }
  const client = new Client();
  client.connection.connect("alice");
  const socket = register(browser, client);
  browser.online = false;
  await socket.end("too slow");
  assertEquals(client.status, ["waiting", "You are offline."]);
});

Deno.test("connection: the reason for a rejected WebSocket is fetched, and a full server is tried less often", async () => {
  using browser = new FakeBrowser();
  const client = new Client();
  client.connection.connect("alice");
  const reasons: [Response | undefined, string][] = [
    [undefined, "Cannot reach the server."],
    [new Response("The server is full. Try again later.\n", { status: 503 }), "The server is full. Try again later."],
    [new Response("banned: spam\n", { status: 426 }), "Cannot reach the server."],
    [new Response("<h1>Bad gateway.</h1>", { status: 503 }), "Cannot reach the server."],
    [new Response("one\ntwo.", { status: 503 }), "Cannot reach the server."],
    [new Response(`${"x".repeat(300)}.`, { status: 503 }), "Cannot reach the server."],
  ];
  for (const [answer, reason] of reasons) {
    browser.answer = answer;
    client.connection.connect();
    await browser.socket.end();
    assertEquals(client.status, ["waiting", reason]);
    const full = reason.startsWith("The server is full");
    if (full) assertEquals(client.connection.status.retryAt! - browser.now, 30_000);
  }
  assertEquals(browser.fetched, Array(reasons.length).fill("http://chat.example/irc"));
  browser.online = false;
  client.connection.connect();
  await browser.socket.end();
  assertEquals([client.status, browser.fetched.length], [["waiting", "You are offline."], reasons.length]);
});

Deno.test("connection: it is tried again soon when a node has no cluster, as another node may accept it", async () => {
  using browser = new FakeBrowser();
  const client = new Client();
  client.connection.connect("alice");
  browser.socket.open();
  browser.socket.say(`ERROR :Closing link: [${NO_CLUSTER_TEXT}]`);
  await browser.socket.end();
  assertEquals(client.status, ["waiting", NO_CLUSTER_TEXT]);
  assertEquals(client.connection.status.retryAt! - browser.now, 1000);
});

Deno.test("connection: a PING is sent after 30 silent seconds, and the connection is given up 15 seconds later", () => {
  using browser = new FakeBrowser();
  const client = new Client();
  const socket = register(browser, client);
  browser.pass(30);
  assertEquals(socket.take(), []);
  browser.pass(5);
  assertEquals(socket.take(), ["PING there?"]);
  client.connection.ping();
  assertEquals(socket.take(), []); // one is unanswered
  browser.pass(10);
  socket.say("PONG there?");
  browser.pass(30);
  assertEquals([socket.take(), client.status], [[], ["online"]]);
  browser.pass(5);
  assertEquals(socket.take(), ["PING there?"]);
  browser.pass(15);
  assertEquals(client.status, ["online"]);
  browser.pass(5);
  assertEquals(client.status, ["waiting", "The connection was lost: the server does not answer."]);
  assertEquals(socket.readyState, 3);
  assert(!client.passedOn.some((line) => line.startsWith("PONG")));
  client.connection.ping();
  assertEquals(socket.take(), []);
});

Deno.test("connection: registration that takes more than 15 seconds is given up", () => {
  using browser = new FakeBrowser();
  const client = new Client();
  client.connection.connect("alice");
  browser.socket.open();
  browser.pass(15);
  assertEquals(client.status, ["connecting"]);
  browser.pass(5);
  assertEquals(client.status, ["waiting", "Cannot reach the server."]);
});

Deno.test("connection: nothing is received from a socket after another one was opened or the user has disconnected", async () => {
  using browser = new FakeBrowser();
  const client = new Client();
  const first = register(browser, client);
  const close = first.onclose!;
  client.connection.connect("alice");
  await close({ reason: "late" });
  first.say("001 alice :Welcome");
  assertEquals(client.status, ["connecting"]);
  const second = register(browser, client);
  client.connection.disconnect("bye now");
  assertEquals([second.take(), client.status], [["QUIT :bye now"], ["idle", "You have disconnected."]]);
  second.say("001 alice :Welcome");
  browser.pass(120);
  assertEquals([client.status[0], browser.sockets.length], ["idle", 2]);
  client.connection.connect();
  const third = register(browser, client);
  client.connection.disconnect("");
  assertEquals(third.take(), ["QUIT"]);
  client.connection.connect();
  client.connection.disconnect(""); // before the socket is open
  assertEquals([browser.socket.take(), client.status[0]], [[], "idle"]);
});

Deno.test("connection: the server password is requested when the server wants it, and kept while it is right", async () => {
  using browser = new FakeBrowser();
  const client = new Client();
  const { connection } = client;
  const reject = async (notice?: string) => {
    browser.socket.open();
    browser.socket.take();
    if (notice === undefined) browser.socket.say("464 alice :Password incorrect");
    else browser.socket.say("464 alice :Password incorrect", `NOTICE alice :${notice}`);
    assertEquals(browser.socket.take(), ["QUIT"]);
    await browser.socket.end();
  };
  connection.connect("alice");
  await reject();
  const wanted = "This server needs a password. Enter it, or ask its administrator for it.";
  assertEquals(connection.status, { kind: "rejected", reason: wanted, passwordFor: "server", wasRejected: false });

  connection.password = "wrong";
  connection.connect();
  browser.socket.open();
  assertEquals(browser.socket.take(), ["PASS wrong", ...BEGIN]);
  await reject();
  assertEquals(connection.status, {
    kind: "rejected",
    reason: "Wrong server password. Try again.",
    passwordFor: "server",
    wasRejected: true,
  });
  assertEquals(connection.password, "");

  connection.password = "unchecked";
  connection.connect();
  await reject("Too many wrong passwords.");
  assertEquals([client.status, connection.password], [["rejected", "Too many wrong passwords."], ""]);

  connection.password = "right";
  connection.connect();
  await register(browser, client).end();
  assertEquals(client.status, ["waiting", "The connection was lost."]);
  connection.connect();
  await reject("The server is busy checking passwords.");
  assertEquals([client.status, connection.password], [["waiting", "The server is busy checking passwords."], "right"]);
  connection.connect();
  await reject();
  assertEquals([client.status[0], connection.password], ["rejected", ""]);

  connection.password = "unchecked";
  connection.connect();
  await reject("The server is busy checking passwords.");
  assertEquals(client.status[0], "rejected"); // that the last password was right says nothing of this one
  connection.restorePasswords("stored");
  connection.connect();
  await reject("The server is busy checking passwords.");
  assertEquals([client.status[0], connection.password], ["waiting", "stored"]);
  connection.restorePasswords("");
  connection.connect();
  await reject("The server is busy checking passwords.");
  assertEquals(client.status[0], "rejected");
});

Deno.test("connection: a login during registration uses SASL, and a wrong password is not sent again", () => {
  using browser = new FakeBrowser();
  const client = new Client();
  const { connection } = client;
  const begin = () => {
    connection.connect("alice");
    browser.socket.open();
    browser.socket.take();
    browser.socket.say(`CAP * LS :${OFFER}`, "CAP * ACK :sasl");
    return browser.socket;
  };
  connection.login = { name: "alice", password: "open sesame" };
  let socket = begin();
  assertEquals(socket.take().slice(1), ["AUTHENTICATE PLAIN"]);
  socket.say("AUTHENTICATE +", "900 alice alice!~a@host alice :You are now logged in as alice", "903 alice :ok");
  assertEquals([socket.take(), connection.account, client.accounts], [
    [`AUTHENTICATE ${PLAIN}`, "CAP END"],
    "alice",
    1,
  ]);
  socket.say("001 alice :Welcome", "901 alice alice!~a@host :You are now logged out");
  assertEquals([connection.account, connection.login, client.accounts], ["", undefined, 2]);

  connection.login = { name: "alice", password: "open sesame" };
  socket = begin();
  socket.take();
  socket.say("AUTHENTICATE +", "904 alice :SASL authentication failed: The server is busy");
  assertEquals([socket.take().at(-1), connection.login?.name], ["CAP END", "alice"]);
  socket = begin();
  socket.take();
  socket.say("AUTHENTICATE +", "904 alice :SASL authentication failed");
  assertEquals([socket.take().at(-1), connection.login], ["CAP END", undefined]);
  socket = begin();
  assertEquals(socket.take().slice(1), ["CAP END"]);
  connection.login = { name: "alice", password: "open sesame" };
  connection.connect("alice");
  browser.socket.open();
  browser.socket.say("CAP * LS :batch", "CAP * ACK :batch");
  assertEquals(browser.socket.take().at(-1), "CAP END"); // this server has no accounts
});

Deno.test("connection: a login after registration reports its outcome, and one at a time is possible", async () => {
  using browser = new FakeBrowser();
  const client = new Client();
  const { connection } = client;
  const outcomes: string[] = [];
  const logIn = () => connection.logIn({ name: "alice", password: "open sesame" }, (why) => outcomes.push(why));
  logIn();
  const socket = register(browser, client);
  logIn();
  logIn();
  assertEquals([socket.take(), outcomes], [["AUTHENTICATE PLAIN"], [
    "Not connected. Try again when the connection is back.",
    "Another login is in progress. Try again in a moment.",
  ]]);
  outcomes.length = 0;
  socket.say("AUTHENTICATE +", "904 alice :SASL authentication failed");
  assertEquals([socket.take(), outcomes, connection.login], [
    [`AUTHENTICATE ${PLAIN}`],
    ["Wrong password for this name."],
    undefined,
  ]);
  logIn();
  socket.say("AUTHENTICATE +", "903 alice :ok");
  assertEquals([outcomes.at(-1), connection.login?.name], ["", "alice"]);
  socket.take();
  socket.say("904 alice :SASL authentication failed"); // nothing was asked
  assertEquals([socket.take(), outcomes.length], [[], 2]);
  logIn();
  await socket.end();
  assertEquals([outcomes.at(-1), outcomes.length], ["The connection was lost.", 3]);
});

Deno.test("connection: a new user is asked for another nickname, or for the password if it is registered", () => {
  const offered = "batch";
  for (
    const [offer, line, kind, passwordFor, optional] of [
      [OFFER, numeric("ERR_NICKNAMEINUSE", "*", "alice"), "already in use", "account", true],
      [offered, numeric("ERR_NICKNAMEINUSE", "*", "alice"), "already in use", undefined, undefined],
      [OFFER, numeric("ERR_NICKNAMECONFUSABLE", "*", "alice"), "looks like", undefined, undefined],
      [OFFER, numeric("ERR_NICKNAMEOWNED", "*", "alice"), "is registered", "account", undefined],
      [OFFER, numeric("ERR_ERRONEUSNICKNAME", "*", "alice"), "Invalid nickname", undefined, undefined],
    ] as const
  ) {
    using browser = new FakeBrowser();
    const client = new Client();
    client.connection.connect("alice");
    browser.socket.open();
    browser.socket.say(`CAP * LS :${offer}`, line);
    const { status } = client.connection;
    assertEquals([status.kind, status.passwordFor, status.optional], ["rejected", passwordFor, optional], line);
    assert(status.reason!.includes(kind), status.reason);
    assertEquals(browser.socket.readyState, 3);
    browser.pass(60);
    assertEquals(browser.sockets.length, 1);
  }
});

Deno.test("connection: a client that was online before takes another nickname while its own is in use", () => {
  using browser = new FakeBrowser();
  const client = new Client();
  const { connection } = client;
  register(browser, client);
  connection.connect();
  browser.socket.open();
  browser.socket.take();
  browser.socket.say(`CAP * LS :${OFFER}`, numeric("ERR_NICKNAMEOWNED", "*", "alice"));
  assertEquals([browser.socket.take().at(-1), connection.isNickRegistered], ["NICK alice_", true]);
  browser.socket.say(numeric("ERR_NICKNAMEINUSE", "*", "alice_"));
  assertEquals([browser.socket.take(), connection.isNickRegistered], [["NICK alice__"], true]);
  browser.socket.say("001 alice__ :Welcome");
  assertEquals([connection.nick, connection.wantedNick, client.status], ["alice__", "alice", ["online"]]);
  browser.socket.say(numeric("ERR_NICKNAMEINUSE", "alice__", "alice"));
  assertEquals([browser.socket.take(), client.passedOn.at(-1)?.slice(0, 3)], [[], "433"]);
  browser.socket.say(":alice__!~a@host NICK alicia", ":bob!~b@host NICK robert");
  assertEquals([connection.nick, connection.wantedNick], ["alicia", "alicia"]);

  connection.login = { name: "alice", password: "open sesame" };
  connection.connect("alice");
  browser.socket.open();
  browser.socket.say(`CAP * LS :${OFFER}`, numeric("ERR_NICKNAMEINUSE", "*", "alice"), "CAP * ACK :sasl");
  browser.socket.say("904 * :SASL authentication failed: The server is busy.");
  assertEquals([browser.socket.take().at(-1), client.status], ["CAP END", ["connecting"]]);

  for (const [nick, next] of [["a".repeat(29), `${"a".repeat(29)}_`], ["a".repeat(30), "guest10000"]] as const) {
    connection.connect(nick);
    browser.socket.open();
    browser.socket.take();
    browser.socket.say(numeric("ERR_NICKNAMEINUSE", "*", nick));
    assertEquals([browser.socket.take(), connection.isNickRegistered], [[`NICK ${next}`], false]);
  }
});

Deno.test("connection: a login to a user who is online takes the nickname that they have on other devices", () => {
  using browser = new FakeBrowser();
  const client = new Client();
  const { connection } = client;
  connection.login = { name: "alice", password: "open sesame" };
  connection.connect("alice");
  browser.socket.open();
  browser.socket.say(`CAP * LS :${OFFER}`, "CAP * ACK :sasl", "903 * :OK", "001 ally :Welcome");
  assertEquals([connection.nick, connection.wantedNick], ["ally", "ally"]);
});

Deno.test("connection: a new user whose login fails while the nickname is in use is asked for the password again", () => {
  using browser = new FakeBrowser();
  const client = new Client();
  const { connection } = client;
  connection.login = { name: "alice", password: "open sesame" };
  connection.connect("alice");
  browser.socket.open();
  browser.socket.say(`CAP * LS :${OFFER}`, numeric("ERR_NICKNAMEINUSE", "*", "alice"), "CAP * ACK :sasl");
  assertEquals(browser.socket.take().slice(-2), ["NICK alice_", "AUTHENTICATE PLAIN"]);
  browser.socket.say("904 * :SASL authentication failed");
  assertEquals(connection.status, {
    kind: "rejected",
    reason: "Wrong password for this name. Try again, or choose another name.",
    passwordFor: "account",
    wasRejected: true,
  });
  assertEquals(connection.login, undefined);

  connection.login = { name: "alice", password: "open sesame" };
  connection.connect("alice");
  browser.socket.open();
  browser.socket.say(`CAP * LS :${OFFER}`, numeric("ERR_NICKNAMEINUSE", "*", "alice"));
  assertEquals(browser.socket.take().at(-1), "NICK alice_"); // the last failure is forgotten
  connection.connect("alice");
  browser.socket.open();
  browser.socket.say(`CAP * LS :${OFFER}`, "CAP * ACK :sasl", "904 * :SASL authentication failed: The server is busy.");
  assertEquals([browser.socket.take().at(-1), client.status], ["CAP END", ["connecting"]]); // the nickname is free
  browser.socket.say(numeric("ERR_NICKNAMEINUSE", "*", "alice"));
  assertEquals([browser.socket.take(), connection.status.reason], [
    [],
    "The server is busy. Try again, or choose another name.",
  ]); // the nickname is in use by other devices of the user

  connection.login = { name: "alice", password: "open sesame" };
  connection.connect("alice");
  browser.socket.open();
  browser.socket.say(`CAP * LS :${OFFER}`, numeric("ERR_NICKNAMEINUSE", "*", "alice"), "CAP * ACK :sasl");
  browser.socket.say("904 * :SASL authentication failed: The server is busy.");
  assertEquals([connection.status.reason, connection.login], [
    "The server is busy. Try again, or choose another name.",
    undefined,
  ]);
});

Deno.test("connection: a device whose token is not valid any more is asked for the password of its account", () => {
  using browser = new FakeBrowser();
  const client = new Client();
  const { connection } = client;
  let signedOut = 0;
  connection.onSignedOut = () => void signedOut++;
  connection.restorePasswords("", { name: "alice", password: "tincan_x", isToken: true });
  connection.connect("lisa");
  const { socket } = browser;
  socket.open();
  socket.say(`CAP * LS :${OFFER}`, "CAP * ACK :sasl", "904 * :SASL authentication failed");
  assertEquals(connection.status, {
    kind: "rejected",
    reason: "This device was signed out. Enter the password to sign in again, or choose another name.",
    passwordFor: "account",
  });
  assertEquals([signedOut, connection.login, connection.wantedNick, socket.readyState], [1, undefined, "alice", 3]);
});

Deno.test("connection: a wrong password of OPER does not end the connection", () => {
  using browser = new FakeBrowser();
  const client = new Client();
  const socket = register(browser, client);
  socket.say("464 alice :Password incorrect");
  assertEquals([socket.take(), client.passedOn.at(-1)], [[], "464 alice Password incorrect (undefined)"]);
});

Deno.test("connection: the clock follows the time of lines, and not that of lines in a batch", () => {
  using browser = new FakeBrowser();
  const client = new Client();
  const socket = register(browser, client);
  socket.say("@time=2030-01-01T00:00:00.000Z PING x");
  assertEquals(now().toISOString(), "2030-01-01T00:00:00.000Z");
  socket.say("@batch=b;time=2020-01-01T00:00:00.000Z :bob!b@host PRIVMSG #tea :old", "PING x", "@time=noon PING x");
  browser.pass(1);
  assertEquals(now().toISOString(), "2030-01-01T00:00:01.000Z");
  socket.say(`@time=${new Date(browser.now).toISOString()} PING x`);
});

Deno.test("connection: a client that takes other nicknames gets one that the server accepts, and is not asked", () => {
  using browser = new FakeBrowser();
  const client = new Client();
  const { connection } = client;
  connection.takesOtherNicks = true;
  connection.connect("abcdefghijkl");
  browser.socket.open();
  browser.socket.take();
  const tried: string[] = [];
  // Too long, then in use, as on a server whose names have up to nine letters; then registered, and held back.
  for (const numeric of ["432", "433", "432", "437", "436"]) {
    browser.socket.say(`${numeric} * ${connection.nick} :Nickname is registered`);
    tried.push(...browser.socket.take());
  }
  assertEquals(tried, Array(5).fill("NICK guest10000"));
  assertEquals(client.status, ["connecting"]);

  connection.connect("alice");
  browser.socket.open();
  browser.socket.take();
  browser.socket.say(numeric("ERR_NICKNAMEINUSE", "*", "alice"));
  assertEquals([browser.socket.take(), client.status], [["NICK alice_"], ["connecting"]]);
});

Deno.test("connection: a dialer says why the server cannot be reached", async () => {
  using browser = new FakeBrowser();
  let trouble = "";
  const dialer = {
    ...webSockets("ws://chat.example/irc"),
    rejection: () => Promise.resolve(""),
    trouble: () => trouble,
  };
  const connection = new Connection<string>(dialer);
  connection.connect("alice");
  trouble = "Cannot connect: connection refused.";
  await browser.socket.end();
  assertEquals([connection.status.kind, connection.status.reason], ["waiting", trouble]);
});
