// @ts-check
/**
 * The input field: Enter sends, Shift and Enter begin a new line, Tab completes, ArrowUp recalls earlier input. A draft, and
 * which message it replies to, is stored for each room, and survives reloads and lost connections.
 */
import { isNickServ } from "../account.js";
import { COMMANDS, isSecret, resolveAlias, runInput } from "../commands.js";
import { completions } from "../completion.js";
import { button, byId, make } from "../dom.js";
import { sessionStore } from "../storage.js";
import { unloadedLine } from "../lines.js";
import { trimLines } from "../multiline.js";
import { fold } from "../room.js";

/** @typedef {import("../chat.js").Chat} Chat */
/** @typedef {import("../commands.js").Ui} Ui */
/** @typedef {import("../room.js").Room} Room */

/** From so many messages on, the user is asked to confirm. */
const CONFIRM_FROM = 6;

/** From so many characters on, the length of the message is checked while the user types. */
const CHECKED_FROM = 200;

/** The most rows of the field, lines that can be recalled, and hints. */
const ROWS_MAX = 8;
const INPUT_HISTORY_MAX = 50;
const HINTS_MAX = 6;

/** Shown for input that looks like a command with a password, but would be sent as a message. */
const NOT_SENT_SECRET =
  "Not sent, because it may contain a password. Write the command on a single line that begins with /.";

const input = byId("words", HTMLTextAreaElement);
const hint = byId("hint", HTMLUListElement);
const problem = byId("problem", HTMLElement);

/** Focuses the input field. On a phone only if `asked`: its keyboard covers half of the screen. */
export function focusComposer(asked = false) {
  if (asked || matchMedia("(pointer: fine)").matches) input.focus();
}

/** Shows an error below the messages until the user types. @param {string} why */
export function showInputError(why) {
  problem.textContent = why;
}

/** Inserts a text at the caret. @param {string} text */
export function insertText(text) {
  input.setRangeText(text, input.selectionStart, input.selectionEnd, "end");
  input.dispatchEvent(new Event("input"));
  input.focus();
}

/**
 * @param {Chat} chat
 * @param {Ui & { confirm: (messages: number, yes: () => void) => void, sendFiles: () => boolean }} ui
 */
