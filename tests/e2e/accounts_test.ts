/**
 * The server password and accounts, tested end to end with the clients that users run.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "./forms.ts";
import { Client, type Form, named, notInstalled, type Program, run, start, within } from "./harness.ts";
import { askIrc, Directory, joinIrc } from "./history_store.ts";
import { Bot, Irssi, type Login, Nc, Terminal, WeeChat, weechatCannot } from "./irc_clients.ts";

const PASSWORD = "open-sesame";

/** Registers an account over the text protocol and disconnects. */
async function registerAccount(server: Program, name: string): Promise<void> {
  using client = await Client.join(server.port);
  await client.send(`/nick ${name}`, `/register ${PASSWORD}`);
  await client.until(new RegExp(`^-- ${name} is now registered\\.`));
  await client.send("/quit");
  await client.until("-- Goodbye.");
  await server.logged(new RegExp(`disconnected .*nick=${name} `));
}

/** Runs a function with the path of a temporary password file. */
async function withPasswordFile(text: string, run: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, text);
    await run(path);
  } finally {
    await Deno.remove(path);
  }
}

test("accounts: the ignore list of an account survives kill -9, and applies to each of its clients", async (form) => {
  await using directory = await Directory.make();
  const args = ["--data", directory.path];
  {
    await using server = await start(form, args);
    await registerAccount(server, "bob");
    using alice = await Client.join(server.port);
    await alice.send("/nick alice", `/register ${PASSWORD}`, "/ignore bob");
    await alice.until("-- You ignore bob now. To see again what bob says: /unignore bob");
    server.kill("SIGKILL");
    await server.code();
  }
  await using server = await start(form, args);
  using alice = await Client.join(server.port);
  await alice.send(`/login alice ${PASSWORD}`);
  await alice.until("-- You are logged in as alice.");
  using ann = await joinIrc(server, "ann"); // becomes another device of alice
  const silenced = await askIrc(ann, `NS IDENTIFY alice ${PASSWORD}`, "SILENCE");
  assertEquals(silenced.filter((line) => line.includes(" 271 ")), [":tincan 271 alice alice bob"]);
  using bob = await Client.join(server.port);
  await bob.send("/nick robert", `/login bob ${PASSWORD}`, "hidden", "/msg alice psst");
  await bob.until("-> *alice* psst");
  await bob.send("/logout", "shown");
  await alice.until(/^<guest\d+> shown$/);
  assert(!/hidden|psst/.test(alice.received), alice.received);
  assert(!(await askIrc(ann, "PING x")).some((line) => line.includes("psst")));
});

test("accounts: without --data, accounts and their rooms last until the server stops", async (form) => {
  {
    await using server = await start(form, []);
    using alice = await Client.join(server.port);
    await alice.send("/nick alice", `/register ${PASSWORD}`);
    await alice.until(/^-- alice is now registered\. Accounts last until this server stops\. /);
    await alice.send("/join #tea", "/quit");
    await alice.until("-- Goodbye.");
    using again = await Client.join(server.port);
    await again.send("/nick alice", `/login alice ${PASSWORD}`);
    await again.until(/^-- alice is a registered nickname\./);
    await again.until("-- You are logged in as alice.");
    await again.send("/join #tea");
    await again.until("-- You are an owner of #tea.");
  }
  await using server = await start(form, []);
  using guest = await Client.join(server.port);
  await guest.send("/nick alice");
  await guest.until(/^-- guest\d+ is now alice$/);
});

test("accounts: --max-accounts 0 without --data is a server without accounts", async (form) => {
  await using server = await start(form, ["--max-accounts", "0"]);
  using client = await Client.join(server.port);
  await client.send("/nick alice", `/register ${PASSWORD}`);
  await client.until("-- This server has no accounts.");
});

