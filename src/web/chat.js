// @ts-check
/**
 * What the user can do: connect, join and leave rooms, send messages. Connects the model with the connection, and marks
 * messages as delivered or failed.
 */
import { askNickServ, isNickServ } from "./account.js";
import { askChanServ, isChanServ } from "./chanserv.js";
import { now } from "./clock.js";
import { noteClosed, noteOpened } from "./closed.js";
import { Connection } from "./connection.js";
import { messageMax, split } from "./irc.js";
import { HISTORY_UNKNOWN, Model } from "./model.js";
import { batchLines, excessText } from "./multiline.js";
import { cancelLoading, hasHistory, loadConversations, loadLatest } from "./history.js";
import { receive } from "./handlers.js";
import { loadIgnored, sendIgnored } from "./ignored.js";
import { askIfGuest } from "./kept.js";
import { accountChanged } from "./read_sync.js";
import { isRoom } from "./room.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./lines.js").Line} Line */
/** @typedef {import("./room.js").Pending} Pending */
/** @typedef {import("./connection.js").Status} Status */
/** @typedef {import("./context.ts").PendingRequest} PendingRequest */

/** The room that each user joins first. */
export const LOBBY = "#lobby";

/** How long the echo of a message may take, in milliseconds. */
const ECHO_TIME = 15_000;

/** The chat as this user sees it: connection, model, and the actions of the user. */
export class Chat {
  model = new Model();
  /** @type {Connection<PendingRequest>} */
  connection;
  /** @type {(status: Status) => void} */
  onStatus = () => {};
  /** Called after a login or logout. */
  onAccount = () => {};
  /** @type {(room: Room, line: Line) => void} Called with each line that mentions the user. */
  onMention = () => {};
  /** The name of the server. */
  network = "";
  /** Whose private messages the server stores; empty if it does not say. */
  privateHistory = "";
  /** @type {{ who: string, max: number } | undefined} The users that may upload files, and the most bytes of one. */
  uploads;
  /** The most messages that the server returns for one request. */
  historyMax = Infinity;
  /** Whether the server passes no typing notifications on. */
  typingDenied = false;
  /** Whether the message of the day has been shown. */
  motdShown = false;

  #confirmedAt = 0;

  /** @param {import("./connection.js").Dialer} dialer */
  constructor(dialer) {
    this.connection = new Connection(dialer);
    this.connection.onMessage = (message, request) => receive(this, message, request);
    this.connection.onStatus = (status) => this.#statusChanged(status);
    this.connection.onAccount = () => {
      this.model.account = this.connection.account;
      accountChanged(this);
      if (this.online) this.#loadIgnored();
      if (this.online && this.connection.account !== "") loadConversations(this); // those of the account
      for (const room of this.model.rooms.values()) if (!room.isRoom) this.model.emit("room", room); // may be stored now
      this.onAccount();
    };
    this.connection.onUnanswered = ({ onError }) => onError?.("The connection was lost.");
    this.model.listen((change, room) => {
      if (room === undefined || room.isRoom) return;
      if (change === "opened") noteOpened(room.name);
      if (change === "opened" && this.online) loadLatest(this, room);
      if (change === "current" && this.online) askIfGuest(this, room);
    });
  }

  get online() {
    return this.connection.status.kind === "online";
  }

  /** The nickname that the user has chosen. */
  get wantedNick() {
    return this.connection.wantedNick;
  }

  /** Connects with a nickname. @param {string} nick */
  connect(nick) {
    this.connection.connect(nick);
  }

  /** Sends a line. Returns false if there is no connection. @param {string} command @param {string[]} params @param {PendingRequest} [context] @param {Record<string, string>} [tags] */
  request(command, params, context, tags) {
    return this.connection.send(command, params, context, tags);
  }

  /** Opens the tab of a room, and joins the room. @param {string} name @param {string} [key] */
  join(name, key) {
    const room = this.model.open(name);
    if (key !== undefined) room.key = key;
    if (room.state === "in") return room;
    this.model.setState(room, "joining");
    this.request("JOIN", room.key === "" ? [room.name] : [room.name, room.key], { room, join: true });
    loadLatest(this, room);
    return room;
  }

  /** Leaves a room or a private conversation, and closes its tab. @param {Room} room @param {string} [reason] */
  part(room, reason) {
    if (room.isRoom && room.state === "in") this.request("PART", reason ? [room.name, reason] : [room.name], { room });
    else if (!room.isRoom) noteClosed(room.name, room.newest?.time ?? now());
    this.model.close(room);
  }

