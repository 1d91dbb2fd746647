/** Tests of reactions to lines, replies and deletions on the page. */
/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import type { Chat } from "../../src/web/chat.js";
import type { ChatContext, PendingRequest } from "../../src/web/context.ts";
import { receive } from "../../src/web/handlers.js";
import { search } from "../../src/web/history.js";
import { parse } from "../../src/web/irc.js";
import { deleteLine, mayDelete, toggleReaction } from "../../src/web/line_changes.js";
import type { Line } from "../../src/web/lines.js";
import { Model } from "../../src/web/model.js";
import { lineActions, QUOTED_MAX } from "../../src/web/quoted.js";
import type { Room } from "../../src/web/room.js";

/** A page of alice, who is in #tea. */
class Page {
  readonly model = new Model();
  readonly tea: Room;
  readonly sent: { command: string; params: string[]; request: PendingRequest | undefined; tags: string }[] = [];
  readonly chat = {
    model: this.model,
    online: true,
    wantedNick: "alice",
    historyMax: Infinity,
    typingDenied: false,
    connection: { has: () => true },
    onMention() {},
    request: (command: string, params: string[], request?: PendingRequest, tags = {}) => {
      this.sent.push({ command, params, request, tags: Object.entries(tags).map((each) => each.join("=")).join(";") });
      return true;
    },
    confirm() {},
  } as unknown as ChatContext;

  constructor() {
    this.model.nick = "alice";
    this.tea = this.model.open("#tea");
    this.model.show(this.tea);
    this.hear(":alice!~a@host JOIN #tea");
    this.tea.queue = undefined;
    this.hear("@msgid=m1 :bob!~b@host PRIVMSG #tea :Lunch at one?", "@msgid=m2 :alice!~a@host PRIVMSG #tea :yes");
    this.sent.length = 0;
  }

  hear(...lines: string[]): void {
    for (const line of lines) receive(this.chat, parse(line), undefined);
  }

  /** The answer to the last request. */
  answer(...lines: string[]): void {
    const { request } = this.sent.at(-1)!;
    for (const line of lines) receive(this.chat, parse(line), request);
    request?.onEnd?.();
  }

  line(id: string): Line {
    return this.tea.lines.find((line) => line.id === id)!;
  }

  /** `emoji: nick nick` for each reaction to a line, with `*` if the user has it, too. */
  reactions(id = "m1"): string[] {
    return (this.line(id).reactions ?? []).map(({ text, nicks, own }) =>
      `${text}${own ? "*" : ""}: ${[...nicks.values()].join(" ")}`
    );
  }
}

const react = (nick: string, text: string, key = "+draft/react") =>
  `@+draft/reply=m1;${key}=${text} :${nick}!~u@host TAGMSG #tea`;

Deno.test("reactions: the members who react with the same emoji are counted together, in the order of the first", () => {
  const page = new Page();
  page.hear(react("bob", "👍"), react("carol", "🎉"), react("alice", "👍"), react("bob", "👍"));
  assertEquals(page.reactions(), ["👍*: bob alice", "🎉: carol"]);
  page.hear(react("alice", "👍", "+draft/unreact"));
  assertEquals(page.reactions(), ["👍: bob", "🎉: carol"]);
  page.hear(react("carol", "🎉", "+draft/unreact"));
  assertEquals(page.reactions(), ["👍: bob"]);
});

Deno.test("reactions: one of the user's account under another nickname is the user's own", () => {
  const page = new Page();
  page.model.account = "alice";
  page.hear(`@account=alice;+reply=m1;+draft/react=👍 :alice_!~u@host TAGMSG #tea`);
  assertEquals(page.reactions(), ["👍*: alice_"]);
});

Deno.test("reactions: a member with an account is counted once under several nicknames", () => {
  const page = new Page();
  page.hear(`@account=bob;+reply=m1;+draft/react=👍 :bob!~u@host TAGMSG #tea`);
  page.hear(`@account=bob;+reply=m1;+draft/react=👍 :robert!~u@host TAGMSG #tea`);
  assertEquals(page.reactions(), ["👍: robert"]);
  page.hear(`@account=bob;+reply=m1;+draft/unreact=👍 :bobby!~u@host TAGMSG #tea`);
  assertEquals(page.reactions(), []);
});

Deno.test("reactions: one to a line that is not loaded, or without a line, changes nothing", () => {
  const page = new Page();
  page.hear(
    "@+draft/reply=m9;+draft/react=👍 :bob!~b@host TAGMSG #tea",
    "@+draft/react=👍 :bob!~b@host TAGMSG #tea",
    "@+draft/reply=m1 :bob!~b@host TAGMSG #tea",
    "@+draft/reply=m1;+draft/react=👍 :bob!~b@host TAGMSG #other",
  );
  assertEquals([page.reactions(), page.model.rooms.size], [[], 1]);
});

