// @ts-check
/**
 * The connection to the server: IRC over a WebSocket, a line a frame. It introduces itself, keeps an eye on whether the
 * server is still there, and comes back by itself when it is lost, waiting a little longer each time.
 *
 * It knows how one gets in, and nothing of rooms.
 */
import { parse, render } from "./irc.js";

/** @typedef {import("./irc.js").Message} Message */

/**
 * How things stand. `idle` is before it was told to connect, and after it was told to leave; `refused` is when the name
 * will not do; `waiting` is when it will try again by itself.
 *
 * @typedef {object} Status
 * @property {"idle" | "connecting" | "online" | "waiting" | "refused"} kind
 * @property {string} [reason] Why it is not online: a sentence.
 * @property {number} [retryAt] When it tries again.
 */

/** What we make use of, of what the server can. */
const CAPABILITIES = [
  "away-notify",
  "batch",
  "cap-notify",
  "draft/chathistory",
  "echo-message",
  "extended-join",
  "labeled-response",
  "message-tags",
  "multi-prefix",
  "server-time",
  "setname",
  "soju.im/search",
  "standard-replies",
];

/** How long it may take to get in, and how long the server may take to answer, in milliseconds. */
const PATIENCE = 15_000;

/** How long the server may be silent before it is asked whether it is there. */
const SILENCE = 30_000;

/** The longest wait between two attempts. */
const WAIT_MAX = 30_000;

/** The longest nick: one more letter would be refused. */
const NICK_MAX = 30;

/**
 * @template Context What is remembered with a line that was sent, and given back with each line of the answer.
 */
export class Connection {
  /** Who we are. */
  nick = "";
  /** Who we are in full, once the server has told. */
  source = "";
  /** @type {Status} */
  status = { kind: "idle" };

  /** @type {(message: Message, context: Context | undefined) => void} */
  onMessage = () => {};
  /** @type {(status: Status) => void} */
  onStatus = () => {};

