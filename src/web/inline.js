// @ts-check
/**
 * Splits a line of a message into parts: links, names, code, and text with its formatting (IRC formatting characters, and
 * marks as in Markdown).
 *
 * The result is flat, so that no message makes deeply nested elements, and found in time proportional to its length. Marks
 * that are not closed, and those within words, paths and formulas, stay as they are.
 */
import { formattingRuns } from "./format.js";
import { findLinks } from "./links.js";
import { findNames, LETTER } from "./mentions.js";

/** @typedef {import("./mentions.js").Names} Names */

/**
 * A part of a line. `target`: the URL of a link, the name of a room or member.
 *
 * @typedef {object} Part
 * @property {string} text
 * @property {string} classes The classes of its formatting, separated by spaces.
 * @property {"text" | "code" | "link" | "own" | "name" | "room"} kind
 * @property {string} [target]
 */

/** @typedef {{ from: number, to: number, part: Omit<Part, "classes"> }} Atom A part within which marks are text. */

/** @typedef {{ at: number, mark: string, opens: string[], closes: string[] }} Mark A run of one mark, and what it begins and ends. */

/** Marks, and their classes. Three stars are two and one. */
const CLASSES = { "**": "bold", "*": "italic", "_": "italic", "~~": "strike" };

/** Before an opening mark: a space, an opening bracket or quote, another mark; or, beyond ASCII, anything but a letter. */
const BEFORE = new RegExp(`^(?:[\\s\\(\\[\\{"'*_~\\|]|[[^\\x00-\\x7f]--${LETTER}])$`, "v");

/** After a closing mark: a space, punctuation, another mark; or, beyond ASCII, anything but a letter. */
const AFTER = new RegExp(`^(?:[\\s\\)\\]\\}"'*_~\\|.,;:!?]|[[^\\x00-\\x7f]--${LETTER}])$`, "v");

/** Punctuation after which no letter follows if it ends a sentence: `*.ts` and `_x_.y` are names. */
const SENTENCE = /[.,;:!?]/;

// Not after an opening mark, and not before a closing one: paths, and punctuation that belongs to the text before.
const NOT_FIRST = /[\s/\\.,;:)\]}]/;
const NOT_LAST = /[\s/\\]/;

/** What makes a text worth a mark: not only punctuation, as in `*_*`. */
const WORD = /[\p{L}\p{N}\p{So}]/u;

/**
 * Splits a line.
 *
 * @param {string} line Without line breaks.
 * @param {Names} [names]
 * @param {boolean} [markup] Whether marks as in Markdown count.
 * @returns {Part[]}
 */
export function inlineParts(line, names, markup = true) {
  return formattingRuns(line).flatMap(({ text, classes }) => {
    const marked = markup && !classes.split(" ").includes("mono");
    const atoms = findAtoms(text, names, marked);
    return join(text, atoms, marked ? findMarks(text, atoms) : [], classes);
  });
}

/** Finds code, then links, then names in what is left. @param {string} text @param {Names | undefined} names @param {boolean} markup */
function findAtoms(text, names, markup) {
  const code = markup ? findCode(text) : [];
  const links = between(text, code, (gap, at) => {
    return findLinks(gap).flatMap(({ text, href }) => {
      const from = at;
      at += text.length;
      return href === undefined
        ? []
        : [{ from, to: at, part: { text, kind: /** @type {const} */ ("link"), target: href } }];
    });
  });
  return between(text, links, (gap, at) => {
    return findNames(gap, names).map(({ from, to, kind, name }) => {
      return { from: at + from, to: at + to, part: { text: gap.slice(from, to), kind, target: name } };
    });
  });
}

/**
 * Adds the atoms that are found between others.
 *
 * @param {string} text
 * @param {Atom[]} atoms
 * @param {(gap: string, at: number) => Atom[]} find
 */
function between(text, atoms, find) {
  /** @type {Atom[]} */
  const all = [];
  let at = 0;
  for (const atom of atoms) {
    all.push(...find(text.slice(at, atom.from), at), atom);
    at = atom.to;
  }
  return [...all, ...find(text.slice(at), at)];
}

