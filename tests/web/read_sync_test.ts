/** Read markers of the page: on the server for accounts, in the browser for guests. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import type { ChatContext, PendingRequest } from "../../src/web/context.ts";
import { receive } from "../../src/web/handlers.js";
import { loadLatest } from "../../src/web/history.js";
import { parse } from "../../src/web/irc.js";
import type { Line } from "../../src/web/lines.js";
import { Model } from "../../src/web/model.js";
import { readMarkerOf, saveReadMarkers } from "../../src/web/read_markers.js";
import { accountChanged, sendMarkers, storeMarker } from "../../src/web/read_sync.js";
import { FakeTimers } from "../fake_timers.ts";

/** The time of a message, as MARKREAD writes it. */
const stamp = (time: number) => `timestamp=${new Date(time).toISOString()}`;

function line(number: number, more: Partial<Line> = {}): Line {
  return { kind: "say", text: `m${number}`, nick: "bob", time: new Date(number), id: `id${number}`, part: 0, ...more };
}

/** A page whose user sees #tea, and a server that has read markers. */
class Page implements Disposable {
  readonly timers = new FakeTimers();
  readonly model = new Model();
  readonly tea = this.model.open("#tea");
  readonly connection = { account: "alice", has: (_capability: string) => true };
  online = true;
  sent: { text: string; request: PendingRequest }[] = [];
  readonly chat = {
    model: this.model,
    historyMax: Infinity,
    connection: this.connection,
    request: (command: string, params: string[], request: PendingRequest) => {
      if (this.online) this.sent.push({ text: [command, ...params].join(" "), request });
      return this.online;
    },
  } as unknown as ChatContext;

  constructor() {
    this.model.listen((change, room) => {
      if (change === "read" && room !== undefined) storeMarker(this.chat, room);
    });
    this.model.show(this.tea);
    this.model.setAtEnd(true);
  }

  /** What was sent since the last call, and the requests. */
  take(): string[] {
    return this.sent.splice(0).map(({ text }) => text);
  }

  hear(text: string, request?: PendingRequest): void {
    receive(this.chat, parse(`:irc.example ${text}`), request);
  }

  /** Joins a room: its marker, and the latest messages. */
  join(name: string, marker: string, ...numbers: number[]): void {
    const room = this.model.open(name);
    loadLatest(this.chat, room);
    this.hear(`MARKREAD ${name} ${marker}`);
    const latest = this.sent.find(({ text }) => text.startsWith(`CHATHISTORY LATEST ${name} `))!;
    for (const number of numbers) latest.request.onLine?.(name, line(number));
    latest.request.onEnd?.();
  }

  [Symbol.dispose](): void {
    sendMarkers(this.chat);
    this.timers.pass(10_000);
    this.timers[Symbol.dispose]();
  }
}

Deno.test("read sync: a marker is sent at once, then the latest of each room after two seconds", () => {
  using page = new Page();
  page.join("#tea", stamp(1), 1);
  page.take();
  for (const number of [2, 3, 4]) page.model.add(page.tea, line(number));
  assertEquals(page.take(), [`MARKREAD #tea ${stamp(2)}`]);
  page.timers.pass(1999);
  assertEquals(page.take(), []);
  page.timers.pass(1);
  assertEquals(page.take(), [`MARKREAD #tea ${stamp(4)}`]);
  page.timers.pass(2000);
  page.model.add(page.tea, line(5));
  assertEquals(page.take(), [`MARKREAD #tea ${stamp(5)}`]);
  page.model.add(page.tea, line(6));
  sendMarkers(page.chat); // the page is hidden or closed
  sendMarkers(page.chat);
  assertEquals(page.take(), [`MARKREAD #tea ${stamp(6)}`]);
});

Deno.test("read sync: unread messages are those after the marker of the server", () => {
  using page = new Page();
  page.join("#den", stamp(3), 1, 2, 3, 4, 5);
  const den = page.model.find("#den")!;
  assertEquals([den.unread, den.firstNewLine?.id, den.newMessages?.count], [2, "id4", 2]);
  page.join("#cave", "*", 1, 2, 3);
  assertEquals(page.model.find("#cave")!.unread, 0, "on the first visit, nothing is unread");
});

Deno.test("read sync: what is read on another device is read here, and nothing is sent back", () => {
  using page = new Page();
  page.join("#den", stamp(1), 1, 2, 3, 4);
  page.take();
  const den = page.model.find("#den")!;
  const state = () => [den.unread, den.mentions, den.firstNewLine?.id, den.newMessages?.count];
  assertEquals(state(), [3, 0, "id2", 3]);
  page.hear(`MARKREAD #den ${stamp(2)}`);
  assertEquals(state(), [2, 0, "id3", 2]);
  page.hear(`MARKREAD #den ${stamp(1)}`); // an earlier one
  assertEquals(state(), [2, 0, "id3", 2]);
  page.hear(`MARKREAD #DEN ${stamp(4)}`);
  assertEquals(state(), [0, 0, undefined, undefined]);
  page.model.add(den, line(5, { mention: true }));
  assertEquals(state(), [1, 1, "id5", 1]);
  page.hear(`MARKREAD #den ${stamp(9)}`);
  assertEquals([state(), page.take()], [[0, 0, undefined, undefined], []]);
  page.hear(`MARKREAD #none ${stamp(9)}`);
  assertEquals(page.model.find("#none"), undefined);
});

