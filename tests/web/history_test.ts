/**
 * Tests that the history of a room on the page has no gaps and counts unread messages, in any order of events.
 */
/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import type { ChatContext, PendingRequest } from "../../src/web/context.ts";
import type { Line, Position } from "../../src/web/lines.js";
import { Model } from "../../src/web/model.js";
import {
  cancelLoading,
  goToEnd,
  goToFirstNew,
  goToMessage,
  loadLatest,
  loadMore,
  search,
} from "../../src/web/history.js";

/** The time of the message with that number. Numbers count all messages. */
const TIME = (number: number) => new Date(1_000_000 + number);

/** The number in a message id. */
const numberOf = (id: string) => Number(id.replace("id", ""));

/** How many messages the server returns when it cuts an answer short. */
const CUT = 10;

/** The most lines of a room. */
const LINES_MAX = 2100;

/** A page and a server. Each request stays unanswered until `answer` is called. */
class World {
  readonly model = new Model();
  readonly room = this.model.open("#tea");
  /** How many messages were sent. */
  said = 0;
  /** How many of them the server has lost in a restart. */
  forgotten = 0;
  online = false;
  /** Whether the server fails to read its history. */
  broken = false;
  /** The messages that the user of the page has sent. */
  readonly own = new Set<number>();
  readonly #parts: number;
  readonly #most: number;
  readonly #cut: boolean;
  #requests: { params: string[]; asked: PendingRequest }[] = [];
  readonly #chat: ChatContext;

