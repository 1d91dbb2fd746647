// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * The list of suggestions above the input field (ARIA Authoring Practices, "combobox"). The focus stays in the field; arrow
 * keys move in the list, Enter or Tab chooses, Escape closes it.
 */
import { colour } from "../colours.js";
import { byId, make } from "../dom.js";
import { suggestions, typedEmoji } from "../suggestions.js";

/** @typedef {import("../chat.js").Chat} Chat */
/** @typedef {import("../suggestions.js").Suggestion} Suggestion */

/** @param {Chat} chat @param {HTMLTextAreaElement} input */
export function showSuggestions(chat, input) {
  const list = byId("suggestions", HTMLUListElement);
  /** @type {Suggestion[]} */
  let options = [];
  let from = 0; // where the word begins that is completed
  let at = 0; // the selected option
  let searches = 0;

  input.addEventListener("blur", close);
  // Another place of the caret has other suggestions. Typing has an event of its own.
  input.addEventListener("pointerup", close);
  input.addEventListener("keyup", ({ key }) => {
    if (key === "ArrowLeft" || key === "ArrowRight" || key === "Home" || key === "End") close();
  });
  return { update, handleKey, close };

  /** Updates the list after the input has changed. */
  async function update() {
    const search = ++searches;
    const { selectionStart: caret, selectionEnd, value } = input;
    const { current: room } = chat.model;
    if (room === undefined || caret !== selectionEnd || isCommand(value)) return close();
    const before = value.slice(0, caret);
    const emoji = value[caret - 1] === ":" ? await typedEmoji(before) : undefined;
    if (emoji !== undefined && search === searches && input.value === value) {
      input.setRangeText(emoji.emoji, emoji.from, caret, "end");
      input.dispatchEvent(new Event("input"));
      return;
    }
    const found = await suggestions(chat, room, before);
    if (search !== searches || input.value !== value || document.activeElement !== input) return;
    if (found === undefined || found.options.length === 0) return close();
    ({ options, from } = found);
    list.replaceChildren(...options.map(render));
    list.hidden = false;
    // A text field is a combobox only while it has a list.
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-expanded", "true");
    input.setAttribute("aria-controls", list.id);
    select(0);
  }

  /** @param {Suggestion} option @param {number} index */
  function render({ label, icon, nick }, index) {
    const sign = make("span", "sign", icon);
    sign.setAttribute("aria-hidden", String(nick !== undefined));
    const item = make("li", "", sign, make("span", nick === undefined ? "" : `nick ${colour(nick)}`, label));
    item.id = `suggestion-${index}`;
    item.setAttribute("role", "option");
    item.onpointerdown = (event) => event.preventDefault(); // the field keeps the focus
    item.onclick = () => choose(index);
    return item;
  }

  /** @param {number} index */
  function select(index) {
    at = (index + options.length) % options.length;
    for (const [i, item] of [...list.children].entries()) item.setAttribute("aria-selected", String(i === at));
    const selected = list.children[at];
    input.setAttribute("aria-activedescendant", selected?.id ?? "");
    selected?.scrollIntoView({ block: "nearest" });
  }

  /** @param {number} index */
  function choose(index) {
    const option = options[index];
    if (option === undefined) return;
    const { selectionStart, value } = input;
    const spaced = value[selectionStart] === " ";
    input.setRangeText(spaced ? option.text.trimEnd() : option.text, from, selectionStart, "end");
    close();
    input.dispatchEvent(new Event("input"));
  }

  /** @param {KeyboardEvent} event @returns {boolean} Whether the list has handled it. */
  function handleKey({ key, shiftKey }) {
    if (list.hidden || shiftKey) return false;
    if (key === "ArrowDown") select(at + 1);
    else if (key === "ArrowUp") select(at - 1);
    else if (key === "Enter" || key === "Tab") choose(at);
    else if (key === "Escape") close();
    else return false;
    return true;
  }

  function close() {
    searches++;
    list.hidden = true;
    list.replaceChildren();
    for (const name of ["role", "aria-expanded", "aria-controls", "aria-activedescendant"]) input.removeAttribute(name);
  }
}

/** Whether a text is a command other than /me: the field shows how it is used. @param {string} text */
function isCommand(text) {
  return text.startsWith("/") && !/^\/(?:\/|me )/.test(text);
}
