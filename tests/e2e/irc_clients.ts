/**
 * Drivers for real clients: irssi, WeeChat, nc, and bots made with irc-framework. Each program gets a temporary home
 * directory, removed on disposal.
 */
// irc-framework has no types; FrameworkClient below declares what is used of it.
import { IRC } from "../dependencies.ts";
import { assertEquals } from "@std/assert";
import { TextLineStream } from "@std/streams/text-line-stream";
import { type Form, named, start, Talker, within } from "./harness.ts";

/** A hidden host, as other members see it. */
export const HOST = /[0-9a-f]{12}\.hidden/g;

/** A client that takes part in {@linkcode talk}. */
export interface ChatClient extends AsyncDisposable {
  /** Types a line. */
  type(line: string): Promise<void>;
  /** Waits until the client shows a step of the conversation. */
  sees(step: Step): Promise<void>;
}

/** A line that is typed in a conversation, and how each client shows it. */
export interface Step {
  readonly who: "alice" | "bob" | "carol";
  /** The input, which is the same for all clients. */
  readonly types: string;
  /** The output of nc; of a private message, for bob alone. */
  readonly nc: string;
  /** The output of irssi. */
  readonly irssi: string;
  /** The output of WeeChat, with a tab after its left column. */
  readonly weechat: string;
  /** Whether it is a private message between bob and carol. */
  readonly secret?: boolean;
}

/** The steps of {@linkcode talk}, after carol and bob have joined. */
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
 * Runs a conversation in the lobby between alice and bob on nc and carol on any client. All present clients show a step
 * before the next one starts.
 *
 * @param connect Connects carol and joins the lobby.
 * @param inspect Called after the last step, before carol quits.
 * @returns The output of nc: of alice from the time when carol joined, of bob from his own.
 */
