/** The terminal client on a terminal and a server that are objects: tests read what it writes. */
import { runApp } from "../../src/client/app.ts";
import { createSession } from "../../src/client/session.ts";
import { memoryStore, type Settings } from "../../src/client/settings.ts";
import type { ServerDialer } from "../../src/client/line_socket.ts";
import type { TerminalEvents } from "../../src/client/terminal/terminal.ts";
import { KeyDecoder } from "../../src/client/terminal/keys.ts";
import type { Chat } from "../../src/web/chat.js";

/** How long a frame is waited for, in milliseconds: longer than the least time between two. */
const FRAME_TIME = 60;

/** The client, with its server and terminal. */
export class FakeApp {
  /** All that was written to the terminal. */
  output = "";
  /** Lines that were sent to the server. */
  readonly sent: string[] = [];
  /** How often the session was told to leave the terminal. */
  closed = 0;
  readonly chat: Chat;
  /** Resolves to the exit code. */
  readonly exited: Promise<number>;
  readonly #settings = memoryStore() as Settings;
  #events!: TerminalEvents;
  #socket = {
    readyState: 0,
    onopen: null as ((event?: unknown) => void) | null,
    onmessage: null as ((event: { data: unknown }) => void) | null,
    onclose: null as ((event: { reason: string }) => unknown) | null,
    send: (line: string) => void this.sent.push(line),
    close() {
      this.readyState = 3;
    },
  };

  constructor(public columns = 100, public rows = 30, unicode = true) {
    const dialer = {
      open: () => this.#socket,
      closed: () => Promise.resolve(),
      rejection: () => Promise.resolve(""),
      trouble: () => "",
    };
    for (const name of ["bell", "notify"]) this.#settings.setItem(name, "on");
    const session = createSession({
      dialer: dialer as unknown as ServerDialer,
      settings: this.#settings,
      network: "chat.example.org",
      nick: "bob",
      room: "#tea",
      code: "",
      login: undefined,
      device: "test",
      isForPeople: true,
    });
    this.chat = session.chat;
    const capabilities = { colors: 256, links: true, unicode } as const;
    const size = { columns: () => this.columns, rows: () => this.rows };
    this.exited = runApp(session, (events) => {
      this.#events = events;
      return {
        get columns() {
          return size.columns();
        },
        get rows() {
          return size.rows();
        },
        capabilities,
        isReady: true,
        onDrain() {},
        write: (text) => void (this.output += text),
        end: () => {
          this.closed++;
          return Promise.resolve();
        },
      };
    });
  }

  /** Registers, and joins #tea. */
  connect(capabilities = ""): void {
    this.#socket.readyState = 1;
    this.#socket.onopen?.();
    const agreed = capabilities === "" ? [] : [`CAP * LS :${capabilities}`, `CAP * ACK :${capabilities}`];
    this.receive(...agreed, ":s 001 bob :Welcome", ":bob!b@h JOIN #tea", ":s 366 bob #tea :End");
  }

  receive(...lines: string[]): void {
    for (const line of lines) this.#socket.onmessage?.({ data: line });
  }

  /** The server closes the connection. */
  hangUp(reason: string): void {
    this.#socket.readyState = 3;
    this.#socket.onclose?.({ reason });
  }

  type(keys: string): void {
    const decoder = new KeyDecoder();
    for (const input of [...decoder.write(new TextEncoder().encode(keys)), ...decoder.flush()]) {
      this.events.input(input);
    }
  }

  get events(): TerminalEvents {
    return this.#events;
  }

  /** Waits for a frame, and returns what was written since the last call. */
  async frame(): Promise<string> {
    await new Promise((resolve) => setTimeout(resolve, FRAME_TIME));
    const { output } = this;
    this.output = "";
    return output;
  }

  /** Ends it. */
  async leave(): Promise<number> {
    this.events.terminated();
    const code = await this.exited;
    // Nothing is left that the process would wait for.
    await new Promise((resolve) => setTimeout(resolve, 0));
    return code;
  }
}
