// @ts-check
/// <reference lib="dom" />
/**
 * Desktop notifications of what is for us: only if they were turned on here, and allowed in the browser.
 */
import { localStore } from "./storage.js";

/** Whether there are notifications in this browser. */
export const isSupported = "Notification" in globalThis;

/** Whether they are turned on. */
export function isEnabled() {
  return isSupported && localStore.get("notify") === "on" && Notification.permission === "granted";
}

/** Turns them on or off. @param {boolean} on @returns {Promise<boolean>} Whether they are on then. */
export async function setEnabled(on) {
  if (on && isSupported) await Notification.requestPermission();
  localStore.set("notify", on ? "on" : "");
  return isEnabled();
}

/**
 * Shows one, if they are on.
 *
 * @param {string} title
 * @param {string} body
 * @param {() => void} onclick
 */
export function notify(title, body, onclick) {
  if (!isEnabled()) return;
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
