// @ts-check
/**
 * The page: creates the chat and all views, and handles what concerns the whole page: the address, keys, drawers, focus and
 * what the browser stores.
 */
import { forgetToken, loadAlwaysOn, loadLogin, loadOwnModes, saveServerPassword, staySignedIn } from "./account.js";
import { Chat, LOBBY } from "./chat.js";
import { confirmDialog, enterDialog, prepareDialogs } from "./dialogs.js";
import { announce, byId } from "./dom.js";
import { joinInvitation, takeInvitation, useInvitation } from "./invitation.js";
import { plainText } from "./format.js";
import { ignoreComposingKeys } from "./keys.js";
import { later, loadLater, whenOnline } from "./later.js";
import { webSockets } from "./rejection.js";
import { saveReadMarkers } from "./read_markers.js";
import { sendMarkers, storeMarker } from "./read_sync.js";
import { localStore, sessionStore } from "./storage.js";
import { notify } from "./notify.js";
import { canSearch } from "./history.js";
import { fold, hashOf } from "./room.js";
import { focusComposer, showComposer, showInputError } from "./views/composer.js";
import { showMessages } from "./views/messages.js";
import { showPeople } from "./views/people.js";
import { showRoom, showStatus } from "./views/room.js";
import { showTabs } from "./views/tabs.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./lines.js").Line} Line */
/** @typedef {import("./connection.js").Status} Status */

