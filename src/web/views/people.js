// @ts-check
/**
 * The list of the members of the room.
 */
import { colour } from "../colours.js";
import { button, byId, make } from "../dom.js";
import { mayInvite } from "../invitation.js";
import { makeRoving } from "../keys.js";
import { replaceItems } from "./tabs.js";

/** @typedef {import("../chat.js").Chat} Chat */
/** @typedef {import("../room.js").Member} Person */

/** The most members that are listed. */
const SHOWN_MAX = 500;

const RANKS = { "~": "owner", "@": "operator", "+": "voice" };

/**
 * @param {Chat} chat
 * @param {(nick: string) => void} choose
 * @param {() => void} invite Opens the dialog about invite links.
 */
export function showPeople(chat, choose, invite) {
  const { model } = chat;
  const inviting = byId("invite-open", HTMLButtonElement);
  inviting.onclick = invite;
  const list = byId("people-list", HTMLUListElement);
  /** @type {Map<string, HTMLLIElement>} By all that is shown of a member. */
  let items = new Map();
  let planned = false;
  const update = makeRoving(list);

  model.listen((change, room) => {
    if (change === "current") return draw();
    if (planned || room !== model.current || (change !== "members" && change !== "room")) return;
    planned = true;
    setTimeout(draw, 50); // hundreds may join or leave at once
  });

  function draw() {
    planned = false;
    inviting.hidden = !mayInvite(chat, model.current);
    const people = model.current?.sortedMembers ?? [];
    byId("app", HTMLElement).classList.toggle("private", model.current?.isRoom === false);
    byId("people-count", HTMLElement).textContent = String(people.length);
    const title = people.length === 0 ? "People" : people.length === 1 ? "1 person" : `${people.length} people`;
    byId("people-title", HTMLElement).textContent = title;
    byId("people-more", HTMLElement).textContent = people.length > SHOWN_MAX
      ? `and ${people.length - SHOWN_MAX} more`
      : "";
    const before = items;
    items = new Map(
      people.slice(0, SHOWN_MAX).map((person) => {
        const key = `${person.prefixes} ${person.away} ${person.nick}`;
        return [key, before.get(key) ?? item(person)];
      }),
    );
    replaceItems(list, [...items.values()]);
    update();
  }

  /** @param {Person} person */
  function item({ nick, prefixes, away }) {
    const rank = /** @type {keyof RANKS | undefined} */ (prefixes[0]);
    const element = button(away ? "person away" : "person", "", () => choose(nick));
    element.append(make("span", `nick ${colour(nick)}`, nick));
    if (rank !== undefined) element.append(make("span", "rank", RANKS[rank]));
    if (away) element.append(make("span", "rank", "away"));
    return make("li", "", element);
  }
}
