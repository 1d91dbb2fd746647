/** Invite links, shared by the protocols: how one is asked for, and the sentences about them. */
import type { Chat } from "../chat/chat.ts";
import { ChatError, type ChatErrorCode } from "../chat/chat_error.ts";
import { type InviteLink, isExpired, isUsedUp, LINK_TIME, LINK_TIME_MAX } from "../chat/invite_links.ts";
import type { Member } from "../chat/member.ts";
import type { Room } from "../chat/room.ts";
import { counted } from "../util/counted.ts";
import { formatDateTime } from "../util/datetime.ts";
import { formatDuration, parseDuration } from "../util/duration.ts";
import { looksLikeTime, type ModerationContext } from "./moderation.ts";

/** The errors about a code that is not accepted. */
export type LinkError = "link-unknown" | "link-expired" | "link-used-up";

/** The sentences for a code that is not accepted. */
const ERRORS: Readonly<Record<LinkError, string>> = {
  "link-unknown": "This invite link is not valid: it was mistyped or revoked, or its room is gone. Ask for a new one.",
  "link-expired": "This invite link has expired. Ask for a new one.",
  "link-used-up": "This invite link has been used as often as it may be. Ask for a new one.",
};

export function linkErrorText(code: LinkError): string {
  return ERRORS[code];
}

/** Whether an error says that a code is not accepted. */
export function isLinkError(code: string): code is LinkError {
  return Object.hasOwn(ERRORS, code);
}

/** The times that a link can have, in words for users. */
export const LINK_TIMES = `from 1m to ${LINK_TIME_MAX / 86_400_000}d`;

/** The session of a member, as the commands about links see it. */
export interface LinkContext {
  readonly chat: Chat;
  readonly moderation: ModerationContext;
  readonly member: Member;
}

/** A new link, for its maker. */
export interface MadeLink {
  /** Its URL. Without a page, or if the server does not know its address, only a part of one. */
  readonly url: string;
  /** A sentence that ends with the URL, and how the link can be revoked. */
  readonly sentences: readonly [string, string];
}

/**
 * Makes a link. Written to the audit log.
 *
 * @param words How long it is valid and how often it can be used: `7d`, `5 uses`, or both. Without them, a week and any number.
 * @param undo How the user revokes the link with a number.
 * @returns `undefined` if the words are something else.
 */
export async function makeLink(
  { chat, moderation, member }: LinkContext,
  room: Room,
  words: readonly string[],
  undo: (id: number) => string,
): Promise<MadeLink | undefined> {
  const wanted = readRequest(words);
  if (wanted === undefined) return undefined;
  const { link, code } = await chat.links.add(member, room, wanted.time, wanted.uses);
  moderation.audit("link made", member, `${room.name} ${link.id}`);
  const url = moderation.linkUrl(code);
  const uses = wanted.uses === undefined ? "" : `, for ${counted(wanted.uses, "user")}`;
  return {
    url,
    sentences: [
      `Invite link to ${room.name}, valid for ${formatDuration(wanted.time)}${uses}: ${url}`,
      `It also works as the server password, and as the key of the room. To revoke it: ${undo(link.id)}`,
    ],
  };
}

/** Revokes a link. Written to the audit log. @param text Its number. */
export async function revokeLink({ chat, moderation, member }: LinkContext, text: string): Promise<string> {
  if (!/^\d{1,9}$/.test(text)) throw new ChatError("no-such-link", text);
  const { id, room } = await chat.links.remove(member, Number(text));
  const name = chat.getRoom(room)?.name ?? room;
  moderation.audit("link revoked", member, `${name} ${id}`);
  return `Invite link ${id} to ${name} is revoked.`;
}

/** The links that a member may revoke, a line each: `3: #tea, by alice, used 2 of 5 times, until 2026-12-07 10:30`. */
export function listLinks({ chat, member }: LinkContext, room?: Room): string[] {
  const links = chat.links.list(member).filter((link) => room === undefined || link.room === room.key);
  return links.map((link) => describe(link, chat.getRoom(link.room)?.name ?? link.room, Date.now()));
}

function describe(link: InviteLink, room: string, now: number): string {
  const { id, by, used, uses, until } = link;
  const times = uses === undefined ? counted(used, "time") : `${used} of ${counted(uses, "time")}`;
  const end = isExpired(link, now) ? "expired" : isUsedUp(link) ? "used up" : `until ${formatDateTime(until, 0)}`;
  return `${id}: ${room}, by ${by}, used ${times}, ${end}`;
}

/** @throws {ChatError} `link-time-invalid` or `link-uses-invalid` */
function readRequest(words: readonly string[]): { time: number; uses: number | undefined } | undefined {
  let time = LINK_TIME;
  let uses: number | undefined;
  for (const word of words) {
    if (/^\d+$/.test(word)) uses = Number(word);
    else if (looksLikeTime(word)) {
      const duration = parseDuration(word.toLowerCase());
      if (duration === undefined) throw new ChatError("link-time-invalid", word);
      time = duration;
    } else if (!/^(?:uses?|times?|users?|people)$/i.test(word)) return undefined;
  }
  if (uses !== undefined && !Number.isSafeInteger(uses)) uses = Infinity;
  return { time, uses };
}

/** The sentence for an error about making links. */
export function linkRequestErrorText(code: ChatErrorCode, subject: string): string | undefined {
  switch (code) {
    case "link-time-invalid":
      return `Invalid time: an invite link is valid ${LINK_TIMES}.`;
    case "link-uses-invalid":
      return `Invalid number of uses: from 1 to ${subject}.`;
    case "links-full":
      return `There are ${subject} invite links already, which is the most. Revoke one first.`;
    case "links-unstored":
      return "Invite links cannot be stored right now. Try again later.";
    default:
      return isLinkError(code) ? linkErrorText(code) : undefined;
  }
}
