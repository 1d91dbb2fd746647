/**
 * The IRC wire format: renders events of the chat as lines.
 *
 * Clients with the same relevant capabilities share one format, so that a line is rendered once for all of them. No line is
 * longer than 510 bytes: a message is split into several lines, never inside a character, and any other line is cut off.
 */
import type {
  ChatEvent,
  Joined,
  ModesSet,
  Quote,
  Reacted,
  Redacted,
  Said,
  Style,
  Tagged,
  Whispered,
  WireFormat,
} from "../../chat/events.ts";
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

/** The capabilities that change how events are rendered: each one doubles the number of formats that there can be. */
const RELEVANT: readonly Capability[] = [
  "account-notify",
  "account-tag",
  "away-notify",
  "draft/channel-rename",
  "draft/message-redaction",
  "draft/multiline",
  "extended-join",
  "invite-notify",
  "message-tags",
  "server-time",
  "setname",
  "tincan.chat/mentions",
];

/** Those of them that change how messages are rendered. */
const RELEVANT_TO_MESSAGES: ReadonlySet<Capability> = new Set<Capability>([
  "account-tag",
  "draft/multiline",
  "message-tags",
  "server-time",
  "tincan.chat/mentions",
]);

/** The last message of several lines. Formats that render messages alike share it: there may be thousands of formats. */
interface LongMessage {
  event: Said | Whispered | undefined;
  lines: readonly string[];
}

/** Capabilities that change nothing without another one. */
const DEPENDENCIES: ReadonlyMap<Capability, Capability> = new Map<Capability, Capability>([
  ["draft/multiline", "batch"],
  ["tincan.chat/mentions", "message-tags"],
]);

const encoder = new TextEncoder();
const buffer = new Uint8Array(IRC_LINE_MAX);

/** The formats of a server, one for each set of relevant capabilities. */
export class Formats {
  readonly #server: string;
  readonly #formats = new Map<string, IrcFormat>(); // at most 2 to the power of RELEVANT's length
  readonly #long = new Map<string, LongMessage>(); // by the capabilities that are relevant to messages

  /** @param server The server's name. */
  constructor(server: string) {
    this.#server = server;
  }

  /** Returns the format for a client with these capabilities. */
  of(capabilities: ReadonlySet<Capability>): IrcFormat {
    const relevant = RELEVANT.filter((capability) => {
      return capabilities.has(capability) && capabilities.has(DEPENDENCIES.get(capability) ?? capability);
    });
    const key = relevant.join(" ");
    let format = this.#formats.get(key);
    if (format === undefined) {
      format = new IrcFormat(this.#server, new Set(relevant), this.#longOf(relevant));
      this.#formats.set(key, format);
    }
    return format;
  }

  #longOf(relevant: readonly Capability[]): LongMessage {
    const key = relevant.filter((capability) => RELEVANT_TO_MESSAGES.has(capability)).join(" ");
    let long = this.#long.get(key);
    if (long === undefined) {
      long = { event: undefined, lines: [] };
      this.#long.set(key, long);
    }
    return long;
  }
}

/** Renders events for clients with the same relevant capabilities. */
export class IrcFormat implements WireFormat {
  readonly #server: string;
  readonly #has: ReadonlySet<Capability>;
  readonly #serverTime: boolean;
  readonly #messageTags: boolean;
  readonly #accountTag: boolean;
  readonly #mentions: boolean;
  readonly #long: LongMessage;

  constructor(server: string, capabilities: ReadonlySet<Capability>, long: LongMessage) {
    this.#long = long;
    this.#server = server;
    this.#has = capabilities;
    this.#serverTime = capabilities.has("server-time");
    this.#messageTags = capabilities.has("message-tags");
    this.#accountTag = capabilities.has("account-tag");
    this.#mentions = capabilities.has("tincan.chat/mentions");
  }

