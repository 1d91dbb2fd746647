/**
 * Users of the page, each in a Chromium window of their own, and the checks that apply to every test of the page: an empty
 * console and no finding of axe.
 *
 * Elements are found by role and label, as users find them.
 */
/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import {
  axe,
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
  type RunOptions,
} from "../dependencies.ts";
import { type Form, notInstalled, type Program, start, within as inTime } from "./harness.ts";

export const CHROMIUM = "/usr/bin/chromium";

/** The time limit of each wait, in milliseconds. */
export const DEADLINE = 60_000;

/** Ports that systems do not give out by default, and above the last one that Chromium refuses to connect to. */
const PORTS = { from: 10_081, to: 32_768 };

/** What the console says when the connection is lost or refused, or the page fetches the reason. */
export const CUT_OFF = /WebSocket connection to .* failed|net::ERR_|status of (?:426|503)/;

/** Why these tests cannot run, or `undefined`. */
export const missing = notInstalled("chromium");

/** A server and a browser. At the end of a test, all consoles must be empty. */
export class World implements AsyncDisposable {
  server: Program;
  readonly #form: Form;
  readonly #browser: Browser;
  readonly #visitors: Visitor[] = [];

  private constructor(form: Form, server: Program, browser: Browser) {
    this.#form = form;
    this.server = server;
    this.#browser = browser;
  }

  /** Starts both. The page has a port that a restarted server can use again: see {@linkcode fixedPort}. */
  static async open(form: Form, args: string[] = []): Promise<World> {
    const flags = "--headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update";
    const launched = chromium.launch({ executablePath: CHROMIUM, args: [...flags.split(" "), "--disable-sync"] });
    try {
      return new World(form, await start(form, ["--web-port", String(fixedPort()), ...args]), await launched);
    } catch (error) {
      await (await launched).close();
      throw error;
    }
  }

  /** The URL of the page. */
  get url(): string {
    const scheme = / https:/.test(this.server.stdout.all) ? "https" : "http";
    return `${scheme}://127.0.0.1:${this.server.webPort}/`;
  }

  /** Kills the server. */
  async kill(): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }

  /** Starts a server again, on new ports or those in the arguments. */
  async restart(args: string[]): Promise<void> {
    this.server = await start(this.#form, args);
  }

  /**
   * Opens a window with an empty profile.
   *
   * @param hash The room in the address, with its `#`.
   * @param prepare Runs before the page is loaded.
   * @param url Where the page is, if not at the server itself.
   */
  async visitor(
    hash = "",
    options: BrowserContextOptions = {},
    prepare?: (page: Page) => Promise<void>,
    url = this.url,
  ): Promise<Visitor> {
    const context = await this.#browser.newContext({
      locale: "en-GB",
      viewport: { width: 1200, height: 750 },
      ...options,
    });
    context.setDefaultTimeout(DEADLINE);
    const visitor = new Visitor(await context.newPage());
    this.#visitors.push(visitor);
    await prepare?.(visitor.page);
    await visitor.page.goto(url + hash);
    return visitor;
  }

  /** Opens a window, and joins under a name. */
  async guest(name: string, hash = "", options: BrowserContextOptions = {}): Promise<Visitor> {
    const visitor = await this.visitor(hash, options);
    await visitor.enter(name);
    return visitor;
  }

  /** Fails if a console has unexpected messages. */
  assertQuiet(): void {
    for (const visitor of this.#visitors) {
      assertEquals(visitor.said.filter((text) => !visitor.foreseen.some((pattern) => pattern.test(text))), []);
    }
  }

  /** The content of all windows and consoles, printed when a test fails. */
  async seen(): Promise<string> {
    const pages = this.#visitors.map(({ page, said }) =>
      page.locator("body").ariaSnapshot({ timeout: 1000 }).catch(String).then((seen) => [seen, ...said].join("\n"))
    );
    return (await Promise.all(pages)).join("\n\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await this.kill();
  }
}

