/**
 * The limits of topics, reasons and real names, which no client gets truncated.
 *
 * An IRC line has 510 bytes (RFC 2812, section 2.3). The limits in bytes are what the longest line with such a text leaves
 * for it: with nicknames of 60 bytes, users of 10, hosts of 19, and a server name of 63.
 */
import { byteLength } from "../util/bytes.ts";
import { ChatError } from "./chat_error.ts";

/** The most characters in a topic. */
export const TOPIC_MAX = 360;

/** The most characters in a topic that is stored already: earlier versions had a higher limit. */
export const STORED_TOPIC_MAX = 390;

/** The most characters of an away message, or of a reason to part, quit, kick or kill. */
export const REASON_MAX = 200;

/** The most characters and bytes of a real name. The longest line is RPL_WHOREPLY, which has the server name twice. */
export const REALNAME_MAX = 150;
export const REALNAME_BYTES = 210;

/** The most bytes of a topic together with the room name. The longest line is RPL_LIST. */
export const ROOM_TOPIC_BYTES = 370;

/** The most bytes of a reason together with the room name. The longest line is KICK, which has two nicknames. */
export const ROOM_TEXT_BYTES = 340;

/** The most bytes of a reason that concerns no room. The longest line is RPL_AWAY, which has two nicknames. */
export const TEXT_BYTES = 310;

/**
 * Checks the length of a topic.
 *
 * @throws {ChatError} `topic-too-long` or `text-too-long`
 */
export function requireTopic(topic: string, room: string): void {
  if ([...topic].length > TOPIC_MAX) throw new ChatError("topic-too-long", String(TOPIC_MAX));
  requireBytes(topic, ROOM_TOPIC_BYTES - byteLength(room));
}

/**
 * Checks the length of a reason or away message.
 *
 * @param room The name of the room that it concerns, if any.
 * @throws {ChatError} `reason-too-long` or `text-too-long`
 */
export function requireReason(reason: string, room?: string): void {
  if ([...reason].length > REASON_MAX) throw new ChatError("reason-too-long", String(REASON_MAX));
  requireBytes(reason, room === undefined ? TEXT_BYTES : ROOM_TEXT_BYTES - byteLength(room));
}

/** Whether a reason that concerns no room is within its limits. */
export function isReason(reason: string): boolean {
  return [...reason].length <= REASON_MAX && byteLength(reason) <= TEXT_BYTES;
}

/** Whether a real name is within its limits. */
export function isRealname(realname: string): boolean {
  return [...realname].length <= REALNAME_MAX && byteLength(realname) <= REALNAME_BYTES;
}

/** Cuts a real name to its limits, between two characters. */
export function clipRealname(realname: string): string {
  if (isRealname(realname)) return realname;
  let clipped = "";
  let size = 0;
  for (const character of [...realname].slice(0, REALNAME_MAX)) {
    size += byteLength(character);
    if (size > REALNAME_BYTES) break;
    clipped += character;
  }
  return clipped;
}

function requireBytes(text: string, most: number) {
  if (byteLength(text) > most) throw new ChatError("text-too-long", String(most));
}
