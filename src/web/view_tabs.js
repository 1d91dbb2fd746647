// @ts-check
/**
 * The tabs: which rooms and conversations there are, and what has not been seen in them. So says the window's title.
 */
import { byId, make } from "./dom.js";
import { colour } from "./colours.js";

/** @typedef {import("./chat.js").Chat} Chat */
/** @typedef {import("./room.js").Room} Room */

/** @param {Chat} chat @param {(room: Room) => void} choose */
export function showTabs(chat, choose) {
  const { model } = chat;
  const rooms = byId("tabs-rooms", HTMLUListElement);
  const people = byId("tabs-people", HTMLUListElement);
  /** @type {WeakMap<Room, HTMLLIElement>} */
  const items = new WeakMap();
  let planned = false;

  model.listen((change) => {
    if (planned || !["tabs", "current", "room"].includes(change)) return;
    planned = true;
    queueMicrotask(draw);
  });

  function draw() {
    planned = false;
    const focused = document.activeElement;
    const tabs = model.tabs;
    put(rooms, tabs.filter((room) => room.isRoom).map(item));
    put(people, tabs.filter((room) => !room.isRoom).map(item));
    byId("tabs-people-title", HTMLElement).hidden = people.children.length === 0;
    if (focused instanceof HTMLElement && rooms.parentElement?.contains(focused)) focused.focus();

    byId("network", HTMLElement).textContent = chat.network;
    const name = byId("you-name", HTMLElement);
    name.textContent = model.nick || chat.wanted;
    name.className = `name nick ${colour(name.textContent ?? "")}`;
    const others = tabs.filter((room) => room !== model.current);
    const elsewhere = byId("elsewhere", HTMLElement);
    elsewhere.hidden = others.every(({ unread }) => unread === 0);
    elsewhere.classList.toggle("mentioned", others.some(({ mentions }) => mentions > 0));
    document.title = title(tabs);
  }

  /** @param {Room[]} tabs */
  function title(tabs) {
    const mentions = tabs.reduce((sum, room) => sum + room.mentions, 0);
    const unread = tabs.some((room) => room.unread > 0);
    const mark = mentions > 0 ? `(${mentions}) ` : unread ? "• " : "";
    return `${mark}${model.current === undefined ? "" : `${model.current.name} · `}${chat.network}`;
  }

  /** @param {Room} room */
  function item(room) {
    let li = items.get(room);
    if (li === undefined) {
      const button = make("button", "tab", make("span", "name"), make("span", "badge"));
      button.type = "button";
      button.onclick = () => choose(room);
      items.set(room, li = make("li", "", button));
    }
    const button = /** @type {HTMLButtonElement} */ (li.firstElementChild);
    const [name, badge] = /** @type {HTMLElement[]} */ ([...button.children]);
    if (room === model.current) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
    button.classList.toggle("unread", room.unread > 0);
    button.classList.toggle("mentioned", room.mentions > 0);
    button.classList.toggle("out", room.state !== "in");
    if (name !== undefined) name.textContent = room.name;
    badge?.replaceChildren(...counts(room));
    return li;
  }
}

/** @param {Room} room @returns {(Node | string)[]} */
function counts({ unread, mentions, news, isRoom }) {
  if (unread === 0) return [];
  const count = unread > 99 ? "99+" : `${unread}${news?.atLeast ? "+" : ""}`;
  const said = isRoom && mentions > 0 ? ` unread, ${mentions} for you` : " unread";
  return [count, make("span", "sr", said)];
}

/** Puts elements into a list, unless they are what is there. @param {HTMLElement} list @param {HTMLElement[]} items */
export function put(list, items) {
  if (items.length === list.children.length && items.every((item, i) => item === list.children[i])) return;
  list.replaceChildren(...items);
}
