/**
 * Moderation over real sockets: who may use it, which clients it affects, what survives a restart, and what is logged.
 *
 * Clients that are to be banned by address connect from 127.0.0.2 or 127.0.0.3.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "./forms.ts";
import { Guest, joinFrom } from "./guest.ts";
import { Client, type Form, type Program, run, start } from "./harness.ts";
import { ask, askIrc, Directory, eventually, joinIrc } from "./history_store.ts";

const PASSWORD = "open sesame";

/** Starts servers with one operator, `root`, whose line in the operators file is made by `tincan passwd`. */
async function withOperator(form: Form, body: (begin: (...args: string[]) => Promise<Program>) => Promise<void>) {
  const path = await Deno.makeTempFile();
  try {
    const { code, stdout } = await run(form, ["passwd", "root"], {}, `${PASSWORD}\n`);
    assertEquals(code, 0);
    await Deno.writeTextFile(path, stdout);
    await body((...args) => start(form, ["--operators", path, ...args]));
  } finally {
    await Deno.remove(path);
  }
}

/** A server operator with the nickname root, on the text listener. */
async function joinRoot(server: Program): Promise<Client> {
  const root = await Client.join(server.port);
  await root.send("/nick root", `/oper root ${PASSWORD}`);
  await root.until("-- You are a server operator now. /help operators lists your commands.");
  return root;
}

/** The bans that `/bans` lists, without other lines that arrive meanwhile. */
async function bansOf(root: Client): Promise<string[]> {
  return (await ask(root, "/bans")).filter((line) => line.includes(", by "));
}

/** The first line that a client from an address receives, after it has sent the given lines, if any. */
async function greeting(port: number, from: string, ...lines: string[]): Promise<string> {
  using client = await Guest.from(from, port);
  // Node's socket drops received data when a write fails because the connection is already closed.
  if (lines.length > 0) await client.send(...lines);
  return (await client.raw("greeting"))?.trimEnd() ?? "nothing";
}

test("moderation: /oper and OPER accept only the password that the line of passwd was made of", (form) => {
  return withOperator(form, async (begin) => {
    await using server = await begin();
    using alice = await Client.join(server.port);
    using bob = await joinIrc(server, "bob");
    await alice.send("/nick alice");
    await alice.until(/is now alice$/);
    const no = "-- Only server operators can do that. If you are one: /oper NAME";
    assertEquals(await ask(alice, "/stats"), [no]);
    assertEquals(await ask(alice, "/oper root sesame", "/stats"), [
      "-- Your password was visible. Next time write /oper root alone: telnet hides what it asks for.",
      "-- Wrong password.",
      no,
    ]);
    const denied = ":tincan 481 bob :Permission Denied- You're not an IRC operator";
    assertEquals(await askIrc(bob, "OPER root sesame", "STATS z"), [":tincan 464 bob :Password incorrect", denied]);
    assertMatch(
      await server.logged(/password refused/),
      /warn password refused .*nick=alice .*reason="wrong password"/,
    );
    assertMatch(await server.logged(/password refused/), /warn password refused .*nick=bob .*reason="wrong password"/);
    await ask(alice, `/oper root ${PASSWORD}`);
    assertMatch(await server.logged(/ operator /), / warn operator who=alice operator=root peer=127\.0\.0\.1:\d+$/);
    const [up = "", traffic = "", memory = ""] = await ask(alice, "/stats");
    assertMatch(up, /^-- Up for (?:\d+[smh])+, with 2 users on 2 connections in 1 room\.$/);
    assertMatch(traffic, /^-- \d+ lines received, \d+ sent \(\d+ MB\); 0 stored, 0 could not be stored\.$/);
    assertMatch(memory, /^-- \d+ MB of memory in use\. 0 bans\.$/);
    assertMatch(await server.logged(/stats/), / warn stats who=alice operator=root peer=127\.0\.0\.1:\d+$/);
    const became = await askIrc(bob, `OPER root :${PASSWORD}`);
    assertEquals(became[0], ":tincan 381 bob :You are now an IRC operator");
    assertEquals((await askIrc(bob, "STATS z")).length, 4);
    assertMatch(await server.logged(/ operator /), / warn operator who=bob operator=root peer=127\.0\.0\.1:\d+$/);
    assert(!server.log.all.includes("sesame"), server.log.all);
  });
});

