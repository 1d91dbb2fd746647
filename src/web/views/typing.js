// @ts-check
/**
 * Shows the members who are typing in the current room.
 */
import { byId } from "../dom.js";
import { typingText, typists } from "../typing.js";

/** How often it is checked whether users have stopped, in milliseconds. */
const CHECK_EVERY = 1000;

/** @param {import("../chat.js").Chat} chat */
export function showTyping(chat) {
  const { model } = chat;
  const element = byId("typing", HTMLElement);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  model.listen((change, room) => {
    if (change === "current" || (change === "typing" && room === model.current)) draw();
  });

  function draw() {
    clearTimeout(timer);
    const nicks = model.current === undefined ? [] : typists(model.current, Date.now());
    const text = typingText(nicks.filter((nick) => !model.ignoresNick(nick)));
    if (element.textContent !== text) element.textContent = text;
    if (nicks.length > 0) timer = setTimeout(draw, CHECK_EVERY);
  }
}
