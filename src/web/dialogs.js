// @ts-check
/**
 * The dialogs: coming in, going somewhere, a room, a person, oneself, help, and a question.
 */
import { colour } from "./colours.js";
import { COMMANDS } from "./commands.js";
import { button, byId, make, prose } from "./dom.js";
import { passing } from "./memory.js";
import { fold, isRoom } from "./room.js";
import * as notifications from "./notify.js";
import { focusComposer, insert } from "./view_composer.js";

/** @typedef {import("./chat.js").Chat} Chat */
/** @typedef {import("./room.js").Room} Room */

/** The most places that are listed to go to. */
const PLACES_MAX = 100;

const input = (/** @type {string} */ id) => byId(id, HTMLInputElement);
const dialog = (/** @type {string} */ id) => byId(id, HTMLDialogElement);
const text = (/** @type {string} */ id, /** @type {string} */ value) => byId(id, HTMLElement).textContent = value;

/** Does something when a button is pressed. @param {string} id @param {() => void} run */
function press(id, run) {
  byId(id, HTMLButtonElement).onclick = run;
}

/** Does something when a dialog's form is sent. @param {HTMLDialogElement} dialog @param {() => void} run */
function submit(dialog, run) {
  dialog.querySelector("form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
}

/** What all dialogs have in common: a click beside one closes it, and so does its button. */
export function prepareDialogs() {
  for (const each of document.querySelectorAll("dialog")) {
    each.addEventListener("click", ({ target }) => {
      const closes = target === each || (target instanceof HTMLElement && "close" in target.dataset);
      if (closes && each.id !== "enter") each.close();
    });
    each.addEventListener("close", () => focusComposer());
  }
}

/**
 * The first dialog: who are you?
 *
 * @param {Chat} chat
 * @param {string} room The room that one was sent to, if any.
 */
export function enterDialog(chat, room) {
  const it = dialog("enter");
  const name = input("enter-name");
  const go = byId("enter-go", HTMLButtonElement);
  if (room !== "") text("enter-where", `Choose a name, and you are in ${room}.`);
  name.value = passing.get("draft name") || chat.wanted;
  name.oninput = () => passing.set("draft name", name.value);
  it.oncancel = (event) => event.preventDefault();
  it.onclose = () => {
    if (!chat.online && !entering()) it.showModal(); // a browser may insist on closing it
  };
  submit(it, () => {
    if (name.value.trim() === "") return;
    text("enter-problem", "");
    chat.enter(name.value.trim());
  });

  /** Whether the name is known to be good, so that this is not needed. */
  const entering = () => chat.connection.source !== "";

  return {
    open() {
      if (!it.open) it.showModal();
      name.select();
    },
    /** How the connection is. */
    update() {
      const { kind, reason = "" } = chat.connection.status;
      if (kind === "online") {
        it.close();
        passing.set("draft name", "");
      } else if (kind === "refused") {
        if (!it.open) {
          name.value = chat.wanted;
          it.showModal();
        }
        text("enter-problem", reason);
        name.select();
      } else if (kind === "waiting") text("enter-problem", `${reason} It is tried again by itself.`);
      go.textContent = kind === "connecting" ? "Coming in …" : "Come in";
    },
  };
}

/** Goes to a room or a person: those one is with, those there are, and any that one can write. @param {Chat} chat */
export function goDialog(chat) {
  const it = dialog("go");
  const name = input("go-name");
  const list = byId("go-list", HTMLUListElement);
  /** @type {import("./chat.js").Listed[]} */
  let listed = [];

  name.oninput = draw;
  submit(it, () => list.querySelector("button")?.click());
  it.onkeydown = (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const all = [name, ...list.querySelectorAll("button")];
    const at = all.findIndex((element) => element === document.activeElement);
    all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]?.focus();
  };

  /** @param {string} typed */
  function open(typed) {
    listed = [];
    /** @type {import("./chat.js").Listed[]} */
    const found = [];
    const done = () => {
      listed = found.sort((a, b) => b.people - a.people);
      if (it.open && !list.contains(document.activeElement)) draw();
    };
    chat.ask("LIST", [], { list: found, done });
    name.value = typed;
    draw();
    it.showModal();
  }

  function draw() {
    const typed = name.value.trim();
    const fits = (/** @type {string} */ it) => fold(it).includes(fold(typed));
    const { tabs } = chat.model;
    const open = tabs.filter(({ name }) => fits(name)).map((room) => place(room.name, room.unread, "unread"));
    const others = listed.filter(({ name }) => fits(name) && chat.model.find(name) === undefined);
    const more = others.map(({ name, people, topic }) =>
      place(name, people, people === 1 ? "person" : "people", topic)
    );
    const named = [...tabs, ...listed].some(({ name }) => fold(name) === fold(typed));
    const made = typed === "" || typed === "#" || named ? [] : [place(typed, 0, "", "new")];
    list.replaceChildren(...[...open, ...more, ...made].slice(0, PLACES_MAX));
  }

  /** @param {string} name @param {number} count @param {string} what @param {string} about */
  function place(name, count, what, about = "") {
    const words = about === "new" ? isRoom(name) ? "Open this room" : "Talk to this person" : about;
    const element = button("place", "", () => {
      it.close();
      chat.go(name);
      focusComposer();
    });
    element.append(make("b", "", name), make("span", "about", words), count > 0 ? ` ${count} ${what}` : "");
    return make("li", "", element);
  }

  return open;
}

