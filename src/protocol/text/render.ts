/**
 * How people on `nc` and `telnet` see things: every line that the text door sends is made here.
 *
 * What others say begins with `<nick>`, `* nick` or `*nick*`, what the server says with `--`, what is past with a time
 * in brackets. No nick has a space, `<` or `*` in it, so nobody can write a line that looks like somebody else's.
 */
import { plain, sanitize } from "../../util/sanitize.ts";
import type { ChatEvent, Said, Whispered, WireFormat } from "../../chat/events.ts";
import { KEY_MAX, MASKS_MAX, type ModeChange, type Rank } from "../../chat/modes.ts";
import { NICK_MAX, ROOM_MAX } from "../../chat/names.ts";
import type { ChatError } from "../../chat/chat_error.ts";
import { writeWhen } from "../../util/datetime.ts";

/** The most characters that are repeated of a name that does not exist. */
const CLIP = 60;

const NAMES: Readonly<Record<Rank, string>> = { op: "operator", voice: "voice" };

/**
 * The wire format of the text door.
 *
 * @param announce In rooms of more than so many, nobody is told who comes and goes.
 */
export function textFormat(announce: number): WireFormat {
  return {
    render(event: ChatEvent): string | readonly string[] | undefined {
      switch (event.kind) {
        case "said":
          return said(event);
        case "whispered":
          return whispered(event);
        case "joined":
          return event.size > announce ? undefined : system(`${event.who} joined ${event.room}`);
        case "left":
          return event.size > announce ? undefined : system(`${event.who} left ${event.room}${because(event.reason)}`);
        case "kicked":
          return system(`${event.who} put ${event.whom} out of ${event.room}${because(event.reason)}`);
        case "renamed":
          return system(`${event.who} is now ${event.to}`);
        case "topic":
          if (event.topic === "") return system(`${event.who} took away the topic of ${event.room}`);
          return system(`${event.who} set the topic of ${event.room}: ${event.topic}`);
        case "modes":
          return event.changes.map((change) => system(`${event.who} ${changed(change, event.room)}`));
        case "invited":
          return system(`${event.who} asks ${event.whom} into ${event.room}. /join ${event.room} goes there.`);
        case "wallops":
          return system(`${event.who} says to all: ${event.text}`);
        case "unsaid":
          return system(`Nobody got this, as the server cannot keep it. Try again later: ${event.text}`);
        case "notice":
          return system(event.text);
        case "tagged":
        case "away":
        case "realname":
        case "account":
        case "online":
        case "offline":
          return undefined; // what clients tell each other, and nobody on this door asked for
      }
    },
  };
}

const timedFormats = new WeakMap<WireFormat, WireFormat>();

/**
 * The same wire format with the time before each line: one object for each format, so that members can share it.
 *
 * Lines of what was said have the time at which they were said, others the time at which they are rendered.
 */
export function timed(format: WireFormat): WireFormat {
  let made = timedFormats.get(format);
  if (made === undefined) {
    made = {
      render(event) {
        const lines = format.render(event);
        const time = "time" in event ? event.time : Date.now();
        return typeof lines === "string" ? stamped(lines, time) : lines?.map((line) => stamped(line, time));
      },
    };
    timedFormats.set(format, made);
  }
  return made;
}

/** A line with a time before it, `[14:05] <alice> hi`; and with the day if that is not the same as `now`. */
export function stamped(line: string, time: number, now = time): string {
  return `[${writeWhen(time, now)}] ${line}`;
}

/** Cuts what a user wrote to a length at which it can be repeated in an answer. */
export function clip(text: string): string {
  return text.length <= CLIP ? text : `${text.slice(0, CLIP)}…`;
}

/**
 * A line that the server says. It may repeat what people on any door have written: nothing in it does anything to a
 * terminal, and IRC's formatting is taken out.
 */
export function system(text: string): string {
  return `-- ${plain(sanitize(text))}`;
}

/** A private message, as its sender sees it. */
export function whisperSent(to: string, text: string): string {
  return `-> *${to}* ${text}`;
}

/**
 * What was said some time ago, with its time: `[14:05] <alice> hi`, and with the day if that was not today.
 *
 * @param now The time now, in milliseconds since 1970.
 */
export function past(event: Said, now: number): string {
  return stamped(said(event) ?? "", event.time, now);
}

/** `alone in #lobby`, `in #lobby with 1 other`, `in #lobby with 2 others`. */
export function company(room: string, others: number): string {
  if (others === 0) return `alone in ${room}`;
  return `in ${room} with ${others} ${others === 1 ? "other" : "others"}`;
}

