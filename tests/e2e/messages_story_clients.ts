/** Helpers of the conversation's acts and of its playback: clients, and what they show. */
/// <reference lib="dom" />
import type { Locator } from "../dependencies.ts";
import type { Visitor } from "./browser.ts";
import { until } from "./cluster.ts";
import type { Program } from "./harness.ts";
import { Bot } from "./irc_clients.ts";

/** The capabilities of the bots. */
const CAPABILITIES = [
  "draft/chathistory",
  "draft/event-playback",
  "draft/message-redaction",
  "draft/multiline",
  "labeled-response",
  "soju.im/search",
  "standard-replies",
];

/** The buffer of the room in WeeChat. */
export const TEA = "tincan.#tea";

export type Tags = Readonly<Record<string, string>>;

/** A batch of IRC. */
export interface Batch {
  readonly params: string[];
  readonly commands: {
    readonly command: string;
    readonly nick: string;
    readonly params: string[];
    readonly tags: Tags;
  }[];
}

/** Makes a link to the current room in the dialog of the page. Returns its code. */
export async function makeLink(visitor: Visitor): Promise<string> {
  await visitor.page.getByRole("button", { name: "Invite people" }).click();
  const dialog = visitor.dialog(/^Invite people to /);
  await dialog.getByRole("button", { name: "Make a link" }).click();
  await dialog.getByRole("img", { name: "QR code of the link" }).waitFor();
  const url = await dialog.getByLabel("Invite link", { exact: true }).inputValue();
  await dialog.getByRole("button", { name: "Close" }).click();
  return /\/i\/([a-z2-7]{20})$/.exec(url)![1]!;
}

/** The last message whose own text contains a text. */
export function message({ page }: Visitor, text: string): Locator {
  return page.locator(".line:visible").filter({ has: page.locator(".text", { hasText: text }) }).last();
}

/** Opens the menu of a message with the pointer, and presses a button of it. */
export async function choose(visitor: Visitor, text: string, action: string): Promise<void> {
  const line = message(visitor, text);
  await line.hover();
  await line.getByRole("button", { name: action, exact: true }).click();
}

/** Connects a bot with some capabilities. */
export async function connectBot(
  server: Program,
  nick: string,
  capabilities: readonly string[] = CAPABILITIES,
): Promise<Bot> {
  const bot = new Bot();
  bot.client.requestCap([...capabilities]);
  bot.start(server.ircPort, nick, { enable_echomessage: true });
  await bot.next("registered");
  return bot;
}

/** Waits until a page shows a file: as a picture if its link is one of the same origin, else as a link. */
export async function shows({ page }: Visitor, url: string): Promise<void> {
  if (new URL(url).origin !== new URL(page.url()).origin) {
    return await page.getByRole("link", { name: url }).waitFor();
  }
  const picture = page.locator(`.log:not([hidden]) .files img[alt='${url.split("/").at(-1)}']`);
  await picture.waitFor();
  await until(() => picture.evaluate((image) => (image as HTMLImageElement).naturalWidth > 0));
}

/** The status that a server answers a request for a path with. */
export async function status({ webPort }: Program, path: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${webPort}${path}`);
  await response.body?.cancel();
  return response.status;
}
