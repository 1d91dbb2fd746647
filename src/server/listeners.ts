/**
 * What is behind each door: which protocol serves a client there, and what a client is told that is turned away.
 */
import type { LocalChat } from "../chat/local_chat.ts";
import type { Member } from "../chat/member.ts";
import { LINES_IN_BUFFER, type Options } from "../cli/options.ts";
import { Cloak } from "./cloak.ts";
import type { HistoryStore } from "../chat/store.ts";
import { MemoryHistory } from "../history/memory.ts";
import type { BanStore } from "../moderation/bans.ts";
import { Operators } from "../moderation/operators.ts";
import type { Accounts } from "../accounts/accounts.ts";
import type { AuthService } from "../accounts/auth.ts";
import { echo } from "../protocol/echo.ts";
import { Formats } from "../protocol/irc/format.ts";
import { Keepalive } from "../protocol/irc/keepalive.ts";
import { irc, type IrcOptions } from "../protocol/irc/session.ts";
import type { ModerationContext } from "../protocol/moderation.ts";
import { system, textFormat } from "../protocol/text/render.ts";
import { text } from "../protocol/text/session.ts";
import { TimeSlicer } from "../protocol/time_slicer.ts";
import type { Reloaded } from "../moderation/reloaded.ts";
import type { Connection } from "../transport/connection.ts";
import type { ExpiryClock } from "../util/trusted_clock.ts";
import type { Tls } from "../transport/tls.ts";

/**
 * How long a client of the text port may say nothing before it is greeted, in milliseconds. Chromium sends the first bytes
 * of a request 0.5 ms after it has connected, and at most 33 ms on a busy machine; a person does not notice the delay.
 */
const GREETING_DELAY = 50;

/** What goes on behind a door. */
export interface ProtocolHandler {
  /** Its name in the log, in the metrics and on stdout. */
  readonly name: string;
  /** Serves one client until it leaves. */
  serve(connection: Connection, onMember: (member: Member) => void): Promise<void>;
  /** What a client is told that is not let in. */
  refuse(why: string): string;
  /** What a client is told last, as the server stops. */
  farewell(why: string): string[];
}

/** What the server is given of files. */
export interface Files {
  /** What everybody is shown on arrival, a line each. */
  readonly motd: { readonly lines: readonly string[] };
  readonly operators: Operators;
  /** The names that are somebody's own, where they can be. */
  readonly accounts?: Accounts | undefined;
  /** Where the bans of the server are kept, if anywhere. */
  readonly bans?: BanStore | undefined;
  /** What decides what has expired; the system's clock, if it is not given. */
  readonly clock?: ExpiryClock | undefined;
  /** What everybody has to say to be let in, if anything. */
  readonly password?: string | undefined;
  /** Names of server operators who are none any more since `reload` was called last. */
  readonly revoked?: readonly string[];
  /** Reads those again that flags name. Never rejects. */
  reload(): Promise<Reloaded>;
  readonly version: string;
  /** What was said, and where it is kept. Whoever gives it closes it. */
  readonly history: HistoryStore;
  /** What is needed to speak TLS; without it, none is spoken. */
  readonly tls?: Tls | undefined;
}

/** When there are none. */
export function noFiles(): Files {
  return {
    motd: { lines: [] },
    reload: () => Promise.resolve({ done: [], failed: [] }),
    operators: new Operators(),
    version: "",
    history: new MemoryHistory(),
  };
}

/** The doors of the chat, whose rooms and people are the same, and the echo server's. */
export interface ProtocolHandlers {
  readonly text: ProtocolHandler;
  readonly irc: ProtocolHandler;
  readonly echo: ProtocolHandler;
}

/** Makes them. */
export function makeHandlers(
  { name, sendBuffer, announce, registerTime, maxHistory, maxTags }: Options,
  files: Files,
  hub: LocalChat,
  auth: AuthService,
  moderation: ModerationContext,
): ProtocolHandlers {
  const cloak = new Cloak(files.history.secret);
  const hostOf = (address: string) => {
    const [host, network] = [cloak.of(address), cloak.networkOf(address)];
    if (network !== undefined) files.history.introduce(host, network);
    return host;
  };
  const motd = () => files.motd.lines;
  const slicer = new TimeSlicer();
  const departures = new TimeSlicer(undefined, undefined, Infinity); // of each connection waits one at the most
  const textOptions = {
    chat: hub,
    auth,
    moderation,
    slicer,
    greetingDelay: GREETING_DELAY,
    departures,
    registrationTime: registerTime,
    name,
    hostOf,
    motd,
    answerMax: sendBuffer / LINES_IN_BUFFER,
    format: textFormat(announce),
  };
  const ircOptions: IrcOptions = {
    chat: hub,
    name,
    hostOf,
    formats: new Formats(name),
    keepalive: new Keepalive(registerTime),
    historyMax: maxHistory,
    tagsMax: maxTags,
    auth,
    moderation,
    slicer,
    departures,
    version: files.version,
    since: new Date(),
    motd,
    unregistered: { count: 0 },
    answerMax: sendBuffer * 3 / LINES_IN_BUFFER, // with half an outbox full, as at the most, it still fits
  };
  const error = (why: string) => `ERROR :Closing link: [${why}]`;
  return {
    text: {
      name: "text",
      serve: (connection, onMember) => text(connection, textOptions, onMember),
      refuse: system,
      farewell: () => [],
    },
    irc: {
      name: "irc",
      serve: (connection, onMember) => irc(connection, ircOptions, onMember),
      refuse: error,
      farewell: (why) => [error(why)],
    },
    echo: { name: "echo", serve: echo, refuse: (why) => why, farewell: () => [] },
  };
}
