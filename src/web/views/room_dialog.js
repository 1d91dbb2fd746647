// @ts-check
/**
 * The dialog about a room: its topic and link for everyone; its settings, roles and bans, which operators change; and what
 * becomes of the room itself, for owners.
 */
import { hasAccounts, OFFLINE } from "../account.js";
import { askChanServ, loadBans, loadRoles } from "../chanserv.js";
import { LOBBY } from "../chat.js";
import { button, byId, formattedText, make, reveal } from "../dom.js";
import { loadExceptions, maskFor } from "../mask_lists.js";
import { isOperator, isOwner } from "../ranks.js";
import { fold, hashOf, toRoomName } from "../room.js";
import { personDialog } from "./person.js";
import { replaceItems } from "./tabs.js";

/** @typedef {import("../chat.js").Chat} Chat */
/** @typedef {import("../room.js").Room} Room */
/** @typedef {import("../chanserv.js").Role} Role */
/** @typedef {import("../chanserv.js").Ban} Ban */
/** @typedef {import("../mask_lists.js").Exception} Exception */

/** The settings that are on or off, by the letter of their mode. */
const SWITCHES = {
  i: "Invite-only: people need an invitation to enter",
  R: "Only registered users may enter",
  m: "Moderated: only operators and people with voice may speak",
  M: "Only registered users may speak",
  s: "Secret: not in the list of rooms",
  t: "Only operators may set the topic",
};

/** Those that mean nothing on a server without accounts. */
const FOR_ACCOUNTS = new Set(["R", "M"]);

const ROLE_TEXTS = { owner: "owner", operator: "operator", voice: "voice", member: "member" };

/** The role for each prefix of a member. */
const RANK_TEXTS = { "~": "owner", "@": "operator", "+": "voice" };

const FOR_OPERATORS = "Only operators of the room can change this.";

const dates = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

const input = (/** @type {string} */ id) => byId(id, HTMLInputElement);
const details = (/** @type {string} */ id) => byId(id, HTMLDetailsElement);
const show = (/** @type {string} */ id, /** @type {boolean} */ shown) => byId(id, HTMLElement).hidden = !shown;
const text = (/** @type {string} */ id, /** @type {string} */ value) => byId(id, HTMLElement).textContent = value;

