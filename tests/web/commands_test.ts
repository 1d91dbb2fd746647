/** Tests of the slash commands of the page: the lines that they send, and the errors that they return. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import type { Chat } from "../../src/web/chat.js";
import { completions, isSecret, runInput, type Ui } from "../../src/web/commands.js";
import type { PendingRequest } from "../../src/web/context.ts";
import { Model } from "../../src/web/model.js";
import type { Room } from "../../src/web/room.js";

/** Runs an input in a room, and returns the lines that it sends, or its error. */
function run(input: string, roomName = "#tea", accounts = false): string[] | string {
  const model = new Model();
  model.nick = "alice";
  const room = model.open(roomName);
  model.setState(room, "in");
  const sent: string[] = [];
  const chat = {
    model,
    connection: { has: () => accounts },
    request: (command: string, params: string[]) => sent.push([command, ...params].join(" ")),
    say: (to: Room, text: string, kind = "say") => sent.push(`${kind}: ${to === room ? "" : `${to.name} `}${text}`),
    join: (name: string) => (sent.push(`join ${name}`), model.open(name)),
    part: (from: Room, why: string) => void sent.push(`part ${from.name} ${why}`.trimEnd()),
  };
  const show = model.show.bind(model);
  model.show = (to) => {
    if (to !== undefined && !to.isRoom) sent.push(`show ${to.name}`);
    show(to);
  };
  return runInput(chat as unknown as Chat, {} as Ui, room, input) ?? sent;
}

Deno.test("commands: the IRC command for the current room is sent", () => {
  const commands = {
    "/mode": "MODE #tea",
    "/mode +k key": "MODE #tea +k key",
    "/mode #other +i": "MODE #other +i",
    "/mode alice +B": "MODE alice +B",
    "/op bob carol": "MODE #tea +oo bob carol",
    "/devoice bob": "MODE #tea -v bob",
    "/ban": "MODE #tea b",
    "/ban bob": "BAN #tea bob",
    "/unban *!*@host": "UNBAN #tea *!*@host",
    "/kick bob be nice": "KICK #tea bob be nice",
    "/topic": "TOPIC #tea",
    "/topic two words": "TOPIC #tea two words",
    "/invite bob": "INVITE bob #tea",
    "/link 7d 5 uses": "CS LINK #tea 7d 5 uses",
    "/unlink 3": "CS UNLINK #tea 3",
    "/who other": "NAMES #other",
    "/names other": "NAMES #other",
    "/list": "WHO *",
    "/j tea": "join #tea",
    "/QUERY bob": "show bob",
    "/part": "part #tea",
    "/leave #tea bye": "part #tea bye",
    "/WHOIS bob": "WHOIS bob",
  };
  for (const [input, line] of Object.entries(commands)) assertEquals(run(input), [line], input);
});

Deno.test("commands: /set asks NickServ, if the server has accounts", () => {
  assertEquals(run("/set always-on on"), "This server has no registered names.");
  assertEquals(run("/set always-on on", "#tea", true), ["NS SET always-on on"]);
  assertEquals(run("/set colour", "#tea", true), "Write /set always-on on, or /set always-on off");
});

Deno.test("commands: text, /me and // are sent as messages", () => {
  assertEquals(run("hello"), ["say: hello"]);
  assertEquals(run("/me waves"), ["action: waves"]);
  assertEquals(run("//join is a command"), ["say: /join is a command"]);
  for (const name of ["msg", "w", "whisper", "query"]) {
    assertEquals(run(`/${name} bob two words`), ["show bob", "say: bob two words"], name);
  }
});

Deno.test("commands: an error is returned when a command is unknown, incomplete or not possible", () => {
  const errors = {
    "/constructor":
      "No such command: /constructor. /help lists the commands. To send it as a message, write //constructor.",
    "/Laeve": "No such command: /Laeve. Did you mean /leave? To send it as a message, write //Laeve.",
    "/nmaes": "No such command: /nmaes. Did you mean /names? To send it as a message, write //nmaes.",
    "/me": "Write what you do: /me TEXT",
    "/op": "Name at least one user.",
    "/search tea": "This server does not support search.",
    "/logout": "This server has no registered names.",
  };
  for (const [input, error] of Object.entries(errors)) assertEquals(run(input), error, input);
  assertEquals(run("/op bob", "carol"), "This command works only in rooms, and this is a private conversation.");
  assertEquals(run("/mode", "carol"), "Name a room: /mode #ROOM [MODES]");
});

/** A page of alice in #tea, with accounts. Each action is recorded. */
class Page {
  readonly model = new Model();
  readonly did: string[] = [];
  asked: PendingRequest | undefined;
  readonly connection = {
    account: "",
    password: "",
    login: undefined,
    has: () => true,
    disconnect: (reason: string) => void this.did.push(`disconnect: ${reason}`),
    logIn: ({ name, password }: { name: string; password: string }, done: (why: string) => void) => {
      this.did.push(`log in: ${name} ${password}`);
      done("no");
    },
  };
  readonly ui = {
    help: () => void this.did.push("help"),
    go: (text: string) => void this.did.push(`go: ${text}`),
    search: (text: string) => void this.did.push(`search: ${text}`),
    settings: () => void this.did.push("settings"),
  };

