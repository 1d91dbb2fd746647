// @ts-check
/**
 * What the browser stores: permanently the nickname, rooms, closed conversations, read markers, settings and the token of this device; until the tab
 * is closed drafts, the messages that they reply to, and the password of the server. Neither passwords of accounts nor keys of rooms are stored. If the browser does not allow it, nothing is stored.
 * The terminal client stores the same in a file.
 */

/** The part of a storage that is used. @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} Store */

/** @param {() => Store} storage */
function browserStorage(storage) {
  return {
    /** @param {string} name */
    get(name) {
      try {
        return storage().getItem(`tincan.${name}`) ?? "";
      } catch {
        return "";
      }
    },
    /** @param {string} name @param {string} value The empty string removes it. */
    set(name, value) {
      try {
        if (value === "") storage().removeItem(`tincan.${name}`);
        else storage().setItem(`tincan.${name}`, value);
      } catch {
        // private window, or no space left
      }
    },
  };
}

/** @type {Store | undefined} */
let local;
/** @type {Store | undefined} */
let session;

/** Stores in other places than those of the browser from now on. @param {Store} permanent @param {Store} temporary */
export function useStorage(permanent, temporary) {
  [local, session] = [permanent, temporary];
}

export const localStore = browserStorage(() => local ?? localStorage);
export const sessionStore = browserStorage(() => session ?? sessionStorage);
