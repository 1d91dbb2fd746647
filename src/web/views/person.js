// @ts-check
/**
 * The dialog about a person.
 */
import { loadBans } from "../chanserv.js";
import { colour } from "../colours.js";
import { dialog, text } from "../dialogs.js";
import { button, byId } from "../dom.js";
import { personActions, serverActions } from "../person_actions.js";
import { isOperator } from "../ranks.js";
import { fold } from "../room.js";
import { insertText } from "./composer.js";
import { openOperator, openSanction } from "./operator.js";

/** @typedef {import("../chat.js").Chat} Chat */

/** The dialog about a person, with the commands that the user may give. @param {Chat} chat @param {string} nick */
export function personDialog(chat, nick) {
  const it = dialog("person");
  const { model } = chat;
  const room = model.current;
  if (room === undefined) return;
  const title = byId("person-title", HTMLElement);
  title.textContent = nick;
  title.className = `nick ${colour(nick)}`;
  const person = room.members.get(fold(nick));
  const rank = RANK_TEXTS[/** @type {keyof RANK_TEXTS} */ (person?.prefixes[0] ?? "")] ?? "";
  const own = fold(nick) === fold(model.nick);
  const gone = room.isRoom && person === undefined ? "Not in this room" : "";
  const about = [own ? "This is you" : "", rank, gone, person?.away ? "Away" : ""];
  text("person-about", about.filter((it) => it).join(" · "));

  /** @param {boolean} banned */
  const draw = (banned) => {
    const mention = () => insertText(`${nick} `);
    const { actions, moderation, why } = personActions(chat, room, nick, { banned, mention });
    byId("person-actions", HTMLElement).replaceChildren(...actions.map(actionButton));
    byId("person-moderation", HTMLElement).replaceChildren(...moderation.map(actionButton));
    byId("person-moderation-title", HTMLElement).hidden = moderation.length === 0;
    text("person-moderation-title", `In ${room.name}`);
    text("person-why", why);
    const server = serverActions(chat, room, nick, (kind) => {
      if (kind === "reset") openOperator(chat, { section: kind, value: nick });
      else openSanction(chat, kind, nick, (text) => model.tell(room, text));
    });
    byId("person-server", HTMLElement).replaceChildren(...server.map(actionButton));
    byId("person-server-title", HTMLElement).hidden = server.length === 0;
  };
  /** @param {import("../person_actions.js").Action} action */
  const actionButton = ({ label, run }) =>
    button("", label, () => {
      it.close();
      run();
    });
  draw(false);
  it.showModal();
  if (own || !room.isRoom || !isOperator(chat, room)) return;
  loadBans(chat, room, (bans) => {
    const banned = bans.some(({ name }) => fold(name) === fold(nick));
    if (!banned || !it.open || title.textContent !== nick) return;
    const at = [...it.querySelectorAll("button")].findIndex((each) => each === document.activeElement);
    draw(true);
    it.querySelectorAll("button")[at]?.focus(); // the buttons are new
  });
}

/** What a person with a prefix is called. */
const RANK_TEXTS = { "~": "Owner of this room", "@": "Operator of this room", "+": "Has voice" };
