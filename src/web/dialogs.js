// @ts-check
/**
 * The dialogs: welcome, going to a room, about a person, settings, help, and confirmation.
 */
import { loadOwnModes, login } from "./account.js";
import { loadBans } from "./chanserv.js";
import { colour } from "./colours.js";
import { ALIASES, listedCommands } from "./commands.js";
import { button, byId, make } from "./dom.js";
import { makeRoving } from "./keys.js";
import { localStore, sessionStore } from "./storage.js";
import { isOperator, personActions, serverActions } from "./person_actions.js";
import { places } from "./places.js";
import { fold } from "./room.js";
import * as notifications from "./notify.js";
import { showAccount } from "./views/account.js";
import { focusComposer, insertText, showInputError } from "./views/composer.js";

/** @typedef {import("./chat.js").Chat} Chat */
/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./connection.js").Status} Status */

/** The most rooms and users that the dialog lists. */
const PLACES_MAX = 100;

const input = (/** @type {string} */ id) => byId(id, HTMLInputElement);
const dialog = (/** @type {string} */ id) => byId(id, HTMLDialogElement);
const text = (/** @type {string} */ id, /** @type {string} */ value) => byId(id, HTMLElement).textContent = value;

/** Sets the action of a button. @param {string} id @param {() => void} run */
function press(id, run) {
  byId(id, HTMLButtonElement).onclick = run;
}