test("accounts: a registration survives kill -9, and no password is in any file or in the log", async (form) => {
  await using directory = await Directory.make();
  const args = ["--data", directory.path, "--log-level", "debug"];
  {
    await using server = await start(form, args);
    using alice = await Client.join(server.port);
    await alice.send("/nick alice", `/register ${PASSWORD}`);
    await alice.until(/^-- alice is now registered\./);
    server.kill("SIGKILL");
    await server.code();
    assert(!server.log.all.includes(PASSWORD));
  }
  await using server = await start(form, args);
  using client = await Client.join(server.port);
  await client.send("/nick alice", "/login alice wrong-one", `/login ${PASSWORD}`, "/history");
  assertEquals(await client.lines(6), [
    "-- alice is a registered nickname. If it is yours: /login alice",
    "-- Your password was visible. Next time write /login alice alone: telnet hides what it asks for.",
    "-- Wrong password.",
    "-- guest1 is now alice",
    "-- You are logged in as alice.",
    "-- No messages in #lobby yet.",
  ]);
  assertMatch(
    await server.logged(/password refused/),
    /warn password refused peer=127\.0\.0\.1:\d+ nick=guest1 account=alice by=login reason="wrong password"\n?$/,
  );
  await server.logged(/info logged in peer=127\.0\.0\.1:\d+ nick=guest1 account=alice by=login\n/);
  for await (const { name } of Deno.readDir(directory.path)) {
    const text = new TextDecoder("latin1").decode(await Deno.readFile(directory.file(name)));
    assert(!text.includes(PASSWORD) && !text.includes("wrong-one"), name);
  }
  assert(!server.log.all.includes(PASSWORD) && !server.log.all.includes("wrong-one"));
});

test("accounts: one client gets the nickname when two register it at the same time", async (form) => {
  await using directory = await Directory.make();
  await using server = await start(form, ["--data", directory.path]);
  const clients = await Promise.all([Client.join(server.port), Client.join(server.port)]);
  const answers = await Promise.all(clients.map(async (client, i) => {
    await client.send("/nick alice", `/register ${PASSWORD}-${i}`);
    return await client.until(/^-- (alice is now registered|guest\d cannot be registered|alice is a registered)/);
  }));
  assertEquals(
    answers.filter((answer) => answer.startsWith("-- alice is now registered")).length,
    1,
    answers.join("\n"),
  );
  assertEquals(directory.query("SELECT key FROM account"), [{ key: "alice" }]);
  for (const client of clients) client[Symbol.dispose]();
});

test(
  "login throttle: a flood of wrong passwords is delayed and a correct login is not, from the same address or another",
  async (form) => {
    await using directory = await Directory.make();
    await using server = await start(form, ["--data", directory.path, "--connect-rate", "off"]);
    await registerAccount(server, "alice");
    const throttled = Promise.withResolvers<void>();
    let flooding = true;
    const flood = Promise.all(Array.from({ length: 20 }, async () => {
      while (flooding) {
        using client = await Client.join(server.port);
        for (let n = 0; n < 3 && flooding; n++) {
          await client.send("/login alice wrong-one");
          const line = await client.until(/^-- (?:Wrong password|Too many|The server is busy|Goodbye)/);
          if (/try again in \d+ seconds/i.test(line)) throttled.resolve();
        }
      }
    }));
    // The flood is awaited, too, so that an error in it is reported.
    await within(Promise.race([throttled.promise, flood]), () => "login that was throttled");
    await using bob = new Nc(server.port, "127.0.0.2");
    await bob.until(/^-- Welcome/);
    await bob.send(`/login alice ${PASSWORD}`);
    await bob.until("-- You are logged in as alice.");
    using same = await Client.join(server.port);
    await same.send(`/login alice ${PASSWORD}`);
    assertMatch(
      await same.until(/^-- (?:You are logged in|Wrong password|Too many|The server is busy)/),
      /^-- You are logged in as alice\./,
    );
    flooding = false;
    await flood;
    const rejected = server.log.all.split("\n").filter((line) => line.includes("password refused"));
    assert(rejected.length <= 10, `${rejected.length} lines`); // 5 a minute, and the flood may span two
  },
  notInstalled("nc"),
);

/** Asserts that a client logs in by SASL and gets its registered nickname. */
async function assertSaslLogin(
  form: Form,
  login: Login,
  connect: (port: number) => Promise<AsyncDisposable>,
): Promise<void> {
  await using directory = await Directory.make();
  await using server = await start(form, ["--data", directory.path]);
  await registerAccount(server, "carol");
  await using _carol = await connect(server.ircPort);
  const by = login.mechanism === "scram-sha-256" ? "SCRAM-SHA-256" : '"SASL PLAIN"';
  await server.logged(new RegExp(`info logged in peer=\\S+ account=carol by=${by}\n`));
  using observer = await joinIrc(server, "nobody");
  const answer = await askIrc(observer, "NICK carol", "WHOIS carol"); // irssi sets +i, so LIST does not show it
  assertMatch(answer[0]!, / 433 nobody carol :Nickname is registered: log in first$/);
  assert(answer.some((line) => line.endsWith(" 330 nobody carol carol :is logged in as")), answer.join("\n"));
}

