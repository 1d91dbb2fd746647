/** Tests of the pipe and of `--tail` against a server that the test scripts. */
import { assertEquals, assertMatch } from "@std/assert";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { dial, type DialOptions } from "../../src/client/dial.ts";
import { ServerDialer } from "../../src/client/line_socket.ts";
import { runPipe } from "../../src/client/pipe.ts";
import { type ClientSession, createSession } from "../../src/client/session.ts";
import { CertificateFile, Settings } from "../../src/client/settings.ts";
import { render, runTail } from "../../src/client/tail.ts";
import { Trust } from "../../src/client/trust.ts";
import { localStore } from "../../src/web/storage.js";

/** How a server answers a line: with lines, or by closing the connection. */
type Script = (line: string, connection: number) => string[] | "close";

/** A tincan-like server with one client. */
class Fake implements AsyncDisposable {
  readonly received: string[] = [];
  #count = 0;
  readonly #sockets = new Set<Socket>();

  private constructor(readonly server: Server, readonly script: Script) {
    server.on("connection", (socket: Socket) => this.#serve(socket));
  }

  static async start(script: Script): Promise<Fake> {
    const server = createServer();
    const fake = new Fake(server, script);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return fake;
  }

  /** A session without views in #tea. */
  async session(): Promise<ClientSession> {
    const { port } = this.server.address() as AddressInfo;
    const way = { scheme: "irc", host: "127.0.0.1", port, path: "" } as const;
    const options: DialOptions = { trust: new Trust(new CertificateFile(undefined)), allowsPlain: true };
    const { wire } = await dial([way], options);
    return createSession({
      dialer: new ServerDialer(way, wire, options),
      settings: new Settings(undefined),
      network: "fake",
      nick: "bob",
      room: "#tea",
      code: "",
      device: "test",
      isForPeople: false,
    });
  }

  /** Sends a line to the client. */
  say(line: string): void {
    for (const socket of this.#sockets) socket.write(`${line}\r\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
    await once(this.server, "close");
  }

  #serve(socket: Socket) {
    const connection = ++this.#count;
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
    let rest = "";
    socket.on("data", (bytes: Uint8Array) => {
      const lines = (rest + new TextDecoder().decode(bytes)).split("\r\n");
      rest = lines.pop()!;
      for (const line of lines) {
        this.received.push(line);
        const answer = this.#answer(line, connection);
        if (answer === "close") return socket.destroy();
        for (const each of answer) socket.write(`${each}\r\n`);
        if (answer[0]?.startsWith("ERROR")) socket.end();
      }
    });
  }

  #answer(line: string, connection: number): string[] | "close" {
    const own = this.script(line, connection);
    if (own === "close" || own.length > 0) return own;
    const [, label = "", command = ""] = /^(?:@label=(\w+)\S* )?(.*)$/.exec(line)!;
    if (command === "CAP LS 302") return [`:s CAP * LS :${CAPABILITIES}`];
    if (command.startsWith("CAP REQ")) return [`:s CAP * ACK :${CAPABILITIES}`];
    if (command === "CAP END") return [":s 001 bob :Welcome"];
    if (command.startsWith("JOIN")) return [`@label=${label} :bob!b@h JOIN #tea`];
    if (command.startsWith("CHATHISTORY")) return history(label, []);
    if (command.startsWith("PRIVMSG")) return [`@label=${label};msgid=m${label};time=${TIME} :bob!b@h ${command}`];
    return [];
  }
}

const CAPABILITIES =
  "batch draft/chathistory echo-message labeled-response message-tags server-time tincan.chat/mentions";
const TIME = "2026-11-30T12:00:00.000Z";

/** The answer to a history request. */
function history(label: string, messages: string[]): string[] {
  return [
    `@label=${label} :s BATCH +h${label} labeled-response`,
    ...messages.map((message) => `@batch=h${label};${message}`),
    `:s BATCH -h${label}`,
  ];
}

/** Runs the pipe on an input. */
async function pipe(fake: Fake, input: string): Promise<{ code: number; told: string[] }> {
  const told: string[] = [];
  const session = await fake.session();
  const code = await runPipe(session, new Blob([input]).stream(), (text) => void told.push(text));
  return { code, told };
}

// The core's timers of 15 seconds for echoes end with the process.
const test = (name: string, fn: () => Promise<void>) =>
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });

const said = (fake: Fake) => {
  return fake.received.filter((line) => / ?PRIVMSG /.test(line)).map((line) => line.replace(/^.*PRIVMSG /, ""));
};

