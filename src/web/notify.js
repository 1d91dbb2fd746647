// @ts-check
/// <reference lib="dom" />
/**
 * Desktop notifications of mentions and private messages, if the user has turned them on and the browser allows them.
 */
import { localStore } from "./storage.js";

/** Whether the browser supports notifications. */
export const isSupported = "Notification" in globalThis;

/** Whether they are turned on and allowed. */
export function isEnabled() {
  return isSupported && localStore.get("notify") === "on" && Notification.permission === "granted";
}

/** Turns them on or off, and asks the browser for permission. @param {boolean} on @returns {Promise<boolean>} Whether they are on now. */
export async function setEnabled(on) {
  if (on && isSupported) await Notification.requestPermission();
  localStore.set("notify", on ? "on" : "");
  return isEnabled();
}

/**
 * Shows a notification, if they are on.
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
    // Browsers on phones have the class, but allow only service workers to use it.
  }
}
