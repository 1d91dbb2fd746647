/** The sentence that a user of the text protocol reads for each {@linkcode ChatError}. */
import type { ChatError } from "../../chat/chat_error.ts";
import { IGNORED_MAX } from "../../chat/ignore_lists.ts";
import { KEY_MAX, MASKS_MAX } from "../../chat/modes.ts";
import { NICK_RULE, ROOM_RULE } from "../names.ts";
import { ROLES_MAX } from "../../chat/roles.ts";
import { linkRequestErrorText } from "../invite_links.ts";
import { system } from "./render.ts";
import { clip } from "./truncate.ts";

/**
 * The reply to a request that was rejected.
 *
 * @param nearest The user or room that was probably meant, if the subject does not exist.
 */
export function errorLine({ code, subject, room }: ChatError, nearest?: string): string {
  switch (code) {
    case "nick-invalid":
      return system(`Invalid nickname: ${NICK_RULE}.`);
    case "nick-taken":
      return system(`Nickname in use: ${subject}. Choose another one.`);
    case "nick-registered":
      return system(`${subject} is a registered nickname. If it is yours: /login ${subject}`);
    case "nick-confusable":
      return system(`${subject} looks like a nickname in use. Choose another one.`);
    case "banned-nick":
      return system(`You are banned from ${room}, and keep your nickname there. Leave it first: /leave`);
    case "no-such-user":
      return system(`No such user: ${clip(subject)}. ${didYouMean(nearest) ?? "/list shows who is here."}`);
    case "login-to-leave":
      return system(`${subject} is offline. To leave a message, log in first: /login NAME`);
    case "ignores-self":
      return system(`You cannot ignore yourself.`);
    case "ignores-full":
      return system(`You ignore ${IGNORED_MAX} users, which is the most. Remove one first: /unignore NAME`);
    case "not-ignored":
      return system(`You do not ignore ${clip(subject)}. /ignore lists the users that you ignore.`);
    case "ignores-unstored":
      return system(`The ignore list of ${subject} cannot be stored right now. Try again later.`);
    case "room-invalid":
      return system(`Invalid room name: ${ROOM_RULE}, as in /join #tea.`);
    case "room-confusable":
      return system(`${clip(subject)} looks like another room. Choose another name, or see /rooms.`);
    case "no-such-room":
      return system(
        `No such room: ${clip(subject)}. ${didYouMean(nearest) ?? "/rooms lists the rooms, /join creates one."}`,
      );
    case "not-in-room":
      return system(`You are not in ${subject}. Join it first: /join ${subject}`);
    case "user-not-in-room":
      return system(`${subject} is not in ${room}. /who lists its members.`);
    case "already-in-room":
      return system(`${subject} is already in ${room}.`);
    case "too-many-sessions":
      return system(`Your account is connected ${subject} times, which is the limit. Close one of the others first.`);
    case "login-outdated":
      return system(`${subject} has changed in the meantime. Log in again: /login`);
    case "account-required":
      return system(`You need an account for that. Register your nickname: /register`);
    case "absent-full":
      return system(`This server keeps no more than ${subject} users who are not connected. Try again later.`);
    case "too-many-rooms":
      return system(`You are in too many rooms. Leave one first.`);
    case "rooms-full":
      return system(`This server has reached its limit of rooms. /rooms lists them.`);
    case "keys-too-fast":
      return system(`Too many wrong keys from your address. Try again in a minute.`);
    case "rooms-too-fast":
      return system(`Too many new rooms from your address. Join an existing one: /rooms lists them.`);
    case "nicks-too-fast":
      return system(`You change your nickname too often. Try again in a minute.`);
    case "banned":
      return system(`You are banned from ${subject}. Ask an operator of the room to lift the ban.`);
    case "invite-only":
      return system(`${subject} is invite-only. Ask an operator of the room for an invitation.`);
    case "wrong-key":
      return system(`${subject} is locked. To join with its key: /join ${subject} KEY`);
    case "login-required":
      return system(`${subject} is for registered users. Log in first: /login NAME`);
    case "room-full":
      return system(`${subject} is full. Try again later.`);
    case "cannot-speak":
      return system(`You cannot speak in ${subject}. Ask an operator of the room for a voice.`);
    case "not-operator":
      return system(`Only operators of ${subject} can do that. /who marks them with @ or ~.`);
    case "not-owner":
      return system(`Only owners of ${subject} can do that, and only owners can act against one. /members lists them.`);
    case "no-account":
      return system(`${clip(subject)} is not registered. They have to /register or /login first.`);
    case "no-role":
      return system(`${clip(subject)} has no role in ${room}. /members lists the roles.`);
    case "roles-full":
      return system(`${subject} has reached its limit of ${ROLES_MAX} roles. Take one first: /member remove NAME`);
    case "room-unowned":
      return system(
        `${subject} belongs to no account, so it has no lasting members. Ask a server operator to name an owner.`,
      );
    case "room-fixed":
      return system(`${subject} is for everyone: it can have no owner.`);
    case "room-taken":
      return system(`There is a room ${clip(subject)} already. Choose another name.`);
    case "room-crowded":
      return system(`${room} has more than ${subject} members: too many to rename or delete it.`);
    case "mask-invalid":
      return system(`Invalid mask: use a nickname, nick!user@host with * for any text, or ~a:ACCOUNT.`);
    case "masks-full":
      return system(`${room} has reached its limit of ${MASKS_MAX} bans and exceptions. Remove one first: /unban MASK`);
    case "key-invalid":
      return system(
        `Invalid key: use 1 to ${KEY_MAX} characters without spaces or commas; it cannot start with a colon.`,
      );
    case "reason-too-long":
      return system(`Reason too long: at most ${subject} characters.`);
    case "text-too-long":
      return system(`Text too long: at most ${subject} bytes. Letters outside ASCII take 2 to 4 bytes each.`);
    case "no-such-link":
      return system(`No such invite link: ${clip(subject)}. /links lists yours.`);
    case "link-unknown":
    case "link-expired":
    case "link-used-up":
    case "link-time-invalid":
    case "link-uses-invalid":
    case "links-full":
    case "links-unstored":
      return system(linkRequestErrorText(code, subject)!);
    case "topic-too-long":
      return system(`Topic too long: at most ${subject} characters.`);
    case "token-read-only":
      return system(`Your token permits you to read, but not to write. Log in with your password first.`);
    case "token-room":
      return system(`Your token is for ${subject} alone. For the rest, log in with your password first.`);
    case "no-private-messages":
      return system(`${subject} takes no private messages: it is a bot whose token is for one room.`);
    case "token-nick":
      return system(`Your token does not permit the nickname ${subject}. Choose another one.`);
    case "muted":
      return system(`A server operator has muted you. You can read, but not write.`);
    case "server-banned":
      return system(`You are banned from this server: ${subject}`);
    case "not-server-operator":
      return system(`Only server operators can do that. If you are one: /oper NAME`);
    case "ban-invalid":
      return system(`Invalid ban: use an address, a network such as 10.0.0.0/8, or nick!user@host.`);
    case "bans-full":
      return system(`This server has reached its limit of ${subject} bans. /bans lists them, /unban removes one.`);
    case "duration-invalid":
      return system(`Invalid time: ${subject}. Use minutes, 12h or 1h30m; 0 is for good.`);
    case "no-such-ban":
      return system(`No such ban. /bans lists the bans.`);
    case "not-muted":
      return system(`${subject} is not muted.`);
    case "message-too-long":
      return system(`Message too long: at most ${subject}.`);
    case "no-such-line":
      return system(`There is no such message in ${subject} any more.`);
    case "line-deleted":
      return system("That message was deleted.");
    case "not-own-line":
      return system(`That message is from ${subject}. Only an operator of the room can delete it.`);
    case "redact-too-late":
      return system("That message is too old. Ask an operator of the room to delete it.");
    case "reaction-invalid":
      return system("A reaction is one emoji or one short word: /react alice 👍");
    case "reactions-full":
      return system(`Too many reactions to that message: at most ${subject}.`);
    case "not-stored":
      return system(`Not sent to ${subject}: the server cannot store messages right now. Try again later.`);
    case "too-many-waiting":
      return system("Too many commands from your network are waiting. Try again in a moment.");
    case "cluster-busy":
      return system("This server cannot reach the others right now. Try again in a moment.");
    case "stored-too-much":
      return system(`Not sent: your network or account is sending too much. Wait a minute, then send it again.`);
    case "history-unreadable":
      return system(`The history cannot be read right now. Try again later.`);
  }
}

/** A question that suggests a name; `undefined` without one. */
export function didYouMean(nearest: string | undefined): string | undefined {
  return nearest === undefined ? undefined : `Did you mean ${nearest}?`;
}
