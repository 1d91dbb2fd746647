// @ts-check
/**
 * The settings.
 */
import { loadOwnModes, login } from "../account.js";
import { dialog, input, submit, text } from "../dialogs.js";
import { byId } from "../dom.js";
import * as notifications from "../notify.js";
import { isTypingShown, setTypingShown } from "../typing.js";
import { showAccount } from "./account.js";

/** @typedef {import("../chat.js").Chat} Chat */

/** Sets the action of a button. @param {string} id @param {() => void} run */
function press(id, run) {
  byId(id, HTMLButtonElement).onclick = run;
}

/** The settings: nickname, account, notifications. @param {Chat} chat @param {{ help: () => void, devices: () => void, operator: () => void }} others The dialogs that it leads to. @returns {{ open: () => void, update: () => void }} */
export function settingsDialog(chat, { help, devices, operator }) {
  const it = dialog("settings");
  const name = input("settings-name");
  const password = input("settings-password");
  const notify = input("settings-notify");
  const account = showAccount(chat);
  notify.disabled = !notifications.isSupported;

  /** Shows or hides the field for the password of a registered nickname. @param {boolean} registered */
  function askForPassword(registered) {
    byId("settings-own", HTMLElement).hidden = !registered;
    password.required = registered;
    password.value = "";
    text("settings-go", registered ? "Log in" : "Change");
    name.setAttribute("autocomplete", registered ? "username" : "nickname");
    if (registered) password.focus();
  }

  name.oninput = () => {
    if (!password.required) return;
    askForPassword(false); // the password was for another nickname
    text("settings-problem", "");
  };
  submit(it, () => {
    const nick = name.value.trim();
    if (nick === chat.model.nick || nick === "") return it.close();
    text("settings-problem", "");
    const failed = (/** @type {string} */ why, registered = false) => {
      if (registered) askForPassword(true);
      text("settings-problem", registered ? "This name is registered. If it is yours, enter its password." : why);
    };
    if (password.required) {
      login(chat, { name: nick, password: password.value }, () => {}, failed);
      password.value = "";
    } else if (!chat.request("NICK", [nick], { onError: failed })) {
      failed("Not connected. Try again when the connection is back.");
    }
  });
  chat.model.listen((change) => {
    if (!it.open) return;
    if (change === "user") account.update();
    if (change !== "tabs") return;
    if (chat.model.nick === name.value.trim()) it.close();
    else account.update();
  });
  notify.onchange = async () => {
    const wanted = notify.checked;
    notify.checked = await notifications.setEnabled(wanted);
    text(
      "settings-notify-problem",
      wanted && !notify.checked ? "The browser blocks notifications from this page. Allow them in its settings." : "",
    );
  };
  const typing = input("settings-typing");
  typing.onchange = () => setTypingShown(typing.checked);
  press("settings-help", () => {
    it.close();
    help();
  });
  press("account-devices", () => {
    it.close();
    devices();
  });
  press("settings-operator", () => {
    it.close();
    operator();
  });
  press("settings-leave", () => {
    it.close();
    chat.connection.disconnect("");
  });

  return {
    open() {
      name.value = chat.model.nick || chat.wantedNick;
      notify.checked = notifications.isEnabled();
      typing.checked = isTypingShown();
      askForPassword(false);
      text("settings-problem", "");
      text("settings-notify-problem", "");
      account.open();
      loadOwnModes(chat);
      it.showModal();
    },
    update: account.update,
  };
}