/** Runs a test with a server and a browser of its own. */
export async function within(form: Form, body: (world: World) => Promise<void>, args: string[] = []): Promise<void> {
  await using world = await World.open(form, args);
  try {
    await body(world);
  } catch (error) {
    console.error(await world.seen());
    throw error;
  }
  world.assertQuiet();
}

/** A user of the page. */
export class Visitor {
  readonly page: Page;
  /** Messages of the console, and uncaught errors. */
  readonly said: string[] = [];
  /** Messages that are expected. */
  readonly foreseen: RegExp[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on("console", (message) => this.said.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => this.said.push(`uncaught: ${error.message}`));
    page.on("crash", () => this.said.push("the page crashed"));
  }

  /** The nickname field of the welcome dialog. */
  get name(): Locator {
    return this.dialog(/welcome/i).getByRole("textbox", { name: "Your name" });
  }

  /** The input field. */
  get composer(): Locator {
    return this.page.getByRole("textbox", { name: /^Message / });
  }

  /** The messages of the current room. */
  get log(): Locator {
    return this.page.getByRole("log");
  }

  /** The panel or drawer with the list of people. */
  get people(): Locator {
    return this.page.getByRole("complementary", { name: "People", includeHidden: true });
  }

  /** The panel or drawer with the list of rooms. */
  get rooms(): Locator {
    return this.page.getByRole("navigation", { name: "Rooms", includeHidden: true });
  }

  dialog(name: string | RegExp): Locator {
    return this.page.getByRole("dialog", { name });
  }

  /** The tab of a room or person. Its label begins with the name, followed by unread counts. */
  tab(name: string): Locator {
    return this.rooms.getByRole("listitem").getByRole("button", { name: startingWith(name) });
  }

  /** Enters a nickname, and waits until the room is loaded. */
  async enter(name: string): Promise<void> {
    await this.name.fill(name);
    await this.page.keyboard.press("Enter");
    await this.composer.waitFor();
    await this.log.and(UP_TO_DATE(this.page)).waitFor();
  }

  /** Sends a message or command, without waiting for its confirmation. */
  async say(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press("Enter");
  }

  /** Joins a room by command. */
  async join(room: string): Promise<void> {
    await this.say(`/join ${room}`);
    await this.isIn(room);
  }

  /** Waits until a room is shown, joined and loaded. */
  async isIn(room: string): Promise<void> {
    await this.page.getByRole("heading", { level: 1, name: room, exact: true }).waitFor();
    await this.page.getByRole("log", { name: `Messages in ${room}`, exact: true })
      .and(UP_TO_DATE(this.page)).waitFor();
  }

  /** Waits for a text in the current room. */
  async sees(text: string | RegExp): Promise<void> {
    await this.log.getByText(text).first().waitFor();
  }

  /** Counts a text in the current room. @returns Waits until it is there once more. */
  async onceMore(text: string | RegExp): Promise<() => Promise<void>> {
    const found = this.log.getByText(text);
    const count = await found.count();
    return () => found.nth(count).waitFor();
  }

  /** The line with a text. */
  line(text: string): Locator {
    return this.page.locator(".line:visible").filter({ hasText: text });
  }

  /** Waits for the window's title. */
  async titled(title: string): Promise<void> {
    try {
      await this.page.waitForFunction((title) => document.title === title, title);
    } catch {
      assertEquals(await this.page.title(), title);
    }
  }

  /** Waits until a property of an element has a value. */
  async until<T>(locator: Locator, get: (element: HTMLElement) => T, wanted: T): Promise<void> {
    const ends = Date.now() + DEADLINE;
    while (true) {
      const value = await locator.evaluate(get);
      if (value === wanted) return;
      if (Date.now() > ends) return assertEquals(value, wanted);
      await this.frame();
    }
  }

  /** Waits for the next frame. */
  async frame(): Promise<void> {
    await this.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
  }

