// @ts-check
/**
 * What the browser remembers: for good the name, the rooms, and whether to notify; until the tab is closed what is
 * half-written, the keys of rooms, and passwords. A browser that refuses to remember is no reason to fail.
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
    /** @param {string} name @param {string} value Nothing, to forget it. */
    set(name, value) {
      try {
        if (value === "") storage().removeItem(`tincan.${name}`);
        else storage().setItem(`tincan.${name}`, value);
      } catch {
        // private windows, full disks
      }
    },
  };
}

export const localStore = browserStorage(() => localStorage);
export const sessionStore = browserStorage(() => sessionStorage);
