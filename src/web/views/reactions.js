// @ts-check
/**
 * What a line shows beside its text: the message that it replies to, its reactions, and that it was deleted.
 */
import { button, make } from "../dom.js";
import { quoteText } from "../quoted.js";

/** @typedef {import("../lines.js").Line} Line */
/** @typedef {import("../lines.js").Reaction} Reaction */

/** The most names that the title of a reaction lists. */
const NAMES_MAX = 20;

/**
 * What the user can do with a line.
 *
 * @typedef {object} LineActions
 * @property {(line: Line, text: string) => void} react Adds a reaction, or takes it back.
 * @property {(id: string) => void} goTo Scrolls to a message.
 * @property {(id: string) => Line | null | undefined} find The line with an id; `null` if it is gone, `undefined` while it is being loaded.
 */

/** The element that quotes the message that a line replies to. @param {Line} line @param {LineActions} actions */
export function renderQuote({ reply = "" }, actions) {
  const quoted = actions.find(reply);
  const element = button("quote", "", () => actions.goTo(reply));
  element.dataset["quote"] = reply;
  if (quoted === undefined || quoted === null) {
    element.append(make("span", "gone", quoted === null ? "A message that is gone" : "An earlier message"));
    return element;
  }
  const words = make("span", "", quoteText(quoted));
  element.append(make("span", "sr", "In reply to "), make("b", "", quoted.nick ?? ""), " ", words);
  return element;
}

/** Sets the reactions that an element of a line shows. @param {HTMLElement} element @param {Line} line @param {LineActions} actions */
export function drawReactions(element, line, actions) {
  const reactions = line.reactions ?? [];
  let list = /** @type {HTMLElement | null} */ (element.querySelector(":scope > .reactions"));
  if (reactions.length === 0) return list?.remove();
  if (list === null) {
    list = make("div", "reactions");
    list.setAttribute("aria-live", "off");
    element.append(list);
  }
  const focused = list.contains(document.activeElement)
    ? document.activeElement?.getAttribute("data-reaction")
    : undefined;
  const chips = reactions.map((reaction) => chip(reaction, () => actions.react(line, reaction.text)));
  list.replaceChildren(...chips);
  if (focused !== undefined) {
    chips.find(({ dataset }) => dataset["reaction"] === focused)?.focus({ preventScroll: true });
  }
}

/** @param {Reaction} reaction @param {() => void} toggle */
function chip({ text, nicks, own }, toggle) {
  const names = namesText([...nicks.values()]);
  const element = button("reaction", "", toggle);
  element.dataset["reaction"] = text;
  element.setAttribute("aria-pressed", String(own));
  element.append(make("span", "emoji", text), " ", make("span", "count", String(nicks.size)));
  element.title = `${names} reacted with ${text}`;
  element.setAttribute("aria-label", element.title);
  return element;
}

/** @param {string[]} nicks */
function namesText(nicks) {
  const shown = nicks.slice(0, NAMES_MAX);
  if (nicks.length > NAMES_MAX) return `${shown.join(", ")} and ${nicks.length - NAMES_MAX} others`;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}
