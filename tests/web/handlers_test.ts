/** Tests of what each line of the server changes on the page. */
/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import { numeric } from "../../src/protocol/irc/numerics.ts";
import type { ChatContext, PendingRequest } from "../../src/web/context.ts";
import { receive } from "../../src/web/handlers.js";
import { parse } from "../../src/web/irc.js";
import type { Line } from "../../src/web/lines.js";
import { Model } from "../../src/web/model.js";
import type { Room } from "../../src/web/room.js";

/** A page of alice, who is in #tea with bob, an operator. */
class Page {
  readonly model = new Model();
  readonly tea: Room;
  readonly sent: string[] = [];
  readonly mentions: string[] = [];
  readonly chat = {
    model: this.model,
    online: true,
    wantedNick: "alice",
    network: "",
    historyMax: Infinity,
    motdShown: false,
    connection: { has: () => true },
    onMention: (room: Room, { text }: Line) => void this.mentions.push(`${room.name}: ${text}`),
    request: (command: string, params: string[]) => this.sent.push([command, ...params].join(" ")) > 0,
    confirm() {},
  };

  constructor() {
    this.model.nick = "alice";
    this.tea = this.model.open("#tea");
    this.model.show(this.tea);
    this.hear(":alice!~a@host JOIN #Tea", ":irc.example 353 alice = #tea :@bob +carol alice");
    this.tea.lines.length = 0;
  }

  hear(...lines: string[]): void {
    for (const line of lines) this.answer(line, undefined);
  }

  answer(line: string, request: PendingRequest | undefined): void {
    receive(this.chat as unknown as ChatContext, parse(line), request);
  }

  /** The kinds and texts of the lines since the last call. */
  seen(room = this.tea): string[] {
    return room.lines.splice(0).map(({ kind, text }) => `${kind}: ${text}`);
  }

  get members(): string[] {
    return [...this.tea.members.values()].map(({ nick, prefixes, away }) => `${prefixes}${nick}${away ? " away" : ""}`);
  }
}

Deno.test("handlers: the user's own JOIN opens the room, and others are members with a line", () => {
  const page = new Page();
  assertEquals([page.tea.name, page.tea.state, page.members], ["#Tea", "in", ["alice", "@bob", "+carol"]]);
  page.hear("@time=2026-11-20T12:00:00.000Z :dave!~d@host JOIN #tea", ":dave!~d@host JOIN #other");
  assertEquals([page.tea.lines[0]?.change, page.tea.lines[0]?.time.toISOString()], [
    "came",
    "2026-11-20T12:00:00.000Z",
  ]);
  assertEquals([page.seen(), page.members.at(-1), page.model.tabs.length], [["quiet: dave joined"], "dave", 1]);
  page.hear("@time=2026-11-20T12:00:00.000Z :ALICE!~a@host JOIN #den");
  const den = page.model.find("#den");
  assertEquals([den?.state, den?.joinedAt.toISOString(), den?.lines], ["in", "2026-11-20T12:00:00.000Z", []]);
});

Deno.test("handlers: a room that another device has joined is opened with its history", () => {
  const page = new Page();
  assertEquals(page.sent, [], "of a room that the page joins, the history is requested with the JOIN");
  page.hear(":alice!~a@host JOIN #den");
  assertEquals(page.sent, ["CHATHISTORY LATEST #den * 100"]);
  page.hear(":bob!~b@host KICK #tea alice", ":alice!~a@host JOIN #tea");
  assertEquals(page.sent.slice(1), ["CHATHISTORY LATEST #tea * 100"]);
});

Deno.test("handlers: PART, QUIT and KICK remove members, and say why they left", () => {
  const page = new Page();
  page.hear(
    ":carol!~c@host PART #tea :\x02tired",
    ":bob!~b@host QUIT :Quit: bye",
    ":dave!~d@host QUIT :not here",
    ":eve!~e@host PART #other",
  );
  assertEquals(page.tea.lines.map(({ change }) => change), ["left", "left"]);
  assertEquals([page.seen(), page.members], [["quiet: carol left (tired)", "quiet: bob left (bye)"], ["alice"]]);
  page.hear(":dave!~d@host JOIN #tea", ":eve!~e@host JOIN #tea", ":eve!~e@host KICK #tea dave :\x02enough");
  page.hear(":dave!~d@host JOIN #tea", ":eve!~e@host KICK #tea dave :eve", ":eve!~e@host KICK #tea dave");
  assertEquals(page.seen().filter((text) => text.startsWith("info")), [
    "info: eve kicked dave from the room: enough",
    "info: eve kicked dave from the room",
    "info: eve kicked dave from the room",
  ]);
  page.hear(":eve!~e@host KICK #tea ALICE :enough");
  assertEquals(page.seen(), ["error: eve kicked you from the room: enough"]);
  assertEquals([page.tea.state, page.tea.joinError], ["out", {
    text: "eve kicked you from #Tea: enough.",
    action: "Rejoin",
  }]);
  page.hear(":Alice!~a@host PART #tea");
  assertEquals(page.model.tabs, []);
});