test("pipe: lines are confirmed, and the connection is ended with QUIT", async () => {
  await using fake = await Fake.start(() => []);
  assertEquals(await pipe(fake, "one\n\ntwo\r\nthree"), { code: 0, told: [] });
  assertEquals([said(fake), fake.received.at(-1)], [["#tea one", "#tea two", "#tea three"], "QUIT"]);
});

test("pipe: a line that the server rejects ends it with exit code 1", async () => {
  await using fake = await Fake.start((line) => {
    const [, label] = /^@label=(\w+) PRIVMSG #tea two/.exec(line) ?? [];
    return label === undefined ? [] : [`@label=${label} :s 404 bob #tea :Cannot send to channel`];
  });
  assertEquals(await pipe(fake, "one\ntwo\n"), {
    code: 1,
    told: ["Not sent. You cannot send messages to #tea. Ask one of its operators."],
  });
});

test("pipe: a line that was lost with the connection is sent again, and one that was delivered is not", async () => {
  await using fake = await Fake.start((line, connection) => {
    if (connection === 1 && line.includes("PRIVMSG #tea two")) return "close"; // `one` and `two` have no echo
    if (connection === 1 && line.includes("PRIVMSG #tea one")) return [":s NOTICE bob :busy"];
    const [, label] = /^@label=(\w+) CHATHISTORY/.exec(line) ?? [];
    if (connection === 1 || label === undefined) return [];
    return history(label, [`msgid=m1;time=${new Date().toISOString()} :bob!b@h PRIVMSG #tea one`]);
  });
  const { code, told } = await pipe(fake, "one\ntwo\n");
  assertEquals([code, said(fake)], [0, ["#tea one", "#tea two", "#tea two"]]);
  assertMatch(told.join("\n"), /^The connection was lost\. Trying again …\nConnected again\.$/);
});

