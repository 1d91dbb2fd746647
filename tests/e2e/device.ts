/** A device of a user who has an account, in end-to-end tests: all do and show the same, each in the way of its program. */
import type { BrowserContextOptions } from "../dependencies.ts";
import type { Visitor } from "./browser.ts";

/** The password of all accounts. */
export const PASSWORD = "open-sesame";

/** A connected client that is logged in. A target is a room, or the nickname of another user. */
export interface Device extends AsyncDisposable {
  /** Stays in the chat after it has disconnected. */
  stayOn(): Promise<void>;
  /** Creates an invite-only room. */
  create(room: string): Promise<void>;
  /** Joins a room, with its earlier messages. */
  enter(room: string): Promise<void>;
  invite(name: string, room: string): Promise<void>;
  /** Says something, and waits until it is shown. */
  say(target: string, text: string): Promise<void>;
  /** Waits until it is shown how many messages the user has not read since it was last here. */
  counts(target: string, count: number): Promise<void>;
  /** Shows a room or conversation that the user is in, to its last message. */
  read(target: string): Promise<void>;
  /** Waits until a message of a user is shown. */
  sees(target: string, who: string, text: string): Promise<void>;
  /** Waits until it is shown that this user owns a room. */
  owns(room: string): Promise<void>;
}

/** Where the users of a story find the server. */
export interface Site {
  readonly port: number;
  readonly ircPort: number;
  /** Opens the page. */
  visit(options?: BrowserContextOptions): Promise<Visitor>;
}

/** A program that users connect with. */
export interface Kind {
  /** Whether it learns while it is connected what the user has read on other devices. */
  readonly follows: boolean;
  /** Connects, and registers an account. */
  register(site: Site, name: string): Promise<Device>;
  /**
   * Connects, and logs in to an account.
   *
   * @param before The same device before it was closed: it may have stayed signed in.
   */
  logIn(site: Site, name: string, before?: Device): Promise<Device>;
}

/** Waits until a device is ready. Closes it if that fails: its program would go on after the test. */
export async function whenReady<D extends Device>(device: D, ready: () => Promise<unknown>): Promise<D> {
  try {
    await ready();
  } catch (error) {
    await device[Symbol.asyncDispose]();
    throw error;
  }
  return device;
}

/** Whether a line equals or matches what is wanted. */
export function fits(line: string, wanted: string | RegExp): boolean {
  return typeof wanted === "string" ? line === wanted : wanted.test(line);
}