Deno.test("handlers: the wanted nickname is taken when its user quits, and only then", () => {
  const page = new Page();
  page.hear(":alice!~a@host QUIT :bye"); // the user has this nickname
  page.chat.wantedNick = "Alicia";
  page.hear(":bob!~b@host QUIT :bye");
  assertEquals(page.sent, []);
  page.hear(":alicia!~a@host QUIT :bye");
  assertEquals(page.sent, ["NICK Alicia"]);
});

Deno.test("handlers: NICK renames members and the user", () => {
  const page = new Page();
  page.hear(":bob!~b@host NICK robert", ":dave!~d@host NICK david", ":Alice!~a@host NICK alicia");
  assertEquals(page.model.nick, "alicia");
  assertEquals(page.seen(), ["quiet: bob is robert now", "info: You are alicia now"]);
  assert(page.members.includes("@robert") && page.members.includes("alicia"));
});

Deno.test("handlers: TOPIC and 332 set the topic, and 332 is shown only when the user has asked for it", () => {
  const page = new Page();
  page.hear(":bob!~b@host TOPIC #tea :green", ":bob!~b@host TOPIC #tea :", ":bob!~b@host TOPIC #other :x");
  assertEquals(page.seen(), ["info: bob set the topic: green", "info: bob removed the topic"]);
  page.hear("332 alice #tea :black", "332 alice #other :x");
  page.answer("332 alice #tea :black", { room: page.tea, join: true });
  assertEquals([page.seen(), page.tea.topic], [[], "black"]);
  page.answer("332 alice #tea :black", { room: page.tea });
  assertEquals(page.seen(), ["info: Topic: black"]);
});

Deno.test("handlers: MODE changes ranks, and each change has its line", () => {
  const page = new Page();
  page.hear(":bob!~b@host MODE #tea +v-v+o-m bob carol alice", ":bob!~b@host MODE #tea +v+o bob bob");
  assertEquals(page.members, ["@alice", "@+bob", "carol"]);
  assertEquals(page.seen().slice(0, 4), [
    "info: bob gave voice to bob",
    "info: bob removed voice from carol",
    "info: bob made alice an operator",
    "info: bob lets everyone speak",
  ]);
  page.seen();
  page.hear(":alice!~a@host MODE alice +B", ":bob!~b@host MODE #tea +b alice");
  assertEquals(page.seen(), ["info: Your modes: +B", "info: bob banned alice"]);
  assertEquals(page.members[0], "@alice");
});

Deno.test("handlers: members are marked as away by AWAY, and by the answer to WHO", () => {
  const page = new Page();
  page.hear(":bob!~b@host AWAY :lunch", ":carol!~c@host AWAY :tea", ":carol!~c@host AWAY");
  assertEquals(page.members, ["alice", "@bob away", "+carol"]);
  page.answer("352 alice #tea ~b host irc.example bob H@ :0 bob", { silent: true });
  page.answer("352 alice #tea ~c host irc.example carol G+ :0 carol", { silent: true });
  page.hear("352 alice #tea ~a host irc.example alice G :0 alice");
  assertEquals(page.members, ["alice", "@bob", "+carol away"]);
});

Deno.test("handlers: WHO is sent after NAMES for rooms of at most 200 members", () => {
  const page = new Page();
  for (const [count, sent] of [[200, ["WHO #tea"]], [201, []]] as const) {
    page.tea.members.clear();
    const nicks = Array.from({ length: count }, (_, i) => `n${i}`);
    page.hear(`353 alice = #tea :${nicks.join(" ")} `, "366 alice #tea :End", "366 alice #other :End");
    assertEquals([page.tea.members.size, page.sent.splice(0)], [count, [...sent]]);
  }
});

Deno.test("handlers: the answer to /names is shown, and changes no member", () => {
  const page = new Page();
  const ask = (...lines: string[]) => {
    const request = { room: page.tea, names: [] };
    for (const line of lines) page.answer(line, request);
  };
  ask("353 alice = #den :@dave eve ", "353 alice = #den :frank", "366 alice #den :End");
  ask("366 alice #void :End");
  assertEquals([page.seen(), page.sent], [["info: In #den: @dave, eve, frank", "info: #void is empty."], []]);
});

