// @ts-check
/**
 * The page: brings together the chat and what is seen of it, and takes care of what concerns all of it: the address, the
 * keys, the drawers, what is remembered.
 */
import { loadPasswords, savePasswords } from "./account.js";
import { Chat, LOBBY } from "./chat.js";
import {
  aboutDialog,
  confirmDialog,
  enterDialog,
  goDialog,
  hashOf,
  helpDialog,
  personDialog,
  prepareDialogs,
  settingsDialog,
} from "./dialogs.js";
import { announce, byId } from "./dom.js";
import { plainText } from "./format.js";
import { ignoreComposingKeys } from "./keys.js";
import { saveReadMarkers, setReadMarker } from "./read_markers.js";
import { localStore, sessionStore } from "./storage.js";
import { notify } from "./notify.js";
import { canSearch } from "./history.js";
import { fold } from "./room.js";
import { focusComposer, showComposer } from "./views/composer.js";
import { showMessages } from "./views/messages.js";
import { showPeople } from "./views/people.js";
import { showRoom, showStatus } from "./views/room.js";
import { searchDialog } from "./views/search.js";
import { showTabs } from "./views/tabs.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./lines.js").Line} Line */
/** @typedef {import("./connection.js").Status} Status */

const chat = new Chat(new URL("irc", location.href.replace(/^http/, "ws").replace(/[?#].*/s, "")).href);
const { model } = chat;
chat.network = document.title; // as the server wrote it into the page

ignoreComposingKeys();
prepareDialogs();
const help = helpDialog();
const go = goDialog(chat);
const about = aboutDialog(chat);
const search = searchDialog(chat);
const settings = settingsDialog(chat, help);
const person = (/** @type {string} */ nick) => {
  closeDrawers();
  personDialog(chat, nick);
};
showTabs(chat, (room) => {
  closeDrawers();
  model.show(room);
  focusComposer();
});
const scrollPages = showMessages(chat, person);
showPeople(model, person);
showRoom(chat);
showComposer(chat, { help, go, search, settings: settings.open, confirm: confirmDialog() });
const updateStatus = showStatus(chat);

// Drawers: on narrow screens, the rooms and the people lie beside the page until they are asked for.

const app = byId("app", HTMLElement);
const scrim = byId("scrim", HTMLButtonElement);
const drawers = { rooms: byId("show-rooms", HTMLButtonElement), people: byId("show-people", HTMLButtonElement) };

/** @param {keyof typeof drawers} name */
function openDrawer(name) {
  app.dataset["drawer"] = name;
  scrim.hidden = false;
  byId("main", HTMLElement).inert = true;
  drawers[name].setAttribute("aria-expanded", "true");
  const drawer = byId(name, HTMLElement);
  const first = drawer.querySelector("[aria-current]") ?? drawer.querySelector("button");
  if (first instanceof HTMLElement) requestAnimationFrame(() => first.focus());
}

function closeDrawers() {
  if (app.dataset["drawer"] === undefined) return;
  delete app.dataset["drawer"];
  scrim.hidden = true;
  byId("main", HTMLElement).inert = false;
  for (const button of Object.values(drawers)) button.setAttribute("aria-expanded", "false");
}

drawers.rooms.onclick = () => openDrawer("rooms");
drawers.people.onclick = () => openDrawer("people");
scrim.onclick = closeDrawers;
for (const width of [699, 1023]) matchMedia(`(max-width: ${width}px)`).onchange = closeDrawers;

byId("about", HTMLElement).onclick = about;
byId("you", HTMLElement).onclick = () => {
  closeDrawers();
  settings.open();
};
byId("show-search", HTMLElement).onclick = () => search("");
byId("join", HTMLElement).onclick = () => {
  closeDrawers();
  go("");
};

// Keys.

addEventListener("keydown", (event) => {
  const { key, altKey, ctrlKey, metaKey } = event;
  if (document.querySelector("dialog[open]") !== null) return;
  if (key === "Escape") {
    closeDrawers();
    focusComposer(true);
  } else if ((ctrlKey || metaKey) && !altKey && key.toLowerCase() === "k") {
    event.preventDefault();
    closeDrawers();
    go("");
  } else if ((ctrlKey || metaKey) && event.shiftKey && !altKey && key.toLowerCase() === "f") {
    event.preventDefault();
    closeDrawers();
    search("");
  } else if ((key === "PageUp" || key === "PageDown") && !altKey && !ctrlKey && !metaKey && isComposerOrNothing()) {
    event.preventDefault();
    scrollPages(key === "PageUp" ? -1 : 1);
  } else if (altKey && !ctrlKey && (key === "ArrowUp" || key === "ArrowDown")) {
    event.preventDefault();
    const { tabs } = model;
    const at = tabs.findIndex((room) => room === model.current) + (key === "ArrowUp" ? -1 : 1);
    model.show(tabs[(at + tabs.length) % tabs.length]);
    focusComposer();
  } else if (key.length === 1 && key !== " " && !altKey && !ctrlKey && !metaKey) {
    // Whoever begins to write means to.
    if (document.activeElement === document.body || isLogFocused()) focusComposer(true);
  }
});

/** Whether the keys are for nothing that could be paged through: for what one writes, or for nothing. */
function isComposerOrNothing() {
  return document.activeElement === document.body || document.activeElement?.id === "words";
}

/** Whether the keys are for what was said: for all of it, or for a line of it. */
function isLogFocused() {
  const { activeElement } = document;
  return activeElement?.getAttribute("role") === "log" || activeElement?.classList.contains("line") === true;
}

// The address names the room that is shown, so that it can be passed on.

/** The room that the address names. */
function roomInAddress() {
  let name = location.hash.slice(1);
  try {
    name = decodeURIComponent(name);
  } catch {
    // then it is meant as it is
  }
  return name === "" ? "" : `#${name}`;
}

addEventListener("hashchange", () => {
  const name = roomInAddress();
  if (name !== "" && model.nick !== "") chat.openTab(name);
});

model.listen((change, room) => {
  if (change === "current") {
    history.replaceState(null, "", `${location.pathname}${location.search}${hashOf(room)}`);
    if (room === undefined) model.show(chat.join(LOBBY)); // there is always somewhere to be
  }
  if (change === "room" || change === "tabs") {
    const rooms = model.tabs.filter((room) => room.isRoom && (room.state !== "out" || room.joinError?.needsKey));
    localStore.set("rooms", JSON.stringify(rooms.map(({ name }) => name)));
    const people = model.tabs.filter((room) => !room.isRoom);
    if (chat.online) localStore.set("people", JSON.stringify(people.map(({ name }) => name)));
    sessionStore.set("keys", JSON.stringify(rooms.filter(({ key }) => key !== "").map(({ name, key }) => [name, key])));
  }
});

// Up to where one has read.

model.listen((change, room) => {
  if (change === "read" && room?.lastRead !== undefined) setReadMarker(room.name, room.lastRead);
});
addEventListener("pagehide", saveReadMarkers);

// Whether somebody is looking, and what they are told when not.

const looking = () => model.setVisible(document.visibilityState === "visible" && document.hasFocus());
for (const event of ["focus", "blur"]) addEventListener(event, looking);
document.addEventListener("visibilitychange", () => {
  looking();
  saveReadMarkers();
  if (document.visibilityState === "visible") chat.connection.ping();
});
addEventListener("online", () => chat.connection.retryNow());
addEventListener("offline", () => chat.connection.ping());

chat.onMention = (/** @type {Room} */ room, /** @type {Line} */ { nick = "", text }) => {
  if (room === model.current && model.visible) return;
  const where = room.isRoom ? `${nick} in ${room.name}` : nick;
  announce(`${where}: ${plainText(text)}`);
  notify(where, plainText(text), () => model.show(room));
};

// Coming in.

/** @param {string} text @returns {unknown} */
function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const linkedRoom = roomInAddress();
const enter = enterDialog(chat, linkedRoom);
chat.onStatus = (/** @type {Status} */ { kind }) => {
  updateStatus();
  enter.update();
  settings.update();
  if (kind === "online" || kind === "rejected") savePasswords(chat);
  if (kind !== "online") return;
  byId("show-search", HTMLElement).hidden = !canSearch(chat);
  if (model.nick !== chat.wantedNick) {
    const own = fold(chat.connection.account) === fold(chat.wantedNick);
    const why = chat.connection.isNickRegistered
      ? `${chat.wantedNick} is somebody’s own name`
      : `Somebody is called ${chat.wantedNick}`;
    const way = own
      ? `/ghost ${chat.wantedNick}`
      : chat.connection.isNickRegistered
      ? `/login ${chat.wantedNick} PASSWORD`
      : "";
    const what = `${why}, so you are ${model.nick} for now.`;
    model.tell(model.current, way === "" ? what : `${what} To have it back: ${way}`);
  }
  localStore.set("nick", chat.wantedNick);
  sessionStore.set("nick", chat.wantedNick);
  focusComposer();
};
chat.onAccount = () => {
  savePasswords(chat);
  settings.update();
};
model.listen((change) => {
  if (change !== "tabs" || model.nick === "" || model.nick !== chat.wantedNick) return;
  localStore.set("nick", model.nick);
  sessionStore.set("nick", model.nick);
});

const keys = new Map(/** @type {[string, string][]} */ (parseJson(sessionStore.get("keys")) ?? []));
chat.openConversations = /** @type {string[]} */ (parseJson(localStore.get("people")) ?? []);
const savedRooms = /** @type {string[]} */ (parseJson(localStore.get("rooms")) ?? []);
for (const name of [LOBBY, ...savedRooms, ...linkedRoom === "" ? [] : [linkedRoom]]) {
  model.open(name).key = keys.get(name) ?? "";
}
model.show(model.find(linkedRoom) ?? model.find(LOBBY));
looking();

// Each tab has its own name, once it has one, and shows whose it is.
loadPasswords(chat);
const last = sessionStore.get("nick") || localStore.get("nick");
if (last === "") enter.open();
else chat.connect(last);
