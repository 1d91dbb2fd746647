/**
 * What was said before, on the page: people come back and see what they missed, go back to the beginning, search. Each
 * with the server's own history, in a file or in memory.
 *
 * With TINCAN_SCREENSHOTS naming a directory, pictures of it are written there.
 */
/// <reference lib="dom" />
import { assert, assertEquals, assertMatch } from "@std/assert";
import { CUT_OFF, DEADLINE, missing, type Visitor, within, type World } from "./browser.ts";
import { executable, test } from "./forms.ts";
import { Client, type Form, run, source } from "./harness.ts";
import { Disk, noDisk } from "./history_disk.ts";
import { Directory, type Past, writePast } from "./history_store.ts";
import type { Locator, Page } from "../dependencies.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Whoever says much does not wait. */
const UNBOUND = ["--rate", "off"];

const DEVICES = {
  "a wide screen": {},
  "the narrowest phone": { viewport: { width: 320, height: 568 }, isMobile: true, hasTouch: true },
};

/** Registers a test that takes a browser, and a server that keeps what is said; some of it was said before. */
function browse(
  name: string,
  body: (world: World, directory: Directory) => Promise<void>,
  { past = [], forms = [source], args = [] }: { past?: Past[]; forms?: readonly Form[]; args?: string[] } = {},
): void {
  test(
    name,
    async (form) => {
      await using directory = await Directory.make();
      await writePast(directory, past);
      await within(form, (world) => body(world, directory), ["--data", directory.path, ...UNBOUND, ...args]);
    },
    missing,
    forms,
  );
}

/** A room in which much was said, `line 0` first, in the days until now. */
function manyLines(room: string, count: number, text = (n: number) => `line ${n}`): Past {
  const since = Date.now() - 3 * DAY;
  const step = (Date.now() - MINUTE - since) / count;
  // In bursts, so that some of it belongs together.
  const time = (n: number) => Math.floor(since + step * (n - n % 5) + (n % 5) * 10);
  return { room, since, lines: Array.from({ length: count }, (_, n) => ({ time: time(n), text: text(n) })) };
}

/** Lines that were said an hour ago. */
function said(...texts: string[]): Past["lines"] {
  return texts.map((text, n) => ({ text, time: Date.now() - 60 * MINUTE + n }));
}

/** Somebody on nc comes in, into a room. */
async function onNc({ server }: World, name: string, room: string): Promise<Client> {
  const client = await Client.join(server.port);
  await client.send(`/nick ${name}`, `/join ${room}`);
  await client.until(new RegExp(`^-- You are (alone )?in ${room}\\b`));
  return client;
}

/** Says things, and waits until all of it is said. */
async function say(client: Client, ...texts: string[]): Promise<void> {
  await client.send(...texts, "/ping");
  await client.until("-- Pong.");
}

/** What stands in the log, line by line and in order, without names and times: what was said, and what stands between. */
function shown({ log }: Visitor): Promise<string[]> {
  return log.evaluate((element) => {
    const lines = element.querySelectorAll(".line:not(.quiet) .text, .separator.mark");
    return [...lines].map(({ textContent, role }) => role === "separator" ? `-- ${textContent}` : textContent ?? "");
  });
}

/** How far below the top of the log a line is. */
function offset({ log }: Visitor, text: string): Promise<number | undefined> {
  return log.evaluate((element, text) => {
    const line = [...element.querySelectorAll(".line .text")].find(({ textContent }) => textContent === text);
    return line && line.getBoundingClientRect().top - element.getBoundingClientRect().top;
  }, text);
}

/** Waits until a line can be seen in the log, and not only is in it. */
async function inView({ page }: Visitor, text: string): Promise<void> {
  await page.waitForFunction((text) => {
    const log = document.querySelector("[role=log]:not([hidden])")!;
    const { top, bottom } = log.getBoundingClientRect();
    return [...log.querySelectorAll(".line .text")].some((line) => {
      const box = line.getBoundingClientRect();
      return line.textContent === text && box.top >= top - 1 && box.bottom <= bottom + 1;
    });
  }, text);
}

/** A number for each line, as in `line 7`; it fails if one has none. What stands between does not count. */
function numbers(texts: string[]): number[] {
  return texts.filter((text) => !text.startsWith("-- ")).map((text) => {
    const [, number] = /(\d+)$/.exec(text) ?? [];
    assert(number !== undefined, `no number: ${text}`);
    return Number(number);
  });
}

/** Fails if there is a hole between lines, or one is there twice, or out of order. */
function assertInARow(texts: string[]): void {
  const found = numbers(texts);
  assertEquals(found, found.map((_, i) => found[0]! + i));
}

/**
 * Goes back to the beginning, as far up as it goes each time, and fails if what can be seen there moves when more comes.
 *
 * @returns How often more came, and the most lines that the page had.
 */
async function goBack(visitor: Visitor): Promise<{ pages: number; most: number }> {
  const { page, log } = visitor;
  let most = 0;
  for (let pages = 0;; pages++) {
    const { first, text, top, count, done } = await log.evaluate((log) => {
      log.scrollTop = 0;
      const edge = log.getBoundingClientRect().top;
      const lines = [...log.querySelectorAll(".line .text")];
      const line = lines.find((line) => line.getBoundingClientRect().top >= edge)!;
      return {
        first: lines[0]!.textContent,
        text: line.textContent ?? "",
        top: line.getBoundingClientRect().top - edge,
        count: lines.length,
        done: log.textContent?.includes("This is where the room begins.") ?? false,
      };
    });
    most = Math.max(most, count);
    if (done) return { pages, most };
    await page.waitForFunction((first) => {
      const log = document.querySelector("[role=log]:not([hidden])")!;
      return log.querySelector(".line .text")!.textContent !== first || /room begins/.test(log.textContent ?? "");
    }, first);
    const now = await offset(visitor, text);
    // At the very beginning, what stands there takes more room than the word that it loads.
    const begins = await log.getByText("This is where the room begins.").count() > 0;
    if (!begins || now !== undefined) assert(Math.abs(now! - top) <= 1, `${text} was at ${top}, and is at ${now}`);
  }
}

