// @ts-check
/**
 * The dialog of server operators: becoming one; bans and mutes of the server, announcements, lost passwords, owners of rooms
 * and the state of the server. A second dialog asks for how long, and why, a person is disconnected, muted or banned.
 */
import { hasAccounts, OFFLINE } from "../account.js";
import { askChanServ } from "../chanserv.js";
import { button, byId, make, reveal } from "../dom.js";
import { askAsOperator, becomeOperator, lift, loadServerBans, loadStatistics, sanction } from "../operator.js";
import { toRoomName } from "../room.js";
import { replaceItems } from "./tabs.js";

/** @typedef {import("../chat.js").Chat} Chat */
/** @typedef {import("../operator.js").Sanction} Sanction */
/** @typedef {import("../operator.js").ServerBan} ServerBan */

const NO_OPERATOR = "Server operators can disconnect, mute and ban people on the whole server. " +
  "The name and the password are from its administrator.";
const OPERATOR = "To disconnect, mute or ban a person, press their name in a room.";

/**
 * The texts for each sanction. `%` is the person.
 *
 * @type {Record<Sanction, { title: string, about: string, go: string, done: string }>} `done` is shown if the server replies nothing.
 */
const SANCTIONS = {
  kill: {
    title: "Disconnect %",
    about: "They can come back at once.",
    go: "Disconnect",
    done: "% is disconnected.",
  },
  mute: {
    title: "Mute %",
    about: "They can read, but not write, in any room. It concerns their account, and everyone from the same address.",
    go: "Mute",
    done: "% is muted.",
  },
  ban: {
    title: "Ban % from the server",
    about:
      "They are disconnected, and cannot come back. It concerns their account, and everyone from the same address.",
    go: "Ban",
    done: "% is banned.",
  },
};

/** A character that no nickname has: the text is an address, a network or a mask. */
const MASK = /[!@*?:/.]/;

/** What banning one of them does. */
const FOR_MASK = "Everyone who matches it is disconnected, and cannot come back.";

const part = (/** @type {string} */ id) => byId(`operator-${id}`, HTMLElement);
const field = (/** @type {string} */ id) => byId(`operator-${id}`, HTMLInputElement);
const section = (/** @type {string} */ id) => byId(`operator-${id}`, HTMLDetailsElement);

const failed = (/** @type {string} */ text) => part("problem").textContent = text;
const done = (/** @type {string} */ text) => part("done").textContent = text;

/** Clears the messages of the dialog. */
function clearMessages() {
  part("problem").textContent = part("done").textContent = "";
}

/** Whether `prepare` was called: once is enough. */
let isPrepared = false;

/** Gives the forms and buttons of the dialog something to do. @param {Chat} chat */
function prepare(chat) {
  isPrepared = true;
  const it = byId("operator", HTMLDialogElement);
  const { model } = chat;

  /** @param {string} id @param {() => void} run */
  function form(id, run) {
    byId(`operator-${id}`, HTMLFormElement).onsubmit = (event) => {
      event.preventDefault();
      clearMessages();
      run();
    };
  }

  /** @param {string} command @param {string[]} params @param {import("../context.ts").PendingRequest} context */
  function send(command, params, context) {
    if (!chat.request(command, params, context)) failed(OFFLINE);
  }

  /** @param {string} id @param {() => void} run */
  function press(id, run) {
    byId(`operator-${id}`, HTMLButtonElement).onclick = () => {
      clearMessages();
      run();
    };
  }

  form("login", () => {
    const { value } = field("password");
    field("password").value = "";
    becomeOperator(chat, field("name").value.trim(), value, done, (why) => {
      failed(why);
      field("password").focus();
    });
  });
  form("ban-form", () => {
    openSanction(chat, "ban", field("ban").value.trim(), (text) => {
      done(text);
      field("ban").value = "";
      load();
    });
  });
  form("announce-form", () => {
    let wrong = false;
    send("ANNOUNCE", [field("announcement").value], { // which is shown in the room, as to everyone
      onError(why) {
        wrong = true;
        failed(why);
      },
      onDone() {
        if (wrong) return;
        field("announcement").value = "";
        done("Announced.");
      },
    });
  });
  form("reset-form", () => {
    /** @type {string[]} */
    const lines = [];
    const name = field("reset-name").value.trim();
    part("word").textContent = "";
    send("NS", [`RESETPASS ${name}`], {
      onReply: (text) => lines.push(text),
      onError: failed,
      onDone: () => showWord(name, lines),
    });
  });
  form("owner-form", () => {
    const words = ["OWNER", toRoomName(field("owner-room").value.trim()), field("owner-name").value.trim()];
    const replied = (/** @type {string} */ text) => {
      done(text);
      field("owner-name").value = "";
    };
    if (!askChanServ(chat, words, { onReply: replied, onError: failed })) failed(OFFLINE);
  });
  press("reload", () => askAsOperator(chat, "REHASH", [], done, failed));
  press("stop", () => {
    askAsOperator(chat, "MODE", [model.nick, "-o"], () => done("You are no longer a server operator."), failed);
  });
  for (const each of it.querySelectorAll("details")) {
    each.ontoggle = () => {
      if (!each.open) return;
      reveal(each);
      load();
    };
  }
  model.listen((change) => {
    if (change === "user" && it.open) update(chat);
  });

  /** Shows the one-time word, which is the second line of the server's reply. @param {string} name @param {string[]} lines */
  function showWord(name, [, word]) {
    if (word === undefined) return; // the request failed
    part("word").replaceChildren(`The one-time word of ${name}: `, make("code", "", word));
  }

  /** Loads what the open section shows. */
  function load() {
    if (section("bans").open) loadServerBans(chat, drawBans, failed);
    if (section("state").open) loadStatistics(chat, drawState, failed);
  }

  /** @param {string[]} lines */
  function drawState(lines) {
    part("state-list").replaceChildren(...lines.map((line) => make("li", "", line)));
    reveal(section("state"));
  }

  /** @param {ServerBan[]} bans */
  function drawBans(bans) {
    const list = byId("operator-bans-list", HTMLUListElement);
    const focused = list.contains(document.activeElement);
    part("bans-why").textContent = bans.length === 0 ? "There are no bans and no mutes." : "";
    replaceItems(list, bans.map(banRow));
    reveal(section("bans"));
    if (focused && !list.contains(document.activeElement)) section("bans").querySelector("summary")?.focus();
  }

  /** @param {ServerBan} ban */
  function banRow(ban) {
    const { what, isMute, time, by, about } = ban;
    const name = isMute && about !== "" ? about : what;
    const words = make("span", "words", make("b", "", name), " ", make("span", "rank", isMute ? "muted" : "banned"));
    const why = isMute || about === "" ? "" : `: ${about}`;
    const details = `${name === what ? "" : `${what}, `}${time}${by === "" ? "" : `, by ${by}`}${why}`;
    words.append(make("span", "about", details));
    const undo = button("", isMute ? "Unmute" : "Unban", () => {
      clearMessages();
      const lifted = (/** @type {string} */ text) => {
        done(text);
        load();
      };
      lift(chat, ban, lifted, failed);
    });
    undo.setAttribute("aria-label", `${isMute ? "Unmute" : "Unban"} ${name}`);
    return make("li", "", words, undo);
  }
}

