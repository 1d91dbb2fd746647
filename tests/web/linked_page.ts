/** A page without a screen whose requests a real IRC session of the server answers, as over a WebSocket. */
/// <reference lib="dom" />
import type { Chat } from "../../src/web/chat.js";
import type { Message } from "../../src/web/irc.js";
import { receive } from "../../src/web/handlers.js";
import type { PendingRequest } from "../../src/web/context.ts";
import { parse, render } from "../../src/web/irc.js";
import { Model } from "../../src/web/model.js";
import type { Client } from "../protocol/irc/harness.ts";

/** The capabilities that the page requests and these tests need. */
export const PAGE_CAPABILITIES = ["batch", "labeled-response", "message-tags", "standard-replies"] as const;

export class LinkedPage {
  readonly model = new Model();
  readonly connection = { account: "", has: (): boolean => true };
  online = true;
  /** The lines that the page has sent. */
  readonly sent: string[] = [];
  readonly #client: Client;
  readonly #requests = new Map<string, PendingRequest>();
  readonly #batches = new Map<string, PendingRequest | undefined>();
  #waiting: string[] = [];

  constructor(client: Client) {
    this.#client = client;
    this.model.nick = client.member.nick;
  }

  /** The page, as its modules see it. */
  get chat(): Chat {
    return this as unknown as Chat;
  }

  request(command: string, params: string[], context?: PendingRequest): boolean {
    if (!this.online) return false;
    const label = String(this.sent.length);
    if (context !== undefined) this.#requests.set(label, context);
    this.sent.push(render(command, params));
    this.#waiting.push(render(command, params, context === undefined ? undefined : label));
    return true;
  }

  /** Sends what the page has requested, and handles the replies, until it requests nothing more. */
  async settle(): Promise<void> {
    do {
      const lines = this.#waiting.splice(0);
      await this.#client.says(...lines);
      for (const line of this.#client.gets()) this.#receive(parse(line));
    } while (this.#waiting.length > 0);
  }

  /** Loses the connection: what was requested is not answered. */
  lose(): void {
    this.online = false;
    for (const { onError } of this.#requests.values()) onError?.("The connection was lost.");
  }

  #receive(message: Message): void {
    const { command, tags, params: [name = ""] } = message;
    const batch = tags.get("batch");
    const label = tags.get("label") ?? "";
    let context = batch === undefined ? this.#requests.get(label) : this.#batches.get(batch);
    this.#requests.delete(label);
    if (command === "BATCH" && name.startsWith("+")) return void this.#batches.set(name.slice(1), context);
    if (command === "BATCH") context = this.#batches.get(name.slice(1));
    receive(this.chat, message, context);
  }

  /** The lines that rooms show, each with its kind. */
  get shown(): string[] {
    return this.model.tabs.flatMap(({ lines }) => lines.map(({ kind, text }) => `${kind}: ${text}`));
  }
}