  #url;
  /** @type {WebSocket | undefined} */
  #socket;
  /** @type {Map<string, Context>} By label, until it is answered. */
  #asked = new Map();
  /** @type {Map<string, Context | undefined>} By the name of a batch that is under way. */
  #batches = new Map();
  #labels = 0;
  #offered = "";
  /** @type {Set<string>} */
  #capabilities = new Set();
  #attempts = 0;
  #wasIn = false;
  #error = "";
  #heardAt = 0;
  #askedAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {string} url */
  constructor(url) {
    this.#url = url;
    setInterval(() => this.#watch(), 5_000);
  }

  /** Comes in under a name, or tries again. */
  connect(nick = this.nick) {
    this.#drop();
    this.nick = nick;
    this.#offered = this.#error = "";
    this.#capabilities.clear();
    this.#heardAt = Date.now();
    this.#askedAt = 0;
    this.#become({ kind: "connecting" });
    const socket = this.#socket = new WebSocket(this.#url, ["lines.tincan", "text.ircv3.net"]);
    socket.onopen = () => {
      this.#send("CAP", ["LS", "302"]);
      this.#send("NICK", [nick]);
      this.#send("USER", [nick, "0", "*", nick]);
    };
    // A frame is a line, or, with the former of the two, all lines that the server had to say at that moment.
    socket.onmessage = ({ data }) => {
      for (const line of String(data).split("\n")) this.#take(parse(line));
    };
    socket.onclose = ({ reason }) => this.#lost(this.#error || reason);
  }

  /** Whether we make use of something that the server can, or could when we were connected. @param {string} capability */
  has(capability) {
    return this.#capabilities.has(capability);
  }

  /** Tries again now, if it is waiting to. */
  hurry() {
    if (this.status.kind === "waiting") this.connect();
  }

  /** Leaves, and stays away. @param {string} reason */
  leave(reason) {
    this.#send("QUIT", reason === "" ? [] : [reason]);
    this.#drop();
    this.#become({ kind: "idle", reason: "You have left." });
  }

  /** Asks the server whether it is there, when there is reason to doubt it. */
  check() {
    if (this.status.kind !== "online" || this.#askedAt > this.#heardAt) return;
    this.#askedAt = Date.now();
    this.#send("PING", ["there?"]);
  }

  /**
   * Sends a line; its answer comes with the context.
   *
   * @param {string} command
   * @param {string[]} params
   * @param {Context} [context]
   * @returns {boolean} Whether there is a server to send it to.
   */
  send(command, params, context) {
    if (this.status.kind !== "online") return false;
    if (context === undefined) this.#send(command, params);
    else {
      const label = (++this.#labels).toString(36);
      this.#asked.set(label, context);
      this.#send(command, params, label);
    }
    return true;
  }

  /** @param {string} command @param {string[]} params @param {string} [label] */
  #send(command, params, label) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(render(command, params, label));
  }

  /** @param {Message} message */
  #take(message) {
    this.#heardAt = Date.now();
    const { command, params, tags, nick } = message;
    const [first = "", second = "", third = ""] = params;
    switch (command) {
      case "PING":
        return this.#send("PONG", [first]);
      case "PONG":
        return;
      case "CAP":
        return this.#negotiate(second, params.at(-1) ?? "", third === "*");
      case "ERROR":
        this.#error = /\[(.*)\]$/s.exec(first)?.[1] ?? first;
        return;
      case "BATCH": {
        const name = first.slice(1);
        if (first.startsWith("+")) return void this.#batches.set(name, this.#context(tags));
        const context = this.#batches.get(name);
        this.#batches.delete(name);
        return this.onMessage(message, context); // its end
      }
      case "001":
        this.nick = first;
        this.#attempts = 0;
        this.#wasIn = true;
        this.#become({ kind: "online" });
        break;
      case "432":
      case "433":
        if (this.status.kind === "connecting") return this.#refused(command);
        break;
      case "NICK":
        if (nick === this.nick) this.nick = first;
        break;
    }
    if (nick === this.nick && message.source.includes("!")) this.source = message.source;
    this.onMessage(message, this.#context(tags));
  }

  /** What was remembered with the line that this is an answer to. @param {Map<string, string>} tags */
  #context(tags) {
    const batch = tags.get("batch");
    if (batch !== undefined) return this.#batches.get(batch);
    const label = tags.get("label") ?? "";
    const context = this.#asked.get(label);
    this.#asked.delete(label);
    return context;
  }

  /** Chooses capabilities. @param {string} what @param {string} list @param {boolean} more */
  #negotiate(what, list, more) {
    if (what === "ACK") { for (const name of list.split(" ")) this.#capabilities.add(name); }
    if (what === "ACK" || what === "NAK") return this.#send("CAP", ["END"]);
    if (what !== "LS") return;
    this.#offered += ` ${list}`;
    if (more) return;
    const offered = new Set(this.#offered.split(" ").map((word) => word.split("=")[0]));
    const wanted = CAPABILITIES.filter((name) => offered.has(name));
    if (wanted.length === 0) this.#send("CAP", ["END"]);
    else this.#send("CAP", ["REQ", wanted.join(" ")]);
  }

  /** The name will not do. Whoever was in before is let in under another one; whoever is new is asked. */
  #refused(/** @type {string} */ code) {
    if (this.#wasIn) {
      this.nick = this.nick.length < NICK_MAX ? `${this.nick}_` : `guest${Math.floor(Math.random() * 1e6)}`;
      return this.#send("NICK", [this.nick]);
    }
    this.#drop();
    const reason = code === "433"
      ? `Somebody is called ${this.nick} already. Choose another name.`
      : `“${this.nick}” cannot be a name here. Take letters, digits and _ - [ ] { } \\ | ^, no digit or - first.`;
    this.#become({ kind: "refused", reason });
  }

  /** The connection is no more. @param {string} why */
  #lost(why) {
    const { kind } = this.status;
    this.#drop();
    const reason = !navigator.onLine
      ? "You are offline."
      : kind === "online" || why !== ""
      ? `The connection was lost${why === "" ? "" : ` (${why})`}.`
      : "Cannot reach the server.";
    if (why.startsWith("Killed")) return this.#become({ kind: "idle", reason });
    // Half of it by chance, so that not everybody comes back at once.
    const wait = Math.min(1000 * 2 ** this.#attempts++, WAIT_MAX) * (0.5 + Math.random() / 2);
    this.#timer = setTimeout(() => this.connect(), wait);
    this.#become({ kind: "waiting", reason, retryAt: Date.now() + wait });
  }

  /** Lets go of the socket, and of everything that was to come over it. */
  #drop() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    this.#asked.clear();
    this.#batches.clear();
    if (socket === undefined) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #watch() {
    const now = Date.now();
    const { kind } = this.status;
    if (kind === "connecting" && now - this.#heardAt > PATIENCE) this.#lost("");
    if (kind !== "online") return;
    if (this.#askedAt > this.#heardAt) {
      if (now - this.#askedAt > PATIENCE) this.#lost("the server does not answer");
    } else if (now - this.#heardAt > SILENCE) this.check();
  }

  /** @param {Status} status */
  #become(status) {
    this.status = status;
    this.onStatus(status);
  }
}
