/** Devices with a client of the text port: nc and telnet. */
import { assertEquals } from "@std/assert";
import { type Device, fits, type Kind, PASSWORD, type Site, whenReady } from "./device.ts";
import { Talker } from "./harness.ts";

/** nc or telnet. */
export class TextDevice implements Device {
  readonly #child: Deno.ChildProcess;
  readonly #talker: Talker;
  readonly #name: string;

  constructor(program: string, port: number, name: string) {
    const args = ["127.0.0.1", String(port)];
    this.#child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
    this.#talker = new Talker(this.#child.stdout, this.#child.stdin);
    this.#name = name;
  }

  static kind(program: string): Kind {
    const greeted = async ({ port }: Site, name: string) => {
      const device = new TextDevice(program, port, name);
      return await whenReady(device, () => device.#shown(/^-- Welcome /));
    };
    return {
      follows: false,
      async register(site, name) {
        const device = await greeted(site, name);
        await device.#talker.send(`/nick ${name}`, `/register ${PASSWORD}`);
        return await whenReady(device, () => device.#shown(new RegExp(`^-- ${name} is now registered`)));
      },
      async logIn(site, name) {
        const device = await greeted(site, name);
        await device.#talker.send(`/login ${name} ${PASSWORD}`);
        return await whenReady(device, () => device.#shown(`-- You are logged in as ${name}.`));
      },
    };
  }

  async stayOn(): Promise<void> {
    await this.#talker.send("/set always-on on");
    await this.#shown(/^-- You stay in the chat now when you disconnect\./);
  }

  async create(room: string): Promise<void> {
    await this.#talker.send(`/join ${room}`, "/mode +i");
    await this.#shown(`-- ${this.#name} made ${room} invite-only`);
  }

  async enter(room: string): Promise<void> {
    await this.#talker.send(`/join ${room}`);
    await this.#shown(new RegExp(`^-- You are (already |alone )?in ${room}\\b`));
  }

  async invite(name: string, room: string): Promise<void> {
    await this.#talker.send(`/invite ${name}`);
    await this.#shown(`-- ${name} is offline, and may enter ${room} now.`);
  }

  async say(target: string, text: string): Promise<void> {
    const isRoom = target.startsWith("#");
    await this.#talker.send(isRoom ? text : `/msg ${target} ${text}`);
    await this.#shown(isRoom ? `<${this.#name}> ${text}` : `-> *${target}* ${text}`);
  }

  async counts(target: string, count: number): Promise<void> {
    const sentence = target.startsWith("#")
      ? new RegExp(`^-- (\\d+) new messages? in ${target} since you were last here\\.`)
      : new RegExp(`^-- (\\d+) private messages? from ${target} while you were away:`);
    await this.#settle();
    if (count > 0) await this.#shown(sentence);
    const counts = this.#lines.map((line) => sentence.exec(line)?.[1]).filter((it) => it !== undefined);
    assertEquals(counts, count === 0 ? [] : [String(count)], this.#talker.received);
  }

  async read(target: string): Promise<void> {
    await this.#talker.send(target.startsWith("#") ? `/join ${target}` : `/history ${target}`);
    await this.#settle();
  }

  async sees(target: string, who: string, text: string): Promise<void> {
    const [open, close] = target.startsWith("#") ? ["<", ">"] : ["\\*", "\\*"];
    await this.#shown(new RegExp(`^(\\[.*\\] )?${open}${who}${close} ${text}$`));
  }

  async owns(room: string): Promise<void> {
    await this.#talker.send(`/who ${room}`);
    await this.#shown(new RegExp(`^-- (.*, )?~${this.#name} \\(you\\)`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#talker.rest();
    await this.#talker.end().catch(() => {}); // its reader has ended
    await this.#child.status;
  }

  /** The lines received so far. */
  get #lines(): string[] {
    return this.#talker.received.split(/\r?\n/).slice(0, -1);
  }

  /** Waits until the server has processed everything that was sent. */
  async #settle(): Promise<void> {
    await this.#talker.send("/ping");
    await this.#talker.until("-- Pong.");
  }

  /** Waits for a line, which may have been shown before. */
  async #shown(wanted: string | RegExp): Promise<void> {
    if (!this.#lines.some((line) => fits(line, wanted))) await this.#talker.until(wanted);
  }
}
