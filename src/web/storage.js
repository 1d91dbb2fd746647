// @ts-check
/**
 * What the browser stores: permanently the nickname, rooms, read markers and settings; until the tab is closed drafts, keys of
 * rooms, and passwords. If the browser does not allow it, nothing is stored.
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
