/** The terminal client: composes what is on the screen, and passes keys on. */
import { isSecret, resolveAlias, type Ui } from "../web/commands.js";
import type { Status as ConnectionStatus } from "../web/connection.js";
import { useEmojiList } from "../web/emoji.js";
import { trimLines } from "../web/multiline.js";
import type { Room } from "../web/room.js";
import { TypingNotifier } from "../web/typing.js";
import { askChanServ } from "../web/chanserv.js";
import { askNickServ, isNickServ } from "../web/account.js";
import { type AppParts, drawApp } from "./app_view.ts";
import type { ClientUi } from "./command.ts";
import { run } from "./commands.ts";
import { CompletionList } from "./completion_list.ts";
import { Editors } from "./editors.ts";
import { Frames } from "./frames.ts";
import { Notifier } from "./notifier.ts";
import { accountPrompt, connectionPrompt, operatorPrompt, type Prompt } from "./prompts.ts";
import { sendAgain } from "./resend.ts";
import { SelectionKeys } from "./selection_keys.ts";
import type { ClientSession } from "./session.ts";
import type { Input, Key } from "./terminal/keys.ts";
import { LineEditor } from "./terminal/line_editor.ts";
import { Screen } from "./terminal/screen.ts";
import { Terminal, type TerminalEvents } from "./terminal/terminal.ts";
import { goDialog, helpDialog, searchDialog } from "./views/dialogs.ts";
import type { Dialog } from "./views/list_dialog.ts";
import { LogView } from "./views/log_view.ts";

/** Ctrl-C leaves if it comes again within this time, in milliseconds. */
const LEAVE_WITHIN = 2000;

/** Shown for input that looks like a command with a password, but would be sent as a message. */
const NOT_SENT_SECRET =
  "Not sent, because it may contain a password. Write the command on one line that begins with /.";

/** The part of the terminal that the client uses. */
export type AppTerminal = Pick<
  Terminal,
  "columns" | "rows" | "capabilities" | "write" | "isReady" | "onDrain" | "end"
>;

/** Runs the client on the terminal until the user leaves. @returns The exit code. */
export function runApp(
  session: ClientSession,
  open: (events: TerminalEvents) => AppTerminal = Terminal.open,
): Promise<number> {
  return new Promise((resolve) => new App(session, open, resolve).start());
}

class App {
  readonly #session: ClientSession;
  readonly #done: (code: number) => void;
  readonly #frames: Frames;
  readonly #terminal: AppTerminal;
  readonly #screen: Screen;
  readonly #log: LogView;
  readonly #list: CompletionList;
  readonly #selection: SelectionKeys;
  readonly #typing: TypingNotifier;
  readonly #notifier: Notifier;
  readonly #editors: Editors;
  #prompt: Prompt | undefined;
  #promptEditor = new LineEditor();
  #dialog: Dialog | undefined;
  /** Said in the status row until the next key. */
  #problem = "";
  #status: ConnectionStatus = { kind: "idle" };
  #interruptedAt = -Infinity;
  #tick: ReturnType<typeof setInterval> | undefined;
  #hasLeft = false;