/** Finds code between runs of as many backticks. @param {string} text @returns {Atom[]} */
function findCode(text) {
  const runs = [...text.matchAll(/`+/g)];
  /** @type {Map<number, number[]>} The indexes of the runs of each length, the last one first. */
  const byLength = new Map();
  for (let i = runs.length - 1; i >= 0; i--) {
    const length = runs[i]?.[0].length ?? 0;
    const indexes = byLength.get(length);
    if (indexes === undefined) byLength.set(length, [i]);
    else indexes.push(i);
  }
  const atoms = [];
  for (let i = 0; i < runs.length; i++) {
    const { 0: ticks = "", index: from = 0 } = runs[i] ?? {};
    const same = byLength.get(ticks.length) ?? [];
    while ((same.at(-1) ?? Infinity) <= i) same.pop();
    const end = same.at(-1);
    const closing = end === undefined ? undefined : runs[end];
    if (end === undefined || closing === undefined) continue;
    const inner = text.slice(from + ticks.length, closing.index);
    const padded = inner.startsWith(" ") && inner.endsWith(" ") && inner.trim() !== "";
    const part = { text: padded ? inner.slice(1, -1) : inner, kind: /** @type {const} */ ("code") };
    atoms.push({ from, to: closing.index + ticks.length, part });
    i = end;
  }
  return atoms;
}

/** Finds the marks outside of atoms, and which of them belong together. @param {string} text @param {Atom[]} atoms @returns {Mark[]} */
function findMarks(text, atoms) {
  if (!/[*_~]/.test(text)) return [];
  /** @type {Mark[]} */
  const marks = [];
  /** @type {Map<string, { mark: Mark, words: number }>} The last mark that may open each formatting, and the words before it. */
  const open = new Map();
  let words = 0;
  let [at, next] = [0, 0];
  for (const { index, 0: mark } of text.matchAll(/\*+|_+|~+/g)) {
    for (let atom = atoms[next]; atom !== undefined && atom.to <= index; atom = atoms[++next]) words++;
    if ((atoms[next]?.from ?? Infinity) <= index) continue;
    if (WORD.test(text.slice(at, index))) words++;
    at = index + mark.length;
    const kinds = kindsOf(mark);
    if (kinds.length === 0) continue;
    const [opens, closes] = [canOpen(text, index, at), canClose(text, index, at)];
    /** @type {Mark} */
    const found = { at: index, mark, opens: [], closes: [] };
    for (const kind of kinds) {
      const before = open.get(kind);
      if (closes && before !== undefined && before.words < words) {
        before.mark.opens.push(kind);
        found.closes.push(kind);
        open.delete(kind);
      } else if (opens) open.set(kind, { mark: found, words });
    }
    marks.push(found);
  }
  return marks;
}

/** What a run of marks may mean. @param {string} mark */
function kindsOf(mark) {
  if (mark === "***") return ["**", "*"];
  return Object.hasOwn(CLASSES, mark) ? [mark] : [];
}

/** Whether a mark may open something. @param {string} text @param {number} from @param {number} to */
function canOpen(text, from, to) {
  const [before, after] = [characterBefore(text, from), characterAt(text, to)];
  return (before === "" || BEFORE.test(before)) && after !== "" && !NOT_FIRST.test(after);
}

/** Whether a mark may close something. @param {string} text @param {number} from @param {number} to */
function canClose(text, from, to) {
  const [before, after] = [characterBefore(text, from), characterAt(text, to)];
  if (before === "" || NOT_LAST.test(before)) return false;
  if (after === "") return true;
  return AFTER.test(after) && !(SENTENCE.test(after) && /[\p{L}\p{N}]/u.test(characterAt(text, to + 1)));
}

/** @param {string} text @param {number} at */
function characterAt(text, at) {
  return at < text.length ? String.fromCodePoint(text.codePointAt(at) ?? 0) : "";
}

/** @param {string} text @param {number} at */
function characterBefore(text, at) {
  const pair = at > 1 && /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(at - 2, at));
  return text.slice(Math.max(0, at - (pair ? 2 : 1)), at);
}

/** The parts in order, each with its classes. @param {string} text @param {Atom[]} atoms @param {Mark[]} marks @param {string} classes Those of all. @returns {Part[]} */
function join(text, atoms, marks, classes) {
  /** @type {Part[]} */
  const parts = [];
  /** @type {Set<string>} */
  const on = new Set();
  let at = 0;
  const add = (/** @type {Omit<Part, "classes">} */ part) => {
    const marked = [...on].map((kind) => CLASSES[/** @type {keyof CLASSES} */ (kind)]);
    const names = [...new Set([...classes.split(" "), ...marked])].filter((name) => name !== "").join(" ");
    const last = parts.at(-1);
    if (last?.kind === "text" && part.kind === "text" && last.classes === names) last.text += part.text;
    else if (part.text !== "") parts.push({ ...part, classes: names });
  };
  const addText = (/** @type {number} */ to) => {
    add({ kind: "text", text: text.slice(at, to) });
    at = to;
  };
  let next = 0;
  for (const { at: index, mark, opens, closes } of [...marks, { at: Infinity, mark: "", opens: [], closes: [] }]) {
    for (let atom = atoms[next]; atom !== undefined && atom.from < index; atom = atoms[++next]) {
      addText(atom.from);
      add(atom.part);
      at = atom.to;
    }
    addText(Math.min(index, text.length));
    const rest = { kind: /** @type {const} */ ("text"), text: mark.slice([...opens, ...closes].join("").length) };
    for (const kind of closes) on.delete(kind);
    add(rest);
    for (const kind of opens) on.add(kind);
    at += mark.length;
  }
  return parts;
}