  /**
   * @param parts The number of lines of each message.
   * @param most The most messages that the server returns.
   * @param cut Whether it cuts answers short.
   */
  constructor(parts = 1, most = 100, cut = parts > 1) {
    this.#parts = parts;
    this.#most = most;
    this.#cut = cut;
    this.model.show(this.room);
    this.#chat = {
      model: this.model,
      historyMax: most,
      connection: { has: () => true },
      request: (_command: string, params: string[], asked: PendingRequest) => {
        if (this.online) this.#requests.push({ params, asked });
        return this.online;
      },
    } as unknown as ChatContext;
  }

  say(count: number, own = false) {
    for (let n = 0; n < count; n++) {
      if (own) this.own.add(this.said);
      const number = this.said++;
      if (this.online) { for (const line of this.#lines(number)) this.model.add(this.room, line); }
    }
  }

  connect() {
    if (this.online) return;
    this.online = true;
    this.room.joinedAt = TIME(this.said);
    loadLatest(this.#chat, this.room);
  }

  disconnect() {
    this.online = false;
    const unanswered = this.#requests;
    this.#requests = [];
    cancelLoading(this.#chat, this.room);
    for (const { asked } of unanswered) asked.onError?.("The connection was lost.");
  }

  more(side: "older" | "newer") {
    if (this.room[side] === "more" && this.room.queue === undefined) loadMore(this.#chat, this.room, side);
  }

  goTo(part: number) {
    const number = Math.floor(part * this.said);
    goToMessage(this.#chat, this.room, { id: `id${number}`, time: TIME(number) }, () => {});
  }

  goToEnd() {
    goToEnd(this.#chat, this.room);
  }

  goToNews() {
    goToFirstNew(this.#chat, this.room, () => {});
  }

  /** The page scrolls to the end of the room, or away from it. */
  reach(end: boolean) {
    const { model, room } = this;
    model.setAtEnd(end);
    const all = end && model.visible && room.newer === "none" && room.queue === undefined;
    if (all) assertEquals(room.unread, 0, "all messages are visible");
  }

  /** Answers the oldest request from the messages sent so far. */
  answer() {
    const request = this.#requests.shift();
    if (request === undefined) return;
    if (this.broken) return request.asked.onError?.("Messages could not be retrieved");
    const { params: [subcommand, , cursor = "", limit], asked } = request;
    const at = this.#find(cursor);
    const count = Math.min(Number(limit), this.#most, this.#cut ? CUT : Infinity);
    const from = {
      LATEST: this.said - count,
      BEFORE: at - count,
      AFTER: at + 1,
      AROUND: at - Math.floor(count / 2),
    }[subcommand!]!;
    const to = subcommand === "BEFORE" ? at : from + count;
    for (let n = Math.max(from, this.forgotten); n < Math.min(to, this.said); n++) {
      for (const line of this.#lines(n)) asked.onLine?.("#tea", line);
    }
    asked.onEnd?.();
  }

  get waiting(): boolean {
    return this.#requests.length > 0;
  }

  check() {
    const { room } = this;
    const numbers = room.lines.map(({ text }) => Number(text));
    assertEquals(numbers, numbers.map((_, i) => numbers[0]! + i), "no gap, and no message twice");
    assert(numbers.length <= LINES_MAX, `${numbers.length} lines`);
    const caughtUp = this.online && room.queue === undefined;
    if (caughtUp && room.newer === "none") {
      assertEquals(numbers.at(-1) ?? -1, this.said - 1, "the lines include the latest message");
    }
    if (numbers.length > 0 && room.older === "none") {
      assertEquals(numbers[0], 0, "the lines begin with the first message");
    }
    if (!caughtUp) return;
    // A position without an id is after its time.
    const isAfter = (number: number, { id, time }: Position) => id === "" ? TIME(number) > time : number > numberOf(id);
    let unread = 0;
    for (let n = 0; n < this.said; n++) if (isAfter(n, room.lastRead!) && !this.own.has(n)) unread++;
    if (room.newMessages?.atLeast) assert(room.unread <= unread, `${room.unread} of ${unread} are unread`);
    else assertEquals(room.unread, unread);
    if (room.firstNewLine === undefined) return;
    const first = numbers.find((number) => isAfter(number, room.newMessages!.from) && !this.own.has(number));
    assertEquals(Number(room.firstNewLine.text), first);
  }

  /** The message that a cursor names, or the first one at or after its time. */
  #find(cursor: string): number {
    if (cursor === "*") return NaN;
    const [, kind, value = ""] = /^(msgid=id|timestamp=)(.+)$/.exec(cursor) ?? [];
    if (kind === "msgid=id") return Number(value);
    assertEquals(kind, "timestamp=", cursor);
    let at = 0;
    while (at < this.said && TIME(at) < new Date(value)) at++;
    return at;
  }

  #lines(number: number): Line[] {
    const own = this.own.has(number);
    return Array.from({ length: this.#parts }, (_, part) => {
      const text = part === 0 ? String(number) : "";
      return { kind: "say", nick: "bob", text, time: TIME(number), id: `id${number}`, part, own };
    });
  }
}

/** The events of the property test. */
const EVENTS = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("say" as const), count: fc.nat(5), own: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("say" as const), count: fc.nat(1500), own: fc.constant(false) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("connect" as const, "disconnect" as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom("older" as const, "newer" as const) }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant("answer" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("goToEnd" as const, "goToNews" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("goTo" as const), part: fc.double({ min: 0, max: 0.99, noNaN: true }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("reach" as const), end: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("look" as const), looking: fc.boolean() }) },
);

for (
  const [what, parts, most, cut, numRuns] of [
    ["", 1, 100, false, 200],
    [" when messages are long", 20, 100, true, 50],
    [" when answers are cut short", 1, 100, true, 50],
    [" when the server returns few messages at a time", 1, CUT, false, 50],
  ] as const
) {
  Deno.test(`history: lines have no gaps and unread messages are counted${what}`, () => {
    fc.assert(
      fc.property(fc.array(EVENTS, { maxLength: 80, size: "max" }), (events) => {
        const world = new World(parts, most, cut);
        for (const event of events) {
          switch (event.do) {
            case "say":
              world.say(event.count, event.own);
              break;
            case "older":
            case "newer":
              world.more(event.do);
              break;
            case "goTo":
              if (world.said > 0) world.goTo(event.part);
              break;
            case "reach":
              world.reach(event.end);
              break;
            case "look":
              world.model.setVisible(event.looking);
              break;
            default:
              world[event.do]();
          }
          world.check();
        }
        // In the end, all requests are answered, and the user can scroll back to the first message.
        world.connect();
        while (world.waiting) world.answer();
        world.goToEnd();
        while (world.waiting) world.answer();
        world.check();
        world.model.setAtEnd(false);
        for (let turns = 0; world.room.older === "more"; turns++) {
          assert(turns <= world.said / CUT + 2, "the first message is not reached");
          world.more("older");
          world.answer();
          world.check();
        }
        if (world.said > 0) assertEquals(world.room.lines[0]?.text, "0");
      }),
      { numRuns },
    );
  });
}

Deno.test("history: an answer is ignored when the line that it adjoins was dropped", () => {
  const world = new World();
  world.say(3000);
  world.connect();
  world.answer();
  world.reach(true);
  while (world.room.lines.length < 2000) {
    world.more("older");
    world.answer();
  }
  world.more("older");
  world.say(200); // drops the line that the answer adjoins
  assertEquals(world.room.older, "more");
  world.more("older");
  world.answer();
  world.check();
  world.more("older");
  while (world.waiting) world.answer();
  world.check();
});

Deno.test("history: a notice precedes new messages when the server has lost its history while the user reads old ones", () => {
  const world = new World();
  const { room } = world;
  world.say(1000);
  world.connect();
  world.answer();
  world.goTo(0.5);
  world.answer();
  assertEquals(room.newer, "more");
  const { length } = room.lines;
  world.disconnect();
  world.forgotten = world.said;
  world.say(2);
  world.connect();
  world.say(1);
  while (world.waiting) world.answer();
  const lost = "The server has lost its history: messages from before you came back may be missing here.";
  assertEquals(room.lines.slice(length - 1).map(({ text }) => text), ["524", lost, "1000", "1001", "1002"]);
  assertEquals([room.newer, room.unread], ["none", 3]);
});

Deno.test("history: a notice is shown and new messages are added when the server cannot read its history", () => {
  const world = new World();
  const { room } = world;
  const shown = () => room.lines.map(({ kind, text }) => kind === "say" ? text : `${kind}: ${text}`);
  const unknown = "info: Messages sent while you were away are not shown here.";
  world.broken = true;
  world.connect();
  world.say(2);
  assertEquals(shown(), []);
  world.answer();
  assertEquals([shown(), room.older, room.newer], [["0", "1"], "unknown", "none"]);
  world.disconnect();
  world.say(1);
  world.connect();
  world.say(1);
  world.answer();
  assertEquals([shown(), room.older], [["0", "1", unknown, "3"], "unknown"]);

  // Only when the server can read its history again, older messages are loaded.
  world.broken = false;
  world.disconnect();
  world.connect();
  while (world.waiting) world.answer();
  assertEquals([shown(), room.older], [["0", "1", unknown, "3"], "more"]);
  world.broken = true;
  world.more("older");
  for (let tries = 0; tries < 2; tries++) world.answer(); // by its id, and by its time
  assertEquals(room.older, "failed");
});

Deno.test("history: an answer that was cut short does not count as the whole history", () => {
  const world = new World(1, 100, true);
  const { room } = world;
  world.reach(true);
  world.say(50);
  world.connect();
  world.answer();
  world.disconnect();
  world.reach(true);
  world.model.setVisible(false);
  world.say(50);
  world.connect();
  world.say(1);
  world.answer();
  assertEquals([room.queue?.length, room.lines.at(-1)?.text], [1, "49"]);
  world.answer();
  assertEquals(room.lines.map(({ kind }) => kind), Array(20).fill("say"));
  assertEquals([room.lines[0]?.text, room.lines.at(-1)?.text, room.older, room.newer], ["81", "100", "more", "none"]);
  assertEquals([room.unread, room.newMessages?.atLeast, room.firstNewLine], [20, true, undefined]);
  world.check();
  while (room.older === "more") {
    world.more("older");
    world.answer();
    world.check();
  }
  assertEquals([room.lines[0]?.text, room.firstNewLine?.text], ["0", "50"]);
});

Deno.test("history: more messages are assumed when those before a short answer fail to load, and all are requested again after reconnecting", () => {
  const world = new World(1, 100, true);
  const { room } = world;
  const shown = () => [room.lines.map(({ text }) => text).join(" "), room.older, room.newer];
  world.say(5);
  world.connect();
  world.answer();
  world.reach(true);
  world.disconnect();
  world.say(50);
  world.connect();
  world.answer();
  world.disconnect();
  assertEquals([...shown(), room.queue], ["0 1 2 3 4", "more", "none", undefined]);
  world.connect();
  world.answer();
  world.broken = true;
  while (world.waiting) world.answer();
  assertEquals([...shown(), room.queue], ["45 46 47 48 49 50 51 52 53 54", "more", "none", undefined]);
});

Deno.test("history: a jump to a message or the end completes after the missed messages are loaded", () => {
  const ways = [
    { forgotten: 0, go: (world: World) => world.goToEnd(), first: 130, last: 139 },
    { forgotten: 95, go: (world: World) => world.goToEnd(), first: 130, last: 139 },
    { forgotten: 0, go: (world: World) => world.goTo(0.97), first: 92, last: 101 },
    { forgotten: 95, go: (world: World) => world.goTo(0.97), first: 95, last: 101 },
  ];
  for (const { forgotten, go, first, last } of ways) {
    const world = new World(1, 100, true);
    const { room } = world;
    world.say(50);
    world.connect();
    world.answer();
    world.goTo(0.2);
    world.answer();
    world.disconnect();
    world.forgotten = forgotten;
    world.say(50);
    world.connect();
    go(world);
    world.answer();
    world.say(40);
    world.answer();
    assertEquals(room.queue?.length, 40, "new lines are queued");
    while (world.waiting) world.answer();
    const numbers = Array.from({ length: last - first + 1 }, (_, i) => String(first + i));
    assertEquals([room.lines.map(({ text }) => text), room.queue], [numbers, undefined]);
  }
});

Deno.test("history: no further request is sent after an answer with as many messages as requested", () => {
  const world = new World();
  world.say(10);
  world.connect();
  world.answer();
  world.reach(true);
  world.disconnect();
  world.say(300);
  world.connect();
  world.answer();
  assertEquals([world.waiting, world.room.lines.length, world.room.older], [false, 100, "more"]);
});

Deno.test("history: nothing is requested when the room has no message or its end is shown, and a message that is gone is told", () => {
  const model = new Model();
  const room = model.open("#tea");
  const asked: PendingRequest[] = [];
  const chat = {
    model,
    historyMax: 100,
    connection: { has: () => true },
    request: (_command: string, _params: string[], request: PendingRequest) => asked.push(request) > 0,
  } as unknown as ChatContext;
  room.older = "more";
  loadMore(chat, room, "older");
  goToEnd(chat, room);
  assertEquals([room.older, asked.length], ["none", 0]);
  const told: string[] = [];
  goToMessage(chat, room, { id: "id5", time: TIME(5) }, (why) => told.push(why));
  const answer = asked.shift();
  answer?.onLine?.("#tea", { kind: "say", nick: "bob", text: "6", time: TIME(6), id: "id6", part: 0 });
  answer?.onEnd?.();
  assertEquals([told, room.lines.map(({ text }) => text)], [["That message no longer exists."], ["6"]]);
});

Deno.test("history: messages before one that the server no longer has are found by its time, and a lost request fails", () => {
  const model = new Model();
  const room = model.open("#tea");
  const asked: [words: string, request: PendingRequest][] = [];
  const chat = {
    model,
    historyMax: 100,
    connection: { has: () => true },
    request: (_: string, params: string[], request: PendingRequest) => asked.push([params.join(" "), request]) > 0,
  } as unknown as ChatContext;
  model.add(room, { kind: "say", nick: "bob", text: "6", time: TIME(6), id: "id6", part: 0 });
  loadMore(chat, room, "older");
  asked[0]?.[1].onError?.("There is no such message");
  assertEquals(asked.map(([words]) => words), [
    "BEFORE #tea msgid=id6 50",
    `BEFORE #tea timestamp=${TIME(6).toISOString()} 50`,
  ]);
  assertEquals(room.older, "loading");
  cancelLoading(chat, room);
  assertEquals(room.older, "failed");
});

/** The lines of a search's answer, and what is told of them. */
function searched(historyMax: number, online: boolean, ...lines: [room: string, number: number, part?: number][]) {
  const told: unknown[] = [];
  const request = (_command: string, _params: string[], { onLine, onEnd }: PendingRequest) => {
    for (const [room, number, part = 0] of lines) {
      onLine?.(room, { kind: "say", text: `${number}.${part} `, time: TIME(number), id: `id${number}`, part });
    }
    if (online) onEnd?.();
    return online;
  };
  search({ historyMax, request } as unknown as ChatContext, { words: "x", room: undefined, before: undefined }, {
    done: (items, full) => told.push(...items.map(({ room, line }) => `${room} ${line.text}`), full),
    failed: (why) => told.push(why),
  });
  return told;
}

Deno.test("search: the lines of a message are one result, in its room", () => {
  assertEquals(searched(50, true, ["#a", 1], ["#a", 1, 1], ["#b", 2]), ["#a 1.0 1.1 ", "#b 2.0 ", false]);
});

Deno.test("search: there may be more results when there are as many as the server returns", () => {
  assertEquals(searched(2, true, ["#a", 1], ["#a", 2]).at(-1), true);
  assertEquals(searched(3, true, ["#a", 1], ["#a", 2]).at(-1), false);
});

Deno.test("search: fails at once without a connection", () => {
  assertEquals(searched(2, false), ["Not connected. Try again when the connection is back."]);
});
