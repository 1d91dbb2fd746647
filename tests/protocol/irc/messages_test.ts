/** PRIVMSG, NOTICE, TAGMSG: actions and CTCP, also between IRC and text clients; long lines; tags. */
import { assert, assertEquals } from "@std/assert";
import { type Client, ProtocolFixture, test, TIME } from "./harness.ts";

type Pair = [Client, Client];
type Three = [Client, Client, Client];

test("messages: PRIVMSG and NOTICE to a channel reach all other members", async (fixture) => {
  const [alice, bob, carol] = await fixture.channel("#tea", "alice", "bob", "carol") as Three;
  const dave = await fixture.irc("dave");
  await alice.expect("PRIVMSG #TEA :hi  there ");
  await alice.expect("NOTICE #tea ::-)");
  await alice.expect("privmsg #tea word");
  const said = [
    ":alice!~alice@host PRIVMSG #tea :hi  there ",
    ":alice!~alice@host NOTICE #tea ::-)",
    ":alice!~alice@host PRIVMSG #tea :word",
  ];
  assertEquals([bob.hears(), carol.hears(), dave.hears()], [said, said, []]);
});

test("messages: PRIVMSG and NOTICE to a nick in any case reach that user only, also the sender", async (fixture) => {
  const [alice, bob, carol] = await fixture.channel("#tea", "alice", "Bob", "carol") as Three;
  await alice.expect("PRIVMSG bOB :hi");
  await alice.expect("NOTICE bob :hi");
  const heard = [":alice!~alice@host PRIVMSG Bob :hi", ":alice!~alice@host NOTICE Bob :hi"];
  assertEquals([bob.hears(), carol.hears()], [heard, []]);
  await alice.expect("PRIVMSG alice :me", ":alice!~alice@host PRIVMSG alice :me");
});

test("messages: PRIVMSG replies with errors, and NOTICE with none", async (fixture) => {
  const [alice] = await fixture.channel("#tea", "alice") as [Client];
  const bob = await fixture.irc("bob");
  const wrong = [
    ["", "411 bob :No recipient given (PRIVMSG)"],
    [":", "411 bob :No recipient given (PRIVMSG)"],
    ["alice", "412 bob :No text to send"],
    ["alice :", "412 bob :No text to send"],
    ["nobody :hi", "401 bob nobody :No such nick/channel"],
    ["a*e :hi", "401 bob a*e :No such nick/channel"],
    ["@alice :hi", "401 bob @alice :No such nick/channel"],
    ["#none :hi", "403 bob #none :No such channel"],
    ["@#none :hi", "403 bob #none :No such channel"],
    ["#tea :hi", "404 bob #tea :Cannot send to channel"],
  ] as const;
  for (const [params, answer] of wrong) {
    await bob.expect(`PRIVMSG ${params}`, answer);
    await bob.expect(`NOTICE ${params}`);
  }
  assertEquals(alice.hears(), []);
});

test("messages: all other targets are reached when one of several cannot be", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  await alice.expect(
    "PRIVMSG x,bob,,#tea :hi",
    "401 alice x :No such nick/channel",
    "401 alice * :No such nick/channel",
  );
  assertEquals(bob.hears(), [":alice!~alice@host PRIVMSG #tea :hi", ":alice!~alice@host PRIVMSG bob :hi"]);
});

test("messages: a client can send to a channel from outside only without +n, and a secret one does not exist for it", async (fixture) => {
  const [alice] = await fixture.channel("#tea", "alice") as [Client];
  const bob = await fixture.irc("bob");
  await alice.says("MODE #tea +s");
  await bob.expect("PRIVMSG #tea :hi", "403 bob #tea :No such channel");
  await bob.expect("PRIVMSG @#tea :hi", "403 bob #tea :No such channel");
  await alice.says("MODE #tea -n");
  fixture.quiet();
  await bob.expect("PRIVMSG #tea :hi");
  assertEquals(alice.hears(), [":bob!~bob@host PRIVMSG #tea :hi"]);
  await alice.says("MODE #tea +m");
  await bob.expect("PRIVMSG #tea :hi", "404 bob #tea :Cannot send to channel");
});

