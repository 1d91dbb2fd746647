// @ts-check
/**
 * The dialogs that a first visit may need, welcome and confirmation, and what all dialogs have in common.
 */
import { byId } from "./dom.js";
import { localStore, sessionStore } from "./storage.js";
import { focusComposer } from "./views/composer.js";

/** @typedef {import("./chat.js").Chat} Chat */
/** @typedef {import("./connection.js").Status} Status */

/** A field, a dialog. @param {string} id */
export const input = (id) => byId(id, HTMLInputElement);
/** @param {string} id */
export const dialog = (id) => byId(id, HTMLDialogElement);

/** Sets the text of an element. @param {string} id @param {string} value */
export function text(id, value) {
  byId(id, HTMLElement).textContent = value;
}

/** Sets the action of a dialog's form. @param {HTMLDialogElement} dialog @param {() => void} run */
export function submit(dialog, run) {
  dialog.querySelector("form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
}

/** Makes dialogs close on a click outside, or on their close button. The welcome dialog stays open. @param {Iterable<HTMLDialogElement>} dialogs */
export function prepareDialogs(dialogs) {
  for (const each of dialogs) {
    each.addEventListener("click", ({ target }) => {
      const closes = target === each || (target instanceof HTMLElement && "close" in target.dataset);
      if (closes && each.id !== "enter") each.close();
    });
    each.addEventListener("close", () => focusComposer());
  }
}

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
