// @ts-check
/**
 * The part of one's settings that is about names that are one's own: making the name one's own, or, when one is logged
 * in, logging out, taking another password, giving the name up. A password leaves its field as soon as it was right.
 */
import { changePassword, dropAccount, ghost, hasAccounts, logout, register } from "../account.js";
import { byId } from "../dom.js";
import { fold } from "../room.js";

/** @typedef {import("../chat.js").Chat} Chat */

const part = (/** @type {string} */ id) => byId(`account-${id}`, HTMLElement);
const field = (/** @type {string} */ id) => byId(`account-${id}`, HTMLInputElement);

/** @param {Chat} chat @returns {{ open: () => void, update: () => void }} To be called when it is to be seen, and when anything has changed. */
export function showAccount(chat) {
  const section = byId("account", HTMLElement);
  const title = part("title");

  byId("account-logout", HTMLButtonElement).onclick = () => logout(chat, ...answers("problem"));
  byId("account-ghost", HTMLButtonElement).onclick = () => {
    ghost(chat, chat.connection.account, "", ...answers("problem"));
  };
  onSubmit("own", register);
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
      if (id !== "drop" && value !== field(`${id}-again`).value) failed("These are two different passwords.");
      else run(chat, value, done, failed);
    });
  }

  /** @param {string} problem Where it is told what went wrong. @returns {import("../account.js").Callbacks} */
  function answers(problem) {
    const done = (/** @type {string} */ text) => {
      clear();
      update();
      part("done").textContent = text;
    };
    return [done, (why) => part(problem).textContent = why];
  }

  /** Says nothing any more. */
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
  }

  function update() {
    const { account } = chat.connection;
    const { nick } = chat.model;
    const named = fold(nick) === fold(account);
    const within = section.contains(document.activeElement);
    section.hidden = !hasAccounts(chat) || !chat.online;
    title.textContent = account === "" ? `${nick} is nobody’s own name` : `You are logged in as ${account}`;
    part("about").textContent = account === ""
      ? "With a password it can be yours: then nobody else is called so, whether you are here or not."
      : named
      ? "This name is your own. Nobody else can have it."
      : `You are called ${nick} at the moment.`;
    byId("account-ghost", HTMLElement).textContent = `Be ${account}`;
    part("ghost").hidden = named;
    part("in").hidden = part("change").hidden = part("drop").hidden = account === "";
    part("own").hidden = account !== "";
    for (const each of section.querySelectorAll("input")) {
      if (each.autocomplete === "username") each.value = account || nick;
    }
    // What had the focus may be gone.
    if (within && document.activeElement?.checkVisibility() !== true) title.focus();
  }
}
