// @ts-check
/**
 * The tabs of rooms and private conversations, with their unread counts, and the title of the window.
 */
import { byId, make } from "../dom.js";
import { colour } from "../colours.js";
import { makeRoving } from "../keys.js";

/** @typedef {import("../chat.js").Chat} Chat */
/** @typedef {import("../room.js").Room} Room */

/** The distance of the current tab from the edge of the list, in pixels. */
const MARGIN = 8;

/** @param {Chat} chat @param {(room: Room) => void} choose */
export function showTabs(chat, choose) {
  const { model } = chat;
  const rooms = byId("tabs-rooms", HTMLUListElement);
  const people = byId("tabs-people", HTMLUListElement);
  /** @type {WeakMap<Room, HTMLLIElement>} */
  const items = new WeakMap();
  let planned = false;
  /** @type {Room | undefined} The room that the list was scrolled to. */
  let revealed;
  const roving = [rooms, people].map((list) => makeRoving(list, () => list.querySelector("[aria-current]")));

  model.listen((change) => {
    if (planned || !["tabs", "current", "room"].includes(change)) return;
    planned = true;
    queueMicrotask(draw);
  });

  function draw() {
    planned = false;
    const tabs = model.tabs;
    replaceItems(rooms, tabs.filter((room) => room.isRoom).map(item));
    replaceItems(people, tabs.filter((room) => !room.isRoom).map(item));
    byId("tabs-people-title", HTMLElement).hidden = people.children.length === 0;
    for (const update of roving) update();
    if (revealed !== model.current) reveal(model.current);

    byId("network", HTMLElement).textContent = chat.network;
    const name = byId("you-name", HTMLElement);
    name.textContent = model.nick || chat.wantedNick;
    name.className = `name nick ${colour(name.textContent ?? "")}`;
    const others = tabs.filter((room) => room !== model.current);
    const elsewhere = byId("elsewhere", HTMLElement);
    elsewhere.hidden = others.every(({ unread }) => unread === 0);
    elsewhere.classList.toggle("mentioned", others.some(({ mentions }) => mentions > 0));
    document.title = title(tabs);
  }

  /** Scrolls the list, and nothing around it, to a room. @param {Room | undefined} room */
  function reveal(room) {
    revealed = room;
    const tab = room && items.get(room);
    const scroller = rooms.closest(".tabs");
    if (tab === undefined || scroller === null) return;
    const [inner, outer] = [tab, scroller].map((element) => element.getBoundingClientRect());
    if (inner === undefined || outer === undefined) return;
    const [above, below] = [outer.top - inner.top + MARGIN, inner.bottom - outer.bottom + MARGIN];
    scroller.scrollTop += Math.max(0, below) - Math.max(0, above);
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
function counts({ unread, mentions, newMessages, isRoom }) {
  if (unread === 0) return [];
  const count = unread > 99 ? "99+" : `${unread}${newMessages?.atLeast ? "+" : ""}`;
  const said = isRoom && mentions > 0 ? ` unread, ${mentions} for you` : " unread";
  return [count, make("span", "sr", said)];
}

/**
 * Replaces the items of a list if they differ. A focused button keeps the focus; if it is removed, the button in its place
 * gets it.
 *
 * @param {HTMLElement} list
 * @param {HTMLElement[]} items
 */
export function replaceItems(list, items) {
  if (items.length === list.children.length && items.every((item, i) => item === list.children[i])) return;
  const buttons = () => [...list.querySelectorAll("button")];
  const at = buttons().findIndex((button) => button === document.activeElement);
  const focused = document.activeElement;
  list.replaceChildren(...items);
  if (at < 0 || !(focused instanceof HTMLElement)) return;
  if (focused.isConnected) focused.focus();
  else buttons()[Math.min(at, items.length - 1)]?.focus();
}
