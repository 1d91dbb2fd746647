// @ts-check
/**
 * The messages: one log for each room. It keeps its scroll position when lines are added or removed; at the end, it follows new
 * lines. Near either end, it loads more.
 */
import { announce, button, byId, dayText, make, setChildren, sinceText } from "../dom.js";
import { isContinued, lastPosition } from "../lines.js";
import { goToEnd, goToFirstNew, loadMore } from "../history.js";
import { notKeptText } from "../kept.js";
import { fold } from "../room.js";
import { showInputError } from "./composer.js";
import { whenOnline } from "../later.js";
import { lineActions } from "../quoted.js";
import { renderLine, renderMembership, separator } from "./lines.js";
import { drawReactions, renderQuote } from "./reactions.js";

/** @typedef {import("../chat.js").Chat} Chat */
/** @typedef {import("../lines.js").Line} Line */
/** @typedef {import("../room.js").Pending} Pending */
/** @typedef {import("../room.js").Room} Room */

/** The log follows new lines within the first distance from its end, and loads more within the second, in pixels. */
const AT_END_MARGIN = 40;
const PRELOAD_MARGIN = 600;

/** Where a scroll target is placed: below the day, in pixels; or at this part of the height. */
const DAY_HEIGHT = 44;
const TARGET_RATIO = 0.3;

/** How long a found message is highlighted, in milliseconds. */
const HIGHLIGHT_TIME = 3000;

/** How long screen readers ignore lines that were inserted, in milliseconds. */
const MUTE_TIME = 500;

/** The module with the menu of messages. */
const lineMenu = whenOnline(() => import("./line_menu.js"));

const earliest = byId("earliest", HTMLButtonElement);
const latest = byId("latest", HTMLButtonElement);

/** @param {Chat} chat @param {(nick: string) => void} choose Called when a nickname is clicked. */
export function showMessages(chat, choose) {
  const { model } = chat;
  /** @type {WeakMap<Room, Log>} */
  const logs = new WeakMap();
  /** @type {WeakSet<Pending>} Failures that were announced. */
  const failed = new WeakSet();
  /** @type {Log | undefined} */
  let shown;

  const logOf = (/** @type {Room} */ room) => {
    const log = logs.get(room) ?? new Log(chat, room);
    logs.set(room, log);
    return log;
  };

  earliest.onclick = () => shown && goToFirstNew(chat, shown.room, showInputError);
  latest.onclick = () => shown && goToEnd(chat, shown.room);
  byId("logs", HTMLElement).addEventListener("click", ({ target }) => {
    if (target instanceof HTMLElement && target.dataset["nick"] !== undefined) choose(target.dataset["nick"]);
  });

  model.listen((change, room, line) => {
    if (change === "current") {
      shown?.hide();
      shown = room && logOf(room);
      shown?.show();
    } else if (change === "tabs") {
      for (const element of document.querySelectorAll("[role=log]")) {
        if (!model.tabs.some((room) => logs.get(room)?.element === element)) element.remove();
      }
      shown?.showButtons();
    }
    if (change === "pending") { for (const each of room?.pending ?? []) tell(each); }
    if (change === "changed" && room !== undefined && line?.deletedBy !== undefined) {
      logs.get(room)?.drawQuotes(line.id);
    }
    if (room !== undefined && room === shown?.room) shown.modelChanged(change, line);
  });

  /** Announces once that a message was not sent. @param {Pending} pending */
  function tell(pending) {
    if (pending.error === undefined || failed.has(pending)) return;
    failed.add(pending);
    announce(pending.error);
  }

  /** Scrolls by pages, for keys outside the log. @param {number} pages */
  return (pages) => shown?.scrollPages(pages);
}

