// @ts-check
/**
 * Elements for single lines: messages, joins and parts, separators.
 */
import { colour } from "../colours.js";
import { formattedText, make, timeOf } from "../dom.js";
import { showFiles } from "./files.js";
import { isMessage } from "../lines.js";
import { foldButton, isLong, messageNodes } from "./message_text.js";
import { deletedText, drawReactions, renderQuote } from "./reactions.js";

/** @typedef {import("../mentions.js").Names} Names */
/** @typedef {import("../lines.js").Line} Line */
/** @typedef {import("./reactions.js").LineActions} LineActions */

/** Messages of one person are shown as one block if no more than this is between them, in milliseconds. */
const CONTINUED_WITHIN = 5 * 60_000;

/** Whether a line continues the block of the line before it, and needs no name. @param {Line | undefined} a @param {Line} b */
export function isContinued(a, b) {
  return a !== undefined && b.reply === undefined && a.kind === b.kind && (b.kind === "say" || b.kind === "notice") &&
    a.nick === b.nick &&
    b.time.getTime() - a.time.getTime() < CONTINUED_WITHIN;
}

/** @type {WeakSet<Line>} The long messages that the user has unfolded. */
const unfolded = new WeakSet();

/**
 * The element of a line.
 *
 * @param {Line} line
 * @param {boolean} follows Whether it continues a block.
 * @param {Names} [names] Whom it can name.
 * @param {LineActions} [actions] What the user can do with it; nothing, unless given.
 */
export function renderLine(line, follows, names, actions) {
  const { kind, nick, text, time, own = false, mention = false } = line;
  const element = make("div", `line ${kind}`, timeOf(time));
  element.classList.toggle("follows", follows);
  element.classList.toggle("own", own);
  element.classList.toggle("mention", mention);
  const words = make("div", "text");
  words.dir = "auto";
  element.classList.toggle("deleted", line.deletedBy !== undefined);
  if (kind === "action" && nick !== undefined) words.append(name(nick), " ");
  else if (nick !== undefined && kind !== "info" && kind !== "error") {
    // For screen readers, each line has its name.
    if (follows) element.append(make("span", "sr", `${nick}: `));
    else element.append(name(nick));
  }
  if (line.reply !== undefined && actions !== undefined) element.append(renderQuote(line, actions));
  if (line.deletedBy !== undefined) words.append(deletedText(line));
  else words.append(...isMessage(line) ? messageNodes(text, names) : formattedText(text));
  element.append(words);
  if (nick !== undefined && kind !== "info" && kind !== "error") showFiles(words, text);
  if (isMessage(line) && isLong(text)) {
    const changed = (/** @type {boolean} */ open) => void (open ? unfolded.add(line) : unfolded.delete(line));
    element.append(foldButton(words, text, unfolded.has(line), changed));
  }
  if (actions !== undefined) drawReactions(element, line, actions);
  return element;
}

/** A nickname in its colour. @param {string} nick */
function name(nick) {
  const element = make("span", `nick ${colour(nick)}`, nick);
  element.dataset["nick"] = nick;
  return element;
}

/** The element of successive joins and parts: a summary that opens. @param {Line[]} lines @param {boolean} open */
export function renderMembership(lines, open) {
  const [first] = lines;
  const element = make("div", "line quiet");
  element.setAttribute("aria-live", "off");
  if (first !== undefined) element.append(timeOf(first.time));
  if (lines.length === 1) element.append(make("div", "text", first?.text ?? ""));
  else {
    const all = make("ul", "", ...lines.map(({ text }) => make("li", "", text)));
    const details = make("details", "text", make("summary", "", summary(lines)), all);
    details.open = open;
    element.append(details);
  }
  return element;
}

/** @param {Line[]} lines */
function summary(lines) {
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

/** A separator between lines. @param {string} className @param {string} text */
export function separator(className, text) {
  const element = make("div", `separator ${className}`, make("span", "", text));
  element.setAttribute("role", "separator");
  element.setAttribute("aria-label", text);
  return element;
}
