// @ts-check
/**
 * Uploads: a few at a time are sent to the server, and the links to the files are said in the room when the user sends them.
 */
import { fold } from "./room.js";
import { sizeText } from "./files.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./connection.js").Login} Login */

/** The most files of one room that wait to be sent, and how many are uploaded at a time. */
export const WAITING_MAX = 10;
const RUNNING_MAX = 2;

/** The users that may upload files (`accounts` or `everyone`), and the most bytes of one. @typedef {{ who: string, max: number }} UploadRules */

/** What the uploads need of the chat. */
/**
 * @typedef {{
 *   uploads: UploadRules | undefined,
 *   connection: { account: string, password: string, login: Login | undefined },
 *   say(room: Room, text: string, kind: "say", reply: string): void,
 *   takeReply(room: Room): string,
 * }} UploadChat
 */

/** One file. */
export class Upload {
  /** @type {"waiting" | "running" | "ready" | "failed"} */
  state = "waiting";
  /** The part that is sent, from 0 to 1. */
  progress = 0;
  /** Why it has failed, as a sentence. */
  why = "";
  /** The link, once it is ready. */
  href = "";
  /** Whether the link is said as soon as it is ready. */
  wanted = false;
  /** The id of the message that the link replies to, or the empty string: chosen when the user sent it, not when it is ready. */
  reply = "";
  /** @type {XMLHttpRequest | undefined} */
  request;

  /** @param {Room} room @param {File} file */
  constructor(room, file) {
    this.room = room;
    this.file = file;
  }
}

/** All files that wait to be sent. */
export class Uploads {
  /** @type {Upload[]} */
  #all = [];
  #chat;
  #base;
  /** Called when anything has changed. */
  onChange = () => {};

  /** @param {UploadChat} chat @param {string} base The URL of the folder of the page. */
  constructor(chat, base) {
    this.#chat = chat;
    this.#base = base;
  }

  /** Whether this user may upload files. */
  get allowed() {
    const { uploads, connection } = this.#chat;
    return uploads !== undefined && (uploads.who === "everyone" || connection.account !== "");
  }

  /** @param {Room | undefined} room @returns {Upload[]} */
  of(room) {
    return room === undefined ? [] : this.#all.filter((upload) => fold(upload.room.name) === fold(room.name));
  }

  /**
   * Begins to upload files for a room.
   *
   * @param {Room} room
   * @param {Iterable<File>} files
   * @returns {string} Why some are left out, as a sentence; the empty string if none is.
   */
  add(room, files) {
    const { uploads } = this.#chat;
    if (uploads === undefined) return "This server takes no files.";
    if (!this.allowed) return "Only registered nicknames may upload files. Log in first.";
    let why = "";
    for (const file of files) {
      if (this.of(room).length >= WAITING_MAX) {
        why = `At most ${WAITING_MAX} files can wait to be sent.`;
        break;
      }
      const upload = new Upload(room, file);
      this.#all.push(upload);
      if (file.size === 0) fail(upload, "The file is empty.");
      else if (file.size > uploads.max) fail(upload, `Too large: at most ${sizeText(uploads.max)}.`);
    }
    this.#changed();
    return why;
  }

  /** Removes a file, and ends its upload. @param {Upload} upload */
  remove(upload) {
    this.#all = this.#all.filter((each) => each !== upload);
    upload.request?.abort();
    this.#changed();
  }

  /**
   * Sends the files of a room: those that are ready at once, others when they are.
   *
   * @param {Room} room
   * @returns {boolean} Whether there were any.
   */
  send(room) {
    const uploads = this.of(room).filter(({ state, wanted }) => state !== "failed" && !wanted);
    if (uploads.length === 0) return false;
    const reply = this.#chat.takeReply(room);
    for (const upload of uploads) {
      upload.wanted = true;
      upload.reply = reply;
    }
    this.#changed();
    return true;
  }

  #changed() {
    for (const upload of [...this.#all]) {
      if (!upload.wanted || upload.state !== "ready") continue;
      this.#all = this.#all.filter((each) => each !== upload);
      this.#chat.say(upload.room, upload.href, "say", upload.reply);
    }
    const running = this.#all.filter(({ state }) => state === "running").length;
    for (const upload of this.#all.filter(({ state }) => state === "waiting").slice(0, RUNNING_MAX - running)) {
      this.#start(upload);
    }
    this.onChange();
  }

  /** @param {Upload} upload */
  #start(upload) {
    upload.state = "running";
    const request = upload.request = new XMLHttpRequest();
    request.open("PUT", new URL(`files/${encodeURIComponent(nameOf(upload.file))}`, this.#base).href);
    const authorization = authorizationOf(this.#chat.connection);
    if (authorization !== "") request.setRequestHeader("authorization", authorization);
    request.upload.onprogress = ({ loaded, total }) => {
      upload.progress = total === 0 ? 0 : loaded / total;
      this.onChange();
    };
    request.onload = () => {
      const answer = parse(request.responseText);
      if (request.status === 201 && typeof answer.path === "string") {
        upload.state = "ready";
        upload.progress = 1;
        upload.href = new URL(`.${answer.path}`, this.#base).href;
      } else fail(upload, typeof answer.detail === "string" ? answer.detail : `The server answered ${request.status}.`);
      this.#changed();
    };
    request.onerror = () => {
      fail(upload, "The connection was lost.");
      this.#changed();
    };
    request.send(upload.file);
  }
}

/** @param {Upload} upload @param {string} why */
function fail(upload, why) {
  upload.state = "failed";
  upload.why = why;
}

/** A name for a file: that of a pasted picture is the same each time. @param {File} file */
function nameOf({ name }) {
  return name === "" || name === "." || name === ".." ? "file" : name;
}

/**
 * The `Authorization` field with which the page is logged in; the empty string for a guest of a server without a password.
 *
 * @param {{ login: Login | undefined, password: string }} connection
 */
export function authorizationOf({ login, password }) {
  const pair = login === undefined ? `:${password}` : `${login.name}:${login.password}`;
  if (pair === ":") return "";
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(pair)))}`;
}

/** @param {string} text @returns {{ path?: unknown, detail?: unknown }} */
function parse(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
