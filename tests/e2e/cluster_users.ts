/** IRC clients of users who are connected to different nodes of a cluster. */
import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { scramLast } from "../accounts/helpers.ts";
import { Cluster, type ClusterSettings, IrcClient } from "./cluster.ts";
import { test } from "./forms.ts";
import { Client, type Form, type Program, run } from "./harness.ts";
import { askIrc, Directory } from "./history_store.ts";

export const PASSWORD = "open-sesame";

/** The capabilities of {@linkcode User}, besides those that a test asks for. */
const CAPABILITIES = ["sasl", "message-tags", "server-time", "batch", "echo-message", "draft/chathistory"];

/** How to log in. */
export interface Login {
  readonly account: string;
  /** The password, or a token. */
  readonly secret: string;
  readonly mechanism?: "PLAIN" | "SCRAM-SHA-256";
}

/** A user on IRC. */
export class User extends IrcClient {
  /** The nickname at registration. */
  override readonly nick: string;

  private constructor(socket: Deno.TcpConn, nick: string) {
    super(socket);
    this.nick = nick;
  }

  /** Connects a guest. */
  static connect(node: Program, nick: string, ...capabilities: string[]): Promise<User> {
    return User.#connect(node, nick, capabilities);
  }

  /** Connects, and registers the nickname with {@linkcode PASSWORD}. */
  static async withAccount(node: Program, nick: string, ...capabilities: string[]): Promise<User> {
    const user = await User.#connect(node, nick, capabilities);
    await user.send(`NS REGISTER ${PASSWORD}`);
    await user.until(/ 900 /);
    await user.settled();
    return user;
  }

  /** Connects, and logs in by SASL. @throws {Error} if the server rejects the login */
  static logIn(node: Program, account: string, secret = PASSWORD, ...capabilities: string[]): Promise<User> {
    return User.#connect(node, account, capabilities, { account, secret });
  }

  static async #connect(node: Program, nick: string, more: readonly string[], login?: Login): Promise<User> {
    const user = new User(await Deno.connect({ hostname: "127.0.0.1", port: node.ircPort }), nick);
    await user.send("CAP LS 302", `CAP REQ :${[...CAPABILITIES, ...more].join(" ")}`);
    await user.send(`NICK ${nick}`, `USER ${nick} 0 * :Real ${nick}`);
    await user.until(/ ACK /);
    if (login !== undefined) {
      const reply = await authenticate(user, login);
      if (reply !== 903) throw new Error(`Cannot log in to ${login.account}: ${reply}`);
    }
    await user.send("CAP END");
    await user.until(/ 001 /);
    await user.settled();
    return user;
  }

  /** Sends lines. Returns what is received until all have been replied to, without tags and line ends. */
  async ask(...lines: string[]): Promise<string[]> {
    return (await askIrc(this, ...lines)).map(untagged);
  }

  /** Those replies to lines that match: the first group of the pattern, or the whole match. Drops what was received before. */
  async find(pattern: RegExp, ...lines: string[]): Promise<string[]> {
    await this.settled();
    return (await this.ask(...lines)).flatMap((line) => {
      const found = pattern.exec(line);
      return found === null ? [] : [found[1] ?? found[0]];
    });
  }

  /**
   * Waits until the node of this client has applied all that any node had applied before: a message of the client to
   * itself goes through the log. It is a TAGMSG, which is not stored. Returns what is received meanwhile, without tags.
   */
  async catchUp(): Promise<string[]> {
    const token = crypto.randomUUID();
    await this.send(`@+token=${token} TAGMSG ${this.nick}`);
    const lines: string[] = [];
    for (let line = ""; !line.includes(token);) lines.push(line = await this.until(/^/));
    await this.settled(); // skips the echo
    return lines.slice(0, -1).map(untagged);
  }

  /** Leaves, and waits for the end of the connection. */
  async quit(): Promise<void> {
    await this.send("QUIT");
    await this.rest();
  }
}

