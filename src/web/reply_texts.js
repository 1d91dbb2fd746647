// @ts-check
/**
 * Texts for the replies of the server: numerics, standard replies, mode changes and reasons for a disconnection. Errors say
 * what is wrong and, where possible, what to do.
 */

/** Shown when a message was not delivered because the server cannot store it. */
const NOT_STORED = "The server cannot store messages right now. Try again later.";

/** How the server's texts of ERR_NICKNAMEINUSE (433) begin if the nickname is registered, or confusable with another one. */
const REGISTERED_NICK = "Nickname is registered";
const CONFUSABLE_NICK = "Nickname looks like";

/** Whether ERR_NICKNAMEINUSE means that the nickname is registered. @param {string} why The server's text. */
export function isRegisteredNick(why) {
  return why.startsWith(REGISTERED_NICK);
}

/** Whether ERR_NICKNAMEINUSE means that the nickname looks like another one. @param {string} why The server's text. */
export function isConfusableNick(why) {
  return why.startsWith(CONFUSABLE_NICK);
}

/**
 * Error texts by numeric. The parameters are those after the client's own nickname.
 *
 * @type {Record<string, (first: string, second: string) => string>}
 */
const ERRORS = {
  401: (nick) => `No such user: ${nick}.`,
  403: (room) => `There is no room called ${room}.`,
  404: (room, why) =>
    why.startsWith("Not sent") ? NOT_STORED : `You cannot send messages to ${room}. Ask one of its operators.`,
  405: () => "You have joined as many rooms as the server allows. Leave one first.",
  417: () => "That line is too long for the server.",
  421: (command) => `Unknown command: ${command}.`,
  431: () => "Give a nickname.",
  432: () =>
    "Invalid nickname: use 1 to 30 letters and digits of one script or _-[]{}\\|^`, at most 60 bytes; it cannot start with a digit or -.",
  433: (nick, why) =>
    isRegisteredNick(why)
      ? `${nick} is registered. If it is yours: /login ${nick} PASSWORD`
      : isConfusableNick(why)
      ? `${nick} looks like another nickname. Choose another name.`
      : `${nick} is already in use. Choose another name.`,
  435: (_nick, room) => `You are banned from ${room}, and keep your name while you are there.`,
  441: (nick, room) => `${nick} is not in ${room}.`,
  442: (room) => `You are not in ${room}.`,
  443: (nick, room) => `${nick} is already in ${room}.`,
  461: (command) => `${command} needs more parameters. See /help.`,
  464: () => "Wrong password.",
  465: (why) => banText(why),
  471: (room) => `${room} is full. Try again later.`,
  472: (mode) => `Unknown mode: ${mode}.`,
  473: (room) => `${room} is invite-only. Ask an operator of the room for an invitation.`,
  474: (room) => `You are banned from ${room}.`,
  475: (room) => `${room} needs a key. Enter it to join.`,
  476: (room, why) =>
    why.startsWith("Channel name looks like")
      ? `${room} looks like another room. Choose another name.`
      : "Invalid room name: use # and 1 to 49 characters, at most 100 bytes, without spaces or commas, each word in one script.",
  477: (room) => `${room} is for registered users. Log in first: /login NAME PASSWORD`,
  486: (nick) => `${nick} is offline. To leave a message, log in first: /login NAME PASSWORD`,
  478: (room) => `The mask list of ${room} is full. Remove a mask first.`,
  481: () => "Only a server operator can do that.",
  482: (room, why) => `Only ${why?.includes("owner") ? "owners" : "operators"} of ${room} can do that.`,
  491: () => "This server has no server operators: it was started without --operators.",
  511: () => "You ignore as many users as the server allows. Remove one first: /unignore NAME",
  531: (nick) => `${nick} takes no private messages: it is a bot whose token is for one room.`,
  525: () => "Invalid key: use no spaces and no commas.",
  696: (_room, mode) =>
    mode === "l"
      ? "Invalid limit: use a number from 1, for example /mode +l 20."
      : mode === "k"
      ? "Invalid key: use no spaces and no commas."
      : `Invalid mask for mode ${mode}: use nick!user@host, with * for anything.`,
};

