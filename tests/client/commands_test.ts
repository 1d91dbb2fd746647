/** Tests of the commands of the terminal client. */
import { assert, assertEquals } from "@std/assert";
import { commands as TEXT_COMMANDS } from "../../src/protocol/text/commands.ts";
import { ALIASES } from "../../src/protocol/text/help.ts";
import type { ClientUi } from "../../src/client/command.ts";
import { commandsLike, helpGroups, outsideText, run } from "../../src/client/commands.ts";
import { useEmojiList } from "../../src/web/emoji.js";
import { emojiList } from "../../src/client/emoji_list.ts";
import { ClientPage } from "./client_page.ts";

/** A client whose dialogs are recorded. */
class CommandPage extends ClientPage {
  readonly did: string[] = [];
  readonly ui: ClientUi = {
    help: () => void this.did.push("help"),
    go: (text) => void this.did.push(`go ${text}`),
    search: (words) => void this.did.push(`search ${words}`),
    settings: () => void this.did.push("settings"),
    devices: () => void this.did.push("devices"),
    invite: () => void this.did.push("invite"),
    operator: (name) => void this.did.push(`operator ${name}`),
    quit: (reason) => void this.did.push(`quit ${reason}`),
    askSecret: (label) => void this.did.push(label),
    setting: (name, value) => name === "bell" || name === "notify" ? `${name} ${value}` : undefined,
  };

  run(text: string, name = "#tea"): string | undefined {
    return run(this.chat, this.ui, this.room(name), text);
  }
}

Deno.test("client commands: each command and alias of the text port exists, or says how it is done here", () => {
  for (const name of [...Object.keys(TEXT_COMMANDS), ...Object.keys(ALIASES)]) {
    using page = new CommandPage("#tea");
    const said = page.run(`/${name}`) ?? "";
    assert(!said.includes("No such command"), said);
  }
  using page = new CommandPage("#tea");
  for (const name of ["ping", "times", "echo", "paste", "history"]) {
    const before = page.told().length;
    assertEquals([page.run(`/${name} x`), page.told().length], [undefined, before + 1], name);
    assertEquals(commandsLike(page.chat, name), [], `${name} is not listed`);
  }
});

Deno.test("client commands: help has each command once, in a group; those of server operators for them alone", () => {
  using page = new CommandPage("#tea");
  const names = () => helpGroups(page.chat).flatMap(({ commands }) => commands.map(({ name }) => name));
  assertEquals(helpGroups(page.chat).map(({ title }) => title), [
    "Basics",
    "Rooms",
    "Your name",
    "This client",
    "Server operators",
  ]);
  const operators = helpGroups(page.chat).at(-1)!.commands.map(({ name }) => name);
  assertEquals(operators, ["oper"]);
  assertEquals(new Set(names()).size, names().length);
  assertEquals(names().toSorted(), commandsLike(page.chat, "").map(({ name }) => name));
  page.chat.model.setServerOperator(true);
  assert(names().includes("kill"));
});

Deno.test("client commands: /help COMMAND explains it, with its other names", () => {
  using page = new CommandPage("#tea");
  page.run("/help");
  assertEquals(page.did, ["help"]);
  assertEquals([page.run("/help /WHO"), page.run("/help names")], [undefined, undefined]);
  const [who, names] = page.told();
  assertEquals(who, "info: /who [#ROOM] – list the people in a room. Also: /names");
  assertEquals(names, who);
  assertEquals(page.run("/help raect"), "No such command: /raect. Did you mean /react? //raect says it as a message.");
});

Deno.test("client commands: an unknown command suggests those of the client, too", () => {
  using page = new CommandPage("#tea");
  assertEquals(page.run("/raect 👍"), "No such command: /raect. Did you mean /react? //raect says it as a message.");
  assertEquals(
    page.run("/constructor"),
    "No such command: /constructor. /help lists the commands. //constructor says it as a message.",
  );
  assertEquals(page.run("//raect"), undefined);
  assertEquals(page.sent(), ["PRIVMSG #tea /raect"]);
});

Deno.test("client commands: /react takes an emoji or its name, for the last message or that of a user, once", async () => {
  useEmojiList(() => Promise.resolve(emojiList));
  using page = new CommandPage("#tea");
  const [first, last] = [page.hear("bob", "one"), page.hear("carol", "two")];
  const settled = () => new Promise<void>((resolve) => queueMicrotask(() => queueMicrotask(resolve)));
  const reacted = async (text: string) => {
    assertEquals(page.run(text), undefined);
    for (let turn = 0; turn < 20; turn++) await settled();
    return page.browser.socket.take().map((line) => {
      return ["react", "reply"].map((tag) => new RegExp(`\\+draft/${tag}=([^; ]+)`).exec(line)?.[1]);
    });
  };
  assertEquals(await reacted("/react :tada:"), [["🎉", last]]);
  assertEquals(await reacted("/react bob 👍"), [["👍", first]]);
  page.browser.socket.say(`@+draft/react=👍;+draft/reply=${first} :alice!~a@host TAGMSG #tea`);
  assertEquals(await reacted("/react @bob: 👍"), []);
  assertEquals(page.told().at(-1), "info: You have reacted 👍 to that message already.");
  assertEquals(await reacted("/react :nosuchemoji:"), []);
  assert(page.told().at(-1)!.startsWith("error: No emoji is called :nosuchemoji:."));
  assertEquals(page.run("/react dave 👍"), "No message of dave here.");
  assertEquals(page.run("/react"), "Write /react EMOJI, or /react NAME EMOJI.");
});

