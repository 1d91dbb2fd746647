/** Notifies the user of mentions and private messages: by the bell, by the desktop, and in the title of the window. */
import type { Chat } from "../web/chat.js";
import { plainText } from "../web/format.js";
import type { Settings } from "./settings.ts";
import { asciiText } from "./terminal/ascii.ts";
import type { Capabilities } from "./terminal/style.ts";
import { fit } from "./terminal/width.ts";

/** The most columns of a notification. */
const TEXT_MAX = 120;

/** The least time between two notifications, in milliseconds: a flood of mentions must not be a flood of bells. */
const NOTIFY_EVERY = 1000;

/** The settings, and what they do. */
const SETTINGS = {
  bell: "the bell rings when you are mentioned or get a private message",
  notify: "the terminal shows a notification when you are mentioned or get a private message",
} as const;

/** The notifications of a chat, and their settings. */
export class Notifier {
  isFocused = true;
  readonly #chat: Chat;
  readonly #settings: Settings;
  readonly #capabilities: Capabilities;
  #title = "";
  #notifiedAt = -Infinity;

  /** @param write Writes to the terminal. */
  constructor(chat: Chat, settings: Settings, capabilities: Capabilities, write: (text: string) => void) {
    this.#chat = chat;
    this.#settings = settings;
    this.#capabilities = capabilities;
    chat.onMention = (room, { nick = "", text }) => {
      if (room === chat.model.current && chat.model.visible && chat.model.atEnd) return;
      const now = performance.now();
      if (now - this.#notifiedAt < NOTIFY_EVERY) return;
      this.#notifiedAt = now;
      const where = room.isRoom ? `${nick} in ${room.name}` : nick;
      const said = this.#shown(fit(`${where}: ${plainText(text)}`, TEXT_MAX)).replaceAll(";", ",");
      // OSC 9 is that of iTerm2, Windows Terminal and kitty; OSC 777 that of rxvt and VTE. Others ignore them.
      if (this.#isOn("notify")) write(`\x1b]9;${said}\x07\x1b]777;notify;tincan;${said}\x07`);
      if (this.#isOn("bell")) write("\x07");
    };
  }

  /** Sets or shows a setting. @returns A sentence; `undefined` if there is no such setting. */
  setting(name: string, value: string): string | undefined {
    if (!Object.hasOwn(SETTINGS, name)) return undefined;
    if (value === "on" || value === "off") this.#settings.setItem(name, value);
    else if (value !== "") return `Write /set ${name} on, or /set ${name} off.`;
    const what = SETTINGS[name as keyof typeof SETTINGS];
    return this.#isOn(name) ? `On: ${what}.` : `Off. With /set ${name} on, ${what}.`;
  }

  /** The output that sets the window's title, if it has changed: `(2) #tea – tincan`. */
  title(): string {
    const { model } = this.#chat;
    const mentions = model.tabs.reduce((sum, room) => sum + (room.isRoom ? room.mentions : room.unread), 0);
    const place = model.current?.name ?? "";
    const count = mentions > 0 ? `(${mentions}) ` : "";
    const title = this.#shown(`${count}${place === "" ? "" : `${fit(place, 40)} – `}tincan`);
    if (title === this.#title) return "";
    this.#title = title;
    return `\x1b]0;${title}\x07`;
  }

  /** The terminal may have another title now, such as that of a shell: it is set again. */
  resumed(): void {
    this.#title = "";
  }

  /** A text as the terminal can show it: bytes of UTF-8 can be control characters to one without Unicode. */
  #shown(text: string): string {
    return this.#capabilities.unicode ? text : asciiText(text);
  }

  #isOn(name: string): boolean {
    return this.#settings.getItem(name) === "on";
  }
}
