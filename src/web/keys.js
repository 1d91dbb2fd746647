// @ts-check
/// <reference lib="dom" />
/**
 * Key handling for several parts of the page: input methods, and arrow keys within lists.
 */

/** The keys that move within a list: from an index to another one, of a number of items. @type {Record<string, (at: number, count: number) => number>} */
const MOVES = {
  ArrowDown: (at, count) => Math.min(at + 1, count - 1),
  ArrowUp: (at) => Math.max(at - 1, 0),
  Home: () => 0,
  End: (_at, count) => count - 1,
};

/** `keyCode` of a key that an input method has handled. */
const COMPOSING_KEY_CODE = 229;

/** Keys that submit a form, close a dialog or leave a field: not if an input method has handled them. */
const SUBMITTING_KEYS = new Set(["Enter", "Escape", "Tab"]);

/**
 * Ignores keys that an input method has handled: Enter then chooses a word, and sends nothing.
 *
 * Safari reports the key that ends a composition after it has ended; only `keyCode` tells.
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
 * @param {() => Element | null | undefined} [current] The button that Tab goes to first; by default the one that had the
 *   the focus last, or the first.
 * @returns {() => void} To call when the buttons have changed.
 */
export function makeRoving(list, current = () => undefined) {
  /** @type {HTMLElement | undefined} */
  let last;
  let at = 0; // its index
  const buttons = () => [...list.querySelectorAll("button")];

  list.addEventListener("keydown", (event) => {
    const { key, altKey, ctrlKey, metaKey, shiftKey } = event;
    const all = buttons();
    const from = all.findIndex((button) => button === document.activeElement);
    const move = Object.hasOwn(MOVES, key) ? MOVES[key] : undefined;
    if (move === undefined || from < 0 || altKey || ctrlKey || metaKey || shiftKey) return;
    const to = move(from, all.length);
    if (to === from) return; // the elements around the list may handle the key
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
