// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * DOM helpers for all views. Text is inserted as text: no function here accepts HTML.
 */
import { now } from "./clock.js";
import { inlineParts } from "./inline.js";

/**
 * Returns an element of index.html or dialogs.html.
 *
 * @template {HTMLElement} T
 * @param {string} id
 * @param {{ new (): T, readonly prototype: T }} type
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new TypeError(`Cannot find #${id}: no such ${type.name}`);
  return element;
}

/**
 * Creates an element.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {string} className
 * @param {(Node | string)[]} children
 */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className !== "") element.className = className;
  element.append(...children);
  return element;
}

/**
 * Creates a button.
 *
 * @param {string} className
 * @param {string} label
 * @param {() => void} onclick
 */
export function button(className, label, onclick) {
  const element = make("button", className, label);
  element.type = "button";
  element.onclick = onclick;
  return element;
}

/**
 * Makes elements the children of another one, in this order. Elements that are already there are not moved needlessly, so
 * that they keep selection and focus.
 *
 * @param {HTMLElement} parent
 * @param {HTMLElement[]} children
 */
export function setChildren(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(/** @type {HTMLElement} */ (child))) child.remove();
  let next = parent.firstElementChild;
  for (const child of children) {
    if (child === next) next = next.nextElementSibling;
    else parent.insertBefore(child, next);
  }
}

/** Scrolls a section into view: its end, and its beginning if both do not fit. @param {HTMLElement} section */
export function reveal(section) {
  section.scrollIntoView({ block: "nearest" });
  const { top } = section.getBoundingClientRect();
  const { top: above = top } = section.closest(".scroll")?.getBoundingClientRect() ?? {};
  if (top < above) section.scrollIntoView({ block: "start" });
}

/** @typedef {import("./inline.js").Part} Part */
/** @typedef {import("./mentions.js").Names} Names */

/** Renders a text with its IRC formatting and links, such as a topic. @param {string} text @returns {Node[]} */
export function formattedText(text) {
  return nodesOf(inlineParts(text, undefined, false));
}

/** Renders a line of a message: also with marks as in Markdown, and names. @param {string} line @param {Names} [names] @returns {Node[]} */
export function inlineNodes(line, names) {
  return nodesOf(inlineParts(line, names));
}

/** Parts with the same formatting have one element. @param {Part[]} parts @returns {Node[]} */
function nodesOf(parts) {
  /** @type {Node[]} */
  const nodes = [];
  /** @type {{ classes: string, element: HTMLElement } | undefined} */
  let last;
  for (const part of parts) {
    if (part.classes === "") {
      last = undefined;
      nodes.push(nodeOf(part));
      continue;
    }
    if (last?.classes !== part.classes) {
      last = { classes: part.classes, element: make("span", part.classes) };
      nodes.push(last.element);
    }
    last.element.append(nodeOf(part));
  }
  return nodes;
}

/** @param {Part} part @returns {Node} */
function nodeOf({ kind, text, target = "" }) {
  switch (kind) {
    case "text":
      return new Text(text);
    case "code":
      return make("code", "", text);
    case "link": {
      const element = make("a", "", text);
      element.href = target;
      element.target = "_blank";
      element.rel = "noopener noreferrer";
      return element;
    }
    case "room": {
      const element = make("a", "", text);
      element.href = `#${encodeURIComponent(target.slice(1))}`;
      element.dataset["room"] = target;
      return element;
    }
    case "own":
      return make("mark", "", text);
    case "name": {
      const element = make("span", "named", text);
      element.dataset["nick"] = target;
      return element;
    }
  }
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long" });
const calendar = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const longCalendar = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });
const both = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

/** Within this time, in milliseconds, the name of a weekday is unambiguous. */
const WEEK = 6 * 24 * 60 * 60_000;

/** The time of day. @param {Date} time */
export function timeOf(time) {
  const element = make("time", "time", clock.format(time));
  element.dateTime = time.toISOString();
  element.title = both.format(time);
  return element;
}

/** @param {Date} time */
export function dayText(time) {
  return (time.getFullYear() === now().getFullYear() ? calendar : longCalendar).format(time);
}

/** The time of day, with the date unless it is today. @param {Date} time */
export function dateTimeOf(time) {
  const element = timeOf(time);
  if (!isToday(time)) element.textContent = `${day.format(time)}, ${element.textContent}`;
  return element;
}

/** The time of day, with the weekday or the date unless it is today. @param {Date} time */
export function sinceText(time) {
  if (isToday(time)) return clock.format(time);
  const name = now().getTime() - time.getTime() < WEEK ? weekday : day;
  return `${name.format(time)}, ${clock.format(time)}`;
}

/** @param {Date} time */
function isToday(time) {
  return time.toDateString() === now().toDateString();
}

const status = byId("status", HTMLElement);

/** Announces a text to screen readers. @param {string} text */
export function announce(text) {
  status.textContent = text;
}