/** What a room is about, how others get here, and the way out. @param {Chat} chat */
export function aboutDialog(chat) {
  const it = dialog("room-about");
  const topic = input("room-new-topic");
  const link = input("room-link");
  /** @type {Room | undefined} */
  let room;

  submit(it, () => {
    if (room !== undefined) chat.ask("TOPIC", [room.name, topic.value], { room });
    it.close();
  });
  press("room-leave", () => {
    it.close();
    if (room !== undefined) chat.part(room);
  });
  press("room-copy", async () => {
    link.select();
    try {
      await navigator.clipboard.writeText(link.value);
      text("room-copy", "Copied");
    } catch {
      text("room-copy", "Press Ctrl C"); // it is selected
    }
  });

  return () => {
    room = chat.model.current;
    if (room === undefined) return;
    if (!room.isRoom) return personDialog(chat, room.name);
    text("room-title", room.name);
    text("room-copy", "Copy");
    byId("room-topic", HTMLElement).replaceChildren(...prose(room.topic));
    topic.value = room.topic;
    link.value = `${location.origin}${location.pathname}${hashOf(room)}`;
    it.showModal();
  };
}

/** What stands for a room in an address. @param {Room | undefined} room */
export function hashOf(room) {
  return room?.isRoom ? `#${encodeURIComponent(room.name.slice(1)).replaceAll("%23", "#")}` : "";
}

/** What can be done about somebody. @param {Chat} chat @param {string} nick */
export function personDialog(chat, nick) {
  const it = dialog("person");
  const { model } = chat;
  const room = model.current;
  if (room === undefined) return;
  const title = byId("person-title", HTMLElement);
  title.textContent = nick;
  title.className = `nick ${colour(nick)}`;
  const person = room.people.get(fold(nick));
  const own = fold(nick) === fold(model.nick);
  const operator = room.people.get(fold(model.nick))?.ranks.includes("@") && person !== undefined;
  const rank = person?.ranks.includes("@") ? "Operator of this room" : person?.ranks.includes("+") ? "Has a voice" : "";
  text("person-about", [own ? "This is you" : "", rank, person?.away ? "Away" : ""].filter((it) => it).join(" · "));
  /** @type {HTMLButtonElement[]} */
  const actions = [];
  const add = (/** @type {string} */ label, /** @type {() => void} */ run) => {
    actions.push(button("", label, () => {
      it.close();
      run();
    }));
  };
  /** @param {string} label @param {string} command @param {string[]} params */
  const ask = (label, command, ...params) => add(label, () => void chat.ask(command, params, { room }));

  if (!own && room.isRoom) add("Talk in private", () => chat.go(nick));
  if (room.isRoom) add("Mention", () => insert(`${nick} `));
  ask("Who is this?", "WHOIS", nick);
  if (operator) {
    const op = person?.ranks.includes("@");
    const voice = person?.ranks.includes("+");
    ask(op ? "Make no operator any more" : "Make an operator", "MODE", room.name, op ? "-o" : "+o", nick);
    if (!op) ask(voice ? "Take the voice" : "Give a voice", "MODE", room.name, voice ? "-v" : "+v", nick);
    if (!own) ask("Put out of the room", "KICK", room.name, nick);
    if (!own) ask("Ban from the room", "MODE", room.name, "+b", nick);
  }
  if (!room.isRoom) add("Close this tab", () => chat.part(room));
  byId("person-actions", HTMLElement).replaceChildren(...actions);
  it.showModal();
}

/** Oneself. @param {Chat} chat @param {() => void} help */
export function settingsDialog(chat, help) {
  const it = dialog("settings");
  const name = input("settings-name");
  const notify = input("settings-notify");
  notify.disabled = !notifications.possible;

  submit(it, () => {
    const nick = name.value.trim();
    if (nick === chat.model.nick || nick === "") return it.close();
    text("settings-problem", "");
    const sent = chat.ask("NICK", [nick], { refused: (why) => text("settings-problem", why) });
    if (!sent) text("settings-problem", "Not connected. Try again when you are back.");
  });
  chat.model.listen((change) => {
    if (change === "tabs" && it.open && chat.model.nick === name.value.trim()) it.close();
  });
  notify.onchange = async () => {
    const wanted = notify.checked;
    notify.checked = await notifications.turn(wanted);
    text("settings-notify-problem", wanted && !notify.checked ? "The browser does not allow it for this page." : "");
  };
  press("settings-help", () => {
    it.close();
    help();
  });
  press("settings-leave", () => {
    it.close();
    chat.connection.leave("");
  });

  return () => {
    name.value = chat.model.nick || chat.wanted;
    notify.checked = notifications.isOn();
    text("settings-problem", "");
    text("settings-notify-problem", "");
    it.showModal();
  };
}

/** All keys and commands. */
export function helpDialog() {
  const it = dialog("help");
  byId("help-commands", HTMLElement).replaceChildren(
    ...Object.entries(COMMANDS).flatMap(([name, { args, help }]) => [
      make("dt", "", make("b", "", `/${name}`), ` ${args}`),
      make("dd", "", help),
    ]),
  );
  return () => it.showModal();
}

/** Asks before many messages are sent. */
export function confirmDialog() {
  const it = dialog("confirm");
  let agreed = () => {};
  submit(it, () => {
    it.close();
    agreed();
  });
  return (/** @type {number} */ messages, /** @type {() => void} */ yes) => {
    agreed = yes;
    text("confirm-title", `Send ${messages} messages?`);
    it.showModal();
    byId("confirm-yes", HTMLElement).focus();
  };
}