Deno.test("handlers: an invitation opens the room with a mention, unless the user is in it or it is for another user", () => {
  const page = new Page();
  page.hear(":bob!~b@host INVITE carol #tea", ":bob!~b@host INVITE alice #tea");
  assertEquals([page.seen(), page.tea.state, page.mentions], [["info: bob invited carol"], "in", []]);
  page.hear(":bob!~b@host INVITE Alice #den");
  const den = page.model.find("#den")!;
  assertEquals(den.joinError, { text: "bob invites you to #den.", action: "Join" });
  assertEquals([den.unread, den.mentions, page.mentions], [1, 1, ["#den: bob invites you to #den."]]);
});

Deno.test("handlers: messages are added to their room, and a mention is reported", () => {
  const page = new Page();
  page.hear(
    "@msgid=a;time=2026-11-20T12:00:00.000Z :bob!~b@host PRIVMSG #tea :hi",
    "@msgid=a-1 :bob!~b@host PRIVMSG #tea : there",
    "@msgid=b :bob!~b@host PRIVMSG #tea :\x01ACTION waves at \x02Alice\x01",
    "@msgid=c :bob!~b@host NOTICE @#tea :alert",
    "@msgid=d :bob!~b@host PRIVMSG @+#tea :alert",
    "@msgid=j :bob!~b@host PRIVMSG #tea :al\x02ice\x02",
    "@msgid=e :bob!~b@host PRIVMSG #tea :\x01VERSION\x01",
    "@msgid=f :alice!~a@host PRIVMSG #tea :I am alice",
    "@msgid=g :bob!~b@host PRIVMSG #other :hi",
    ":irc.example NOTICE alice :Welcome",
    ":NickServ!services@irc.example NOTICE alice :Hello",
  );
  const [first] = page.tea.lines;
  assertEquals([first?.id, first?.part, first?.time.toISOString()], ["a", 1, "2026-11-20T12:00:00.000Z"]);
  assert(page.tea.lines.every(({ time }) => time.getTime() > 0), "a line without a time has the current one");
  assertEquals(page.seen(), [
    "say: hi there",
    "action: waves at \x02Alice",
    "notice: (to operators) alert",
    "say: (to voices) alert",
    "say: al\x02ice\x02",
    "say: I am alice",
    "info: Welcome",
  ]);
  assertEquals([page.mentions, page.model.tabs.length], [["#Tea: waves at \x02Alice", "#Tea: al\x02ice\x02"], 1]);
  page.hear("@msgid=h :dave!~d@host PRIVMSG alice :psst", "@msgid=i :alice!~a@host PRIVMSG Dave :yes?");
  assertEquals(page.seen(page.model.find("dave")), ["say: psst", "say: yes?"]);
  assertEquals(page.mentions.at(-1), "dave: psst");
});

Deno.test("handlers: history is passed on to the request and not added", () => {
  const page = new Page();
  const got: string[] = [];
  const request = {
    onLine: (room: string, { text, id }: Line) => void got.push(`${room} ${id} ${text}`),
    onEnd: () => void got.push("end"),
  };
  page.answer("@msgid=a :bob!~b@host PRIVMSG #tea :alice", request);
  page.answer("CHATHISTORY TARGETS dave 2026-11-20T12:00:00.000Z", request);
  page.answer("BATCH -b", request);
  page.answer("ACK", request);
  assertEquals([got, page.seen(), page.mentions], [["#tea a alice", "dave undefined dave", "end", "end"], [], []]);
});

Deno.test("handlers: the message of the day and the server's limits are read at the beginning", () => {
  const page = new Page();
  page.hear("005 alice NETWORK=kitchen CHATHISTORY=50 PREFIX=(ov)@+ :are supported");
  assertEquals([page.chat.network, page.chat.historyMax], ["kitchen", 50]);
  page.hear("005 alice CHATHISTORY=0 :are supported");
  assertEquals(page.chat.historyMax, Infinity);
  page.hear("372 alice :- Be kind.", "372 alice :- ", "376 alice :End", "372 alice :- Be kind.");
  assertEquals(page.seen(), ["info: Be kind.", "info:  "]);
});

Deno.test("handlers: the away text of a user is shown once in a conversation", () => {
  const page = new Page();
  const bob = page.model.open("bob");
  for (const text of ["lunch", "lunch", "tea"]) page.answer(`301 alice bob :${text}`, { room: bob });
  page.hear("301 alice bob :again");
  assertEquals(page.seen(bob), ["info: bob is away: lunch", "info: bob is away: tea"]);
});

