// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * DOM helpers for all views. Text is inserted as text: no function here accepts HTML.
 */
import { now } from "./clock.js";
import { findLinks } from "./links.js";
import { formattingRuns } from "./format.js";

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

/** Renders a text with its IRC formatting and links. @param {string} text @returns {Node[]} */
export function formattedText(text) {
  return formattingRuns(text).flatMap(({ text, classes }) => {
    /** @type {Node[]} */
    const nodes = findLinks(text).map(({ text, href }) => href === undefined ? new Text(text) : link(text, href));
    return classes === "" ? nodes : [make("span", classes, ...nodes)];
  });
}

/** @param {string} text @param {string} href */
function link(text, href) {
  const element = make("a", "", text);
  element.href = href;
  element.target = "_blank";
  element.rel = "noopener noreferrer";
  return element;
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
