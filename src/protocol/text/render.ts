/**
 * How people on `nc` and `telnet` see things: every line that the text door sends is made here.
 *
 * What others say begins with `<nick>`, `* nick` or `*nick*`, what the server says with `--`, what is past with a time
 * in brackets. No nick has a space, `<` or `*` in it, so nobody can write a line that looks like somebody else's.
 */
import type { ChatEvent, Said, WireFormat } from "../../chat/events.ts";
import { NICK_MAX, ROOM_MAX } from "../../chat/names.ts";
import type { Refusal } from "../../chat/refusal.ts";

/**
 * The wire format of the text door.
 *
 * @param announce In rooms of more than so many, nobody is told who comes and goes.
 */
export function textFormat(announce: number): WireFormat {
  return {
    render(event: ChatEvent): string | undefined {
      switch (event.kind) {
        case "said":
          return said(event);
        case "whispered":
          return `*${event.from}* ${event.text}`;
        case "joined":
          return event.size > announce ? undefined : system(`${event.who} joined ${event.room}`);
        case "left":
          return event.size > announce ? undefined : system(`${event.who} left ${event.room}${because(event.reason)}`);
        case "renamed":
          return system(`${event.from} is now ${event.to}`);
        case "topic":
          if (event.topic === "") return system(`${event.who} took away the topic of ${event.room}`);
          return system(`${event.who} set the topic of ${event.room}: ${event.topic}`);
        case "notice":
          return system(event.text);
      }
    },
  };
}

/** A line that the server says. */
export function system(text: string): string {
  return `-- ${text}`;
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
  const then = new Date(event.time);
  const clock = `${two(then.getHours())}:${two(then.getMinutes())}`;
  const today = then.toDateString() === new Date(now).toDateString();
  const day = today ? "" : `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())} `;
  return `[${day}${clock}] ${said(event)}`;
}

/** `alone in #lobby`, `in #lobby with 1 other`, `in #lobby with 2 others`. */
export function company(room: string, others: number): string {
  if (others === 0) return `alone in ${room}`;
  return `in ${room} with ${others} ${others === 1 ? "other" : "others"}`;
}

/** What somebody is told whose request was refused: what is wrong, and what to do instead. */
export function refusal({ code, subject }: Refusal): string {
  switch (code) {
    case "nick-impossible":
      return system(
        `Nobody can be called that. A name has 1 to ${NICK_MAX} letters, digits and _-[]{}\\|^\`, and no digit or - first.`,
      );
    case "nick-taken":
      return system(`Somebody is called ${subject} already. Choose another name.`);
    case "nobody":
      return system(`There is nobody of that name here. LIST shows who is.`);
    case "room-impossible":
      return system(
        `No room can be called that. A room is # and 1 to ${
          ROOM_MAX - 1
        } characters without spaces and commas: /join #tea`,
      );
    case "no-room":
      return system(`There is no such room. /rooms lists them, and /join makes one.`);
    case "not-in-room":
      return system(`You are not in ${subject}. Go there first: /join ${subject}`);
    case "topic-too-long":
      return system(`A topic has ${subject} characters at the most. Say it shorter.`);
  }
}

function said(event: Said): string {
  return event.action ? `* ${event.from} ${event.text}` : `<${event.from}> ${event.text}`;
}

function because(reason: string | undefined): string {
  return reason ? ` (${reason})` : "";
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
