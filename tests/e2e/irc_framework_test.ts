/**
 * Bots made with irc-framework and text clients in the same rooms, checked from both sides.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "./forms.ts";
import { Client, start } from "./harness.ts";
import { Bot, type EventData, HOST } from "./irc_clients.ts";

/** Connects a bot and a text client, both in the lobby. */
async function connectPair(server: { port: number; ircPort: number }): Promise<{ robin: Bot; alice: Client }> {
  const alice = await Client.join(server.port);
  await alice.send("/nick alice");
  await alice.until("-- guest1 is now alice");
  const robin = await Bot.connect(server.ircPort, "robin");
  await robin.join("#lobby");
  await alice.until("-- robin joined #lobby");
  return { robin, alice };
}

/** Some fields of each entry as a string, with a placeholder for hosts. */
function fieldsOf(entries: unknown, ...fields: string[]): string[] {
  return (entries as EventData[]).map((entry) => {
    return fields.map((field) => String(entry[field]).replaceAll(HOST, "HOST")).join(" ");
  });
}

/** Asserts that no error, no unknown command and no further event of the given kinds was received. */
async function assertNothingElse(bot: Bot, ...kinds: string[]): Promise<void> {
  await bot.settle();
  for (const kind of ["irc error", ...kinds]) assert(!bot.rest.includes(kind), kind);
  // irc-framework does not know these.
  const greeting = ["003", "004", "251", "252", "253", "254", "255", "265", "266"];
  for (const command of greeting) await bot.expect("unknown command", { command });
  assert(!bot.rest.includes("unknown command"), "unknown command");
}

test("irc-framework: a bot negotiates capabilities, registers and receives the server features", async (form) => {
  await using server = await start(form, ["--name", "teapot"]);
  await using robin = new Bot();
  robin.start(server.ircPort, "robin", { enable_echomessage: true, enable_setname: true, enable_chghost: true });
  await robin.expect("registered", { nick: "robin" });
  await robin.expect("motd", { error: "MOTD File is missing" });
  const { network } = robin.client;
  assertEquals([...network.cap.available.keys()].sort(), [
    "account-notify",
    "account-tag",
    "away-notify",
    "batch",
    "cap-notify",
    "chghost",
    "draft/account-registration",
    "draft/channel-rename",
    "draft/chathistory",
    "draft/event-playback",
    "draft/message-redaction",
    "draft/multiline",
    "draft/no-implicit-names",
    "draft/persistence",
    "draft/pre-away",
    "draft/read-marker",
    "echo-message",
    "extended-join",
    "extended-monitor",
    "invite-notify",
    "labeled-response",
    "message-tags",
    "multi-prefix",
    "no-implicit-names",
    "sasl",
    "server-time",
    "setname",
    "soju.im/search",
    "standard-replies",
    "tincan.chat/mentions",
    "userhost-in-names",
  ]);
  assertEquals([...network.cap.enabled].sort(), [
    "account-notify",
    "account-tag",
    "away-notify",
    "batch",
    "cap-notify",
    "chghost",
    "echo-message",
    "extended-join",
    "invite-notify",
    "message-tags",
    "multi-prefix",
    "server-time",
    "setname",
    "userhost-in-names",
  ]);
  assertEquals(network.name, "teapot");
  assertEquals(network.supports("NICKLEN"), "30");
  assertEquals(network.supports("CHANMODES"), ["beI", "k", "l", "imnstMR"]);
  robin.client.raw("CAP", "REQ", "nonsense echo-message");
  await robin.next("cap nak");
  robin.client.raw("CAP", "REQ", "-echo-message");
  await robin.next("cap ack"); // for the capabilities requested at registration
  await robin.next("cap ack");
  await robin.join("#lobby");
  robin.client.say("#lobby", "not said to myself");
  await robin.settle();
  assert(!robin.rest.includes("privmsg"), "received its own message without echo-message");
});