export function showComposer(chat, ui) {
  const { model } = chat;
  /** @type {{ options: string[], next: number, from: number, to: number } | undefined} The completion in progress. */
  let completing;
  let stored = ""; // under which name the draft is stored
  let recalled = 0; // how many lines back ArrowUp has gone
  /** @type {ReturnType<typeof import("./suggestions.js").showSuggestions> | undefined} The list of suggestions, once it is loaded. */
  let list;

  model.listen((change, room) => {
    if (change === "current") roomChanged();
    else if (room === undefined) return;
    else if (change === "reply") storeReply(room);
    else if (change === "room" && room === model.current) {
      label();
      moveDraft(room);
    }
  });
  byId("composer", HTMLFormElement).onsubmit = (event) => {
    event.preventDefault();
    submit();
  };
  input.oninput = () => {
    completing = undefined;
    recalled = 0;
    showInputError("");
    changed();
    suggest();
    const room = model.current;
    if (room !== undefined && input.value.length > CHECKED_FROM) showInputError(excessOf(room, input.value));
  };
  input.onkeydown = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (list?.handleKey(event)) {
      event.preventDefault();
      return event.stopPropagation(); // Escape is for the list alone
    }
    const done = { Enter: enter, Tab: complete, ArrowUp: () => recall(1), ArrowDown: () => recall(-1) };
    const act = Object.hasOwn(done, event.key) ? done[/** @type {keyof done} */ (event.key)] : undefined;
    if (act !== undefined && !event.shiftKey && act()) event.preventDefault();
  };

  function roomChanged() {
    list?.close();
    completing = undefined;
    recalled = 0;
    input.value = sessionStore.get(draftOf(model.current?.name ?? ""));
    const room = model.current;
    const id = room === undefined ? "" : sessionStore.get(replyOf(room.name));
    if (room !== undefined && room.replyTo?.id !== id && id !== "") model.replyTo(room, unloadedLine(id));
    showInputError("");
    label();
    changed();
  }

  function label() {
    const room = model.current;
    input.placeholder = `Message ${room?.name ?? ""}`;
    input.labels[0]?.replaceChildren(input.placeholder);
  }

  /** Stores the draft under the new name if the room was renamed. @param {Room} room */
  function moveDraft(room) {
    if (room.name === stored) return;
    for (const key of [draftOf(stored), replyOf(stored)]) sessionStore.set(key, "");
    changed();
    storeReply(room);
  }

  /** @param {Room} room */
  function storeReply({ name, replyTo }) {
    sessionStore.set(replyOf(name), replyTo?.id ?? "");
  }

  /** Updates draft, size and hints after the input has changed. */
  function changed() {
    stored = model.current?.name ?? "";
    sessionStore.set(draftOf(stored), isSecret(input.value) ? "" : input.value);
    input.rows = 1;
    const line = parseFloat(getComputedStyle(input).lineHeight);
    const padding = parseFloat(getComputedStyle(input).paddingTop) * 2;
    input.rows = Math.min(ROWS_MAX, Math.max(1, Math.round((input.scrollHeight - padding) / line)));
    const [, typed] = /^\/(\S*)$/.exec(input.value) ?? [];
    const [, name = ""] = /^\/(\S+)\s/.exec(input.value) ?? [];
    const meant = resolveAlias(typed ?? name);
    const names = Object.keys(COMMANDS).filter((each) =>
      each === meant || (typed !== undefined && each.startsWith(typed))
    );
    hint.replaceChildren(...names.slice(0, HINTS_MAX).map(hintFor));
    hint.hidden = names.length === 0;
  }

  /** @param {string} name */
  function hintFor(name) {
    const { args = "", help = "" } = COMMANDS[name] ?? {};
    const choose = button("", "", () => {
      const [, written = ""] = /^\/(\S+)\s/.exec(input.value) ?? [];
      if (resolveAlias(written) !== name) input.value = "";
      if (input.value === "") insertText(`/${name} `);
      else input.focus();
    });
    choose.tabIndex = -1;
    choose.append(make("b", "", `/${name}`), args === "" ? "" : ` ${args}`, make("span", "", help));
    return make("li", "", choose);
  }

  function enter() {
    submit();
    return true;
  }

  function submit() {
    const lines = input.value.split("\n").filter((line) => line.trim() !== "");
    if (chat.online && lines.length === 0) return void ui.sendFiles();
    if (lines.length === 0) return;
    if (!chat.online) return showInputError("Not connected. Your text stays here until the connection is back.");
    const room = model.current;
    if (room === undefined) return;
    // It would be sent to everyone in the room.
    if (lines.some(isSecret) && !(lines.length === 1 && lines[0]?.startsWith("/"))) {
      return showInputError(NOT_SENT_SECRET);
    }
    const whole = trimLines(input.value);
    if (lines.length > 1 && chat.sendsAsOne(room)) return sendAsOne(room, whole);
    const messages = lines.reduce((sum, line) => sum + partsOf(room, line), 0);
    if (messages >= CONFIRM_FROM) ui.confirm(messages, () => send(room, lines));
    else if (lines.length === 1 && !whole.startsWith("/")) sendAsOne(room, whole);
    else send(room, lines);
  }

  /** How many messages a line becomes. @param {Room} room @param {string} line */
  function partsOf(room, line) {
    return chat.sendsAsOne(room) ? 1 : chat.splitMessage(room, line).length;
  }

  /** Why a text is too long for a message, or the empty string. @param {Room} room @param {string} text */
  function excessOf(room, text) {
    const isCommand = text.startsWith("/") && !text.includes("\n");
    return isCommand ? "" : chat.excessOf(room, trimLines(text));
  }

  /** Sends a text with all its lines. @param {Room} room @param {string} text */
  function sendAsOne(room, text) {
    const why = excessOf(room, text);
    if (why === "") send(room, [text]);
    else showInputError(why);
  }

  /** @param {Room} room @param {string[]} texts The messages. */
  function send(room, texts) {
    const draft = draftOf(room.name);
    // Of several lines, none is a command.
    const several = texts.length > 1 || texts[0]?.includes("\n") === true;
    for (const each of texts) {
      const why = runInput(chat, ui, room, several && each.startsWith("/") ? `/${each}` : each);
      if (why !== undefined) return showInputError(why);
    }
    list?.close();
    showInputError("");
    if (several || !/^\/(?!\/)/.test(texts[0] ?? "")) ui.sendFiles(); // not with commands
    if (!texts.some(isSecret) && !isNickServ(room.name)) room.inputHistory.push(texts.join("\n"));
    if (room.inputHistory.length > INPUT_HISTORY_MAX) room.inputHistory.shift();
    recalled = 0;
    sessionStore.set(draft, "");
    if (model.current === room) input.value = "";
    changed();
  }

  /** Lists suggestions. Without them, the field works all the same. */
  async function suggest() {
    if (list === undefined && !/[@:]/.test(input.value)) return;
    const loaded = await import("./suggestions.js").catch(() => undefined);
    list ??= loaded?.showSuggestions(chat, input);
    list?.update();
  }

  /** Recalls earlier input. @param {number} by Lines back. @returns {boolean} Whether there is any. */
  function recall(by) {
    const said = model.current?.inputHistory ?? [];
    const { value, selectionStart: at, selectionEnd: end } = input;
    const beside = by > 0 ? value.slice(0, at) : value.slice(end);
    if (beside.includes("\n") || (recalled === 0 && (by < 0 || value !== ""))) return false;
    const to = Math.min(recalled + by, said.length);
    if (to === recalled) return true;
    input.value = said.at(-to) ?? "";
    if (to === 0) input.value = "";
    input.dispatchEvent(new Event("input"));
    recalled = to;
    return true;
  }

  /** Completes the word before the caret, or tries the next option. @returns {boolean} Whether there was one. */
  function complete() {
    if (model.current === undefined) return false;
    if (completing === undefined) {
      const { from, options } = completions(chat, model.current, input.value.slice(0, input.selectionStart));
      completing = { options, next: 0, from, to: input.selectionStart };
    }
    const { options, next, from, to } = completing;
    const option = options[next];
    if (option === undefined) {
      completing = undefined; // all were tried: Tab moves the focus again
      return false;
    }
    input.setRangeText(option, from, to, "end");
    changed();
    completing = { options, next: next + 1, from, to: from + option.length };
    return true;
  }
}

/** Where the draft for a room is stored. @param {string} name */
function draftOf(name) {
  return `draft.${fold(name)}`;
}

/** Where the id of the message that it replies to is stored. @param {string} name */
function replyOf(name) {
  return `reply.${fold(name)}`;
}