test(
  "moderation: a ban of a network disconnects its clients and rejects new ones on every listener until it is lifted",
  (form) => {
    return withOperator(form, async (begin) => {
      await using server = await begin();
      using root = await joinRoot(server);
      using alice = await Client.join(server.port);
      using bob = await joinFrom(server, "127.0.0.2", "bob");
      using carol = await Guest.from("127.0.0.3", server.ircPort);
      await carol.send("NICK carol", "USER carol 0 * :Carol");
      await carol.until(/ 422 carol /);
      using unregistered = await Guest.from("127.0.0.3", server.ircPort);
      await unregistered.send("CAP LS 302");
      await unregistered.until(/ CAP /);
      await root.send("/ban 127.0.0.2/31 90m too loud");
      await root.until("-- 127.0.0.2/31 is banned from this server; 3 disconnected. /bans lists all.");
      const told = await bob.rest();
      assertEquals(told.at(-1), "-- You are banned from this server: too loud");
      const last = await carol.rest();
      assertEquals(last.slice(-2), [
        ":tincan NOTICE * :You are banned from this server: too loud",
        "ERROR :Closing link: (carol) [Banned: too loud]",
      ]);
      await unregistered.rest();
      await alice.until("-- bob left #lobby (Banned: too loud)");
      assertEquals(await greeting(server.port, "127.0.0.2"), "-- You are banned from this server: too loud");
      assertEquals(
        await greeting(server.ircPort, "127.0.0.3"),
        "ERROR :Closing link: [You are banned from this server: too loud]",
      );
      assertMatch(await greeting(server.webPort, "127.0.0.3"), /^HTTP\/1.1 503 /);
      assertMatch(await greeting(server.port, "127.0.0.4"), /^-- Welcome to tincan\./);
      assertEquals(await bansOf(root), ["-- 127.0.0.2/31 for 1h30m more, by root: too loud"]);
      await root.send("/unban 127.0.0.2/31");
      await root.until("-- 127.0.0.2/31 is no longer banned.");
      assertMatch(await greeting(server.port, "127.0.0.2"), /^-- Welcome to tincan\./);
      assertMatch(await server.logged(/ banned /), / warn banned who=root .* about="127\.0\.0\.2\/31 1h30m"$/);
      assertMatch(await server.logged(/ refused /), / info refused peer=127\.0\.0\.2:\d+ door=text reason=banned$/);
      assertMatch(await server.logged(/ unbanned /), / warn unbanned who=root .* about=127\.0\.0\.2\/31$/);
    });
  },
);

test("moderation: rejected requests are logged and counted on the text and IRC listeners, without the text sent", (form) => {
  return withOperator(form, async (begin) => {
    await using server = await begin();
    using root = await joinRoot(server);
    using troll = await joinIrc(server, "troll");
    await ask(root, "/join #tea", "/mode +i", "/mute troll");
    const line = (rest: string) => new RegExp(` info not allowed peer=127\\.0\\.0\\.1:\\d+ ${rest}$`, "m");
    await troll.send("KILL root :a secret", "JOIN #tea", "PRIVMSG #lobby :a secret", "NOTICE #tea :a secret");
    await server.logged(line("nick=troll reason=not-server-operator"));
    await server.logged(line("nick=troll about=#tea reason=invite-only"));
    for (let n = 0; n < 2; n++) await server.logged(line("nick=troll reason=muted"));
    using tom = await Client.join(server.port);
    await tom.send("/kill root a secret");
    await server.logged(line("nick=guest1 reason=not-server-operator"));
    assert(!server.log.all.includes("secret"));
    const metrics = await (await fetch(`http://127.0.0.1:${server.webPort}/metrics`)).text();
    assertMatch(metrics, /^tincan_refusals_total\{code="not-server-operator"\} 2$/m);
  });
});