/** Stands between a page and the server, and holds some of what goes by. */
class Middleman {
  /** What the server is not to be asked for yet. */
  readonly asked: string[] = [];
  holdsRequests = false;
  holdsAnswers = false;
  #held: (() => void)[] = [];
  #news = Promise.withResolvers<void>();

  /** @param withoutHistory Whether the page is to think that the server keeps nothing. */
  async between(page: Page, withoutHistory = false): Promise<void> {
    await page.routeWebSocket(/\/irc$/, (socket) => {
      const server = socket.connectToServer();
      let batch: string | undefined; // the answer under way
      socket.onMessage((frame) => {
        const line = String(frame);
        if (!line.includes(" CHATHISTORY LATEST ")) return server.send(line);
        this.#pass(this.holdsRequests, () => server.send(line));
      });
      server.onMessage((frame) => {
        for (const line of String(frame).split("\n")) {
          const begins = /BATCH \+(\S+) chathistory/.exec(line)?.[1];
          batch ??= begins;
          const within = batch !== undefined;
          if (within && line.endsWith(` BATCH -${batch}`)) batch = undefined;
          const shown = withoutHistory ? line.replace(/ draft\/chathistory| soju\.im\/search/g, "") : line;
          this.#pass(within && this.holdsAnswers, () => socket.send(shown), begins !== undefined);
        }
      });
    });
  }

