/** A device with the page: a laptop that stays signed in, or a phone. */
/// <reference lib="dom" />
import type { BrowserContextOptions } from "../dependencies.ts";
import type { Visitor } from "./browser.ts";
import { type Device, type Kind, PASSWORD } from "./device.ts";

/** What logs in with the password is a phone. */
const PHONE = { viewport: { width: 375, height: 740 }, isMobile: true, hasTouch: true };

/** The page in a window of its own. */
export class PageDevice implements Device {
  readonly #visitor: Visitor;
  readonly #name: string;
  /** What the browser has stored, once the window is closed. */
  #stored: BrowserContextOptions["storageState"];

  constructor(visitor: Visitor, name: string) {
    this.#visitor = visitor;
    this.#name = name;
  }

  static readonly kind: Kind = {
    follows: true,
    async register(site, name) {
      const visitor = await site.visit();
      await visitor.enter(name);
      await visitor.say(`/register ${PASSWORD}`);
      await visitor.sees(/is now registered/);
      return new PageDevice(visitor, name);
    },
    async logIn(site, name, before) {
      if (before instanceof PageDevice) {
        const visitor = await site.visit({ storageState: before.#stored });
        await visitor.composer.waitFor();
        return new PageDevice(visitor, name);
      }
      const visitor = await site.visit(PHONE);
      await visitor.name.fill(name);
      await visitor.page.keyboard.press("Enter");
      await visitor.dialog(/welcome/i).getByLabel("Password for this name", { exact: true }).fill(PASSWORD);
      await visitor.page.keyboard.press("Enter");
      await visitor.isIn("#lobby");
      return new PageDevice(visitor, name);
    },
  };

  async stayOn(): Promise<void> {
    await this.#visitor.say("/set always-on on");
    await this.#visitor.sees(/^You stay in the chat now when you disconnect\./);
  }

  async create(room: string): Promise<void> {
    await this.#visitor.join(room);
    await this.#visitor.say("/mode +i");
    await this.#visitor.sees(/ made the room invite-only/);
  }

  async enter(room: string): Promise<void> {
    await this.#visitor.join(room);
  }

  async invite(name: string, room: string): Promise<void> {
    await this.#visitor.say(`/invite ${name}`);
    await this.#visitor.sees(`${name} was invited to ${room}.`);
  }

  async say(target: string, text: string): Promise<void> {
    const isRoom = target.startsWith("#");
    if (isRoom) await this.#open(target);
    await this.#visitor.say(isRoom ? text : `/msg ${target} ${text}`);
    if (!isRoom) await this.#open(target);
    await this.#visitor.sees(text);
    await this.#visitor.page.locator(".sending").waitFor({ state: "detached" });
  }

  async counts(target: string, count: number): Promise<void> {
    const name = new RegExp(`^${target}`);
    const tab = this.#visitor.rooms.getByRole("button", { name, includeHidden: true });
    const counted = tab.filter({ hasText: new RegExp(`^${target}${count} unread`) });
    try {
      if (count > 0) await counted.waitFor({ state: "attached" });
      else await tab.filter({ hasText: "unread" }).waitFor({ state: "detached" });
    } catch (cause) {
      const tabs = await this.#visitor.rooms.getByRole("button", { includeHidden: true }).allTextContents();
      throw new Error(`Not ${count} unread in ${target}: the tabs are ${JSON.stringify(tabs)}`, { cause });
    }
  }

  read(target: string): Promise<void> {
    return this.#open(target);
  }

  async sees(target: string, _who: string, text: string): Promise<void> {
    await this.#open(target);
    await this.#visitor.sees(text);
  }

  async owns(room: string): Promise<void> {
    await this.#open(room);
    const button = this.#visitor.people.getByRole("button", {
      name: new RegExp(`^${this.#name}\\s*owner`),
      includeHidden: true,
    });
    await button.waitFor({ state: "attached" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stored = await this.#visitor.page.context().storageState();
    await this.#visitor.page.goto("about:blank"); // `close()` alone does not tell the page
    await this.#visitor.page.close();
  }

  async #open(target: string): Promise<void> {
    const drawer = this.#visitor.page.getByRole("button", { name: "Rooms" });
    if (await drawer.isVisible()) await drawer.click();
    await this.#visitor.tab(target).click();
    await this.#visitor.page.getByRole("heading", { level: 1, name: target, exact: true }).waitFor();
  }
}