const BANNED = /^(?:you are )?banned(?: from this server)?(?:: (.*)| \((.*)\))?$/is;

/** Whether a text of the server says that the client is banned from it. @param {string} text */
export function isBan(text) {
  return BANNED.test(text);
}

/** The text for a client that is banned from the server. @param {string} text The server's text, with the reason. */
export function banText(text) {
  const [, one, other] = BANNED.exec(text) ?? [];
  const reason = one ?? other ?? "";
  if (reason === "" || reason === "no reason given") return "You are banned from this server.";
  return `You are banned from this server: ${sentence(reason)}`;
}

/**
 * The text for a connection that the server has closed.
 *
 * @param {string} why The reason of the ERROR line or of the close frame.
 */
export function closeText(why) {
  const [, by, words = ""] = /^Killed \((\S+) \((.*)\)\)$/s.exec(why) ?? [];
  if (by !== undefined) return `You were disconnected by ${by}: ${sentence(words)}`;
  if (why === "server stopping") return "The server is stopping.";
  return `The server closed the connection: ${sentence(why)}`;
}

/** Whether a node of a cluster has rejected the connection, as another node may accept it. @param {string} why */
export function isWithoutCluster(why) {
  return why.startsWith("This node has no connection to its cluster.");
}

/** Whether the server has closed the connection as the device was signed out. @param {string} why */
export function isSignedOut(why) {
  return why.startsWith("Signed out: ");
}

/** Shown when the token of this device is not valid any more. */
export const REVOKED = "This device was signed out. Enter the password to sign in again, or choose another name.";

/** The text for a device that was signed out. @param {string} why The reason of the ERROR line. */
export function signedOutText(why) {
  return why.includes("password of the account was changed")
    ? "The password was changed, so this device was signed out. Enter the new password, or choose another name."
    : REVOKED;
}

/** Adds a full stop if there is no punctuation at the end. @param {string} text */
function sentence(text) {
  return /[.!?…。！？]$/.test(text) ? text : `${text}.`;
}

/** Texts of replies that are not errors, by numeric. @type {Record<string, (...words: string[]) => string>} */
const ANSWERS = {
  216: (...words) => words.at(-1) ?? "",
  221: (modes) => `Your modes: ${modes}`,
  301: (nick, text) => `${nick} is away: ${text}`,
  305: () => "You are no longer marked as away.",
  306: () => "You are marked as away.",
  311: (nick, user, host, _, name) => `${nick} is ${user}@${host}${name ? `, “${name}”` : ""}`,
  313: (nick) => `${nick} is a server operator.`,
  317: (nick, idle, since) =>
    `${nick} has been idle for ${durationText(Number(idle))}, and connected since ${dateText(since)}.`,
  319: (nick, rooms) => `${nick} is in ${rooms?.trim()}`,
  324: (room, modes) => `Modes of ${room}: ${modes}`,
  329: (room, since) => `${room} was created on ${dateText(since)}.`,
  330: (nick, account) => `${nick} is logged in as ${account}.`,
  331: (room) => `${room} has no topic.`,
  335: (nick) => `${nick} is a bot.`,
  341: (nick, room) => `${nick} was invited to ${room}.`,
  346: (_room, mask, by, at) => `Needs no invitation: ${mask} (by ${by?.split("!")[0]}, ${dateText(at)})`,
  347: () => "End of the list of those who need no invitation.",
  348: (_room, mask, by, at) => `Never banned: ${mask} (by ${by?.split("!")[0]}, ${dateText(at)})`,
  349: () => "End of the list of exceptions from bans.",
  367: (_room, mask, by, at) => `Banned: ${mask} (by ${by?.split("!")[0]}, ${dateText(at)})`,
  368: () => "End of the ban list.",
  381: () => "You are a server operator now.",
  382: (files) => files === "nothing" ? "There are no files to reload." : `Reloaded: ${files?.replaceAll(",", ", ")}.`,
};

/** Numerics that are meant for programs, or that the page shows in another form. */
const HIDDEN = new Set(
  "001 002 003 004 005 219 250 251 252 253 254 255 265 266 312 315 318 321 333 369 375 376 422 900 901 903".split(" "),
);

