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

/** Whoever says much does not wait. */
export const UNBOUND = ["--rate", "off"];

export const DEVICES = {
  "a wide screen": {},
  "the narrowest phone": { viewport: { width: 320, height: 568 }, isMobile: true, hasTouch: true },
};

/** Registers a test that takes a browser, and a server that keeps what is said; some of it was said before. */
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

/** A room in which much was said, `line 0` first, in the days until now. */
export function manyLines(room: string, count: number, text = (n: number) => `line ${n}`): Past {
  const since = Date.now() - 3 * DAY;
  const step = (Date.now() - MINUTE - since) / count;
  // In bursts, so that some of it belongs together.
  const time = (n: number) => Math.floor(since + step * (n - n % 5) + (n % 5) * 10);
  return { room, since, lines: Array.from({ length: count }, (_, n) => ({ time: time(n), text: text(n) })) };
}

/** Lines that were said an hour ago. */
export function said(...texts: string[]): Past["lines"] {
  return texts.map((text, n) => ({ text, time: Date.now() - 60 * MINUTE + n }));
}

/** Somebody on nc comes in, into a room. */
export async function onNc({ server }: World, name: string, room: string): Promise<Client> {
  const client = await Client.join(server.port);
  await client.send(`/nick ${name}`, `/join ${room}`);
  await client.until(new RegExp(`^-- You are (alone )?in ${room}\\b`));
  return client;
}

/** Says things, and waits until all of it is said. */
export async function say(client: Client, ...texts: string[]): Promise<void> {
  await client.send(...texts, "/ping");
  await client.until("-- Pong.");
}

/** What stands in the log, line by line and in order, without names and times: what was said, and what stands between. */
export function shown({ log }: Visitor): Promise<string[]> {
  return log.evaluate((element) => {
    const lines = element.querySelectorAll(".line:not(.quiet) .text, .separator.mark");
    return [...lines].map(({ textContent, role }) => role === "separator" ? `-- ${textContent}` : textContent ?? "");
  });
}

/** How far below the top of the log a line is. */
export function offset({ log }: Visitor, text: string): Promise<number | undefined> {
  return log.evaluate((element, text) => {
    const line = [...element.querySelectorAll(".line .text")].find(({ textContent }) => textContent === text);
    return line && line.getBoundingClientRect().top - element.getBoundingClientRect().top;
  }, text);
}

/** Waits until a line can be seen in the log, and not only is in it. */
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

/** A number for each line, as in `line 7`; it fails if one has none. What stands between does not count. */
export function numbers(texts: string[]): number[] {
  return texts.filter((text) => !text.startsWith("-- ")).map((text) => {
    const [, number] = /(\d+)$/.exec(text) ?? [];
    assert(number !== undefined, `no number: ${text}`);
    return Number(number);
  });
}

/** Fails if there is a hole between lines, or one is there twice, or out of order. */
export function assertInARow(texts: string[]): void {
  const found = numbers(texts);
  assertEquals(found, found.map((_, i) => found[0]! + i));
}

/**
 * Goes back to the beginning, as far up as it goes each time, and fails if what can be seen there moves when more comes.
 *
 * @returns How often more came, and the most lines that the page had.
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
    // At the very beginning, what stands there takes more room than the word that it loads.
    const begins = await log.getByText("This is where the room begins.").count() > 0;
    if (!begins || now !== undefined) assert(Math.abs(now! - top) <= 1, `${text} was at ${top}, and is at ${now}`);
  }
}

/** Stands between a page and the server, and holds some of what goes by. */
export class Middleman {
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

/** The most pages of search results that a test may need. */
const SEARCH_PAGES_MAX = 100;

/** Searches further back, until there is nothing more. */
export async function searchOn(dialog: Locator): Promise<void> {
  const further = dialog.getByRole("button", { name: "Search further back" });
  for (let pages = 0; pages < SEARCH_PAGES_MAX; pages++) {
    await dialog.getByText("with these words.").waitFor();
    if (!await further.isVisible()) return;
    await further.click();
  }
  throw new Error("the search does not come to an end");
}

/** Erases what somebody has said, while no server is running. */
export async function forget({ path }: Directory, nick: string): Promise<void> {
  const { code, stderr } = await run(source, ["forget", nick, "--data", path]);
  assertEquals(code, 0, stderr);
}