/** Sets the action of a dialog's form. @param {HTMLDialogElement} dialog @param {() => void} run */
function submit(dialog, run) {
  dialog.querySelector("form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
}

/** Makes all dialogs close on a click outside, or on their close button. The welcome dialog stays open. */
export function prepareDialogs() {
  for (const each of document.querySelectorAll("dialog")) {
    each.addEventListener("click", ({ target }) => {
      const closes = target === each || (target instanceof HTMLElement && "close" in target.dataset);
      if (closes && each.id !== "enter") each.close();
    });
    each.addEventListener("close", () => focusComposer());
  }
}

/** Shown if the module of a dialog cannot be loaded. */
const NOT_LOADED = "This part of the page could not be loaded. Try again when the connection is back.";

/** @type {(() => Promise<unknown>)[]} Load the modules of dialogs. */
const loaders = [];

/**
 * A dialog whose module is loaded by `loadDialogs`, or when the dialog is opened: the first visit is shorter without it.
 *
 * @template {unknown[]} Args
 * @param {() => Promise<(...args: Args) => void>} load Returns the function that opens the dialog.
 * @returns {(...args: Args) => void} Opens it.
 */
export function later(load) {
  /** @type {Promise<(...args: Args) => void> | undefined} */
  let loading;
  const loaded = () =>
    loading ??= load().catch((error) => {
      loading = undefined;
      throw error;
    });
  loaders.push(loaded);
  return (...args) => void loaded().then((open) => open(...args), () => showInputError(NOT_LOADED));
}

/** Loads the modules of all dialogs that are loaded later. */
export function loadDialogs() {
  for (const load of loaders) load().catch(() => {}); // tried again when it is needed
}

/** Opens the dialog of server operators. */
export const openOperator = later(async () => (await import("./views/operator.js")).openOperator);

/** Opens the dialog that disconnects, mutes or bans a person. */
const openSanction = later(async () => (await import("./views/operator.js")).openSanction);

/**
 * The welcome dialog, which asks for a nickname and for passwords.
 *
 * @param {Chat} chat
 * @param {string} room The room in the address, or the empty string.
 * @param {boolean} isInvited Whether the page was opened by an invite link.
 */
export function enterDialog(chat, room, isInvited = false) {
  const it = dialog("enter");
  const name = input("enter-name");
  const go = byId("enter-go", HTMLButtonElement);
  const passwords = { server: input("enter-server-password"), account: input("enter-password") };
  if (room !== "") text("enter-where", `Choose a name to join ${room}.`);
  if (isInvited) text("enter-where", "You are invited. Choose a name to join.");
  const known = isInvited ? sessionStore.get("nick") || localStore.get("nick") : "";
  name.value = sessionStore.get("draft name") || chat.wantedNick || known;
  name.oninput = () => {
    sessionStore.set("draft name", name.value);
    if (chat.connection.status.passwordFor !== "account") return;
    askFor(undefined); // the password was for another nickname
    say("");
  };
  it.oncancel = (event) => event.preventDefault();
  it.onclose = () => {
    if (!chat.online && !entering()) it.showModal(); // some browsers close it on a second Escape
  };
  submit(it, () => {
    const nick = name.value.trim();
    if (nick === "") return;
    say("");
    const { server, account } = passwords;
    if (server.value !== "") chat.connection.password = server.value;
    if (account.value !== "") chat.connection.login = { name: nick, password: account.value };
    server.value = account.value = "";
    chat.connect(nick);
  });

  /** Whether the server has accepted the nickname before, so that the dialog is not needed. */
  const entering = () => chat.connection.source !== "" && chat.connection.status.kind !== "rejected";

  /** @param {string} what @param {boolean} fine Whether it is not an error. */
  function say(what, fine = false) {
    text("enter-problem", what);
    byId("enter-problem", HTMLElement).classList.toggle("fine", fine);
  }

  /** Shows the field for a password, or none. @param {Status["passwordFor"]} whose @param {boolean} optional Whether it may stay empty. */
  function askFor(whose, optional = false) {
    for (const [each, field] of Object.entries(passwords)) {
      field.required = each === whose && !optional;
      byId(each === "server" ? "enter-server" : "enter-own", HTMLElement).hidden = each !== whose;
      field.value = "";
    }
    name.setAttribute("autocomplete", whose === "account" ? "username" : "nickname"); // for password managers
  }

  return {
    open() {
      if (!it.open) it.showModal();
      name.select();
    },
    /** Called when the status of the connection has changed. */
    update() {
      const { kind, reason = "", passwordFor, optional = false, wasRejected = false } = chat.connection.status;
      if (kind === "online") {
        askFor(undefined);
        it.close();
        sessionStore.set("draft name", "");
      } else if (kind === "rejected") {
        if (!it.open) {
          name.value = chat.wantedNick;
          it.showModal();
        }
        askFor(passwordFor, optional);
        say(reason, passwordFor !== undefined && !wasRejected && !optional);
        if (passwordFor === undefined || optional) name.select();
        else passwords[passwordFor].focus();
      } else if (!it.open) return;
      else if (kind === "waiting") say(`${reason} Trying again automatically.`);
      else if (kind === "idle") say(reason);
      go.textContent = kind === "connecting" ? "Joining …" : "Join";
    },
  };
}

/** The dialog that lists rooms and users, and goes to the one that is chosen or typed. @param {Chat} chat */
export function goDialog(chat) {
  const it = dialog("go");
  const name = input("go-name");
  const list = byId("go-list", HTMLUListElement);
  /** @type {import("./context.ts").ListedRoom[]} */
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
    /** @type {import("./context.ts").ListedRoom[]} */
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

  /** @param {import("./places.js").Place} place */
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

/** The fragment of the address for a room. @param {Room | undefined} room */
export function hashOf(room) {
  return room?.isRoom ? `#${encodeURIComponent(room.name.slice(1)).replaceAll("%23", "#")}` : "";
}

/** The dialog about a person, with the commands that the user may give. @param {Chat} chat @param {string} nick */
export function personDialog(chat, nick) {
  const it = dialog("person");
  const { model } = chat;
  const room = model.current;
  if (room === undefined) return;
  const title = byId("person-title", HTMLElement);
  title.textContent = nick;
  title.className = `nick ${colour(nick)}`;
  const person = room.members.get(fold(nick));
  const rank = RANK_TEXTS[/** @type {keyof RANK_TEXTS} */ (person?.prefixes[0] ?? "")] ?? "";
  const own = fold(nick) === fold(model.nick);
  const gone = room.isRoom && person === undefined ? "Not in this room" : "";
  const about = [own ? "This is you" : "", rank, gone, person?.away ? "Away" : ""];
  text("person-about", about.filter((it) => it).join(" · "));

  /** @param {boolean} banned */
  const draw = (banned) => {
    const mention = () => insertText(`${nick} `);
    const { actions, moderation, why } = personActions(chat, room, nick, { banned, mention });
    byId("person-actions", HTMLElement).replaceChildren(...actions.map(actionButton));
    byId("person-moderation", HTMLElement).replaceChildren(...moderation.map(actionButton));
    byId("person-moderation-title", HTMLElement).hidden = moderation.length === 0;
    text("person-moderation-title", `In ${room.name}`);
    text("person-why", why);
    const server = serverActions(chat, room, nick, (kind) => {
      if (kind === "reset") openOperator(chat, { section: kind, value: nick });
      else openSanction(chat, kind, nick, (text) => model.tell(room, text));
    });
    byId("person-server", HTMLElement).replaceChildren(...server.map(actionButton));
    byId("person-server-title", HTMLElement).hidden = server.length === 0;
  };
  /** @param {import("./person_actions.js").Action} action */
  const actionButton = ({ label, run }) =>
    button("", label, () => {
      it.close();
      run();
    });
  draw(false);
  it.showModal();
  if (own || !room.isRoom || !isOperator(chat, room)) return;
  loadBans(chat, room, (bans) => {
    const banned = bans.some(({ name }) => fold(name) === fold(nick));
    if (!banned || !it.open || title.textContent !== nick) return;
    const at = [...it.querySelectorAll("button")].findIndex((each) => each === document.activeElement);
    draw(true);
    it.querySelectorAll("button")[at]?.focus(); // the buttons are new
  });
}

/** What a person with a prefix is called. */
const RANK_TEXTS = { "~": "Owner of this room", "@": "Operator of this room", "+": "Has voice" };

/** The settings: nickname, account, notifications. @param {Chat} chat @param {{ help: () => void, devices: () => void, operator: () => void }} others The dialogs that it leads to. @returns {{ open: () => void, update: () => void }} */
export function settingsDialog(chat, { help, devices, operator }) {
  const it = dialog("settings");
  const name = input("settings-name");
  const password = input("settings-password");
  const notify = input("settings-notify");
  const account = showAccount(chat);
  notify.disabled = !notifications.isSupported;

  /** Shows or hides the field for the password of a registered nickname. @param {boolean} registered */
  function askForPassword(registered) {
    byId("settings-own", HTMLElement).hidden = !registered;
    password.required = registered;
    password.value = "";
    text("settings-go", registered ? "Log in" : "Change");
    name.setAttribute("autocomplete", registered ? "username" : "nickname");
    if (registered) password.focus();
  }

  name.oninput = () => {
    if (!password.required) return;
    askForPassword(false); // the password was for another nickname
    text("settings-problem", "");
  };
  submit(it, () => {
    const nick = name.value.trim();
    if (nick === chat.model.nick || nick === "") return it.close();
    text("settings-problem", "");
    const failed = (/** @type {string} */ why, registered = false) => {
      if (registered) askForPassword(true);
      text("settings-problem", registered ? "This name is registered. If it is yours, enter its password." : why);
    };
    if (password.required) {
      login(chat, { name: nick, password: password.value }, () => {}, failed);
      password.value = "";
    } else if (!chat.request("NICK", [nick], { onError: failed })) {
      failed("Not connected. Try again when the connection is back.");
    }
  });
  chat.model.listen((change) => {
    if (!it.open) return;
    if (change === "user") account.update();
    if (change !== "tabs") return;
    if (chat.model.nick === name.value.trim()) it.close();
    else account.update();
  });
  notify.onchange = async () => {
    const wanted = notify.checked;
    notify.checked = await notifications.setEnabled(wanted);
    text(
      "settings-notify-problem",
      wanted && !notify.checked ? "The browser blocks notifications from this page. Allow them in its settings." : "",
    );
  };
  press("settings-help", () => {
    it.close();
    help();
  });
  press("account-devices", () => {
    it.close();
    devices();
  });
  press("settings-operator", () => {
    it.close();
    operator();
  });
  press("settings-leave", () => {
    it.close();
    chat.connection.disconnect("");
  });

  return {
    open() {
      name.value = chat.model.nick || chat.wantedNick;
      notify.checked = notifications.isEnabled();
      askForPassword(false);
      text("settings-problem", "");
      text("settings-notify-problem", "");
      account.open();
      loadOwnModes(chat);
      it.showModal();
    },
    update: account.update,
  };
}

/** The help: keys and commands. @param {Chat} chat */
export function helpDialog(chat) {
  const it = dialog("help");
  return () => {
    byId("help-commands", HTMLElement).replaceChildren(
      ...listedCommands(chat).flatMap(([name, { args, help }]) => [
        make("dt", "", make("b", "", `/${name}`), ` ${args}`),
        make("dd", "", help + otherNames(name)),
      ]),
    );
    it.showModal();
  };
}

/** The aliases of a command, in parentheses. @param {string} name */
function otherNames(name) {
  const aliases = Object.keys(ALIASES).filter((alias) => ALIASES[alias] === name);
  return aliases.length === 0 ? "" : ` (also ${aliases.map((alias) => `/${alias}`).join(", ")})`;
}

/** The dialog that asks before many messages are sent. */
export function confirmDialog() {
  const it = dialog("confirm");
  let agreed = () => {};
  submit(it, () => {
    it.close();
    agreed();
  });
  return (/** @type {number} */ messages, /** @type {() => void} */ yes) => {
    agreed = yes;
    text("confirm-title", `Send ${messages} messages?`);
    it.showModal();
    byId("confirm-yes", HTMLElement).focus();
  };
}
