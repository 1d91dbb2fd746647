// @ts-check
/**
 * The menu of a message: reactions, reply, delete. It appears beside the message under the pointer, the one that was tapped, or
 * the focused one: in the log, the arrow keys go from message to message, and Enter opens the menu.
 */
import { button, make } from "../dom.js";
import { deleteLine, mayDelete, toggleReaction } from "../line_changes.js";
import { isMessage } from "../lines.js";
import { focusComposer } from "./composer.js";

/** @typedef {import("../chat.js").Chat} Chat */
/** @typedef {import("../lines.js").Line} Line */
/** @typedef {import("../room.js").Room} Room */

/** The reactions that the menu offers. */
export const QUICK_REACTIONS = ["👍", "❤️", "😂"];

/** How far the menu is above its line (as in the style sheet), and the space above it where the line is cut off, in pixels. */
const OVERLAP = 16;
const MARGIN = 4;

/** Whether a line can be replied to, reacted to and deleted. @param {Line | undefined} line */
function hasMenu(line) {
  return line !== undefined && isMessage(line) && line.id !== undefined && line.deletedBy === undefined;
}

/**
 * Shows the menu in a log.
 *
 * @param {Chat} chat
 * @param {Room} room
 * @param {HTMLElement} log
 * @param {(element: Element) => Line | undefined} lineOf The line of an element of the log.
 */
export function addLineMenu(chat, room, log, lineOf) {
  const menu = make("div", "line-menu");
  menu.setAttribute("role", "toolbar");
  menu.setAttribute("aria-label", "This message");
  /** @type {HTMLElement | undefined} The element of the line that has the menu. */
  let at;

  /** @param {EventTarget | null} target */
  const elementOf = (target) => {
    const element = target instanceof Element ? target.closest(".line") : null;
    return element instanceof HTMLElement && hasMenu(lineOf(element)) ? element : undefined;
  };

  log.addEventListener("pointerover", ({ target, pointerType }) => {
    if (pointerType === "mouse" && !menu.contains(document.activeElement)) show(elementOf(target));
  });
  log.addEventListener("pointerleave", ({ pointerType }) => {
    if (pointerType === "mouse" && !menu.contains(document.activeElement)) hide();
  });
  log.addEventListener("click", (event) => {
    const { target } = event;
    if (!(target instanceof Element) || target.closest("a, button, summary, .nick, .line-menu") !== null) return;
    if (!matchMedia("(pointer: coarse)").matches || getSelection()?.isCollapsed === false) return;
    const element = elementOf(target);
    if (element === at) hide();
    else show(element);
  });
  log.addEventListener("keydown", (event) => {
    const { key, altKey, ctrlKey, metaKey, shiftKey, target } = event;
    if (altKey || ctrlKey || metaKey || shiftKey) return;
    if (menu.contains(/** @type {Node} */ (target))) return void menuKey(event);
    if (key === "ArrowUp" || key === "ArrowDown") {
      const step = neighbour(target, key === "ArrowUp" ? -1 : 1);
      if (step === undefined) return;
      event.preventDefault();
      step.tabIndex = -1;
      step.focus();
      show(step);
    } else if ((key === "Enter" || key === "ContextMenu") && elementOf(target) === target) {
      event.preventDefault();
      show(elementOf(target));
      menu.querySelector("button")?.focus();
    }
  });
  log.addEventListener("focusout", ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node) || !log.contains(relatedTarget)) hide();
  });

  /** The next or previous message with a menu; from the log itself, the last visible one. @param {EventTarget | null} from @param {-1 | 1} by */
  function neighbour(from, by) {
    const all = [...log.querySelectorAll(":scope > .line")].filter((each) => hasMenu(lineOf(each)));
    if (from === log) {
      const { bottom } = log.getBoundingClientRect();
      return /** @type {HTMLElement | undefined} */ (all.findLast((each) => each.getBoundingClientRect().top < bottom));
    }
    const index = all.findIndex((each) => each === from);
    return index < 0 ? undefined : /** @type {HTMLElement | undefined} */ (all[index + by]);
  }

  /** Arrow keys move within the toolbar; Escape returns to the message. @param {KeyboardEvent} event */
  function menuKey(event) {
    const buttons = [...menu.querySelectorAll("button")];
    const index = buttons.findIndex((each) => each === document.activeElement);
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (move !== undefined) {
      event.preventDefault();
      buttons[(index + move + buttons.length) % buttons.length]?.focus();
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      at?.focus();
    }
  }

  function hide() {
    if (at === undefined) return; // removing it moves the focus, which calls this again
    at = undefined;
    menu.remove();
  }

  /** @param {HTMLElement | undefined} element */
  function show(element) {
    const line = element && lineOf(element);
    if (element === undefined || line === undefined) return hide();
    if (element !== at || menu.parentElement !== element) {
      at = element;
      menu.replaceChildren(...buttonsFor(line));
      element.append(menu);
    }
    place(element);
  }

  /** Puts the menu at the top of a line, or of its visible part. @param {HTMLElement} element */
  function place(element) {
    const hidden = log.getBoundingClientRect().top - element.getBoundingClientRect().top;
    const top = Math.min(hidden + MARGIN, element.clientHeight - menu.offsetHeight);
    menu.style.top = top > -OVERLAP ? `${top}px` : "";
  }

  /** @param {Line} line */
  function buttonsFor(line) {
    const react = (/** @type {string} */ text) => {
      const [element, within] = [at, menu.contains(document.activeElement)];
      toggleReaction(chat, room, line, text);
      hide();
      if (!within || element === undefined) return;
      element.tabIndex = -1;
      element.focus({ preventScroll: true }); // else the arrow keys would begin at the end again
    };
    const quick = QUICK_REACTIONS.map((text) => {
      const each = button("", text, () => react(text));
      each.setAttribute("aria-label", `React with ${text}`);
      each.title = `React with ${text}`;
      return each;
    });
    const more = iconButton("icon-react", "Other reaction", async () => {
      const { openReactionPicker } = await import("./reaction_picker.js");
      openReactionPicker(more, react);
    });
    const reply = iconButton("icon-reply", "Reply", () => {
      hide();
      chat.model.replyTo(room, line);
      focusComposer(true);
    });
    const buttons = [...quick, more, reply];
    if (mayDelete(chat, room, line)) {
      const remove = iconButton("icon-delete", "Delete", () => {
        if (remove.classList.contains("sure")) {
          hide();
          log.focus({ preventScroll: true });
          return deleteLine(chat, room, line);
        }
        remove.classList.add("sure");
        remove.replaceChildren("Delete for all?");
        remove.setAttribute("aria-label", "Delete for all?");
      });
      buttons.push(remove);
    }
    return buttons;
  }
}

/** @param {string} icon @param {string} label @param {() => void} run */
function iconButton(icon, label, run) {
  const element = button("", "", run);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#${icon}`);
  svg.append(use);
  element.append(svg);
  element.setAttribute("aria-label", label);
  element.title = label;
  return element;
}
