// @ts-check
/**
 * What the server says in numbers and letters, in words. Each sentence says what is wrong, and where it can, what to do.
 */

/** Said when nobody got a message, as the server's disk is full, or broken. */
const NOT_STORED = "The server cannot keep it just now, so nobody got it. Try again later.";

/** Said when a name is somebody's own, and when it looks like another one (numeric 433). */
const REGISTERED_NICK = "Nickname is somebody's own";
const CONFUSABLE_NICK = "Nickname looks like";

/** Whether a name cannot be had since it is somebody's own. @param {string} why What the server says. */
export function isRegisteredNick(why) {
  return why.startsWith(REGISTERED_NICK);
}

/** Whether a name cannot be had since it looks like somebody's. @param {string} why Likewise. */
export function isConfusableNick(why) {
  return why.startsWith(CONFUSABLE_NICK);
}

/**
 * What could not be done, by numeric. The parameters are those after our own name.
 *
 * @type {Record<string, (first: string, second: string) => string>}
 */
const ERRORS = {
  401: (nick) => `No such user: ${nick}.`,
  403: (room) => `There is no room called ${room}.`,
  404: (room, why) => why.startsWith("Not sent") ? NOT_STORED : `You may not speak in ${room}.`,
  405: () => "You are in as many rooms as you can be. Leave one first.",
  417: () => "That line is too long for the server.",
  421: (command) => `The server does not know ${command}.`,
  431: () => "That needs a name.",
  432: () => "Invalid nickname: use 1 to 30 letters, digits or _-[]{}\\|^`; it cannot start with a digit or -.",
  433: (nick, why) =>
    isRegisteredNick(why)
      ? `${nick} is somebody’s own name. If it is yours: /login ${nick} PASSWORD`
      : isConfusableNick(why)
      ? `${nick} looks like the name of somebody else. Choose another name.`
      : `Somebody is called ${nick} already. Choose another name.`,
  441: (nick, room) => `${nick} is not in ${room}.`,
  442: (room) => `You are not in ${room}.`,
  443: (nick, room) => `${nick} is in ${room} already.`,
  461: (command) => `${command} needs more than that.`,
  464: () => "That is not the password.",
  465: (why) => banText(why),
  471: (room) => `${room} is full: as many people are in it as may be.`,
  472: (mode) => `There is no mode “${mode}”.`,
  473: (room) => `${room} is invite-only. Ask an operator of the room for an invitation.`,
  474: (room) => `You are banned from ${room}.`,
  475: (room) => `${room} is locked: it takes a key to come in.`,
  476: () => "Invalid room name: use # and 1 to 49 characters without spaces or commas.",
  478: (room) => `The lists of ${room} are full.`,
  481: () => "Only a server operator can do that.",
  482: (room) => `Only operators of ${room} can do that.`,
  525: () => "That cannot be a key.",
  696: (_room, mode) =>
    mode === "l"
      ? "Invalid limit: use a number from 1 on, as in /mode +l 20."
      : mode === "k"
      ? "Invalid key: use no spaces and no commas."
      : `Invalid mask for mode ${mode}: use nick!user@host, with * for anything.`,
};

const BANNED = /^(?:you are )?banned(?: from this server)?(?:: (.*)| \((.*)\))?$/is;

/** Whether the server says that one is banned from it. @param {string} text */
export function isBan(text) {
  return BANNED.test(text);
}

/** What one is told who is banned from the server. @param {string} text What the server says, with the reason. */
export function banText(text) {
  const [, one, other] = BANNED.exec(text) ?? [];
  const reason = one ?? other ?? "";
  if (reason === "" || reason === "no reason given") return "You are banned from this server.";
  return `You are banned from this server: ${sentence(reason)}`;
}

/**
 * Why the connection has ended, if the server has said so.
 *
 * @param {string} why What it said.
 */
export function closeText(why) {
  const [, by, words = ""] = /^Killed \((\S+) \((.*)\)\)$/s.exec(why) ?? [];
  if (by !== undefined) return `You were disconnected by ${by}: ${sentence(words)}`;
  if (why === "server stopping") return "The server is stopping.";
  return `The server closed the connection: ${sentence(why)}`;
}

/** @param {string} text */
function sentence(text) {
  return /[.!?…。！？]$/.test(text) ? text : `${text}.`;
}

