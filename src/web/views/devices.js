// @ts-check
/**
 * The dialog that lists the devices and bots that stay signed in to the account, and signs them out.
 */
import { listDevices, revokeDevice } from "../account.js";
import { button, byId, make, sinceText } from "../dom.js";

/** @typedef {import("../chat.js").Chat} Chat */
/** @typedef {import("../context.ts").Device} Device */

/** @param {Chat} chat @returns {() => void} Opens it. */
export function devicesDialog(chat) {
  const it = byId("devices", HTMLDialogElement);
  const list = byId("devices-list", HTMLUListElement);
  const problem = byId("devices-problem", HTMLElement);
  const done = byId("devices-done", HTMLElement);

  /** @param {string} text */
  const failed = (text) => problem.textContent = text;

  /** Shows the devices; this one first, then the one that was used last. @param {Device[]} devices */
  function draw(devices) {
    const sorted = devices.sort((a, b) => Number(b.own) - Number(a.own) || b.used.getTime() - a.used.getTime());
    list.replaceChildren(...sorted.map(item));
    byId("devices-none", HTMLElement).hidden = devices.length > 0;
  }

  /** @param {Device} device */
  function item({ id, name, used, host, own, scope }) {
    const about = [
      own ? "This device" : `Last used ${sinceText(used)}${host === "" ? "" : ` from ${host}`}`,
      scope,
    ].filter((text) => text !== "").join(" · ");
    const out = button("", "Sign out", () => {
      problem.textContent = done.textContent = "";
      if (own) it.close(); // the connection ends, and the page asks for the password
      const replied = (/** @type {string} */ text) => {
        done.textContent = text;
        byId("devices-title", HTMLElement).focus(); // the button is gone
        load();
      };
      revokeDevice(chat, id, replied, failed);
    });
    out.setAttribute("aria-label", `Sign out ${name}`);
    return make("li", "device", make("p", "", make("b", "", name), make("span", "about", about)), out);
  }

  function load() {
    listDevices(chat, draw, failed);
  }

  return () => {
    problem.textContent = done.textContent = "";
    list.replaceChildren();
    byId("devices-none", HTMLElement).hidden = true;
    if (!it.open) it.showModal();
    load();
  };
}
