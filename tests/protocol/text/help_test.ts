/** `/help`, aliases, and the replies to unknown and incomplete commands. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { commands } from "../../../src/protocol/text/commands.ts";
import { TOPICS } from "../../../src/protocol/text/command.ts";
import { ALIASES } from "../../../src/protocol/text/help.ts";
import { dialogue, TextServer } from "./harness.ts";

Deno.test("help: an unknown command gets a reply, and is not said to the room", async () => {
  const [alice, bob] = await new TextServer().enter("alice", "bob");
  for (const line of ["/bogus", "/", "/ ping", "/pingpong", "/constructor", "/toString x", `/${"x".repeat(60)}`]) {
    const name = line.split(" ")[0];
    const answer = `-- No such command: ${name}. /help lists the commands. /${name} says it.`;
    assertEquals(await alice.asks(line), [answer], line);
  }
  const [long] = await alice.asks(`/${"x".repeat(61)}`);
  assertMatch(long!, /^-- No such command: \/x{60}…\. \/help lists the commands\. \/\/x{60}… says it\.$/);
  assertEquals(bob.hears(), []);
});

Deno.test("help: the reply to an unknown command suggests the nearest one that the user may use", async () => {
  const [alice] = await new TextServer().enter("alice");
  const nearest = {
    jion: "join",
    quit_: "quit",
    hist: "history",
    whois: "who",
    people: undefined,
    annuonce: undefined, // of server operators
    nmaes: "names",
    JION: "join",
    laeve: "leave",
    xj: undefined, // one error away from /j, but not meant
  };
  for (const [word, name] of Object.entries(nearest)) {
    const lower = word.toLowerCase(); // `/help` takes its argument in any case
    const hint = name === undefined ? "/help lists the commands." : `Did you mean /${name}?`;
    assertEquals(await alice.asks(`/help ${word}`), [`-- No such command: /${lower}. ${hint}`]);
    assertEquals(await alice.asks(`/${word} x`), [`-- No such command: /${word}. ${hint} //${word} says it.`]);
  }
  alice.member!.operator = true;
  assertMatch((await alice.asks("/annuonce"))[0]!, / Did you mean \/announce\? /);
});

Deno.test("help: aliases from IRC clients do the same as their commands", async () => {
  const [alice] = await new TextServer().enter("alice");
  const same = { names: "who", users: "list", channels: "rooms", PART: "leave", "?": "help", w: "msg" };
  for (const [name, command] of Object.entries(same)) {
    assertEquals(await alice.asks(`/${name}`), await alice.asks(`/${command}`), name);
    assertEquals(await alice.asks(`/help ${name}`), await alice.asks(`/help ${command}`), name);
  }
  const slip = "-- Not sent: remove the space before the command.";
  assertEquals(await alice.asks(" /identify hunter22"), [slip]);
  assertEquals(await alice.asks("/exit"), ["-- Goodbye."]);
});

/** The rows of commands in what `/help` prints: name, arguments, help. */
function helpRows(lines: string[]): string[][] {
  const rows = lines.filter((line) => /^-- \/\w/.test(line));
  return rows.map((row) => /^-- \/(\S+) (.*?) {2,}(.*)$/.exec(row)!.slice(1).map((part) => part.trim()));
}

/** A terminal's rows and columns. One row is for what is typed next. */
const [ROWS, COLUMNS] = [24, 80];

for (const topic of ["", ...Object.keys(TOPICS)]) {
  const command = `/help ${topic}`.trimEnd();
  Deno.test(`help: ${command} fits a terminal, so that nothing scrolls away`, async () => {
    const [alice] = await new TextServer().enter("alice");
    for (const operator of [false, true]) {
      alice.member!.operator = operator;
      const lines = await alice.asks(command);
      assert(helpRows(lines).length > 0, "lists no commands");
      assert(lines.length < ROWS, `has ${lines.length} lines`);
      for (const line of lines) assert(line.length <= COLUMNS, line);
    }
  });
}

