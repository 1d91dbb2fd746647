// @ts-check
/**
 * Uploaded files in messages: images, sound and films are shown, others are links. Each has its place before it is loaded, so
 * that nothing moves.
 */
import { make } from "../dom.js";
import { fileLinks, isFileAlone } from "../files.js";

/** @typedef {import("../files.js").FileLink} FileLink */

/**
 * Shows the files that a message links to below its text, or in place of it, if it consists of the link to one alone.
 *
 * @param {HTMLElement} words The element of the text.
 * @param {string} text
 */
export function showFiles(words, text) {
  const files = fileLinks(text);
  if (files.length === 0) return;
  if (isFileAlone(text, files)) words.replaceChildren();
  words.append(make("div", "files", ...files.map(elementOf)));
}

/** @param {FileLink} file */
function elementOf(file) {
  if (file.kind === "image") return image(file);
  if (file.kind === "file") return link(file, "file", file.name);
  const player = make(file.kind, "");
  player.controls = true;
  player.preload = "metadata";
  player.src = file.src;
  player.setAttribute("aria-label", file.name);
  const figure = make("figure", `player ${file.kind}`, player, link(file, "", file.name));
  player.onerror = () => figure.replaceWith(link(file, "file", file.name)); // it is something else, or gone
  return figure;
}

/** @param {FileLink} file */
function image(file) {
  const picture = make("img", "");
  picture.alt = file.name;
  picture.title = file.name;
  picture.width = file.width;
  picture.height = file.height;
  picture.loading = "lazy";
  picture.decoding = "async";
  picture.src = file.src;
  const element = link(file, "image", picture);
  picture.onerror = () => {
    element.classList.add("gone"); // keeps its size
    picture.alt = `${file.name} is not available.`;
  };
  return element;
}

/** @param {FileLink} file @param {string} className @param {Node | string} content */
function link({ src }, className, content) {
  const element = make("a", className, content);
  element.href = src;
  element.target = "_blank";
  element.rel = "noopener noreferrer";
  return element;
}
