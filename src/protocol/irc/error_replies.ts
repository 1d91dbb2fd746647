/**
 * What the hub refuses, as numerics.
 */
import type { ChatError } from "../../chat/chat_error.ts";
import type { IrcMessage } from "./parser.ts";
import { word } from "./numerics.ts";
import { services } from "./nickserv.ts";
import type { IrcSession } from "./session.ts";

const STORED_TOO_MUCH = "Not sent, your network or account is sending too much; wait a minute and send it again";

/** Takes note that what a client asked for was refused, and tells it so, unless it was a NOTICE: that is never answered. */
export function refused(session: IrcSession, refusal: ChatError, command: string): void {
  const { code, subject, room, mode } = refusal;
  session.options.moderation.refused(session.caller, refusal);
  if (command === "NOTICE") return;
  switch (code) {
    case "nick-invalid":
      return session.numeric("ERR_ERRONEUSNICKNAME", subject);
    case "nick-taken":
      return session.numeric("ERR_NICKNAMEINUSE", subject);
    case "nick-registered":
      session.numeric("ERR_NICKNAMEOWNED", subject);
      return services(
        session,
        `${subject} is somebody's own name. If it is yours: /msg NickServ IDENTIFY ${subject} PASSWORD`,
      );
    case "nick-confusable":
      return session.numeric("ERR_NICKNAMECONFUSABLE", subject);
    case "no-such-user":
      return session.numeric("ERR_NOSUCHNICK", subject);
    case "room-invalid":
      return session.numeric("ERR_BADCHANMASK", subject);
    case "no-such-room":
      return session.numeric("ERR_NOSUCHCHANNEL", subject);
    case "not-in-room":
      if (command === "PRIVMSG" || command === "TAGMSG") return session.numeric("ERR_CANNOTSENDTOCHAN", subject);
      return session.numeric("ERR_NOTONCHANNEL", subject);
    case "user-not-in-room":
      return session.numeric("ERR_USERNOTINCHANNEL", subject, room);
    case "already-in-room":
      return session.numeric("ERR_USERONCHANNEL", subject, room);
    case "too-many-rooms":
      return session.numeric("ERR_TOOMANYCHANNELS", subject);
    case "rooms-full":
      return session.fail(command, "TOO_MANY_CHANNELS", "There are as many channels as there can be", subject);
    case "rooms-too-fast":
      return session.fail(command, "TOO_MANY_CHANNELS", "Too many channels were made from your address", word(subject));
    case "nicks-too-fast":
      return session.numeric("ERR_NICKTOOFAST", subject);
    case "banned":
      return session.numeric("ERR_BANNEDFROMCHAN", subject);
    case "invite-only":
      return session.numeric("ERR_INVITEONLYCHAN", subject);
    case "wrong-key":
      return session.numeric("ERR_BADCHANNELKEY", subject);
    case "keys-too-fast":
      return session.fail(command, "TOO_MANY_KEYS", "Too many wrong keys came from your address", word(subject));
    case "room-full":
      return session.numeric("ERR_CHANNELISFULL", subject);
    case "cannot-speak":
      return session.numeric("ERR_CANNOTSENDTOCHAN", subject);
    case "not-operator":
      return session.numeric("ERR_CHANOPRIVSNEEDED", subject);
    case "mask-invalid":
      return session.numeric("ERR_INVALIDMODEPARAM", room, mode, subject);
    case "masks-full":
      return session.numeric("ERR_BANLISTFULL", room, mode);
    case "key-invalid":
      return session.numeric("ERR_INVALIDKEY", room);
    case "muted":
      return session.fail(
        command,
        command === "SETNAME" ? "CANNOT_CHANGE_REALNAME" : "MUTED", // IRCv3, "setname", "Errors"
        "A server operator has muted you",
      );
    case "server-banned":
      session.numeric("ERR_YOUREBANNEDCREEP", subject);
      return session.registered ? undefined : session.close("banned", `Banned: ${subject}`);
    case "not-server-operator":
      return session.numeric("ERR_NOPRIVILEGES");
    case "ban-invalid":
      return session.fail(
        command,
        "INVALID_MASK",
        "That is no address and no mask, or it is everybody's",
        word(subject),
      );
    case "bans-full":
      return session.fail(command, "TOO_MANY_BANS", `There are ${subject} bans already`);
    case "duration-invalid":
      return session.fail(command, "INVALID_TIME", "Minutes, or as in 12h", word(subject));
    case "no-such-ban":
      return session.fail(command, "NO_SUCH_BAN", "Nothing like that is banned", word(subject));
    case "not-muted":
      return session.fail(command, "NOT_MUTED", "They may speak", word(subject));
    case "not-stored":
      return session.fail(command, "CANNOT_KEEP", "Not sent, the server cannot keep it; try again later", subject);
    case "stored-too-much":
      return session.fail(command, "RATE_LIMITED", STORED_TOO_MUCH, word(subject));
    case "history-unreadable":
      return session.fail(command, "MESSAGE_ERROR", "Messages could not be retrieved");
    case "too-many-waiting":
      return session.numeric("RPL_TRYAGAIN", command);
    case "reason-too-long":
      return session.fail(command, "REASON_TOO_LONG", `A reason has ${subject} characters at the most`);
    case "text-too-long":
      return session.fail(
        command,
        "TEXT_TOO_LONG",
        `It has more than ${subject} bytes; letters outside ASCII take 2 to 4 each`,
      );
    case "topic-too-long":
      return session.fail(command, "INVALID_TOPIC", `A topic has ${subject} characters at the most`);
  }
}

/** Says that a command has to be tried again: as its own specification has it, where that has a form for errors. */
export function tryAgain(session: IrcSession, { command, params }: IrcMessage): void {
  const text = "Too many commands from your network are waiting. Try again in a moment";
  if (command === "CHATHISTORY") session.fail(command, "MESSAGE_ERROR", text, ...params.slice(0, 2).map(word));
  else if (command === "SEARCH") session.fail(command, "INTERNAL_ERROR", text);
  else session.numeric("RPL_TRYAGAIN", command);
}