Deno.test("client commands: /reply answers the last message of another user, or that of NAME", () => {
  using page = new CommandPage("#tea");
  assertEquals(page.run("/reply yes"), "There is no message here to reply to.");
  page.hear("carol", "zero");
  assertEquals(page.run("/reply bob yes"), "No message of bob here."); // a member
  const [first, last] = [page.hear("bob", "one"), page.hear("carol", "two")];
  const reply = (text: string) => {
    assertEquals(page.run(text), undefined);
    return page.browser.socket.take().map((line) => /\+draft\/reply=(\w+)\S* (.*)$/.exec(line)?.slice(1));
  };
  assertEquals(reply("/reply yes it is"), [[last, "PRIVMSG #tea :yes it is"]]);
  assertEquals(reply("/reply bob: no"), [[first, "PRIVMSG #tea no"]]);
});

Deno.test("client commands: /delete takes the last own message, or the last with the words", () => {
  using page = new CommandPage("#tea");
  const mine = (text: string) => page.hear("alice", text);
  const [tea, cake] = [mine("tea is ready"), mine("and cake")];
  page.hear("bob", "thanks");
  assertEquals([page.run("/delete READY"), page.sent()], [undefined, [`REDACT #tea ${tea}`]]);
  assertEquals([page.run("/delete"), page.sent()], [undefined, [`REDACT #tea ${cake}`]]);
  assertEquals(page.run("/delete coffee"), "You have no such message here.");
});

Deno.test("client commands: operators delete messages of others by name", () => {
  using page = new CommandPage("#tea");
  page.hear("alice", "bob is here");
  const id = page.hear("bob", "spam spam");
  page.hear("bob", "sorry");
  page.browser.socket.say(":irc.example MODE #tea +o alice");
  assertEquals([page.run("/delete bob spam"), page.sent()], [undefined, [`REDACT #tea ${id}`]]);
});

Deno.test("client commands: in a room that the user is not in, nothing is sent, and the way in is said", () => {
  using page = new CommandPage("#tea");
  const { socket } = page.browser;
  assertEquals(outsideText(page.room()), undefined);
  socket.say(":bob!~u@host KICK #tea alice :too loud");
  const kicked = "bob kicked you from #tea: too loud. To join it: /join";
  assertEquals([page.run("hello"), page.run("/me waves"), outsideText(page.room())], [kicked, kicked, kicked]);
  assertEquals(page.sent(), []);
  assertEquals(page.run("/join"), undefined);
  const [join = ""] = socket.take();
  assert(join.endsWith("JOIN #tea"), join);
  socket.say(`${join.split(" ")[0]} 475 alice #tea :Cannot join channel (+k)`);
  assertEquals(page.run("hello"), "#tea needs a key. To join it: /join #tea KEY");
});

Deno.test("client commands: /join alone in a room that the user is in says what to write", () => {
  using page = new CommandPage("#tea", "bob");
  assertEquals(page.run("/join"), "You are in #tea already. To join another room: /join #ROOM");
  assertEquals(page.run("/join", "bob"), "Name a room: /join #ROOM");
  assertEquals([page.run("/join den sesame"), page.sent()[0]], [undefined, "JOIN #den sesame"]);
});

Deno.test("client commands: /links lists the links of the room, and makes none", () => {
  using page = new CommandPage("#tea", "bob");
  assertEquals([page.run("/links"), page.sent(), page.did], [undefined, ["CS LINKS #tea"], []]);
  const onlyRooms = "This command works only in rooms, and this is a private conversation.";
  assertEquals([page.run("/links", "bob"), page.sent()], [onlyRooms, []]);
});

Deno.test("client commands: /password asks again when the new password is too short, and sends a valid one", () => {
  using page = new CommandPage("#tea");
  page.browser.socket.say(
    "CAP * NEW :sasl",
    "CAP * ACK :sasl",
    "900 alice alice!~a@host alice :You are logged in",
  );
  page.sent();
  const answers = ["short", "open sesame"];
  const reasons: (string | undefined)[] = [];
  page.ui.askSecret = (_label, answered, reason) => {
    reasons.push(reason);
    answered(answers.shift() ?? "");
  };
  assertEquals(page.run("/password"), undefined);
  assertEquals(reasons, [undefined, "Password too short: at least 8 characters."]);
  assertEquals(page.sent(), ["NS SET PASSWORD :open sesame"]);
});

Deno.test("client commands: settings, and what closes the client", () => {
  using page = new CommandPage("#tea");
  assertEquals([page.run("/set bell on"), page.told().at(-1)], [undefined, "info: bell on"]);
  assertEquals(page.run("/set"), "Write /set bell on, /set notify on or /set always-on on; off ends it.");
  assertEquals(page.run("/set always-on on"), "This server has no registered names.");
  page.run("/quit see you");
  page.run("/exit");
  assertEquals(page.did, ["quit see you", "quit "]);
});

Deno.test("client commands: what was not sent is sent again by /resend, or dropped by /discard", () => {
  using page = new CommandPage("#tea");
  assertEquals(page.run("/resend"), "Everything was sent.");
  page.run("hello");
  const [line = ""] = page.browser.socket.take();
  page.browser.socket.say(`${line.split(" ")[0]} 404 alice #tea :Cannot send to channel`);
  assertEquals(page.run("/resend"), undefined);
  const [again = ""] = page.browser.socket.take();
  assert(again.endsWith(" PRIVMSG #tea hello"), again);
  page.browser.socket.say(`${again.split(" ")[0]} 404 alice #tea :Cannot send to channel`);
  assertEquals([page.run("/discard"), page.room().pending, page.sent()], [undefined, [], []]);
  assertEquals(page.run("/discard"), "Everything was sent.");
});