  /**
   * Watches for an element with a text that may be there only for a moment.
   *
   * @returns Waits until it was there.
   */
  async lookOut(selector: string, text: string): Promise<() => Promise<void>> {
    const sought = await this.page.evaluateHandle(([selector, text]) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = () => {
        if ([...document.querySelectorAll(selector)].some(({ textContent }) => textContent === text)) resolve();
      };
      const anything = { attributes: true, characterData: true, childList: true, subtree: true };
      new MutationObserver(look).observe(document.body, anything);
      look();
      return { seen: promise };
    }, [selector, text] as const);
    return () => inTime(sought.evaluate(({ seen }) => seen), () => `${selector} with '${text}'`);
  }

  /** Waits for the end of all animations. */
  async still(): Promise<void> {
    await this.frame();
    await this.page.evaluate(async () => {
      const moves = document.getAnimations().filter((it) => it.effect?.getComputedTiming().endTime !== Infinity);
      await Promise.allSettled(moves.map((animation) => animation.finished));
    });
  }

  /** Fails if axe finds a serious violation. */
  async assertAccessible(state: string): Promise<void> {
    await this.still();
    const { page } = this;
    if (!await page.evaluate(() => "axe" in globalThis)) await page.evaluate(axe.source);
    const options: RunOptions = { resultTypes: ["violations"] };
    const { violations, passes } = await page.evaluate(
      (options) => (globalThis as unknown as { axe: typeof axe }).axe.run(document, options),
      options,
    );
    assert(passes.length > 10, `axe, ${state}: almost nothing was checked`);
    const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    const found = grave.map(({ id, nodes }) =>
      `${id}: ${nodes.map(({ target, any }) => `${target} ${any[0]?.message ?? ""}`)}`
    );
    assertEquals(found, [], `axe, ${state}`);
  }

  /** Fails if a visible element extends beyond the window, or scrolls sideways. */
  async assertFits(state: string): Promise<void> {
    await this.still();
    const beyond = await this.page.evaluate(() => {
      const found = [];
      const { scrollWidth } = document.documentElement;
      if (scrollWidth > innerWidth) found.push(`the page is ${scrollWidth} px wide`);
      for (const element of document.querySelectorAll<HTMLElement>("body *")) {
        if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
        const { width, height, ...box } = element.getBoundingClientRect().toJSON();
        let { left, right } = box;
        for (let outer = element.parentElement; outer !== null; outer = outer.parentElement) {
          if (getComputedStyle(outer).overflowX === "visible") continue;
          const clip = outer.getBoundingClientRect(); // what is outside is not visible
          left = Math.max(left, clip.left);
          right = Math.min(right, clip.right);
        }
        if (width <= 1 || height <= 1 || element.closest("[inert], svg") !== null) continue;
        const name = `${element.tagName.toLowerCase()}#${element.id}.${element.className}`;
        if (right > innerWidth + 0.5 || left < -0.5) found.push(`${name} reaches from ${left} to ${right}`);
        const { overflowX } = getComputedStyle(element);
        const scrolls = overflowX === "auto" || overflowX === "scroll";
        if (scrolls && element.scrollWidth > element.clientWidth) found.push(`${name} scrolls sideways`);
      }
      return found;
    });
    assertEquals(beyond, [], state);
  }
}

/**
 * A free port that stays free after a server on it has ended: systems do not give out ports of this range to other
 * programs, such as tests that run at the same time.
 */
export function fixedPort(): number {
  while (true) {
    const port = PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from));
    try {
      using _listener = Deno.listen({ hostname: "127.0.0.1", port });
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** Logs of rooms that are joined, and whose history is loaded. */
const UP_TO_DATE = (page: Page) => page.locator("[aria-busy=false]");

/** Matches a label that begins with a name: a tab has its counts after the name. */
function startingWith(name: string): RegExp {
  return new RegExp(`^${name.replace(/[^\w#]/g, "\\$&")}(\\s|\\d|$)`);
}
