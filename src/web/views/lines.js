// @ts-check
/**
 * Elements for single lines: messages, joins and parts, separators.
 */
import { colour } from "../colours.js";
import { formattedText, make, timeOf } from "../dom.js";
import { showFiles } from "./files.js";
import { isMessage, membershipText } from "../lines.js";
import { foldButton, isLong, messageNodes } from "./message_text.js";
import { deletedText } from "../quoted.js";
import { drawReactions, renderQuote } from "./reactions.js";

/** @typedef {import("../mentions.js").Names} Names */
/** @typedef {import("../lines.js").Line} Line */
/** @typedef {import("./reactions.js").LineActions} LineActions */

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
    const details = make("details", "text", make("summary", "", membershipText(lines)), all);
    details.open = open;
    element.append(details);
  }
  return element;
}

/** A separator between lines. @param {string} className @param {string} text */
export function separator(className, text) {
  const element = make("div", `separator ${className}`, make("span", "", text));
  element.setAttribute("role", "separator");
  element.setAttribute("aria-label", text);
  return element;
}