  /** Waits until it holds something. */
  async holding(): Promise<void> {
    while (this.#held.length === 0) await this.#news.promise;
  }

  /** Lets it all go by. */
  release(): void {
    this.holdsRequests = this.holdsAnswers = false;
    for (const pass of this.#held.splice(0)) pass();
  }

  #pass(hold: boolean, pass: () => void, tell = true) {
    if (!hold) return pass();
    this.#held.push(pass);
    if (!tell) return;
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}

browse(
  "people come back to what was said, also while the server was down, in its order",
  async (world, directory) => {
    const args = ["--data", directory.path, ...UNBOUND];
    const fixed = ["--web-port", String(world.server.webPort)];
    const alice = await world.guest("alice", "#tea");
    alice.foreseen.push(CUT_OFF);
    await alice.isIn("#tea");
    {
      using bob = await onNc(world, "bob", "#tea");
      await say(bob, "/me puts the kettle on", "line 1", "line 2");
      await alice.sees("line 2");
    }
    await alice.say("line 3");
    await alice.page.locator(".sending").waitFor({ state: "detached" });
    await world.kill();
    await alice.page.getByText(/The connection was lost|Cannot reach the server/).first().waitFor();

    await world.restart(args); // on another port: she does not find it
    {
      using bob = await onNc(world, "bob", "#tea");
      await say(bob, "line 4", "line 5", "alice, are you there?");
    }
    await world.kill();
    await world.restart([...args, ...fixed]);
    await alice.sees("alice, are you there?");
    using bob = await onNc(world, "bob", "#tea");
    await say(bob, "line 7");
    await alice.sees("line 7");
    const all = ["bob puts the kettle on", "line 1", "line 2", "line 3", "line 4", "line 5", "alice, are you there?"];
    const found = [...all.slice(0, 4), "-- New messages", ...all.slice(4), "line 7"];
    assertEquals(
      (await shown(alice)).filter((text) => !/^(bob|You) (put|gave|made)/.test(text) || all.includes(text)),
      found,
    );
    assertEquals(await alice.log.getByText(/were away are not shown/).count(), 0);

    // A new window has all of it too, and nothing of it is new to who was never here.
    const carol = await world.guest("carol", "#tea");
    await carol.sees("line 7");
    assertEquals(await shown(carol), [...all, "line 7"]);
    await carol.titled("#tea · tincan");
    await carol.sees("This is where the room begins.");
  },
  { forms: [source, executable] },
);

const LONG = 5000;
const PAST = manyLines("#tea", LONG);

browse(
  "5,000 messages: one goes back to the beginning and on to the end, and nothing jumps",
  async (world) => {
    const alice = await world.guest("alice", "#tea");
    const { page, log } = alice;
    await alice.isIn("#tea");
    await inView(alice, `line ${LONG - 1}`);
    assertEquals((await shown(alice)).length, 100);

    // With the wheel, and with the keys, from where one writes and from the messages.
    const first = async () => numbers(await shown(alice))[0]!;
    const older = async (what: string, go: () => Promise<void>) => {
      const before = await first();
      const ends = Date.now() + DEADLINE;
      while (await first() === before) {
        if (Date.now() > ends) throw new Error(`Nothing older comes with ${what}`);
        await go();
        await alice.frame();
      }
      assertInARow(await shown(alice));
    };
    await alice.until(alice.composer, (element) => element === document.activeElement, true);
    await older("PageUp where one writes", () => page.keyboard.press("PageUp"));
    await log.focus();
    await older("PageUp", () => page.keyboard.press("PageUp"));
    await older("Home", () => page.keyboard.press("Home"));
    await log.hover();
    await older("the wheel", () => page.mouse.wheel(0, -2000));
    await page.keyboard.press("End");
    await alice.until(log, (log) => log.scrollHeight - log.scrollTop - log.clientHeight < 1, true);
    await inView(alice, `line ${LONG - 1}`);

    const { pages, most } = await goBack(alice);
    assert(pages >= 50, `${pages} pages`);
    assert(most <= 2100, `${most} lines`);
    await inView(alice, "line 0");
    const texts = await shown(alice);
    assertEquals(texts[0], "line 0");
    assertInARow(texts);
    // By the browser's calendar, and without the year, which some of them have in the first days of another.
    const days = await page.evaluate((times) => {
      const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
      return [...new Set(times.map((time) => day.format(time)))];
    }, PAST.lines.slice(0, texts.length).map(({ time }) => time));
    assert(days.length > 1);
    const told = await log.getByRole("separator").allTextContents();
    const plain = (day: string) => day.replace(",", "").replace(/ \d{4}$/, "");
    assertEquals(told.map(plain), days.map(plain));

    // What is said now is counted, and not put after what was said days ago.
    using bob = await onNc(world, "bob", "#tea");
    await say(bob, `line ${LONG}`, `line ${LONG + 1}`);
    const latest = page.getByRole("button", { name: "2 new messages", exact: true });
    await latest.waitFor();
    await alice.titled("• #tea · tincan");
    assertInARow(await shown(alice));

    // On from there, where the page let go of what came later: it comes again.
    const last = async () => numbers(await shown(alice)).at(-1)!;
    for (let n = await last(); n < 2400; n = await last()) {
      await page.keyboard.press("End");
      await alice.frame();
    }
    assertInARow(await shown(alice));
    assert((await shown(alice)).length <= 2100);
    await latest.click();
    await inView(alice, `line ${LONG + 1}`);
    await alice.titled("#tea · tincan");
    assertInARow(await shown(alice));
    await say(bob, `line ${LONG + 2}`);
    await inView(alice, `line ${LONG + 2}`);
  },
  { past: [PAST] },
);

browse("what is said while what was said comes is in its place, once", async (world) => {
  const people = new Map<string, Middleman>();
  using bob = await onNc(world, "bob", "#tea");
  await say(bob, "line 0", "line 1");
  for (const [name, holds] of [["alice", "holdsRequests"], ["carol", "holdsAnswers"]] as const) {
    // The server has it in its answer, or not any more.
    const middleman = new Middleman();
    people.set(name, middleman);
    middleman[holds] = true;
    const visitor = await world.visitor("#tea", {}, (page) => middleman.between(page));
    await visitor.name.fill(name);
    await visitor.page.keyboard.press("Enter");
    await middleman.holding();
    await visitor.people.getByRole("button", { name: "bob" }).waitFor();
    const before = name === "alice" ? 2 : 4;
    await say(bob, `line ${before}`, `line ${before + 1}`);
    assertEquals(await shown(visitor), [], "not before it is known what comes before");
    middleman.release();
    await visitor.sees(`line ${before + 1}`);
    const texts = (await shown(visitor)).filter((text) => /^line|^--/.test(text));
    assertEquals(numbers(texts), Array.from({ length: before + 2 }, (_, n) => n));
  }
});

browse("without a server that keeps anything, the page is as it was", async (world) => {
  const alice = await world.visitor("#tea", {}, (page) => new Middleman().between(page, true));
  await alice.enter("alice");
  await alice.isIn("#tea");
  await alice.sees("You joined here. Earlier messages are not shown.");
  await alice.page.getByRole("button", { name: "Search" }).waitFor({ state: "hidden" });
  await alice.say("/search anything");
  await alice.page.getByRole("alert").getByText("This server does not support search.").waitFor();
  alice.foreseen.push(CUT_OFF);
  await world.kill();
  await alice.sees("Messages sent while you were away are not shown here.");
});

browse(
  "one comes back to what is new: how much, where it begins, and who was meant",
  async (world) => {
    const alice = await world.guest("alice", "#tea");
    const { page } = alice;
    await inView(alice, "line 299");
    await alice.titled("#tea · tincan"); // what was there before one came is not new
    using bob = await onNc(world, "bob", "#tea");
    await say(bob, "line 300");
    await inView(alice, "line 300");

    // The next day.
    const away = async () => {
      await page.goto("about:blank");
      await bob.until(/^-- alice left #/);
    };
    const back = () => page.goto(`${world.url}#tea`);
    await away();
    await say(
      bob,
      ...Array.from({ length: 8 }, (_, n) => `line ${n + 301}`),
      "/join #lobby",
      "alice: lobby 0",
      "lobby 1",
    );
    await back();
    await inView(alice, "line 308");
    assertEquals(
      (await shown(alice)).slice(-10),
      [
        "line 299",
        "line 300",
        "-- New messages",
        ...Array.from({ length: 8 }, (_, n) => `line ${n + 301}`),
      ].slice(-10),
    );
    await alice.titled("(1) #tea · tincan");
    await alice.until(alice.tab("#tea"), ({ textContent }) => textContent, "#tea");
    await alice.until(alice.tab("#lobby"), ({ textContent }) => textContent, "#lobby2 unread, 1 for you");
    await alice.tab("#lobby").click();
    await inView(alice, "lobby 1");
    await alice.titled("#lobby · tincan");
    assertEquals((await shown(alice)).slice(-3), ["-- New messages", "alice: lobby 0", "lobby 1"]);

    // It was read, and is not new again.
    await away();
    await back();
    await inView(alice, "line 308");
    await alice.titled("#tea · tincan");
    assertEquals(await alice.page.getByRole("separator", { name: "New messages" }).count(), 0);

    // More than can be seen at a time: one is where it begins, and has not read it until one was at the end.
    await away();
    const many = Array.from({ length: 60 }, (_, n) => `line ${n + 309}`);
    await say(bob, "/join #tea", ...many);
    await back();
    await inView(alice, "line 309");
    const mark = page.getByRole("separator", { name: "New messages" });
    const box = await mark.evaluate((mark) => {
      return mark.getBoundingClientRect().top - mark.parentElement!.getBoundingClientRect().top;
    });
    assert(box >= 0 && box < 100, `the separator is at ${box}`);
    await alice.until(alice.tab("#tea"), ({ textContent }) => textContent, "#tea60 unread");
    await away();
    await back();
    await alice.until(alice.tab("#tea"), ({ textContent }) => textContent, "#tea60 unread");
    await page.getByRole("button", { name: "60 new messages", exact: true }).click();
    await inView(alice, "line 368");
    await alice.until(alice.tab("#tea"), ({ textContent }) => textContent, "#tea");
    const earliest = page.getByRole("button", { name: /new messages since/ });
    assertEquals(await earliest.count(), 0, "she has seen where they begin");

    // More than comes at first: a button leads to where it begins.
    await away();
    await say(bob, ...Array.from({ length: 150 }, (_, n) => `line ${n + 369}`));
    await back();
    await inView(alice, "line 518");
    await alice.titled("#tea · tincan");
    assertEquals(await mark.count(), 0);
    // With the day of the week, should there have been a midnight since.
    assertMatch(await earliest.textContent() ?? "", /^\s*More than 100 new messages since (?:\w+, )?\d+:\d\d\s*$/);
    await alice.assertAccessible("with the way to what is new");
    await earliest.click();
    await inView(alice, "line 369");
    await mark.waitFor();
    await earliest.waitFor({ state: "hidden" });
    const texts = await shown(alice);
    assertEquals(texts[texts.indexOf("-- New messages") + 1], "line 369");
    assertInARow(texts);
    // On from there.
    const toEnd = page.getByRole("button", { name: "To the end" });
    while (await toEnd.isVisible()) {
      await page.keyboard.press("End");
      await alice.frame();
    }
    await inView(alice, "line 518");
    assertInARow(await shown(alice));
    await say(bob, "line 519");
    await inView(alice, "line 519");
  },
  { past: [manyLines("#tea", 300)], forms: [source, executable] },
);

browse("up to where one has read is remembered of 200 rooms, and nonsense does no harm", async (world) => {
  const alice = await world.guest("alice", "#tea");
  await alice.page.evaluate(() => {
    const rows: unknown[] = Array.from({ length: 300 }, (_, n) => [`#room${n}`, `id${n}`, n]);
    rows.push("nonsense", [1, 2, 3], ["#x", "y", "z"], null);
    localStorage.setItem("tincan.read", JSON.stringify(rows));
  });
  const remembered = (page: Page) => {
    return page.evaluate(() => JSON.parse(localStorage.getItem("tincan.read") ?? "[]") as [string][]);
  };
  await alice.say("something");
  await alice.page.locator(".sending").waitFor({ state: "detached" });
  await alice.page.waitForFunction(() => localStorage.getItem("tincan.read")?.includes('"#tea"'));
  const rows = await remembered(alice.page);
  assert(rows.every((row) => row.map((each) => typeof each).join() === "string,string,number"), JSON.stringify(rows));
  const rooms = rows.map(([room]) => room);
  assertEquals(rooms.length, 200);
  assert(rooms.includes("#room299") && !rooms.includes("#room0"), rooms.join(" "));

  await alice.page.evaluate(() => localStorage.setItem("tincan.read", "{nonsense"));
  await alice.page.reload();
  await alice.isIn("#tea");
  await alice.sees("something");
  await alice.titled("#tea · tincan");
});

/** The server's clock, by which the page goes, and a zone in which it is about noon: no midnight comes in between. */
const NOW = Date.now();
const AHEAD = 12 - new Date(NOW).getUTCHours();
const ZONE = `Etc/GMT${AHEAD > 0 ? "-" : "+"}${Math.abs(AHEAD)}`;

/** How long ago something was said: long enough for another year, for another day, and a moment. */
const AGES = [400 * DAY, 2 * DAY, MINUTE];

/** A time in the page's zone, as its locale writes it. */
function written(time: number, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, ...options }).format(time);
}

browse(
  "page: a day has its year if that is not this one, and a time its day if that is not today",
  async (world) => {
    const alice = await world.visitor("#tea", { timezoneId: ZONE });
    await alice.enter("alice");
    await inView(alice, `word ${AGES.length - 1}`);
    const days = await alice.log.getByRole("separator").allTextContents();
    const times = AGES.map((ago) => NOW - ago);
    const named = times.map((time) => {
      const year = written(time, { year: "numeric" });
      const isOther = year !== written(NOW, { year: "numeric" });
      const day = written(time, { weekday: "long", day: "numeric", month: "long" });
      return isOther ? `${day} ${year}` : day;
    });
    assertEquals(days.map((day) => day.replace(",", "")), named.map((day) => day.replace(",", "")));
    await alice.say("/search word");
    const dialog = alice.dialog("Search");
    await dialog.getByText(`${AGES.length} messages with these words.`).waitFor();
    const moments = times.toReversed().map((time) => {
      const clock = written(time, { hour: "numeric", minute: "2-digit" });
      const day = written(time, { dateStyle: "medium" });
      return day === written(NOW, { dateStyle: "medium" }) ? clock : `${day}, ${clock}`;
    });
    assertEquals(await dialog.getByRole("listitem").locator("time").allTextContents(), moments);
  },
  {
    past: [{
      room: "#tea",
      since: NOW - 500 * DAY,
      lines: AGES.map((ago, n) => ({ time: NOW - ago, text: `word ${n}` })),
    }],
    args: ["--keep", "off"],
  },
);

const WORDS = Array.from({ length: 300 }, (_, n) => `word${n}`).join(" ");

browse(
  "a message that takes several lines is one message",
  async (world) => {
    const alice = await world.guest("alice", "#tea");
    await alice.sees("after");
    const all = ["before", WORDS, "after"];
    assertEquals(await shown(alice), all);
    using bob = await onNc(world, "bob", "#tea");
    await say(bob, ...all);
    await alice.until(alice.log, (log) => log.querySelectorAll(".say .text").length, 2 * all.length);
    assertEquals(await shown(alice), [...all, ...all]);
    await alice.say("/search word299");
    const result = alice.dialog("Search").getByRole("listitem");
    await result.getByText(/^… .* word299$/).first().waitFor();
    // What was said just now may be found already.
    assert([1, 2].includes(await result.count()));
    assertEquals(await result.locator("mark").allTextContents(), Array(await result.count()).fill("word299"));
  },
  { past: [{ room: "#tea", since: Date.now() - DAY, lines: said("before", WORDS, "after") }] },
);

browse("somebody who is reading is not disturbed by much that is said, and does not hold it", async (world) => {
  const alice = await world.guest("alice", "#tea");
  const { log } = alice;
  await inView(alice, "line 1999");
  await goBack(alice);
  await inView(alice, "line 0");
  await alice.page.getByRole("button", { name: "To the end" }).click();
  await inView(alice, "line 1999");
  // Up again by so much that the beginning of what the page has is near.
  while (await log.locator(".line").count() < 1000) {
    await log.evaluate((log) => void (log.scrollTop = 0));
    await alice.frame();
  }
  await log.evaluate((log) => void (log.scrollTop = 1000));
  await alice.frame();
  const seen = await log.evaluate((log) => {
    const edge = log.getBoundingClientRect().top;
    const line = [...log.querySelectorAll(".line .text")].find((line) => line.getBoundingClientRect().top >= edge)!;
    return line.textContent!;
  });
  const before = await offset(alice, seen);
  using bob = await onNc(world, "bob", "#tea");
  for (let n = 0; n < 1500; n += 100) {
    await say(bob, ...Array.from({ length: 100 }, (_, i) => `line ${2000 + n + i}`));
  }
  await alice.page.getByRole("button", { name: "1500 new messages", exact: true }).waitFor();
  assert(Math.abs((await offset(alice, seen) ?? NaN) - before!) <= 1);
  assert(await log.locator(".line").count() <= 2100);
  assertInARow(await shown(alice));
  await alice.page.getByRole("button", { name: "1500 new messages", exact: true }).click();
  await inView(alice, "line 3499");

  // Whoever says something sees it, and what came before.
  await alice.line("line 3450").waitFor();
  await log.evaluate((log) => void (log.scrollTop = 0));
  await inView(alice, "line 3450");
  await alice.page.getByRole("button", { name: "To the end" }).waitFor();
  await say(bob, ...Array.from({ length: 2100 }, (_, n) => `line ${n + 3500}`));
  await alice.page.getByRole("button", { name: "2100 new messages", exact: true }).waitFor();
  await alice.say("line 5600");
  await inView(alice, "line 5600");
  await alice.page.locator(".sending").waitFor({ state: "detached" });
  assertInARow(await shown(alice));
  await inView(alice, "line 5600");
}, { past: [manyLines("#tea", 2000)] });

/** What is said about when searching. */
const TALK = [
  { room: "#tea", since: Date.now() - 3 * DAY, lines: manyLines("#tea", 400, topic).lines },
  { room: "#cake", since: Date.now() - 3 * DAY, lines: said("no kettle, but a CAKE") },
];

/** What has a kettle in it was said more than a day ago, so never on the day of the test: its date stands beside it. */
function topic(n: number): string {
  if (n === 57) return "the Kettle is broken";
  if (n === 250) return "kéttle, the new one: \x02bold\x02 and red";
  return n % 4 === 3 ? `about the pot ${n}` : `line ${n}`;
}

browse(
  "one searches, here or everywhere, and goes to what was found",
  async (world) => {
    const alice = await world.guest("alice", "#cake");
    const { page } = alice;
    const { keyboard } = page;
    await alice.join("#tea");
    await inView(alice, "about the pot 399");

    // With the keys alone.
    await keyboard.press("Control+Shift+F");
    const dialog = alice.dialog("Search");
    const words = dialog.getByRole("searchbox", { name: "Words" });
    const status = dialog.getByRole("status");
    const results = dialog.getByRole("list", { name: "Search results" }).getByRole("button");
    await alice.until(words, (element) => element === document.activeElement, true);
    await keyboard.press("Enter");
    await status.getByText("Enter the words to search for.").waitFor();
    await keyboard.type("KETTLE");
    await keyboard.press("Enter");
    await status.getByText("2 messages with these words.").waitFor();
    const texts = () => results.locator(".said").allTextContents();
    assertEquals(await texts(), ["kéttle, the new one: bold and red", "the Kettle is broken"]);
    assertEquals(await results.locator("mark").allTextContents(), ["kéttle", "Kettle"]);
    for (const about of await results.locator(".about").allTextContents()) {
      assertMatch(about, /^past\s+\d+ \w+ \d+, \d+:\d\d$/);
    }
    await keyboard.press("ArrowDown");
    await keyboard.press("ArrowDown");
    await alice.until(results.last(), (element) => element === document.activeElement, true);
    const lit = await alice.lookOut(".line.found .text", "the Kettle is broken");
    await keyboard.press("Enter");
    await dialog.waitFor({ state: "hidden" });
    await inView(alice, "the Kettle is broken");
    const line = alice.line("the Kettle is broken");
    await alice.until(line, (element) => element === document.activeElement, true);
    await lit();
    await alice.until(line, (element) => element.classList.contains("found"), false);

    // It is among what was said around it, and one goes on from there, back and on.
    const around = await shown(alice);
    const at = around.indexOf("the Kettle is broken");
    assertEquals(around.slice(at - 2, at + 3), [55, 56, 57, 58, 59].map(topic));
    await page.getByRole("button", { name: "To the end" }).waitFor();
    await goBack(alice);
    await inView(alice, topic(0));
    while (!(await shown(alice)).includes(topic(399))) {
      await keyboard.press("End");
      await alice.frame();
    }
    assertEquals(await shown(alice), Array.from({ length: 400 }, (_, n) => topic(n).replaceAll("\x02", "")));

    // In all rooms, by a command; what was found is still there for who comes back to it.
    await alice.say("/search kettle");
    await dialog.getByRole("radio", { name: "All your rooms" }).check();
    await status.getByText("3 messages with these words.").waitFor();
    assertEquals(await results.locator(".where").allTextContents(), ["#cake", "#tea", "#tea"]);
    await results.first().click();
    await alice.isIn("#cake");
    await inView(alice, "no kettle, but a CAKE");
    await page.getByRole("button", { name: "Search" }).click();
    await status.getByText("3 messages with these words.").waitFor();

    // More than come at a time.
    await dialog.getByRole("button", { name: "Close" }).click();
    await alice.tab("#tea").click();
    await alice.say("/search POT about");
    await status.getByText("The last 50 messages with these words.").waitFor();
    await searchOn(dialog);
    await status.getByText(/^100 messages with these words.$/).waitFor();
    assertEquals(await texts(), Array.from({ length: 100 }, (_, i) => topic(399 - 4 * i)));

    await dialog.getByRole("radio", { name: "#tea" }).check();
    // What is no word, what nobody said, and what a database might take for a command.
    for (
      const [sought, answer] of [
        ["kettle cake", "No messages found."],
        ["unheard", "No messages found."],
        ["kettle OR pot", "No messages found."],
        ['kett* "', "No messages found."],
        ['NEAR("the" kettle', "No messages found."],
        ["; -- \\", "There is no word to search for."],
      ] as const
    ) {
      await words.fill("");
      await keyboard.press("Enter");
      await status.getByText("Enter the words to search for.").waitFor();
      await words.fill(sought);
      await keyboard.press("Enter");
      await status.getByText(answer).waitFor();
    }
    await words.fill('"kettle" (broken)');
    await keyboard.press("Enter");
    await status.getByText("1 message with these words.").waitFor();

    // Without a server.
    alice.foreseen.push(CUT_OFF);
    await world.kill();
    await alice.until(status, () => document.getElementById("banner")!.hidden, false);
    await words.press("Enter");
    await status.getByText("Not connected. Try again when the connection is back.").waitFor();
  },
  { past: TALK, forms: [source, executable] },
);

for (const [device, options] of Object.entries(DEVICES)) {
  browse(`what was said before, on ${device}, by day and by night`, async (world) => {
    const alice = await world.guest("alice", "#tea", options);
    const { page } = alice;
    await inView(alice, "about the pot 399");
    using bob = await onNc(world, "bob", "#tea");
    await page.goto("about:blank");
    await bob.until(/^-- alice left #/);
    await say(bob, ...Array.from({ length: 120 }, (_, n) => `news ${n}`));
    await page.goto(`${world.url}#tea`);
    await inView(alice, "news 119");
    await page.getByRole("button", { name: /More than 100 new messages since/ }).waitFor();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await alice.assertAccessible(`what is new on ${device}, ${colorScheme}`);
      await alice.assertFits(`what is new on ${device}`);
    }
    const search = page.getByRole("button", { name: "Search" });
    await search.click();
    const dialog = alice.dialog("Search");
    await dialog.getByRole("searchbox").fill("kettle");
    await dialog.getByRole("button", { name: "Search", exact: true }).click();
    await dialog.getByText("2 messages with these words.").waitFor();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await alice.assertAccessible(`what was found on ${device}, ${colorScheme}`);
      await alice.assertFits(`what was found on ${device}`);
    }
    await dialog.getByRole("button", { name: /broken/ }).click();
    await inView(alice, "the Kettle is broken");
    await alice.assertAccessible(`among what was said, on ${device}`);
    await alice.assertFits(`among what was said, on ${device}`);
    await page.getByRole("button", { name: "To the end" }).click();
    await inView(alice, "news 119");
    await goBack(alice);
    await alice.assertAccessible(`at the beginning, on ${device}`);
  }, { past: TALK });
}

