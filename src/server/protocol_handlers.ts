/**
 * The protocols that listeners speak: what serves a connection, and the lines that reject it or end it.
 */
import type { AuthService } from "../accounts/auth.ts";
import type { Chat } from "../chat/chat.ts";
import type { Session } from "../chat/member.ts";
import { LINES_IN_BUFFER, type Options } from "../cli/options.ts";
import { echo } from "../protocol/echo.ts";
import { Formats } from "../protocol/irc/format.ts";
import { Keepalive, SAFE_RATE } from "../protocol/irc/keepalive.ts";
import type { IrcOptions } from "../protocol/irc/options.ts";
import { irc } from "../protocol/irc/session.ts";
import type { ModerationContext } from "../protocol/moderation.ts";
import { ReactionFolds } from "../protocol/text/reaction_folds.ts";
import { system, textFormat } from "../protocol/text/render.ts";
import { text } from "../protocol/text/session.ts";
import { TimeSlicer } from "../protocol/time_slicer.ts";
import type { Connection } from "../transport/connection.ts";
import { Cloak } from "./cloak.ts";
import { uploadSettings } from "./file_resources.ts";
import type { ServerResources } from "./resources.ts";

/**
 * How long the text port waits for a client's first line before it sends the greeting, in milliseconds. Chromium sends the
 * first bytes of a request 0.5 ms after it has connected, and at most 33 ms on a busy machine; a person does not notice
 * the delay.
 */
const GREETING_DELAY = 50;

/** Serves the connections of one listener. */
export interface ProtocolHandler {
  /** The listener's name in the log, in metrics and on stdout. */
  readonly name: string;
  /** Serves one connection until its client leaves. Calls `onRegistered` once the client has registered. */
  serve(connection: Connection, onRegistered: (session: Session) => void): Promise<void>;
  /** The line that a client gets whose connection is rejected. */
  rejection(reason: string): string;
  /** The last lines that a client gets when the server stops. */
  farewell(reason: string): string[];
}

/** The handlers of all protocols. Those of the chat share its rooms and members. */
export interface ProtocolHandlers {
  readonly text: ProtocolHandler;
  readonly irc: ProtocolHandler;
  readonly echo: ProtocolHandler;
}

/** Names the hosts of addresses, as other members see them, and has the history know the networks of these hosts. */
export function hostNames({ history }: ServerResources): (address: string) => string {
  const cloak = new Cloak(history.secret);
  return (address) => {
    const [host, network] = [cloak.of(address), cloak.networkOf(address)];
    if (network !== undefined) history.setNetwork(host, network);
    return host;
  };
}

/** Creates the handlers of one server. */
export function createHandlers(
  options: Options,
  resources: ServerResources,
  chat: Chat,
  auth: AuthService,
  moderation: ModerationContext,
): ProtocolHandlers {
  const { name, sendBuffer, announce, registerTime, maxHistory, maxTags, rate } = options;
  const hostOf = hostNames(resources);
  const motd = () => resources.motd.lines;
  const slicer = new TimeSlicer();
  const departures = new TimeSlicer(undefined, undefined, Infinity); // each connection has at most one job in the queue
  const folds = new ReactionFolds(chat);
  const textOptions = {
    chat,
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
    format: textFormat(announce, folds),
    folds,
  };
  const ircOptions: IrcOptions = {
    chat,
    name,
    hostOf,
    formats: new Formats(name),
    keepalive: new Keepalive(registerTime),
    historyMax: maxHistory,
    tagsMax: maxTags,
    safeRate: rate >= SAFE_RATE,
    typing: options.typing === "on",
    uploads: resources.files && uploadSettings(options),
    auth,
    moderation,
    slicer,
    departures,
    version: resources.version,
    since: new Date(),
    motd,
    unregistered: { count: 0 },
    answerMax: sendBuffer * 3 / LINES_IN_BUFFER, // fits even when the outbox is half full, which is the most it is then
  };
  const error = (reason: string) => `ERROR :Closing link: [${reason}]`;
  return {
    text: {
      name: "text",
      serve: (connection, onRegistered) => text(connection, textOptions, onRegistered),
      rejection: system,
      farewell: () => [],
    },
    irc: {
      name: "irc",
      serve: (connection, onRegistered) => irc(connection, ircOptions, onRegistered),
      rejection: error,
      farewell: (reason) => [error(reason)],
    },
    echo: { name: "echo", serve: echo, rejection: (reason) => reason, farewell: () => [] },
  };
}