/** @param {Chat} chat @returns {() => void} Opens the dialog, for a private conversation that about the person. */
export function aboutDialog(chat) {
  const it = byId("room-about", HTMLDialogElement);
  const topic = input("room-new-topic");
  const link = input("room-link");
  const erase = byId("room-delete", HTMLButtonElement);
  const switches = Object.entries(SWITCHES).map(([letter, label]) => makeSwitch(letter, label));
  byId("room-switches", HTMLElement).append(...switches.map(({ element }) => element));
  /** @type {Room | undefined} */
  let room;
  let owned = true; // whether an account owns the room, as far as is known
  let asked = false; // whether the user has pressed Delete once

  /** @param {string} letter @param {string} label */
  function makeSwitch(letter, label) {
    const box = make("input", "");
    box.type = "checkbox";
    box.onchange = () => {
      const on = box.checked;
      box.checked = !on; // until the server has changed it
      ask("MODE", room?.name ?? "", `${on ? "+" : "-"}${letter}`);
    };
    return { letter, box, element: make("label", "check", box, ` ${label}`) };
  }

  /** Sends a request about the room. Its error is shown in the dialog. @param {string} command @param {string[]} params */
  function ask(command, ...params) {
    send((context) => chat.request(command, params, context));
  }

  /** Sends a request to ChanServ. @param {string[]} words @param {() => void} [done] Called after it was successful. */
  function askService(words, done = () => {}) {
    let ok = false;
    send((context) => askChanServ(chat, words, { ...context, onReply: replied }), () => ok && done());
    /** @param {string} said */
    function replied(said) {
      ok = true;
      text("room-done", `${said.replace(/[^.!?]$/, "$&.")}`);
    }
  }

  /**
   * @param {(context: import("../context.ts").PendingRequest) => boolean} request
   * @param {() => void} [done] Called when it was answered.
   */
  function send(request, done = () => {}) {
    const about = room;
    text("room-problem", "");
    text("room-done", "");
    const sent = request({
      room,
      onError: (why) => text("room-problem", why),
      onDone() {
        done();
        if (room === about && it.open) reload();
      },
    });
    if (!sent) text("room-problem", OFFLINE);
  }

  /** @param {string} id @param {(value: string, room: Room) => void} run Gets the value of the form's field, which is cleared. */
  function form(id, run) {
    const element = byId(id, HTMLFormElement);
    element.onsubmit = (event) => {
      event.preventDefault();
      const field = element.querySelector("input");
      if (room === undefined || field === null) return;
      const value = field.value.trim();
      if (field.required) field.value = "";
      run(value, room);
    };
  }

  form("room-topic-form", (value, { name }) => {
    chat.request("TOPIC", [name, value], room && { room });
    it.close();
  });
  form("room-key-form", (value, { name, modes }) => {
    if (value !== "") ask("MODE", name, "+k", value);
    else if (modes.has("k")) ask("MODE", name, "-k", modes.get("k") || "*");
  });
  form("room-limit-form", (value, { name }) => {
    if (value === "") ask("MODE", name, "-l");
    else ask("MODE", name, "+l", value);
  });
  form("room-member-form", (value, { name }) => askService(["MEMBER", name, "ADD", value]));
  form("room-ban-form", (value, { name }) => ask("BAN", name, value));
  form("room-except-form", (value, { name }) => ask("MODE", name, "+e", maskFor(chat, value)));
  form("room-invite-form", (value, { name }) => ask("MODE", name, "+I", maskFor(chat, value)));
  form("room-rename-form", (value, { name }) => {
    ask("RENAME", name, toRoomName(value.replaceAll(" ", "-")));
  });
  form("room-transfer-form", (value, { name }) => askService(["TRANSFER", name, value]));
  erase.onclick = () => {
    if (room === undefined) return;
    if (!asked) {
      asked = true;
      drawDelete();
      return erase.scrollIntoView({ block: "nearest" });
    }
    const gone = room;
    // The server asks twice, too.
    const done = () => {
      it.close();
      chat.part(gone);
    };
    askService(["DROP", gone.name], () => {
      if (gone.state === "in") askService(["DROP", gone.name], done);
      else done(); // the user has asked once before, by command
    });
  };
  byId("room-leave", HTMLButtonElement).onclick = () => {
    it.close();
    if (room !== undefined) chat.part(room);
  };
  byId("room-copy", HTMLButtonElement).onclick = async () => {
    link.select();
    try {
      await navigator.clipboard.writeText(link.value);
      text("room-copy", "Copied");
    } catch {
      text("room-copy", "Press Ctrl C"); // the link is selected
    }
  };
  for (const each of it.querySelectorAll("details")) {
    each.ontoggle = () => {
      if (!each.open) return;
      reveal(each);
      reload();
    };
  }
  chat.model.listen((change, changed) => {
    if (it.open && changed === room && (change === "room" || change === "members")) draw();
  });

  /** Loads the lists that are shown. */
  function reload() {
    if (room === undefined || !it.open) return;
    const about = room;
    if (details("room-roles").open) loadRoles(chat, room, (roles) => about === room && drawRoles(about, roles));
    if (!details("room-bans").open) return;
    loadBans(chat, room, (bans) => about === room && drawBans(about, bans));
    if (!isOperator(chat, room)) return;
    loadExceptions(chat, room, "e", (found) => about === room && drawExceptions(about, "e", found));
    loadExceptions(chat, room, "I", (found) => about === room && drawExceptions(about, "I", found));
  }

  /** Draws what the model knows of the room. */
  function draw() {
    if (room === undefined) return;
    const { modes } = room;
    const operator = isOperator(chat, room);
    text("room-title", room.name);
    byId("room-topic", HTMLElement).replaceChildren(...formattedText(room.topic));
    link.value = `${location.origin}${location.pathname}${hashOf(room)}`;
    const mayTopic = operator || !modes.has("t");
    enable("room-topic-form", mayTopic);
    text("room-topic-why", mayTopic ? "" : "Only operators of the room can set its topic.");
    show("room-sections", fold(room.name) !== LOBBY && room.state === "in");
    text("room-settings-why", operator ? "" : FOR_OPERATORS);
    for (const { letter, box, element } of switches) {
      element.hidden = FOR_ACCOUNTS.has(letter) && !hasAccounts(chat);
      box.checked = modes.has(letter);
      box.disabled = !operator;
    }
    for (const [id, letter] of /** @type {const} */ ([["room-key", "k"], ["room-limit", "l"]])) {
      const field = input(id);
      if (field !== document.activeElement) field.value = modes.get(letter) ?? "";
      enable(`${id}-form`, operator);
    }
    show("room-member-form", operator && owned);
    show("room-ban-form", operator);
    show("room-exceptions", operator);
    show("room-own", isOwner(chat, room));
  }

  function drawDelete() {
    if (room === undefined) return;
    erase.textContent = asked ? `Yes, delete ${room.name} for good` : "Delete the room";
    text(
      "room-delete-about",
      asked ? "This cannot be undone. Everyone is removed from the room, and its messages are deleted." : "",
    );
  }

  /** @param {Room} room @param {Role[]} roles */
  function drawRoles(room, roles) {
    const operator = isOperator(chat, room);
    text(
      "room-roles-why",
      roles.length === 0
        ? "This room belongs to no account. A role lasts until the person leaves."
        : operator
        ? ""
        : FOR_OPERATORS,
    );
    owned = roles.length > 0;
    show("room-member-form", operator && owned);
    const guests = room.sortedMembers.filter(({ prefixes }) => prefixes !== "");
    const rows = roles.length > 0 ? roles.map((role) => roleRow(room, role)) : guests.map(({ nick, prefixes }) => {
      const role = RANK_TEXTS[/** @type {keyof RANK_TEXTS} */ (prefixes[0])];
      return row(nick, role, "", operator ? [changeButton(nick)] : []);
    });
    fill("room-roles", rows);
  }

  /** @param {Room} room @param {Role} role */
  function roleRow(room, { name, role, since }) {
    const own = fold(name) === fold(chat.connection.account);
    const may = !own && isOperator(chat, room) && (role !== "owner" || isOwner(chat, room));
    const remove = button("", "Remove", () => askService(["MEMBER", room.name, "REMOVE", name]));
    remove.setAttribute("aria-label", `Remove ${name}`);
    const here = room.members.has(fold(name));
    const buttons = may ? [...here ? [changeButton(name)] : [], remove] : [];
    return row(name, ROLE_TEXTS[role], `${own ? "you, " : ""}since ${dates.format(since)}`, buttons);
  }

  /** A button that opens the dialog about a person, who is in the room. @param {string} nick */
  function changeButton(nick) {
    const change = button("", "Change …", () => {
      it.close();
      personDialog(chat, nick);
    });
    change.setAttribute("aria-label", `Change the role of ${nick}`);
    return change;
  }

  /** @param {Room} room @param {Ban[]} bans */
  function drawBans(room, bans) {
    const operator = isOperator(chat, room);
    text("room-bans-why", bans.length === 0 ? "No one is banned." : operator ? "" : FOR_OPERATORS);
    const rows = bans.map(({ name, mask, by, since }) => {
      const unban = button("", "Unban", () => ask("UNBAN", room.name, mask));
      unban.setAttribute("aria-label", `Unban ${name}`);
      const host = name === mask || mask.startsWith("~a:") ? "" : `${mask}, `;
      return row(name, "", `${host}by ${by}, ${dates.format(since)}`, operator ? [unban] : []);
    });
    fill("room-bans", rows);
  }

  /** @param {Room} room @param {"e" | "I"} list @param {Exception[]} found */
  function drawExceptions(room, list, found) {
    const id = list === "e" ? "room-excepted" : "room-invited";
    text(`${id}-why`, found.length === 0 ? "No one." : "");
    const rows = found.map(({ name, mask, by, since }) => {
      const remove = button("", "Remove", () => ask("MODE", room.name, `-${list}`, mask));
      remove.setAttribute("aria-label", `Remove ${name}`);
      return row(name, "", `by ${by}, ${dates.format(since)}`, [remove]);
    });
    fill("room-bans", rows, `${id}-list`);
  }

  return () => {
    room = chat.model.current;
    if (room === undefined) return;
    if (!room.isRoom) return personDialog(chat, room.name);
    owned = true;
    asked = false;
    text("room-copy", "Copy");
    text("room-problem", "");
    text("room-done", "");
    for (const element of it.querySelectorAll("details")) element.open = false;
    for (const field of it.querySelectorAll("input")) if (field.required) field.value = "";
    topic.value = room.topic;
    chat.request("MODE", [room.name], { room, silent: true });
    draw();
    drawDelete();
    it.showModal();
  };
}

/** Enables or disables the fields and buttons of a form. @param {string} id @param {boolean} on */
function enable(id, on) {
  for (const field of byId(id, HTMLFormElement).querySelectorAll("input")) field.disabled = !on;
  for (const each of byId(id, HTMLFormElement).querySelectorAll("button")) each.disabled = !on;
}

/** Fills a list of a section. The focus stays in the section. @param {string} id @param {HTMLLIElement[]} rows @param {string} list */
function fill(id, rows, list = `${id}-list`) {
  const focused = details(id).contains(document.activeElement);
  replaceItems(byId(list, HTMLUListElement), rows);
  if (details(id).open && list === `${id}-list`) reveal(details(id));
  if (focused && !details(id).contains(document.activeElement)) details(id).querySelector("summary")?.focus();
}

/** A row of a list: a name, its role, more about it, and its buttons. @param {string} name @param {string} role @param {string} about @param {HTMLButtonElement[]} buttons */
function row(name, role, about, buttons) {
  const words = make("span", "words", make("b", "", name));
  if (role !== "") words.append(" ", make("span", "rank", role));
  words.append(make("span", "about", about));
  return make("li", "", words, ...buttons);
}
