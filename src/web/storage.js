// @ts-check
/**
 * What the browser stores: permanently the nickname, rooms, closed conversations, read markers, settings and the token of this device; until the tab
 * is closed drafts, the messages that they reply to, and the password of the server. Neither passwords of accounts nor keys of rooms are stored. If the browser does not allow it, nothing is stored.
 */

/** @param {() => Storage} storage */
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

export const localStore = browserStorage(() => localStorage);
export const sessionStore = browserStorage(() => sessionStorage);