/**
 * The text of a numeric.
 *
 * @param {string} numeric
 * @param {string[]} params Those after the client's own nickname.
 * @returns {{ text: string, wrong: boolean } | undefined} `wrong`: it is an error. `undefined`: it is not shown.
 */
export function replyText(numeric, params) {
  if (HIDDEN.has(numeric)) return undefined;
  const [first = "", second = ""] = params;
  const error = ERRORS[numeric]?.(first, second);
  if (error !== undefined) return { text: error, wrong: true };
  return { text: ANSWERS[numeric]?.(...params) ?? params.join(" "), wrong: /^[45]/.test(numeric) };
}

/** The text of a standard reply (IRCv3, "standard-replies"). @param {string} code @param {string} text The server's text. @param {string} [command] */
export function standardReply(code, text, command) {
  if (code === "NOT_IGNORED") return "You do not ignore that user. /ignore lists the users that you ignore.";
  if (code === "CANNOT_KEEP") return NOT_STORED;
  if (code === "TOO_MANY_KEYS") return `${text}. Try again in a minute.`;
  if (code === "MUTED") return "A server operator has muted you: you can read, but not send.";
  if (code === "ACCOUNT_EXISTS") return "Your nickname is already registered. Choose another name first.";
  if (code === "NO_SUCH_BAN") {
    const where = command === "UNKLINE"
      ? "/bans lists the bans of the server"
      : "The dialog about the room lists its bans";
    return `There is no such ban. ${where}.`;
  }
  if (text === "An account is required") return "You need an account for that. Register your nickname: /register";
  if (text.startsWith("The user is not registered")) return "That user has no account, or is not logged in.";
  return withPageCommands(text).replaceAll("channel", "room").replaceAll("Channel", "Room");
}

/** Replaces requests to services with commands of the page. @param {string} text */
export function withPageCommands(text) {
  const known = text.replaceAll("msg NickServ SET always-on", "set always-on").replace(
    /msg ChanServ UNLINK \S+/,
    "unlink",
  );
  return known.replace(/\/msg NickServ (\w+)/g, (words, request) => {
    const command = { IDENTIFY: "login", GHOST: "ghost", LOGOUT: "logout", REGISTER: "register" }[String(request)];
    return command === undefined ? words : `/${command}`;
  });
}

/** Shown when the password is not that of the account. */
export const WRONG_PASSWORD = "Wrong password for this name.";

/** Why a SASL login failed. @param {string} text The text of ERR_SASLFAIL. */
export function loginFailed(text) {
  const [, why] = /^SASL authentication failed: (.*)$/.exec(text) ?? [];
  return why === undefined ? WRONG_PASSWORD : withPageCommands(why);
}

/** What setting and what removing a mode does. `%` is the argument. */
const MODES = {
  b: ["banned %", "lifted the ban on %"],
  e: ["exempted % from bans", "removed the ban exemption of %"],
  i: ["made the room invite-only", "opened the room to everyone"],
  I: ["lets % join without an invitation", "requires an invitation for %"],
  k: ["set a key for the room", "removed the key of the room"],
  l: ["limited the room to % people", "removed the limit on people"],
  m: ["lets only operators and people with voice speak", "lets everyone speak"],
  n: ["blocked messages from outside the room", "allowed messages from outside the room"],
  q: ["made % an owner", "removed % as owner"],
  M: ["lets only registered users speak", "lets users without an account speak"],
  R: ["lets only registered users enter", "lets users without an account enter"],
  o: ["made % an operator", "removed % as operator"],
  s: ["hid the room from /rooms", "made the room visible in /rooms"],
  t: ["lets only operators set the topic", "lets everyone set the topic"],
  v: ["gave voice to %", "removed voice from %"],
};

/**
 * Splits the parameters of MODE into single changes.
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
      const arg = "qaohvbeIk".includes(letter) || (letter === "l" && on) ? args.shift() ?? "" : "";
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

/** @param {string | undefined} seconds A Unix timestamp. */
function dateText(seconds) {
  return new Date(Number(seconds) * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
