// @ts-check
/**
 * Shows above the input field which message the next one replies to, and tells others that the user types.
 */
import { byId } from "../dom.js";
import { loadMessage } from "../history.js";
import { TypingNotifier } from "../typing.js";
import { focusComposer } from "./composer.js";
import { canLoad, quoteText } from "../quoted.js";

/** @typedef {import("../lines.js").Line} Line */
/** @typedef {import("../room.js").Room} Room */

/** @param {import("../chat.js").Chat} chat */
export function showReplyBar(chat) {
  const { model } = chat;
  const bar = byId("reply", HTMLElement);
  const input = byId("words", HTMLTextAreaElement);
  const notifier = new TypingNotifier(chat);
  const cancel = () => {
    if (model.current?.replyTo === undefined) return false;
    model.replyTo(model.current, undefined);
    focusComposer();
    return true;
  };
  byId("reply-cancel", HTMLElement).onclick = cancel;
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && cancel()) event.stopPropagation();
  });
  input.addEventListener("input", () => {
    if (model.current !== undefined) notifier.changed(model.current, input.value);
  });
  model.listen((change, room) => {
    if (change === "pending" && room !== undefined) notifier.sent(room);
    const isShown = (change === "reply" || change === "caught up") && room === model.current;
    if (change === "current" || isShown) draw();
  });
  draw();

  function draw() {
    const { current: room } = model;
    const line = room?.replyTo;
    bar.hidden = line === undefined;
    byId("reply-nick", HTMLElement).textContent = line?.nick ?? "";
    byId("reply-text", HTMLElement).textContent = line === undefined
      ? ""
      : line.nick === undefined
      ? "an earlier message"
      : quoteText(line);
    if (room !== undefined && line !== undefined && line.nick === undefined && canLoad(chat, room)) load(room, line);
  }

  /** Loads a line that was chosen before the page was loaded again. @param {Room} room @param {Line} line */
  function load(room, line) {
    const done = (/** @type {Line | undefined} */ found) => {
      if (room.replyTo === line) model.replyTo(room, found?.deletedBy === undefined ? found : undefined);
    };
    const failed = () => {
      if (canLoad(chat, room)) done(undefined); // else it is loaded when the user is in the room again
    };
    loadMessage(chat, room, line.id ?? "", { done, failed });
  }
}
