// @ts-check
/// <reference lib="dom" />
/**
 * Keys that concern more than one part of the page: those that an input method takes, and those that move within a list.
 */

/** What the keys stand for that move within a list: from which place to which, of how many. @type {Record<string, (at: number, count: number) => number>} */
const MOVES = {
  ArrowDown: (at, count) => Math.min(at + 1, count - 1),
  ArrowUp: (at) => Math.max(at - 1, 0),
  Home: () => 0,
  End: (_at, count) => count - 1,
};

/** The code of a key that an input method has taken. */
const COMPOSING_KEY_CODE = 229;

/** Keys that would send a form, close a dialog or leave a field: not when they choose what an input method proposes. */
const SUBMITTING_KEYS = new Set(["Enter", "Escape", "Tab"]);

/**
 * Keeps keys from the whole page that an input method has taken: Enter there chooses a word, and sends nothing.
 *
 * Safari reports the key that ends a composition when that is over: then only its code tells.
 */
export function ignoreComposingKeys() {
  addEventListener("keydown", (event) => {
    if (!event.isComposing && event.keyCode !== COMPOSING_KEY_CODE) return;
    event.stopImmediatePropagation();
    if (!event.isComposing && SUBMITTING_KEYS.has(event.key)) event.preventDefault();
  }, { capture: true });
}

/**
 * Makes a list of buttons one stop of the Tab key, within which the arrow keys, Home and End move (ARIA Authoring Practices,
 * "roving tabindex").
 *
 * @param {HTMLElement} list
 * @param {() => Element | null | undefined} [current] The button that Tab comes to first. If there is none: the one that had
 *   the focus last, or the first.
 * @returns {() => void} To be called when there are other buttons.
 */
export function makeRoving(list, current = () => undefined) {
  /** @type {HTMLElement | undefined} */
  let last;
  let at = 0; // its place
  const buttons = () => [...list.querySelectorAll("button")];

  list.addEventListener("keydown", (event) => {
    const { key, altKey, ctrlKey, metaKey, shiftKey } = event;
    const all = buttons();
    const from = all.findIndex((button) => button === document.activeElement);
    const move = Object.hasOwn(MOVES, key) ? MOVES[key] : undefined;
    if (move === undefined || from < 0 || altKey || ctrlKey || metaKey || shiftKey) return;
    const to = move(from, all.length);
    if (to === from) return; // what is around the list may go on from there
    event.preventDefault();
    event.stopPropagation();
    all[to]?.focus();
  });
  list.addEventListener("focusin", ({ target }) => {
    if (!(target instanceof HTMLElement)) return;
    last = target;
    update();
  });
  list.addEventListener("focusout", () => queueMicrotask(update));
  return update;

  function update() {
    const all = buttons();
    const focused = all.find((button) => button === document.activeElement);
    const wanted = [focused, current(), last].find((each) => all.some((button) => button === each)) ??
      all[Math.min(at, all.length - 1)];
    for (const button of all) button.tabIndex = button === wanted ? 0 : -1;
    at = Math.max(0, all.findIndex((button) => button === wanted));
  }
}