  render(event: ChatEvent): string | readonly string[] | undefined {
    switch (event.kind) {
      case "said":
        return this.#speech(event, event.minRank === undefined ? event.room : PREFIXES[event.minRank] + event.room);
      case "whispered":
        return this.#speech(event, event.to);
      case "tagged":
        return this.#tagged(event);
      case "reacted":
        return this.reaction(event, event.id);
      case "reactions-folded": // IRC clients were told of each
        return undefined;
      case "redacted":
        return this.redaction(event, event.id);
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

  /**
   * Renders a reaction, or that it was taken back, as TAGMSG (IRCv3, "react", a draft).
   *
   * @param id The message id of the TAGMSG; none if the reaction is one of the history.
   */
  reaction(event: Omit<Reacted, "id">, id?: number): string | undefined {
    if (!this.#messageTags) return undefined;
    const { origin, to, line, text, on } = event;
    const tags = `+draft/${on ? "" : "un"}react=${escapeTagValue(text)};${replyTags(line.id)}`;
    return `@${this.#changeTags(event, id, `${event.bot ? "bot;" : ""}${tags}`)} :${origin} TAGMSG ${to}`;
  }

  /**
   * Renders that a line was deleted, as REDACT (IRCv3, "message-redaction", a draft).
   *
   * @param id The message id of the REDACT; none if the line is one of the history.
   */
  redaction(event: Omit<Redacted, "id">, id?: number): string | undefined {
    if (!this.#has.has("draft/message-redaction")) return undefined;
    const { origin, to, line, reason } = event;
    const text = `:${origin} REDACT ${to} ${writeId(line.id)}${reason ? ` :${reason}` : ""}`;
    return prefixed(this.#changeTags(event, this.#messageTags ? id : undefined)) + fit(text);
  }

  #speech(event: Said | Whispered, target: string): string | readonly string[] {
    const { style, text, origin } = event;
    const head = `:${origin} ${style === "notice" || style === "ctcp-reply" ? "NOTICE" : "PRIVMSG"} ${target} :`;
    const [before, after] = MARKS[style];
    // A UTF-16 unit takes at most 3 bytes.
    if (3 * (head.length + text.length + 9) <= IRC_LINE_MAX && !text.includes("\n")) {
      return this.#tags(event) + head + before + text + after;
    }
    const long = this.#long;
    if (long.event !== event) {
      long.lines = this.#longSpeech(event, target, head);
      long.event = event;
    }
    return long.lines;
  }

  /** Renders a message that may take several lines. @param head What precedes the text in each line. */
  #longSpeech(event: Said | Whispered, target: string, head: string): string[] {
    const { style, text } = event;
    const [before, after] = MARKS[style];
    const max = IRC_LINE_MAX - byteLength(head + before + after);
    const lines = text.split("\n");
    if (this.#has.has("draft/multiline") && !style.startsWith("ctcp")) {
      const parts = lines.map((line) => split(line, max));
      if (lines.length > 1 || parts[0]!.length > 1) return this.#batch(event, target, head, parts);
    }
    // Each line has its own msgid: clients drop a line whose msgid they have seen.
    if (lines.length === 1) {
      return split(text, max).map((part, i) => this.#tags(event, i) + head + before + part + after);
    }
    const parts = lines.filter((line) => line.trim() !== "").flatMap((line) => split(line, max));
    return parts.map((part, i) =>
      (i === 0 ? this.#tags(event) : this.#laterTags(event)) + head + before + part + after
    );
  }

  /**
   * Renders a message of several lines as a batch (IRCv3, "multiline", a draft).
   *
   * @param parts The lines, each in as many parts as it takes.
   */
  #batch(event: Said | Whispered, target: string, head: string, parts: readonly (readonly string[])[]): string[] {
    const { id, origin, style } = event;
    const name = `m${writeId(id)}`; // other batches of a connection have names with another letter: see `nextBatch`
    const texts = parts.flatMap((line) =>
      line.length === 0 ? [["", ""]] : line.map((part, i) => [i > 0 ? CONCAT : "", part])
    );
    // Clients put the text together before they look for the marks of an action.
    const [before, after] = MARKS[style];
    const lines = texts.map(([tag, text], i) => {
      return `@batch=${name}${tag} ${head}${i === 0 ? before : ""}${text}${i === texts.length - 1 ? after : ""}`;
    });
    const opening = `${this.#tags(event)}:${origin} BATCH +${name} draft/multiline ${target}`;
    return [opening, ...lines, `:${this.#server} BATCH -${name}`];
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
  #tags({ id, time, tags, bot, account, reply, mentions }: MessageTags, part = 0): string {
    const when = this.#serverTime ? `time=${isoTime(time)}` : "";
    if (!this.#messageTags) return prefixed(this.#withAccount(when, account));
    const name = part === 0 ? writeId(id) : `${writeId(id)}-${part}`;
    let own = this.#withAccount(`msgid=${name}${when && `;${when}`}`, account);
    if (mentions !== undefined && this.#mentions) own += `;tincan.chat/mentions=${escapeTagValue(mentions.join(","))}`;
    if (reply !== undefined) own += `;${replyTags(reply.id)}`;
    return `@${own}${bot ? ";bot" : ""}${tags && `;${tags}`} `;
  }

  /** Renders the tags of the lines of a message after the first one, which has all others. */
  #laterTags({ time, bot, account }: MessageTags): string {
    const own = this.#withAccount(this.#serverTime ? `time=${isoTime(time)}` : "", account);
    return prefixed(bot && this.#messageTags ? `${own}${own && ";"}bot` : own);
  }

  /** Renders the tags of an event that changes a line, without what encloses them. @param others What follows these tags. */
  #changeTags({ time, account }: Pick<Reacted, "time" | "account">, id: number | undefined, others = ""): string {
    const own = [
      id === undefined ? "" : `msgid=${writeId(id)}`,
      this.#serverTime ? `time=${isoTime(time)}` : "",
    ];
    const all = this.#withAccount(own.filter((tag) => tag !== "").join(";"), account);
    return all === "" || others === "" ? all + others : `${all};${others}`;
  }
}

/** What the tags of a message are made of. */
type MessageTags = (Said | Whispered | Tagged) & {
  readonly reply?: Quote | undefined;
  readonly mentions?: readonly string[] | undefined;
};

/** The tag of a part that continues the line before (IRCv3, "multiline", a draft). */
const CONCAT = ";draft/multiline-concat";

/**
 * The tags of a reply. Most clients look for the name that the draft had, newer ones for that of the specification (IRCv3,
 * "reply").
 */
function replyTags(line: number): string {
  const id = writeId(line);
  return `+draft/reply=${id};+reply=${id}`;
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
