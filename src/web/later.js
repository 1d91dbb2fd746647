// @ts-check
/**
 * Parts of the page that are loaded later, as the first visit is faster without them: the modules, elements and styles of
 * dialogs, and what a user needs only in a room.
 */
import { prepareDialogs } from "./dialogs.js";
import { byId } from "./dom.js";
import { showInputError } from "./views/composer.js";

/** Shown if the module of a dialog cannot be loaded. */
const NOT_LOADED = "This part of the page could not be loaded. Try again when the connection is back.";

/** @type {(() => Promise<unknown>)[]} */
const loaders = [];

/** Loads a part once, and again only if that fails. @template T @param {() => Promise<T>} load @returns {() => Promise<T>} */
function once(load) {
  /** @type {Promise<T> | undefined} */
  let loading;
  return () =>
    loading ??= load().catch((error) => {
      loading = undefined;
      throw error;
    });
}

const loadElements = once(async () => {
  const response = await fetch(new URL("dialogs.html", import.meta.url));
  if (!response.ok) throw new Error(response.statusText);
  const { body } = new DOMParser().parseFromString(await response.text(), "text/html");
  const dialogs = [...body.querySelectorAll("dialog")];
  // Elements that are inserted with this attribute would take the focus.
  const first = dialogs.flatMap((each) => [...each.querySelectorAll("[autofocus]")]);
  for (const each of first) each.removeAttribute("autofocus");
  byId("enter", HTMLElement).after(...dialogs);
  for (const each of first) each.setAttribute("autofocus", "");
  prepareDialogs(dialogs);
});

const loadStyle = once(async () => {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = new URL("dialogs.css", import.meta.url).href;
  await new Promise((resolve, reject) => {
    link.onload = resolve;
    link.onerror = () => {
      link.remove();
      reject(new Error(NOT_LOADED));
    };
    document.head.append(link);
  });
});

/**
 * A dialog that is loaded by `loadLater`, or when it is opened.
 *
 * @template {unknown[]} Args
 * @param {() => Promise<(...args: Args) => void>} load Returns the function that opens the dialog.
 * @returns {(...args: Args) => void} Opens it.
 */
export function later(load) {
  const loaded = once(async () => {
    await Promise.all([loadElements(), loadStyle()]);
    return await load();
  });
  loaders.push(loaded);
  return (...args) => void loaded().then((open) => open(...args), () => showInputError(NOT_LOADED));
}

/** A module that is loaded by `loadLater`. @template T @param {() => Promise<T>} load @returns {Promise<T>} Never rejects. */
export function whenOnline(load) {
  return new Promise((resolve) => void loaders.push(once(async () => resolve(await load()))));
}

/** Loads all that is loaded later. To be called when the page is online. */
export function loadLater() {
  for (const load of loaders) load().catch(() => {}); // tried again when it is needed, or with the next connection
}