  /** Splits a text into messages that fit into a line. @param {Room} room @param {string} text */
  splitMessage(room, text) {
    return split(text, this.#source, room.name);
  }

  /** Whether a message of several lines can be sent to a room or user as one. @param {Room} room */
  sendsAsOne({ name }) {
    return this.connection.multiline !== undefined && !isNickServ(name) && !isChanServ(name);
  }

  /** Why a message of several lines is too long for the server, or the empty string. @param {Room} room @param {string} text */
  excessOf(room, text) {
    const { multiline } = this.connection;
    if (multiline === undefined || !this.sendsAsOne(room)) return "";
    return excessText(text, messageMax(this.#source, room.name), multiline);
  }

  /** @param {Room} room @param {string} text */
  #batchLines({ name }, text) {
    return batchLines(text, messageMax(this.#source, name));
  }

  /** `nick!user@host` of the user, or as long as it may be. */
  get #source() {
    const { nick, source } = this.connection;
    return `${nick}!${source.split("!")[1] ?? "~".repeat(75)}`;
  }

  /**
   * Sends a message: as one if the server supports that, else in several parts if it has several lines or a long one.
   *
   * @param {Room} room
   * @param {string} text
   * @param {"say" | "action"} kind
   * @param {string} reply The id of the message that it replies to, or the empty string; by default the one that is chosen.
   */
  say(room, text, kind = "say", reply = this.takeReply(room)) {
    // Not a user but a service; the text may contain a password, so it is not shown.
    if (isNickServ(room.name)) return askNickServ(this, text, room);
    if (isChanServ(room.name)) return void askChanServ(this, [text], { room });
    this.#send(room, text, kind, reply || undefined);
  }

  /** The id of the message that the user has chosen to reply to, or the empty string. It is no longer chosen then. @param {Room} room */
  takeReply(room) {
    const { id = "" } = room.replyTo ?? {};
    if (id !== "") this.model.replyTo(room, undefined);
    return id;
  }

  /**
   * @param {Room} room
   * @param {string} text
   * @param {"say" | "action"} kind
   * @param {string | undefined} reply The id of the message that it replies to.
   */
  #send(room, text, kind, reply) {
    const lines = kind === "say" && this.sendsAsOne(room) ? this.#batchLines(room, text) : [];
    if (lines.length > 1) {
      return this.#post(
        room,
        kind,
        text,
        reply,
        (context, tags) => this.connection.sendLines(room.name, lines, context, tags),
      );
    }
    for (const line of text.split("\n").filter((line) => line.trim() !== "")) {
      for (const part of this.splitMessage(room, line)) {
        const words = kind === "action" ? `\x01ACTION ${part}\x01` : part;
        this.#post(room, kind, part, reply, (context, tags) => {
          return this.request("PRIVMSG", [room.name, words], context, tags);
        });
      }
    }
  }

  /**
   * Adds a pending message, and sends it.
   *
   * @param {Room} room
   * @param {"say" | "action"} kind
   * @param {string} text
   * @param {string | undefined} reply
   * @param {(context: PendingRequest, tags: Record<string, string>) => boolean} send Returns false if there is no connection.
   */
  #post(room, kind, text, reply, send) {
    /** @type {Pending} */
    const pending = { kind, text, time: new Date(), nick: this.model.nick, reply };
    this.model.addPending(room, pending);
    /** @type {Record<string, string>} */
    const tags = reply === undefined ? {} : { "+draft/reply": reply };
    if (send({ room, pending }, tags)) this.#watchEcho(room, pending);
    else this.model.failPending(room, pending, "Not sent: not connected.");
  }

  /** Sends a failed message again: as a reply if it was one. @param {Room} room @param {Pending} pending */
  resend(room, pending) {
    if (!this.online) return;
    this.model.removePending(room, pending);
    this.#send(room, pending.text, pending.kind, pending.reply);
  }

  /** Removes a pending message: the server has echoed it. @param {Room} room @param {Pending} pending */
  confirm(room, pending) {
    this.#confirmedAt = Date.now();
    this.model.removePending(room, pending);
  }

  /** Marks a message as failed if neither it nor any later one is echoed in time. @param {Room} room @param {Pending} pending */
  #watchEcho(room, pending) {
    const left = Math.max(pending.time.getTime(), this.#confirmedAt) + ECHO_TIME - Date.now();
    if (left <= 0) {
      return this.model.failPending(room, pending, "Possibly not sent: the server has not confirmed it.", true);
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
          model.failPending(room, pending, "Possibly not sent: the connection was lost.", true);
        }
        cancelLoading(this, room);
        if (!room.isRoom || room.state !== "in") continue;
        if (!hasHistory(this)) model.tell(room, HISTORY_UNKNOWN);
        model.setState(room, "joining");
      }
    }
    this.onStatus(status);
  }

  #loadIgnored() {
    sendIgnored(this);
    loadIgnored(this);
  }

  /** Joins all rooms after connecting, the current one first. */
  #joinAll() {
    const { model } = this;
    model.nick = this.connection.nick;
    loadIgnored(this); // before the messages of rooms
    const rooms = [...model.rooms.values()].sort((a, b) => Number(b === model.current) - Number(a === model.current));
    for (const room of rooms) {
      if (!room.isRoom) loadLatest(this, room);
      else if (room.state !== "out") this.join(room.name);
    }
    if (model.current?.isRoom === false) askIfGuest(this, model.current);
    loadConversations(this);
    sendIgnored(this); // up to a hundred lines
  }

  /** Opens and shows the tab of a room or of a user. @param {string} name */
  openTab(name) {
    const room = isRoom(name) ? this.join(name) : this.model.open(name);
    this.model.show(room);
    return room;
  }
}
