/** Devices with an IRC client: irssi, WeeChat, and a bot made with irc-framework. */
import { assertEquals } from "@std/assert";
import { DEADLINE } from "./browser.ts";
import { type Device, fits, type Kind, PASSWORD, whenReady } from "./device.ts";
import { Bot, type EventData, Irssi, undated, WeeChat } from "./irc_clients.ts";

/** A size of terminals in which no line is wrapped. */
const SCREEN = "160x60";

/** WeeChat's buffer of the server. */
const SERVER = "server.tincan";

/** The command for earlier messages of a room, which the server tells clients without `batch`. */
function earlier(room: string): string {
  return `CHATHISTORY LATEST ${room} * 20`;
}

/** irssi, read from the screens of its windows. */
export class IrssiDevice implements Device {
  readonly #irssi: Irssi;
  readonly #name: string;

  constructor(irssi: Irssi, name: string) {
    this.#irssi = irssi;
    this.#name = name;
  }

  static readonly kind: Kind = {
    follows: false,
    async register({ ircPort }, name) {
      const device = new IrssiDevice(await Irssi.start(ircPort, name, SCREEN), name);
      await device.#irssi.type(`/msg NickServ REGISTER ${PASSWORD}`);
      return await whenReady(device, () => device.#shown("1", /You are now logged in as/));
    },
    async logIn({ ircPort }, name) {
      const login = { name, password: PASSWORD, mechanism: "PLAIN" };
      return new IrssiDevice(await Irssi.start(ircPort, name, SCREEN, login), name);
    },
  };

  async stayOn(): Promise<void> {
    await this.#irssi.type("/msg NickServ SET ALWAYS-ON ON");
    await this.#settle();
  }

  async create(room: string): Promise<void> {
    await this.#irssi.type(`/join ${room}`);
    await this.#irssi.type(`/mode ${room} +i`);
    await this.#shown(room, `-!- mode/${room} [+i] by ${this.#name}`);
  }

  async enter(room: string): Promise<void> {
    await this.#irssi.type(`/join ${room}`);
    await this.#shown(room, `[Users ${room}]`);
    await this.#irssi.type(`/quote ${earlier(room)}`);
  }

  async invite(name: string, room: string): Promise<void> {
    await this.#irssi.type(`/invite ${name} ${room}`);
    await this.#settle();
  }

  async say(target: string, text: string): Promise<void> {
    await this.#irssi.type(`/msg ${target} ${text}`);
    await this.#settle(); // irssi shows it before the server has it
  }

  async counts(target: string, count: number): Promise<void> {
    await this.#settle();
    if (count > 0) await this.#window(target);
    else await this.read(target);
    const mark = crypto.randomUUID();
    await this.#irssi.type(`/echo ${mark}`); // in the window that is shown then
    const said = new RegExp(`^<(?!.?${this.#name}>)`);
    await this.#irssi.until((screen) => {
      return screen.some((line) => line.includes(mark)) &&
        undated(screen).filter((line) => said.test(line)).length === count;
    });
  }

  async read(target: string): Promise<void> {
    if (!target.startsWith("#")) await this.#irssi.type(`/query ${target}`); // there may be no window of it
    await this.#window(target);
  }

  async sees(target: string, who: string, text: string): Promise<void> {
    await this.#shown(target, new RegExp(`^<[ ~@+]?${who}> ${text}$`));
  }

  async owns(room: string): Promise<void> {
    await this.#window(room);
    await this.#irssi.until((screen) => screen.some((line) => line.includes(` [~${this.#name}(`)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#irssi[Symbol.asyncDispose]();
  }

  /** Waits until the server has processed everything that was sent. */
  async #settle(): Promise<void> {
    const nonsense = `X${crypto.randomUUID().slice(0, 8)}`;
    await this.#irssi.type(`/quote ${nonsense}`);
    await this.#shown("1", new RegExp(`^-!- ${nonsense} `, "i"));
  }

  /** Waits for a line in a window. */
  async #shown(window: string, wanted: string | RegExp): Promise<void> {
    await this.#window(window);
    await this.#irssi.until((screen) => undated(screen).some((line) => fits(line.trimEnd(), wanted)));
  }

  /** Shows a window, as soon as there is one. */
  async #window(name: string): Promise<void> {
    const bar = name === "1" ? / \[1:/ : new RegExp(` \\[\\d+:[^/ ]*/${name}[\\](]`);
    const ends = Date.now() + DEADLINE;
    while (true) {
      const screen = await this.#irssi.screen();
      if (screen.some((line) => bar.test(line))) return;
      if (Date.now() > ends) throw new Error(`No window ${name} of irssi; the screen:\n${screen.join("\n")}`);
      // Without waiting for irssi, it would go on changing windows for a while.
      const command = `/window goto ${name}`;
      const isTyped = (screen: string[]) => screen.some((line) => line.endsWith(command));
      await this.#irssi.write(command);
      await this.#irssi.until(isTyped);
      await this.#irssi.type("");
      await this.#irssi.until((screen) => !isTyped(screen));
    }
  }
}