/** Logs in by SASL during registration. Returns the numeric of the last reply: 903 if it was accepted. */
export async function authenticate(client: IrcClient, login: Login): Promise<number> {
  const { account, secret, mechanism = "PLAIN" } = login;
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const message = async () => {
    const line = await client.until(/AUTHENTICATE \S+$| 904 /);
    return line.includes(" 904 ") ? undefined : Buffer.from(line.split(" ").at(-1)!, "base64").toString();
  };
  await client.send(`AUTHENTICATE ${mechanism}`);
  await client.until(/AUTHENTICATE \+$/);
  if (mechanism === "PLAIN") {
    await client.send(`AUTHENTICATE ${base64(`\0${account}\0${secret}`)}`);
  } else {
    const first = `n,,n=${account},r=fyko+d2lbbFgONRv9qkxdawL`;
    await client.send(`AUTHENTICATE ${base64(first)}`);
    const challenge = await message();
    if (challenge === undefined) return 904;
    const { last, answer } = scramLast(first, challenge, secret);
    await client.send(`AUTHENTICATE ${base64(last)}`);
    const proof = await message();
    if (proof === undefined) return 904;
    assertEquals(proof, answer); // the server has the keys, too
    await client.send("AUTHENTICATE +");
  }
  return Number(/ (90[34]) /.exec(await client.until(/ 90[34] /))![1]);
}

/** Tries a login without registering. Returns whether it was accepted. */
export async function isAccepted(node: Program, login: Login): Promise<boolean> {
  using client = new IrcClient(await Deno.connect({ hostname: "127.0.0.1", port: node.ircPort }));
  await client.send("CAP LS 302", "CAP REQ :sasl", "NICK probe", "USER probe 0 * :Probe");
  await client.until(/ ACK /);
  return await authenticate(client, login) === 903;
}

/** A line of IRC without its tags. */
export function untagged(line: string): string {
  return line.replace(/^@\S+ /, "");
}

/** How a cluster of a test is started. */
export interface UserSettings extends ClusterSettings {
  /** Whether the operators file of all nodes has the server operator root, with {@linkcode PASSWORD}. */
  readonly operator?: boolean;
}

/**
 * Registers a test of a cluster for each form. No node may log an error.
 *
 * @param body Is given the first two nodes, and the whole cluster.
 */
export function clustered(
  name: string,
  nodes: number,
  body: (a: Program, b: Program, cluster: Cluster, form: Form) => Promise<void>,
  settings: UserSettings = {},
): void {
  test(`cluster: ${name}`, async (form) => {
    await using stack = new AsyncDisposableStack();
    const args = [...settings.args ?? []];
    if (settings.operator) {
      const directory = stack.use(await Directory.make());
      const { stdout } = await run(form, ["passwd", "root"], {}, `${PASSWORD}\n`);
      await Deno.writeTextFile(directory.file("operators"), stdout);
      args.push("--operators", directory.file("operators"));
    }
    const cluster = stack.use(await Cluster.start(form, nodes, { ...settings, args }));
    try {
      await body(cluster.nodes[0]!, cluster.nodes[1]!, cluster, form);
    } catch (error) {
      const logs = cluster.nodes.map(({ log }, n) => `node ${n}:\n${log.all.split("\n").slice(-15).join("\n")}`);
      throw new Error(`${(error as Error).message}\n${logs.join("\n")}`, { cause: error });
    }
    for (const [n, { log }] of cluster.nodes.entries()) {
      assertEquals(/^.* error .*$/m.exec(log.all)?.[0], undefined, `node ${n}`);
    }
  });
}

/** Connects the server operator root on the text port. */
export async function joinRoot(node: Program): Promise<Client> {
  const root = await Client.join(node.port);
  await root.send("/nick root", `/oper root ${PASSWORD}`);
  await root.until(/^-- You are a server operator now\./);
  return root;
}
