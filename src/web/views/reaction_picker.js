// @ts-check
/**
 * Chooses a reaction: one of some emoji, or any emoji by its name.
 */
import { button, make } from "../dom.js";
import { loadEmoji, matchingEmoji } from "../emoji.js";

/** The emoji that are offered without a search. */
const COMMON = ["👍", "👎", "❤️", "😂", "😮", "😢", "🎉", "🙏", "👀", "✅", "🔥", "🚀"];

/** The most results of a search. */
const FOUND_MAX = 24;

/** The longest reaction, in UTF-16 units: the limit of the server. */
const REACTION_MAX = 32;

/** @type {HTMLElement | undefined} */
let open;

/** The space that the picker needs, in pixels: its field, its choices and a margin. */
const HEIGHT = 240;

/**
 * Opens the picker below a button, or above it if the messages end below.
 *
 * @param {HTMLElement} opener It gets the focus back.
 * @param {(text: string) => void} choose
 */
export function openReactionPicker(opener, choose) {
  const before = open;
  open = undefined;
  before?.remove();
  const picker = open = make("div", "picker");
  picker.setAttribute("role", "dialog");
  picker.setAttribute("aria-label", "Choose a reaction");
  const search = make("input", "");
  search.type = "text";
  search.placeholder = "Emoji or its name";
  search.setAttribute("aria-label", "Emoji or its name");
  search.maxLength = REACTION_MAX;
  search.autocomplete = "off";
  const grid = make("div", "choices");
  picker.append(search, grid);
  const close = () => {
    if (open !== picker) return; // removing it moves the focus, which calls this again
    open = undefined;
    picker.remove();
  };
  const pick = (/** @type {string} */ text) => {
    close();
    opener.focus({ preventScroll: true });
    choose(text);
  };
  const draw = (/** @type {{ emoji: string, name: string }[]} */ found) => {
    grid.replaceChildren(...found.map(({ emoji, name }) => {
      const each = button("", emoji, () => pick(emoji));
      each.title = name;
      each.setAttribute("aria-label", name === "" ? `React with ${emoji}` : name.replaceAll("_", " "));
      return each;
    }));
  };
  draw(COMMON.map((emoji) => ({ emoji, name: "" })));
  search.oninput = async () => {
    const typed = search.value.trim().replaceAll(":", "").toLowerCase();
    if (typed === "") return draw(COMMON.map((emoji) => ({ emoji, name: "" })));
    const found = await findEmoji(typed, FOUND_MAX);
    if (search.value.trim().replaceAll(":", "").toLowerCase() === typed) draw(found);
  };
  picker.onkeydown = (event) => {
    event.stopPropagation();
    if (event.key === "Escape") {
      event.preventDefault();
      close();
      opener.focus();
    } else if (event.key === "Enter" && event.target === search) {
      event.preventDefault();
      const first = grid.querySelector("button")?.textContent ?? "";
      const typed = search.value.trim();
      const text = first !== "" && typed !== "" ? first : typed;
      if (text !== "" && !/\s/.test(text)) pick(text);
    }
  };
  picker.addEventListener("focusout", ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node) || !picker.contains(relatedTarget)) close();
  });
  const box = opener.getBoundingClientRect();
  const around = opener.closest("[role=log]")?.getBoundingClientRect();
  if (
    around !== undefined && around.bottom - box.bottom < HEIGHT && box.top - around.top > around.bottom - box.bottom
  ) {
    picker.classList.add("above");
  }
  opener.after(picker);
  search.focus({ preventScroll: true });
  picker.scrollIntoView({ block: "nearest" });
}

/** Emoji whose names contain a text; a text that is none finds itself if it is no letter. @param {string} text @param {number} most */
async function findEmoji(text, most) {
  const found = matchingEmoji(await loadEmoji(), text, most).map(({ emoji, names: [name = ""] }) => ({ emoji, name }));
  return found.length === 0 && !/^[\w-]*$/.test(text) ? [{ emoji: text, name: "" }] : found;
}