/** What somebody is told whose request was refused: what is wrong, and what to do instead. */
export function refusal({ code, subject, room }: ChatError): string {
  switch (code) {
    case "nick-invalid":
      return system(
        `Invalid nickname: use 1 to ${NICK_MAX} letters, digits or _-[]{}\\|^\`; it cannot start with a digit or -.`,
      );
    case "nick-taken":
      return system(`Somebody is called ${subject} already. Choose another name.`);
    case "nick-registered":
      return system(`${subject} is somebody's own name. If it is yours: /login ${subject} PASSWORD`);
    case "nick-confusable":
      return system(`Somebody here has a name that looks like ${subject}. Choose another name.`);
    case "no-such-user":
      return system(`No such user: ${clip(subject)}. /list shows who is here.`);
    case "room-invalid":
      return system(
        `Invalid room name: use # and 1 to ${ROOM_MAX - 1} characters without spaces or commas, as in /join #tea.`,
      );
    case "no-such-room":
      return system(`No such room: ${clip(subject)}. /rooms shows the rooms there are; /join makes one.`);
    case "not-in-room":
      return system(`You are not in ${subject}. Go there first: /join ${subject}`);
    case "user-not-in-room":
      return system(`${subject} is not in ${room}. /who shows who is in it.`);
    case "already-in-room":
      return system(`${subject} is in ${room} already.`);
    case "too-many-rooms":
      return system(`You are in as many rooms as one can be. Leave one first.`);
    case "rooms-full":
      return system(`There are as many rooms as there can be. /rooms lists them.`);
    case "keys-too-fast":
      return system(`Too many wrong keys came from your address. Try again in a minute.`);
    case "rooms-too-fast":
      return system(`Too many rooms were made from your address. Join one that is there: /rooms`);
    case "nicks-too-fast":
      return system(`You change your name too often. Try again in a minute.`);
    case "banned":
      return system(`You are banned from ${subject}. Ask one of its operators.`);
    case "invite-only":
      return system(`${subject} is invite-only. Ask an operator of the room for an invitation.`);
    case "wrong-key":
      return system(`${subject} is locked. With its key: /join ${subject} KEY`);
    case "room-full":
      return system(`${subject} is full. Try again later.`);
    case "cannot-speak":
      return system(`You may not speak in ${subject}. Its operators can let you: /voice`);
    case "not-operator":
      return system(`Only an operator of ${subject} can do that. /who shows who is one, by an @.`);
    case "mask-invalid":
      return system(`Nobody can be banned like that. Write a name, or nick!user@host with * for anything.`);
    case "masks-full":
      return system(`${room} has ${MASKS_MAX} bans and exceptions already. Take one back first.`);
    case "key-invalid":
      return system(`A key has 1 to ${KEY_MAX} characters, no spaces and no commas, and no colon first.`);
    case "reason-too-long":
      return system(`Reason too long: at most ${subject} characters.`);
    case "text-too-long":
      return system(`That is too long: at most ${subject} bytes, and letters outside ASCII take 2 to 4 each.`);
    case "topic-too-long":
      return system(`Topic too long: at most ${subject} characters.`);
    case "muted":
      return system(`A server operator has muted you: you can read, and say nothing.`);
    case "server-banned":
      return system(`You are banned from this server: ${subject}`);
    case "not-server-operator":
      return system(`Only a server operator can do that. If you are one: /oper NAME PASSWORD`);
    case "ban-invalid":
      return system(`That cannot be banned. Write an address, a network such as 10.0.0.0/8, or nick!user@host.`);
    case "bans-full":
      return system(`There are ${subject} bans already. /unban lifts one, /bans lists them.`);
    case "duration-invalid":
      return system(`${subject} is no time. Write minutes, or as in 12h or 1h30m; 0 is for good.`);
    case "no-such-ban":
      return system(`Nothing like that is banned. /bans lists what is.`);
    case "not-muted":
      return system(`${subject} is not muted.`);
    case "not-stored":
      return system(`${subject} did not get this, as the server cannot keep it. Try again later.`);
    case "too-many-waiting":
      return system("Too many commands from your network are waiting. Try again in a moment.");
    case "stored-too-much":
      return system(`Not sent: your network or account is sending too much. Wait a minute, then send it again.`);
    case "history-unreadable":
      return system(`What was said before cannot be read now. Try again later.`);
  }
}

function said({ who, text, style, room, least }: Said): string | undefined {
  const to = least === undefined ? "" : ` to ${NAMES[least]}s`;
  switch (style) {
    case "say":
      return `<${who}${to}> ${plain(text)}`;
    case "action":
      return `* ${who}${to} ${plain(text)}`;
    case "notice":
      return `-${who}:${room}- ${plain(text)}`;
    case "ctcp":
    case "ctcp-reply":
      return undefined; // programs among themselves
  }
}

function whispered({ who, text, style }: Whispered): string | undefined {
  switch (style) {
    case "say":
      return `*${who}* ${plain(text)}`;
    case "action":
      return `*${who}* ${who} ${plain(text)}`;
    case "notice":
      return `-${who}- ${plain(text)}`;
    case "ctcp":
    case "ctcp-reply":
      return undefined;
  }
}

/** What somebody did to a room, in words that follow their name. */
function changed(change: ModeChange, room: string): string {
  const { on } = change;
  switch (change.mode) {
    case "o":
    case "v": {
      const { nick } = change;
      if (change.mode === "v") return on ? `gave ${nick} a voice in ${room}` : `took the voice in ${room} from ${nick}`;
      return on ? `made ${nick} an operator of ${room}` : `took the rank of operator in ${room} from ${nick}`;
    }
    case "b":
      return on ? `banned ${change.mask} from ${room}` : `lifted the ban of ${change.mask} from ${room}`;
    case "e":
      return on ? `excepted ${change.mask} from the bans of ${room}` : `excepts ${change.mask} no more in ${room}`;
    case "I":
      return on ? `lets ${change.mask} into ${room} uninvited` : `lets ${change.mask} into ${room} no more uninvited`;
    case "k":
      return on ? `locked ${room}: /join ${room} ${change.key}` : `unlocked ${room}`;
    case "l":
      return change.on ? `set ${room} to ${change.limit} people at the most` : `lifted the limit of ${room}`;
    case "i":
      return `opened ${room} ${on ? "to those only who are invited" : "to everybody"}`;
    case "m":
      return on ? `muted ${room}: only operators and voices speak` : `lets everybody speak in ${room}`;
    case "n":
      return `lets ${on ? "only those in" : "those outside"} ${room} speak there`;
    case "s":
      return on ? `hid ${room} from those who are not in it` : `shows ${room} to everybody`;
    case "t":
      return on ? `keeps the topic of ${room} for its operators` : `lets everybody set the topic of ${room}`;
  }
}

function because(reason: string | undefined): string {
  return reason ? ` (${reason})` : "";
}
