// @ts-check
/**
 * Shows above the input field which message the next one replies to, and tells others that the user types.
 */
import { byId } from "../dom.js";
import { TypingNotifier } from "../typing.js";
import { focusComposer } from "./composer.js";
import { quoteText } from "../quoted.js";

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
    if (change === "current" || (change === "reply" && room === model.current)) draw();
  });
  draw();

  function draw() {
    const line = model.current?.replyTo;
    bar.hidden = line === undefined;
    byId("reply-nick", HTMLElement).textContent = line?.nick ?? "";
    byId("reply-text", HTMLElement).textContent = line === undefined ? "" : quoteText(line, location.origin);
  }
}