test(
  "without --data, what was said is there for as long as the server is",
  (form) =>
    within(form, async (world) => {
      const args = [...UNBOUND, "--web-port", String(world.server.webPort)];
      using bob = await onNc(world, "bob", "#tea");
      await say(bob, ...Array.from({ length: 250 }, (_, n) => `line ${n}`));
      const alice = await world.guest("alice", "#tea");
      await inView(alice, "line 249");
      await goBack(alice);
      await inView(alice, "line 0");
      assertInARow(await shown(alice));
      await alice.page.reload();
      await inView(alice, "line 249");
      await alice.titled("#tea · tincan");
      await alice.say("/search 17");
      const result = alice.dialog("Search").getByRole("listitem");
      await result.getByText("line 17").waitFor();
      await result.getByRole("button").click();
      await inView(alice, "line 17");
      assertInARow(await shown(alice));
      await alice.page.getByRole("button", { name: "To the end" }).click();
      await inView(alice, "line 249");

      alice.foreseen.push(CUT_OFF);
      await world.kill();
      await alice.page.getByText(/The connection was lost|Cannot reach the server/).first().waitFor();
      await world.restart(args);
      await alice.sees(
        "The server has lost its history: messages from before you came back may be missing here.",
      );
      using carol = await onNc(world, "carol", "#tea");
      await say(carol, "line 250");
      await inView(alice, "line 250");
      await alice.sees("line 249");
    }, UNBOUND),
  missing,
  [source],
);