test("irc-framework: a bot and a text client see each other join, talk and leave", async (form) => {
  await using server = await start(form);
  const { robin, alice } = await connectPair(server);
  await using _ = robin;
  using _alice = alice;
  const { client } = robin;
  const toLobby = { nick: "alice", target: "#lobby", from_server: false };

  client.say("#lobby", "hello from a bot");
  client.action("#lobby", "beeps");
  client.notice("#lobby", "low on oil");
  client.say("#lobby", "\x02bold\x02 and \x0304red\x03");
  assertEquals(await alice.lines(4), [
    "<robin> hello from a bot",
    "* robin beeps",
    "-robin:#lobby- low on oil",
    "<robin> bold and red",
  ]);
  await alice.send("Grüße, ☕", "/me waves", "//slash");
  const said = await robin.expect("privmsg", { ...toLobby, message: "Grüße, ☕" });
  assert(Math.abs(Number(said.time) - Date.now()) < 60_000, `${said.time}`);
  await robin.expect("action", { ...toLobby, message: "waves" });
  await robin.expect("privmsg", { ...toLobby, message: "/slash" });
  await alice.until("<alice> /slash");

  client.setTopic("#lobby", "Lunch at one");
  await robin.expect("topic", { nick: "robin", channel: "#lobby", topic: "Lunch at one" });
  assertEquals(await alice.lines(1), ["-- robin set the topic of #lobby: Lunch at one"]);
  await alice.send("/topic Lunch at two");
  await robin.expect("topic", { nick: "alice", channel: "#lobby", topic: "Lunch at two" });
  await alice.until("-- alice set the topic of #lobby: Lunch at two");

  client.say("alice", "are you there?");
  client.action("alice", "blinks");
  client.notice("alice", "beep");
  assertEquals(await alice.lines(3), ["*robin* are you there?", "*robin* robin blinks", "-robin- beep"]);
  await alice.send("/msg robin psst");
  await robin.expect("privmsg", { nick: "alice", target: "robin", message: "psst" });
  await alice.until("-> *robin* psst");

  client.changeNick("robot");
  await robin.expect("nick", { nick: "robin", new_nick: "robot" });
  assertEquals(await alice.lines(1), ["-- robin is now robot"]);
  await alice.send("/nick alicia");
  await robin.expect("nick", { nick: "alice", new_nick: "alicia" });
  await alice.until("-- alice is now alicia");

  client.part("#lobby", "to the garage");
  await robin.expect("part", { nick: "robot", channel: "#lobby", message: "to the garage" });
  assertEquals(await alice.lines(1), ["-- robot left #lobby (to the garage)"]);
  await robin.join("#lobby");
  await robin.expect("topic", { channel: "#lobby", topic: "Lunch at two" });
  await robin.expect("topicsetby", { nick: "alice", channel: "#lobby" });
  const before = ["hello from a bot", "\x02bold\x02 and \x0304red\x03", "Grüße, ☕", "/slash"]; // history
  for (const message of before) await robin.expect("privmsg", { target: "#lobby", message });
  for (const message of ["beeps", "waves"]) await robin.expect("action", { target: "#lobby", message });
  await robin.expect("notice", { nick: "robin", target: "#lobby", message: "low on oil" });
  assertEquals(await alice.lines(1), ["-- robot joined #lobby"]);
  await alice.send("/quit tea");
  await robin.expect("quit", { nick: "alicia", message: "Quit: tea" });
  await assertNothingElse(robin, "privmsg", "action", "notice");
});

test("irc-framework: a long line is delivered in parts without loss", async (form) => {
  await using server = await start(form);
  const { robin, alice } = await connectPair(server);
  await using _ = robin;
  using _alice = alice;
  const words = "Käse ☕ ".repeat(150).trim();
  robin.client.say("#lobby", words);
  let heard = "";
  while (heard.replaceAll(" ", "").length < words.replaceAll(" ", "").length) {
    const line = await alice.until(/^<robin> /);
    heard += line.slice("<robin> ".length);
  }
  assertEquals(heard.replaceAll(" ", ""), words.replaceAll(" ", ""));
  // In the other direction: lines of the text protocol can be longer than lines of IRC.
  await alice.send("x".repeat(1000));
  let count = 0;
  while (count < 1000) count += String((await robin.next("privmsg")).message).length;
  assertEquals(count, 1000);
});

