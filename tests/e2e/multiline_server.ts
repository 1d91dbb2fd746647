/**
 * Makes a page believe that the server supports messages of several lines (IRCv3, "multiline"): between both, it offers the
 * capability, and echoes such messages. All other lines go to the server and back.
 */
import type { Page, WebSocketRoute } from "../dependencies.ts";

const CAPABILITY = "draft/multiline";

export class MultilineServer {
  /** The lines of the batches that the page has sent. */
  readonly sent: string[] = [];
  #socket: WebSocketRoute | undefined;
  #ids = 0;
  #lines: string[] = [];
  #label = "";
  #nick = "";

  /** Prepares a page that is not loaded yet. @param value The value of the capability. */
  async prepare(page: Page, value = "max-bytes=8192,max-lines=100"): Promise<void> {
    await page.routeWebSocket(/\/irc$/, (socket) => {
      this.#socket = socket;
      const server = socket.connectToServer();
      socket.onMessage((data) => {
        const line = String(data);
        if (/^NICK /.test(line)) this.#nick = line.slice(5);
        if (this.#takes(line)) return;
        server.send(line.replace(` ${CAPABILITY}`, ""));
      });
      server.onMessage((data) => {
        const text = String(data).replace(/(CAP \S+ LS :?)/, `$1${CAPABILITY}=${value} `)
          .replace(/(CAP \S+ ACK :?)/, `$1${CAPABILITY} `);
        socket.send(text);
      });
    });
  }

  /** Sends a message of several lines from another user to the page. */
  say(nick: string, target: string, text: string): void {
    this.#send("", nick, target, text.split("\n").map((line) => `PRIVMSG ${target} :${line}`));
  }

  /** Whether a line of the page belongs to a batch. */
  #takes(line: string): boolean {
    const [, label = "", start] = /^@label=(\S+) BATCH \+\S+ draft\/multiline (\S+)$/.exec(line) ?? [];
    if (start !== undefined) [this.#label, this.#lines] = [label, []];
    else if (/^BATCH -/.test(line)) {
      const [, target = ""] = /PRIVMSG (\S+)/.exec(this.#lines[0] ?? "") ?? [];
      this.#send(this.#label, this.#nick, target, this.#lines);
    } else if (line.startsWith("@batch=")) this.#lines.push(line.replace(/^@batch=[^; ]*[; ]/, ""));
    else return false;
    this.sent.push(line);
    return true;
  }

  #send(label: string, nick: string, target: string, lines: string[]): void {
    const [id, source] = [`x${++this.#ids}`, `:${nick}!~${nick}@host`];
    const tags = [`msgid=${id}`, `time=${new Date().toISOString()}`, ...label === "" ? [] : [`label=${label}`]];
    this.#socket?.send(`@${tags.join(";")} ${source} BATCH +${id} ${CAPABILITY} ${target}`);
    for (const line of lines) {
      const [, tag = "", rest = line] = /^(draft\/multiline-concat) (.*)$/.exec(line) ?? [];
      this.#socket?.send(`@batch=${id}${tag === "" ? "" : `;${tag}`} ${source} ${rest}`);
    }
    this.#socket?.send(`BATCH -${id}`);
  }
}
