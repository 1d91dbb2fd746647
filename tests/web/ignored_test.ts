/** Tests of ignored users on the page: whose lines are hidden, and where the list is stored. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import type { Chat } from "../../src/web/chat.js";
import { runInput, type Ui } from "../../src/web/commands.js";
import type { ChatContext, PendingRequest } from "../../src/web/context.ts";
import { receive } from "../../src/web/handlers.js";
import { loadIgnored, sendIgnored } from "../../src/web/ignored.js";
import { parse } from "../../src/web/irc.js";
import { Model } from "../../src/web/model.js";

/** What the browser stores. */
const stored = new Map<string, string>();
Object.defineProperty(globalThis, "localStorage", {
  configurable: true,
  value: {
    getItem: (name: string) => stored.get(name) ?? null,
    setItem: (name: string, value: string) => stored.set(name, value),
    removeItem: (name: string) => stored.delete(name),
  },
});

/** A page with one room, and the requests that it has sent. */
class Page {
  readonly model = new Model();
  readonly room = this.model.open("#tea");
  readonly connection = { account: "", has: () => true };
  readonly sent: { line: string; request: PendingRequest | undefined }[] = [];
  readonly mentions: string[] = [];
  readonly #chat: ChatContext;

  constructor(account = "") {
    this.connection.account = account;
    this.model.nick = "alice";
    this.model.setState(this.room, "in");
    this.#chat = {
      ...{ model: this.model, connection: this.connection, online: true, wantedNick: "alice" },
      request: (command: string, params: string[], request?: PendingRequest) => {
        this.sent.push({ line: [command, ...params].join(" "), request });
        return true;
      },
      onMention: (_room: unknown, { text }: { text: string }) => void this.mentions.push(text),
    } as unknown as ChatContext;
  }

  /** Receives lines, as answers to a request if one is given. */
  get(request: PendingRequest | undefined, ...lines: string[]): void {
    for (const line of lines) receive(this.#chat, parse(line), request);
  }

  /** Runs a command, and lets the server confirm it with a line. */
  command(input: string, ...answer: string[]): string | undefined {
    const why = runInput(this.#chat as unknown as Chat, {} as Ui, this.room, input);
    this.get(this.sent.at(-1)?.request, ...answer);
    return why;
  }

  load(): void {
    loadIgnored(this.#chat);
    sendIgnored(this.#chat);
  }

  /** The texts that are shown in the room. */
  get shown(): string[] {
    return this.room.lines.filter(({ ignored }) => !ignored).map(({ text }) => text);
  }
}

const line = (nick: string, text: string, { host = "host", account = "", to = "#tea" } = {}) => {
  return `${account === "" ? "" : `@account=${account} `}:${nick}!~u@${host} PRIVMSG ${to} :${text}`;
};

Deno.test("ignored: lines of an ignored user are hidden and count neither as new nor as mentions, until /unignore", () => {
  stored.clear();
  const page = new Page();
  page.get(undefined, line("bob", "before"));
  assertEquals(page.command("/ignore bob", ":alice!~u@host SILENCE +bob!*@host"), undefined);
  assertEquals(page.sent.at(-1)!.line, "SILENCE +bob");
  const { unread } = page.room;
  page.get(undefined, line("bob", "hi alice"), line("bob", "elsewhere", { host: "other" }), line("carol", "hello"));
  const told = "You ignore bob now. To see again what bob says: /unignore bob";
  assertEquals(page.shown, [told, "elsewhere", "hello"]);
  assertEquals([page.room.unread - unread, page.mentions], [2, []]);
  assertEquals(page.command("/unignore bob", ":alice!~u@host SILENCE -bob!*@host"), undefined);
  assertEquals(page.shown, ["before", told, "hi alice", "elsewhere", "hello", "You no longer ignore bob."]);
  assertEquals(page.command("/unignore"), "Name a user: /unignore NAME");
});

Deno.test("ignored: a user with an account is known by it, and not by nickname and host", () => {
  stored.clear();
  const page = new Page("alice");
  page.get({ ignored: [] });
  page.model.setIgnored(["Bob", "carol!*@host"]);
  page.get(
    undefined,
    line("robert", "one", { account: "bob" }),
    line("bob", "two"),
    line("carol", "three", { account: "carol" }),
    line("Carol", "four"),
    line("alice", "own", { account: "bob" }),
  );
  assertEquals(page.shown, ["two", "three", "own"]);
});

Deno.test("ignored: a private message of an ignored user opens no conversation", () => {
  stored.clear();
  const page = new Page();
  page.model.setIgnored(["bob!*@host"]);
  page.get(undefined, line("bob", "psst", { to: "alice" }), line("carol", "psst", { to: "alice" }));
  assertEquals(page.model.tabs.map(({ name }) => name), ["#tea", "carol"]);
});

Deno.test("ignored: the list of a guest is stored in the browser, and sent again after connecting", () => {
  stored.clear();
  const page = new Page();
  page.command("/ignore bob", ":alice!~u@host SILENCE +bob!*@host");
  const again = new Page();
  again.load();
  assertEquals(again.sent.map(({ line }) => line), ["SILENCE +bob!*@host"]);
  again.get(again.sent[0]!.request, ":alice!~u@host SILENCE +bob!*@host");
  again.get(undefined, line("bob", "hi"));
  assertEquals([again.shown, again.model.ignoredNames], [[], ["bob!*@host"]], "and nothing is said of it");
  again.command("/ignore");
  assertEquals(again.shown, ["You ignore: bob!*@host"]);
  for (const broken of ["no list", "{}", "[1]"]) {
    stored.set("tincan.ignored", broken);
    const other = new Page();
    other.load();
    assertEquals([other.sent, other.model.ignoredNames], [[], []]);
  }
});

Deno.test("ignored: the list of an account is that of the server, and gets what the guest has ignored", () => {
  stored.clear();
  new Page().command("/ignore bob", ":alice!~u@host SILENCE +bob!*@host");
  const page = new Page("alice");
  page.load();
  assertEquals(page.sent.map(({ line }) => line), ["SILENCE", "SILENCE +bob!*@host"]);
  page.get(page.sent[0]!.request, ":irc 271 alice alice carol", ":irc 272 alice :End of Silence List");
  assertEquals(page.model.ignoredNames, ["carol"]);
  page.get(page.sent[1]!.request, ":alice!~u@host SILENCE +bob!*@host");
  assertEquals([page.model.ignoredNames, stored.size], [["carol", "bob!*@host"], 0], "nothing is left in the browser");
  page.get(undefined, ":alice!~u@host SILENCE -carol"); // another client of the account
  assertEquals([page.model.ignoredNames, page.shown], [["bob!*@host"], []]);
});
