// @ts-check
/**
 * Choosing files: by the button, by dropping them on the page and by pasting them. Above the input field, each has a preview,
 * its progress, and a button that removes it.
 */
import { announce, button, byId, make, setChildren } from "../dom.js";
import { sizeText } from "../files.js";
import { Uploads } from "../uploads.js";

/** @typedef {import("../chat.js").Chat} Chat */
/** @typedef {import("../uploads.js").Upload} Upload */

/** The size of a preview in pixels, and the largest file that one is made of, in bytes. */
const PREVIEW = 72;
const PREVIEW_BYTES = 32 * 1024 * 1024;

/** What an upload shows. @typedef {{ item: HTMLLIElement, state: HTMLElement, bar: HTMLProgressElement, remove: HTMLButtonElement, said: string }} Chip */

const list = byId("uploads", HTMLUListElement);
const choose = byId("attach", HTMLButtonElement);
const field = byId("attach-file", HTMLInputElement);

/**
 * @param {Chat} chat
 * @param {(why: string) => void} showError
 * @returns {{ send: () => boolean }} Sends the files of the current room; says whether there were any.
 */
export function showUploads(chat, showError) {
  const { model } = chat;
  const uploads = new Uploads(chat, new URL(".", location.href).href);
  /** @type {WeakMap<Upload, Chip>} */
  const chips = new WeakMap();

  const chipOf = (/** @type {Upload} */ upload) => {
    const chip = chips.get(upload) ?? newChip(upload, () => uploads.remove(upload));
    chips.set(upload, chip);
    return chip;
  };
  const draw = () => {
    choose.hidden = !uploads.allowed;
    const shown = uploads.of(model.current);
    list.hidden = shown.length === 0;
    setChildren(list, shown.map((upload) => drawChip(upload, chipOf(upload))));
  };
  const add = (/** @type {Iterable<File>} */ files) => {
    if (model.current !== undefined) showError(uploads.add(model.current, files));
  };

  uploads.onChange = draw;
  model.listen((change) => {
    if (change === "current" || change === "tabs" || change === "user") draw();
  });
  choose.onclick = () => field.click();
  field.onchange = () => {
    add([...field.files ?? []]);
    field.value = ""; // so that the same file can be chosen again
  };
  addEventListener("paste", (event) => {
    const { clipboardData: data } = event;
    if (data === null || data.files.length === 0 || data.types.includes("text/plain")) return; // text with a picture of it
    event.preventDefault();
    add([...data.files]);
  });
  listenForDrops(() => uploads.allowed, add);
  draw();
  return { send: () => model.current !== undefined && uploads.send(model.current) };
}

/** Shows where files can be dropped, and takes them. @param {() => boolean} allowed @param {(files: File[]) => void} add */
function listenForDrops(allowed, add) {
  const main = byId("main", HTMLElement);
  const isFiles = (/** @type {DragEvent} */ { dataTransfer }) => dataTransfer?.types.includes("Files") === true;
  const mark = (/** @type {boolean} */ on) => main.classList.toggle("dropping", on);
  addEventListener("dragover", (event) => {
    if (!isFiles(event)) return;
    event.preventDefault(); // else the browser would open the file in place of the page
    if (event.dataTransfer !== null) event.dataTransfer.dropEffect = allowed() ? "copy" : "none";
    mark(allowed());
  });
  addEventListener("dragleave", ({ relatedTarget }) => relatedTarget === null && mark(false));
  addEventListener("drop", (event) => {
    if (!isFiles(event)) return;
    event.preventDefault();
    mark(false);
    if (allowed()) add([...event.dataTransfer?.files ?? []]);
  });
}

/** @param {Upload} upload @param {() => void} onRemove @returns {Chip} */
function newChip(upload, onRemove) {
  const { file } = upload;
  const preview = make("span", "preview");
  void drawPreview(file, preview);
  const state = make("span", "state");
  const bar = make("progress", "");
  bar.max = 1;
  bar.setAttribute("aria-label", `Uploading ${file.name}`);
  const remove = button("icon-button", "×", onRemove);
  const item = make("li", "", preview, make("span", "about", make("b", "", file.name), state, bar), remove);
  return { item, state, bar, remove, said: "" };
}

/** @param {Upload} upload @param {Chip} chip */
function drawChip({ file, state, progress, why, wanted }, chip) {
  const size = sizeText(file.size);
  const texts = {
    waiting: `${size} · waiting`,
    running: `${size} · ${Math.floor(progress * 100)} %${wanted ? " · is sent when it is there" : ""}`,
    ready: `${size} · ready to send`,
    failed: why,
  };
  chip.item.className = state;
  chip.state.textContent = texts[state];
  chip.bar.hidden = state === "failed" || state === "ready";
  chip.bar.value = progress;
  chip.remove.setAttribute("aria-label", `${state === "running" ? "Cancel" : "Remove"} ${file.name}`);
  if (chip.said !== state && (state === "ready" || state === "failed")) announce(`${file.name}: ${texts[state]}`);
  chip.said = state;
  return chip.item;
}

/** Draws a small picture of an image; nothing for other files. @param {File} file @param {HTMLElement} preview */
async function drawPreview(file, preview) {
  if (!file.type.startsWith("image/") || file.size > PREVIEW_BYTES) return;
  try {
    const bitmap = await createImageBitmap(file, { resizeHeight: PREVIEW, resizeQuality: "medium" });
    const canvas = make("canvas", "");
    canvas.width = Math.min(bitmap.width, 2 * PREVIEW);
    canvas.height = bitmap.height;
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
    bitmap.close();
    preview.append(canvas);
  } catch {
    // It is no image that the browser can show.
  }
}
