// @ts-check
/**
 * What was said: a log for each room, of which one is shown. It stays where the reader is, whatever is put before it or
 * taken away; only who reads the end is taken along when something new comes. Near either end, it has more come.
 */
import { announce, arrange, button, byId, dayOf, make, sinceOf } from "../dom.js";
import { lastSaid } from "../lines.js";
import { goToEnd, goToNews, more } from "../history.js";
import { complain } from "./composer.js";
import { render, renderQuiet, separator, together } from "./lines.js";

/** @typedef {import("../chat.js").Chat} Chat */
/** @typedef {import("../lines.js").Line} Line */
/** @typedef {import("../room.js").Pending} Pending */
/** @typedef {import("../room.js").Room} Room */

/** How near the end one must be to be taken along, and how near an end more is fetched, in pixels. */
const NEAR = 40;
const AHEAD = 600;

/** How far below the top that is put to which one goes: in pixels, as the day stands there, or as a part of the height. */
const BELOW_DAY = 44;
const UPPER = 0.3;

/** How long something is lit that one has looked for, in milliseconds. */
const LIT = 3000;

/** How long a screen reader is not to read out what was put in, in milliseconds. */
const HUSH = 500;

const earliest = byId("earliest", HTMLButtonElement);
const latest = byId("latest", HTMLButtonElement);

/** @param {Chat} chat @param {(nick: string) => void} choose Called when somebody's name is clicked. */
export function showMessages(chat, choose) {
  const { model } = chat;
  /** @type {WeakMap<Room, Log>} */
  const logs = new WeakMap();
  /** @type {WeakSet<Pending>} What is known to have failed. */
  const failed = new WeakSet();
  /** @type {Log | undefined} */
  let shown;

  const logOf = (/** @type {Room} */ room) => {
    const log = logs.get(room) ?? new Log(chat, room);
    logs.set(room, log);
    return log;
  };

  earliest.onclick = () => shown && goToNews(chat, shown.room, complain);
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
    if (room !== undefined && room === shown?.room) shown.changed(change, line);
  });

  /** Says that something was not sent, once. @param {Pending} pending */
  function tell(pending) {
    if (pending.failed === undefined || failed.has(pending)) return;
    failed.add(pending);
    announce(pending.failed);
  }

  /** Turns the pages, for who is elsewhere on the page. @param {number} pages */
  return (pages) => shown?.turn(pages);
}

/** The log of one room. Only while it is shown is it up to date. */
class Log {
  #chat;
  #pending = make("div", "pending");
  #start = make("div", "start");
  #end = make("div", "end");
  #mark = separator("mark", "New messages");
  /** @type {WeakMap<Line, { element: HTMLElement, follows: boolean }>} What shows a line. */
  #shows = new WeakMap();
  /** @type {WeakMap<Line, { element: HTMLElement, lines: Line[] }>} What shows comings and goings, by the first of them. */
  #groups = new WeakMap();
  /** @type {WeakMap<Line, HTMLElement>} The day that begins with a line. */
  #days = new WeakMap();
  /** @type {WeakMap<Element, Line>} */
  #lines = new WeakMap();
  /** @type {Map<Pending, { element: HTMLElement, follows: boolean, failed: string | undefined }>} */
  #sending = new Map();
  #planned = false;
  #quiet = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #hushed;
  #atEnd = true;
  #top = 0;
  #waiting = 0; // how much was pending
  /** @type {{ line: Line, bottom: number } | undefined} Where one was when another room was chosen. */
  #left;
  /** @type {Line | "end" | "news" | undefined} Where one wants to be. */
  #wish;
  /** @type {import("../room.js").News | undefined} What of the news was found. */
  #met;