/** So few that it shows: two messages in an answer, and three of them said in one millisecond. */
const FEW = ["--max-history", "2"];
const TOGETHER = [0, 1, 2, 2, 2, 3, 4].map((at, n) => ({ time: Date.now() - 60 * MINUTE + at, text: `old line ${n}` }));

browse(
  "where the server tells little at a time, one comes back, goes back and searches to the beginning",
  async (world, directory) => {
    const args = ["--data", directory.path, ...UNBOUND, ...FEW];
    const fixed = ["--web-port", String(world.server.webPort)];
    const fresh = Array.from({ length: 5 }, (_, n) => `line ${n + 7}`);
    const alice = await world.guest("alice", "#tea");
    await inView(alice, "old line 6");
    alice.foreseen.push(CUT_OFF);
    await world.kill();
    await alice.page.getByText(/The connection was lost|Cannot reach the server/).first().waitFor();
    await world.restart(args); // on another port: she does not find it
    {
      using bob = await onNc(world, "bob", "#tea");
      await say(bob, ...fresh);
    }
    await world.kill();
    await world.restart([...args, ...fixed]);
    await inView(alice, "line 11");
    await alice.sees("This is where the room begins."); // what there is room for comes by itself
    const old = TOGETHER.map(({ text }) => text);
    const seen = (await shown(alice)).filter((text) => /line|may be missing/.test(text));
    assertEquals(seen, [...old, ...fresh]);

    // Of those that were said in one millisecond, no more are found than come at a time; what was said before them is.
    await alice.say("/search old");
    const dialog = alice.dialog("Search");
    await dialog.getByText("The last 2 messages with these words.").waitFor();
    await searchOn(dialog);
    const found = await dialog.getByRole("listitem").locator(".said").allTextContents();
    assertEquals(found, old.toReversed().filter((text) => text !== "old line 2"));
  },
  { past: [{ room: "#tea", since: Date.now() - DAY, lines: TOGETHER }], args: FEW },
);

