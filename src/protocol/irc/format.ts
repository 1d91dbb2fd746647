/**
 * The IRC wire format: renders events of the chat as lines.
 *
 * Clients with the same relevant capabilities share one format, so that a line is rendered once for all of them. No line is
 * longer than 510 bytes: a message is split into several lines, never inside a character, and any other line is cut off.
 */
import type { ChatEvent, Joined, ModesSet, Said, Style, Tagged, Whispered, WireFormat } from "../../chat/events.ts";
import { writeId } from "../../chat/ids.ts";
import type { Rank } from "../../chat/modes.ts";
import { byteLength } from "../../util/bytes.ts";
import type { Capability } from "./capabilities.ts";
import { escapeTagValue } from "./parser.ts";

export { byteLength };

/** Upper bound on the bytes of a line without its tags and its line end (RFC 1459, section 2.3: 512 with CR LF). */
export const IRC_LINE_MAX = 510;

/** The prefix of a nickname for each rank; before a channel's name, it limits a message to members of that rank. */
export const PREFIXES: Readonly<Record<Rank, string>> = { owner: "~", op: "@", voice: "+" };

/** The capabilities that change how events are rendered. */
const RELEVANT: readonly Capability[] = [
  "account-notify",
  "account-tag",
  "away-notify",
  "draft/channel-rename",
  "extended-join",
  "invite-notify",
  "message-tags",
  "server-time",
  "setname",
];

const encoder = new TextEncoder();
const buffer = new Uint8Array(IRC_LINE_MAX);

/** The formats of a server, one for each set of relevant capabilities. */
export class Formats {
  readonly #server: string;
  readonly #formats = new Map<string, IrcFormat>(); // at most 2 to the power of RELEVANT's length

  /** @param server The server's name. */
  constructor(server: string) {
    this.#server = server;
  }

