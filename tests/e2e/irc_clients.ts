/**
 * The programs that people chat with, started and looked at from outside: irssi, WeeChat, nc, and bots made with
 * irc-framework. Each has a home of its own, which is gone with it.
 */
// There are no types for it: what is used of it is declared below.
import { IRC } from "../dependencies.ts";
import { assertEquals } from "@std/assert";
import { TextLineStream } from "@std/streams/text-line-stream";
import { type Form, start, Talker, within } from "./harness.ts";

/** What others see of an address. */
export const HOST = /[0-9a-f]{12}\.hidden/g;

/** Somebody in the conversation of {@linkcode talk}. */
export interface Person extends AsyncDisposable {
  /** Types a line. */
  type(line: string): Promise<void>;
  /** Waits until a step of the conversation can be seen. */
  sees(step: Step): Promise<void>;
}

/** One thing that somebody does in a conversation, and what it looks like. */
export interface Step {
  readonly who: "alice" | "bob" | "carol";
  /** What they type: the same whatever they use. */
  readonly types: string;
  /** What everybody on nc sees; for a private message, bob alone. */
  readonly nc: string;
  /** What carol sees, on the program that she uses. */
  readonly irssi: string;
  /** The same, with a tab after what WeeChat has in its left column. */
  readonly weechat: string;
  /** Whether it is between bob and carol alone. */
  readonly secret?: boolean;
}

/** What is said in {@linkcode talk} once carol is there and bob has come. */
export const STEPS: readonly Step[] = [
  {
    who: "alice",
    types: "Hello, is somebody here?",
    nc: "<alice> Hello, is somebody here?",
    irssi: "< alice> Hello, is somebody here?",
    weechat: "alice\tHello, is somebody here?",
  },
  {
    who: "carol",
    types: 'I am: it\'s me; "all" for $1 and déjà vu ☕',
    nc: '<carol> I am: it\'s me; "all" for $1 and déjà vu ☕',
    irssi: '< carol> I am: it\'s me; "all" for $1 and déjà vu ☕',
    weechat: 'carol\tI am: it\'s me; "all" for $1 and déjà vu ☕',
  },
  {
    who: "bob",
    types: "/msg carol psst, Ünïcödé",
    nc: "-> *carol* psst, Ünïcödé",
    irssi: "<bob> psst, Ünïcödé",
    weechat: "bob\tpsst, Ünïcödé",
    secret: true,
  },
  { who: "bob", types: "/me nods", nc: "* bob nods", irssi: " * bob nods", weechat: " *\tbob nods" },
  {
    who: "carol",
    types: "/msg bob yes?",
    nc: "*carol* yes?",
    irssi: "<carol> yes?",
    weechat: "carol\tyes?",
    secret: true,
  },
  { who: "carol", types: "/me waves", nc: "* carol waves", irssi: " * carol waves", weechat: " *\tcarol waves" },
  {
    who: "bob",
    types: "/topic Lunch at one",
    nc: "-- bob set the topic of #lobby: Lunch at one",
    irssi: "-!- bob changed the topic of #lobby to: Lunch at one",
    weechat: '--\tbob has changed topic for #lobby to "Lunch at one"',
  },
  {
    who: "carol",
    types: "/topic Lunch at two",
    nc: "-- carol set the topic of #lobby: Lunch at two",
    irssi: "-!- carol changed the topic of #lobby to: Lunch at two",
    weechat: '--\tcarol has changed topic for #lobby from "Lunch at one" to "Lunch at two"',
  },
  {
    who: "alice",
    types: "/nick alicia",
    nc: "-- alice is now alicia",
    irssi: "-!- alice is now known as alicia",
    weechat: "--\talice is now known as alicia",
  },
  {
    who: "carol",
    types: "/nick caroline",
    nc: "-- carol is now caroline",
    irssi: "-!- You're now known as caroline",
    weechat: "--\tYou are now known as caroline",
  },
  {
    who: "bob",
    types: "/quit tea",
    nc: "-- bob left #lobby (tea)",
    irssi: "-!- bob [~guest@HOST] has quit [Quit: tea]",
    weechat: "<--\tbob (~guest@HOST) has quit (Quit: tea)",
  },
];

/**
 * Has two people on nc and one on any program talk to each other in the lobby. Whoever is there sees each step before
 * the next is taken.
 *
 * @param come Brings carol into the lobby, on whatever she uses.
 * @param look Is called when all but her leaving is over.
 * @returns What the two on nc saw: alice all from carol's arrival on, bob from his own.
 */
