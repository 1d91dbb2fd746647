/**
 * How long topics, reasons and real names may be, so that all clients get them whole.
 *
 * A line of IRC has 510 bytes. The limits in bytes are what is left in the longest line that repeats such a text, with the
 * longest names around it: nicknames of 30 bytes, users of 10, hosts of 19, and a server's name of 63.
 */
import { bytes } from "../util/bytes.ts";
import { clipBytes } from "../util/clip.ts";
import { ChatError } from "./chat_error.ts";

/** The most characters in a topic. */
export const TOPIC_MAX = 390;

/** The most characters of an away message, or of a reason to part, quit, kick or kill. */
export const REASON_MAX = 200;

/** The most characters of a real name, and the most bytes: `WHO` repeats it behind twice the server's name. */
export const REALNAME_MAX = 150;
export const REALNAME_BYTES = 210;

/** The most bytes of a topic or a reason together with the room's name: `LIST` repeats both. */
export const ROOM_TEXT_BYTES = 400;

/** The most bytes of a reason that is about no room: RPL_AWAY repeats it behind two nicknames. */
export const TEXT_BYTES = 370;

/**
 * Makes sure that all members of a room get its topic whole.
 *
 * @throws {ChatError} `topic-too-long` or `text-too-long`
 */
export function requireTopic(topic: string, room: string): void {
  if ([...topic].length > TOPIC_MAX) throw new ChatError("topic-too-long", String(TOPIC_MAX));
  requireBytes(topic, ROOM_TEXT_BYTES - bytes(room));
}

/**
 * Makes sure that everybody gets a reason whole.
 *
 * @param room The name of the room that it is about, if any.
 * @throws {ChatError} `reason-too-long` or `text-too-long`
 */
export function requireReason(reason: string, room?: string): void {
  if ([...reason].length > REASON_MAX) throw new ChatError("reason-too-long", String(REASON_MAX));
  requireBytes(reason, room === undefined ? TEXT_BYTES : ROOM_TEXT_BYTES - bytes(room));
}

/** Whether everybody gets a reason whole that is about no room. */
export function isReason(reason: string): boolean {
  return [...reason].length <= REASON_MAX && bytes(reason) <= TEXT_BYTES;
}

/** Whether everybody gets a real name whole. */
export function isRealname(realname: string): boolean {
  return [...realname].length <= REALNAME_MAX && bytes(realname) <= REALNAME_BYTES;
}

/** As much of a real name as everybody gets, cut between two characters. */
export function clipRealname(realname: string): string {
  if (isRealname(realname)) return realname;
  return clipBytes([...realname].slice(0, REALNAME_MAX).join(""), REALNAME_BYTES);
}

function requireBytes(text: string, most: number) {
  if (bytes(text) > most) throw new ChatError("text-too-long", String(most));
}