test("pipe: a line that was delivered is not sent again when many messages came after it", async () => {
  const message = (n: number, text: string, nick = "eve") => {
    return `msgid=m${n};time=2026-11-30T12:00:${n}.000Z :${nick}!b@h PRIVMSG #tea :${text}`;
  };
  await using fake = await Fake.start((line, connection) => {
    if (connection === 1 && line.includes("PRIVMSG #tea one")) return "close"; // it has no echo
    const [, label, from] = /^@label=(\w+) CHATHISTORY (\S+ #tea \S+)/.exec(line) ?? [];
    if (label === undefined) return [];
    if (from === "LATEST #tea *") {
      return history(label, [connection === 1 ? message(10, "before") : message(50, "after")]);
    }
    if (from === "AFTER #tea msgid=m10") return history(label, [message(11, "one", "bob"), message(12, "two")]);
    return history(label, [message(49, "between")]);
  });
  const { code } = await pipe(fake, "one\n");
  assertEquals([code, said(fake)], [0, ["#tea one"]]);
});

test("pipe: a line that the server confirms late is not sent again", async () => {
  const sessions: ClientSession[] = [];
  await using fake = await Fake.start((line) => {
    const [, label] = /^@label=(\w+) PRIVMSG #tea one/.exec(line) ?? [];
    if (label === undefined || said(fake).length > 1) return [];
    const { model } = sessions[0]!.chat;
    const room = model.find("#tea")!;
    // As the core does after 15 seconds without an echo.
    model.failPending(room, room.pending[0]!, "Possibly not sent: the server has not confirmed it.", true);
    setTimeout(() => fake.say(`@label=${label};msgid=m1;time=${TIME} :bob!b@h PRIVMSG #tea one`), 50);
    return [":s NOTICE bob :busy"];
  });
  const session = await fake.session();
  sessions.push(session);
  const code = await runPipe(session, new Blob(["one\n"]).stream(), () => {});
  assertEquals([code, said(fake)], [0, ["#tea one"]]);
});

test("pipe: a room that cannot be joined, and a server that rejects the client, end it with exit code 1", async () => {
  await using locked = await Fake.start((line) => {
    const [, label] = /^@label=(\w+) JOIN/.exec(line) ?? [];
    return label === undefined ? [] : [`@label=${label} :s 475 bob #tea :Cannot join channel (+k)`];
  });
  assertEquals(await pipe(locked, "one\n"), {
    code: 1,
    told: ["Cannot join #tea: #tea needs a key. Enter it to join."],
  });
  await using banned = await Fake.start((line) =>
    line === "CAP END" ? ["ERROR :Closing link: [banned: \x1b[31mspam]"] : []
  );
  const { code, told } = await pipe(banned, "one\n");
  assertEquals(code, 1);
  assertMatch(told[0]!, /^Cannot connect: /);
});

test("pipe: a line without an end does not fill the memory", async () => {
  await using fake = await Fake.start(() => []);
  const { code, told } = await pipe(fake, `one\n${"x".repeat(1_000_000)}`);
  assertEquals([code, told], [1, ["Cannot send a line of more than 100000 characters"]]);
});

/** Runs `--tail`. It loses the connection after the first message, and is stopped after the last one. @returns What it prints. */
async function tail(fake: Fake, session: ClientSession, first: string, last: string): Promise<string[]> {
  const printed: string[] = [];
  const stop = Promise.withResolvers<void>();
  const print = (text: string) => {
    printed.push(text.slice("HH:MM ".length).trimEnd());
    if (printed.length === 1) session.chat.connection.connect();
    if (text.includes(last)) queueMicrotask(() => stop.resolve());
    return true;
  };
  const tell = (text: string) => {
    if (text.startsWith("Connected to ")) fake.say(`@${first}`);
  };
  assertEquals(await runTail(session, print, tell, stop.promise), 0);
  return printed;
}

/** The n-th message, as in a batch: its text is `m` and the number. */
function message(n: number, nick = "eve"): string {
  return `msgid=m${n};time=2026-11-30T12:00:0${n}.000Z :${nick}!e@h PRIVMSG #tea :m${n}`;
}

test("tail: messages during a lost connection come once, in order, and before later ones", async () => {
  let after = 0;
  await using fake = await Fake.start((line) => {
    const [, label, what] = /^@label=(\w+) (.*)$/.exec(line) ?? [];
    if (label === undefined) return [];
    if (what?.startsWith("CHATHISTORY AFTER")) {
      after++;
      // A new message arrives while the missed ones are loaded.
      if (what.includes("msgid=m1 ")) return [`@${message(4)}`, ...history(label, [message(2), message(3)])];
      return history(label, what.includes("msgid=m3 ") ? [message(4)] : []);
    }
    return [];
  });
  const printed = await tail(fake, await fake.session(), message(1), "m4");
  assertEquals(printed, ["<eve> m1", "<eve> m2", "<eve> m3", "<eve> m4"]);
  assertEquals(after >= 2, true);
});

test("tail: no message is missing when the connection is lost again while missed ones are loaded", async () => {
  await using fake = await Fake.start((line, connection) => {
    const [, label, from] = /^@label=(\w+) CHATHISTORY AFTER #tea msgid=(\w+) /.exec(line) ?? [];
    if (label === undefined) return [];
    if (from === "m1") return [`@${message(4)}`, ...history(label, [message(2)])]; // m4 is new, and m3 on the next page
    if (connection === 2) return "close";
    return history(label, [message(3), message(4)].slice(from === "m2" ? 0 : from === "m3" ? 1 : 2));
  });
  const printed = await tail(fake, await fake.session(), message(1), "m4");
  assertEquals(printed, ["<eve> m1", "<eve> m2", "<eve> m3", "<eve> m4"]);
});

test("tail: messages after a page of ignored ones are not missing", async () => {
  await using fake = await Fake.start((line) => {
    const [, label, from] = /^@label=(\w+) CHATHISTORY AFTER #tea msgid=(\w+) /.exec(line) ?? [];
    if (label === undefined) return [];
    if (from === "m1") return history(label, [message(2, "mallory")]);
    return history(label, from === "m2" ? [message(3)] : []);
  });
  const session = await fake.session();
  localStore.set("ignored", '["mallory!*@h"]');
  assertEquals(await tail(fake, session, message(1), "m3"), ["<eve> m1", "<eve> m3"]);
});

test("tail: it ends with exit code 1 when another client of the account leaves the room", async () => {
  await using fake = await Fake.start(() => []);
  const told: string[] = [];
  const code = await runTail(await fake.session(), () => true, (text) => {
    told.push(text);
    if (text.startsWith("Connected to ")) fake.say(":bob!b@h PART #tea");
  }, new Promise(() => {}));
  assertEquals([code, told], [1, ["Connected to fake as bob.", "You are not in #tea any more."]]);
});

Deno.test("tail: a message is lines without control characters", () => {
  const time = new Date(2026, 10, 30, 9, 5);
  const line = { kind: "say", nick: "e\x1bve", text: "one\n\x1b[2Jtwo\x07", time } as const;
  assertEquals(render(line), "09:05 <eve> one\n09:05 <eve> [2Jtwo\n");
  assertEquals(render({ ...line, kind: "action", text: "waves" }), "09:05 * eve waves\n");
  assertEquals(render({ ...line, kind: "notice", text: "x" }), "09:05 -eve- x\n");
});