test("moderation: an operator who bans their own network stays connected, and all others in it are disconnected", (form) => {
  return withOperator(form, async (begin) => {
    await using server = await begin();
    using root = await joinRoot(server);
    using alice = await Client.join(server.port);
    await root.send("/ban 127.0.0.0/8");
    await root.until("-- 127.0.0.0/8 is banned from this server; 1 disconnected. /bans lists all.");
    await root.until("-- This ban includes you: /unban 127.0.0.0/8 before you leave, or you cannot come back.");
    assertEquals((await alice.rest()).at(-1), "-- You are banned from this server: no reason given");
    using other = new Client(await Deno.connect({ port: server.port }));
    assertEquals(await other.rest(), ["-- You are banned from this server: no reason given"]);
    assertEquals((await ask(root, "/ban *", "/ban 0.0.0.0/0", "still here")).slice(-1), ["<root> still here"]);
    await root.send("/unban 127.0.0.0/8");
    await root.until("-- 127.0.0.0/8 is no longer banned.");
    using _again = await Client.join(server.port);
  });
});

test("moderation: a web connection opened before a ban cannot become a WebSocket after it", (form) => {
  return withOperator(form, async (begin) => {
    await using server = await begin();
    using root = await joinRoot(server);
    using web = await Guest.from("127.0.0.2", server.webPort);
    await web.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    await web.until("ok");
    await root.send("/ban 127.0.0.2 1h too loud");
    await root.until("-- 127.0.0.2 is banned from this server; 0 disconnected. /bans lists all.");
    const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13";
    await web.write(`GET /text HTTP/1.1\r\nHost: x\r\n${upgrade}\r\nSec-WebSocket-Key: ${"A".repeat(22)}==\r\n\r\n`);
    const told = (await web.rest()).join("\n");
    assert(told.includes("-- You are banned from this server: too loud"), told);
    assert(!told.includes("Welcome"), told);
    await server.logged(/refused peer=127\.0\.0\.2:\d+ door=web reason=banned/);
    const metrics = await (await fetch(`http://127.0.0.1:${server.webPort}/metrics`)).text();
    assertMatch(metrics, /^tincan_refused_total\{reason="banned"\} 1$/m);
    assertEquals((await ask(root, "/list"))[0], "-- Online: 1 user");
  });
});

test("moderation: a ban by nickname bans the host, under any nickname, and no other address", (form) => {
  return withOperator(form, async (begin) => {
    await using server = await begin();
    using root = await joinRoot(server);
    using troll = await joinFrom(server, "127.0.0.2", "troll");
    using other = await joinFrom(server, "127.0.0.3", "other");
    await root.send("/ban troll");
    const made = await root.until(/ is banned from this server; 1 disconnected\./);
    assertMatch(made, /^-- \*!\*@[0-9a-f]{12}\.hidden is banned/);
    assertEquals((await troll.rest()).at(-1), "-- You are banned from this server: no reason given");
    assertEquals(
      await greeting(server.port, "127.0.0.2"),
      "-- You are banned from this server: no reason given",
    );
    using irc = await Guest.from("127.0.0.2", server.ircPort);
    await irc.send("NICK nice", "USER nice 0 * :x");
    assertEquals(await irc.rest(), [
      ":tincan 465 * :You are banned from this server (no reason given)",
      "ERROR :Closing link: (*) [Banned: no reason given]",
    ]);
    await other.send("still here");
    await other.until("<other> still here");
  });
});