/** WeeChat, read from the logs of its buffers. */
export class WeeChatDevice implements Device {
  readonly #weechat: WeeChat;
  readonly #name: string;

  constructor(weechat: WeeChat, name: string) {
    this.#weechat = weechat;
    this.#name = name;
  }

  static readonly kind: Kind = {
    follows: false,
    async register({ ircPort }, name) {
      const device = new WeeChatDevice(await WeeChat.start(ircPort, name), name);
      await device.#weechat.type(`/msg NickServ REGISTER ${PASSWORD}`, SERVER);
      return await whenReady(device, () => device.#shown(SERVER, /^--\tYou are now logged in as /));
    },
    async logIn({ ircPort }, name) {
      const login = { name, password: PASSWORD, mechanism: "plain" };
      return new WeeChatDevice(await WeeChat.start(ircPort, name, login), name);
    },
  };

  async stayOn(): Promise<void> {
    await this.#weechat.type("/msg NickServ SET ALWAYS-ON ON", SERVER);
    await this.#settle();
  }

  async create(room: string): Promise<void> {
    await this.#weechat.type(`/join ${room}`, SERVER);
    await this.#weechat.type(`/mode ${room} +i`, SERVER);
    await this.#shown(`tincan.${room}`, `--\tMode ${room} [+i] by ${this.#name}`);
  }

  async enter(room: string): Promise<void> {
    await this.#weechat.type(`/join ${room}`, SERVER);
    await this.#shown(`tincan.${room}`, new RegExp(`^--\tChannel ${room}: `));
    await this.#weechat.type(`/quote ${earlier(room)}`, SERVER);
  }

  async invite(name: string, room: string): Promise<void> {
    await this.#weechat.type(`/invite ${name} ${room}`, SERVER);
    await this.#shown(SERVER, `--\t${this.#name} has invited ${name} to ${room}`);
  }

  async say(target: string, text: string): Promise<void> {
    await this.#weechat.type(`/msg ${target} ${text}`, SERVER);
    await this.#settle();
  }

  async counts(target: string, count: number): Promise<void> {
    await this.#settle();
    const buffer = this.#weechat.buffer(`tincan.${target}`);
    const said = new RegExp(`^(?![~@+]?${this.#name}\t)[~@+]?[a-z].*\t`);
    const all = () => buffer.shown.filter((line) => said.test(line));
    while (all().length < count) await buffer.until(said);
    assertEquals(all().length, count, buffer.shown.join("\n"));
  }

  async read(): Promise<void> {}

  async sees(target: string, who: string, text: string): Promise<void> {
    await this.#shown(`tincan.${target}`, new RegExp(`^[~@+]?${who}\t${text}$`));
  }

  async owns(room: string): Promise<void> {
    await this.#weechat.type(`/names ${room}`, SERVER);
    await this.#shown(`tincan.${room}`, new RegExp(`^--\tNicks ${room}: \\[.*~${this.#name}\\b`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#weechat.type("/quit", SERVER);
    await this.#weechat.ended();
    await this.#weechat[Symbol.asyncDispose]();
  }

  /** Waits until the server has processed everything that was sent. */
  async #settle(): Promise<void> {
    const nonsense = `X${crypto.randomUUID().slice(0, 8)}`;
    await this.#weechat.type(`/quote ${nonsense}`, SERVER);
    await this.#shown(SERVER, new RegExp(`^--\t${nonsense}: `, "i"));
  }

