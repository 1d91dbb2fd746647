/** Tests of how other IRC servers are made to answer as tincan. The test is the server. */
import { assertEquals } from "@std/assert";
import { OFFERED_MAX, translate } from "../../src/client/compatibility.ts";
import { Wire } from "../../src/client/wire.ts";

class FakeWire extends Wire {
  sent: string[] = [];
  isClosed = false;
  override readonly closed = Promise.resolve();

  override send(line: string): void {
    this.sent.push(line);
  }

  override close(): void {
    this.isClosed = true;
  }

  say(...lines: string[]): void {
    this.receive(lines);
  }
}

/** A client of a server. */
class Client {
  readonly server = new FakeWire();
  readonly wire = translate(this.server);
  readonly received: string[] = [];

  constructor() {
    this.wire.onLines = (lines) => void this.received.push(...lines);
  }

  /** The lines of the client, and what it gets when the server answers. */
  send(line: string, ...answers: string[]): [sent: string[], got: string[]] {
    this.wire.send(line);
    const sent = this.server.sent.splice(0);
    this.server.say(...answers);
    return [sent, this.received.splice(0)];
  }

  /** Registers as bob at a server with some capabilities. */
  static async online(offered = "multi-prefix"): Promise<Client> {
    const client = new Client();
    client.server.say(`:s CAP * LS :${offered}`);
    client.wire.send("CAP REQ :batch echo-message labeled-response multi-prefix");
    client.server.say(":s CAP * ACK :multi-prefix", ":s 001 bob :Welcome", ":bob!~b@h JOIN #x");
    await Promise.resolve();
    client.server.sent.length = client.received.length = 0;
    return client;
  }
}

Deno.test("compatibility: nothing is changed for tincan", () => {
  const client = new Client();
  const offer = ":s CAP * LS :batch echo-message labeled-response tincan.chat/mentions";
  const lines = [":s 001 a :Hi", "@label=1 :s ACK", ":NickServ!n@s NOTICE a :Hello", ":s 421 a CAP :?"];
  client.server.say(offer, ...lines);
  assertEquals(client.received, [offer, ...lines]);
  client.wire.send("@label=1 PRIVMSG #x :hi");
  assertEquals(client.server.sent, ["@label=1 PRIVMSG #x :hi"]);
});

Deno.test("compatibility: a server with labels and echoes is left alone, except that its services are shown", () => {
  const client = new Client();
  client.server.say(":s CAP * LS * :batch echo-message", ":s CAP * LS :labeled-response");
  client.received.length = 0;
  client.server.say(":NickServ!n@s NOTICE a :This nickname is registered.", "@label=1 :NickServ!n@s NOTICE a :Done.");
  assertEquals(client.received, [
    ":NickServ NOTICE * :NickServ: This nickname is registered.",
    "@label=1 :NickServ!n@s NOTICE a :Done.",
  ]);
  client.wire.send("@label=1;+draft/reply=x PRIVMSG #x :hi");
  assertEquals(client.server.sent, ["@label=1;+draft/reply=x PRIVMSG #x :hi"]);
});

Deno.test("compatibility: labels and echoes are offered, and never requested from the server", async () => {
  const client = new Client();
  client.server.say(":s CAP * LS * :multi-prefix", ":s CAP * LS :server-time echo-message");
  assertEquals(client.received.splice(0), [
    ":s CAP * LS * :multi-prefix",
    "CAP * LS :server-time echo-message labeled-response echo-message batch",
  ]);
  assertEquals(
    client.send("CAP REQ :batch echo-message labeled-response server-time", ":s CAP * ACK :server-time"),
    [["CAP REQ :server-time"], ["CAP * ACK :server-time labeled-response echo-message batch"]],
  );
  client.wire.send("CAP REQ :batch echo-message labeled-response");
  await Promise.resolve();
  assertEquals([client.server.sent, client.received], [[], ["CAP * ACK :labeled-response echo-message batch"]]);
});

Deno.test("compatibility: a server without CAP is one without capabilities", () => {
  for (const answer of [":s 421 * CAP :Unknown command", ":s 451 * CAP :Not registered", ":s 410 * LS :Invalid"]) {
    const client = new Client();
    client.server.say(answer);
    assertEquals(client.received, ["CAP * LS :labeled-response echo-message batch"], answer);
  }
  const silent = new Client();
  silent.server.say(":s 001 bob :Welcome");
  assertEquals(silent.received.splice(0), ["CAP * ACK :labeled-response echo-message batch", ":s 001 bob :Welcome"]);
  assertEquals(silent.send("CAP END", ":s 421 bob CAP :Unknown command"), [["CAP END"], []]);
});

