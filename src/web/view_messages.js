// @ts-check
/**
 * What was said: a log for each room, of which one is shown. It stays where the reader is; only who reads the end is
 * taken along when something new comes.
 */
import { colour } from "./colours.js";
import { announce, button, byId, dayOf, make, prose, timeOf } from "./dom.js";

/** @typedef {import("./chat.js").Chat} Chat */
/** @typedef {import("./model.js").Room} Room */
/** @typedef {import("./model.js").Line} Line */
/** @typedef {import("./model.js").Pending} Pending */

/** Lines of one person belong together when no more than this is between them, in milliseconds. */
const TOGETHER = 5 * 60_000;

/** How near the end one must be to be taken along, in pixels. */
const NEAR = 40;

const latest = byId("latest", HTMLButtonElement);

/** @param {Chat} chat @param {(nick: string) => void} choose Called when somebody's name is clicked. */
export function showMessages(chat, choose) {
  const { model } = chat;
  /** @type {WeakMap<Room, Log>} */
  const logs = new WeakMap();
  /** @type {Log | undefined} */
  let shown;

  const logOf = (/** @type {Room} */ room) => {
    const log = logs.get(room) ?? new Log(chat, room);
    logs.set(room, log);
    return log;
  };

  latest.onclick = () => shown?.toEnd();
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
    } else if (room === undefined) return;
    else if (change === "line" && line !== undefined) logs.get(room)?.add(line);
    else if (change === "trimmed") logs.get(room)?.trim();
    else if (change === "pending" || change === "room") logs.get(room)?.refresh();
  });
}

/** The log of one room. */
class Log {
  #chat;
  #room;
  #pending = make("div", "pending");
  #start = make("div", "start");
  /** @type {WeakMap<Line, HTMLElement>} What shows a line. */
  #shows = new WeakMap();
  /** @type {Line | undefined} */
  #last;
  /** @type {Line[]} The comings and goings at the end, if it ends with some. */
  #quiet = [];
  #atEnd = true;
  #following = false;
  #top = 0;
  #unseen = 0;

