// @ts-check
/// <reference lib="dom" />
/**
 * Elements for the text of messages: formatting, links, names, code and quotes.
 */
import { blocksOf } from "../blocks.js";
import { announce, button, inlineNodes, make } from "../dom.js";

/** @typedef {import("../blocks.js").Block} Block */
/** @typedef {import("../mentions.js").Names} Names */

/** A message of more lines or characters is folded. */
const FOLD_LINES = 12;
const FOLD_CHARACTERS = 2000;

/** How long a button says that the code was copied, in milliseconds. */
const COPIED_TIME = 2000;

/** Renders the text of a message. @param {string} text @param {Names} [names] @returns {Node[]} */
export function messageNodes(text, names) {
  return blocksOf(text).flatMap((block) => blockNodes(block, names));
}

/** @param {Block} block @param {Names | undefined} names @returns {Node[]} */
function blockNodes(block, names) {
  switch (block.kind) {
    case "text":
      return block.lines.flatMap((line, i) => [...i === 0 ? [] : [new Text("\n")], ...inlineNodes(line, names)]);
    case "code":
      return [codeBlock(block.text, block.language)];
    case "quote":
      return [make("blockquote", "", ...block.blocks.flatMap((each) => blockNodes(each, names)))];
  }
}

/** Code with a button that copies it. @param {string} text @param {string} language */
function codeBlock(text, language) {
  const code = make("code", "", text);
  const copy = button("copy", "Copy", async () => {
    const done = await copyText(text, code);
    copy.textContent = done ? "Copied" : "Not copied";
    announce(done ? "The code was copied." : "The code could not be copied.");
    setTimeout(() => copy.textContent = "Copy", COPIED_TIME);
  });
  copy.setAttribute("aria-label", language === "" ? "Copy the code" : `Copy the ${language} code`);
  const pre = make("pre", "", code);
  pre.dir = "ltr";
  return make("div", "code-block", copy, pre);
}

/** Copies a text. Without HTTPS, browsers copy only what is selected. @param {string} text @param {HTMLElement} element It contains the text. */
async function copyText(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection()?.selectAllChildren(element);
    const done = document.execCommand("copy");
    getSelection()?.removeAllRanges();
    return done;
  }
}

/** Whether a message is so long that it is folded. @param {string} text */
export function isLong(text) {
  return text.length > FOLD_CHARACTERS || countLines(text) > FOLD_LINES;
}

/** @param {string} text */
function countLines(text) {
  return text.split("\n").length;
}

/**
 * The button that unfolds a message and folds it again.
 *
 * @param {HTMLElement} words The element with its text.
 * @param {string} text
 * @param {boolean} open Whether it is unfolded at first.
 * @param {(open: boolean) => void} changed
 */
export function foldButton(words, text, open, changed) {
  const lines = countLines(text);
  const show = (/** @type {boolean} */ all) => {
    words.classList.toggle("folded", !all);
    toggle.textContent = all ? "Show less" : lines > FOLD_LINES ? `Show all ${lines} lines` : "Show all";
    toggle.setAttribute("aria-expanded", String(all));
  };
  const change = (/** @type {boolean} */ all) => {
    show(all);
    changed(all);
    if (!all) words.parentElement?.scrollIntoView({ block: "nearest" }); // its end may have been far below
    toggle.dispatchEvent(new Event("fold", { bubbles: true }));
  };
  const toggle = button("fold", "", () => change(words.classList.contains("folded")));
  // What gets the focus must be visible.
  words.addEventListener("focusin", () => {
    if (words.classList.contains("folded")) change(true);
  });
  show(open);
  return toggle;
}
