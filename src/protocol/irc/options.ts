/**
 * What the IRC listener gives to each of its sessions.
 */
import type { AuthService } from "../../accounts/auth.ts";
import type { Chat } from "../../chat/chat.ts";
import type { ModerationContext } from "../moderation.ts";
import type { TimeSlicer } from "../time_slicer.ts";
import { type Formats, IRC_LINE_MAX } from "./format.ts";
import type { Keepalive } from "./keepalive.ts";

/** Upper bound on the bytes of a client's tags, by default, `@` and space included (IRCv3, "message-tags", "Size limit"). */
export const TAGS_MAX = 4096;

/** Upper bound on the bytes of a client's line, by default, with its tags and without its line end. */
export const INPUT_MAX = TAGS_MAX + IRC_LINE_MAX;

/** Services, settings and counters that all IRC sessions share. */
export interface IrcOptions {
  readonly chat: Chat;
  readonly formats: Formats;
  readonly keepalive: Keepalive;
  readonly auth: AuthService;
  readonly moderation: ModerationContext;
  /** Runs commands that may take long. */
  readonly slicer: TimeSlicer;
  /** Disconnects members whose connection has ended: thousands may end at once. */
  readonly departures: TimeSlicer;
  /** The server's name. */
  readonly name: string;
  readonly version: string;
  /** When the server was started. */
  readonly since: Date;
  /** The message of the day, one string a line. */
  readonly motd: () => readonly string[];
  /** Maps a client's address to the host name that other users see. */
  readonly hostOf: (address: string) => string;
  /** The number of connections that have not registered yet. */
  readonly unregistered: { count: number };
  /** Upper bound on the bytes of one command's response. */
  readonly answerMax: number;
  /** Upper bound on the messages in one CHATHISTORY or SEARCH response. */
  readonly historyMax: number;
  /** Upper bound on the bytes of a client's tags. */
  readonly tagsMax: number;
  /** Whether clients may tell others that their user is typing. */
  readonly typing: boolean;
  /** The users that can upload files, the most bytes of one, and the URL if it is known; `undefined` if the server takes none. */
  readonly uploads?: { readonly who: string; readonly maxFile: number; readonly url: string | undefined } | undefined;
  /** Whether no client is disconnected because its lines wait for the rate limit: see `SAFE_RATE` in `keepalive.ts`. */
  readonly safeRate: boolean;
}