export async function talk<P extends ChatClient>(
  form: Form,
  connect: (port: { text: number; irc: number }) => Promise<P>,
  inspect: (carol: P) => Promise<void> | void = () => {},
): Promise<{ alice: string[]; bob: string[] }> {
  await using server = await start(form);
  await using alice = new Nc(server.port);
  await alice.until(/^-- Welcome/);
  await alice.type("/nick alice");
  await alice.until("-- guest1 is now alice");
  await using carol = await connect({ text: server.port, irc: server.ircPort });
  await alice.until(/^-- (carol joined #lobby|guest\d is now carol)$/);
  const before = alice.received.length;
  await using bob = new Nc(server.port);
  await bob.until(/^-- Welcome to tincan\. You are guest\d, in #lobby with 2 others\./);
  await bob.type("/nick bob");
  await alice.until(/^-- guest\d is now bob$/);
  const clients = { alice, bob, carol };
  for (const step of STEPS) {
    await clients[step.who].type(step.types);
    const watching = step.secret ? [bob] : step.types.startsWith("/quit") ? [alice, carol] : [alice, bob, carol];
    for (const client of watching) await client.sees(step);
  }
  await bob.end(); // nc stays until its input ends
  await inspect(carol);
  await carol.type("/quit see you");
  await alice.until(/^-- caroline left #lobby/);
  const guest = (line: string) => line.replace(/\bguest\d\b/, "guest");
  return {
    alice: lines(alice.received.slice(before)).map(guest),
    bob: (await bob.rest()).map(guest),
  };
}

/** Kills a program if it is still running, and removes its home directory. */
async function terminate(child: Deno.ChildProcess, home?: string): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has exited already.
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

/** An environment without the configuration of the user that runs the tests. */
function environment(home: string): Record<string, string> {
  return { HOME: home, XDG_RUNTIME_DIR: home, XDG_CONFIG_HOME: home, LC_ALL: "C.UTF-8", TZ: "UTC", USER: "carol" };
}

/** An nc client. */
export class Nc extends Talker implements ChatClient {
  readonly #child: Deno.ChildProcess;

  /** @param from The source address. */
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
    await this.end().catch(() => {}); // it may have exited
    await terminate(this.#child);
  }
}

/** A program in a terminal of tmux, driven through tmux's control mode. */
export class Terminal implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #home: string;
  readonly #reading: Promise<void>;
  readonly #pending: PromiseWithResolvers<string[]>[] = []; // commands without a reply yet
  #ended = false;
  #changed = Promise.withResolvers<void>();
  #changes = 0;

  protected constructor(home: string, command: string, env: Record<string, string> = {}) {
    this.#home = home;
    this.#child = spawn(
      "tmux",
      ["-S", `${home}/tmux`, "-f", "/dev/null", "-u", "-C", "new-session", command],
      { ...environment(home), ...env },
    );
    this.#input = this.#child.stdin.getWriter();
    this.#reading = this.#read();
  }

  /** Runs a program in a new terminal. */
  static async run(command: string): Promise<Terminal> {
    const terminal = new Terminal(await Deno.makeTempDir(), command);
    await terminal.resize("100x40");
    return terminal;
  }

  /** @param size In characters. */
  async resize(size: string): Promise<void> {
    do await this.ask(`refresh-client -C ${size}`); // without effect while tmux starts
     while ((await this.ask("display-message -p '#{window_width}x#{window_height}'"))[0] !== size);
  }

  async type(line: string): Promise<void> {
    await this.write(line);
    await this.ask("send-keys Enter");
  }

  /** Types text without Enter. */
  async write(text: string): Promise<void> {
    await this.ask(`send-keys -l -- '${text.replaceAll("'", "'\\''")}'`);
  }

  /** The current screen, without trailing spaces. */
  screen(): Promise<string[]> {
    return this.ask("capture-pane -p");
  }

  /** Waits until the screen satisfies a predicate, and returns it. */
  async until(wanted: (screen: string[]) => boolean): Promise<string[]> {
    while (true) {
      const changes = this.#changes;
      const screen = await this.screen();
      if (wanted(screen)) return screen;
      const expected = `screen with ${wanted}`;
      const shown = screen.join("\n");
      while (this.#changes === changes) {
        if (this.#ended) throw new Error(`No ${expected} before the exit of tmux; the screen:\n${shown}`);
        await within(this.#changed.promise, () => expected, () => shown);
      }
    }
  }

  /** Waits until the program exits. */
  async ended(): Promise<void> {
    await within(this.#reading, () => "exit of the program");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Deno.Command("tmux", { args: ["-S", `${this.#home}/tmux`, "kill-server"], stderr: "null" }).output();
    await terminate(this.#child, this.#home);
  }

  /** Sends tmux a command and returns its reply. */
  protected async ask(command: string): Promise<string[]> {
    if (this.#ended) throw new Error(`Cannot send tmux "${command}": it has exited`);
    const reply = Promise.withResolvers<string[]>();
    reply.promise.catch(() => {}); // not awaited if sending the command fails
    this.#pending.push(reply);
    await this.#input.write(new TextEncoder().encode(`${command}\n`));
    return await within(reply.promise, () => `answer of tmux to "${command}"`);
  }

  /** Reads the output of tmux: notifications of screen changes, and replies to commands. */
  async #read(): Promise<void> {
    let answer: string[] | undefined;
    let end = "";
    const said = this.#child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    for await (const raw of said) {
      const line = raw.trimEnd();
      const begin = /^%begin (\d+ \d+ 1)$/.exec(line); // 1: a reply to a control client
      if (answer === undefined && begin !== null) {
        answer = [];
        end = begin[1]!;
      } else if (answer === undefined) {
        if (!line.startsWith("%output")) continue;
        this.#changes++;
        this.#notify();
      } else if (line === `%end ${end}` || line === `%error ${end}`) {
        this.#pending.shift()?.resolve(answer);
        answer = undefined;
      } else answer.push(line);
    }
    this.#ended = true;
    for (const { reject } of this.#pending) reject(new Error("tmux exited"));
    this.#notify();
  }

  #notify() {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** Credentials for a SASL login. */
export interface Login {
  readonly name: string;
  readonly password: string;
  /** The SASL mechanism, in the spelling of the client. */
  readonly mechanism: string;
}

/** An irssi client. */
export class Irssi extends Terminal implements ChatClient {
  /**
   * Starts irssi and waits until it is registered.
   *
   * @param size Size of the terminal, in characters.
   */
  static async start(port: number, nick: string, size = "100x40", login?: Login): Promise<Irssi> {
    const home = await Deno.makeTempDir();
    await Deno.mkdir(`${home}/irssi`);
    // By default irssi waits two seconds after each line, for servers that disconnect fast senders, and asks whether lines
    // that are typed fast are to be pasted.
    const core = 'cmd_queue_speed = "10msec"; cmds_max_at_once = "100";';
    let config = `settings = { "irc/core" = { ${core} }; "fe-text" = { paste_verify_line_count = "0"; }; };\n`;
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
    // irssi sets +i once it is registered; the welcome may have scrolled away by then.
    await irssi.until((screen) => screen.some((line) => line.includes(`[${nick}(+i)]`)));
    return irssi;
  }

  async sees({ irssi }: Step): Promise<void> {
    await this.until((screen) => undated(screen).includes(irssi));
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    // irssi is a child of tmux, which exits after it. Killed midway, it would leave files behind.
    await this.type("/quit").catch(() => {}); // it may have exited
    await this.ended().catch(() => {});
    await super[Symbol.asyncDispose]();
  }
}

/** The screen of irssi without times, and with placeholders for hosts and guest numbers. */
export function undated(screen: readonly string[]): string[] {
  return screen.map((line) => line.replace(/^\d\d:\d\d /, "").replaceAll(HOST, "HOST").replace(/\bguest\d\b/, "guest"));
}

/** A headless WeeChat client; its log stands for its screen. */
export class WeeChat implements ChatClient {
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
      "/set irc.server_default.anti_flood_prio_high 0", // by default WeeChat waits two seconds after each line
      `/server add tincan 127.0.0.1/${port} -notls -nicks=${nick} -username=${nick} -realname=${nick}${sasl}`,
      "/connect tincan",
    ];
    const args = ["--dir", home, ...commands.flatMap((command) => ["--run-command", command])];
    this.#child = spawn("weechat-headless", args, environment(home));
  }

  /** Starts WeeChat and waits for the welcome. */
  static async start(port: number, nick: string, login?: Login): Promise<WeeChat> {
    const weechat = new WeeChat(await Deno.makeTempDir(), port, nick, login);
    await weechat.buffer("server.tincan").until(/^--\tWelcome to the tincan network, /);
    return weechat;
  }

  async type(line: string, buffer = "tincan.#lobby"): Promise<void> {
    const fifo = `${this.#home}/weechat_fifo_${this.#child.pid}`;
    await within(Deno.writeTextFile(fifo, `irc.${buffer} *${line}\n`), () => "read of its FIFO by WeeChat");
  }

  async sees({ weechat }: Step): Promise<void> {
    await this.buffer("tincan.#lobby").until(weechat);
  }

  /** A buffer by name; its lines are the left column, a tab and the text. */
  buffer(name: string): Buffer {
    const known = this.#buffers.get(name);
    if (known !== undefined) return known;
    const buffer = new Buffer(`${this.#home}/logs/irc.${name}.weechatlog`);
    this.#buffers.set(name, buffer);
    return buffer;
  }

  /** Waits until the program exits. */
  async ended(): Promise<void> {
    await within(this.#child.status, () => "exit of WeeChat");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const buffer of this.#buffers.values()) await buffer[Symbol.asyncDispose]();
    // The output is not read; it is terminal set-up and tear-down alone.
    await Promise.all([this.#child.stdout.cancel(), this.#child.stdin.close()]);
    await terminate(this.#child, this.#home);
  }
}

/** A WeeChat buffer, read from its log. */
class Buffer implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #log: Talker;

  constructor(path: string) {
    this.#child = spawn("tail", ["-n", "+1", "-s", "0.1", "-F", path]);
    this.#log = new Talker(this.#child.stdout, this.#child.stdin);
  }

  /** All lines that it has shown so far. */
  get shown(): string[] {
    return lines(this.#log.received).map(unlogged);
  }

  /** Skips to the line that equals, matches or satisfies `wanted`. */
  async until(wanted: string | RegExp | ((line: string) => boolean)): Promise<void> {
    const expected = typeof wanted === "function" ? `line that satisfies ${wanted}` : named(wanted);
    while (true) {
      const raw = await this.#log.raw(expected);
      if (raw === undefined) throw new Error(`No ${expected} before the end of WeeChat's log`);
      const line = unlogged(raw.trimEnd());
      const fits = typeof wanted === "string"
        ? line === wanted
        : typeof wanted === "function"
        ? wanted(line)
        : wanted.test(line);
      if (fits) return;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await terminate(this.#child);
  }
}

/** A log line without its time, and with placeholders for hosts and guest numbers. */
function unlogged(line: string): string {
  return line.replace(/^[^\t]*\t/, "").replaceAll(HOST, "HOST").replace(/\bguest\d\b/, "guest");
}

/** The reason why WeeChat cannot be controlled (its FIFO plugin is missing), or undefined. */
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

/** The part of irc-framework's client that is used here. */
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

/** The data of an irc-framework event. */
export type EventData = Readonly<Record<string, unknown>>;

/** An irc-framework bot whose events are queued by kind and can be awaited. */
export class Bot implements AsyncDisposable {
  readonly client: FrameworkClient = new IRC.Client();
  readonly #events = new Map<string, EventData[]>(); // by kind, not taken yet
  #raw: string[] = [];
  #changed = Promise.withResolvers<void>();

  /** Connects, and waits until the bot is registered. */
  static async connect(port: number, nick: string, options: EventData = {}): Promise<Bot> {
    const bot = new Bot();
    bot.start(port, nick, options);
    await bot.next("registered");
    return bot;
  }

  /** Connects without waiting. */
  start(port: number, nick: string, options: EventData = {}): void {
    const { client } = this;
    const emit = client.emit.bind(client);
    client.emit = (kind, ...args) => {
      const event = (args[0] ?? {}) as EventData;
      if (kind === "raw") this.#raw.push(String(event.line));
      else this.#events.set(kind, [...this.#events.get(kind) ?? [], event]);
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
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

  /** Joins a room and waits for the list of members. */
  async join(room: string, key?: string): Promise<EventData> {
    this.client.join(room, key);
    await this.expect("join", { nick: this.client.user.nick, channel: room });
    return await this.next("userlist");
  }

  /** Takes the next event of a kind, waiting for it if needed. */
  async next(kind: string): Promise<EventData> {
    while (true) {
      const event = this.#events.get(kind)?.shift();
      if (event !== undefined) return event;
      await within(
        this.#changed.promise,
        () => `event "${kind}"`,
        () => this.#raw.slice(-10).join("\n"),
      );
    }
  }

  /** Takes the next event of a kind and asserts that it has the expected fields. */
  async expect(kind: string, expected: EventData): Promise<EventData> {
    const event = await this.next(kind);
    const relevant = Object.fromEntries(Object.keys(expected).map((key) => [key, event[key]]));
    assertEquals(relevant, expected, `"${kind}" is not as expected; received:\n${this.#raw.slice(-10).join("\n")}`);
    return event;
  }

  /** The kinds of events that have not been taken. */
  get rest(): string[] {
    return [...this.#events].filter(([, events]) => events.length > 0).map(([kind]) => kind);
  }

  /** Waits until the server has processed everything that was sent. */
  async settle(): Promise<void> {
    const token = crypto.randomUUID();
    this.client.ping(token);
    while ((await this.next("pong")).message !== token);
  }

  /** Destroys the socket without QUIT. */
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
