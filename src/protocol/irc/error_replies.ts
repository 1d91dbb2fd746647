/**
 * Maps errors of the chat to numerics and standard replies.
 */
import type { ChatError } from "../../chat/chat_error.ts";
import { type IrcContext, isRegistered } from "./context.ts";
import { ROLES_MAX } from "../../chat/roles.ts";
import { linkRequestErrorText } from "../invite_links.ts";
import { replyFromNickServ } from "./nickserv_notice.ts";
import { word } from "./numerics.ts";
import type { IrcMessage } from "./parser.ts";

const RATE_LIMITED = "Not sent: your network or account is sending too much. Wait a minute, then send it again";

/** What a user is told whose account has as many sessions as allowed. @param limit How many these are. */
export function tooManySessions(limit: string): string {
  return `Your account is connected ${limit} times, which is the limit. Close one of the others first`;
}

/** The code and the description of the FAIL for an error about a message that was sent before; `undefined` for any other error. */
export function lineFailure({ code, subject }: ChatError): readonly [code: string, text: string] | undefined {
  switch (code) {
    case "no-such-line":
      return ["UNKNOWN_MSGID", "There is no such message any more"];
    case "line-deleted":
      return ["UNKNOWN_MSGID", "The message was deleted"];
    case "not-own-line":
      return ["REDACT_FORBIDDEN", "Only operators can delete messages of others"];
    case "redact-too-late":
      return ["REDACT_WINDOW_EXPIRED", "The message is too old to be deleted"];
    case "reaction-invalid":
      return ["INVALID_REACTION", "A reaction is one emoji or one short word"];
    case "reactions-full":
      return ["TOO_MANY_REACTIONS", `Too many reactions to the message: at most ${subject}`];
    default:
      return undefined;
  }
}