/** What is told on asking, likewise. @type {Record<string, (...words: string[]) => string>} */
const ANSWERS = {
  221: (modes) => `Your modes: ${modes}`,
  301: (nick, text) => `${nick} is away: ${text}`,
  305: () => "You are back.",
  306: () => "You are marked as away.",
  311: (nick, user, host, _, name) => `${nick} is ${user}@${host}${name ? `, “${name}”` : ""}`,
  313: (nick) => `${nick} runs this server.`,
  317: (nick, idle, since) =>
    `${nick} has been silent for ${durationText(Number(idle))}, and here since ${dateText(since)}.`,
  319: (nick, rooms) => `${nick} is in ${rooms?.trim()}`,
  324: (room, modes) => `Modes of ${room}: ${modes}`,
  329: (room, since) => `${room} is there since ${dateText(since)}.`,
  330: (nick, account) => `${nick} is logged in as ${account}.`,
  331: (room) => `${room} has no topic.`,
  335: (nick) => `${nick} is a bot.`,
  341: (nick, room) => `${nick} was invited to ${room}.`,
  367: (_room, mask, by, at) => `Banned: ${mask} (by ${by?.split("!")[0]}, ${dateText(at)})`,
  368: () => "These are all the bans.",
};

/** Lines that are there for programs, or that the page shows otherwise. */
const HIDDEN = new Set(
  "001 002 003 004 005 251 252 253 254 255 265 266 312 315 318 321 333 369 375 376 422 900 901 903".split(" "),
);

/**
 * A numeric, in words.
 *
 * @param {string} numeric
 * @param {string[]} params Without our own name.
 * @returns {{ text: string, wrong: boolean } | undefined} Nothing, if there is nothing to say.
 */
export function replyText(numeric, params) {
  if (HIDDEN.has(numeric)) return undefined;
  const [first = "", second = ""] = params;
  const error = ERRORS[numeric]?.(first, second);
  if (error !== undefined) return { text: error, wrong: true };
  return { text: ANSWERS[numeric]?.(...params) ?? params.join(" "), wrong: /^[45]/.test(numeric) };
}

/** What a standard reply says (IRCv3): its own text, or ours. @param {string} code @param {string} text */
export function standardReply(code, text) {
  if (code === "CANNOT_KEEP") return NOT_STORED;
  if (code === "TOO_MANY_KEYS") return `${text}. Try again in a minute.`;
  if (code === "MUTED") return "A server operator has muted you: you can read, but not send.";
  if (code === "ACCOUNT_EXISTS") return "The name you have is somebody’s own already. Choose another name first.";
  return withPageCommands(text);
}

/** What NickServ says, with the commands that the page has for what is asked of it. @param {string} text */
export function withPageCommands(text) {
  return text.replace(/\/msg NickServ (\w+)/g, (words, request) => {
    const command = { IDENTIFY: "login", GHOST: "ghost", LOGOUT: "logout", REGISTER: "register" }[String(request)];
    return command === undefined ? words : `/${command}`;
  });
}

/** Said of a password that is not a name's. */
export const WRONG_PASSWORD = "That is not the password of this name.";

/** Why one is not logged in. @param {string} text What the server says. */
export function loginFailed(text) {
  const [, why] = /^SASL authentication failed: (.*)$/.exec(text) ?? [];
  return why === undefined ? WRONG_PASSWORD : withPageCommands(why);
}

/** Modes, being set and being taken away. */
const MODES = {
  b: ["banned %", "lifted the ban on %"],
  e: ["excepted % from bans", "ended the exception for %"],
  i: ["closed the room to all but who is invited", "opened the room to everybody"],
  I: ["lets % in without an invitation", "lets % in by invitation only"],
  k: ["locked the room with a key", "took the lock off the room"],
  l: ["limited the room to % people", "lifted the limit on people"],
  m: ["lets only voices and operators speak", "lets everybody speak"],
  n: ["shut out messages from outside", "lets messages in from outside"],
  o: ["made % an operator", "ended % being an operator"],
  s: ["hid the room from lists", "shows the room in lists"],
  t: ["lets only operators set the topic", "lets everybody set the topic"],
  v: ["gave % a voice", "took the voice of %"],
};

/**
 * Changes of modes, one by one.
 *
 * @param {string} letters As in `+ov-k`.
 * @param {string[]} args
 */
export function modeChanges(letters, args) {
  const changes = [];
  let on = true;
  for (const letter of letters) {
    if (letter === "+" || letter === "-") on = letter === "+";
    else {
      const arg = "ovbeIk".includes(letter) || (letter === "l" && on) ? args.shift() ?? "" : "";
      const [set, unset] = MODES[/** @type {keyof MODES} */ (letter)] ?? [`set +${letter}`, `set -${letter}`];
      changes.push({ on, letter, arg, text: String(on ? set : unset).replace("%", () => arg) });
    }
  }
  return changes;
}

/** @param {number} seconds */
function durationText(seconds) {
  if (seconds < 90) return `${seconds} seconds`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} minutes` : `${Math.round(seconds / 3600)} hours`;
}

/** @param {string | undefined} seconds Since 1970. */
function dateText(seconds) {
  return new Date(Number(seconds) * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