test("messages: a moderated channel and a ban reject messages of all but operators and voices", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  const rejected = "404 bob #tea :Cannot send to channel";
  await alice.asks("MODE #tea +m");
  await bob.asks();
  await bob.expect("PRIVMSG #tea :1", rejected);
  await bob.expect("NOTICE #tea :1");
  await alice.asks("MODE #tea +v bob");
  await bob.asks();
  await bob.expect("PRIVMSG #tea :2");
  await alice.says("MODE #tea -v bob", "MODE #tea -m+b bob");
  await bob.asks();
  await bob.expect("PRIVMSG #tea :3", rejected);
  await bob.asks("CAP REQ message-tags");
  await bob.expect("@+x TAGMSG #tea", rejected);
  await alice.says("MODE #tea +e *!*@host");
  await bob.asks();
  await bob.expect("PRIVMSG #tea :4");
  assertEquals(alice.hears().filter((line) => / (PRIVMSG|NOTICE) /.test(line)), [
    ":bob!~bob@host PRIVMSG #tea :2",
    ":bob!~bob@host PRIVMSG #tea :4",
  ]);
});

test("messages: a target with @ reaches operators, and one with + voices as well", async (fixture) => {
  const clients = await fixture.channel("#tea", "alice", "bob", "carol", "dave");
  const [alice, bob, carol, dave] = clients as [Client, Client, Client, Client];
  await alice.says("MODE #tea +v bob");
  fixture.quiet();
  await dave.expect("PRIVMSG @#tea :one");
  await dave.expect("NOTICE +#tea :two");
  await dave.expect("PRIVMSG @+#TEA :three");
  const [one, two, three] = [
    ":dave!~dave@host PRIVMSG @#tea :one",
    ":dave!~dave@host NOTICE +#tea :two",
    ":dave!~dave@host PRIVMSG +#tea :three",
  ] as const;
  assertEquals([alice.hears(), bob.hears(), carol.hears()], [[one, two, three], [two, three], []]);
});

test("messages: a private PRIVMSG to a user who is away gets 301, a NOTICE or a channel message does not", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  await bob.asks("AWAY :out for tea");
  await alice.expect("PRIVMSG bob :hi", "301 alice bob :out for tea");
  await alice.expect("NOTICE bob :hi");
  await alice.expect("PRIVMSG #tea :hi");
  assertEquals(bob.hears().length, 3);
});

test("messages: formatting is kept, other control characters are removed, and an empty rest is not sent", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  await alice.says(
    "PRIVMSG #tea :\x02bold\x02 \x0304red\x03\x07\x1b[0m\x7f\x00\r",
    "PRIVMSG #tea :\x07 ",
    "PRIVMSG bob \x07",
  );
  assertEquals(bob.hears(), [":alice!~alice@host PRIVMSG #tea :\x02bold\x02 \x0304red\x03[0m"]);
});

test("messages: CTCP is passed on between IRC clients, and not to text clients", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  const tom = await fixture.text("tom");
  await tom.asks("/join #tea");
  fixture.quiet();
  await alice.says("PRIVMSG #tea :\x01VERSION\x01", "PRIVMSG bob :\x01PING 1 2", "NOTICE bob :\x01VERSION x\x01");
  await alice.says(
    "PRIVMSG tom :\x01VERSION\x01",
    "NOTICE #tea :\x01ACTION x\x01",
    "PRIVMSG #tea :\x01",
    "PRIVMSG #tea :\x01\x01",
  );
  assertEquals(bob.hears(), [
    ":alice!~alice@host PRIVMSG #tea :\x01VERSION\x01",
    ":alice!~alice@host PRIVMSG bob :\x01PING 1 2\x01",
    ":alice!~alice@host NOTICE bob :\x01VERSION x\x01",
    ":alice!~alice@host NOTICE #tea :\x01ACTION x\x01",
  ]);
  assertEquals(tom.hears(), []);
  assertEquals(fixture.chat.history.latest(fixture.chat.findRoom("#tea"), 10), [], "what programs say is kept");
});