Deno.test("help: a mistyped topic gets the nearest one suggested, that of operators to operators alone", async () => {
  const [alice] = await new TextServer().enter("alice");
  await dialogue(alice, [
    ["/help moderatoin", "-- No such topic: moderatoin. Did you mean /help moderation?"],
    ["/help mesages", "-- No such topic: mesages. Did you mean /help messages?"],
    ["/help operatros", "-- No such command: /operatros. /help lists the commands."],
    ["/help serch", "-- No such command: /serch. Did you mean /search?"],
  ]);
  alice.member!.operator = true;
  await dialogue(alice, [["/help operatros", "-- No such topic: operatros. Did you mean /help operators?"]]);
});

Deno.test("help: /help and the topics together list each command once", async () => {
  const [alice] = await new TextServer().enter("alice");
  const short = await alice.asks("/help");
  assertMatch(short[0]!, /^-- .+:$/);
  assert(short.some((line) => /^-- \/\/TEXT {2,}say \/TEXT$/.test(line)), "how to say a line that begins with /");
  assertEquals(short.at(-1), "-- More by /help TOPIC: messages, moderation, accounts, settings, all");
  const common = ["nick", "list", "rooms", "join", "who", "msg", "quit"];
  const shown = helpRows(short).map(([name]) => name!);
  for (const name of common) assert(shown.includes(name), `/help has no /${name}`);
  const rows = helpRows(short);
  for (const topic of ["messages", "moderation", "accounts", "settings", "operators"]) {
    const lines = await alice.asks(`/help ${topic.toUpperCase()}`);
    rows.push(...helpRows(lines));
  }
  const table = Object.entries(commands).map(([name, { args, help }]) => [name, args, help]);
  assertEquals(rows.sort(), table.sort());
});

Deno.test("help: /help all lists each command, those of server operators only to them", async () => {
  const [alice] = await new TextServer().enter("alice");
  for (const operator of [false, true]) {
    alice.member!.operator = operator;
    const all = await alice.asks("/help all");
    const wanted = Object.entries(commands).filter(([, { forOperators }]) => operator || !forOperators);
    assertEquals(
      helpRows(all).sort(),
      wanted.map(([name, { args, help }]) => [name, args, help]).sort(),
    );
    for (const line of all) assert(line.length <= COLUMNS, line);
  }
  assertMatch((await alice.asks("/help")).at(-1)!, /, operators, all$/);
});

Deno.test("help: /help COMMAND explains one command, with or without its /", async () => {
  const [alice] = await new TextServer().enter("alice");
  for (const [name, { args, help }] of Object.entries(commands)) {
    const answer = [`-- ${`/${name} ${args}`.trim()}  ${help}`];
    const others = Object.keys(ALIASES).filter((alias) => ALIASES[alias] === name);
    if (others.length > 0) answer.push(`-- Other names: /${others.join(", /")}`);
    assertEquals([await alice.asks(`/help ${name}`), await alice.asks(`/help /${name.toUpperCase()}`)], [
      answer,
      answer,
    ]);
  }
  await dialogue(alice, [
    ["/help nick", "-- /nick NAME  choose a nickname"],
    ["/help leave", "-- /leave  go back to #lobby", "-- Other names: /part"],
    ["/help bogus", "-- No such command: /bogus. /help lists the commands."],
    ["/help constructor", "-- No such command: /constructor. /help lists the commands."],
  ]);
});

Deno.test("help: a command without its required argument gets its usage as reply", async () => {
  const [alice, bob] = await new TextServer().enter("alice", "bob");
  await dialogue(alice, [
    ["/nick", "-- Usage: /nick NAME – choose a nickname."],
    ["/nick  ", "-- Usage: /nick NAME – choose a nickname."],
    ["/join", "-- Usage: /join #ROOM [KEY] – go to a room; it is created if it does not exist."],
    ["/msg", "-- Usage: /msg NAME TEXT – send a private message."],
    ["/msg bob ", "-- Usage: /msg NAME TEXT – send a private message."],
    ["/me", "-- Usage: /me ACTION – describe what you do: /me waves."],
    ["/echo", "-- Usage: /echo on|off – show your own lines, or not."],
    ["/echo maybe", "-- Usage: /echo on|off – show your own lines, or not."],
  ]);
  assertEquals(bob.hears(), []);
});
