/** Helpers for tests of the history on the page: past messages, the lines that are shown, scrolling, delayed answers. */
/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import type { Locator, Page } from "../dependencies.ts";
import { missing, type Visitor, within, type World } from "./browser.ts";
import { test } from "./forms.ts";
import { Client, type Form, run, source } from "./harness.ts";
import { Directory, type Past, writePast } from "./history_store.ts";

export const MINUTE = 60_000;
export const DAY = 24 * 60 * MINUTE;

/** No rate limit, so that tests can send many lines. */
export const UNBOUND = ["--rate", "off"];

export const DEVICES = {
  "a wide screen": {},
  "the narrowest phone": { viewport: { width: 320, height: 568 }, isMobile: true, hasTouch: true },
};

/** Registers a test with a browser and a server that stores messages; `past` was sent before. */
export function browse(
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

/** A room with many messages of the last days: `line 0` first. */
export function manyLines(room: string, count: number, text = (n: number) => `line ${n}`): Past {
  const since = Date.now() - 3 * DAY;
  const step = (Date.now() - MINUTE - since) / count;
  // In bursts, so that some messages form a block.
  const time = (n: number) => Math.floor(since + step * (n - n % 5) + (n % 5) * 10);
  return { room, since, lines: Array.from({ length: count }, (_, n) => ({ time: time(n), text: text(n) })) };
}

/** Messages sent an hour ago. */
export function said(...texts: string[]): Past["lines"] {
  return texts.map((text, n) => ({ text, time: Date.now() - 60 * MINUTE + n }));
}

/** Joins a room over the text protocol. */
export async function onNc({ server }: World, name: string, room: string): Promise<Client> {
  const client = await Client.join(server.port);
  await client.send(`/nick ${name}`, `/join ${room}`);
  await client.until(new RegExp(`^-- You are (already |alone )?in ${room}\\b`));
  return client;
}

/** Registers the nicknames of a visitor and of a client, so that their private messages are stored. */
export async function registerBoth(visitor: Visitor, client: Client): Promise<void> {
  await visitor.say("/register open-sesame");
  await visitor.sees(/ is now registered\./);
  await client.send("/register open-sesame");
  await client.until(/^-- \S+ is now registered\./);
}

/** Sends lines, and waits until the server has handled them. */
export async function say(client: Client, ...texts: string[]): Promise<void> {
  await client.send(...texts, "/ping");
  await client.until("-- Pong.");
}

/** The texts of messages and of the "New messages" separator in the log, in order, without nicknames and times. */
export function shown({ log }: Visitor): Promise<string[]> {
  return log.evaluate((element) => {
    const lines = element.querySelectorAll(".line:not(.quiet) .text, .separator.mark");
    return [...lines].map(({ textContent, role }) => role === "separator" ? `-- ${textContent}` : textContent ?? "");
  });
}

/** The distance of a line from the top of the log, in pixels. */
export function offset({ log }: Visitor, text: string): Promise<number | undefined> {
  return log.evaluate((element, text) => {
    const line = [...element.querySelectorAll(".line .text")].find(({ textContent }) => textContent === text);
    return line && line.getBoundingClientRect().top - element.getBoundingClientRect().top;
  }, text);
}

/** Waits until a line is in the visible part of the log. */
export async function inView({ page }: Visitor, text: string): Promise<void> {
  await page.waitForFunction((text) => {
    const log = document.querySelector("[role=log]:not([hidden])")!;
    const { top, bottom } = log.getBoundingClientRect();
    return [...log.querySelectorAll(".line .text")].some((line) => {
      const box = line.getBoundingClientRect();
      return line.textContent === text && box.top >= top - 1 && box.bottom <= bottom + 1;
    });
  }, text);
}

/** The number at the end of each text; fails if there is none. Separators are ignored. */
export function numbers(texts: string[]): number[] {
  return texts.filter((text) => !text.startsWith("-- ")).map((text) => {
    const [, number] = /(\d+)$/.exec(text) ?? [];
    assert(number !== undefined, `no number: ${text}`);
    return Number(number);
  });
}

/** Fails if a line is missing, duplicated, or out of order. */
export function assertInARow(texts: string[]): void {
  const found = numbers(texts);
  assertEquals(found, found.map((_, i) => found[0]! + i));
}

/**
 * Scrolls to the beginning of the room, and fails if visible lines move while older ones are loaded.
 *
 * @returns How often older lines were loaded, and the most lines in the log.
 */
export async function goBack(visitor: Visitor): Promise<{ pages: number; most: number }> {
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
    // At the beginning, the text there is taller than "Loading".
    const begins = await log.getByText("This is where the room begins.").count() > 0;
    if (!begins || now !== undefined) assert(Math.abs(now! - top) <= 1, `${text} was at ${top}, and is at ${now}`);
  }
}

/** A proxy between the page and the server that can delay history requests and their answers. */
export class DelayingProxy {
  delaysRequests = false;
  delaysAnswers = false;
  #queue: (() => void)[] = [];
  #delayed = Promise.withResolvers<void>();

  /** @param withoutHistory Whether the capabilities for history and search are removed. */
  async between(page: Page, withoutHistory = false): Promise<void> {
    await page.routeWebSocket(/\/irc$/, (socket) => {
      const server = socket.connectToServer();
      let batch: string | undefined; // the answer in progress
      socket.onMessage((frame) => {
        const line = String(frame);
        if (!line.includes(" CHATHISTORY LATEST ")) return server.send(line);
        this.#pass(this.delaysRequests, () => server.send(line));
      });
      server.onMessage((frame) => {
        for (const line of String(frame).split("\n")) {
          const begins = /BATCH \+(\S+) chathistory/.exec(line)?.[1];
          batch ??= begins;
          const within = batch !== undefined;
          if (within && line.endsWith(` BATCH -${batch}`)) batch = undefined;
          const shown = withoutHistory ? line.replace(/ draft\/chathistory| soju\.im\/search/g, "") : line;
          this.#pass(within && this.delaysAnswers, () => socket.send(shown), begins !== undefined);
        }
      });
    });
  }

  /** Waits until it delays something. */
  async delaying(): Promise<void> {
    while (this.#queue.length === 0) await this.#delayed.promise;
  }

  /** Passes on all that was delayed, and stops delaying. */
  release(): void {
    this.delaysRequests = this.delaysAnswers = false;
    for (const pass of this.#queue.splice(0)) pass();
  }

  #pass(hold: boolean, pass: () => void, tell = true) {
    if (!hold) return pass();
    this.#queue.push(pass);
    if (!tell) return;
    this.#delayed.resolve();
    this.#delayed = Promise.withResolvers();
  }
}

/** The most pages of search results that a test may need. */
const SEARCH_PAGES_MAX = 100;

/** Loads more results until there are none. */
export async function searchOn(dialog: Locator): Promise<void> {
  const further = dialog.getByRole("button", { name: "Search further back" });
  for (let pages = 0; pages < SEARCH_PAGES_MAX; pages++) {
    await dialog.getByText("with these words.").waitFor();
    if (!await further.isVisible()) return;
    await further.click();
  }
  throw new Error(`No end of the search within ${SEARCH_PAGES_MAX} pages`);
}

/** Deletes the messages of a user, while no server is running. */
export async function forget({ path }: Directory, nick: string): Promise<void> {
  const { code, stderr } = await run(source, ["forget", nick, "--data", path]);
  assertEquals(code, 0, stderr);
}
