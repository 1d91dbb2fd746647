/**
 * People who use the page, each in a Chromium window of their own, and what must be true of the page whatever they do:
 * its console stays empty, and axe finds nothing wrong with it.
 *
 * What is on the page is found as people find it: by its role and its label.
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

const CHROMIUM = "/usr/bin/chromium";

/** How long anything may take before it counts as not happening, in milliseconds. */
export const DEADLINE = 60_000;

/** Where no system begins to look for a port that is free, and where it may; behind the last that Chromium goes to for nobody. */
const PORTS = { from: 10_081, to: 32_768 };

/** What the console says when the connection is lost, or is not to be had, or the page asks why. */
export const CUT_OFF = /WebSocket connection to .* failed|net::ERR_|status of (?:426|503)/;

/** Why these tests cannot be run here, if so. */
export const missing = notInstalled("chromium");

/** A server, and a browser. When it is over, nobody's console may have said anything. */
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

  /** Its page is where another server can be as well, later: see {@linkcode fixedPort}. */
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

  /** Where the page is. */
  get url(): string {
    const scheme = / https:/.test(this.server.stdout.all) ? "https" : "http";
    return `${scheme}://127.0.0.1:${this.server.webPort}/`;
  }

  /** Ends the server, the hard way. */
  async kill(): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }

  /** Starts a server again, on other ports than before or on those that are given. */
  async restart(args: string[]): Promise<void> {
    this.server = await start(this.#form, args);
  }

  /**
   * Somebody opens a window, as one who was never here.
   *
   * @param hash The room in the address, with its `#`.
   * @param prepare What is done to the window before the page is in it.
   */
  async visitor(
    hash = "",
    options: BrowserContextOptions = {},
    prepare?: (page: Page) => Promise<void>,
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
    await visitor.page.goto(this.url + hash);
    return visitor;
  }

  /** Somebody opens a window, says who they are, and comes in. */
  async guest(name: string, hash = "", options: BrowserContextOptions = {}): Promise<Visitor> {
    const visitor = await this.visitor(hash, options);
    await visitor.enter(name);
    return visitor;
  }

  /** Fails if a console said what was not foreseen. */
  assertQuiet(): void {
    for (const visitor of this.#visitors) {
      assertEquals(visitor.said.filter((text) => !visitor.foreseen.some((pattern) => pattern.test(text))), []);
    }
  }

  /** What can be seen in all windows, for who has to find out why a test failed. */
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

/** Runs a test in a world of its own. */
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

/** Somebody at a page. */
export class Visitor {
  readonly page: Page;
  /** What the console said, and what went wrong unheard. */
  readonly said: string[] = [];
  /** What it may say. */
  readonly foreseen: RegExp[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on("console", (message) => this.said.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => this.said.push(`uncaught: ${error.message}`));
    page.on("crash", () => this.said.push("the page crashed"));
  }

  /** The first dialog's field. */
  get name(): Locator {
    return this.dialog(/welcome/i).getByRole("textbox", { name: "Your name" });
  }

  /** Where one writes. */
  get composer(): Locator {
    return this.page.getByRole("textbox", { name: /^Message / });
  }

  /** What is said in the room that is shown. */
  get log(): Locator {
    return this.page.getByRole("log");
  }

  /** The panel or drawer with the people. */
  get people(): Locator {
    return this.page.getByRole("complementary", { name: "People", includeHidden: true });
  }

  /** The panel or drawer with the rooms. */
  get rooms(): Locator {
    return this.page.getByRole("navigation", { name: "Rooms", includeHidden: true });
  }

  dialog(name: string | RegExp): Locator {
    return this.page.getByRole("dialog", { name });
  }

  /** The tab of a room, or of a person. It tells its counts after the name. */
  tab(name: string): Locator {
    return this.rooms.getByRole("listitem").getByRole("button", { name: startingWith(name) });
  }

  /** Says who one is, and comes in. */
  async enter(name: string): Promise<void> {
    await this.name.fill(name);
    await this.page.keyboard.press("Enter");
    await this.composer.waitFor();
    await this.log.and(UP_TO_DATE(this.page)).waitFor();
  }

  /** Says something, or gives a command. It is sent, not yet confirmed. */
  async say(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press("Enter");
  }

  /** Comes into a room, by writing so. */
  async join(room: string): Promise<void> {
    await this.say(`/join ${room}`);
    await this.isIn(room);
  }

  /** Waits until a room is shown, and one may speak there. */
  async isIn(room: string): Promise<void> {
    await this.page.getByRole("heading", { level: 1, name: room, exact: true }).waitFor();
    await this.page.getByRole("log", { name: `Messages in ${room}`, exact: true })
      .and(UP_TO_DATE(this.page)).waitFor();
  }

  /** Waits for a text in the room that is shown. */
  async sees(text: string | RegExp): Promise<void> {
    await this.log.getByText(text).first().waitFor();
  }

  /** Takes note of how often a text is in the room that is shown. @returns Waits until it is there once more. */
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

  /** Waits until something holds for an element. */
  async until<T>(locator: Locator, get: (element: HTMLElement) => T, wanted: T): Promise<void> {
    const ends = Date.now() + DEADLINE;
    while (true) {
      const value = await locator.evaluate(get);
      if (value === wanted) return;
      if (Date.now() > ends) return assertEquals(value, wanted);
      await this.frame();
    }
  }

  /** Waits until the page is drawn anew. */
  async frame(): Promise<void> {
    await this.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
  }

  /**
   * Looks out for an element with a text that may be there for a moment only.
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
    return () => inTime(sought.evaluate(({ seen }) => seen), () => `${selector} was never there with ${text}`);
  }

  /** Waits until all that moves has come to rest. */
  async still(): Promise<void> {
    await this.frame();
    await this.page.evaluate(async () => {
      const moves = document.getAnimations().filter((it) => it.effect?.getComputedTiming().endTime !== Infinity);
      await Promise.allSettled(moves.map((animation) => animation.finished));
    });
  }

  /** Fails if axe finds something that keeps people out. */
  async assertAccessible(state: string): Promise<void> {
    await this.still();
    const { page } = this;
    if (!await page.evaluate(() => "axe" in globalThis)) await page.evaluate(axe.source);
    const options: RunOptions = { resultTypes: ["violations"] };
    const { violations, passes } = await page.evaluate(
      (options) => (globalThis as unknown as { axe: typeof axe }).axe.run(document, options),
      options,
    );
    assert(passes.length > 10, `axe, ${state}: it looked at next to nothing`);
    const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    const found = grave.map(({ id, nodes }) =>
      `${id}: ${nodes.map(({ target, any }) => `${target} ${any[0]?.message ?? ""}`)}`
    );
    assertEquals(found, [], `axe, ${state}`);
  }

  /** Fails if anything that can be seen reaches beyond the window, or can be scrolled sideways. */
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
          const clip = outer.getBoundingClientRect(); // what is beyond this is not seen
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
 * A port that is free, and will be again after a server that was there has ended: systems give none of these to whoever
 * wants any, as other tests do meanwhile.
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

/** Logs of rooms in which one is, and of which one knows what was said last. */
const UP_TO_DATE = (page: Page) => page.locator("[aria-busy=false]");

/** Names that begin with a word: a tab tells its counts after its name. */
function startingWith(name: string): RegExp {
  return new RegExp(`^${name.replace(/[^\w#]/g, "\\$&")}(\\s|\\d|$)`);
}
