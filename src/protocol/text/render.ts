/**
 * Renders events as lines of the text protocol.
 *
 * What users say begins with `<nick>`, `* nick` or `*nick*`, what the server says with `--`, and past lines with a time in
 * brackets. A nickname contains no space, `<` or `*`, so no user can forge a line of another user or of the server. Only the further
 * lines of a message begin with a space, or are empty: see `messages.ts`.
 */
import type { ChatEvent, WireFormat } from "../../chat/events.ts";
import type { Line } from "../../chat/store.ts";
import { type ModeChange, RANK_OF } from "../../chat/modes.ts";
import { formatDateTime } from "../../util/datetime.ts";
import { sanitize, stripFormatting } from "../../util/sanitize.ts";
import {
  deletedText,
  indent,
  nameLine,
  RANK_NAMES,
  reactedText,
  reactionsText,
  redactedText,
  saidLines,
  whisperedLines,
  whisperSent,
} from "./messages.ts";
import type { ReactionFolds } from "./reaction_folds.ts";

/**
 * Creates the wire format of a text port.
 *
 * @param announce The most members of a room in which joins and departures are shown.
 * @param folds Which reactions are shown later, together; unless given, each is shown.
 */
export function textFormat(announce: number, folds?: ReactionFolds): WireFormat {
  return {
    render(event: ChatEvent): string | readonly string[] | undefined {
      switch (event.kind) {
        case "said":
          return saidLines(event);
        case "whispered":
          return event.forAuthor ? whisperSent(event) : whisperedLines(event);
        case "reacted":
          return folds !== undefined && !folds.shows(event) ? undefined : system(reactedText(event));
        case "reactions-folded":
          return system(`${reactionsText(event.reactions)} to ${nameLine(event.line)}`);
        case "redacted":
          return system(redactedText(event));
        case "joined":
          return event.size > announce ? undefined : system(`${event.who} joined ${event.room}`);
        case "left":
          return event.size > announce
            ? undefined
            : system(`${event.who} left ${event.room}${reasonSuffix(event.reason)}`);
        case "kicked":
          return system(`${event.who} kicked ${event.whom} from ${event.room}${reasonSuffix(event.reason)}`);
        case "renamed":
          return system(`${event.who} is now ${event.to}`);
        case "topic":
          if (event.topic === "") return system(`${event.who} cleared the topic of ${event.room}`);
          return system(`${event.who} set the topic of ${event.room}: ${event.topic}`);
        case "modes":
          return event.changes.map((change) => {
            const alone = event.who === "" || isOwnRank(event.who, change);
            return system(
              alone ? stateText(change, event.room) : `${event.who} ${modeChangeText(change, event.room)}`,
            );
          });
        case "room-renamed":
          return system(`${event.who} renamed ${event.from} to ${event.room}${reasonSuffix(event.reason)}`);
        case "invited":
          return system(`${event.who} invited ${event.whom} to ${event.room}. To go there: /join ${event.room}`);
        case "wallops":
          return system(`Message from server operator ${event.who}: ${event.text}`);
        case "not-stored":
          return indent(
            "-- Not sent, the server cannot store messages right now. Try again later: ",
            stripFormatting(event.text),
          );
        case "notice":
          return system(event.text);
        case "tagged":
        case "away":
        case "realname":
        case "account":
        case "ignore": // the command replies
        case "online":
        case "offline":
          return undefined; // meant for programs, not for people
      }
    },
  };
}

const formatsWithTimes = new WeakMap<WireFormat, WireFormat>();

/**
 * A wire format that puts the time before the lines of another one: the time at which the line was said, or of rendering.
 *
 * Each format has one such format, so that a line is rendered once for all members that share it.
 */
export function withTimes(format: WireFormat): WireFormat {
  let made = formatsWithTimes.get(format);
  if (made === undefined) {
    made = {
      render(event) {
        const lines = format.render(event);
        const time = "time" in event ? event.time : Date.now();
        return typeof lines === "string" ? withTime(lines, time) : lines && timed(lines, time);
      },
    };
    formatsWithTimes.set(format, made);
  }
  return made;
}

/**
 * Puts the time before a line, and the date if it is not that of `now`: `[14:05] <alice> hi`.
 *
 * @param time In milliseconds since 1970, as `now`.
 */
export function withTime(line: string, time: number, now = time): string {
  return `[${formatDateTime(time, now)}] ${line}`;
}

/** Puts the time before each line, and as many spaces before the further lines of a message. */
export function timed(lines: readonly string[], time: number, now = time): string[] {
  const space = " ".repeat(withTime("", time, now).length);
  return lines.map((line) => line === "" ? "" : line.startsWith(" ") ? space + line : withTime(line, time, now));
}