browse("what was said in private comes back where it is kept", async (world) => {
  const alice = await world.guest("alice");
  using bob = await onNc(world, "bob", "#lobby");
  await say(bob, "/msg alice psst");
  await alice.tab("bob").click();
  await alice.sees("psst");
  await alice.say("what is it?");
  await bob.until("*alice* what is it?");
  await alice.page.reload();
  await alice.tab("bob").click();
  await alice.sees("what is it?");
  assertEquals(await shown(alice), ["psst", "what is it?"]);
  await alice.sees("Only the two of you can read this.");
  await alice.titled("bob · tincan");

  // Closed, it stays closed, until there is something new.
  await alice.say("/part");
  await alice.tab("bob").waitFor({ state: "detached" });
  await alice.page.reload();
  await alice.isIn("#lobby");
  await alice.say("hello");
  await alice.page.locator(".sending").waitFor({ state: "detached" }); // then what was asked before is answered, too
  assertEquals(await alice.tab("bob").count(), 0);
  await alice.say("/msg bob now?");
  await alice.sees("now?");
  await alice.sees("what is it?"); // what was said before comes a moment later
  assertEquals(await shown(alice), ["psst", "what is it?", "now?"]);
}, { args: ["--keep-private"] });

browse(
  "page: conversations come back and days are the server's when the clock of the device is wrong",
  async (world) => {
    const alice = await world.guest("alice");
    using bob = await onNc(world, "bob", "#lobby");
    await say(bob, "/msg alice psst");
    await alice.tab("bob").click();
    await alice.sees("psst");
    const day = await alice.log.locator(".day").allTextContents();
    for (const days of [-400, 400]) {
      await alice.page.addInitScript((by) => {
        const page = globalThis as unknown as { Date: DateConstructor; ahead?: number };
        const shift = by - (page.ahead ?? 0); // it is run after the one before
        page.ahead = by;
        page.Date = new Proxy(page.Date, {
          construct: (real, args) => Reflect.construct(real, args.length === 0 ? [real.now() + shift] : args),
          get: (real, name) => name === "now" ? () => real.now() + shift : Reflect.get(real, name),
        });
      }, days * DAY);
      await alice.page.reload();
      await alice.tab("bob").click();
      await alice.sees("psst");
      assertEquals(await alice.log.locator(".day").allTextContents(), day, `${days} days ahead`);
    }
  },
  { args: ["--keep-private"] },
);