  constructor() {
    this.model.nick = "alice";
    for (const name of ["#tea", "#den", "bob"]) this.model.setState(this.model.open(name), "in");
  }

  request(command: string, params: string[], asked?: PendingRequest): boolean {
    this.asked = asked;
    return this.did.push([command, ...params].join(" ")) > 0;
  }

  say(room: { name: string }, text: string, kind = "say"): void {
    this.did.push(`${kind} ${room.name}: ${text}`);
  }

  join(name: string, key?: string) {
    this.did.push(`join: ${name} ${key}`);
    return this.model.open(name);
  }

  part(room: { name: string }, reason?: string): void {
    this.did.push(`part: ${room.name} ${reason}`);
  }

  get chat(): Chat {
    return this as unknown as Chat;
  }

  /** What an input does in a room, or its error. */
  run(input: string, room = "#tea"): string[] {
    const why = runInput(this.chat, this.ui as Ui, this.model.find(room)!, input);
    return [...this.did.splice(0), ...why === undefined ? [] : [`error: ${why}`]];
  }
}

Deno.test("commands: each command does what its help says", () => {
  const actions: [input: string, ...did: string[]][] = [
    ["/join tea key", "join: #tea key"],
    ["/join #a,,b one,two", "join: #a one", "join: #b two"],
    ["/join #a,b one", "join: #a one", "join: #b undefined"],
    ["/join #a,#b ,two", "join: #a undefined", "join: #b two"],
    ["/join ,", "error: Name a room: /join #ROOM"],
    ["/part", "part: #tea "],
    ["/part see you", "part: #tea see you"],
    ["/part #DEN see you", "part: #den see you"],
    ["/part #void", "error: You are not in #void."],
    ["/msg", "error: Name a user or a room: /msg NAME TEXT"],
    ["/msg bob  hi  there ", "say bob: hi  there"],
    ["/msg carol"],
    ["/msg #den hi", "say #den: hi"],
    ["/msg #void hi", "error: You are not in #void."],
    ["/msg nickserv identify x", "NS identify x"],
    ["/nick", "error: Give a new name: /nick NAME"],
    ["/nick al", "NICK al"],
    ["/register", "settings"],
    ["/register open sesame", "REGISTER * * open sesame"],
    ["/login", "settings"],
    ["/login sesame", "log in: alice sesame"],
    ["/login bob open sesame", "log in: bob open sesame"],
    ["/logout", "NS LOGOUT"],
    ["/ghost", "error: Give your registered name: /ghost NAME [PASSWORD]"],
    ["/ghost bob open sesame", "log in: bob open sesame"],
    ["/names", "NAMES #tea"],
    ["/list", "WHO *"],
    ["/rooms", "go: "],
    ["/search two words", "search: two words"],
    ["/whois", "error: Name a user: /whois NAME"],
    ["/away", "AWAY"],
    ["/away at lunch", "AWAY at lunch"],
    ["/invite carol", "INVITE carol #tea"],
    ["/invite carol den", "INVITE carol #den"],
    ["/invite", "error: Name a user and a room: /invite NAME #ROOM"],
    ["/kick", "error: Name a user: /kick NAME"],
    ["/kick bob", "KICK #tea bob"],
    ["/unban bob", "UNBAN #tea bob"],
    ["/members", "CS MEMBERS #tea"],
    ["/member add bob", "CS MEMBER #tea ADD bob"],
    ["/member REMOVE bob", "CS MEMBER #tea REMOVE bob"],
    ["/member add", "error: Write /member add NAME or /member remove NAME."],
    ["/member bob x", "error: Write /member add NAME or /member remove NAME."],
    ["/transfer", "error: Name a user: /transfer NAME"],
    ["/transfer bob", "CS TRANSFER #tea bob"],
    ["/rename", "error: Give the new name: /rename #ROOM"],
    ["/rename coffee", "RENAME #tea #coffee"],
    ["/owner #tea", "error: Name a room and a user: /owner #ROOM NAME"],
    ["/owner den bob", "CS OWNER #den bob"],
    ["/msg chanserv drop #tea", "CS drop #tea"],
    ["/deop bob", "MODE #tea -o bob"],
    ["/voice bob", "MODE #tea +v bob"],
    ["/help", "help"],
    ["/quit see you", "disconnect: see you"],
  ];
  for (const [input, ...did] of actions) assertEquals(new Page().run(input), did, input);
  const page = new Page();
  page.run("/join #a,#b");
  assertEquals(page.model.current?.name, "#b");
  page.run("/msg carol");
  assertEquals(page.model.current?.name, "carol");
});

Deno.test("commands: in a private conversation, a command without a name is about the other user or is rejected", () => {
  const page = new Page();
  assertEquals(page.run("/whois", "bob"), ["WHOIS bob"]);
  assertEquals(page.run("/whois carol", "bob"), ["WHOIS carol"]);
  assertEquals(page.run("/names", "bob"), ["error: Name a room: /who #ROOM"]);
  assertEquals(page.run("/names tea", "bob"), ["NAMES #tea"]);
  assertEquals(page.run("/invite carol", "bob"), ["error: Name a user and a room: /invite NAME #ROOM"]);
  assertEquals(page.run("/mode ALICE", "bob"), ["MODE ALICE"]);
});