Deno.test("reactions: the id of a part of a long message stands for the message", () => {
  const page = new Page();
  page.hear("@+draft/reply=m1-2;+draft/react=👍 :bob!~b@host TAGMSG #tea");
  assertEquals(page.reactions(), ["👍: bob"]);
});

Deno.test("reactions: choosing one that the user has takes it back", () => {
  const page = new Page();
  toggleReaction(page.chat, page.tea, page.line("m1"), "👍");
  page.hear(react("alice", "👍"));
  toggleReaction(page.chat, page.tea, page.line("m1"), "👍");
  assertEquals(page.sent.map(({ command, params, tags }) => `${command} ${params.join(" ")} ${tags}`), [
    "TAGMSG #tea +draft/reply=m1;+draft/react=👍",
    "TAGMSG #tea +draft/reply=m1;+draft/unreact=👍",
  ]);
});

Deno.test("reactions: those of the history belong to its lines, and to no line of the room", () => {
  const page = new Page();
  const results: Line[] = [];
  search(page.chat, { words: "lunch", room: undefined, before: undefined }, {
    done: (found) => results.push(...found.map(({ line }) => line)),
    failed() {},
  });
  page.answer("@msgid=m1 :bob!~b@host PRIVMSG #tea :Lunch at one?", react("carol", "🎉"));
  assertEquals(results.map(({ reactions }) => reactions), [[{
    text: "🎉",
    nicks: new Map([["carol!*@host", "carol"]]),
    own: false,
  }]]);
  assertEquals(page.reactions(), []);
});

Deno.test("deletion: the line stays without its text and reactions, and names the member who has deleted it", () => {
  const page = new Page();
  page.hear(react("alice", "👍"), "@msgid=m7 :carol!~c@host REDACT #tea m1 :off topic", react("bob", "👎"));
  const { text, deletedBy, reason, reactions, nick } = page.line("m1");
  assertEquals([text, deletedBy, reason, reactions, nick], ["", "carol", "off topic", undefined, "bob"]);
});

Deno.test("deletion: an author who has another nickname now is known by the account", () => {
  const page = new Page();
  page.hear(
    "@msgid=m3;account=carol :carol!~c@host PRIVMSG #tea :mine",
    "@msgid=m4;account=carol :carol!~c@host PRIVMSG #tea :mine, too",
    "@account=carol :caroline!~c@host REDACT #tea m3",
    "@account=dave :caroline!~c@host REDACT #tea m4",
  );
  assertEquals(["m3", "m4"].map((id) => page.line(id).deletedBy), ["carol", "caroline"]);
});

Deno.test("deletion: the user no longer replies to a line that is deleted", () => {
  const page = new Page();
  page.model.replyTo(page.tea, page.line("m1"));
  page.hear(react("bob", "👍"));
  assertEquals(page.tea.replyTo, page.line("m1"));
  page.tea.lines = page.tea.lines.filter(({ id }) => id !== "m1"); // too many lines have come since
  page.hear(":bob!~b@host REDACT #tea m1");
  assertEquals(page.tea.replyTo, undefined);
});

Deno.test("deletion: it is asked for by the room and the id", () => {
  const page = new Page();
  deleteLine(page.chat, page.tea, page.line("m2"));
  assertEquals(page.sent.map(({ command, params }) => [command, ...params]), [["REDACT", "#tea", "m2"]]);
});

Deno.test("deletion: offered to the author under any nickname of the account, and to operators", () => {
  const page = new Page();
  const { model, tea, chat } = page;
  page.hear("@msgid=m3;account=Alice :ally!~a@host PRIVMSG #tea :mine");
  const offered = () =>
    ["m1", "m2", "m3"].filter((id) => mayDelete(chat as unknown as Chat, tea, page.line(id))).join(" ");
  assertEquals(offered(), "m2");
  model.account = "alice";
  assertEquals(offered(), "m2 m3");
  page.hear(":bob!~b@host MODE #tea +o alice");
  assertEquals(offered(), "m1 m2 m3");
  Object.assign(chat.connection, { has: () => false });
  assertEquals(offered(), "");
});

Deno.test("private: reactions and deletions of the other user and of the user's other devices are found", () => {
  const page = new Page();
  const bob = page.model.open("bob");
  bob.queue = undefined;
  page.hear("@msgid=p1 :bob!~b@host PRIVMSG alice :psst", "@msgid=p2 :alice!~a@host PRIVMSG bob :what?");
  page.hear("@+draft/reply=p2;+draft/react=👀 :bob!~b@host TAGMSG alice", ":alice!~a@host REDACT bob p2");
  page.hear("@+draft/reply=p1;+draft/react=👍 :alice!~a@host TAGMSG bob");
  assertEquals(bob.lines.map(({ deletedBy, reactions }) => [deletedBy, reactions?.map(({ text }) => text)]), [
    [undefined, ["👍"]],
    ["alice", undefined],
  ]);
});