for (const mechanism of ["plain", "scram-sha-256"]) {
  const login = { name: "carol", password: PASSWORD, mechanism };
  test(`accounts: WeeChat logs in by ${mechanism}`, (form) => {
    return assertSaslLogin(form, login, async (port) => {
      const weechat = await WeeChat.start(port, "carol", login);
      const shown = weechat.buffer("server.tincan");
      assert(shown.shown.includes("--\tSASL authentication successful"), shown.shown.join("\n"));
      assert(shown.shown.some((line) => line.startsWith("--\tYou are now logged in as carol")), shown.shown.join("\n"));
      return weechat;
    });
  }, notInstalled("weechat-headless", "nc", "tail") ?? weechatCannot());
}

test("accounts: irssi logs in by PLAIN", (form) => {
  const login = { name: "carol", password: PASSWORD, mechanism: "PLAIN" };
  return assertSaslLogin(form, login, (port) => Irssi.start(port, "carol", undefined, login));
}, notInstalled("irssi", "tmux"));

test("accounts: irc-framework logs in and sends the server password", (form) => {
  return withPasswordFile("let me in\n", async (path) => {
    await using directory = await Directory.make();
    await using server = await start(form, ["--data", directory.path, "--password-file", path]);
    {
      await using robin = await Bot.connect(server.ircPort, "robin", { password: "let me in" });
      robin.client.say("NickServ", `REGISTER ${PASSWORD}`);
      await robin.expect("loggedin", { nick: "robin", account: "robin" });
    }
    const account = { account: "robin", password: PASSWORD };
    await using robin = await Bot.connect(server.ircPort, "robin", { password: "let me in", account });
    await robin.expect("loggedin", { nick: "robin", account: "robin" });
    robin.client.whois("robin");
    await robin.expect("whois", { nick: "robin", account: "robin" });
    await using rejected = new Bot();
    rejected.start(server.ircPort, "stranger", { password: "open" });
    await rejected.expect("irc error", { error: "password_mismatch" });
    rejected.client.raw("PASS", "let me in");
    await rejected.next("registered");
    await using missing = new Bot();
    missing.start(server.ircPort, "missing");
    await missing.next("close");
  });
});

test("server password: telnet hides the typed password and nothing else, and nc is unaffected", (form) => {
  return withPasswordFile(`${PASSWORD}\nsecond line\n`, async (path) => {
    for (const name of ["telnet", "nc"]) {
      await using server = await start(form, ["--password-file", path]);
      await using terminal = await Terminal.run(`${name} 127.0.0.1 ${server.port}`);
      await terminal.until((screen) => screen.includes("-- Password, please:"));
      await terminal.type("not-this-one");
      await terminal.until((screen) => screen.filter((line) => line === "-- Password, please:").length === 2);
      await terminal.type(PASSWORD);
      await terminal.until((screen) => screen.some((line) => line.startsWith("-- Welcome to tincan. You are guest")));
      await terminal.type("this can be seen");
      if (name === "nc") {
        await terminal.until((screen) => screen.some((line) => /^<guest\d> this can be seen$/.test(line)));
      }
      await terminal.type("/ping");
      const screen = await terminal.until((screen) => screen.includes("-- Pong."));
      const shown = screen.filter((line) => line !== "");
      const typed = (line: string) => name === "nc" ? [line] : [];
      assertEquals(shown.slice(shown.indexOf("-- Password, please:")).map((line) => line.replace(/guest\d/, "guest")), [
        "-- Password, please:",
        ...typed("not-this-one"),
        "-- Wrong password.",
        "-- Password, please:",
        ...typed(PASSWORD),
        "-- Welcome to tincan. You are guest, alone in #lobby. Say something, or /help.",
        "-- More comfortable than nc and telnet: tincan connect HOST",
        "this can be seen",
        // telnet shows it already, and has told so when it was asked to hide the password.
        ...name === "nc" ? ["<guest> this can be seen"] : [],
        "/ping",
        "-- Pong.",
      ]);
    }
  });
}, notInstalled("telnet", "nc", "tmux"));

