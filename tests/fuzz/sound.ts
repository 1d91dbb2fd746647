/**
 * Checks the lines that clients receive, whatever other clients have sent.
 *
 * Each function returns what is wrong with a line, or `undefined`.
 */
import { IRC_LINE_MAX } from "../../src/protocol/irc/format.ts";
import { stripFormatting } from "../../src/util/sanitize.ts";
import { fold } from "../../src/chat/names.ts";

/** The most bytes of tags that a server may send (IRCv3, "message-tags", "Size limit"). */
const SERVER_TAGS_MAX = 8191;

/** The longest part of a text line beside the message: a nickname, a room, and the words around them. */
const HEAD_MAX = 400;

const NUMERICS = new Set(
  Deno.readTextFileSync(new URL("../../src/protocol/irc/numerics.ts", import.meta.url)).match(
    /(?<=: "|\n {4}")\d{3}(?=[ "])/g,
  ),
);

/** The commands that clients receive, and the numerics that are not in the table, such as those of MONITOR. */
const COMMANDS = new Set(
  "ACCOUNT AUTHENTICATE AWAY BATCH CAP CHATHISTORY CHGHOST ERROR FAIL INVITE JOIN KICK MARKREAD MODE NICK NOTE NOTICE PART PERSISTENCE PING PONG PRIVMSG QUIT REDACT REGISTER RENAME SETNAME SILENCE TAGMSG TOKEN TOPIC WALLOPS WARN 730 731 404 ACK"
    .split(" "),
);

/** Bidirectional controls, which affect text outside the message. */
const TURNING = /[\u202a-\u202e\u2066-\u206f]/;

/** Control characters except the tab. */
const CONTROL = /[^\P{Cc}\t]/u;

const encoder = new TextEncoder();

/**
 * Checks a line of the IRC listener. Lines from the server or the client itself may contain what the client has sent.
 *
 * @param server The server's name.
 * @param nick The client's nickname, folded.
 */
export function unsoundIrc(line: string, server: string, nick: string | undefined): string | undefined {
  if (/[\r\n\0]/.test(line)) return "has a CR, LF or NUL";
  const space = line.startsWith("@") ? line.indexOf(" ") + 1 : 0;
  const rest = line.slice(space);
  if (3 * rest.length > IRC_LINE_MAX && encoder.encode(rest).length > IRC_LINE_MAX) {
    return `is longer than ${IRC_LINE_MAX} bytes`;
  }
  if (3 * space > SERVER_TAGS_MAX && encoder.encode(line.slice(0, space)).length > SERVER_TAGS_MAX) {
    return "has too many tags";
  }
  const [source = "", command = ""] = rest.split(" ", 2);
  if (!source.startsWith(":")) return source === "ERROR" || source === "PING" ? undefined : "has no source";
  if (!NUMERICS.has(command) && !COMMANDS.has(command)) return "has a command that clients do not know";
  const who = source.slice(1);
  if (who === server || who === `NickServ!services@${server}`) return undefined;
  // The history has only the nickname of an operator who deleted a message.
  if (!/^[^\s!@]+![^\s!@]+@[^\s!@]+$/.test(who) && !(command === "REDACT" && /^[^\s!@]+$/.test(who))) {
    return "has an invalid source";
  }
  if (fold(who.slice(0, who.indexOf("!"))) === nick) return undefined;
  const others = line.replace(/^@label=[^; ]*/, ""); // the client itself has set the label
  if (TURNING.test(others)) return "has bidirectional controls";
  if (hasControl(others)) return "has control characters of another client";
  return undefined;
}

/** To whom a reply is, in the brackets of its author. */
const REPLY = String.raw`(?: to (?:an earlier message|[^\s<>*]+))?`;

/**
 * The beginnings of lines of the text listener, with or without a time; a token or a one-time word is a line of its own, and the
 * further lines of a message are blank or begin with a space.
 */
const SAID = new RegExp(
  String.raw`^(?:\[(?:\d{4}-\d\d-\d\d )?\d\d:\d\d\] (?:#\S+ )?)?(?:--(?: |$)|` +
    String.raw`<[^\s<>]+(?: to (?:operators|voices))?${REPLY}> |\* [^\s*]+ |\* \S+ to (?:operators|voices) |` +
    String.raw`-[^\s:]+:#\S+${REPLY}- |-\S+${REPLY}- |\*[^\s*]+${REPLY}\* |-> \*\S+\* |` +
    String.raw`tincan_[\w-]{43}$|once(?:-[a-z2-7]{4}){4}$)|^(?: |$)`,
);

/**
 * Checks a line of the text listener.
 *
 * @param maxLine The limit of a line that clients may send, in bytes.
 */
export function unsoundText(line: string, maxLine: number): string | undefined {
  if (CONTROL.test(line)) return "has a control character";
  if (TURNING.test(line)) return "has bidirectional controls";
  if (!SAID.test(line)) return "has no form that the server sends";
  if (line.length > maxLine + HEAD_MAX) return "is longer than any message can be";
  return undefined;
}

/** Whether a line has control characters other than IRC formatting and CTCP delimiters. */
export function hasControl(line: string): boolean {
  return CONTROL.test(stripFormatting(line).replaceAll("\x01", ""));
}