test("messages: IRC and text clients see each other's actions, in channels and in private", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  const tom = await fixture.text("tom");
  await tom.asks("/join #tea");
  fixture.quiet();
  await alice.says(
    "PRIVMSG #tea :\x01ACTION waves\x01",
    "PRIVMSG tom :\x01ACTION bows\x01",
    "PRIVMSG #tea :\x01ACTION sits",
  );
  assertEquals(tom.hears(), ["* alice waves", "*alice* alice bows", "* alice sits"]);
  assertEquals(bob.hears(), [
    ":alice!~alice@host PRIVMSG #tea :\x01ACTION waves\x01",
    ":alice!~alice@host PRIVMSG #tea :\x01ACTION sits\x01",
  ]);
  await tom.says("/me nods", "\x01ACTION cheats\x01");
  assertEquals(bob.hears(), [
    ":tom!~guest@host PRIVMSG #tea :\x01ACTION nods\x01",
    ":tom!~guest@host PRIVMSG #tea :ACTION cheats",
  ]);
});

test("messages: IRC and text clients see each other's messages, text clients without formatting", async (fixture) => {
  const alice = await fixture.irc("alice");
  const tom = await fixture.text("tom");
  await alice.says("JOIN #lobby");
  fixture.quiet();
  await tom.says("hi", "/msg alice psst");
  assertEquals(alice.hears(), [":tom!~guest@host PRIVMSG #lobby :hi", ":tom!~guest@host PRIVMSG alice :psst"]);
  tom.hears();
  await alice.says("PRIVMSG #lobby :\x02hello\x02", "NOTICE #lobby :note", "PRIVMSG tom :psst", "NOTICE tom :note");
  assertEquals(tom.hears(), ["<alice> hello", "-alice:#lobby- note", "*alice* psst", "-alice- note"]);
});

/** Joins the texts of all messages to a target. */
function joined(lines: readonly string[], head: string): string {
  return lines.map((line) => {
    assert(line.startsWith(head), line);
    return line.slice(head.length);
  }).join("");
}

test("messages: a long line of a text client is split into lines of at most 510 bytes, between characters", async (fixture) => {
  const alice = await fixture.irc("alice");
  const tom = await fixture.text("tom");
  await alice.says("JOIN #lobby");
  const head = ":tom!~guest@host PRIVMSG #lobby :";
  for (const letter of ["x", "é", "€", "😀"]) {
    for (const shift of [0, 1, 2, 3]) {
      const text = "a".repeat(shift) + letter.repeat(700);
      fixture.quiet();
      await tom.says(text);
      const lines = alice.hears();
      lines.forEach(ProtocolFixture.assertSound);
      assertEquals(joined(lines, head), text);
      assert(lines.every((line) => !line.includes("\ufffd") && line.isWellFormed()));
      const bytes = lines.slice(0, -1).map((line) => new TextEncoder().encode(line).length);
      assert(bytes.every((count) => count > 510 - 4), `lines of ${bytes} bytes`);
    }
  }
});

test("messages: a long action is split into complete actions, and a private message is split as well", async (fixture) => {
  const alice = await fixture.irc("alice");
  const tom = await fixture.text("tom");
  await alice.says("JOIN #lobby");
  fixture.quiet();
  await tom.says(`/me ${"€".repeat(300)}`, `/msg alice ${"y".repeat(600)}`);
  const lines = alice.hears();
  lines.forEach(ProtocolFixture.assertSound);
  const head = ":tom!~guest@host PRIVMSG #lobby :\x01ACTION ";
  const actions = lines.slice(0, 2).map((line) => {
    assert(line.startsWith(head) && line.endsWith("\x01"), line);
    return line.slice(head.length, -1);
  });
  assertEquals(actions.join(""), "€".repeat(300));
  assertEquals(joined(lines.slice(2), ":tom!~guest@host PRIVMSG alice :"), "y".repeat(600));
  assertEquals(lines.length, 4);
});

