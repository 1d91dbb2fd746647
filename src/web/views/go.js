// @ts-check
/**
 * The dialog that goes to a room or person.
 */
import { dialog, input, submit } from "../dialogs.js";
import { button, byId, make } from "../dom.js";
import { makeRoving } from "../keys.js";
import { places } from "../places.js";
import { focusComposer } from "./composer.js";

/** @typedef {import("../chat.js").Chat} Chat */

/** The most rooms and users that the dialog lists. */
const PLACES_MAX = 100;

/** The dialog that lists rooms and users, and goes to the one that is chosen or typed. @param {Chat} chat */
export function goDialog(chat) {
  const it = dialog("go");
  const name = input("go-name");
  const list = byId("go-list", HTMLUListElement);
  /** @type {import("../context.ts").ListedRoom[]} */
  let listed = [];

  const update = makeRoving(list);
  name.oninput = draw;
  submit(it, () => list.querySelector("button")?.click());
  it.onkeydown = (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const all = [name, ...list.querySelectorAll("button")];
    const at = all.findIndex((element) => element === document.activeElement);
    all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]?.focus();
  };

  /** @param {string} typed */
  function open(typed) {
    listed = [];
    /** @type {import("../context.ts").ListedRoom[]} */
    const found = [];
    const done = () => {
      listed = found.sort((a, b) => b.people - a.people);
      if (it.open && !list.contains(document.activeElement)) draw();
    };
    chat.request("LIST", [], { list: found, onListEnd: done });
    name.value = typed;
    draw();
    it.showModal();
  }

  function draw() {
    list.replaceChildren(...places(chat.model, listed, name.value).slice(0, PLACES_MAX).map(item));
    update();
  }

  /** @param {import("../places.js").Place} place */
  function item({ name, about, count = 0, unit = "" }) {
    const element = button("place", "", () => {
      it.close();
      chat.openTab(name);
      focusComposer();
    });
    element.append(make("b", "", name), make("span", "about", about), count > 0 ? ` ${count} ${unit}` : "");
    return make("li", "", element);
  }

  return open;
}