Deno.test("replies: a line has the id of the message that it replies to, by either name of the tag", () => {
  const page = new Page();
  page.hear(
    "@msgid=m3;+draft/reply=m1 :bob!~b@host PRIVMSG #tea :one",
    "@msgid=m4;+reply=m1-1 :bob!~b@host PRIVMSG #tea :two",
    "@msgid=m5 :bob!~b@host PRIVMSG #tea :three",
  );
  assertEquals(page.tea.lines.slice(-3).map(({ reply }) => reply), ["m1", "m1", undefined]);
});

Deno.test("mentions: the server knows those of an account, also under another nickname", () => {
  const page = new Page();
  page.model.account = "alice";
  page.model.nick = "alice_";
  page.hear(
    "@msgid=m3;tincan.chat/mentions=carol,alice :bob!~b@host PRIVMSG #tea :alice: look",
    "@msgid=m4;tincan.chat/mentions=carol :bob!~b@host PRIVMSG #tea :carol: look",
  );
  assertEquals(page.tea.lines.slice(-2).map(({ mention }) => mention), [true, false]);
});

Deno.test("quotes: a message that is not loaded is asked for once, and drawn when it has come", () => {
  const page = new Page();
  let drawn = 0;
  const actions = lineActions(page.chat as unknown as Chat, page.tea, () => drawn++);
  assertEquals(actions.find("m1")?.text, "Lunch at one?");
  assertEquals([actions.find("m0"), actions.find("m0"), drawn], [undefined, undefined, 0]);
  assertEquals(page.sent.map(({ params }) => params.join(" ")), ["AROUND #tea msgid=m0 1"]);
  page.answer("@msgid=m0 :carol!~c@host PRIVMSG #tea :earlier");
  assertEquals([actions.find("m0")?.text, drawn, page.sent.length], ["earlier", 1, 1]);
});

Deno.test("quotes: a message that is deleted is cleared in the quotes of it, loaded among the lines or not", () => {
  const page = new Page();
  const actions = lineActions(page.chat as unknown as Chat, page.tea, () => {});
  actions.find("m0");
  page.answer("@msgid=m0 :carol!~c@host PRIVMSG #tea :earlier");
  const changed: (string | undefined)[] = [];
  page.model.listen((change, _room, line) => void (change === "changed" && changed.push(line?.id)));
  page.hear(":carol!~c@host REDACT #tea m0");
  assertEquals([actions.find("m0")?.text, actions.find("m0")?.deletedBy, changed], ["", "carol", ["m0"]]);
});

Deno.test("quotes: a message is asked for again after the connection was lost, and not taken for one that is gone", () => {
  const page = new Page();
  const drawn: string[] = [];
  const actions = lineActions(page.chat as unknown as Chat, page.tea, (id) => drawn.push(id));
  actions.find("m0");
  Object.assign(page.chat, { online: false });
  page.sent.at(-1)!.request!.onError!("The connection was lost.");
  assertEquals([actions.find("m0"), drawn, page.sent.length], [undefined, ["m0"], 1]);
  Object.assign(page.chat, { online: true });
  page.model.setState(page.tea, "joining");
  assertEquals([actions.find("m0"), page.sent.length], [undefined, 1], "the server would reject it");
  page.model.setState(page.tea, "in");
  assertEquals([actions.find("m0"), page.sent.length], [undefined, 2]);
  page.answer("@msgid=m0 :carol!~c@host PRIVMSG #tea :earlier");
  assertEquals(actions.find("m0")?.text, "earlier");
});

Deno.test("quotes: a message that is gone is not asked for again", () => {
  const page = new Page();
  const actions = lineActions(page.chat as unknown as Chat, page.tea, () => {});
  actions.find("m0");
  page.sent.at(-1)!.request!.onError!("There is no such message");
  // The page tries the time of the message, as it does for any that is gone.
  while (page.sent.at(-1)?.request?.onError !== undefined && actions.find("m0") === undefined) page.answer();
  assertEquals(actions.find("m0"), null);
});

Deno.test("quotes: few are loaded at a time, and few are kept", () => {
  const page = new Page();
  const actions = lineActions(page.chat as unknown as Chat, page.tea, () => {});
  for (let n = 0; n < 3 * QUOTED_MAX; n++) actions.find(`x${n}`);
  assertEquals(page.sent.length, 4);
  let asked = 0;
  for (let answered = 0; answered < page.sent.length; answered++) {
    asked++;
    page.sent[answered]!.request!.onEnd!();
  }
  assert(asked <= QUOTED_MAX + 4, `asked ${asked} times`);
});