const invitation = takeInvitation(); // first, as it changes the address
const chat = new Chat(webSockets(new URL("irc", location.href.replace(/^http/, "ws").replace(/[?#].*/s, "")).href));
const { model } = chat;
chat.network = document.title; // as the server wrote it into the page

ignoreComposingKeys();
prepareDialogs(document.querySelectorAll("dialog"));
const help = later(async () => (await import("./views/help.js")).helpDialog(chat));
const go = later(async () => (await import("./views/go.js")).goDialog(chat));
const about = later(async () => (await import("./views/room_dialog.js")).aboutDialog(chat));
const search = later(async () => (await import("./views/search.js")).searchDialog(chat));
const devices = later(async () => (await import("./views/devices.js")).devicesDialog(chat));
const invite = later(async () => (await import("./views/invite.js")).inviteDialog(chat));
const openOperator = later(async () => (await import("./views/operator.js")).openOperator);
const operator = (name = "") => openOperator(chat, { name });
let updateSettings = () => {};
const settings = later(async () => {
  const { open, update } = (await import("./views/settings.js")).settingsDialog(chat, { help, devices, operator });
  updateSettings = update;
  return open;
});
const openPerson = later(async () => (await import("./views/person.js")).personDialog);
const person = (/** @type {string} */ nick) => {
  closeDrawers();
  openPerson(chat, nick);
};
showTabs(chat, (room) => {
  closeDrawers();
  model.show(room);
  focusComposer();
});
const scrollPages = showMessages(chat, person);
showPeople(chat, person, invite);
showRoom(chat);
let sendFiles = () => false;
whenOnline(() => import("./views/uploads.js")).then(({ showUploads }) => {
  sendFiles = showUploads(chat, showInputError).send;
});
showComposer(chat, {
  help,
  go,
  search,
  settings,
  devices,
  invite,
  operator,
  confirm: confirmDialog(),
  sendFiles: () => sendFiles(),
});
whenOnline(() => import("./views/reply_bar.js")).then(({ showReplyBar }) => showReplyBar(chat));
whenOnline(() => import("./views/typing.js")).then(({ showTyping }) => showTyping(chat));
const updateStatus = showStatus(chat);

// Drawers: on narrow screens, rooms and people are hidden beside the page until a button opens them.

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
  settings();
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
    // Typing anywhere on the page goes into the input field.
    if (document.activeElement === document.body || isLogFocused()) focusComposer(true);
  }
});

/** Whether the focus is in the input field, or nowhere: then PageUp and PageDown scroll the messages. */
function isComposerOrNothing() {
  return document.activeElement === document.body || document.activeElement?.id === "words";
}

/** Whether the focus is on the messages, or on one of them. */
function isLogFocused() {
  const { activeElement } = document;
  return activeElement?.getAttribute("role") === "log" || activeElement?.classList.contains("line") === true;
}

// The address contains the current room, so that the user can share it.

/** The room in the address, or the empty string. */
function roomInAddress() {
  let name = location.hash.slice(1);
  try {
    name = decodeURIComponent(name);
  } catch {
    // not percent-encoded
  }
  return name === "" ? "" : `#${name}`;
}

// A link to a room opens its tab here, unless the user asks for a new window.
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[data-room]") : null;
  if (!(link instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  link.closest("dialog")?.close();
  chat.openTab(link.dataset["room"] ?? "");
  focusComposer();
});

addEventListener("hashchange", () => {
  const name = roomInAddress();
  if (name !== "" && model.nick !== "") chat.openTab(name);
});

/** @type {string | undefined} The room that the address names, or the private conversation that it does not. */
let nameInAddress;

function updateAddress() {
  nameInAddress = model.current?.name;
  history.replaceState(null, "", `${location.pathname}${location.search}${hashOf(model.current)}`);
}

model.listen((change, room) => {
  if (change === "current") {
    updateAddress();
    if (room === undefined) model.show(chat.join(LOBBY)); // one tab is always open
  }
  if (change === "room" && room?.name !== nameInAddress && room === model.current) updateAddress(); // it was renamed
  if (change === "room" || change === "tabs") {
    const rooms = model.tabs.filter((room) => room.isRoom && (room.state !== "out" || room.joinError?.needsKey));
    localStore.set("rooms", JSON.stringify(rooms.map(({ name }) => name)));
  }
});

// Read markers.

model.listen((change, room) => {
  if (change === "read" && room !== undefined) storeMarker(chat, room);
});
addEventListener("pagehide", saveMarkers);

function saveMarkers() {
  saveReadMarkers();
  sendMarkers(chat);
}

// Whether the user sees the page, and notifications if not.

const updateVisible = () => model.setVisible(document.visibilityState === "visible" && document.hasFocus());
for (const event of ["focus", "blur"]) addEventListener(event, updateVisible);
document.addEventListener("visibilitychange", () => {
  updateVisible();
  saveMarkers();
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

// Connecting.

/** @param {string} text @returns {unknown} */
function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const linkedRoom = roomInAddress();
const enter = enterDialog(chat, linkedRoom, invitation !== "");
chat.onStatus = (/** @type {Status} */ { kind }) => {
  updateStatus();
  enter.update();
  updateSettings();
  if (kind === "online" || kind === "rejected") saveServerPassword(chat);
  if (kind !== "online") {
    model.setServerOperator(false);
    model.setAlwaysOn(undefined);
    return;
  }
  loadLater();
  joinInvitation(chat);
  staySignedIn(chat);
  if (chat.connection.account !== "") loadOwnModes(chat); // the user may be a server operator by another device
  byId("show-search", HTMLElement).hidden = !canSearch(chat);
  if (model.nick !== chat.wantedNick) {
    const own = fold(chat.connection.account) === fold(chat.wantedNick);
    const why = chat.connection.isNickRegistered ? `${chat.wantedNick} is registered` : `${chat.wantedNick} is in use`;
    const way = own
      ? `/ghost ${chat.wantedNick}`
      : chat.connection.isNickRegistered
      ? `/login ${chat.wantedNick} PASSWORD`
      : "";
    const what = `${why}, so your name is ${model.nick} for now.`;
    model.tell(model.current, way === "" ? what : `${what} To get it back: ${way}`);
  }
  localStore.set("nick", chat.wantedNick);
  sessionStore.set("nick", chat.wantedNick);
  focusComposer();
};
chat.onAccount = () => {
  if (chat.connection.account === "") forgetToken();
  staySignedIn(chat);
  model.setAlwaysOn(undefined);
  loadAlwaysOn(chat);
  loadOwnModes(chat);
  updateSettings();
};
model.listen((change) => {
  if (change !== "tabs" || model.nick === "" || model.nick !== chat.wantedNick) return;
  localStore.set("nick", model.nick);
  sessionStore.set("nick", model.nick);
});

const savedRooms = /** @type {string[]} */ (parseJson(localStore.get("rooms")) ?? []);
for (const name of [LOBBY, ...savedRooms, ...linkedRoom === "" ? [] : [linkedRoom]]) {
  model.open(name);
}
model.show(model.find(linkedRoom) ?? model.find(LOBBY));
updateVisible();

// Each tab has its own nickname once it was connected. A new tab begins with the one that was used last.
loadLogin(chat);
useInvitation(chat, invitation);
chat.connection.onSignedOut = forgetToken;
const last = sessionStore.get("nick") || localStore.get("nick");
if (last === "" || invitation !== "") enter.open();
else chat.connect(last);