test("irc-framework: an operator can kick, ban, invite and set modes", async (form) => {
  await using server = await start(form);
  const { robin, alice } = await connectPair(server);
  await using _ = robin;
  using _alice = alice;
  await using marvin = await Bot.connect(server.ircPort, "marvin");
  const { client } = robin;
  const inTea = await robin.join("#tea");
  assertEquals(fieldsOf(inTea.users, "nick", "ident", "hostname", "modes"), ["robin ~robin HOST o"]);
  await alice.send("/join #tea");
  await robin.expect("join", { nick: "alice", channel: "#tea", ident: "~guest" });
  await alice.until("-- You are in #tea with 1 other.");

  client.mode("#tea", "+v", ["alice"]);
  await robin.expect("mode", { nick: "robin", target: "#tea", raw_modes: "+v", raw_params: ["alice"] });
  client.mode("#tea", "+m-t");
  await robin.expect("mode", { nick: "robin", target: "#tea", raw_modes: "+m-t" });
  client.mode("#tea", "+kl", ["pass", "9"]);
  await robin.expect("mode", { nick: "robin", target: "#tea", raw_modes: "+kl", raw_params: ["pass", "9"] });
  client.raw("MODE", "#tea");
  await robin.expect("channel info", { channel: "#tea", raw_modes: "+nmkl", raw_params: ["pass", "9"] });
  assertEquals(await alice.lines(5), [
    "-- robin gave alice a voice in #tea",
    "-- robin moderated #tea: only operators and members with a voice can speak",
    "-- robin let everyone set the topic of #tea",
    "-- robin locked #tea: /join #tea pass",
    "-- robin limited #tea to 9 members",
  ]);

  marvin.client.join("#tea");
  await marvin.expect("irc error", { error: "bad_channel_key", channel: "#tea" });
  client.invite("#tea", "marvin");
  await robin.expect("invited", { nick: "marvin", channel: "#tea" });
  await marvin.expect("invite", { nick: "robin", invited: "marvin", channel: "#tea" });
  const users = (await marvin.join("#tea", "pass")).users;
  assertEquals(fieldsOf(users, "nick", "ident", "hostname", "modes").sort(), [
    "alice ~guest HOST v",
    "marvin ~marvin HOST ",
    "robin ~robin HOST o",
  ]);
  await alice.until("-- marvin joined #tea");
  marvin.client.say("#tea", "so depressed");
  await marvin.expect("irc error", { error: "cannot_send_to_channel", channel: "#tea" });
  marvin.client.ban("#tea", "robin");
  await marvin.expect("irc error", { error: "chanop_privs_needed", channel: "#tea" });

  client.ban("#tea", "marvin");
  await robin.expect("mode", { raw_modes: "+b", raw_params: ["marvin!*@*"] });
  client.raw("KICK", "#tea", "marvin", "too depressed");
  await marvin.expect("kick", { kicked: "marvin", nick: "robin", channel: "#tea", message: "too depressed" });
  assertEquals(await alice.lines(2), [
    "-- robin banned marvin!*@* from #tea",
    "-- robin kicked marvin from #tea (too depressed)",
  ]);
  marvin.client.join("#tea", "pass");
  await marvin.expect("irc error", { error: "banned_from_channel", channel: "#tea" });
  client.banlist("#tea");
  const { bans } = await robin.next("banlist");
  assertEquals(fieldsOf(bans, "channel", "banned", "banned_by"), ["#tea marvin!*@* robin!~robin@HOST"]);
  client.unban("#tea", "marvin!*@*");
  await robin.expect("mode", { raw_modes: "-b", raw_params: ["marvin!*@*"] });
  await alice.until("-- robin lifted the ban of marvin!*@* from #tea");
  await marvin.join("#tea", "pass");
  for (const _again of [1, 2]) await robin.expect("join", { nick: "marvin", channel: "#tea" });
  await alice.until("-- marvin joined #tea");

  client.raw("KICK", "#tea", "alice", "enough tea");
  await robin.expect("kick", { kicked: "marvin" });
  await robin.expect("kick", { kicked: "alice", nick: "robin", channel: "#tea", message: "enough tea" });
  await alice.until("-- robin kicked alice from #tea (enough tea)");
  await alice.until("-- You are in #lobby with 1 other.");
  await robin.expect("join", { nick: "alice", channel: "#lobby" });

  await alice.send("/join #green");
  await alice.until("-- You are alone in #green.");
  await robin.join("#green");
  await alice.until("-- robin joined #green");
  await alice.send("/kick robin no bots");
  await robin.expect("kick", { kicked: "robin", nick: "alice", channel: "#green", message: "no bots" });
});

