/** A terminal client without a terminal, for tests of its views: the core with a fake connection. The test is the server. */
import { Chat } from "../../src/web/chat.js";
import type { Room } from "../../src/web/room.js";
import { webSockets } from "../../src/web/rejection.js";
import { memoryStore } from "../../src/client/settings.ts";
import { useStorage } from "../../src/web/storage.js";
import type { Capabilities, Span, Style } from "../../src/client/terminal/style.ts";
import type { Screen } from "../../src/client/terminal/screen.ts";
import type { Key } from "../../src/client/terminal/keys.ts";
import { FakeBrowser } from "../web/fake_browser.ts";
import { graphemes } from "../../src/client/terminal/width.ts";

const CAPABILITIES =
  "draft/chathistory echo-message labeled-response server-time message-tags batch draft/message-redaction draft/event-playback";

export const TERMINAL: Capabilities = { colors: 256, links: true, unicode: true };

/** A client of alice, in some rooms. */
export class ClientPage implements Disposable {
  readonly browser = new FakeBrowser();
  readonly chat: Chat;
  #ids = 0;

  constructor(...rooms: string[]) {
    useStorage(memoryStore(), memoryStore());
    this.chat = new Chat(webSockets("ws://chat.example/irc"));
    for (const name of rooms) this.chat.model.open(name);
    this.chat.model.show(this.chat.model.tabs[0]);
    this.chat.connect("alice");
    const { socket } = this.browser;
    socket.open();
    socket.say(`CAP * LS :${CAPABILITIES}`, `CAP * ACK :${CAPABILITIES}`);
    socket.say("001 alice :Welcome", "005 alice CHATHISTORY=100 :are supported");
    for (const name of rooms) {
      if (!name.startsWith("#")) continue;
      socket.say(`:alice!~a@host JOIN ${name}`, `353 alice = ${name} :alice @bob`, `366 alice ${name} :End`);
    }
    this.answerHistory();
    socket.take();
  }

  /** Answers the requests for history that wait, with these lines (the oldest first). */
  answerHistory(...lines: string[]): void {
    const { socket } = this.browser;
    for (const line of socket.take()) {
      const [, label = "", target = ""] = /^@label=(\S+) CHATHISTORY \S+ (\S+)/.exec(line) ?? [];
      if (label === "") continue;
      socket.say(`@label=${label} BATCH +h chathistory ${target}`);
      socket.say(...lines.map((each) => each.startsWith("@") ? `@batch=h;${each.slice(1)}` : `@batch=h ${each}`));
      socket.say("BATCH -h");
    }
  }

  room(name = "#tea"): Room {
    return this.chat.model.find(name)!;
  }

  /** A message arrives. @returns Its id. */
  hear(nick: string, text: string, { to = "#tea", tags = "" } = {}): string {
    const id = `m${++this.#ids}`;
    const time = new Date(this.browser.now).toISOString();
    this.browser.socket.say(`@time=${time};msgid=${id}${tags} :${nick}!~u@host PRIVMSG ${to} :${text}`);
    return id;
  }

  /** The lines that were sent since the last call, without labels. */
  sent(): string[] {
    return this.browser.socket.take().map((line) => line.replace(/^@\S+ /, ""));
  }

  /** The texts that the client has told in a room: `kind: text`. */
  told(name = "#tea"): string[] {
    return this.room(name).lines.filter(({ nick }) => nick === undefined).map(({ kind, text }) => `${kind}: ${text}`);
  }

  [Symbol.dispose](): void {
    this.browser[Symbol.dispose]();
  }
}

/** A screen that remembers what is drawn on it, without a terminal: timers do not run during these tests. */
export class Drawing {
  readonly #cells: string[][];
  readonly #styles: Style[][];
  cursor: { row: number; column: number } | undefined;

  constructor(readonly columns: number, readonly rows: number, draw: (screen: Screen) => void) {
    this.#cells = Array.from({ length: rows }, () => Array<string>(columns).fill(" "));
    this.#styles = Array.from({ length: rows }, () => Array<Style>(columns).fill({}));
    draw(this as unknown as Screen);
  }

  put(row: number, column: number, spans: readonly Span[], columns = Infinity): number {
    const end = Math.min(this.columns, column + columns);
    for (const { text, style } of spans) {
      for (const { text: character, width } of graphemes(text)) {
        if (width === 0 || this.#cells[row] === undefined) continue;
        if (column + width > end) return column;
        this.#cells[row].splice(column, width, character, ...Array<string>(width - 1).fill(""));
        this.#styles[row]!.fill(style, column, column + width);
        column += width;
      }
    }
    return column;
  }

  fill(row: number, column: number, columns: number, style: Style): void {
    this.#cells[row]?.fill(" ", column, column + columns);
    this.#styles[row]?.fill(style, column, column + columns);
  }

  setCursor(row: number, column: number): void {
    this.cursor = { row, column };
  }

  hideCursor(): void {
    this.cursor = undefined;
  }

  /** The rows, without blanks at their ends. */
  get lines(): string[] {
    return this.#cells.map((row) => row.join("").trimEnd());
  }

  /** The rows that are not blank. */
  get text(): string[] {
    return this.lines.filter((line) => line !== "");
  }

  /** The style of the first cell of a text. */
  styleOf(text: string): Style | undefined {
    const row = this.lines.findIndex((line) => line.includes(text));
    if (row < 0) return undefined;
    const cells = this.#cells[row]!;
    const column = cells.findIndex((_, i) => cells.slice(i).join("").startsWith(text));
    return this.#styles[row]![column];
  }
}

export const textOf = (row: readonly Span[]): string => row.map(({ text }) => text).join("").trimEnd();

/** A key, by its name: `up`, `alt+up`, `ctrl+k`; a single character types itself. */
export function key(text: string): Key {
  const parts = text.split("+");
  const name = text === "+" ? "+" : parts.pop()!;
  const [ctrl, alt, shift] = ["ctrl", "alt", "shift"].map((each) => parts.includes(each)) as [
    boolean,
    boolean,
    boolean,
  ];
  return [...name].length === 1 && !ctrl && !alt ? { name, ctrl, alt, shift, text: name } : { name, ctrl, alt, shift };
}
