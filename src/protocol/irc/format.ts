/**
 * How IRC clients see things: makes lines of what happens in the chat.
 *
 * There is one format for each set of capabilities that makes a difference, shared by all clients that have the same, so
 * that a line is made once for all of them. No line is longer than clients may expect: what is said is cut into several,
 * never in the middle of a character, and anything else that is too long is cut off.
 */
import type { ChatEvent, Joined, ModesSet, Said, Style, Tagged, Whispered, WireFormat } from "../../chat/events.ts";
import { writeId } from "../../chat/ids.ts";
import type { Rank } from "../../chat/modes.ts";
import { bytes } from "../../util/bytes.ts";
import { clipBytes, splitBytes } from "../../util/clip.ts";
import type { Capability } from "./capabilities.ts";
import { escapeTagValue } from "./parser.ts";

export { bytes };

/** The most bytes in a line without its tags and its end (RFC 1459, section 2.3: 512 with CR LF). */
export const IRC_LINE_MAX = 510;

/** What stands before a member's nick, and before a room's name when it is for such members only. */
export const PREFIXES: Readonly<Record<Rank, string>> = { op: "@", voice: "+" };

/** The capabilities that make a difference to what is rendered here. */
const RELEVANT: readonly Capability[] = [
  "account-notify",
  "account-tag",
  "away-notify",
  "extended-join",
  "invite-notify",
  "message-tags",
  "server-time",
  "setname",
];

/** The formats of a server, one for each set of capabilities that makes a difference. */
export class Formats {
  readonly #server: string;
  readonly #formats = new Map<string, IrcFormat>(); // at most 2 to the power of RELEVANT's length

  /** @param server The server's name. */
  constructor(server: string) {
    this.#server = server;
  }

  /** The format for a client with such capabilities. */
  of(capabilities: ReadonlySet<Capability>): IrcFormat {
    const relevant = RELEVANT.filter((capability) => capabilities.has(capability));
    const key = relevant.join(" ");
    let format = this.#formats.get(key);
    if (format === undefined) {
      format = new IrcFormat(this.#server, new Set(relevant));
      this.#formats.set(key, format);
    }
    return format;
  }
}

/** See the head of this file. */
export class IrcFormat implements WireFormat {
  readonly #server: string;
  readonly #has: ReadonlySet<Capability>;
  readonly #serverTime: boolean;
  readonly #messageTags: boolean;
  readonly #accountTag: boolean;

  constructor(server: string, capabilities: ReadonlySet<Capability>) {
    this.#server = server;
    this.#has = capabilities;
    this.#serverTime = capabilities.has("server-time");
    this.#messageTags = capabilities.has("message-tags");
    this.#accountTag = capabilities.has("account-tag");
  }

  render(event: ChatEvent): string | readonly string[] | undefined {
    switch (event.kind) {
      case "said":
        return this.#speech(event, event.least === undefined ? event.room : PREFIXES[event.least] + event.room);
      case "whispered":
        return this.#speech(event, event.to);
      case "tagged":
        return this.#tagged(event);
      case "joined":
        return this.#joined(event);
      case "left":
        if (event.quit) {
          return this.#line(
            `:${event.origin} QUIT :${event.own ? quitReason(event.reason) : event.reason ?? "Connection closed"}`,
            event,
          );
        }
        return this.#line(`:${event.origin} PART ${event.room}${event.reason ? ` :${event.reason}` : ""}`, event);
      case "kicked":
        return this.#line(`:${event.origin} KICK ${event.room} ${event.whom} :${event.reason || event.who}`, event);
      case "renamed":
        return this.#line(`:${event.origin} NICK ${event.to}`, event);
      case "topic":
        return this.#line(`:${event.origin} TOPIC ${event.room} :${event.topic}`, event);
      case "modes":
        return this.#modes(event);
      case "invited":
        // Whoever has not asked for it takes every invitation for one to themselves.
        if (event.overheard && !this.#has.has("invite-notify")) return undefined;
        return this.#line(`:${event.origin} INVITE ${event.whom} ${event.room}`, event);
      case "away":
        if (!this.#has.has("away-notify")) return undefined;
        return this.#line(`:${event.origin} AWAY${event.message === undefined ? "" : ` :${event.message}`}`, event);
      case "realname":
        return this.#has.has("setname") ? this.#line(`:${event.origin} SETNAME :${event.realname}`, event) : undefined;
      case "account":
        return this.#has.has("account-notify")
          ? this.#line(`:${event.origin} ACCOUNT ${event.account ?? "*"}`, event)
          : undefined;
      case "online":
        return `:${this.#server} 730 * :${event.origin}`;
      case "offline":
        return `:${this.#server} 731 * :${event.who}`;
      case "wallops":
        return this.#lines(`:${event.origin} WALLOPS :`, event.text, event);
      case "unsaid": // ERR_CANNOTSENDTOCHAN
        return this.#lines(
          `:${this.#server} 404 ${event.who} ${event.room} :Not sent, the server cannot keep it (try again later): `,
          event.text,
        );
      case "notice":
        return this.#lines(`:${this.#server} NOTICE * :`, event.text);
    }
  }

