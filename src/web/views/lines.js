// @ts-check
/**
 * What a line looks like: somebody's words, comings and goings, what stands between.
 */
import { colour } from "../colours.js";
import { formattedText, make, timeOf } from "../dom.js";

/** @typedef {import("../lines.js").Line} Line */

/** Lines of one person belong together when no more than this is between them, in milliseconds. */
const CONTINUED_WITHIN = 5 * 60_000;

/** Whether a line needs no name, since the one before is by the same person. @param {Line | undefined} a @param {Line} b */
export function isContinued(a, b) {
  return a !== undefined && a.kind === b.kind && (b.kind === "say" || b.kind === "notice") && a.nick === b.nick &&
    b.time.getTime() - a.time.getTime() < CONTINUED_WITHIN;
}

/** A line. @param {Line} line @param {boolean} follows Whether it needs no name. */
export function renderLine(line, follows) {
  const { kind, nick, text, time, own = false, mention = false } = line;
  const element = make("div", `line ${kind}`, timeOf(time));
  element.classList.toggle("follows", follows);
  element.classList.toggle("own", own);
  element.classList.toggle("mention", mention);
  const words = make("div", "text");
  words.dir = "auto";
  if (kind === "action" && nick !== undefined) words.append(name(nick), " ");
  else if (nick !== undefined && kind !== "info" && kind !== "error") {
    // Who listens is told whose each line is.
    if (follows) element.append(make("span", "sr", `${nick}: `));
    else element.append(name(nick));
  }
  words.append(...formattedText(text));
  element.append(words);
  return element;
}

/** Somebody's name, in their colour. @param {string} nick */
function name(nick) {
  const element = make("span", `nick ${colour(nick)}`, nick);
  element.dataset["nick"] = nick;
  return element;
}

/** Comings and goings in a row, told in one. @param {Line[]} lines @param {boolean} open */
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
  /** @type {Map<string, string>} What came of whom. */
  const outcomes = new Map();
  for (const { nick = "", change } of lines) {
    if (change === undefined) continue;
    const before = outcomes.get(nick);
    if (before === undefined) outcomes.set(nick, change === "came" ? "came in" : "left");
    else if (before === "left" && change === "came") outcomes.set(nick, "left and came back");
    else outcomes.set(nick, change === "came" ? "came in" : before === "came in" ? "came and went" : "left");
  }
  const parts = ["came in", "left", "left and came back", "came and went"].flatMap((outcome) => {
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

/** What stands between lines. @param {string} className @param {string} text */
export function separator(className, text) {
  const element = make("div", `separator ${className}`, make("span", "", text));
  element.setAttribute("role", "separator");
  element.setAttribute("aria-label", text);
  return element;
}