  /** @param {Chat} chat @param {Room} room */
  constructor(chat, room) {
    this.#chat = chat;
    this.room = room;
    this.#pending.setAttribute("aria-live", "off"); // it is read when it comes back
    this.#start.setAttribute("aria-live", "off");
    const element = this.element = make("div", "log");
    element.setAttribute("role", "log");
    element.setAttribute("aria-live", "polite");
    element.tabIndex = 0;
    element.hidden = true;
    element.onscroll = () => this.#scrolled();
    latest.before(element);
    // When there is less room for it, as when a keyboard opens, the end stays in view.
    new ResizeObserver(() => this.#plan()).observe(element);
  }

  show() {
    const { room } = this;
    this.element.hidden = false;
    if (this.#left === undefined || !room.lines.includes(this.#left.line)) this.#wish ??= "news";
    this.#waiting = room.pending.length;
    this.#quiet = true;
    this.#draw();
  }

  hide() {
    this.#left = this.#atEnd ? undefined : this.#place();
    this.element.hidden = true;
    latest.hidden = earliest.hidden = true;
  }

  /** @param {import("../model.js").Change} change @param {Line | undefined} line */
  changed(change, line) {
    if (change === "caught up") {
      if (this.#atEnd) this.#wish = "news";
      if (this.room.unread > 0) announce(this.#unread);
    }
    if (change === "goto") this.#wish = line ?? "end";
    if (change === "lines" || change === "caught up" || change === "goto") this.#quiet = true;
    if (this.#quiet || change === "line" || change === "pending" || change === "room") this.#plan();
    if (change !== "pending") return;
    const more = this.room.pending.length > this.#waiting;
    this.#waiting = this.room.pending.length;
    if (!more) return;
    this.#met = this.room.news;
    goToEnd(this.#chat, this.room); // one wants to see what one says …
    this.#draw(); // … at once
  }

  /** @param {number} pages */
  turn(pages) {
    this.element.scrollBy({ top: pages * 0.9 * this.element.clientHeight });
  }

  /** Draws it anew, once for all that comes before the page is. */
  #plan() {
    if (this.#planned) return;
    this.#planned = true;
    requestAnimationFrame(() => {
      this.#planned = false;
      if (!this.element.hidden) this.#draw();
    });
  }

  #draw() {
    const { element, room } = this;
    const wish = this.#wish;
    this.#wish = undefined;
    const place = this.#left ?? (wish === undefined && !this.#atEnd ? this.#place() : undefined);
    this.#left = undefined;
    element.setAttribute("aria-label", room.isRoom ? `Messages in ${room.name}` : `Messages with ${room.name}`);
    element.setAttribute("aria-busy", String(room.held !== undefined || room.state === "joining"));
    if (this.#quiet) this.#hush();
    this.#drawStart();
    this.#drawEnd();
    this.#drawPending();
    arrange(element, [this.#start, ...this.#nodes(), this.#end, this.#pending]);

    if (wish === "news") this.#goToNews();
    else if (wish === "end") {
      this.#toEnd();
      if (document.activeElement === latest) element.focus({ preventScroll: true });
    } else if (wish !== undefined) this.#goTo(wish);
    else if (place !== undefined) element.scrollTop += (this.#bottomOf(place.line) ?? place.bottom) - place.bottom;
    else if (this.#atEnd) this.#toEnd();
    this.#scrolled();
  }

  /** What was said before is no news, and is not read out. */
  #hush() {
    this.#quiet = false;
    this.element.setAttribute("aria-live", "off");
    clearTimeout(this.#hushed);
    this.#hushed = setTimeout(() => this.element.setAttribute("aria-live", "polite"), HUSH);
  }

  /** The first line that can be seen and that stays, and how far down it ends: above its words, its name may go. */
  #place() {
    const kept = new Set(this.room.lines);
    const { top } = this.element.getBoundingClientRect();
    for (const child of this.element.children) {
      const line = this.#lines.get(child);
      if (line === undefined || !kept.has(line)) continue;
      const box = child.getBoundingClientRect();
      if (box.bottom > top) return { line, bottom: box.bottom - top };
    }
    return undefined;
  }

  /** How far down a line ends. @param {Line} line */
  #bottomOf(line) {
    const box = this.#shows.get(line)?.element.getBoundingClientRect();
    return box && box.bottom - this.element.getBoundingClientRect().top;
  }

  #toEnd() {
    this.#atEnd = true;
    this.element.scrollTop = this.element.scrollHeight;
  }

  /** To the end, or only to what is new, if both cannot be seen. */
  #goToNews() {
    this.#toEnd();
    if (this.#mark.isConnected && this.#mark.offsetTop < this.element.scrollTop) this.#goUp(this.#mark);
  }

  /** @param {Line} line */
  #goTo(line) {
    const { room } = this;
    const { element } = this.#shows.get(line) ?? {};
    if (element === undefined) return;
    if (line === room.firstNew) this.#goUp(this.#mark);
    else this.#goUp(element, UPPER * this.element.clientHeight);
    element.tabIndex = -1;
    element.focus({ preventScroll: true });
    if (line !== room.found) return;
    room.found = undefined;
    element.classList.add("found");
    setTimeout(() => element.classList.remove("found"), LIT);
  }

  /** @param {HTMLElement} element @param {number} above How much of what is above it is to be seen. */
  #goUp(element, above = BELOW_DAY) {
    this.#atEnd = false;
    this.element.scrollTop = element.offsetTop - above;
    this.#top = this.element.scrollTop + 1; // one has gone up, wherever one was
  }

  /** All lines, with what stands between. */
  #nodes() {
    const { lines, firstNew } = this.room;
    /** @type {HTMLElement[]} */
    const nodes = [];
    /** @type {Line | undefined} */
    let previous;
    /** @type {Line[]} Comings and goings in a row. */
    let group = [];
    const endGroup = () => {
      const [first] = group;
      if (first !== undefined) nodes.push(this.#group(first, group));
      group = [];
    };
    let day = "";
    for (const line of lines) {
      const today = line.time.toDateString();
      const alone = today !== day || line === firstNew;
      if (alone || line.kind !== "quiet") endGroup();
      if (today !== day) nodes.push(this.#day(line));
      if (line === firstNew) nodes.push(this.#mark);
      if (line.kind === "quiet") group.push(line);
      else nodes.push(this.#line(line, !alone && together(previous, line)));
      previous = line;
      day = today;
    }
    endGroup();
    return nodes;
  }

  /** @param {Line} line @param {boolean} follows */
  #line(line, follows) {
    const before = this.#shows.get(line);
    if (before?.follows === follows) return before.element;
    const element = render(line, follows);
    this.#shows.set(line, { element, follows });
    this.#lines.set(element, line);
    return element;
  }

  /** @param {Line} first @param {Line[]} lines */
  #group(first, lines) {
    const before = this.#groups.get(first);
    if (before !== undefined && before.lines.length === lines.length && before.lines.at(-1) === lines.at(-1)) {
      return before.element;
    }
    const element = renderQuiet(lines, before?.element.querySelector("details")?.open ?? false);
    this.#groups.set(first, { element, lines });
    for (const line of lines) this.#shows.set(line, { element, follows: false });
    this.#lines.set(element, first);
    return element;
  }

  /** @param {Line} line */
  #day(line) {
    const element = this.#days.get(line) ?? separator("day", dayOf(line.time));
    this.#days.set(line, element);
    return element;
  }

  #drawStart() {
    const { name, isRoom, state, before, held } = this.room;
    const within = state !== "out" && (before === "more" || before === "loading" || held !== undefined);
    this.#start.classList.toggle("within", within || before === "failed");
    if (within) return fill(this.#start, "Loading …");
    if (before === "failed") return this.#drawFailure(this.#start, "What was said before", "before");
    const about = !isRoom
      ? "Only the two of you can read this."
      : state !== "in"
      ? ""
      : before === "none"
      ? "This is where the room begins."
      : "This is where you came in. What was said before is not shown.";
    fill(this.#start, name + about, make("strong", "", name), ` ${about}`);
  }

  #drawEnd() {
    const { after } = this.room;
    this.#end.hidden = after === "none";
    if (after === "failed") this.#drawFailure(this.#end, "What was said then", "after");
    else fill(this.#end, "Loading …");
  }

  /** @param {HTMLElement} element @param {string} what @param {import("../history.js").Side} side */
  #drawFailure(element, what, side) {
    const again = button("", "Try again", () => more(this.#chat, this.room, side));
    fill(element, what, `${what} could not be loaded. `, again);
  }

  #drawPending() {
    const { lines, pending, after } = this.room;
    const { nick } = this.#chat.model;
    const before = this.#sending;
    this.#sending = new Map();
    let previous = lines.at(-1);
    for (const each of pending) {
      const line = { ...each, nick, own: true };
      const follows = together(previous, line);
      const known = before.get(each);
      const same = known?.follows === follows && known.failed === each.failed;
      const element = same ? known.element : this.#unsent(each, line, follows);
      this.#sending.set(each, { element, follows, failed: each.failed });
      previous = line;
    }
    this.#pending.hidden = after !== "none"; // it belongs to the end
    arrange(this.#pending, [...this.#sending.values()].map(({ element }) => element));
  }

  /** @param {Pending} pending @param {Line} line @param {boolean} follows */
  #unsent(pending, line, follows) {
    const chat = this.#chat;
    const element = render(line, follows);
    element.classList.add(pending.failed === undefined ? "sending" : "failed");
    if (pending.failed === undefined) return element;
    const again = button("", "Send again", () => chat.sayAgain(this.room, pending));
    const discard = button("", "Discard", () => chat.model.settle(this.room, pending));
    element.append(make("p", "why", `${pending.failed} `, again, " ", discard));
    return element;
  }

  #scrolled() {
    const { element, room } = this;
    if (element.hidden || element.clientHeight === 0) return;
    const { scrollTop, scrollHeight, clientHeight } = element;
    const below = scrollHeight - scrollTop - clientHeight;
    // Who is far from the end and has not gone up is only behind with what is being added.
    this.#atEnd = room.after === "none" && (below < NEAR || (this.#atEnd && scrollTop >= this.#top));
    this.#top = scrollTop;
    this.#chat.model.reach(this.#atEnd);
    this.#showDay();
    this.showButtons();
    if (!this.#chat.online || room.state !== "in" || room.held !== undefined) return;
    if (room.before === "more" && scrollTop < AHEAD) more(this.#chat, room, "before");
    if (room.after === "more" && below < AHEAD) more(this.#chat, room, "after");
  }

  /** Of the days that stand at the top, the last one is which it is. */
  #showDay() {
    const { top } = this.element.getBoundingClientRect();
    const days = [...this.element.querySelectorAll(".day")];
    const last = days.findLastIndex((day) => day.getBoundingClientRect().top < top + BELOW_DAY / 2);
    for (const [i, day] of days.entries()) day.classList.toggle("over", i < last);
  }

  /** The ways to what is new, and to the end, where one cannot see them. */
  showButtons() {
    const { element, room } = this;
    if (element.hidden) return;
    latest.hidden = this.#atEnd;
    say(latest, room.unread === 0 ? "To the end" : this.#unread);
    const { news, firstNew } = room;
    const { offsetTop } = this.#mark;
    const { scrollTop, clientHeight } = element;
    const marked = this.#mark.isConnected && firstNew !== undefined;
    if (marked && offsetTop >= scrollTop && offsetTop < scrollTop + clientHeight) this.#met = news;
    const isAbove = marked ? offsetTop < scrollTop : news !== undefined && !this.#endsBefore(news.from.time);
    earliest.hidden = news === undefined || news === this.#met || !isAbove;
    if (news === undefined) return;
    const since = sinceOf(firstNew?.time ?? news.from.time);
    say(earliest, `${news.atLeast ? "More than " : ""}${counted(news.count)} since ${since}`);
  }

  /** Whether all of the lines were said until then. @param {Date} time */
  #endsBefore(time) {
    const last = lastSaid(this.room.lines);
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
function say({ firstElementChild }, text) {
  if (firstElementChild !== null && firstElementChild.textContent !== text) firstElementChild.textContent = text;
}

/** @type {WeakMap<HTMLElement, string>} */
const filled = new WeakMap();

/** Fills an element, unless it says so already. @param {HTMLElement} element @param {string} what @param {(Node | string)[]} children */
function fill(element, what, ...children) {
  if (filled.get(element) === what) return;
  filled.set(element, what);
  element.replaceChildren(...children.length === 0 ? [what] : children);
}