test("moderation: a mask with * bans nicknames at registration and at a nick change", (form) => {
  return withOperator(form, async (begin) => {
    await using server = await begin();
    using root = await joinRoot(server);
    using spam = await joinIrc(server, "SpamBot1");
    using alice = await Client.join(server.port);
    await root.send("/ban spam*!*@* 1h");
    await root.until("-- spam*!*@* is banned from this server; 1 disconnected. /bans lists all.");
    assertMatch((await spam.rest()).at(-1)!, /^ERROR :Closing link: \(SpamBot1\) \[Banned: /);
    assertEquals(await ask(alice, "/nick SPAMMER"), ["-- You are banned from this server: no reason given"]);
    using again = new Client(await Deno.connect({ port: server.ircPort }));
    await again.send("NICK spamBot2", "USER x 0 * :x");
    assertEquals((await again.rest()).at(0), ":tincan 465 * :You are banned from this server (no reason given)");
    const from = String.raw` info refused peer=127\.0\.0\.1:\d+`;
    const mask = String.raw`reason=banned ban="spam\*!\*@\*"`;
    await server.logged(new RegExp(`${from} who="SPAMMER!~guest@[0-9a-f]{12}\\.hidden" ${mask}`));
    await server.logged(new RegExp(`${from} who="spamBot2!~x@[0-9a-f]{12}\\.hidden" ${mask}`));
    const metrics = await (await fetch(`http://127.0.0.1:${server.webPort}/metrics`)).text();
    assertMatch(metrics, /^tincan_refused_total\{reason="banned"\} 2$/m);
  });
});

for (const signal of ["SIGTERM", "SIGKILL"] as const) {
  test(`moderation: bans and unbans survive ${signal} with --data`, (form) => {
    return withOperator(form, async (begin) => {
      await using directory = await Directory.make();
      {
        await using server = await begin("--data", directory.path);
        using root = await joinRoot(server);
        await root.send(
          "/ban 127.0.0.2 90m too loud",
          "/ban 127.0.0.3",
          "/ban Troll",
          "/ban troll",
          "/unban 127.0.0.3",
        );
        await root.until("-- 127.0.0.3 is no longer banned.");
        server.kill(signal);
        await server.code();
      }
      await using server = await begin("--data", directory.path);
      assertEquals(await greeting(server.port, "127.0.0.2"), "-- You are banned from this server: too loud");
      assertMatch(await greeting(server.port, "127.0.0.3"), /^-- Welcome to tincan\./);
      using root = await joinRoot(server);
      assertEquals(await bansOf(root), [
        "-- 127.0.0.2 for 1h30m more, by root: too loud",
        "-- troll!*@* for good, by root: no reason given",
      ]);
      await root.send("/unban troll");
      await root.until("-- troll!*@* is no longer banned.");
      assertEquals(directory.query("SELECT what, by FROM ban"), [{ what: "127.0.0.2", by: "root" }]);
    });
  });
}

test("moderation: bans end with the server without --data", (form) => {
  return withOperator(form, async (begin) => {
    {
      await using server = await begin();
      using root = await joinRoot(server);
      await ask(root, "/ban 127.0.0.2");
      assertEquals(await greeting(server.port, "127.0.0.2"), "-- You are banned from this server: no reason given");
    }
    await using server = await begin();
    assertMatch(await greeting(server.port, "127.0.0.2"), /^-- Welcome to tincan\./);
  });
});

test("moderation: a ban and a mute for one second expire after one second, and not before", (form) => {
  return withOperator(form, async (begin) => {
    await using directory = await Directory.make();
    await using server = await begin("--data", directory.path);
    using root = await joinRoot(server);
    const began = Date.now();
    await root.send("/ban 127.0.0.2 1s");
    await root.until(/^-- 127\.0\.0\.2 is banned/);
    while (!(await greeting(server.port, "127.0.0.2")).startsWith("-- Welcome")) {
      assert(Date.now() - began < 20_000, "the ban has not expired");
    }
    assert(Date.now() - began >= 1000, "the ban expired too early");
    await eventually("deletion of the ban", () => directory.query("SELECT what FROM ban").length === 0);
    using troll = await joinFrom(server, "127.0.0.2", "troll");
    const then = Date.now();
    await root.send("/mute troll 1s");
    await troll.until("-- root has muted you for 1s. You can read, but not write.");
    while (true) {
      await troll.send("hello?");
      const answer = await troll.until(/^(<troll> hello\?|-- A server operator has muted you.*)$/);
      if (answer === "<troll> hello?") break;
      assert(Date.now() - then < 20_000, "the mute has not expired");
    }
    assert(Date.now() - then >= 1000, "the mute expired too early");
  });
});

test("moderation: a muted host can read, but not write, under any nickname and on any connection", (form) => {
  return withOperator(form, async (begin) => {
    await using server = await begin();
    using root = await joinRoot(server);
    using troll = await joinFrom(server, "127.0.0.2", "troll");
    using other = await joinFrom(server, "127.0.0.3", "other");
    await root.send("/mute troll");
    await troll.until("-- root has muted you. You can read, but not write.");
    using again = await Guest.from("127.0.0.2", server.port);
    await again.until(/^-- Welcome to tincan\./);
    const muted = "-- A server operator has muted you. You can read, but not write.";
    await again.send("/nick spam", "spam", "/me spams");
    await troll.send("/nick spam", "spam", "/msg root spam");
    for (const client of [troll, again]) for (let n = 0; n < 3; n++) await client.until(muted);
    await other.send("hello");
    await troll.until("<other> hello");
    assertEquals((await ask(root)).filter((line) => line.includes("spam")), []);
    assertEquals((await ask(root, "/unmute troll")).at(-1), "-- troll can speak again.");
    await troll.until("-- You can speak again.");
    await troll.send("sorry");
    await root.until("<troll> sorry");
  });
});

for (const format of ["text", "json"]) {
  test(`moderation: each command is logged in ${format}, without messages or reasons`, (form) => {
    return withOperator(form, async (begin) => {
      await using server = await begin("--log-format", format);
      using root = await joinRoot(server);
      using troll = await joinIrc(server, "troll");
      using tom = await Client.join(server.port);
      await tom.send("/nick tom", "a secret of tom's");
      await tom.until("<tom> a secret of tom's");
      await ask(
        root,
        "/announce a secret announcement",
        "/mute troll 12h",
        "/unmute troll",
        "/ban 192.0.2.0/24 2w a secret reason",
        "/bans",
        "/unban 192.0.2.0/24",
        "/stats",
      );
      using bob = await joinFrom(server, "127.0.0.2", "bob");
      using carol = await Guest.from("127.0.0.2", server.ircPort);
      await carol.send("NICK carol", "USER carol 0 * :Carol");
      await carol.until(/ 422 carol /);
      using unregistered = await Guest.from("127.0.0.2", server.ircPort);
      await unregistered.send("CAP LS 302");
      await unregistered.until(/ CAP /);
      await ask(root, "/ban 127.0.0.2 2h a secret excuse");
      for (const client of [bob, carol, unregistered]) await client.rest();
      assertEquals(await greeting(server.port, "127.0.0.2"), "-- You are banned from this server: a secret excuse");
      await ask(root, "/ban dave!*@* 2h a secret excuse");
      assertMatch(await greeting(server.ircPort, "127.0.0.3", "NICK dave", "USER dave 0 * :x"), /a secret excuse/);
      await ask(root, "/nick alice", "/kill troll a secret cause");
      await troll.until(/^:tincan NOTICE \* :Announcement from root: a secret announcement/);
      const end = await troll.rest();
      assertEquals(end.at(-1), "ERROR :Closing link: (troll) [Killed (alice (a secret cause))]");
      await tom.until("-- Announcement from root: a secret announcement");
      await tom.send("/quit a secret farewell");
      await root.until("-- tom left #lobby (a secret farewell)");
      using ida = await joinIrc(server, "ida");
      await ida.send("QUIT :a secret farewell");
      await ida.rest();
      // The sockets close in any order.
      const endings = new Map(
        Object.entries({ tom: "quit", ida: "quit", troll: "killed", bob: "banned", carol: "banned" }),
      );
      while (endings.size > 0) {
        const line = await server.logged(/disconnected/);
        for (const [nick, ending] of endings) {
          if (new RegExp(`disconnected.*${nick}.*reason"?[=:]"?${ending}\\b`).test(line)) endings.delete(nick);
        }
      }
      const host = "[0-9a-f]{12}\\.hidden";
      const expected = [
        ["operator", undefined],
        ["announced", undefined],
        ["muted", `troll!~troll@${host} 12h`],
        ["unmuted", `troll!~troll@${host}`],
        ["banned", "192\\.0\\.2\\.0/24 2w"],
        ["bans", undefined],
        ["unbanned", "192\\.0\\.2\\.0/24"],
        ["stats", undefined],
        ["banned", "127\\.0\\.0\\.2 2h"],
        ["banned", "dave!\\*@\\* 2h"],
        ["killed", "troll", "alice"],
      ] as const;
      const lines = server.log.all.split("\n").filter((line) => /[ "]warn[ "]/.test(line));
      assertEquals(lines.length, expected.length, lines.join("\n"));
      for (const [i, [what, about, who = "root"]] of expected.entries()) {
        const pattern = format === "text"
          ? `^[-\\d]+ [:\\d]+ warn ${what} who=${who} operator=root peer=127\\.0\\.0\\.1:\\d+${
            about === undefined ? "" : ` about="?${about}"?`
          }$`
          : `^\\{"time":"[^"]+","level":"warn","message":"${what}","who":"${who}","operator":"root","peer":"127\\.0\\.0\\.1:\\d+"${
            about === undefined ? "" : `,"about":"${about}"`
          }\\}$`;
        assertMatch(lines[i]!, new RegExp(pattern));
        assert(!lines[i]!.includes("secret"));
      }
      for (
        const said of [
          "secret of tom",
          "secret announcement",
          "secret reason",
          "secret excuse",
          "secret cause",
          "secret farewell",
          PASSWORD,
        ]
      ) {
        assert(!server.log.all.includes(said), said);
      }
    });
  });
}

test("moderation: an operator can join an empty locked room, and only that is logged as a use of power", (form) => {
  return withOperator(form, async (begin) => {
    await using directory = await Directory.make();
    await using server = await begin("--data", directory.path);
    using root = await joinRoot(server);
    using alice = await Client.join(server.port); // as the owner: modes of a guest's room end when the guest leaves
    await alice.send("/nick alice", "/register open-sesame");
    for (const [room, modes] of [["#open", "+m"], ["#closed", "+ik sesame"]]) {
      await alice.send(`/join ${room}`, "so that it stays", `/mode ${modes}`, "/leave");
      await alice.until(/^-- You are .*in #lobby/);
    }
    using bob = await Client.join(server.port);
    await bob.send("/join #closed");
    await bob.until("-- #closed is invite-only. Ask an operator of the room for an invitation.");
    await root.send("/join #open", "/join #closed");
    await root.until(/^-- You are .*in #closed/);
    assertMatch(
      await server.logged(/ entered /),
      / warn entered who=root operator=root peer=127\.0\.0\.1:\d+ about=#closed$/,
    );
  });
});

test("moderation: /kill disconnects a client on the text or IRC listener, and its user may connect again", (form) => {
  return withOperator(form, async (begin) => {
    await using server = await begin();
    using root = await joinRoot(server);
    using irc = await joinIrc(server, "irc");
    using tom = await Client.join(server.port);
    await tom.send("/nick tom");
    await tom.until(/is now tom$/);
    await root.send("/kill irc", "/kill tom go away");
    assertMatch((await irc.rest()).at(-1)!, /^ERROR :Closing link: \(irc\) \[Killed \(root \(no reason given\)\)\]$/);
    assertEquals((await tom.rest()).at(-1), "-- You were disconnected by root: go away");
    await root.until("-- tom left #lobby (Killed (root (go away)))");
    using again = await Client.join(server.port);
    assertEquals((await ask(again, "/nick tom")).at(-1), "-- guest1 is now tom");
  });
});