export async function talk<P extends Person>(
  form: Form,
  come: (port: { text: number; irc: number }) => Promise<P>,
  look: (carol: P) => Promise<void> | void = () => {},
): Promise<{ alice: string[]; bob: string[] }> {
  await using server = await start(form);
  await using alice = new Nc(server.port);
  await alice.until(/^-- Welcome/);
  await alice.type("/nick alice");
  await alice.until("-- guest1 is now alice");
  await using carol = await come({ text: server.port, irc: server.ircPort });
  await alice.until(/^-- (carol joined #lobby|guest\d is now carol)$/);
  const before = alice.received.length;
  await using bob = new Nc(server.port);
  await bob.until(/^-- Welcome to tincan\. You are guest\d, in #lobby with 2 others\./);
  await bob.type("/nick bob");
  await alice.until(/^-- guest\d is now bob$/);
  const people = { alice, bob, carol };
  for (const step of STEPS) {
    await people[step.who].type(step.types);
    const watching = step.secret ? [bob] : step.types.startsWith("/quit") ? [alice, carol] : [alice, bob, carol];
    for (const person of watching) await person.sees(step);
  }
  await bob.end(); // nc stays until its input ends
  await look(carol);
  await carol.type("/quit see you");
  await alice.until(/^-- caroline left #lobby/);
  const guest = (line: string) => line.replace(/\bguest\d\b/, "guest");
  return {
    alice: lines(alice.received.slice(before)).map(guest),
    bob: (await bob.rest()).map(guest),
  };
}

/** Waits for a program to end by itself, or ends it. Its home goes with it. */
async function bury(child: Deno.ChildProcess, home?: string): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended.
  }
  await child.status;
  if (home !== undefined) await Deno.remove(home, { recursive: true });
}

function spawn(program: string, args: string[], env: Record<string, string> = {}): Deno.ChildProcess {
  return new Deno.Command(program, { args, env, stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
}

function lines(text: string): string[] {
  return text.split("\n").slice(0, -1);
}

/** Where a program finds its files: nothing of whoever runs the tests. */
function homely(home: string): Record<string, string> {
  return { HOME: home, XDG_RUNTIME_DIR: home, XDG_CONFIG_HOME: home, LC_ALL: "C.UTF-8", TZ: "UTC", USER: "carol" };
}

/** Somebody on nc. */
export class Nc extends Talker implements Person {
  readonly #child: Deno.ChildProcess;

  /** @param from The address that it comes from. */
  constructor(port: number, from = "127.0.0.1") {
    const child = spawn("nc", ["-s", from, "127.0.0.1", String(port)]);
    super(child.stdout, child.stdin);
    this.#child = child;
  }

  async type(line: string): Promise<void> {
    await this.send(line);
  }

  async sees(step: Step): Promise<void> {
    await this.until(step.nc);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end().catch(() => {}); // it may have ended
    await bury(this.#child);
  }
}

/** A program in a terminal of its own: tmux's, which is spoken to in its control mode. */
export class Terminal implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #home: string;
  readonly #reading: Promise<void>;
  readonly #asked: PromiseWithResolvers<string[]>[] = []; // commands that tmux has yet to answer
  #ended = false;
  #news = Promise.withResolvers<void>();
  #changes = 0;

  protected constructor(home: string, command: string, env: Record<string, string> = {}) {
    this.#home = home;
    this.#child = spawn(
      "tmux",
      ["-S", `${home}/tmux`, "-f", "/dev/null", "-u", "-C", "new-session", command],
      { ...homely(home), ...env },
    );
    this.#input = this.#child.stdin.getWriter();
    this.#reading = this.#read();
  }

  /** Runs a program in one. */
  static async run(command: string): Promise<Terminal> {
    const terminal = new Terminal(await Deno.makeTempDir(), command);
    await terminal.resize("100x40");
    return terminal;
  }

  /** @param size In characters. */
  async resize(size: string): Promise<void> {
    await this.#ask(`refresh-client -C ${size}`);
  }

  async type(line: string): Promise<void> {
    await this.#ask(`send-keys -l -- '${line.replaceAll("'", "'\\''")}'`);
    await this.#ask("send-keys Enter");
  }

  /** Its screen as it is now, without what is empty at the end of lines. */
  screen(): Promise<string[]> {
    return this.#ask("capture-pane -p");
  }

  /** Waits until its screen is as wanted, and returns it. */
  async until(wanted: (screen: string[]) => boolean): Promise<string[]> {
    while (true) {
      const changes = this.#changes;
      const screen = await this.screen();
      if (wanted(screen)) return screen;
      const vainly = () => `Waited in vain for ${wanted}; on the screen:\n${screen.join("\n")}`;
      while (this.#changes === changes) {
        if (this.#ended) throw new Error(vainly());
        await within(this.#news.promise, vainly);
      }
    }
  }

  /** Waits for its end. */
  async ended(): Promise<void> {
    await within(this.#reading, () => "it does not end");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Deno.Command("tmux", { args: ["-S", `${this.#home}/tmux`, "kill-server"], stderr: "null" }).output();
    await bury(this.#child, this.#home);
  }

  /** Gives tmux a command, and returns what it answers. */
  async #ask(command: string): Promise<string[]> {
    if (this.#ended) throw new Error(`it ended before ${command}`);
    const asked = Promise.withResolvers<string[]>();
    asked.promise.catch(() => {}); // nobody waits for it when the command itself cannot be sent
    this.#asked.push(asked);
    await this.#input.write(new TextEncoder().encode(`${command}\n`));
    return await within(asked.promise, () => `tmux does not answer ${command}`);
  }

  /** Takes what tmux says: what happens on the screen, and its answers in between. */
  async #read(): Promise<void> {
    let answer: string[] | undefined;
    let end = "";
    const said = this.#child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    for await (const raw of said) {
      const line = raw.trimEnd();
      const begin = /^%begin (\d+ \d+ 1)$/.exec(line); // 1: to a command of ours
      if (answer === undefined && begin !== null) {
        answer = [];
        end = begin[1]!;
      } else if (answer === undefined) {
        if (!line.startsWith("%output")) continue;
        this.#changes++;
        this.#tell();
      } else if (line === `%end ${end}` || line === `%error ${end}`) {
        this.#asked.shift()?.resolve(answer);
        answer = undefined;
      } else answer.push(line);
    }
    this.#ended = true;
    for (const { reject } of this.#asked) reject(new Error("it ended"));
    this.#tell();
  }

  #tell() {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}

/** How somebody logs in on the way in. */
export interface Login {
  readonly name: string;
  readonly password: string;
  /** As the client calls it. */
  readonly mechanism: string;
}

/** Somebody on irssi. */
export class Irssi extends Terminal implements Person {
  /**
   * Starts it, and waits until it is let in.
   *
   * @param size Of its terminal, in characters.
   */
  static async start(port: number, nick: string, size = "100x40", login?: Login): Promise<Irssi> {
    const home = await Deno.makeTempDir();
    await Deno.mkdir(`${home}/irssi`);
    // Or it would wait two seconds after each line, for servers that disconnect whoever talks fast.
    let config = 'settings = { "irc/core" = { cmd_queue_speed = "10msec"; }; };\n';
    let address = `-c 127.0.0.1 -p ${port}`;
    if (login !== undefined) {
      const sasl =
        `sasl_mechanism = "${login.mechanism}"; sasl_username = "${login.name}"; sasl_password = "${login.password}";`;
      config += `chatnets = { tincan = { type = "IRC"; ${sasl} }; };\n`;
      config += `servers = ( { address = "127.0.0.1"; port = "${port}"; chatnet = "tincan"; } );\n`;
      address = "-c tincan";
    }
    await Deno.writeTextFile(`${home}/irssi/config`, config);
    const irssi = new Irssi(home, `irssi --home=${home}/irssi ${address} -n ${nick}`, { IRCUSER: nick, IRCNAME: nick });
    await irssi.resize(size);
    // On being let in, it makes itself invisible. The welcome may have been scrolled away by then.
    await irssi.until((screen) => screen.some((line) => line.includes(`[${nick}(+i)]`)));
    return irssi;
  }

  async sees({ irssi }: Step): Promise<void> {
    await this.until((screen) => undated(screen).includes(irssi));
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    // What runs in the terminal is no child of ours, and tmux ends after it. To be ended midway it would leave a mess.
    await this.type("/quit").catch(() => {}); // it may have ended
    await this.ended().catch(() => {});
    await super[Symbol.asyncDispose]();
  }
}

/** What is on irssi's screen without the times, with a word in place of what differs from run to run. */
export function undated(screen: readonly string[]): string[] {
  return screen.map((line) => line.replace(/^\d\d:\d\d /, "").replaceAll(HOST, "HOST").replace(/\bguest\d\b/, "guest"));
}

/** Somebody on WeeChat, which has no screen here: what it would show is what it logs. */
export class WeeChat implements Person {
  readonly #child: Deno.ChildProcess;
  readonly #home: string;
  readonly #buffers = new Map<string, Buffer>();

  private constructor(home: string, port: number, nick: string, login?: Login) {
    this.#home = home;
    const sasl = login === undefined
      ? ""
      : ` -sasl_mechanism=${login.mechanism} -sasl_username=${login.name} -sasl_password=${login.password}`;
    const commands = [
      "/set logger.file.flush_delay 0",
      "/set irc.server_default.anti_flood_prio_high 0", // or it would wait two seconds after each line
      `/server add tincan 127.0.0.1/${port} -notls -nicks=${nick} -username=${nick} -realname=${nick}${sasl}`,
      "/connect tincan",
    ];
    const args = ["--dir", home, ...commands.flatMap((command) => ["--run-command", command])];
    this.#child = spawn("weechat-headless", args, homely(home));
  }

  /** Starts it, and waits until it is welcomed. */
  static async start(port: number, nick: string, login?: Login): Promise<WeeChat> {
    const weechat = new WeeChat(await Deno.makeTempDir(), port, nick, login);
    await weechat.buffer("server.tincan").until(/^--\tWelcome to the tincan network, /);
    return weechat;
  }

  async type(line: string, buffer = "tincan.#lobby"): Promise<void> {
    const fifo = `${this.#home}/weechat_fifo_${this.#child.pid}`;
    await within(Deno.writeTextFile(fifo, `irc.${buffer} *${line}\n`), () => "WeeChat takes nothing from its FIFO");
  }

  async sees({ weechat }: Step): Promise<void> {
    await this.buffer("tincan.#lobby").until(weechat);
  }

  /** What it shows in one of its buffers: the left column, a tab, and the text. */
  buffer(name: string): Buffer {
    const known = this.#buffers.get(name);
    if (known !== undefined) return known;
    const buffer = new Buffer(`${this.#home}/logs/irc.${name}.weechatlog`);
    this.#buffers.set(name, buffer);
    return buffer;
  }

  /** Waits for its end. */
  async ended(): Promise<void> {
    await within(this.#child.status, () => "WeeChat does not end");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const buffer of this.#buffers.values()) await buffer[Symbol.asyncDispose]();
    // Nobody reads what it prints, which is nothing but the terminal's set-up and tear-down.
    await Promise.all([this.#child.stdout.cancel(), this.#child.stdin.close()]);
    await bury(this.#child, this.#home);
  }
}

/** One of WeeChat's buffers, as its log has it. */
class Buffer implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #log: Talker;

  constructor(path: string) {
    this.#child = spawn("tail", ["-n", "+1", "-s", "0.1", "-F", path]);
    this.#log = new Talker(this.#child.stdout, this.#child.stdin);
  }

  /** All that it showed until now. */
  get shown(): string[] {
    return lines(this.#log.received).map(unlogged);
  }

  /** Skips to the line that is, or matches, what is given. */
  async until(wanted: string | RegExp): Promise<void> {
    while (true) {
      const raw = await this.#log.raw(`${wanted}`);
      if (raw === undefined) throw new Error(`The log ended before ${wanted}`);
      const line = unlogged(raw.trimEnd());
      if (typeof wanted === "string" ? line === wanted : wanted.test(line)) return;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await bury(this.#child);
  }
}

/** A line of the log without its time, with a word in place of what differs from run to run. */
function unlogged(line: string): string {
  return line.replace(/^[^\t]*\t/, "").replaceAll(HOST, "HOST").replace(/\bguest\d\b/, "guest");
}

/** Whether WeeChat can be told what to do, which takes its FIFO plugin; if not, why. */
export function weechatCannot(): string | undefined {
  const folders = ["/usr/lib", "/usr/lib64", "/usr/local/lib"];
  const all = folders.flatMap((folder) => [folder, ...entries(folder).map((name) => `${folder}/${name}`)]);
  const plugins = all.flatMap((folder) => entries(`${folder}/weechat/plugins`));
  return plugins.includes("fifo.so") ? undefined : "not installed: WeeChat's FIFO plugin";
}

function entries(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch {
    return [];
  }
}

/** What is used of an irc-framework client. */
interface FrameworkClient {
  readonly connected: boolean;
  readonly user: { readonly nick: string };
  readonly network: {
    readonly name: string;
    readonly cap: { readonly enabled: string[]; readonly available: Map<string, string> };
    supports(feature: string): unknown;
  };
  readonly connection: { readonly transport: { readonly socket: { destroy(): void } } };
  requestCap(capabilities: string[]): void;
  connect(options?: Record<string, unknown>): void;
  quit(message?: string): void;
  raw(...words: string[]): void;
  ping(token: string): void;
  say(target: string, text: string): void;
  notice(target: string, text: string): void;
  action(target: string, text: string): void;
  ctcpRequest(target: string, ...words: string[]): void;
  join(channel: string, key?: string): void;
  part(channel: string, reason?: string): void;
  setTopic(channel: string, topic: string): void;
  changeNick(nick: string): void;
  mode(channel: string, modes: string, args?: string[]): void;
  ban(channel: string, mask: string): void;
  unban(channel: string, mask: string): void;
  banlist(channel: string): void;
  invite(channel: string, nick: string): void;
  whois(nick: string): void;
  whowas(nick: string): void;
  who(target: string): void;
  list(): void;
  addMonitor(nick: string): void;
  emit(event: string, ...args: unknown[]): boolean;
}

/** What irc-framework says that happened. */
export type Happening = Readonly<Record<string, unknown>>;

/** A bot made with irc-framework: all that it says that happened can be waited for. */
export class Bot implements AsyncDisposable {
  readonly client: FrameworkClient = new IRC.Client();
  readonly #events = new Map<string, Happening[]>(); // by kind, those that nobody asked for yet
  #raw: string[] = [];
  #news = Promise.withResolvers<void>();

  /** Connects, and waits until it is let in. */
  static async connect(port: number, nick: string, options: Happening = {}): Promise<Bot> {
    const bot = new Bot();
    bot.start(port, nick, options);
    await bot.next("registered");
    return bot;
  }

  /** Connects, and waits for nothing. */
  start(port: number, nick: string, options: Happening = {}): void {
    const { client } = this;
    const emit = client.emit.bind(client);
    client.emit = (kind, ...args) => {
      const event = (args[0] ?? {}) as Happening;
      if (kind === "raw") this.#raw.push(String(event.line));
      else this.#events.set(kind, [...this.#events.get(kind) ?? [], event]);
      this.#news.resolve();
      this.#news = Promise.withResolvers();
      return emit(kind, ...args);
    };
    client.connect({
      host: "127.0.0.1",
      port,
      nick,
      username: nick,
      gecos: `Bot ${nick}`,
      auto_reconnect: false,
      ...options,
    });
  }

  /** Comes into a room, and waits until it has been told who is there. */
  async join(room: string, key?: string): Promise<Happening> {
    this.client.join(room, key);
    await this.expect("join", { nick: this.client.user.nick, channel: room });
    return await this.next("userlist");
  }

  /** The next event of its kind, of those that nobody asked for yet. */
  async next(kind: string): Promise<Happening> {
    while (true) {
      const event = this.#events.get(kind)?.shift();
      if (event !== undefined) return event;
      await within(
        this.#news.promise,
        () => `Waited in vain for "${kind}"; what came:\n${this.#raw.slice(-10).join("\n")}`,
      );
    }
  }

  /** The next event of its kind, which is as expected. */
  async expect(kind: string, expected: Happening): Promise<Happening> {
    const event = await this.next(kind);
    const relevant = Object.fromEntries(Object.keys(expected).map((key) => [key, event[key]]));
    assertEquals(relevant, expected, `"${kind}" is not as expected; what came:\n${this.#raw.slice(-10).join("\n")}`);
    return event;
  }

  /** The kinds of events that came and that nobody asked for. */
  get rest(): string[] {
    return [...this.#events].filter(([, events]) => events.length > 0).map(([kind]) => kind);
  }

  /** Waits until the server has answered all that was sent to it. */
  async settle(): Promise<void> {
    const token = crypto.randomUUID();
    this.client.ping(token);
    while ((await this.next("pong")).message !== token);
  }

  /** Cuts its socket off, without a word. */
  async cut(): Promise<void> {
    this.client.connection.transport.socket.destroy();
    await this.next("close");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.client.connected) return;
    this.client.quit();
    await this.next("close");
  }
}