/** The log of one room. It is updated only while it is shown. */
class Log {
  #chat;
  #actions;
  #pending = make("div", "pending");
  #start = make("div", "start");
  #end = make("div", "end");
  #newMark = separator("mark", "New messages");
  /** @type {WeakMap<Line, { element: HTMLElement, follows: boolean, version: number, deleted: boolean }>} The element of each line. */
  #elements = new WeakMap();
  /** @type {WeakMap<Line, { element: HTMLElement, lines: Line[] }>} The element of successive joins and parts, by the first of them. */
  #groups = new WeakMap();
  /** @type {WeakMap<Line, HTMLElement>} The separator of the day that begins with a line. */
  #days = new WeakMap();
  /** @type {WeakMap<Element, Line>} */
  #lineOf = new WeakMap();
  /** @type {Map<Pending, { element: HTMLElement, follows: boolean, failed: string | undefined }>} */
  #sending = new Map();
  #drawScheduled = false;
  #muteNextDraw = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #muteTimer;
  #atEnd = true;
  #top = 0;
  #pendingCount = 0;
  /** @type {{ line: Line, bottom: number } | undefined} The scroll position when another room was chosen. */
  #savedPosition;
  /** @type {Line | "end" | "new" | undefined} Where the next draw scrolls to. */
  #scrollTarget;
  /** @type {import("../room.js").NewMessages | undefined} The new messages whose beginning the user has seen. */
  #seenNew;

