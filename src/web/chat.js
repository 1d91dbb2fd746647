// @ts-check
/**
 * What one can do here: come in, join rooms, say something, leave. Brings the connection and the model together, and
 * sees to it that what was said is confirmed, or marked as not sent.
 */
import { askNickServ, isNickServ } from "./account.js";
import { Connection } from "./connection.js";
import { split } from "./irc.js";
import { Model, UNKNOWN } from "./model.js";
import { begin, beginConversations, canLookBack, interrupt } from "./history.js";
import { receive } from "./handlers.js";
import { isRoom } from "./room.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./lines.js").Line} Line */
/** @typedef {import("./room.js").Pending} Pending */
/** @typedef {import("./connection.js").Status} Status */

/**
 * What is remembered with a line that was sent, to make sense of the answer.
 *
 * @typedef {object} Asked
 * @property {Room} [room] Where the answer is shown.
 * @property {Pending} [pending] What was said.
 * @property {boolean} [join] Whether it was to get into the room.
 * @property {boolean} [silent] Whether the answer is for the page only.
 * @property {string[]} [names] Collects who is in a room.
 * @property {Listed[]} [list] Collects rooms.
 * @property {() => void} [done] Called when all of these have come.
 * @property {(where: string, line: Line) => void} [found] Told what was said before: it is no news.
 * @property {() => void} [ended] Called when all of it has come.
 * @property {(text: string) => void} [told] Told what the server says about names that are somebody's own.
 * @property {(why: string, owned?: boolean) => void} [refused] Told, instead of the room, why it could not be done, and
 * whether that is since a name is somebody's own.
 */

/** @typedef {{ name: string, people: number, topic: string }} Listed A room on the server. */

/** The room that everybody is in. */
export const LOBBY = "#lobby";

/** How long it may take until what we said comes back, in milliseconds. */
const ECHO_TIME = 15_000;

/** See the head of this file. */
export class Chat {
  model = new Model();
  /** @type {Connection<Asked>} */
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
  greeted = false;
  /** @type {string[]} Those whom we talked to in private when the page was open last. */
  talkedTo = [];

  #confirmedAt = 0;

  /** @param {string} url */
  constructor(url) {
    this.connection = new Connection(url);
    this.connection.onMessage = (message, asked) => receive(this, message, asked);
    this.connection.onStatus = (status) => this.#become(status);
    this.connection.onAccount = () => this.onAccount();
    this.connection.onUnanswered = ({ refused }) => refused?.("The connection was lost.");
    this.model.listen((change, room) => {
      if (change === "opened" && room !== undefined && !room.isRoom && this.online) begin(this, room);
    });
  }

  get online() {
    return this.connection.status.kind === "online";
  }

  /** The name that we would like to have. */
  get wanted() {
    return this.connection.wanted;
  }

  /** Comes in. @param {string} nick */
  enter(nick) {
    this.connection.connect(nick);
  }

  /** Asks the server for something. @param {string} command @param {string[]} params @param {Asked} [asked] */
  ask(command, params, asked) {
    return this.connection.send(command, params, asked);
  }

  /** Opens a room's tab, and gets in. @param {string} name @param {string} [key] */
  join(name, key) {
    const room = this.model.open(name);
    if (key !== undefined) room.key = key;
    if (room.state === "in") return room;
    this.model.place(room, "joining");
    this.ask("JOIN", room.key === "" ? [room.name] : [room.name, room.key], { room, join: true });
    begin(this, room);
    return room;
  }

  /** Leaves a room, or a conversation. @param {Room} room @param {string} [reason] */
  part(room, reason) {
    if (room.isRoom && room.state === "in") this.ask("PART", reason ? [room.name, reason] : [room.name], { room });
    this.model.close(room);
  }

  /** As many messages as it takes to say something. @param {Room} room @param {string} text */
  parts(room, text) {
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
    for (const part of this.parts(room, text)) {
      /** @type {Pending} */
      const pending = { kind, text: part, time: new Date(), nick: this.model.nick };
      this.model.await(room, pending);
      const words = kind === "action" ? `\x01ACTION ${part}\x01` : part;
      if (!this.ask("PRIVMSG", [room.name, words], { room, pending })) {
        this.model.fail(room, pending, "Not sent: there is no connection.");
      } else this.#watch(room, pending);
    }
  }

  /** Says once more what has failed. @param {Room} room @param {Pending} pending */
  sayAgain(room, pending) {
    if (!this.online) return;
    this.model.settle(room, pending);
    this.say(room, pending.text, pending.kind);
  }

  /** What we said has come back. @param {Room} room @param {Pending} pending */
  confirm(room, pending) {
    this.#confirmedAt = Date.now();
    this.model.settle(room, pending);
  }

  /** Gives up on what does not come back, as long as nothing else does either. @param {Room} room @param {Pending} pending */
  #watch(room, pending) {
    const left = Math.max(pending.time.getTime(), this.#confirmedAt) + ECHO_TIME - Date.now();
    if (left <= 0) return this.model.fail(room, pending, "Perhaps not sent: the server has not confirmed it.", true);
    setTimeout(() => {
      if (room.pending.includes(pending) && pending.failed === undefined) this.#watch(room, pending);
    }, left);
  }

  /** @param {Status} status */
  #become(status) {
    const { model } = this;
    if (status.kind === "online") this.#comeIn();
    else {
      for (const room of model.rooms.values()) {
        for (const pending of room.pending) {
          model.fail(room, pending, "Perhaps not sent: the connection was lost.", true);
        }
        interrupt(this, room);
        if (!room.isRoom || room.state !== "in") continue;
        if (!canLookBack(this)) model.tell(room, UNKNOWN);
        model.place(room, "joining");
      }
    }
    this.onStatus(status);
  }

  /** Into all rooms, that one first which is looked at. */
  #comeIn() {
    const { model } = this;
    model.nick = this.connection.nick;
    const rooms = [...model.rooms.values()].sort((a, b) => Number(b === model.current) - Number(a === model.current));
    for (const room of rooms) {
      if (!room.isRoom) begin(this, room);
      else if (room.state !== "out") this.join(room.name);
    }
    beginConversations(this, this.talkedTo);
    this.talkedTo = []; // from now on, who closes such a tab means it
  }

  /** The tab for a name, with the room or the person. @param {string} name */
  go(name) {
    const room = isRoom(name) ? this.join(name) : this.model.open(name);
    this.model.show(room);
    return room;
  }
}