Deno.test("compatibility: a message is echoed when the server has handled it", async () => {
  const client = await Client.online();
  assertEquals(
    client.send("@label=1;+draft/reply=x PRIVMSG #x :hi there", ":eve!e@h PRIVMSG #x :me first", ":s PONG s :tincan-1"),
    [
      ["PRIVMSG #x :hi there", "PING tincan-1"],
      [":eve!e@h PRIVMSG #x :me first", "@label=1;+draft/reply=x :bob!~b@h PRIVMSG #x :hi there"],
    ],
  );
  // A message to oneself is sent back by the server.
  assertEquals(client.send("@label=2 PRIVMSG BOB hi", ":bob!~b@h PRIVMSG bob hi", ":s PONG tincan-2")[1], [
    ":bob!~b@h PRIVMSG bob hi",
    "@label=2 ACK",
  ]);
});

Deno.test("compatibility: an error is that of its line, and then there is no echo", async () => {
  const client = await Client.online();
  client.wire.send("@label=1 PRIVMSG #y :one");
  client.wire.send("@label=2 PRIVMSG #x :two");
  client.server.say(":s 404 bob #y :Cannot send to channel", ":s PONG s tincan-1", ":s PONG s tincan-2");
  assertEquals(client.received, [
    "@label=1 :s 404 bob #y :Cannot send to channel",
    "@label=2 :bob!~b@h PRIVMSG #x two",
  ]);
});

Deno.test("compatibility: an away message does not prevent the echo", async () => {
  const client = await Client.online();
  assertEquals(client.send("@label=1 PRIVMSG eve hi", ":s 301 bob eve :Lunch", ":s PONG s tincan-1")[1], [
    "@label=1 BATCH +tincan-1 labeled-response",
    "@batch=tincan-1 :s 301 bob eve :Lunch",
    "@batch=tincan-1 :bob!~b@h PRIVMSG eve hi",
    "BATCH -tincan-1",
  ]);
});

Deno.test("compatibility: a list ends with its last numeric, without a PING", async () => {
  const client = await Client.online();
  const lines = [":s 353 bob = #y :bob eve", ":s 366 bob #y :End"];
  assertEquals(client.send("@label=1 JOIN #y", ":bob!~b@h JOIN #y", ...lines, ":s 366 bob #z :other"), [
    ["JOIN #y"],
    [
      ":bob!~b@h JOIN #y",
      "@label=1 BATCH +tincan-1 labeled-response",
      `@batch=tincan-1 ${lines[0]}`,
      `@batch=tincan-1 ${lines[1]}`,
      "BATCH -tincan-1",
      ":s 366 bob #z :other",
    ],
  ]);
  assertEquals(client.send("@label=2 JOIN #z", ":s 475 bob #z :+k", ":s 404 bob #x :later")[1], [
    "@label=2 :s 475 bob #z :+k",
    ":s 404 bob #x :later",
  ]);
});

Deno.test("compatibility: what every client gets after its registration answers no line", async () => {
  const client = await Client.online();
  client.wire.send("@label=1 JOIN #y");
  const welcome = [
    ":s 005 bob NETWORK=x :are supported",
    ":s 251 bob :users",
    ":s 376 bob :End",
    ":s 422 bob :No MOTD",
  ];
  client.server.say(...welcome);
  assertEquals(client.received, welcome);
});

Deno.test("compatibility: tags are sent only to servers that take them", async () => {
  const plain = await Client.online();
  plain.wire.send("@+typing=active TAGMSG #x");
  assertEquals(plain.send("@label=1;+typing=active TAGMSG #x"), [[], ["@label=1 ACK"]]);
  const tagged = await Client.online("message-tags");
  tagged.server.say(":s CAP * ACK :message-tags");
  tagged.wire.send("@label=1;+typing=active TAGMSG #x");
  assertEquals(tagged.server.sent, ["@+typing=active TAGMSG #x", "PING tincan-1"]);
});

Deno.test("compatibility: a server that never answers is given up", async () => {
  const client = await Client.online();
  let reason = "";
  client.wire.onClose = (why) => reason = why;
  for (let i = 0; i <= 1000; i++) client.wire.send(`@label=${i} PRIVMSG #x hi`);
  assertEquals([reason, client.server.isClosed], ["The server does not answer.", true]);
});

Deno.test("compatibility: the capabilities that a server offers are limited", () => {
  const client = new Client();
  for (let i = 0; i < OFFERED_MAX; i++) client.server.say(`:s CAP * LS * :c${i}`);
  client.server.say(":s CAP * LS :batch echo-message labeled-response");
  client.wire.send("CAP REQ :c0 batch");
  assertEquals(client.server.sent, ["CAP REQ :c0"]);
});
