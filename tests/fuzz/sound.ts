/**
 * What may reach a client, whatever anybody has sent.
 *
 * Each function returns what is wrong with a line, or nothing.
 */
import { IRC_LINE_MAX } from "../../src/protocol/irc/format.ts";
import { stripFormatting } from "../../src/util/sanitize.ts";
import { fold } from "../../src/chat/names.ts";

/** The most bytes of tags that a server may send (IRCv3, "message-tags", "Size limit"). */
const SERVER_TAGS_MAX = 8191;

/** The longest line of the text door beside what is said in it: a name, a room, and the words around them. */
const HEAD_MAX = 400;

const NUMERICS = new Set(
  Deno.readTextFileSync(new URL("../../src/protocol/irc/numerics.ts", import.meta.url)).match(
    /(?<=: "|\n {4}")\d{3}(?=[ "])/g,
  ),
);

/** The commands that clients get, and that the online and offline of MONITOR are, which have no row in the table. */
const COMMANDS = new Set(
  "ACCOUNT AUTHENTICATE AWAY BATCH CAP CHATHISTORY CHGHOST ERROR FAIL INVITE JOIN KICK MODE NICK NOTE NOTICE PART PING PONG PRIVMSG QUIT REGISTER SETNAME TAGMSG TOPIC WALLOPS WARN 730 731 404 ACK"
    .split(" "),
);

/** What turns text around, beyond its own place. */
const TURNING = /[\u202a-\u202e\u2066-\u206f]/;

/** What could do something to a terminal: all but the tab. */
const CONTROL = /[^\P{Cc}\t]/u;

const encoder = new TextEncoder();

/**
 * @param server The server's name: what it answers may have in it what its client has sent …
 * @param nick … and so may what comes from the client itself, which is called so, folded.
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
  if (!source.startsWith(":")) return source === "ERROR" || source === "PING" ? undefined : "comes from nobody";
  if (!NUMERICS.has(command) && !COMMANDS.has(command)) return "has a command that clients do not know";
  const who = source.slice(1);
  if (who === server || who === `NickServ!services@${server}`) return undefined;
  if (!/^[^\s!@]+![^\s!@]+@[^\s!@]+$/.test(who)) return "comes from somebody who can be nobody";
  if (fold(who.slice(0, who.indexOf("!"))) === nick) return undefined;
  const others = line.replace(/^@label=[^; ]*/, ""); // a label is what the client itself has given a command
  if (TURNING.test(others)) return "turns text around";
  if (hasControl(others)) return "has control characters of somebody else's";
  return undefined;
}

/** How each line of the text door begins, with a time before it or not. */
const SAID =
  /^(?:\[(?:\d{4}-\d\d-\d\d )?\d\d:\d\d\] )?(?:--(?: |$)|<[^\s<>]+(?: to (?:operators|voices))?> |\* [^\s*]+ |\* \S+ to (?:operators|voices) |-[^\s:]+:#\S+- |-\S+- |\*\S+\* |-> \*\S+\* )/;

/** @param maxLine The most bytes of a line that clients may send. */
export function unsoundText(line: string, maxLine: number): string | undefined {
  if (CONTROL.test(line)) return "has a control character";
  if (TURNING.test(line)) return "turns text around";
  if (!SAID.test(line)) return "looks like nothing that the server says";
  if (line.length > maxLine + HEAD_MAX) return "is longer than what anybody can say";
  return undefined;
}

/** Whether a line has control characters, but for what IRC formats text with, and programs put around what they say. */
export function hasControl(line: string): boolean {
  return CONTROL.test(stripFormatting(line).replaceAll("\x01", ""));
}