  /** Waits for a line in a buffer, which may have been shown before. */
  async #shown(name: string, wanted: string | RegExp): Promise<void> {
    const buffer = this.#weechat.buffer(name);
    if (!buffer.shown.some((line) => fits(line, wanted))) await buffer.until(wanted);
  }
}

/** A message from the server, as irc-framework parses it. */
interface Received {
  readonly command: string;
  readonly nick: string;
  readonly params: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
}

/** A bot made with irc-framework, which asks for history and for read markers. */
export class BotDevice implements Device {
  readonly #bot: Bot;

  constructor(bot: Bot) {
    this.#bot = bot;
  }

  static readonly kind: Kind = {
    follows: true,
    async register({ ircPort }, name) {
      const device = await BotDevice.#connect(ircPort, name);
      device.#bot.client.say("NickServ", `REGISTER ${PASSWORD}`);
      return await whenReady(device, () => device.#bot.expect("loggedin", { nick: name, account: name }));
    },
    logIn({ ircPort }, name) {
      return BotDevice.#connect(ircPort, name, { account: { account: name, password: PASSWORD } });
    },
  };

  static async #connect(port: number, name: string, options: EventData = {}): Promise<BotDevice> {
    const bot = new Bot();
    bot.client.requestCap(["draft/chathistory", "draft/read-marker"]);
    bot.start(port, name, { enable_echomessage: true, ...options });
    await bot.next("registered");
    return new BotDevice(bot);
  }

  async stayOn(): Promise<void> {
    this.#bot.client.say("NickServ", "SET ALWAYS-ON ON");
    await this.#bot.settle();
  }

  async create(room: string): Promise<void> {
    await this.#bot.join(room);
    this.#bot.client.mode(room, "+i");
    await this.#bot.settle();
  }

  async enter(room: string): Promise<void> {
    await this.#bot.join(room);
  }

  async invite(name: string, room: string): Promise<void> {
    this.#bot.client.invite(room, name);
    await this.#bot.expect("invited", { nick: name, channel: room });
  }

  async say(target: string, text: string): Promise<void> {
    this.#bot.client.say(target, text);
    while ((await this.#bot.next("privmsg")).message !== text);
  }

  async counts(target: string, count: number): Promise<void> {
    this.#bot.client.raw("MARKREAD", target);
    let unread;
    do {
      const marker = await this.#marker(target); // the reply; then one for each change
      const past = await this.#history(marker === "*" ? "LATEST" : "AFTER", target, marker);
      unread = past.filter(({ nick }) => nick !== this.#own);
    } while (unread.length !== count);
  }

  async read(target: string): Promise<void> {
    const last = (await this.#history("LATEST", target, "*")).at(-1)!;
    this.#bot.client.raw("MARKREAD", target, `timestamp=${last.tags.time}`);
    await this.#bot.settle();
  }

  async sees(target: string, who: string, text: string): Promise<void> {
    const past = await this.#history("LATEST", target, "*");
    if (past.some(({ nick, params }) => nick === who && params[1] === text)) return;
    while (true) {
      const { nick, message } = await this.#bot.next("privmsg");
      if (nick === who && message === text) return;
    }
  }

  async owns(room: string): Promise<void> {
    this.#bot.client.raw("NAMES", room);
    while (true) {
      const { channel, users } = await this.#bot.next("userlist");
      if (channel !== room) continue;
      const found = (users as EventData[]).find(({ nick }) => nick === this.#own);
      assertEquals((found?.modes as string[])?.[0], "q");
      return;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bot[Symbol.asyncDispose]();
  }

  get #own(): string {
    return this.#bot.client.user.nick;
  }

  /** The next read marker that is received for a target. */
  async #marker(target: string): Promise<string> {
    while (true) {
      const { command, params: [where, marker] } = await this.#bot.next("unknown command") as unknown as Received;
      if (command === "MARKREAD" && where === target) return marker!;
    }
  }

  /** Messages of a target, the oldest first. */
  async #history(subcommand: string, target: string, from: string): Promise<Received[]> {
    this.#bot.client.raw("CHATHISTORY", subcommand, target, from, "100");
    return (await this.#bot.next("batch end chathistory")).commands as Received[];
  }
}
