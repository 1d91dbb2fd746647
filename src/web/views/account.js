// @ts-check
/**
 * The account section of the settings: registering the nickname or, when logged in, being always on, logging out, changing
 * the password and deleting the account. Password fields are cleared as soon as a password was accepted.
 */
import {
  changePassword,
  dropAccount,
  ghost,
  hasAccounts,
  loadAlwaysOn,
  logout,
  register,
  setAlwaysOn,
} from "../account.js";
import { byId } from "../dom.js";
import { fold } from "../room.js";

/** @typedef {import("../chat.js").Chat} Chat */

const part = (/** @type {string} */ id) => byId(`account-${id}`, HTMLElement);
const field = (/** @type {string} */ id) => byId(`account-${id}`, HTMLInputElement);

/** What being always on means. */
const STAYING = "You stay in your rooms, shown as away, and see what you have missed when you come back.";
const NOT_STAYING = "This server does not keep people who are not connected.";

/** @param {Chat} chat @returns {{ open: () => void, update: () => void }} To call before it is shown, and on each change. */
export function showAccount(chat) {
  const section = byId("account", HTMLElement);
  const title = part("title");

  byId("account-logout", HTMLButtonElement).onclick = () => logout(chat, ...answers("problem"));
  byId("account-ghost", HTMLButtonElement).onclick = () => {
    ghost(chat, chat.connection.account, "", ...answers("problem"));
  };
  const alwaysOn = field("always-on");
  alwaysOn.onchange = () => {
    const on = alwaysOn.checked;
    alwaysOn.checked = !on; // until the server has changed it
    hush();
    setAlwaysOn(chat, on, (why) => part("problem").textContent = why);
  };
  onSubmit("own", (chat, password, done, failed) => {
    const { nick } = chat.model;
    // The server mentions the choice if there is one.
    const offer = " Do you want to stay in the chat when you close this page?";
    const replied = (/** @type {string} */ text) => {
      done(`${nick} is now registered.${text.includes("always-on") ? offer : ""}`);
    };
    register(chat, password, replied, failed);
  });
  onSubmit("change", changePassword);
  onSubmit("drop", dropAccount);
  for (const each of section.querySelectorAll("details")) each.ontoggle = () => each.open && hush();
  return { open, update };

  /** @param {"own" | "change" | "drop"} id @param {typeof register} run */
  function onSubmit(id, run) {
    part(id).querySelector("form")?.addEventListener("submit", (event) => {
      event.preventDefault();
      hush();
      const { value } = field(`${id}-password`);
      const [done, failed] = answers(`${id}-problem`);
      if (id !== "drop" && value !== field(`${id}-again`).value) failed("The passwords do not match.");
      else run(chat, value, done, failed);
    });
  }

  /** @param {string} problem The element that shows errors. @returns {import("../account.js").Callbacks} */
  function answers(problem) {
    const done = (/** @type {string} */ text) => {
      clear();
      update();
      part("done").textContent = text;
    };
    return [done, (why) => part(problem).textContent = why];
  }

  /** Clears all messages. */
  function hush() {
    for (const each of section.querySelectorAll(".problem")) each.textContent = "";
  }

  function clear() {
    hush();
    for (const form of section.querySelectorAll("form")) form.reset();
    for (const each of section.querySelectorAll("details")) each.open = false;
  }

  function open() {
    clear();
    update();
    loadAlwaysOn(chat);
  }

  function update() {
    const { account } = chat.connection;
    const { nick } = chat.model;
    const named = fold(nick) === fold(account);
    const within = section.contains(document.activeElement);
    section.hidden = !hasAccounts(chat) || !chat.online;
    title.textContent = account === "" ? `${nick} is not registered` : `You are logged in as ${account}`;
    part("about").textContent = account === ""
      ? "Register it with a password, so that no one else can use it, even while you are away."
      : named
      ? "This name is registered to you. No one else can use it."
      : `Your current name is ${nick}.`;
    byId("account-ghost", HTMLElement).textContent = `Use ${account}`;
    const stays = chat.model.alwaysOn;
    part("stay").hidden = account === "" || stays === undefined;
    alwaysOn.checked = stays?.on === true;
    part("stay-about").textContent = stays?.wanted && !stays.on ? NOT_STAYING : STAYING;
    part("ghost").hidden = named;
    part("in").hidden = part("change").hidden = part("drop").hidden = account === "";
    part("own").hidden = account !== "";
    for (const each of section.querySelectorAll("input")) {
      if (each.autocomplete === "username") each.value = account || nick;
    }
    // The focused element may be hidden now.
    if (within && document.activeElement?.checkVisibility() !== true) title.focus();
  }
}