/** Records a rejected command, and tells the client. NOTICE never gets a reply (RFC 2812, section 3.3.2). */
export function replyError(context: IrcContext, error: ChatError, command: string): void {
  const { code, subject, room, mode } = error;
  context.options.moderation.rejected(context.caller, error);
  if (command === "NOTICE") return;
  switch (code) {
    case "nick-invalid":
      return context.numeric("ERR_ERRONEUSNICKNAME", subject);
    case "nick-taken":
      return context.numeric("ERR_NICKNAMEINUSE", subject);
    case "nick-registered":
      context.numeric("ERR_NICKNAMEOWNED", subject);
      return replyFromNickServ(
        context,
        `${subject} is a registered nickname. If it is yours: /msg NickServ IDENTIFY ${subject} PASSWORD`,
      );
    case "nick-confusable":
      return context.numeric("ERR_NICKNAMECONFUSABLE", subject);
    case "banned-nick":
      return context.numeric("ERR_BANONCHAN", subject, room);
    case "no-such-user":
      return context.numeric("ERR_NOSUCHNICK", subject);
    case "login-to-leave":
      return context.numeric("ERR_NONONREG", subject);
    case "ignores-self":
      return context.fail(command, "INVALID_TARGET", "You cannot ignore yourself", word(subject));
    case "ignores-full":
      return context.numeric("ERR_SILELISTFULL", subject);
    case "not-ignored":
      return context.fail(
        command,
        "NOT_IGNORED",
        "You do not ignore that user. SILENCE lists those you do",
        word(subject),
      );
    case "ignores-unstored":
      return context.fail(command, "CANNOT_STORE", "The server cannot store your ignore list. Try again later");
    case "room-invalid":
      return context.numeric("ERR_BADCHANMASK", subject);
    case "room-confusable":
      return context.numeric("ERR_CHANNELCONFUSABLE", subject);
    case "no-such-room":
      return context.numeric("ERR_NOSUCHCHANNEL", subject);
    case "not-in-room":
      if (command === "PRIVMSG" || command === "TAGMSG") return context.numeric("ERR_CANNOTSENDTOCHAN", subject);
      return context.numeric("ERR_NOTONCHANNEL", subject);
    case "user-not-in-room":
      return context.numeric("ERR_USERNOTINCHANNEL", subject, room);
    case "already-in-room":
      return context.numeric("ERR_USERONCHANNEL", subject, room);
    case "too-many-sessions": {
      const text = tooManySessions(subject);
      return isRegistered(context)
        ? context.fail(command, "TOO_MANY_SESSIONS", text)
        : context.close("too many sessions", text);
    }
    case "login-outdated": {
      const text = "The account has changed in the meantime: log in again";
      return isRegistered(context)
        ? context.fail(command, "LOGIN_OUTDATED", text)
        : context.close("login outdated", text);
    }
    case "account-required":
      return context.fail(command, "ACCOUNT_REQUIRED", "An account is required");
    case "absent-full":
      return context.fail(
        command,
        "TOO_MANY_ABSENT",
        `This server keeps no more than ${subject} users who are not connected. Try again later`,
      );
    case "too-many-rooms":
      return context.numeric("ERR_TOOMANYCHANNELS", subject);
    case "rooms-full":
      return context.fail(command, "TOO_MANY_CHANNELS", "The server has as many channels as it allows", subject);
    case "rooms-too-fast":
      return context.fail(
        command,
        "TOO_MANY_CHANNELS",
        "Too many channels were created from your network. Try again later",
        word(subject),
      );
    case "nicks-too-fast":
      return context.numeric("ERR_NICKTOOFAST", subject);
    case "banned":
      return context.numeric("ERR_BANNEDFROMCHAN", subject);
    case "invite-only":
      return context.numeric("ERR_INVITEONLYCHAN", subject);
    case "wrong-key":
      return context.numeric("ERR_BADCHANNELKEY", subject);
    case "keys-too-fast":
      return context.fail(
        command,
        "TOO_MANY_KEYS",
        "Too many wrong keys from your address. Try again in a minute",
        word(subject),
      );
    case "room-full":
      return context.numeric("ERR_CHANNELISFULL", subject);
    case "cannot-speak":
      return context.numeric("ERR_CANNOTSENDTOCHAN", subject);
    case "not-operator":
      return context.numeric("ERR_CHANOPRIVSNEEDED", subject);
    case "not-owner":
      return context.numeric("ERR_CHANOWNPRIVNEEDED", subject);
    case "login-required":
      return context.numeric("ERR_NEEDREGGEDNICK", subject);
    case "no-account":
      return context.fail(command, "ACCOUNT_REQUIRED", "The user is not registered or not logged in", word(subject));
    case "no-role":
      return context.fail(command, "NO_SUCH_ROLE", "The user has no role in the channel", room, word(subject));
    case "roles-full":
      return context.fail(command, "TOO_MANY_ROLES", `The channel has its limit of ${ROLES_MAX} roles`, subject);
    case "room-unowned":
      return context.fail(
        command,
        "NO_OWNER",
        "The channel belongs to no account, so it has no lasting members",
        subject,
      );
    case "room-fixed":
      return context.fail(command, "CANNOT_CHANGE", "The channel is for everyone: it can have no owner", subject);
    case "room-taken":
      return context.fail(command, "CHANNEL_NAME_IN_USE", "There is a channel of that name", word(subject));
    case "room-crowded":
      return context.fail(command, "TOO_MANY_MEMBERS", `The channel has more than ${subject} members`, room);
    case "mask-invalid":
      return context.numeric("ERR_INVALIDMODEPARAM", room, mode, subject);
    case "masks-full":
      return context.numeric("ERR_BANLISTFULL", room, mode);
    case "key-invalid":
      return context.numeric("ERR_INVALIDKEY", room);
    case "token-read-only":
      return context.fail(command, "TOKEN_READ_ONLY", "Your token permits you to read, but not to write");
    case "token-room":
      return context.fail(command, "TOKEN_SCOPE", `Your token is for ${subject} alone`, subject);
    case "no-private-messages":
      return context.numeric("ERR_CANTSENDTOUSER", subject);
    case "token-nick":
      return context.numeric("ERR_NICKNAMENOTPERMITTED", subject);
    case "muted":
      return context.fail(
        command,
        command === "SETNAME" ? "CANNOT_CHANGE_REALNAME" : "MUTED", // IRCv3, "setname", "Errors"
        "A server operator has muted you",
      );
    case "server-banned":
      context.numeric("ERR_YOUREBANNEDCREEP", subject);
      return isRegistered(context) ? undefined : context.close("banned", `Banned: ${subject}`);
    case "not-server-operator":
      return context.numeric("ERR_NOPRIVILEGES");
    case "ban-invalid":
      return context.fail(
        command,
        "INVALID_MASK",
        "Invalid ban: give an address, a network or a mask that does not match everyone",
        word(subject),
      );
    case "bans-full":
      return context.fail(command, "TOO_MANY_BANS", `Too many bans: at most ${subject}`);
    case "duration-invalid":
      return context.fail(
        command,
        "INVALID_TIME",
        "Invalid time: give minutes, or a duration such as 12h",
        word(subject),
      );
    case "no-such-ban":
      return context.fail(command, "NO_SUCH_BAN", "No such ban. STATS k lists them", word(subject));
    case "not-muted":
      return context.fail(command, "NOT_MUTED", "Not muted", word(subject));
    case "message-too-long":
      return context.fail(command, "MESSAGE_TOO_LONG", `Message too long: at most ${subject}`);
    case "no-such-line":
    case "line-deleted":
    case "not-own-line":
    case "redact-too-late":
    case "reaction-invalid":
    case "reactions-full": {
      const [name, text] = lineFailure(error)!;
      return context.fail(command, name, text, word(subject));
    }
    case "not-stored":
      return context.fail(command, "CANNOT_KEEP", "Not sent: the server cannot store it. Try again later", subject);
    case "stored-too-much":
      return context.fail(command, "RATE_LIMITED", RATE_LIMITED, word(subject));
    case "history-unreadable":
      return context.fail(command, "MESSAGE_ERROR", "Messages could not be retrieved");
    case "too-many-waiting":
    case "cluster-busy":
      return context.numeric("RPL_TRYAGAIN", command);
    case "reason-too-long":
      return context.fail(command, "REASON_TOO_LONG", `Reason too long: at most ${subject} characters`);
    case "text-too-long":
      return context.fail(
        command,
        "TEXT_TOO_LONG",
        `Text too long: at most ${subject} bytes, and letters outside ASCII take 2 to 4 each`,
      );
    case "link-unknown":
    case "link-expired":
    case "link-used-up":
    case "link-time-invalid":
    case "link-uses-invalid":
    case "links-full":
    case "links-unstored":
      return context.fail(command, code.toUpperCase().replaceAll("-", "_"), linkRequestErrorText(code, subject)!);
    case "no-such-link":
      return context.fail(command, "NO_SUCH_LINK", "No such invite link", word(subject));
    case "topic-too-long":
      return context.fail(command, "INVALID_TOPIC", `Topic too long: at most ${subject} characters`);
  }
}

/** Asks the client to repeat a command later: with the error of the command's own specification, if that defines one. */
export function replyTryAgain(context: IrcContext, { command, params }: IrcMessage): void {
  const text = "Too many commands from your network are waiting. Try again in a moment";
  if (command === "CHATHISTORY") context.fail(command, "MESSAGE_ERROR", text, ...params.slice(0, 2).map(word));
  else if (command === "SEARCH") context.fail(command, "INTERNAL_ERROR", text);
  else context.numeric("RPL_TRYAGAIN", command);
}