test("messages: a text that just fits is one line, and two with one byte more", async (fixture) => {
  const alice = await fixture.irc("alice");
  const tom = await fixture.text("tom");
  await alice.says("JOIN #lobby");
  const room = 510 - ":tom!~guest@host PRIVMSG #lobby :".length;
  for (const [text, count] of [["x".repeat(room), 1], ["x".repeat(room + 1), 2], ["€".repeat(room / 3), 1]] as const) {
    fixture.quiet();
    await tom.says(text);
    assertEquals(alice.hears().length, count);
  }
});

test("messages: each line of a split message has its own msgid", async (fixture) => {
  const alice = await fixture.irc("alice", "message-tags");
  const tom = await fixture.text("tom");
  await alice.says("JOIN #lobby");
  fixture.quiet();
  await tom.says("x".repeat(1200), "short");
  assertEquals(alice.hears().map((line) => line.split(" ")[0]), ["@msgid=0", "@msgid=0-1", "@msgid=0-2", "@msgid=1"]);
});

test("messages: echo-message returns the client's own messages once", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice", "echo-message", "message-tags"), await fixture.irc("bob")];
  await fixture.join("#tea", alice, bob);
  await alice.expect("PRIVMSG #tea :1", "@msgid=0 :alice!~alice@host PRIVMSG #tea :1");
  await alice.expect("NOTICE bob :2", "@msgid=1 :alice!~alice@host NOTICE bob :2");
  await alice.expect("PRIVMSG @#tea :3", "@msgid=2 :alice!~alice@host PRIVMSG @#tea :3");
  await alice.expect("@+x TAGMSG #tea", "@msgid=3;+x :alice!~alice@host TAGMSG #tea");
  await alice.expect("@+x TAGMSG bob", "@msgid=4;+x :alice!~alice@host TAGMSG bob");
  await alice.expect("PRIVMSG #tea :\x07");
  const twice = "@msgid=6 :alice!~alice@host PRIVMSG alice :5";
  await alice.says("PRIVMSG #tea :4");
  alice.hears();
  await alice.expect("PRIVMSG alice :5", twice, twice);
  await bob.expect("PRIVMSG #tea :6");
  await bob.expect("PRIVMSG alice :7");
});

test("messages: message-tags adds the msgid and client tags, only with the capability", async (fixture) => {
  const [alice, bob, carol] = [
    await fixture.irc("alice", "message-tags"),
    await fixture.irc("bob", "message-tags"),
    await fixture.irc("carol"),
  ];
  await fixture.join("#tea", alice, bob, carol);
  await alice.says("@+a=1\\s2;b=3;+c;time=4;msgid=5;+d\\=6;label=7 PRIVMSG #tea :hi", "@+a=x\\y\\ NOTICE bob :hi");
  assertEquals(bob.hears(), [
    "@msgid=0;+a=1\\s2;+c :alice!~alice@host PRIVMSG #tea :hi",
    "@msgid=1;+a=xy :alice!~alice@host NOTICE bob :hi",
  ]);
  assertEquals(carol.hears(), [":alice!~alice@host PRIVMSG #tea :hi"]);
  await carol.says("@+a=1 PRIVMSG #tea :hi");
  assertEquals(bob.hears(), ["@msgid=2 :carol!~carol@host PRIVMSG #tea :hi"]);
});

test("messages: server-time adds the time to messages and all other events", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice"), await fixture.irc("bob", "server-time")];
  await fixture.join("#tea", alice, bob);
  const tag = `@time=${TIME}`;
  await alice.says("PRIVMSG #tea :1", "NOTICE bob :2", "TOPIC #tea :3", "MODE #tea +i", "INVITE bob #tea", "NICK eve");
  await alice.says("PART #tea :4", "QUIT");
  assertEquals(bob.hears(), [
    `${tag} :alice!~alice@host PRIVMSG #tea :1`,
    `${tag} :alice!~alice@host NOTICE bob :2`,
    `${tag} :alice!~alice@host TOPIC #tea :3`,
    `${tag} :alice!~alice@host MODE #tea +i`,
    `${tag} :alice!~alice@host NICK eve`,
    `${tag} :eve!~alice@host PART #tea :4`,
    `${tag} MODE #tea -i`,
  ]);
  await bob.says("CAP REQ message-tags");
  const carol = await fixture.irc("carol");
  fixture.quiet();
  await carol.says("@+x=y PRIVMSG bob :5");
  assertEquals(bob.hears(), [`@msgid=2;time=${TIME} :carol!~carol@host PRIVMSG bob :5`]);
});