/** A line of the server. Control characters and IRC formatting are removed, since it may repeat input of any client. */
export function system(text: string): string {
  return `-- ${stripFormatting(sanitize(text))}`;
}

/** The line that the history shows in place of a deleted message; `undefined` for any other one. */
export function deletedLine({ who, deletedBy }: Pick<Line, "who" | "deletedBy">): string | undefined {
  return deletedBy === undefined ? undefined : system(deletedText(who, deletedBy));
}

/**
 * A message of the history: `[14:05] <alice> hi`, with the date if it was said on another day. If it has several lines, or reactions
 * to it, the result has several lines, with `\n` between them.
 *
 * @param now The current time, in milliseconds since 1970.
 * @param own Whether the reader has said it.
 */
export function historyLine(event: Line, now: number, own = false): string {
  const { time, reactions = [] } = event;
  const deletion = deletedLine(event);
  if (deletion !== undefined) return withTime(deletion, time, now);
  const lines = event.kind === "said" ? saidLines(event) : own ? whisperSent(event) : whisperedLines(event);
  if (typeof lines === "string" && reactions.length === 0) return withTime(lines, time, now);
  const all = typeof lines === "string" ? [lines] : lines ?? [""];
  return timed(reactions.length === 0 ? all : [...all, system(reactionsText(reactions))], time, now).join("\n");
}

/** `alone in #lobby`, `in #lobby with 1 other`, `in #lobby with 2 others`. */
export function occupancy(room: string, others: number): string {
  if (others === 0) return `alone in ${room}`;
  return `in ${room} with ${others} ${others === 1 ? "other" : "others"}`;
}

/** `1 user`, `2 users`. */
export function userCount(count: number): string {
  return count === 1 ? "1 user" : `${count} users`;
}

/** Whether a member changes its own rank, as an owner does who transfers the room. */
function isOwnRank(who: string, change: ModeChange): boolean {
  return "nick" in change && !("mask" in change) && change.nick === who;
}

/**
 * A change of modes that names no other member: by the server, as of ranks that come and go with an account, and of modes that
 * end with the last operator, or of a member's own rank.
 */
function stateText(change: ModeChange, room: string): string {
  if (!("nick" in change) || "mask" in change) return `The server ${modeChangeText(change, room)}`;
  const rank = RANK_OF[change.mode];
  const name = rank === "voice" ? "a member with a voice" : `an ${RANK_NAMES[rank]}`;
  return `${change.nick} is ${change.on ? name : `no longer ${name}`} of ${room}`;
}

/** A change of modes as words that follow the nickname of the operator. */
function modeChangeText(change: ModeChange, room: string): string {
  const { on } = change;
  switch (change.mode) {
    case "q":
    case "o":
    case "v": {
      const { nick } = change;
      if (change.mode === "q") return on ? `made ${nick} an owner of ${room}` : `took ${room} from ${nick}`;
      if (change.mode === "v") return on ? `gave ${nick} a voice in ${room}` : `took the voice in ${room} from ${nick}`;
      return on ? `made ${nick} an operator of ${room}` : `made ${nick} a plain member of ${room}`;
    }
    case "b":
      if (on) return `banned ${change.nick ?? change.mask} from ${room}`;
      return `lifted the ban of ${change.nick ?? change.mask} from ${room}`;
    case "e":
      return on
        ? `exempted ${change.mask} from the bans of ${room}`
        : `lifted the exemption of ${change.mask} from the bans of ${room}`;
    case "I":
      return on
        ? `let ${change.mask} join ${room} without an invitation`
        : `no longer lets ${change.mask} join ${room} without an invitation`;
    case "k":
      return on ? `locked ${room}: /join ${room} ${change.key}` : `unlocked ${room}`;
    case "l":
      return change.on ? `limited ${room} to ${change.limit} members` : `lifted the limit of members of ${room}`;
    case "i":
      return on ? `made ${room} invite-only` : `opened ${room} to everyone`;
    case "m":
      return on
        ? `moderated ${room}: only operators and members with a voice can speak`
        : `let everyone speak in ${room}`;
    case "M":
      return on ? `let only registered users speak in ${room}` : `let users without an account speak in ${room}`;
    case "R":
      return on ? `let only registered users enter ${room}` : `let users without an account enter ${room}`;
    case "n":
      return on ? `let only members of ${room} speak there` : `let users outside ${room} speak there`;
    case "s":
      return on ? `hid ${room} from users outside it` : `made ${room} visible to everyone`;
    case "t":
      return on ? `let only operators set the topic of ${room}` : `let everyone set the topic of ${room}`;
  }
}

function reasonSuffix(reason: string | undefined): string {
  return reason ? ` (${reason})` : "";
}