  constructor(
    session: ClientSession,
    open: (events: TerminalEvents) => AppTerminal,
    done: (code: number) => void,
  ) {
    this.#session = session;
    this.#done = done;
    this.#frames = new Frames(() => this.#draw(), () => this.#terminal.isReady);
    this.#terminal = open({
      input: (input) => this.#input(input),
      resize: (columns, rows) => {
        this.#screen.resize(columns, rows);
        this.#frames.request();
      },
      interrupted: () => this.#interrupt(),
      resumed: () => {
        // A stopped process gets no SIGWINCH for a new size, as the signal goes to the foreground job alone.
        this.#screen.resize(this.#terminal.columns, this.#terminal.rows);
        this.#notifier.resumed();
        this.#frames.request();
      },
      closed: () => this.#leave("", 1),
      terminated: () => this.#leave("", 0),
    });
    this.#terminal.onDrain = this.#frames.ready;
    const { columns, rows, capabilities } = this.#terminal;
    this.#screen = new Screen(columns, rows, capabilities);
    const { chat } = session;
    useEmojiList(async () => (await import("./emoji_list.ts")).emojiList);
    this.#log = new LogView(chat, capabilities, this.#frames.request);
    this.#editors = new Editors(chat.model);
    this.#list = new CompletionList(chat, this.#frames.request);
    const ask = (prompt: Prompt) => this.#ask(prompt);
    this.#selection = new SelectionKeys({ chat, log: this.#log, ask, changed: this.#frames.request });
    this.#typing = new TypingNotifier(chat);
    this.#notifier = new Notifier(chat, session.settings, capabilities, (text) => this.#terminal.write(text));
  }

  start(): void {
    const { chat } = this.#session;
    const { model } = chat;
    model.listen((change, room) => {
      this.#frames.request();
      if (change === "caught up" && room !== undefined) sendAgain(chat, room);
      if (change === "current") {
        this.#list.close();
        if (room === undefined && !this.#hasLeft) model.show(model.tabs[0] ?? chat.join(this.#session.firstRoom));
      }
    });
    chat.onStatus = (status) => this.#statusChanged(status);
    this.#tick = setInterval(() => {
      const { current } = model;
      if (this.#status.kind === "waiting" || (current !== undefined && current.typing.size > 0)) this.#frames.request();
    }, 1000);
    this.#frames.request();
    this.#session.start();
  }

  get #ui(): ClientUi {
    const { chat } = this.#session;
    const open = (dialog: Dialog) => {
      this.#dialog = dialog;
      this.#frames.request();
    };
    const said = (text: string) => chat.model.tell(chat.model.current, text);
    const ui: Ui = {
      help: () => open(helpDialog(chat)),
      go: (text) => open(goDialog(chat, text, this.#frames.request)),
      search: (words) => open(searchDialog(chat, words, this.#terminal.capabilities.colors, this.#frames.request)),
      settings: () => this.#ask(accountPrompt(chat, this.#accountCommand, (prompt) => this.#ask(prompt))),
      devices() {
        const room = chat.model.current;
        if (room !== undefined) askNickServ(chat, "TOKEN LIST", room);
      },
      invite() {
        const room = chat.model.current;
        if (room !== undefined) askChanServ(chat, ["LINK", room.name], { room });
      },
      operator: (name = "") => name === "" ? said("Name yourself: /oper NAME") : this.#ask(operatorPrompt(chat, name)),
    };
    return {
      ...ui,
      quit: (reason) => this.#leave(reason, 0),
      askSecret: (label, answered, reason = "Esc cancels.") => {
        this.#ask({
          label,
          reason,
          isSecret: true,
          isOptional: true,
          answered: (text) => text === "" ? undefined : answered(text),
        });
      },
      setting: (name, value) => this.#notifier.setting(name, value),
    };
  }

  #accountCommand: "login" | "register" = "login";

  get #editor(): LineEditor {
    const room = this.#session.chat.model.current;
    if (this.#prompt !== undefined || room === undefined) return this.#promptEditor;
    return this.#editors.of(room);
  }

  #ask(prompt: Prompt | undefined): void {
    this.#prompt = prompt;
    this.#promptEditor = new LineEditor();
    this.#dialog = undefined;
    this.#list.close();
    this.#frames.request();
  }

  #statusChanged(status: ConnectionStatus): void {
    const { chat } = this.#session;
    this.#status = status;
    if (status.kind === "online") {
      this.#problem = "";
      if (this.#prompt?.isOptional === false) this.#ask(undefined);
    } else if (status.kind === "rejected") {
      this.#ask(connectionPrompt(chat, status, (prompt) => this.#ask(prompt)));
    }
    this.#frames.request();
  }

  // Input.

  #input(input: Input): void {
    this.#frames.request();
    if ("focus" in input) return this.#setFocus(input.focus);
    if ("paste" in input) return this.#paste(input.paste);
    const { key } = input;
    this.#problem = "";
    if (key.ctrl && key.name === "c") return this.#interrupt();
    if (key.ctrl && key.name === "l") return this.#screen.invalidate();
    if (this.#dialog !== undefined) {
      const dialog = this.#dialog;
      if (!dialog.handle(key) && this.#dialog === dialog) this.#dialog = undefined;
      return;
    }
    if (this.#prompt !== undefined) return this.#promptKey(this.#prompt, key);
    if (this.#selection.handle(key)) return;
    if (this.#globalKey(key)) return;
    this.#editKey(key);
  }

  #setFocus(isFocused: boolean): void {
    const { model } = this.#session.chat;
    model.setVisible(isFocused);
    this.#notifier.isFocused = isFocused;
  }

  #paste(text: string): void {
    if (this.#dialog !== undefined) return this.#dialog.paste(text);
    this.#editor.insert(this.#prompt === undefined ? text : text.replace(/[\r\n]+$/, ""));
    this.#edited();
  }

  #promptKey(prompt: Prompt, key: Key): void {
    if (key.name === "enter") {
      const text = this.#promptEditor.take(true);
      this.#prompt = undefined;
      prompt.answered(text);
      if (this.#status.kind === "rejected" && this.#prompt === undefined) this.#ask(prompt); // it was no answer
      return;
    }
    if (key.name === "escape" && prompt.isOptional) return this.#ask(undefined);
    if (key.ctrl && key.name === "d" && this.#promptEditor.text === "") return this.#leave("", 0);
    if (!this.#promptEditor.handle(key) && key.text !== undefined) this.#promptEditor.insert(key.text);
  }

  /** Handles the keys that do not depend on the input. @returns Whether it was one. */
  #globalKey({ name, ctrl, alt }: Key): boolean {
    const { chat } = this.#session;
    const { model } = chat;
    if (name === "pageup") this.#log.scrollPages(-1);
    else if (name === "pagedown") this.#log.scrollPages(1);
    else if (alt && name === "up") this.#log.select(-1);
    else if (alt && name === "down") this.#log.select(1);
    else if (alt && name === "end") this.#log.toEnd();
    else if (alt && /^[1-9]$/.test(name)) this.#show(model.tabs[Number(name) - 1]);
    else if (alt && name === "a") this.#show(this.#nextUnread());
    else if (alt && (name === "left" || name === "right")) this.#step(name === "left" ? -1 : 1);
    else if (ctrl && name === "k" && this.#editor.text === "") this.#ui.go("");
    else return false;
    return true;
  }

  #show(room: Room | undefined): void {
    if (room !== undefined) this.#session.chat.model.show(room);
  }

  #step(by: -1 | 1): void {
    const { model } = this.#session.chat;
    const { tabs } = model;
    const at = tabs.findIndex((room) => room === model.current);
    this.#show(tabs[(at + by + tabs.length) % tabs.length]);
  }

  /** The next tab with messages for the user; else with new ones. */
  #nextUnread(): Room | undefined {
    const { model } = this.#session.chat;
    const { tabs } = model;
    const at = tabs.findIndex((room) => room === model.current) + 1;
    const others = [...tabs.slice(at), ...tabs.slice(0, at)];
    return others.find((room) => room.mentions > 0 || (!room.isRoom && room.unread > 0)) ??
      others.find(({ unread }) => unread > 0);
  }

  #editKey(key: Key): void {
    const { chat } = this.#session;
    const room = chat.model.current;
    const editor = this.#editor;
    if (room === undefined) return;
    if (key.name === "tab") return this.#list.tab(room, editor, key.shift);
    if (key.name === "enter" && !key.alt && !key.shift) {
      if (this.#list.choose(editor)) return this.#edited();
      return this.#submit(room, editor);
    }
    if (key.name === "escape") {
      if (!this.#list.close() && room.replyTo !== undefined) chat.model.replyTo(room, undefined);
      return;
    }
    if ((key.name === "up" || key.name === "down") && !key.alt && !key.ctrl) {
      if (this.#list.move(key.name === "up" ? -1 : 1)) return;
    }
    if (key.ctrl && key.name === "d" && editor.text === "") return this.#leave("", 0);
    if (!editor.handle(key)) {
      if (key.text === undefined || key.ctrl || key.alt) return;
      editor.insert(key.text);
    }
    this.#edited();
  }

  #edited(): void {
    const { chat } = this.#session;
    const room = chat.model.current;
    if (room === undefined || this.#prompt !== undefined) return;
    const { text } = this.#editor;
    this.#typing.changed(room, text);
    if (text !== "" && text.length > 200 && !text.startsWith("/")) this.#problem = chat.excessOf(room, trimLines(text));
    void this.#list.update(room, this.#editor);
  }

  #submit(room: Room, editor: LineEditor): void {
    const { chat } = this.#session;
    const text = trimLines(editor.text);
    if (text.trim() === "") return;
    const lines = text.split("\n");
    const isCommand = lines.length === 1 && text.startsWith("/") && !text.startsWith("//");
    if (isCommand && /^\/(?:quit|exit)(?:\s|$)/i.test(text)) return this.#leave(text.replace(/^\/\S+\s*/, ""), 0);
    if (!chat.online && !/^\/(?:help|\?)/.test(text)) {
      this.#problem = "Not connected. Your text stays here until the connection is back.";
      return;
    }
    if (!isCommand && lines.some(isSecret)) {
      this.#problem = NOT_SENT_SECRET;
      return;
    }
    const excess = isCommand ? "" : chat.excessOf(room, text);
    if (excess !== "") {
      this.#problem = excess;
      return;
    }
    const command = isCommand ? resolveAlias(text.slice(1).trimEnd()) : "";
    if (command === "login" || command === "register") this.#accountCommand = command;
    const said = lines.length > 1 && text.startsWith("/") ? `/${text}` : text;
    const problem = run(chat, this.#ui, room, said, this.#log.selected);
    if (problem !== undefined) {
      this.#list.close();
      this.#problem = problem;
      return;
    }
    this.#typing.sent(room);
    editor.take(isSecret(text) || isNickServ(room.name));
    this.#list.close();
    if (!isCommand) this.#log.toEnd();
  }

  /** Ctrl-C: closes what is open, clears the input, and twice leaves. */
  #interrupt(): void {
    const isAgain = performance.now() - this.#interruptedAt < LEAVE_WITHIN;
    if (isAgain) return this.#leave("", 0);
    this.#frames.request();
    if (this.#dialog !== undefined) this.#dialog = undefined;
    else if (this.#prompt?.isOptional) this.#ask(undefined);
    else {
      const editor = this.#editor;
      const had = editor.text !== "";
      editor.clear();
      this.#list.close();
      this.#interruptedAt = performance.now();
      this.#problem = had ? "Cleared. Ctrl+C again leaves." : "Ctrl+C again leaves.";
    }
  }

  #leave(reason: string, code: number): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    clearInterval(this.#tick);
    this.#frames.stop();
    this.#session.leave(reason);
    void Promise.all([this.#terminal.end(), this.#session.left]).then(() => this.#done(code));
  }

  // Output.

  #draw(): void {
    this.#terminal.write(drawApp(this.#screen, this.#parts()) + this.#notifier.title());
  }

  #parts(): AppParts {
    return {
      chat: this.#session.chat,
      network: this.#session.network,
      capabilities: this.#terminal.capabilities,
      log: this.#log,
      list: this.#list,
      editor: this.#editor,
      prompt: this.#prompt,
      dialog: this.#dialog,
      problem: this.#problem,
      status: this.#status,
    };
  }
}