test("messages: a message of a bot has the bot tag", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice", "message-tags"), await fixture.irc("bob", "message-tags")];
  await fixture.join("#tea", alice, bob);
  await bob.asks("MODE bob +B");
  await bob.says("PRIVMSG #tea :1", "@+x=y PRIVMSG alice :2", "@+x TAGMSG #tea");
  assertEquals(alice.hears(), [
    "@msgid=0;bot :bob!~bob@host PRIVMSG #tea :1",
    "@msgid=1;bot;+x=y :bob!~bob@host PRIVMSG alice :2",
    "@msgid=2;bot;+x :bob!~bob@host TAGMSG #tea",
  ]);
});

test("messages: TAGMSG passes tags on to clients with message-tags, in channels, to ranks and to users", async (fixture) => {
  const clients = [
    await fixture.irc("alice", "message-tags"),
    await fixture.irc("bob", "message-tags"),
    await fixture.irc("carol"),
    await fixture.irc("dave", "message-tags"),
  ];
  const [alice, bob, carol, dave] = clients as [Client, Client, Client, Client];
  await fixture.join("#tea", ...clients);
  await dave.expect("@+typing=active TAGMSG #tea");
  await dave.expect("@+a TAGMSG @#tea");
  await dave.expect("@+b TAGMSG bob");
  await dave.expect("@+c TAGMSG carol");
  const [one, two, three] = [
    "@msgid=0;+typing=active :dave!~dave@host TAGMSG #tea",
    "@msgid=1;+a :dave!~dave@host TAGMSG @#tea",
    "@msgid=2;+b :dave!~dave@host TAGMSG bob",
  ] as const;
  assertEquals([alice.hears(), bob.hears(), carol.hears()], [[one, two], [one, three], []]);
});

test("messages: control characters are removed from tags", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice", "message-tags"), await fixture.irc("bob", "message-tags")];
  await fixture.join("#tea", alice, bob);
  await alice.says("@+draft/react=\x1b[31m\u202ee\u0301;+\x1b[2J=x;+ok=\\n\x9b PRIVMSG #tea :hi");
  assertEquals(bob.hears(), ["@msgid=0;+draft/react=[31me\u0301;+ok :alice!~alice@host PRIVMSG #tea :hi"]);
});

test("messages: only valid client-only tags are passed on", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice", "message-tags"), await fixture.irc("bob", "message-tags")];
  await fixture.join("#tea", alice, bob);
  const keys = ["+", "+a=1", "+example.org/B-2", "+/c", "+d/", "+e/f/g", "+h_i", "++j", "a+k", "+é", "+l.m", "+x--n/o"];
  await alice.says(`@${keys.join(";")} PRIVMSG #tea :hi`);
  assertEquals(bob.hears(), ["@msgid=0;+a=1;+example.org/B-2;+x--n/o :alice!~alice@host PRIVMSG #tea :hi"]);
});

test("messages: TAGMSG does nothing when there are no tags, and replies with errors otherwise", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice", "message-tags"), await fixture.irc("bob", "message-tags")];
  await fixture.join("#tea", alice);
  await bob.expect("TAGMSG alice");
  await bob.expect("@a=b TAGMSG alice");
  await bob.expect("TAGMSG", "461 bob TAGMSG :Not enough parameters");
  await bob.expect("@+a TAGMSG nobody", "401 bob nobody :No such nick/channel");
  await bob.expect("@+a TAGMSG #none", "403 bob #none :No such channel");
  await bob.expect("@+a TAGMSG #tea", "404 bob #tea :Cannot send to channel");
  await bob.expect("@+a TAGMSG +#tea", "404 bob #tea :Cannot send to channel");
  await bob.asks("CAP REQ -message-tags");
  await bob.expect("@+a TAGMSG alice");
  assertEquals(alice.hears(), []);
});