  /** Returns the format for a client with these capabilities. */
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

/** Renders events for clients with the same relevant capabilities. */
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
        return this.#speech(event, event.minRank === undefined ? event.room : PREFIXES[event.minRank] + event.room);
      case "whispered":
        return this.#speech(event, event.to);
      case "tagged":
        return this.#tagged(event);
      case "reactions-folded": // each was told
      case "reacted":
      case "redacted":
        return undefined;
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
      case "room-renamed": // clients without the capability are sent a PART and a JOIN: see channels.ts
        if (!this.#has.has("draft/channel-rename")) return undefined;
        return this.#line(`:${event.origin} RENAME ${event.from} ${event.room} :${event.reason ?? ""}`, event);
      case "invited":
        // A client without `invite-notify` would take the invitation of another user for its own.
        if (event.forOperators && !this.#has.has("invite-notify")) return undefined;
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
      case "ignore":
        return this.#line(`:${event.origin} SILENCE ${event.on ? "+" : "-"}${event.name}`, event);
      case "online":
        return `:${this.#server} 730 * :${event.origin}`;
      case "offline":
        return `:${this.#server} 731 * :${event.who}`;
      case "wallops":
        return this.#lines(`:${event.origin} WALLOPS :`, event.text, event);
      case "not-stored": // ERR_CANNOTSENDTOCHAN
        return this.#lines(
          `:${this.#server} 404 ${event.who} ${event.room} :Not sent, the server cannot store it (try again later): `,
          event.text,
        );
      case "notice":
        return this.#lines(`:${this.#server} NOTICE * :`, event.text);
    }
  }

  #speech(event: Said | Whispered, target: string): string | string[] {
    const { style, text, origin } = event;
    const head = `:${origin} ${style === "notice" || style === "ctcp-reply" ? "NOTICE" : "PRIVMSG"} ${target} :`;
    const [before, after] = MARKS[style];
    // A UTF-16 unit takes at most 3 bytes.
    if (3 * (head.length + text.length + 9) <= IRC_LINE_MAX) return this.#tags(event) + head + before + text + after;
    const parts = split(text, IRC_LINE_MAX - byteLength(head + before + after));
    // Each line has its own msgid: clients drop a line whose msgid they have seen.
    return parts.map((part, i) => this.#tags(event, i) + head + before + part + after);
  }

  #tagged(event: Tagged): string | undefined {
    if (!this.#messageTags) return undefined;
    const target = event.minRank === undefined ? event.to : PREFIXES[event.minRank] + event.to;
    return `${this.#tags(event)}:${event.origin} TAGMSG ${target}`;
  }

  #joined(event: Joined): string | string[] {
    const { origin, account, room, realname, away } = event;
    const join = `:${origin} JOIN ${room}${this.#has.has("extended-join") ? ` ${account ?? "*"} :${realname}` : ""}`;
    if (away === undefined || !this.#has.has("away-notify")) return this.#line(join, event);
    return [this.#line(join, event), this.#line(`:${origin} AWAY :${away}`, event)];
  }

  /** Renders mode changes, in as many lines as it takes: a mask that was cut off would be another one. */
  #modes(event: ModesSet): string[] {
    const { origin, room, changes } = event;
    const head = `:${origin || this.#server} MODE ${room} `;
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
      if (letters !== "" && byteLength(head + letters + args + (arg ?? "")) + 3 > IRC_LINE_MAX) {
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

  /** Splits a text into as many lines as it takes, each with the head. */
  #lines(head: string, text: string, by?: { account?: string | undefined }): string[] {
    return split(text, IRC_LINE_MAX - byteLength(head)).map((part) => this.#line(head + part, by));
  }

  /** Adds the current time and the account to a line, as far as the client has enabled those tags. */
  #line(line: string, { account }: { account?: string | undefined } = {}): string {
    const tags = this.#serverTime ? `time=${isoTime(Date.now())}` : "";
    return prefixed(this.#withAccount(tags, account)) + fit(line);
  }

  /** Adds the account of an event's source to its tags (IRCv3, "account-tag"). */
  #withAccount(tags: string, account: string | undefined): string {
    if (!this.#accountTag || account === undefined) return tags;
    return tags === "" ? `account=${escapeTagValue(account)}` : `${tags};account=${escapeTagValue(account)}`;
  }

  /**
   * Renders the tags of a message, with the space that follows them.
   *
   * @param part The index of the line, if the message takes several.
   */
  #tags({ id, time, tags, bot, account }: Said | Whispered | Tagged, part = 0): string {
    const when = this.#serverTime ? `time=${isoTime(time)}` : "";
    if (!this.#messageTags) return prefixed(this.#withAccount(when, account));
    const name = part === 0 ? writeId(id) : `${writeId(id)}-${part}`;
    const own = this.#withAccount(`msgid=${name}${when && `;${when}`}`, account);
    return `@${own}${bot ? ";bot" : ""}${tags && `;${tags}`} `;
  }
}

/** Puts tags into the form in which they precede a line. */
function prefixed(tags: string): string {
  return tags && `@${tags} `;
}

/** The marks around a text (Client-to-Client Protocol). */
const MARKS: Readonly<Record<Style, readonly [string, string]>> = {
  "say": ["", ""],
  "action": ["\x01ACTION ", "\x01"],
  "notice": ["", ""],
  "ctcp": ["\x01", "\x01"],
  "ctcp-reply": ["\x01", "\x01"],
};

/** Marks a user's reason for QUIT, so that it cannot look like one of the server's (modern.ircdocs.horse, "QUIT message"). */
export function quitReason(reason: string | undefined): string {
  return reason === undefined ? "Quit" : `Quit: ${reason}`;
}

let lastTime = 0;
let lastIso = "";

/** Renders a time as `2026-11-22T13:05:09.123Z`. The last one is cached: many lines share it. */
export function isoTime(time: number): string {
  if (time !== lastTime) {
    lastTime = time;
    lastIso = new Date(time).toISOString();
  }
  return lastIso;
}

/** Parses a time in the form of `server-time`, to milliseconds since 1970. */
export function parseTime(text: string): number | undefined {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(time) ? undefined : time;
}

/**
 * Cuts a line off after 510 bytes, never inside a character.
 *
 * @param line A line without tags.
 */
export function fit(line: string): string {
  if (3 * line.length <= IRC_LINE_MAX) return line;
  return line.slice(0, encoder.encodeInto(line, buffer).read);
}

/** Splits a text into parts of at most `max` bytes, never inside a character. */
function split(text: string, max: number): string[] {
  const parts: string[] = [];
  const part = buffer.subarray(0, Math.max(max, 4)); // room for any one character
  for (let rest = text; rest !== "";) {
    const { read } = encoder.encodeInto(rest, part);
    parts.push(rest.slice(0, read));
    rest = rest.slice(read);
  }
  return parts;
}
