// @ts-check
/**
 * What one can do here: come in, join rooms, say something, leave. Brings the connection and the model together, and
 * sees to it that what was said is confirmed, or marked as not sent.
 */
import { askNickServ, isNickServ } from "./account.js";
import { Connection } from "./connection.js";
import { split } from "./irc.js";
import { HISTORY_UNKNOWN, Model } from "./model.js";
import { cancelLoading, hasHistory, loadConversations, loadLatest } from "./history.js";
import { receive } from "./handlers.js";
import { isRoom } from "./room.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./lines.js").Line} Line */
/** @typedef {import("./room.js").Pending} Pending */
/** @typedef {import("./connection.js").Status} Status */
/** @typedef {import("./context.ts").PendingRequest} PendingRequest */

/** The room that everybody is in. */
export const LOBBY = "#lobby";

/** How long it may take until what we said comes back, in milliseconds. */
const ECHO_TIME = 15_000;

/** See the head of this file. */
export class Chat {
  model = new Model();
  /** @type {Connection<PendingRequest>} */
  connection;
  /** @type {(status: Status) => void} */
  onStatus = () => {};
  /** Told when one is logged in, or not any more. */
  onAccount = () => {};
  /** @type {(room: Room, line: Line) => void} Told what is for us. */
  onMention = () => {};
  /** What the server is called. */
  network = "";
  /** The most messages that the server tells at a time. */
  historyMax = Infinity;
  /** Whether the server has shown its message of the day. */
  motdShown = false;
  /** @type {string[]} Those whom we talked to in private when the page was open last. */
  openConversations = [];

  #confirmedAt = 0;

  /** @param {string} url */
  constructor(url) {
    this.connection = new Connection(url);
    this.connection.onMessage = (message, asked) => receive(this, message, asked);
    this.connection.onStatus = (status) => this.#statusChanged(status);
    this.connection.onAccount = () => this.onAccount();
    this.connection.onUnanswered = ({ onError: refused }) => refused?.("The connection was lost.");
    this.model.listen((change, room) => {
      if (change === "opened" && room !== undefined && !room.isRoom && this.online) loadLatest(this, room);
    });
  }

  get online() {
    return this.connection.status.kind === "online";
  }

  /** The name that we would like to have. */
  get wantedNick() {
    return this.connection.wantedNick;
  }

  /** Comes in. @param {string} nick */
  connect(nick) {
    this.connection.connect(nick);
  }

  /** Asks the server for something. @param {string} command @param {string[]} params @param {PendingRequest} [asked] */
  request(command, params, asked) {
    return this.connection.send(command, params, asked);
  }

  /** Opens a room's tab, and gets in. @param {string} name @param {string} [key] */
  join(name, key) {
    const room = this.model.open(name);
    if (key !== undefined) room.key = key;
    if (room.state === "in") return room;
    this.model.setState(room, "joining");
    this.request("JOIN", room.key === "" ? [room.name] : [room.name, room.key], { room, join: true });
    loadLatest(this, room);
    return room;
  }

  /** Leaves a room, or a conversation. @param {Room} room @param {string} [reason] */
  part(room, reason) {
    if (room.isRoom && room.state === "in") this.request("PART", reason ? [room.name, reason] : [room.name], { room });
    this.model.close(room);
  }

  /** As many messages as it takes to say something. @param {Room} room @param {string} text */
  splitMessage(room, text) {
    const { nick, source } = this.connection;
    const host = source.split("!")[1] ?? "~".repeat(75);
    return split(text, `${nick}!${host}`, room.name);
  }

  /**
   * Says something.
   *
   * @param {Room} room
   * @param {string} text
   * @param {"say" | "action"} kind
   */
  say(room, text, kind = "say") {
    // Nobody is called so: it is where the server is asked about names, and there may be a password in it.
    if (isNickServ(room.name)) return askNickServ(this, text, room);
    for (const part of this.splitMessage(room, text)) {
      /** @type {Pending} */
      const pending = { kind, text: part, time: new Date(), nick: this.model.nick };
      this.model.addPending(room, pending);
      const words = kind === "action" ? `\x01ACTION ${part}\x01` : part;
      if (!this.request("PRIVMSG", [room.name, words], { room, pending })) {
        this.model.failPending(room, pending, "Not sent: there is no connection.");
      } else this.#watchEcho(room, pending);
    }
  }

  /** Says once more what has failed. @param {Room} room @param {Pending} pending */
  resend(room, pending) {
    if (!this.online) return;
    this.model.removePending(room, pending);
    this.say(room, pending.text, pending.kind);
  }

  /** What we said has come back. @param {Room} room @param {Pending} pending */
  confirm(room, pending) {
    this.#confirmedAt = Date.now();
    this.model.removePending(room, pending);
  }

  /** Gives up on what does not come back, as long as nothing else does either. @param {Room} room @param {Pending} pending */
  #watchEcho(room, pending) {
    const left = Math.max(pending.time.getTime(), this.#confirmedAt) + ECHO_TIME - Date.now();
    if (left <= 0) {
      return this.model.failPending(room, pending, "Perhaps not sent: the server has not confirmed it.", true);
    }
    setTimeout(() => {
      if (room.pending.includes(pending) && pending.error === undefined) this.#watchEcho(room, pending);
    }, left);
  }

  /** @param {Status} status */
  #statusChanged(status) {
    const { model } = this;
    if (status.kind === "online") this.#joinAll();
    else {
      for (const room of model.rooms.values()) {
        for (const pending of room.pending) {
          model.failPending(room, pending, "Perhaps not sent: the connection was lost.", true);
        }
        cancelLoading(this, room);
        if (!room.isRoom || room.state !== "in") continue;
        if (!hasHistory(this)) model.tell(room, HISTORY_UNKNOWN);
        model.setState(room, "joining");
      }
    }
    this.onStatus(status);
  }

  /** Into all rooms, that one first which is looked at. */
  #joinAll() {
    const { model } = this;
    model.nick = this.connection.nick;
    const rooms = [...model.rooms.values()].sort((a, b) => Number(b === model.current) - Number(a === model.current));
    for (const room of rooms) {
      if (!room.isRoom) loadLatest(this, room);
      else if (room.state !== "out") this.join(room.name);
    }
    loadConversations(this, this.openConversations);
    this.openConversations = []; // from now on, who closes such a tab means it
  }

  /** The tab for a name, with the room or the person. @param {string} name */
  openTab(name) {
    const room = isRoom(name) ? this.join(name) : this.model.open(name);
    this.model.show(room);
    return room;
  }
}