  /** @param {Chat} chat @param {Room} room */
  constructor(chat, room) {
    this.#chat = chat;
    this.#room = room;
    this.#pending.setAttribute("aria-live", "off"); // it is read when it comes back
    const element = this.element = make("div", "log", this.#start, this.#pending);
    element.setAttribute("role", "log");
    element.setAttribute("aria-live", "polite");
    element.tabIndex = 0;
    element.hidden = true;
    element.onscroll = () => this.#scrolled();
    for (const line of room.lines) this.add(line);
    this.refresh();
    latest.before(element);
    // When there is less room for it, as when a keyboard opens, the end stays in view.
    new ResizeObserver(() => this.#follow()).observe(element);
  }

  show() {
    const { element } = this;
    if (this.#room.firstNew === undefined) element.querySelector(".mark")?.remove();
    element.hidden = false;
    if (this.#atEnd) {
      element.scrollTop = element.scrollHeight;
      const mark = element.querySelector(".mark");
      if (mark instanceof HTMLElement && mark.offsetTop < element.scrollTop) {
        element.scrollTop = mark.offsetTop - 8;
        this.#atEnd = false;
      }
    } else element.scrollTop = this.#top;
    this.#scrolled();
  }

  hide() {
    this.element.hidden = true;
    latest.hidden = true;
  }

  toEnd() {
    this.element.scrollTop = this.element.scrollHeight;
    this.element.focus({ preventScroll: true });
  }

  /** @param {Line} line */
  add(line) {
    const previous = this.#last;
    this.#last = line;
    const newDay = previous === undefined || previous.time.toDateString() !== line.time.toDateString();
    const firstNew = this.#room.firstNew === line;
    if (newDay) this.#append(separator("day", dayOf(line.time)));
    if (firstNew) {
      this.element.querySelector(".mark")?.remove();
      this.#append(separator("mark", "New messages"));
    }
    if (line.kind === "quiet") this.#addQuiet(line, newDay || firstNew);
    else {
      this.#quiet = [];
      const element = render(line, !newDay && !firstNew && together(previous, line));
      this.#shows.set(line, element);
      this.#append(element);
    }
    if (this.#room.pending.length > 0) this.#refreshPending();
    this.#follow();
    if (!this.#atEnd && line.kind !== "quiet" && !line.own) {
      this.#unseen++;
      this.#showLatest();
    }
  }

  /** Comings and goings in a row are told in one. @param {Line} line @param {boolean} alone */
  #addQuiet(line, alone) {
    const before = alone ? undefined : this.#shows.get(this.#quiet[0] ?? line);
    this.#quiet = before === undefined ? [line] : [...this.#quiet, line];
    const element = renderQuiet(this.#quiet, before?.querySelector("details")?.open ?? false);
    for (const each of this.#quiet) this.#shows.set(each, element);
    if (before === undefined) this.#append(element);
    else before.replaceWith(element);
  }

  /** The first lines are gone. */
  trim() {
    const [first] = this.#room.lines;
    const kept = first && this.#shows.get(first);
    if (first === undefined || kept === undefined) return;
    while (this.element.firstChild !== kept) this.element.firstChild?.remove();
    kept.before(separator("day", dayOf(first.time)));
    this.#top = 0; // that all is higher up now is nobody's doing
  }

  /** What is pending, and what is said at the top. */
  refresh() {
    const { name, isRoom, state } = this.#room;
    this.element.setAttribute("aria-label", isRoom ? `Messages in ${name}` : `Messages with ${name}`);
    this.#start.replaceChildren(
      make("strong", "", name),
      !isRoom
        ? " Only the two of you can read this."
        : state === "in"
        ? " This is where you came in. What was said before is not shown."
        : "",
    );
    this.#refreshPending();
  }

  #refreshPending() {
    const { length } = this.#pending.children;
    const failures = this.#pending.querySelectorAll(".failed").length;
    const { pending } = this.#room;
    const nick = this.#chat.model.nick;
    this.#pending.replaceChildren(...pending.map((each, i) => {
      const shown = { ...each, nick, own: true };
      const { kind, time } = pending[i - 1] ?? {};
      const previous = kind === undefined || time === undefined ? this.#last : { kind, time, nick, text: "" };
      const element = render(shown, together(previous, shown));
      element.classList.add(each.failed === undefined ? "sending" : "failed");
      if (each.failed !== undefined) element.append(this.#failure(each));
      return element;
    }));
    if (pending.length > length) this.#atEnd = true; // one wants to see what one says
    this.#follow();
    const failed = pending.flatMap(({ failed }) => failed ?? []);
    if (failed.length > failures) announce(failed.at(-1) ?? "");
  }

  /** @param {Pending} pending */
  #failure(pending) {
    const chat = this.#chat;
    const again = button("", "Send again", () => chat.sayAgain(this.#room, pending));
    const discard = button("", "Discard", () => chat.model.settle(this.#room, pending));
    return make("p", "why", `${pending.failed} `, again, " ", discard);
  }

  /** @param {HTMLElement} element */
  #append(element) {
    this.#pending.before(element);
  }

  /** Goes along to the end, once for all that comes before the page is drawn anew. */
  #follow() {
    if (!this.#atEnd || this.element.hidden || this.#following) return;
    this.#following = true;
    requestAnimationFrame(() => {
      this.#following = false;
      this.element.scrollTop = this.element.scrollHeight;
    });
  }

  #scrolled() {
    const { element } = this;
    if (element.hidden || element.clientHeight === 0) return;
    const { scrollTop, scrollHeight, clientHeight } = element;
    // Who is far from the end and has not gone up is only behind with what is being added.
    this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR || (this.#atEnd && scrollTop >= this.#top);
    this.#top = scrollTop;
    if (this.#atEnd) this.#unseen = 0;
    this.#showLatest();
  }

  #showLatest() {
    if (this.element.hidden) return;
    latest.hidden = this.#atEnd;
    const [text] = latest.children;
    const count = this.#unseen;
    if (text) text.textContent = count === 0 ? "To the end" : count === 1 ? "1 new message" : `${count} new messages`;
  }
}

/** Whether a line needs no name, since the one before is by the same person. @param {Line | undefined} a @param {Line} b */
function together(a, b) {
  return a !== undefined && a.kind === b.kind && (b.kind === "say" || b.kind === "notice") && a.nick === b.nick &&
    b.time.getTime() - a.time.getTime() < TOGETHER;
}

/** @param {Line} line @param {boolean} follows */
function render(line, follows) {
  const { kind, nick, text, time, own = false, mention = false } = line;
  const element = make("div", `line ${kind}`, timeOf(time));
  element.classList.toggle("follows", follows);
  element.classList.toggle("own", own);
  element.classList.toggle("mention", mention);
  const words = make("div", "text");
  words.dir = "auto";
  if (kind === "action" && nick !== undefined) words.append(name(nick), " ");
  else if (nick !== undefined && kind !== "info" && kind !== "error") {
    // Who listens is told whose each line is.
    if (follows) element.append(make("span", "sr", `${nick}: `));
    else element.append(name(nick));
  }
  words.append(...prose(text));
  element.append(words);
  return element;
}

/** Somebody's name, in their colour. @param {string} nick */
function name(nick) {
  const element = make("span", `nick ${colour(nick)}`, nick);
  element.dataset["nick"] = nick;
  return element;
}

/** @param {Line[]} lines @param {boolean} open */
function renderQuiet(lines, open) {
  const [first] = lines;
  const element = make("div", "line quiet");
  element.setAttribute("aria-live", "off");
  if (first !== undefined) element.append(timeOf(first.time));
  if (lines.length === 1) element.append(make("div", "text", first?.text ?? ""));
  else {
    const all = make("ul", "", ...lines.map(({ text }) => make("li", "", text)));
    const details = make("details", "text", make("summary", "", summary(lines)), all);
    details.open = open;
    element.append(details);
  }
  return element;
}

/** @param {Line[]} lines */
function summary(lines) {
  /** @type {Map<string, string>} What came of whom. */
  const outcomes = new Map();
  for (const { nick = "", change } of lines) {
    if (change === undefined) continue;
    const before = outcomes.get(nick);
    if (before === undefined) outcomes.set(nick, change === "came" ? "came in" : "left");
    else if (before === "left" && change === "came") outcomes.set(nick, "left and came back");
    else outcomes.set(nick, change === "came" ? "came in" : before === "came in" ? "came and went" : "left");
  }
  const parts = ["came in", "left", "left and came back", "came and went"].flatMap((outcome) => {
    const who = [...outcomes].flatMap(([nick, it]) => it === outcome ? [nick] : []);
    return who.length === 0 ? [] : [`${listed(who)} ${outcome}`];
  });
  return [...parts, ...lines.flatMap(({ change, text }) => change === undefined ? [text] : [])].join(" · ");
}

/** @param {string[]} names */
function listed(names) {
  if (names.length > 3) return `${names.slice(0, 2).join(", ")} and ${names.length - 2} others`;
  return names.length === 1 ? names[0] : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** @param {string} className @param {string} text */
function separator(className, text) {
  const element = make("div", `separator ${className}`, make("span", "", text));
  element.setAttribute("role", "separator");
  element.setAttribute("aria-label", text);
  return element;
}
