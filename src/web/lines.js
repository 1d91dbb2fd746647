// @ts-check
/**
 * Lines of a room: their kinds, which of them count as new, and positions among them.
 */

/**
 * A line of a room. `say`, `action` and `notice` are messages; `quiet` is a join, part or nickname change; `info` and `error`
 * come from the server or the page.
 *
 * @typedef {object} Line
 * @property {"say" | "action" | "notice" | "quiet" | "info" | "error"} kind
 * @property {string} text
 * @property {Date} time
 * @property {string} [nick] The sender, or the member that it is about.
 * @property {"came" | "left"} [change] Whether a `quiet` line is a join or a part.
 * @property {string} [id] The message id (IRCv3, "message-ids").
 * @property {number} [part] For a message of several lines: which of them this is, or ends with. 0 is the first.
 * @property {boolean} [own] Whether the user has sent it.
 * @property {boolean} [mention] Whether it mentions the user, or is private.
 * @property {string} [author] The sender of a message, as on ignore lists, folded: see ignored.js.
 * @property {string} [reply] The id of the message that it replies to.
 * @property {Reaction[]} [reactions] The reactions to it, the oldest first.
 * @property {string} [deletedBy] The nickname of the member who has deleted its text, which is empty then: that of the line if its author has.
 * @property {string} [reason] Why it was deleted, if that was said.
 * @property {number} [version] Grows when the line is changed after it was added.
 * @property {boolean} [ignored] Whether it is not shown, as the user ignores its sender.
 */

/** @typedef {{ text: string, nicks: Map<string, string>, own: boolean }} Reaction An emoji or a short word, the nicknames of the members who have reacted with it by author (see ignored.js), and whether the user has. */

/** @typedef {{ id: string, time: Date }} Position A position among messages: after the one with this id or, if the id is empty or unknown, after this time. */

/** A line of which only the id is known. @param {string} id @returns {Line} */
export function unloadedLine(id) {
  return { kind: "say", text: "", time: new Date(0), id };
}

/** Whether a line is a message. @param {Line} line */
export function isMessage({ kind }) {
  return kind === "say" || kind === "action" || kind === "notice";
}

/** Whether a line is new to the user until it is seen. @param {Line} line */
export function countsAsNew(line) {
  return isMessage(line) && !line.own && !line.ignored;
}

/** The position of the last message. @param {Line[]} lines @returns {Position | undefined} */
export function lastPosition(lines) {
  return positionOf(lines.findLast(({ id }) => id !== undefined));
}

/** The position of the first message. @param {Line[]} lines @returns {Position | undefined} */
export function firstPosition(lines) {
  return positionOf(lines.find(({ id }) => id !== undefined));
}

/** @param {Line | undefined} line @returns {Position | undefined} */
export function positionOf(line) {
  return line?.id === undefined ? undefined : { id: line.id, time: line.time };
}

/** The index of the first line after a position; `lines.length` if there is none. @param {Line[]} lines @param {Position} position */
export function indexAfter(lines, { id, time }) {
  const at = id === "" ? -1 : lines.findLastIndex((line) => line.id === id);
  if (at >= 0) return at + 1;
  const next = lines.findIndex((line) => line.id !== undefined && line.time > time);
  return next < 0 ? lines.length : next;
}

/** The lines whose id is not among that of others. @param {Line[]} lines @param {Line[]} others */
export function withoutKnown(lines, others) {
  const known = new Set(others.map(({ id }) => id));
  return lines.filter(({ id }) => id === undefined || !known.has(id));
}

/**
 * Appends a line, or joins it to the last one if both are parts of one long message.
 *
 * @param {Line[]} lines
 * @param {Line} line
 * @returns {"added" | "longer" | "known"}
 */
export function append(lines, line) {
  const last = lines.at(-1);
  const { id, part = 0 } = line;
  if (id !== undefined && part > 0 && last?.id === id && last.part === part - 1) {
    lines[lines.length - 1] = { ...last, part, text: last.text + line.text, mention: last.mention || line.mention };
    return "longer";
  }
  // Messages to oneself come twice.
  if (id !== undefined && lines.slice(-20).some((each) => each.id === id)) return "known";
  lines.push(line);
  return "added";
}

/** Messages of one person are shown as one block if no more than this is between them, in milliseconds. */
const CONTINUED_WITHIN = 5 * 60_000;

/** Whether a line continues the block of the line before it, and needs no name. @param {Line | undefined} a @param {Line} b */
export function isContinued(a, b) {
  return a !== undefined && b.reply === undefined && a.kind === b.kind && (b.kind === "say" || b.kind === "notice") &&
    a.nick === b.nick &&
    b.time.getTime() - a.time.getTime() < CONTINUED_WITHIN;
}

/** Successive joins and parts in a sentence: the outcome for each member. @param {Line[]} lines */
export function membershipText(lines) {
  /** @type {Map<string, string>} The outcome for each nickname. */
  const outcomes = new Map();
  for (const { nick = "", change } of lines) {
    if (change === undefined) continue;
    const before = outcomes.get(nick);
    if (before === undefined) outcomes.set(nick, change === "came" ? "joined" : "left");
    else if (before === "left" && change === "came") outcomes.set(nick, "left and rejoined");
    else outcomes.set(nick, change === "came" ? "joined" : before === "joined" ? "joined and left" : "left");
  }
  const parts = ["joined", "left", "left and rejoined", "joined and left"].flatMap((outcome) => {
    const who = [...outcomes].flatMap(([nick, it]) => it === outcome ? [nick] : []);
    return who.length === 0 ? [] : [`${nickList(who)} ${outcome}`];
  });
  return [...parts, ...lines.flatMap(({ change, text }) => change === undefined ? [text] : [])].join(" · ");
}

/** @param {string[]} names */
function nickList(names) {
  if (names.length > 3) return `${names.slice(0, 2).join(", ")} and ${names.length - 2} others`;
  return names.length === 1 ? names[0] : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