  #speech(event: Said | Whispered, target: string): string | string[] {
    const { style, text, origin } = event;
    const head = `:${origin} ${style === "notice" || style === "ctcp-reply" ? "NOTICE" : "PRIVMSG"} ${target} :`;
    const [before, after] = QUOTES[style];
    // Three bytes are the most that a UTF-16 unit can become.
    if (3 * (head.length + text.length + 9) <= IRC_LINE_MAX) return this.#tags(event) + head + before + text + after;
    const parts = splitBytes(text, IRC_LINE_MAX - bytes(head + before + after));
    // Each has a name of its own: clients take a line for one that they have had by it.
    return parts.map((part, i) => {
      return this.#tags(event, i) + head + before + part + after;
    });
  }

  #tagged(event: Tagged): string | undefined {
    if (!this.#messageTags) return undefined;
    const target = event.least === undefined ? event.to : PREFIXES[event.least] + event.to;
    return `${this.#tags(event)}:${event.origin} TAGMSG ${target}`;
  }

  #joined(event: Joined): string | string[] {
    const { origin, account, room, realname, away } = event;
    const join = `:${origin} JOIN ${room}${this.#has.has("extended-join") ? ` ${account ?? "*"} :${realname}` : ""}`;
    if (away === undefined || !this.#has.has("away-notify")) return this.#line(join, event);
    return [this.#line(join, event), this.#line(`:${origin} AWAY :${away}`, event)];
  }

  /** As many lines as it takes: a mask cut off would be another one. */
  #modes(event: ModesSet): string[] {
    const { origin, room, changes } = event;
    const head = `:${origin} MODE ${room} `;
    const lines: string[] = [];
    let letters = "";
    let args = "";
    let sign = "";
    for (const change of changes) {
      const arg = "mask" in change
        ? change.mask
        : "nick" in change
        ? change.nick
        : "key" in change
        ? change.key
        : "limit" in change
        ? String(change.limit)
        : undefined;
      if (letters !== "" && bytes(head + letters + args + (arg ?? "")) + 3 > IRC_LINE_MAX) {
        lines.push(this.#line(head + letters + args, event));
        letters = args = sign = "";
      }
      const now = change.on ? "+" : "-";
      letters += (now === sign ? "" : now) + change.mode;
      sign = now;
      if (arg !== undefined) args += ` ${arg}`;
    }
    lines.push(this.#line(head + letters + args, event));
    return lines;
  }

  /** As many lines as a text takes, each with what stands before it. */
  #lines(head: string, text: string, by?: { account?: string | undefined }): string[] {
    return splitBytes(text, IRC_LINE_MAX - bytes(head)).map((part) => this.#line(head + part, by));
  }

  /** A line about something that happens now, and that somebody with an account may have done. */
  #line(line: string, { account }: { account?: string | undefined } = {}): string {
    const tags = this.#serverTime ? `time=${isoTime(Date.now())}` : "";
    return prefixed(this.#withAccount(tags, account)) + fit(line);
  }

  /** Some tags, and whose name it is that did it (IRCv3, "account-tag"). */
  #withAccount(tags: string, account: string | undefined): string {
    if (!this.#accountTag || account === undefined) return tags;
    return tags === "" ? `account=${escapeTagValue(account)}` : `${tags};account=${escapeTagValue(account)}`;
  }

  /**
   * The tags of something said, with a space behind.
   *
   * @param part Which of several lines it is for, from 0 on.
   */
  #tags({ id, time, tags, bot, account }: Said | Whispered | Tagged, part = 0): string {
    const when = this.#serverTime ? `time=${isoTime(time)}` : "";
    if (!this.#messageTags) return prefixed(this.#withAccount(when, account));
    const name = part === 0 ? writeId(id) : `${writeId(id)}-${part}`;
    const own = this.#withAccount(`msgid=${name}${when && `;${when}`}`, account);
    return `@${own}${bot ? ";bot" : ""}${tags && `;${tags}`} `;
  }
}

/** Tags as they stand before a line. */
function prefixed(tags: string): string {
  return tags && `@${tags} `;
}

/** What stands around a text (the Client-to-Client Protocol's marks). */
const QUOTES: Readonly<Record<Style, readonly [string, string]>> = {
  "say": ["", ""],
  "action": ["\x01ACTION ", "\x01"],
  "notice": ["", ""],
  "ctcp": ["\x01", "\x01"],
  "ctcp-reply": ["\x01", "\x01"],
};

/** A reason that somebody gives for leaving, so that it cannot look like one of the server's (modern.ircdocs.horse, "QUIT message"). */
export function quitReason(reason: string | undefined): string {
  return reason === undefined ? "Quit" : `Quit: ${reason}`;
}

let lastTime = 0;
let lastIso = "";

/** `2026-11-22T13:05:09.123Z`; the last one is remembered, as many lines share it. */
export function isoTime(time: number): string {
  if (time !== lastTime) {
    lastTime = time;
    lastIso = new Date(time).toISOString();
  }
  return lastIso;
}

/**
 * Cuts a line off where it would be too long, tags not counted, and never in the middle of a character.
 *
 * @param line A line without tags.
 */
export function fit(line: string): string {
  return clipBytes(line, IRC_LINE_MAX);
}
