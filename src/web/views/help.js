// @ts-check
/**
 * The help: keys and commands.
 */
import { ALIASES, listedCommands } from "../commands.js";
import { dialog } from "../dialogs.js";
import { byId, make } from "../dom.js";

/** @typedef {import("../chat.js").Chat} Chat */

/** @param {Chat} chat */
export function helpDialog(chat) {
  const it = dialog("help");
  return () => {
    byId("help-commands", HTMLElement).replaceChildren(
      ...listedCommands(chat).flatMap(([name, { args, help }]) => [
        make("dt", "", make("b", "", `/${name}`), ` ${args}`),
        make("dd", "", help + otherNames(name)),
      ]),
    );
    it.showModal();
  };
}

/** The aliases of a command, in parentheses. @param {string} name */
function otherNames(name) {
  const aliases = Object.keys(ALIASES).filter((alias) => ALIASES[alias] === name);
  return aliases.length === 0 ? "" : ` (also ${aliases.map((alias) => `/${alias}`).join(", ")})`;
}