/** Shows what depends on whether the user is a server operator. @param {Chat} chat */
function update(chat) {
  const within = byId("operator", HTMLElement).contains(document.activeElement);
  const on = chat.model.isServerOperator;
  part("about").textContent = on ? OPERATOR : NO_OPERATOR;
  part("login").hidden = on;
  part("go").hidden = on;
  part("tools").hidden = part("stop").hidden = !on;
  part("reset").hidden = part("owner").hidden = !hasAccounts(chat);
  // The focused element may be hidden now.
  if (within && document.activeElement?.checkVisibility() !== true) part("title").focus();
}

/**
 * Opens the dialog of server operators.
 *
 * @param {Chat} chat
 * @param {object} options
 * @param {string} [options.name] The name of the operator, if the user has given it.
 * @param {"reset"} [options.section] The section to open, if the user is an operator.
 * @param {string} [options.value] What the first field of the section contains.
 */
export function openOperator(chat, { name = "", section: id, value = "" }) {
  const { model, connection } = chat;
  const it = byId("operator", HTMLDialogElement);
  if (!isPrepared) prepare(chat);
  clearMessages();
  part("word").textContent = "";
  for (const each of it.querySelectorAll("details")) each.open = false;
  for (const each of it.querySelectorAll("form")) each.reset();
  field("name").value = name || connection.account || model.nick;
  field("owner-room").value = model.current?.isRoom ? model.current.name : "";
  update(chat);
  if (!it.open) it.showModal();
  if (!model.isServerOperator) return field(name === "" ? "name" : "password").focus();
  if (id === undefined) return part("title").focus();
  section(id).open = true;
  field(`${id}-name`).value = value;
  field(`${id}-name`).focus();
}

/**
 * Opens the dialog that asks for how long, and why, a person is disconnected, muted or banned.
 *
 * @param {Chat} chat
 * @param {Sanction} kind
 * @param {string} who
 * @param {(text: string) => void} done Called with what was done.
 */
export function openSanction(chat, kind, who, done) {
  const it = byId("sanction", HTMLDialogElement);
  const form = byId("sanction-form", HTMLFormElement);
  const problem = byId("sanction-problem", HTMLElement);
  const time = byId("sanction-duration", HTMLSelectElement);
  const reason = byId("sanction-reason", HTMLInputElement);
  const texts = SANCTIONS[kind];
  byId("sanction-title", HTMLElement).textContent = texts.title.replace("%", () => who);
  byId("sanction-about", HTMLElement).textContent = MASK.test(who) ? FOR_MASK : texts.about;
  byId("sanction-go", HTMLElement).textContent = texts.go;
  byId("sanction-time", HTMLElement).hidden = kind === "kill";
  byId("sanction-why", HTMLElement).hidden = kind === "mute";
  problem.textContent = "";
  form.reset();
  form.onsubmit = (event) => {
    event.preventDefault();
    problem.textContent = "";
    const replied = (/** @type {string} */ text) => {
      it.close();
      done(text || texts.done.replace("%", () => who));
    };
    const details = { time: time.value, reason: reason.value.trim() };
    sanction(chat, kind, who, details, replied, (why) => problem.textContent = why);
  };
  it.showModal();
}
