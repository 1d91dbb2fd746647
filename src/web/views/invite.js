// @ts-check
/**
 * The dialog about the invite links of a room: makes one, shows it with its QR code, lists them, and revokes them.
 */
import { button, byId, make } from "../dom.js";
import { loadLinks, makeLink, revokeLink } from "../invitation.js";
import { replaceItems } from "./tabs.js";

/** @typedef {import("../chat.js").Chat} Chat */
/** @typedef {import("../room.js").Room} Room */
/** @typedef {import("../invitation.js").InviteLink} InviteLink */

/** The server has this module in a package, so it is in no file beside the others. */
const { generate } = /** @type {typeof import("lean-qr/nano")} */ (
  await import(new URL("../qr.js", import.meta.url).href)
);

const SVG = "http://www.w3.org/2000/svg";

/** The light modules around a QR code that scanners need. */
const QUIET = 4;

/** @param {Chat} chat @returns {() => void} Opens it, for the current room. */
export function inviteDialog(chat) {
  const it = byId("invite", HTMLDialogElement);
  const link = byId("invite-link", HTMLInputElement);
  const copy = byId("invite-copy", HTMLButtonElement);
  const time = byId("invite-time", HTMLSelectElement);
  const uses = byId("invite-uses", HTMLSelectElement);
  const problem = byId("invite-problem", HTMLElement);
  const done = byId("invite-done", HTMLElement);
  /** @type {Room | undefined} */
  let room;

  /** @param {string} text */
  const failed = (text) => problem.textContent = text;

  function clear() {
    problem.textContent = done.textContent = "";
  }

  byId("invite-form", HTMLFormElement).onsubmit = (event) => {
    event.preventDefault();
    clear();
    if (room === undefined) return;
    makeLink(chat, room, { time: time.value, uses: uses.value }, (url) => {
      byId("invite-made", HTMLElement).hidden = false;
      link.value = url;
      copy.textContent = "Copy";
      byId("invite-qr", HTMLElement).replaceChildren(qrCode(url));
      done.textContent = "The link is made. It is shown only once.";
      copy.focus();
      load();
    }, failed);
  };

  copy.onclick = async () => {
    link.select();
    try {
      await navigator.clipboard.writeText(link.value);
      copy.textContent = "Copied";
    } catch {
      copy.textContent = "Press Ctrl C"; // the link is selected
    }
  };

  function load() {
    const about = room;
    if (about !== undefined) loadLinks(chat, about, (links) => about === room && draw(about, links));
  }

  /** @param {Room} about @param {InviteLink[]} links */
  function draw(about, links) {
    byId("invite-none", HTMLElement).hidden = links.length > 0;
    replaceItems(byId("invite-list", HTMLUListElement), links.toReversed().map((each) => item(about, each)));
  }

  /** @param {Room} about @param {InviteLink} link */
  function item(about, { id, by, about: state }) {
    const revoke = button("", "Revoke", () => {
      clear();
      revokeLink(chat, about, id, (text) => {
        done.textContent = text;
        byId("invite-made", HTMLElement).hidden = true; // it may be this one
        byId("invite-title", HTMLElement).focus(); // the button is gone
        load();
      }, failed);
    });
    revoke.setAttribute("aria-label", `Revoke link ${id}`);
    const words = make("span", "words", make("b", "", `Link ${id}`), make("span", "about", `by ${by}, ${state}`));
    return make("li", "", words, revoke);
  }

  return () => {
    room = chat.model.current;
    if (room === undefined || !room.isRoom) return;
    clear();
    byId("invite-title", HTMLElement).textContent = `Invite people to ${room.name}`;
    byId("invite-made", HTMLElement).hidden = true;
    link.value = "";
    byId("invite-qr", HTMLElement).replaceChildren();
    draw(room, []);
    if (!it.open) it.showModal();
    load();
  };
}

/** A QR code as an SVG image: dark on light in both themes, as scanners want it. @param {string} text */
function qrCode(text) {
  const code = generate(text);
  const size = code.size + 2 * QUIET;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "QR code of the link");
  svg.setAttribute("shape-rendering", "crispEdges");
  let dark = "";
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) if (code.get(x, y)) dark += `M${x + QUIET} ${y + QUIET}h1v1h-1z`;
  }
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", dark);
  svg.append(path);
  return svg;
}