test("irc-framework: WHOIS, WHO, NAMES, LIST, AWAY, MONITOR and WHOWAS report members and rooms", async (form) => {
  await using server = await start(form);
  const { robin, alice } = await connectPair(server);
  await using _ = robin;
  using _alice = alice;
  await using marvin = await Bot.connect(server.ircPort, "marvin");
  await marvin.join("#lobby");
  await marvin.join("#tea");
  marvin.client.setTopic("#tea", "Green");
  await marvin.next("topic");
  const { client } = robin;

  client.whois("MARVIN");
  const whois = await robin.next("whois");
  assertEquals(
    fieldsOf([whois], "nick", "ident", "hostname", "real_name", "server", "channels"),
    ["marvin ~marvin HOST Bot marvin tincan #lobby @#tea"],
  );
  assertMatch(String(whois.idle), /^\d+$/);
  client.whois("alice");
  assertEquals(fieldsOf([await robin.next("whois")], "nick", "ident", "hostname", "channels", "away"), [
    "alice ~guest HOST #lobby undefined",
  ]);
  client.whois("zaphod");
  await robin.expect("irc error", { error: "no_such_nick", nick: "zaphod" });
  await robin.expect("whois", { nick: "zaphod", error: "not_found" });

  client.who("#lobby");
  const { users } = await robin.next("wholist");
  assertEquals(fieldsOf(users, "nick", "ident", "hostname", "real_name", "away", "channel").sort(), [
    "alice ~guest HOST guest false #lobby",
    "marvin ~marvin HOST Bot marvin false #lobby",
    "robin ~robin HOST Bot robin false #lobby",
  ]);
  client.raw("NAMES", "#lobby");
  assertEquals(fieldsOf((await robin.next("userlist")).users, "nick", "ident").sort(), [
    "alice ~guest",
    "marvin ~marvin",
    "robin ~robin",
  ]);
  client.list();
  assertEquals(fieldsOf(await robin.next("channel list"), "channel", "num_users", "topic").sort(), [
    "#lobby 3 ",
    "#tea 1 Green",
  ]);

  marvin.client.raw("AWAY", "brain the size of a planet");
  await marvin.expect("away", { self: true, nick: "marvin" });
  await robin.expect("away", { self: false, nick: "marvin", message: "brain the size of a planet" });
  client.say("marvin", "are you there?");
  await robin.expect("away", { self: false, nick: "marvin", message: "brain the size of a planet" });
  client.whois("marvin");
  await robin.expect("whois", { nick: "marvin", away: "brain the size of a planet" });
  marvin.client.raw("AWAY");
  await marvin.expect("back", { self: true, nick: "marvin" });
  await robin.expect("back", { self: false, nick: "marvin" });

  client.addMonitor("zaphod");
  await robin.expect("users offline", { nicks: ["zaphod"] });
  await alice.send("/nick zaphod");
  await robin.expect("users online", { nicks: ["zaphod"] });
  client.whowas("alice");
  assertEquals(fieldsOf([await robin.next("whowas")], "nick", "ident", "hostname"), ["alice ~guest HOST"]);

  client.ctcpRequest("marvin", "VERSION");
  await robin.expect("ctcp response", { nick: "marvin", type: "VERSION", message: "VERSION node.js irc-framework" });
  await assertNothingElse(robin, "notice");
});

test("irc-framework: a bot that is disconnected without QUIT leaves its rooms and can reconnect", async (form) => {
  await using server = await start(form);
  const { robin, alice } = await connectPair(server);
  await using _ = robin;
  using _alice = alice;
  await using marvin = await Bot.connect(server.ircPort, "marvin");
  await marvin.join("#lobby");
  await robin.expect("join", { nick: "marvin", channel: "#lobby" });
  await alice.until("-- marvin joined #lobby");

  await robin.cut();
  await marvin.expect("quit", { nick: "robin", message: "Connection closed" });
  assertEquals(await alice.lines(1), ["-- robin left #lobby"]);

  robin.client.connect();
  await robin.expect("registered", { nick: "robin" }); // the nickname is free again
  const { users } = await robin.join("#lobby");
  assertEquals(fieldsOf(users, "nick").sort(), ["alice", "marvin", "robin"]);
  assertEquals(await alice.lines(1), ["-- robin joined #lobby"]);
  await alice.send("welcome back");
  await robin.expect("privmsg", { nick: "alice", message: "welcome back" });
});

test("irc-framework: a bot receives an error when its nickname is in use or invalid", async (form) => {
  await using server = await start(form);
  const { robin, alice } = await connectPair(server);
  await using _ = robin;
  using _alice = alice;
  await using other = new Bot();
  other.start(server.ircPort, "Alice");
  await other.expect("nick in use", { nick: "Alice" });
  other.client.changeNick("alice2");
  await other.expect("registered", { nick: "alice2" });
  other.client.changeNick("ROBIN");
  await other.expect("nick in use", { nick: "ROBIN" });
  other.client.changeNick("0day");
  await other.expect("nick invalid", { nick: "0day" });
});

test("irc-framework: a bot receives a notice and an error when the server stops", async (form) => {
  await using server = await start(form);
  const robin = await Bot.connect(server.ircPort, "robin");
  server.kill("SIGTERM");
  await robin.expect("notice", { message: "tincan is stopping. Goodbye." });
  await robin.expect("irc error", { error: "irc", reason: "Closing link: [server stopping]" });
  await robin.next("close");
  assertEquals(await server.code(), 0);
});