  /** @param {Chat} chat @param {Room} room */
  constructor(chat, room) {
    this.#chat = chat;
    this.room = room;
    this.#pending.setAttribute("aria-live", "off"); // screen readers read the delivered message
    this.#start.setAttribute("aria-live", "off");
    const element = this.element = make("div", "log");
    element.setAttribute("role", "log");
    element.setAttribute("aria-live", "polite");
    element.tabIndex = 0;
    element.hidden = true;
    element.onscroll = () => this.#scrolled();
    element.addEventListener("fold", () => {
      this.#top = element.scrollTop + 1; // the user reads a long message, which counts as scrolled up
      this.#scrolled();
    });
    latest.before(element);
    this.#actions = lineActions(chat, room, (id) => this.drawQuotes(id));
    lineMenu.then(({ addLineMenu }) => addLineMenu(chat, room, element, (each) => this.#lineOf.get(each)));
    // When the log becomes smaller, for example by a keyboard, its end stays visible.
    new ResizeObserver(() => this.#scheduleDraw()).observe(element);
  }

  show() {
    const { room } = this;
    this.element.hidden = false;
    if (this.#savedPosition === undefined || !room.lines.includes(this.#savedPosition.line)) {
      this.#scrollTarget ??= "new";
    }
    this.#pendingCount = room.pending.length;
    this.#muteNextDraw = true;
    this.drawQuotes(); // lines may have been loaded since
    this.#draw();
  }

  hide() {
    this.#savedPosition = this.#atEnd ? undefined : this.#firstVisibleLine();
    this.element.hidden = true;
    latest.hidden = earliest.hidden = true;
  }

  /** @param {import("../model.js").Change} change @param {Line | undefined} line */
  modelChanged(change, line) {
    if (change === "caught up") {
      if (this.#atEnd) this.#scrollTarget = "new";
      if (this.room.unread > 0) announce(this.#unread);
    }
    if (change === "lines" || change === "caught up") this.drawQuotes();
    if (change === "goto") this.#scrollTarget = line ?? "end";
    if (change === "lines" || change === "caught up" || change === "goto") this.#muteNextDraw = true;
    if (this.#muteNextDraw || change === "line" || change === "changed" || change === "pending" || change === "room") {
      this.#scheduleDraw();
    }
    if (change !== "pending") return;
    const more = this.room.pending.length > this.#pendingCount;
    this.#pendingCount = this.room.pending.length;
    if (!more) return;
    this.#seenNew = this.room.newMessages;
    goToEnd(this.#chat, this.room); // shows the user's own message …
    this.#draw(); // … immediately
  }

  /** @param {number} pages */
  scrollPages(pages) {
    this.element.scrollBy({ top: pages * 0.9 * this.element.clientHeight });
  }

  /** Draws quotes again: those of one message, or those of messages that were not loaded. @param {string} [id] */
  drawQuotes(id) {
    for (const quote of this.element.querySelectorAll(".quote")) {
      const isMeant = id === undefined
        ? quote.querySelector(".gone") !== null
        : quote.getAttribute("data-quote") === id;
      const line = isMeant ? this.#lineOf.get(/** @type {Element} */ (quote.parentElement)) : undefined;
      if (line !== undefined) quote.replaceWith(renderQuote(line, this.#actions));
    }
  }

  /** Draws the log before the next frame, once for all changes until then. */
  #scheduleDraw() {
    if (this.#drawScheduled) return;
    this.#drawScheduled = true;
    requestAnimationFrame(() => {
      this.#drawScheduled = false;
      if (!this.element.hidden) this.#draw();
    });
  }

  #draw() {
    const { element, room } = this;
    const target = this.#scrollTarget;
    this.#scrollTarget = undefined;
    const place = this.#savedPosition ?? (target === undefined && !this.#atEnd ? this.#firstVisibleLine() : undefined);
    this.#savedPosition = undefined;
    element.setAttribute("aria-label", room.isRoom ? `Messages in ${room.name}` : `Messages with ${room.name}`);
    element.setAttribute("aria-busy", String(room.queue !== undefined || room.state === "joining"));
    if (this.#muteNextDraw) this.#muteScreenReader();
    this.#drawStart();
    this.#drawEnd();
    this.#drawPending();
    setChildren(element, [this.#start, ...this.#lineNodes(), this.#end, this.#pending]);

    if (target === "new") this.#scrollToNew();
    else if (target === "end") {
      this.#scrollToEnd();
      if (document.activeElement === latest) element.focus({ preventScroll: true });
    } else if (target !== undefined) this.#scrollToLine(target);
    else if (place !== undefined) element.scrollTop += (this.#bottomOf(place.line) ?? place.bottom) - place.bottom;
    else if (this.#atEnd) this.#scrollToEnd();
    this.#scrolled();
  }

  /** Keeps screen readers from reading older messages. */
  #muteScreenReader() {
    this.#muteNextDraw = false;
    this.element.setAttribute("aria-live", "off");
    clearTimeout(this.#muteTimer);
    this.#muteTimer = setTimeout(() => this.element.setAttribute("aria-live", "polite"), MUTE_TIME);
  }

  /** The first visible line that stays, and where it ends: its name above may disappear. */
  #firstVisibleLine() {
    const current = new Set(this.room.lines);
    const { top } = this.element.getBoundingClientRect();
    for (const child of this.element.children) {
      const line = this.#lineOf.get(child);
      if (line === undefined || !current.has(line)) continue;
      const box = child.getBoundingClientRect();
      if (box.bottom > top) return { line, bottom: box.bottom - top };
    }
    return undefined;
  }

  /** The distance of a line's end from the top of the log. @param {Line} line */
  #bottomOf(line) {
    const box = this.#elements.get(line)?.element.getBoundingClientRect();
    return box && box.bottom - this.element.getBoundingClientRect().top;
  }

  #scrollToEnd() {
    this.#atEnd = true;
    this.element.scrollTop = this.element.scrollHeight;
  }

  /** Scrolls to the end, or only to the first new message if both do not fit. */
  #scrollToNew() {
    this.#scrollToEnd();
    if (this.#newMark.isConnected && this.#newMark.offsetTop < this.element.scrollTop) this.#scrollTo(this.#newMark);
  }

  /** @param {Line} line */
  #scrollToLine(line) {
    const { room } = this;
    const { element } = this.#elements.get(line) ?? {};
    if (element === undefined) return;
    if (line === room.firstNewLine) this.#scrollTo(this.#newMark);
    else this.#scrollTo(element, TARGET_RATIO * this.element.clientHeight);
    element.tabIndex = -1;
    element.focus({ preventScroll: true });
    if (line !== room.highlighted) return;
    room.highlighted = undefined;
    element.classList.add("found");
    setTimeout(() => element.classList.remove("found"), HIGHLIGHT_TIME);
  }

  /** @param {HTMLElement} element @param {number} above The pixels that stay visible above it. */
  #scrollTo(element, above = DAY_HEIGHT) {
    this.#atEnd = false;
    this.element.scrollTop = element.offsetTop - above;
    this.#top = this.element.scrollTop + 1; // counts as scrolled up
  }

  /** The elements of all lines, with the separators between them. */
  #lineNodes() {
    const { lines, firstNewLine: firstNew } = this.room;
    /** @type {HTMLElement[]} */
    const nodes = [];
    /** @type {Line | undefined} */
    let previous;
    /** @type {Line[]} Successive joins and parts. */
    let group = [];
    const endGroup = () => {
      const [first] = group;
      if (first !== undefined) nodes.push(this.#group(first, group));
      group = [];
    };
    let day = "";
    for (const line of lines) {
      if (line.ignored) continue;
      const today = line.time.toDateString();
      const alone = today !== day || line === firstNew;
      if (alone || line.kind !== "quiet") endGroup();
      if (today !== day) nodes.push(this.#day(line));
      if (line === firstNew) nodes.push(this.#newMark);
      if (line.kind === "quiet") group.push(line);
      else nodes.push(this.#line(line, !alone && isContinued(previous, line)));
      previous = line;
      day = today;
    }
    endGroup();
    return nodes;
  }

  /** @param {Line} line @param {boolean} follows */
  #line(line, follows) {
    const before = this.#elements.get(line);
    const { version = 0, deletedBy } = line;
    if (before?.follows === follows && before.deleted === (deletedBy !== undefined)) {
      if (before.version !== version) drawReactions(before.element, line, this.#actions);
      before.version = version;
      return before.element;
    }
    const element = renderLine(line, follows, this.#names(line), this.#actions);
    this.#elements.set(line, { element, follows, version, deleted: deletedBy !== undefined });
    this.#lineOf.set(element, line);
    return element;
  }

  /** Whom a line can name. @param {Line} line @returns {import("../mentions.js").Names} */
  #names({ own = false }) {
    const { room } = this;
    return {
      own: own ? "" : this.#chat.model.nick,
      member(name) {
        const folded = fold(name);
        return room.members.get(folded)?.nick ?? (!room.isRoom && fold(room.name) === folded ? room.name : undefined);
      },
    };
  }

  /** @param {Line} first @param {Line[]} lines */
  #group(first, lines) {
    const before = this.#groups.get(first);
    if (before !== undefined && before.lines.length === lines.length && before.lines.at(-1) === lines.at(-1)) {
      return before.element;
    }
    const element = renderMembership(lines, before?.element.querySelector("details")?.open ?? false);
    this.#groups.set(first, { element, lines });
    for (const line of lines) this.#elements.set(line, { element, follows: false, version: 0, deleted: false });
    this.#lineOf.set(element, first);
    return element;
  }

  /** @param {Line} line */
  #day(line) {
    const element = this.#days.get(line) ?? separator("day", dayText(line.time));
    this.#days.set(line, element);
    return element;
  }

  #drawStart() {
    const { name, isRoom, state, older, queue } = this.room;
    const within = state !== "out" && (older === "more" || older === "loading" || queue !== undefined);
    this.#start.classList.toggle("within", within || older === "failed");
    if (within) return setContent(this.#start, "Loading …");
    if (older === "failed") return this.#drawFailure(this.#start, "Earlier messages", "older");
    const notKept = isRoom ? "" : notKeptText(this.#chat, this.room);
    const about = !isRoom
      ? `Only the two of you can read this.${notKept === "" ? "" : ` ${notKept}`}`
      : state !== "in"
      ? ""
      : older === "none"
      ? "This is where the room begins."
      : "You joined here. Earlier messages are not shown.";
    setContent(this.#start, name + about, make("strong", "", name), ` ${about}`);
  }

  #drawEnd() {
    const { newer } = this.room;
    this.#end.hidden = newer === "none";
    if (newer === "failed") this.#drawFailure(this.#end, "Later messages", "newer");
    else setContent(this.#end, "Loading …");
  }

  /** @param {HTMLElement} element @param {string} what @param {import("../history.js").Side} side */
  #drawFailure(element, what, side) {
    const again = button("", "Try again", () => loadMore(this.#chat, this.room, side));
    setContent(element, what, `${what} could not be loaded. `, again);
  }

  #drawPending() {
    const { lines, pending, newer } = this.room;
    const { nick } = this.#chat.model;
    const before = this.#sending;
    this.#sending = new Map();
    let previous = lines.at(-1);
    for (const each of pending) {
      const line = { ...each, nick, own: true };
      const follows = isContinued(previous, line);
      const known = before.get(each);
      const same = known?.follows === follows && known.failed === each.error;
      const element = same ? known.element : this.#pendingElement(each, line, follows);
      this.#sending.set(each, { element, follows, failed: each.error });
      previous = line;
    }
    this.#pending.hidden = newer !== "none"; // pending messages belong to the end
    setChildren(this.#pending, [...this.#sending.values()].map(({ element }) => element));
  }

  /** @param {Pending} pending @param {Line} line @param {boolean} follows */
  #pendingElement(pending, line, follows) {
    const chat = this.#chat;
    const element = renderLine(line, follows, this.#names(line), this.#actions);
    element.classList.add(pending.error === undefined ? "sending" : "failed");
    if (pending.error === undefined) return element;
    const again = button("", "Send again", () => chat.resend(this.room, pending));
    const discard = button("", "Discard", () => chat.model.removePending(this.room, pending));
    element.append(make("p", "why", `${pending.error} `, again, " ", discard));
    return element;
  }

  #scrolled() {
    const { element, room } = this;
    if (element.hidden || element.clientHeight === 0) return;
    const { scrollTop, scrollHeight, clientHeight } = element;
    const below = scrollHeight - scrollTop - clientHeight;
    // If the log is far from its end but was not scrolled up, it only lags behind new lines.
    this.#atEnd = room.newer === "none" && (below < AT_END_MARGIN || (this.#atEnd && scrollTop >= this.#top));
    this.#top = scrollTop;
    this.#chat.model.setAtEnd(this.#atEnd);
    this.#showDay();
    this.showButtons();
    if (!this.#chat.online || room.state !== "in" || room.queue !== undefined) return;
    if (room.older === "more" && scrollTop < PRELOAD_MARGIN) loadMore(this.#chat, room, "older");
    if (room.newer === "more" && below < PRELOAD_MARGIN) loadMore(this.#chat, room, "newer");
  }

  /** Of the days at the top, shows only the last one. */
  #showDay() {
    const { top } = this.element.getBoundingClientRect();
    const days = [...this.element.querySelectorAll(".day")];
    const last = days.findLastIndex((day) => day.getBoundingClientRect().top < top + DAY_HEIGHT / 2);
    for (const [i, day] of days.entries()) day.classList.toggle("over", i < last);
  }

  /** Shows the buttons that scroll to the first new message and to the end, if these are not visible. */
  showButtons() {
    const { element, room } = this;
    if (element.hidden) return;
    latest.hidden = this.#atEnd;
    setLabel(latest, room.unread === 0 ? "To the end" : this.#unread);
    const { newMessages, firstNewLine: firstNew } = room;
    const { offsetTop } = this.#newMark;
    const { scrollTop, clientHeight } = element;
    const marked = this.#newMark.isConnected && firstNew !== undefined;
    if (marked && offsetTop >= scrollTop && offsetTop < scrollTop + clientHeight) this.#seenNew = newMessages;
    const isAbove = marked
      ? offsetTop < scrollTop
      : newMessages !== undefined && !this.#endsBefore(newMessages.from.time);
    earliest.hidden = newMessages === undefined || newMessages === this.#seenNew || !isAbove;
    if (newMessages === undefined) return;
    const from = firstNew?.time ?? newMessages.from.time;
    const since = from.getTime() === 0 ? "" : ` since ${sinceText(from)}`; // the user may have read nothing yet
    setLabel(earliest, `${newMessages.atLeast ? "More than " : ""}${counted(newMessages.count)}${since}`);
  }

  /** Whether no line is later than a time. @param {Date} time */
  #endsBefore(time) {
    const last = lastPosition(this.room.lines);
    return last === undefined || last.time <= time;
  }

  get #unread() {
    return counted(this.room.unread);
  }
}

/** @param {number} count */
function counted(count) {
  return count === 1 ? "1 new message" : `${count} new messages`;
}

/** @param {HTMLButtonElement} button @param {string} text */
function setLabel({ firstElementChild }, text) {
  if (firstElementChild !== null && firstElementChild.textContent !== text) firstElementChild.textContent = text;
}

/** @type {WeakMap<HTMLElement, string>} */
const contentKeys = new WeakMap();

/** Sets the content of an element, unless it has it already. @param {HTMLElement} element @param {string} what @param {(Node | string)[]} children */
function setContent(element, what, ...children) {
  if (contentKeys.get(element) === what) return;
  contentKeys.set(element, what);
  element.replaceChildren(...children.length === 0 ? [what] : children);
}