browse("what was forgotten meanwhile is passed over", async (world, directory) => {
  const args = ["--data", directory.path, ...UNBOUND, "--web-port", String(world.server.webPort)];
  const alice = await world.guest("alice", "#tea");
  alice.foreseen.push(CUT_OFF);
  await inView(alice, "line 199");
  using bob = await onNc(world, "bob", "#tea");
  await say(bob, "mine");
  await alice.say("/search line");
  const dialog = alice.dialog("Search");
  await searchOn(dialog);
  await dialog.getByText(/^200 messages/).waitFor();
  await world.kill();
  await alice.page.getByText(/The connection was lost|Cannot reach the server/).first().waitFor();
  // All that was there is gone, and a little that was said later is there.
  await forget(directory, "past");
  await world.restart(args);
  await alice.page.getByRole("status").getByText(/The connection was lost|Cannot reach/).waitFor({ state: "hidden" });
  await alice.isIn("#tea");
  const result = (text: string) => dialog.getByRole("button", { name: new RegExp(`${text}$`) });
  await result("line 150").click();
  await inView(alice, "line 150"); // it is still here
  await alice.log.evaluate((log) => void (log.scrollTop = 0));
  await alice.sees("This is where the room begins.");
  assertEquals((await shown(alice))[0], "line 100");
  await alice.page.keyboard.press("Control+Shift+F");
  await result("line 50").click();
  await alice.page.getByRole("alert").getByText("That message no longer exists.").waitFor();
  await alice.line("line 199").waitFor({ state: "detached" }); // what is there is drawn a moment later
  assertEquals(await shown(alice), ["mine"]);
}, { past: [manyLines("#tea", 200)] });

/** What would do harm if it were more than text. */
const HARM = [
  "<script>document.title = 'hacked'</script> needle",
  "needle <img src=x onerror=document.title='hacked'>",
  "<style>*{display:none!important}</style>needle",
  "<mark>needle</mark><svg/onload=document.title='hacked'>",
  "&lt;b&gt; &#60;i> needle </li></ul></div></body>",
];

