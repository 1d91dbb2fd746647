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