/** Returns the lines that a WebSocket receives until it is closed or a line matches. */
async function overWebSocket(url: string, protocol: string, lines: string[], wanted: RegExp): Promise<string[]> {
  const socket = new WebSocket(url, protocol);
  const got: string[] = [];
  const done = Promise.withResolvers<void>();
  socket.onopen = () => lines.forEach((line) => socket.send(line));
  socket.onmessage = ({ data }) => {
    got.push(...String(data).split("\n"));
    if (got.some((line) => wanted.test(line))) done.resolve();
  };
  socket.onclose = () => done.resolve();
  await within(done.promise, () => named(wanted), () => got.join("\n"));
  if (socket.readyState === WebSocket.OPEN) {
    const closed = Promise.withResolvers<void>();
    socket.onclose = () => closed.resolve();
    socket.close();
    await closed.promise;
  }
  return got;
}

test("server password: every protocol requires it before registration", (form) => {
  return withPasswordFile(`${PASSWORD}\r\n`, async (path) => {
    await using server = await start(form, ["--password-file", path]);
    const url = `ws://127.0.0.1:${server.webPort}`;
    const said = await overWebSocket(`${url}/text`, "lines.tincan", ["wrong", PASSWORD], /^-- Welcome/);
    assertEquals(said.slice(0, 3), ["-- Password, please:", "-- Wrong password.", "-- Password, please:"]);
    assertMatch(said[3]!, /^-- Welcome/);
    const irc = ["NICK a", "USER a 0 * :A"];
    const without = await overWebSocket(`${url}/irc`, "text.ircv3.net", irc, /never/);
    assertEquals(without, [
      ":tincan 464 a :Password incorrect",
      "ERROR :Closing link: (a) [Password wanted]",
    ]);
    await overWebSocket(`${url}/irc`, "text.ircv3.net", [`PASS ${PASSWORD}`, ...irc], / 001 a /);
    using client = new Client(await Deno.connect({ port: server.ircPort }));
    await client.send("PASS wrong", ...irc, "PASS wronger", "PASS wrongest", `PASS ${PASSWORD}`);
    assertEquals(await client.rest(), [
      ":tincan 464 * :Password incorrect",
      ":tincan 464 a :Password incorrect",
      ":tincan 464 a :Password incorrect",
      "ERROR :Closing link: (a) [Too many wrong passwords]",
    ]);
    await server.logged(/warn password refused peer=\S+ by="server password" reason="wrong password"/);
    await server.logged(/ disconnected .*reason="Too many wrong passwords"/); // the metrics count it only after this
    assert(!server.log.all.includes(PASSWORD));
    const metrics = await (await fetch(`http://127.0.0.1:${server.webPort}/metrics`)).text();
    assert(metrics.includes('tincan_passwords_total{result="right"} 2\ntincan_passwords_total{result="wrong"} 4\n'));
    assert(metrics.includes('tincan_disconnects_total{reason="Too many wrong passwords"} 1'), metrics);
  });
});

test("server password: startup fails with a one-line error when the password file is invalid", async (form) => {
  const rejected = async (path: string, why: string) => {
    const { code, stdout, stderr } = await run(form, ["--password-file", path]);
    assertEquals([code, stdout, stderr], [2, "", `Cannot use --password-file "${path}": ${why}\n`]);
  };
  await rejected("/nonexistent", "no such file");
  const texts: [string, string][] = [
    ["", "its first line is empty"],
    ["\nsecond", "its first line is empty"],
    ["x".repeat(201), "its first line has more than 200 characters"],
    ["bell\x07", "its first line has characters that are not allowed in a password"],
    [`x\n${"y".repeat(5000)}`, "it has more than 4096 bytes"],
  ];
  for (const [text, why] of texts) await withPasswordFile(text, (path) => rejected(path, why));
  const directory = await Deno.makeTempDir();
  const { code, stderr } = await run(form, ["--password-file", directory]);
  assertEquals(code, 2);
  assertMatch(stderr, /^Cannot use --password-file "[^"]+": .+\n$/);
  await Deno.remove(directory);
});