browse(
  "scripts and styles in what was said and in what is found are text",
  async (world) => {
    const alice = await world.guest("alice", "#tea");
    for (const text of HARM) await alice.sees(text);
    await alice.say("/search needle");
    const dialog = alice.dialog("Search");
    await dialog.getByText(`${HARM.length} messages with these words.`).waitFor();
    assertEquals(await dialog.locator(".said").allTextContents(), HARM.toReversed());
    assertEquals(await dialog.locator("mark").allTextContents(), HARM.map(() => "needle"));
    const strange = await alice.page.evaluate(() => {
      const found = document.querySelectorAll(
        "script:not([src]), style, [role=log] :is(img, mark), #search :is(img, svg, mark *), [style], [onerror], [onload]",
      );
      return [...found].map(({ outerHTML }) => outerHTML);
    });
    assertEquals(strange, []);
    assert(!(await alice.page.title()).includes("hacked"));
  },
  { past: [{ room: "#tea", since: Date.now() - DAY, lines: said(...HARM) }] },
);

test(
  "what the server cannot keep is not sent, and can be sent again",
  async (form) => {
    await using disk = await Disk.mount(4096);
    await within(form, async (world) => {
      const alice = await world.guest("alice", "#tea");
      await alice.say("line 0");
      await alice.page.locator(".sending").waitFor({ state: "detached" });
      await disk.fill();
      // What is there already may be enough for a few lines.
      const failed = alice.page.locator(".failed");
      for (let n = 1; await failed.count() === 0; n++) {
        await alice.say(`line ${n}`);
        await alice.page.locator(".sending").waitFor({ state: "detached" });
      }
      await failed.getByText("Not sent. The server cannot store messages right now. Try again later.")
        .waitFor();
      await disk.free();
      await failed.getByRole("button", { name: "Send again" }).click();
      await failed.waitFor({ state: "detached" });
      await alice.page.locator(".sending").waitFor({ state: "detached" });
      const texts = await shown(alice);
      await alice.page.reload();
      await alice.sees(texts.at(-1)!);
      assertEquals(await shown(alice), texts);
      assertInARow(texts);
    }, ["--data", disk.path, ...UNBOUND]);
  },
  missing ?? noDisk,
  [source],
);

const SCREENSHOTS = Deno.env.get("TINCAN_SCREENSHOTS");

/** What is talked about in the pictures, again and again. */
const SMALL_TALK = `
did the nightly backup go through?
it did, 41 minutes this time
I wrote down what changed: https://wiki.example.org/backups/restore
nice. I tried a restore from it yesterday, on the old laptop: it took a while, but everything was there
then we can finally drop the tape drive?
please. it sounds like a lawnmower`.trim().split("\n");

test(
  "pictures of what was said before are taken",
  async (form) => {
    await using directory = await Directory.make();
    const talk = (n: number) => SMALL_TALK[n % SMALL_TALK.length]!;
    await writePast(directory, ["#lobby", "#garden"].map((room) => manyLines(room, 300, talk)));
    await within(form, async (world) => {
      const alice = await world.guest("alice", "#garden");
      const { page } = alice;
      await inView(alice, talk(299));
      using maya = await onNc(world, "maya", "#garden");
      await page.goto("about:blank");
      await maya.until(/^-- alice left #/);
      await say(maya, ...SMALL_TALK, "alice: you have the key to the rack, don't you?", "/join #lobby");
      await say(maya, ...Array.from({ length: 120 }, (_, n) => talk(n)));
      await page.goto(`${world.url}#garden`);
      await alice.sees("alice: you have the key");
      const sizes = { wide: { width: 1200, height: 750 }, phone: { width: 375, height: 740 } };
      const take = async (name: string) => {
        for (const [size, viewport] of Object.entries(sizes)) {
          await page.setViewportSize(viewport);
          for (const colorScheme of ["light", "dark"] as const) {
            await page.emulateMedia({ colorScheme });
            await alice.still();
            await page.screenshot({ path: `${SCREENSHOTS}/${name}-${size}-${colorScheme}.png`, caret: "initial" });
          }
        }
        await page.setViewportSize(sizes.wide);
      };
      await take("new");
      await alice.tab("#lobby").click();
      await page.getByRole("button", { name: /More than 100 new messages/ }).waitFor();
      await take("more-new");
      await page.getByRole("button", { name: /More than 100 new messages/ }).click();
      await page.getByRole("separator", { name: "New messages" }).waitFor();
      await take("first-new");
      await alice.say("/search tape drive");
      await alice.dialog("Search").getByText("messages with these words").waitFor();
      await take("search");
      await alice.dialog("Search").getByRole("listitem").nth(30).getByRole("button").click();
      await page.locator(".found").waitFor();
      await take("found");
      await page.getByRole("button", { name: "To the end" }).click();
      await page.locator(".found").waitFor({ state: "detached" });
      const beginning = alice.log.getByText("This is where the room begins.");
      while (await beginning.count() === 0) {
        await alice.log.evaluate((log) => void (log.scrollTop = 0));
        await alice.frame();
      }
      await alice.log.evaluate((log) => void (log.scrollTop = 0));
      await take("beginning");
    }, ["--data", directory.path, ...UNBOUND]);
  },
  missing ?? (SCREENSHOTS === undefined ? "TINCAN_SCREENSHOTS names no directory" : undefined),
  [source],
);

/** Searches further back, until there is nothing more. */
async function searchOn(dialog: Locator): Promise<void> {
  const further = dialog.getByRole("button", { name: "Search further back" });
  for (let pages = 0; pages < LONG / 50; pages++) {
    await dialog.getByText("with these words.").waitFor();
    if (!await further.isVisible()) return;
    await further.click();
  }
  throw new Error("the search does not come to an end");
}

/** Erases what somebody has said, while no server is running. */
async function forget({ path }: Directory, nick: string): Promise<void> {
  const { code, stderr } = await run(source, ["forget", nick, "--data", path]);
  assertEquals(code, 0, stderr);
}
