// @ts-check
/**
 * The search dialog. It keeps the results, newest first, so that the user can go to several of them.
 */
import { colour } from "../colours.js";
import { button, byId, dateTimeOf, make } from "../dom.js";
import { plainText } from "../format.js";
import { makeRoving } from "../keys.js";
import { goToMessage, search } from "../history.js";
import { showInputError } from "./composer.js";
import { highlightWords } from "../highlight.js";
import { wordsOf } from "../search_words.js";

/** @typedef {import("../chat.js").Chat} Chat */
/** @typedef {import("../history.js").HistoryItem} Found */
/** @typedef {import("../room.js").Room} Room */

/** @param {Chat} chat @returns {(words: string) => void} Opens it, and searches if words are given. */
export function searchDialog(chat) {
  const { model } = chat;
  const dialog = byId("search", HTMLDialogElement);
  const words = byId("search-words", HTMLInputElement);
  const here = byId("search-here", HTMLInputElement);
  const everywhere = byId("search-everywhere", HTMLInputElement);
  const status = byId("search-status", HTMLElement);
  const results = byId("search-results", HTMLUListElement);
  const further = byId("search-more", HTMLButtonElement);
  const update = makeRoving(results);
  /** @type {Room | undefined} The current room. */
  let room;
  /** @type {{ words: string, room: Room | undefined }} The query, and the room it is limited to. */
  let sought = { words: "", room: undefined };
  /** @type {Found[]} The newest first. */
  let found = [];
  let asked = 0; // to ignore answers to older requests

  dialog.querySelector("form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    begin();
  });
  for (const where of [here, everywhere]) where.onchange = () => words.value.trim() !== "" && begin();
  // Several messages may have the same millisecond.
  further.onclick = () => ask(new Date(Number(found.at(-1)?.line.time) + 1));
  dialog.onkeydown = (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp" || document.activeElement?.matches("[type=radio]")) return;
    event.preventDefault();
    const all = [words, ...results.querySelectorAll("button")];
    const at = all.findIndex((element) => element === document.activeElement);
    all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]?.focus();
  };

  function begin() {
    clear();
    if (words.value.trim() === "") return say("Enter the words to search for.", true);
    sought = { words: words.value, room: here.checked ? room : undefined };
    ask(undefined);
  }

  function clear() {
    asked++;
    found = [];
    results.replaceChildren();
    further.hidden = true;
    say("");
  }

  /** @param {Date | undefined} before */
  function ask(before) {
    const mine = ++asked;
    say("Searching …");
    search(chat, { ...sought, before }, {
      done(more, full) {
        if (mine === asked) add(more, full);
      },
      failed(why) {
        if (mine === asked) say(`${why.replace(/[^.!?]$/, "$&.")}`, true);
      },
    });
  }

  /** @param {Found[]} more The oldest first. @param {boolean} full Whether there may be others. */
  function add(more, full) {
    const known = new Set(found.map(({ line }) => line.id));
    const fresh = more.filter(({ line }) => !known.has(line.id)).reverse();
    const oldest = found.at(-1);
    // All results are of this millisecond and known: continue before it.
    if (full && fresh.length === 0 && oldest !== undefined) return ask(oldest.line.time);
    found.push(...fresh);
    const items = fresh.filter(({ line }) => !line.ignored).map((each) => make("li", "", result(each)));
    results.append(...items);
    update();
    if (further === document.activeElement) (items[0]?.querySelector("button") ?? words).focus();
    further.hidden = !full;
    const shown = found.filter(({ line }) => !line.ignored).length;
    const count = shown === 1 ? "1 message" : `${shown} messages`;
    const what = wordsOf(sought.words).trim() === "" ? "" : " with these words";
    say(shown === 0 ? "No messages found." : `${full ? "The last " : ""}${count}${what}.`);
  }

  /** @param {Found} each */
  function result({ room: where, line }) {
    const { nick = "", text, time } = line;
    const element = button("result", "", () => choose({ room: where, line }));
    const about = make("span", "about", make("b", `nick ${colour(nick)}`, nick), " ");
    if (where !== sought.room?.name) about.append(make("span", "where", where), " ");
    about.append(dateTimeOf(time));
    const said = highlightWords(plainText(text), sought.words).map(({ text, found }) =>
      found ? make("mark", "", text) : text
    );
    const shown = make("span", "said", ...said);
    shown.dir = "auto";
    element.append(about, shown);
    return element;
  }

  /** @param {Found} chosen */
  function choose({ room: where, line }) {
    const { id = "", time } = line;
    const to = model.find(where) ?? chat.join(where);
    // After the dialog is closed, which restores the focus.
    dialog.addEventListener("close", () => {
      model.show(to);
      goToMessage(chat, to, { id, time }, showInputError);
    }, { once: true });
    dialog.close();
  }

  /** @param {string} text */
  function say(text, wrong = false) {
    status.textContent = text;
    status.classList.toggle("fine", !wrong);
  }

  return (text) => {
    const { current } = model;
    if (current !== room && (here.checked || !current?.isRoom)) clear();
    room = current;
    byId("search-room", HTMLElement).textContent = room?.name ?? "";
    byId("search-where", HTMLElement).hidden = !room?.isRoom;
    if (!room?.isRoom) everywhere.checked = true;
    if (text !== "") words.value = text;
    dialog.showModal();
    words.select();
    if (text !== "") begin();
  };
}
