// @ts-check
/**
 * The parts around the messages: name and topic of the room, the form shown when the user is not in it, and the state of the
 * connection.
 */
import { byId, formattedText } from "../dom.js";
import { plainText } from "../format.js";

/** @typedef {import("../chat.js").Chat} Chat */

/** @param {Chat} chat */
export function showRoom(chat) {
  const { model } = chat;
  const about = byId("about", HTMLButtonElement);
  const topic = byId("topic", HTMLElement);
  const trouble = byId("trouble", HTMLFormElement);
  const text = byId("trouble-text", HTMLElement);
  const key = byId("key", HTMLInputElement);

  model.listen((change, room) => {
    if (room === model.current && (change === "current" || change === "room")) draw();
  });

  function draw() {
    const room = model.current;
    about.textContent = room?.name ?? "";
    topic.replaceChildren(...formattedText(room?.topic ?? ""));
    topic.title = plainText(room?.topic ?? "");
    trouble.hidden = room?.state !== "out";
    byId("composer", HTMLFormElement).hidden = !trouble.hidden;
    if (room?.state !== "out") return;
    text.textContent = room.joinError?.text ?? `You are not in ${room.name}.`;
    byId("trouble-go", HTMLElement).textContent = room.joinError?.action ?? "Join";
    byId("trouble-key", HTMLElement).hidden = !room.joinError?.needsKey;
    key.value = "";
    if (room.joinError?.needsKey) key.focus();
    else text.focus(); // screen readers read it; a focused button could be pressed by typing
  }

  trouble.onsubmit = (event) => {
    event.preventDefault();
    if (model.current !== undefined) chat.join(model.current.name, key.value.trim());
  };
  byId("trouble-close", HTMLElement).onclick = () => {
    if (model.current !== undefined) chat.part(model.current);
  };
}

/** The banner that says why the page is not connected. @param {Chat} chat */
export function showStatus(chat) {
  const banner = byId("banner", HTMLElement);
  const text = byId("banner-text", HTMLElement);
  const wait = byId("banner-wait", HTMLElement);
  const now = byId("banner-now", HTMLButtonElement);
  now.onclick = () => chat.connection.connect();
  setInterval(draw, 1000);
  return draw;

  function draw() {
    const { kind, reason = "", retryAt = 0 } = chat.connection.status;
    byId("app", HTMLElement).classList.toggle("offline", kind !== "online");
    if (kind === "connecting" && !banner.hidden) wait.textContent = "Trying …";
    if (kind === "connecting") return;
    banner.hidden = kind === "online" || kind === "rejected" || reason === "";
    now.textContent = kind === "idle" ? "Reconnect" : "Try now";
    if (text.textContent !== reason) text.textContent = reason; // screen readers read each change
    const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
    wait.textContent = kind === "waiting" ? `Trying again in ${seconds} s.` : "";
  }
}