Deno.test("commands: nothing is said in a room that the user is not in, and an empty command is unknown", () => {
  const page = new Page();
  page.model.setState(page.model.find("#tea")!, "joining");
  assertEquals(page.run("hello"), ["error: You are not in #tea yet. Try again in a moment."]);
  assertEquals(page.run("/me waves"), ["action #tea: waves"]); // shown as pending
  assertEquals(page.run("/"), [
    "error: No such command: /. /help lists the commands. To send it as a message, write //.",
  ]);
});

Deno.test("commands: the outcome of an account command is shown in the room", () => {
  const page = new Page();
  page.run("/logout");
  page.asked?.onReply?.("You are logged out.");
  page.asked?.onError?.("The server is busy.");
  assertEquals(page.model.find("#tea")?.lines.map(({ kind, text }) => `${kind}: ${text}`), [
    "info: You are logged out.",
    "error: The server is busy.",
  ]);
});

Deno.test("commands: the outcome of a logout that has closed the room is shown in the current one", () => {
  const page = new Page();
  page.run("/logout");
  const other = page.model.open("#other");
  page.model.close(page.model.find("#tea")!);
  page.model.show(other);
  page.asked?.onReply?.("You are logged out.");
  assertEquals(other.lines.map(({ text }) => text), ["You are logged out."]);
});

Deno.test("commands: input that may contain a password is recognised in any line", () => {
  const secret = [
    "/login x",
    "/LOGIN alice x",
    "/register x",
    "/ghost bob x",
    "  /login x",
    "hello\n/identify x",
    "/oper root x",
    "/pass x",
    "/ns identify x",
    "/nickserv identify x",
    "/password x",
    "/drop x",
    "/msg NickServ identify x",
  ];
  for (const text of secret) assertEquals(isSecret(text), true, text);
  const open = ["login x", "/login", "/msg bob x", "/join #tea key", "say /login x", "/constructor x", "//me x", ""];
  for (const text of open) assertEquals(isSecret(text), false, text);
});

Deno.test("completions: commands at the beginning, rooms after a #, and nicknames anywhere", () => {
  const page = new Page();
  const tea = page.model.find("#tea")!;
  for (const nick of ["alice", "Bob", "bert", "Anna", "carol"]) page.model.addMember(tea, nick);
  const of = (before: string, room = tea) => completions(page.chat, room, before);
  assertEquals(of("/wh"), { from: 0, options: ["/who ", "/whois "] });
  assertEquals(of("/ki"), { from: 0, options: ["/kick "] });
  page.model.setServerOperator(true);
  assertEquals(of("/ki"), { from: 0, options: ["/kick ", "/kill "] });
  assertEquals(of("/LOG"), { from: 0, options: ["/login ", "/logout "] });
  assertEquals(of("see /na"), { from: 4, options: [] });
  assertEquals(of("in #T"), { from: 3, options: ["#tea "] });
  assertEquals(of("#"), { from: 0, options: ["#tea ", "#den "] });
  assertEquals(of("b"), { from: 0, options: ["bert: ", "Bob: "] });
  assertEquals(of("hi B"), { from: 3, options: ["bert ", "Bob "] });
  assertEquals(of("a"), { from: 0, options: ["Anna: "] }); // the user is not listed
  for (const text of ["", "hi "]) assertEquals(of(text).options, [], text);
  const say = (nick: string, own = false) => {
    tea.lines.push({ kind: "say", nick, text: "hi", time: new Date(), own });
  };
  for (const nick of ["bert", "bo", "Bob"]) say(nick);
  say("bert", true);
  assertEquals(of("b").options, ["Bob: ", "bert: "]); // those who spoke last come first
  assertEquals(of("b", page.model.find("bob")), { from: 0, options: ["bob: "] });
});

Deno.test("commands: /help opens the help under each of its names, /rooms the list of rooms, and /oper its dialog", () => {
  const opened: string[] = [];
  const ui = {
    help: () => opened.push("help"),
    go: (words: string) => opened.push(`go ${words}`),
    operator: (name: string) => opened.push(`operator ${name}`),
  } as unknown as Ui;
  const model = new Model();
  const chat = { model } as unknown as Chat;
  for (const line of ["/help", "/?", "/rooms", "/channels", "/oper", "/oper root"]) {
    runInput(chat, ui, model.open("#tea"), line);
  }
  assertEquals(opened, ["help", "help", "go ", "go ", "operator ", "operator root"]);
});

Deno.test("commands: a line with a password is recognized under each name of its command", () => {
  for (
    const line of ["/login secret", "/identify secret", "/msg NickServ x", "/w nickserv x", "/ns x", " /GHOST a b"]
  ) {
    assertEquals(isSecret(line), true, line);
  }
  for (const line of ["/w bob x", "login secret", "/leave"]) assertEquals(isSecret(line), false, line);
});