Deno.test("handlers: a rejected JOIN shows why, forgets the key, and says whether a key is needed", () => {
  const page = new Page();
  const den = page.model.open("#den");
  const errors: [line: string, key: string, text: string, action: string, needsKey: boolean][] = [
    [numeric("ERR_BADCHANNELKEY", "alice", "#den"), "", "#den needs a key. Enter it to join.", "Join", true],
    [numeric("ERR_BADCHANNELKEY", "alice", "#den"), "x", "Wrong key for #den.", "Join", true],
    [numeric("ERR_BANNEDFROMCHAN", "alice", "#den"), "x", "You are banned from #den.", "Try again", false],
    [
      "FAIL JOIN TOO_MANY_KEYS #den :Too many wrong keys",
      "x",
      "Too many wrong keys. Try again in a minute.",
      "Join",
      true,
    ],
    ["FAIL JOIN RATE_LIMITED #den :Slow down", "", "Slow down", "Try again", false],
  ];
  for (const [line, key, text, action, needsKey] of errors) {
    page.model.setState(den, "joining");
    den.key = key;
    page.answer(line, { room: den, join: true });
    assertEquals([den.state, den.joinError, den.key], ["out", { text, action, needsKey }, ""], line);
  }
  page.model.setState(den, "in");
  page.answer("FAIL JOIN MESSAGE_ERROR #den :Messages could not be retrieved", { room: den, join: true });
  assertEquals([den.state, page.seen(den)], ["in", ["error: Messages could not be retrieved"]]);
});

Deno.test("handlers: an error is shown where the request was made", () => {
  const page = new Page();
  const den = page.model.open("#den");
  const line = numeric("ERR_NOSUCHNICK", "alice", "dave");
  page.hear(line);
  page.answer(line, { room: den });
  page.answer(line, { silent: true });
  assertEquals([page.seen(), page.seen(den)], [["error: No such user: dave."], ["error: No such user: dave."]]);
  const pending = { kind: "say" as const, text: "hi", time: new Date() };
  page.model.addPending(den, pending);
  page.answer(line, { room: den, pending });
  assertEquals(den.pending.map(({ error }) => error), ["Not sent. No such user: dave."]);
  const why: unknown[] = [];
  const onError = (...all: unknown[]) => void why.push(all);
  page.answer(numeric("ERR_NICKNAMEOWNED", "alice", "dave"), { onError });
  page.answer(numeric("ERR_NICKNAMEINUSE", "alice", "dave"), { onError });
  page.answer("FAIL REGISTER WEAK_PASSWORD alice :Password too short", { onError });
  assertEquals(why, [
    ["dave is registered. If it is yours: /login dave PASSWORD", true],
    ["dave is already in use. Choose another name.", false],
    ["Password too short", false],
  ]);
  page.hear(numeric("ERR_YOUREBANNEDCREEP", "alice", "spam"));
  page.chat.online = false;
  page.hear(numeric("ERR_YOUREBANNEDCREEP", "alice", "spam"));
  assertEquals(page.seen(), [
    "error: With that nickname you would be banned from this server: spam.",
    "error: You are banned from this server: spam.",
  ]);
});

Deno.test("handlers: other replies are shown in the room of the request, of the reply, or the current one", () => {
  const page = new Page();
  const den = page.model.open("#den");
  page.hear(
    "324 alice #den +nt",
    "305 alice :Back",
    "002 alice :hidden",
    "WARN * X :careful",
    ":bob!~b@host WALLOPS :hi",
  );
  page.answer("324 alice #tea +nt", { room: den });
  page.answer("NOTE * X :by the way", { room: den });
  page.hear("FOO bar");
  assertEquals(page.seen(den), ["info: Modes of #den: +nt", "info: Modes of #tea: +nt", "info: by the way"]);
  assertEquals(page.seen(), ["info: You are no longer marked as away.", "info: careful", "info: bob to everyone: hi"]);
});

Deno.test("handlers: the rooms of LIST are collected, and replies of NickServ and REGISTER passed on", () => {
  const page = new Page();
  const list: { name: string; people: number; topic: string }[] = [];
  const got: string[] = [];
  const request = { list, onListEnd: () => void got.push("end"), onReply: (text: string) => void got.push(text) };
  for (
    const line of [
      "322 alice #tea 3 :\x02green",
      "323 alice :End",
      "REGISTER SUCCESS alice :Done",
      "REGISTER OTHER alice :No",
    ]
  ) {
    page.answer(line, request);
  }
  page.answer(":NickServ!services@irc.example NOTICE alice :First: /msg NickServ LOGOUT", request);
  assertEquals(list, [{ name: "#tea", people: 3, topic: "green" }]);
  assertEquals([got, page.seen()], [["end", "Done", "First: /logout"], []]);
});

Deno.test("handlers: a login with a one-time word is told to choose a password, and other words of NickServ are not shown", () => {
  const page = new Page();
  const words = (text: string) => `:NickServ!services@irc.example NOTICE alice :${text}`;
  page.hear(words("You are logged in as alice."));
  page.hear(words("The one-time word is used up. Choose a new password now: /msg NickServ SET PASSWORD PASSWORD"));
  assertEquals(page.seen(), [
    "info: You have logged in with a one-time word. Choose a new password now, in your settings.",
  ]);
});