Deno.test("read sync: the line above new messages stays where the user sees them", () => {
  using page = new Page();
  page.join("#tea", stamp(1), 1, 2, 3);
  assertEquals([page.tea.unread, page.tea.firstNewLine?.id], [2, "id2"]);
  page.model.setAtEnd(true);
  assertEquals([page.tea.unread, page.tea.firstNewLine?.id], [0, "id2"]);
  page.hear(`MARKREAD #tea ${stamp(9)}`);
  assertEquals(page.tea.firstNewLine?.id, "id2");
});

Deno.test("read sync: unread messages that are not loaded stay unread until all are read", () => {
  using page = new Page();
  page.join("#den", stamp(1), 1, 2, 3);
  const den = page.model.find("#den")!;
  page.model.replace(den, [line(1), line(2)], false);
  assertEquals([den.unread, den.newer], [2, "more"]);
  page.hear(`MARKREAD #den ${stamp(2)}`);
  assertEquals(den.unread, 2);
  page.hear(`MARKREAD #den ${stamp(3)}`);
  assertEquals(den.unread, 0);
});

Deno.test("read sync: after reconnecting, what was read elsewhere is read, and what was read here is sent", () => {
  using page = new Page();
  page.join("#den", stamp(1), 1);
  page.join("#tea", stamp(1), 1);
  page.online = false;
  page.timers.pass(2000);
  page.model.add(page.tea, line(2)); // the page has not noticed yet
  page.online = true;
  page.take();
  accountChanged(page.chat);
  assertEquals(page.take().sort(), [`MARKREAD #den ${stamp(1)}`, `MARKREAD #tea ${stamp(2)}`]);
  page.timers.pass(2000);
  page.join("#den", stamp(3), 1, 2, 3, 4);
  assertEquals(page.model.find("#den")!.unread, 1);
  page.model.add(page.tea, line(5));
  page.take();
  page.timers.pass(2000);
  page.join("#tea", stamp(3), 5); // the connection was lost before the server got it
  assertEquals(page.take().filter((text) => text.startsWith("MARKREAD")), []);
  accountChanged(page.chat);
  assertEquals(page.take().includes(`MARKREAD #tea ${stamp(5)}`), true);
});

Deno.test("read sync: a guest's markers are in the browser, and the account's after a login", () => {
  const values = new Map<string, string>();
  const storage = {
    getItem: (name: string) => values.get(name) ?? null,
    setItem: (name: string, value: string) => void values.set(name, value),
  };
  Object.defineProperty(globalThis, "localStorage", { configurable: true, get: () => storage });
  using page = new Page();
  page.connection.account = "";
  page.join("#tea", "*", 1, 2);
  assertEquals([page.tea.lastRead?.id, readMarkerOf("#tea")?.id], ["id2", "id2"]);
  page.hear(`MARKREAD #tea ${stamp(9)}`);
  assertEquals([page.tea.lastRead?.id, page.take().filter((text) => text.startsWith("MARKREAD"))], ["id2", []]);
  saveReadMarkers();
  page.connection.account = "alice";
  accountChanged(page.chat);
  assertEquals(page.take(), [`MARKREAD #tea ${stamp(2)}`]);
  page.model.add(page.tea, line(3));
  page.timers.pass(2000);
  assertEquals([page.take(), readMarkerOf("#tea")?.id], [[`MARKREAD #tea ${stamp(3)}`], "id2"]);
  page.model.close(page.tea);
  loadLatest(page.chat, page.model.open("#tea"));
  assertEquals(page.model.find("#tea")!.lastRead, undefined, "the marker of a guest is not that of the account");
});

Deno.test("read sync: without the capability, the markers of an account are in the browser, too", () => {
  using page = new Page();
  page.connection.has = (name) => name !== "draft/read-marker";
  page.join("#tea", "*", 1, 2);
  page.model.add(page.tea, line(3));
  assertEquals(page.take().filter((text) => text.startsWith("MARKREAD")), []);
  assertEquals(readMarkerOf("#tea")?.id, "id3");
  saveReadMarkers();
});

Deno.test("read sync: the marker of a private conversation is asked for; without one, all that others have sent is new", () => {
  using page = new Page();
  const bob = page.model.open("bob");
  loadLatest(page.chat, bob);
  const [asked, latest] = page.sent.splice(0);
  assertEquals([asked!.text, latest!.text], ["MARKREAD bob", "CHATHISTORY LATEST bob * 100"]);
  page.hear("MARKREAD bob *", asked!.request);
  for (const each of [line(1), line(2, { own: true, nick: "alice" }), line(3)]) latest!.request.onLine?.("bob", each);
  latest!.request.onEnd?.();
  const [earlier, ...others] = page.sent.splice(0);
  assertEquals([earlier!.text, others], ["CHATHISTORY BEFORE bob msgid=id1 50", []], "an empty marker is not sent");
  earlier!.request.onEnd?.();
  assertEquals([bob.unread, bob.firstNewLine?.id], [2, "id1"]);
});
