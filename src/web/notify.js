// @ts-check
/// <reference lib="dom" />
/**
 * Desktop notifications of what is for us: only if they were turned on here, and allowed in the browser.
 */
import { lasting } from "./storage.js";

/** Whether there are notifications in this browser. */
export const possible = "Notification" in globalThis;

/** Whether they are turned on. */
export function isOn() {
  return possible && lasting.get("notify") === "on" && Notification.permission === "granted";
}

/** Turns them on or off. @param {boolean} on @returns {Promise<boolean>} Whether they are on then. */
export async function turn(on) {
  if (on && possible) await Notification.requestPermission();
  lasting.set("notify", on ? "on" : "");
  return isOn();
}

/**
 * Shows one, if they are on.
 *
 * @param {string} title
 * @param {string} body
 * @param {() => void} onclick
 */
export function notify(title, body, onclick) {
  if (!isOn()) return;
  try {
    const notification = new Notification(title, { body, tag: title, icon: "icon.svg" });
    notification.onclick = () => {
      globalThis.focus();
      notification.close();
      onclick();
    };
  } catch {
    // Phones have the class, and let only service workers use it.
  }
}
