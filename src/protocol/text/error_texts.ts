/** The sentence that a user of the text protocol reads for each {@linkcode ChatError}. */
import type { ChatError } from "../../chat/chat_error.ts";
import { KEY_MAX, MASKS_MAX } from "../../chat/modes.ts";
import { NICK_MAX, ROOM_MAX } from "../../chat/names.ts";
import { system } from "./render.ts";
import { clip } from "./truncate.ts";

/** The reply to a request that was rejected. */
export function errorLine({ code, subject, room }: ChatError): string {
  switch (code) {
    case "nick-invalid":
      return system(
        `Invalid nickname: use 1 to ${NICK_MAX} letters, digits or _-[]{}\\|^\`; it cannot start with a digit or -.`,
      );
    case "nick-taken":
      return system(`Nickname in use: ${subject}. Choose another one.`);
    case "nick-registered":
      return system(`${subject} is a registered nickname. If it is yours: /login ${subject} PASSWORD`);
    case "nick-confusable":
      return system(`${subject} looks like a nickname in use. Choose another one.`);
    case "no-such-user":
      return system(`No such user: ${clip(subject)}. /list shows who is here.`);
    case "room-invalid":
      return system(
        `Invalid room name: use # and 1 to ${ROOM_MAX - 1} characters without spaces or commas, as in /join #tea.`,
      );
    case "no-such-room":
      return system(`No such room: ${clip(subject)}. /rooms lists the rooms, /join creates one.`);
    case "not-in-room":
      return system(`You are not in ${subject}. Join it first: /join ${subject}`);
    case "user-not-in-room":
      return system(`${subject} is not in ${room}. /who lists its members.`);
    case "already-in-room":
      return system(`${subject} is already in ${room}.`);
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
    case "room-full":
      return system(`${subject} is full. Try again later.`);
    case "cannot-speak":
      return system(`You cannot speak in ${subject}. Ask an operator of the room for a voice.`);
    case "not-operator":
      return system(`Only operators of ${subject} can do that. /who marks them with @.`);
    case "mask-invalid":
      return system(`Invalid mask: use a nickname, or nick!user@host with * for any text.`);
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
    case "topic-too-long":
      return system(`Topic too long: at most ${subject} characters.`);
    case "token-read-only":
      return system(`Your token permits you to read, but not to write. Log in with your password first.`);
    case "token-room":
      return system(`Your token is for ${subject} alone. For the rest, log in with your password first.`);
    case "muted":
      return system(`A server operator has muted you. You can read, but not write.`);
    case "server-banned":
      return system(`You are banned from this server: ${subject}`);
    case "not-server-operator":
      return system(`Only server operators can do that. If you are one: /oper NAME PASSWORD`);
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
    case "not-stored":
      return system(`Not sent to ${subject}: the server cannot store messages right now. Try again later.`);
    case "too-many-waiting":
      return system("Too many commands from your network are waiting. Try again in a moment.");
    case "stored-too-much":
      return system(`Not sent: your network or account is sending too much. Wait a minute, then send it again.`);
    case "history-unreadable":
      return system(`The history cannot be read right now. Try again later.`);
  }
}
