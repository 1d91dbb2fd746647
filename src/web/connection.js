// @ts-check
/**
 * The connection to the server: IRC over a WebSocket, or what a dialer opens in its place. It registers, negotiates
 * capabilities, logs in, checks with PING that the server answers, and reconnects with increasing delays.
 *
 * It handles nicknames and passwords while it registers, but knows nothing of rooms. It sends no password before the server
 * has asked for one.
 */
import { syncClock } from "./clock.js";
import { parse, plainLogin, render } from "./irc.js";
import { Batches, CONCAT, limitsIn, MULTILINE } from "./multiline.js";
import {
  banText,
  closeText,
  isBan,
  isConfusableNick,
  isRegisteredNick,
  isSignedOut,
  isWithoutCluster,
  loginFailed,
  replyText,
  REVOKED,
  signedOutText,
  WRONG_PASSWORD,
} from "./reply_texts.js";

/** @typedef {import("./irc.js").Message} Message */

/**
 * The state of the connection. `idle`: not connected, and not trying to; `rejected`: the nickname or a password was rejected;
 * `waiting`: it tries again at `retryAt`.
 *
 * @typedef {object} Status
 * @property {"idle" | "connecting" | "online" | "waiting" | "rejected"} kind
 * @property {string} [reason] Why it is not online.
 * @property {number} [retryAt] Milliseconds since 1970.
 * @property {"server" | "account"} [passwordFor] Which password is needed.
 * @property {boolean} [optional] Whether another nickname will do as well.
 * @property {boolean} [wasRejected] Whether a wrong password was given.
 */

/**
 * The part of a WebSocket that the connection uses. `never`: a handler may take an event of any kind.
 *
 * @typedef {object} Socket
 * @property {number} readyState 1 while lines can be sent.
 * @property {((event: never) => void) | null} onopen
 * @property {((event: never) => void) | null} onmessage With `data`: one or more lines.
 * @property {((event: never) => unknown) | null} onclose With the `reason`.
 * @property {(line: string) => void} send
 * @property {() => void} close
 */

/**
 * How the server is reached.
 *
 * @typedef {object} Dialer
 * @property {() => Socket} open
 * @property {() => Promise<string>} rejection Why the server rejected a socket that was never open, if it says so.
 * @property {() => string} trouble Why the server cannot be reached from here, if that is known.
 */

/** @typedef {{ name: string, password: string, isToken?: boolean }} Login A registered nickname, and its password or token. */

/** The capabilities that the page requests, if the server offers them (IRCv3). */
const CAPABILITIES = [
  "account-tag",
  "away-notify",
  "batch",
  "cap-notify",
  "draft/account-registration",
  "draft/channel-rename",
  "draft/chathistory",
  "draft/event-playback",
  "draft/message-redaction",
  MULTILINE,
  "draft/persistence",
  "draft/read-marker",
  "echo-message",
  "extended-join",
  "labeled-response",
  "message-tags",
  "multi-prefix",
  "sasl",
  "server-time",
  "setname",
  "soju.im/search",
  "standard-replies",
  "tincan.chat/mentions",
];

/** How long the server may take to answer: a registration, a PING, or a request for the reason. In milliseconds. */
export const ANSWER_TIMEOUT = 15_000;

/** A PING is sent after so much time without a line from the server, in milliseconds. */
const PING_AFTER = 30_000;

/** The most requests that wait for an answer. Above it, the oldest one counts as not answered. */
export const REQUESTS_MAX = 2000;

/** The most characters of the list of capabilities that a server offers. */
const OFFERED_MAX = 16 * 1024;

/** The longest delay between two attempts, in milliseconds. */
const RETRY_MAX = 30_000;

/** The most letters in a nickname. The server rejects longer ones. */
const NICK_MAX = 30;

/** The letters in a nickname that every server takes (RFC 2812, section 1.2.1). */
const NICK_LEAST = 9;

/**
 * @template Context What is remembered of a line that was sent, and passed on with each line that answers it.
 */
export class Connection {
  /** The nickname that the user has chosen. Each attempt begins with it. */
  wantedNick = "";
  /** The current nickname. */
  nick = "";
  /** The client's `nick!user@host`, once the server has sent it. */
  source = "";
  /** @type {Status} */
  status = { kind: "idle" };
  /** The server password, once the server has asked for it. */
  password = "";
  /** @type {Login | undefined} Used on each connect. */
  login;
  /** The account that the client is logged in to, or the empty string. */
  account = "";
  /** Whether the client has another nickname because the wanted one is registered. */
  isNickRegistered = false;

  /** @type {(message: Message, context: Context | undefined) => void} */
  onMessage = () => {};
  /** @type {(status: Status) => void} */
  onStatus = () => {};
  /** Called after a login or logout. */
  onAccount = () => {};
  /** Called when the token of this device turns out to be invalid. */
  onSignedOut = () => {};
  /** @type {(context: Context) => void} Called for each request that was not answered when the connection ended. */
  onUnanswered = () => {};

  /** Whether it takes another nickname by itself if the wanted one is invalid or in use, and does not ask. */
  takesOtherNicks = false;

  #dialer;
  /** @type {Socket | undefined} */
  #socket;
  /** @type {Map<string, Context>} Requests without an answer, by label. */
  #requests = new Map();
  /** @type {Batches<Context>} */
  #batches = new Batches();
  #labels = 0;
  #offered = "";
  /** @type {Set<string>} */
  #capabilities = new Set();
  #attempts = 0;
  #wasOnline = false;
  /** Whether the server has accepted the server password before. */
  #passwordAccepted = false;
  /** @type {string | undefined} Set once the server has rejected the password: the empty string, or why it did not check it. */
  #passwordError;
  /** Why the login during registration failed. */
  #loginError = "";
  /** Whether it registers with another nickname than the wanted one. */
  #triesOtherNick = false;
  #nickMax = NICK_MAX;
  /** @type {{ login: Login, done: (why: string) => void } | undefined} A login after registration that is in progress. */
  #pendingLogin;
  #error = "";
  #receivedAt = 0;
  #pingedAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #watch;

  /** @param {Dialer} dialer */
  constructor(dialer) {
    this.#dialer = dialer;
  }

  /** Sets passwords that the server has accepted before. @param {string} password @param {Login} [login] */
  restorePasswords(password, login) {
    this.password = password;
    this.login = login;
    this.#passwordAccepted = password !== "";
  }

  /** Connects, or reconnects, with a nickname. */
  connect(nick = this.wantedNick) {
    this.#closeSocket();
    this.nick = this.wantedNick = nick;
    this.#offered = this.#error = "";
    this.#loginError = this.account = "";
    this.#passwordError = undefined;
    this.isNickRegistered = this.#triesOtherNick = false;
    this.#capabilities.clear();
    this.#receivedAt = Date.now();
    this.#watch ??= setInterval(() => this.#checkTimeouts(), 5_000);
    this.#setStatus({ kind: "connecting" });
    const socket = this.#socket = this.#dialer.open();
    let open = false;
    socket.onopen = () => {
      open = true;
      if (this.password !== "") this.#send("PASS", [this.password]);
      this.#send("CAP", ["LS", "302"]);
      this.#send("NICK", [nick]);
      this.#send("USER", [nick, "0", "*", nick]);
    };
    socket.onmessage = (/** @type {{ data: unknown }} */ { data }) => {
      for (const line of String(data).split("\n")) this.#receive(parse(line));
    };
    socket.onclose = async (/** @type {{ reason: string }} */ { reason }) => {
      const why = open ? this.#error || reason : await this.#dialer.rejection();
      if (socket === this.#socket) this.#handleClose(why);
    };
  }

  /** Whether a capability is enabled, or was on the last connection. @param {string} capability */
  has(capability) {
    return this.#capabilities.has(capability);
  }

  /** The limits of messages of several lines, or `undefined` if the server does not support them. */
  get multiline() {
    const [, value = ""] = new RegExp(`(?:^| )${MULTILINE}=(\\S+)`).exec(this.#offered) ?? [];
    return this.has(MULTILINE) ? limitsIn(value) : undefined;
  }

  /** Why the login during registration failed, or the empty string. */
  get loginError() {
    return this.#loginError;
  }

  /** Reconnects now if it is waiting. */
  retryNow() {
    if (this.status.kind === "waiting") this.connect();
  }

  /**
   * Logs in after registration.
   *
   * @param {Login} login
   * @param {(why: string) => void} done Called with the error, or with the empty string on success.
   */
  logIn(login, done) {
    if (this.status.kind !== "online") return done("Not connected. Try again when the connection is back.");
    if (this.#pendingLogin !== undefined) return done("Another login is in progress. Try again in a moment.");
    this.#pendingLogin = { login, done };
    this.#send("AUTHENTICATE", ["PLAIN"]);
  }

  /** Disconnects, and does not reconnect. @param {string} reason */
  disconnect(reason) {
    this.#send("QUIT", reason === "" ? [] : [reason]);
    this.#closeSocket();
    clearInterval(this.#watch);
    this.#watch = undefined;
    this.#setStatus({ kind: "idle", reason: "You have disconnected." });
  }

  /** Sends a PING, unless one is unanswered. */
  ping() {
    if (this.status.kind !== "online" || this.#pingedAt > this.#receivedAt) return;
    this.#pingedAt = Date.now();
    this.#send("PING", ["there?"]);
  }

  /**
   * Sends a line. Each line that answers it is passed on with the context.
   *
   * @param {string} command
   * @param {string[]} params
   * @param {Context} [context]
   * @param {Record<string, string>} [tags] Client-only tags (IRCv3, "message-tags").
   * @returns {boolean} Whether the connection is online.
   */
  send(command, params, context, tags) {
    if (this.status.kind !== "online") return false;
    this.#send(command, params, this.#label(context), tags);
    return true;
  }

  /**
   * Sends a message of several lines.
   *
   * @param {string} target
   * @param {import("./multiline.js").BatchLine[]} lines Within the limits of `multiline`.
   * @param {Context} context
   * @param {Record<string, string>} [tags] Client-only tags.
   * @returns {boolean} Whether the connection is online.
   */
  sendLines(target, lines, context, tags) {
    if (this.status.kind !== "online") return false;
    const label = this.#label(context);
    const name = `m${label}`;
    this.#send("BATCH", [`+${name}`, MULTILINE, target], label, tags);
    for (const { text, concat } of lines) {
      this.#sendLine(`@batch=${name}${concat ? `;${CONCAT}` : ""} ${render("PRIVMSG", [target, text])}`);
    }
    this.#send("BATCH", [`-${name}`]);
    return true;
  }

  /** The label of a request. @param {Context | undefined} context */
  #label(context) {
    if (context === undefined) return undefined;
    const label = (++this.#labels).toString(36);
    this.#requests.set(label, context);
    const [oldest] = this.#requests;
    if (this.#requests.size > REQUESTS_MAX && oldest !== undefined) {
      this.#requests.delete(oldest[0]);
      queueMicrotask(() => this.onUnanswered(oldest[1])); // after this request was sent
    }
    return label;
  }

  /** @param {string} command @param {string[]} params @param {string} [label] @param {Record<string, string>} [tags] */
  #send(command, params, label, tags) {
    this.#sendLine(render(command, params, label, tags));
  }

  /** @param {string} line */
  #sendLine(line) {
    if (this.#socket?.readyState === 1) this.#socket.send(line);
  }

  /** @param {Message} message */
  #receive(message) {
    this.#receivedAt = Date.now();
    if (this.#batches.add(message)) return;
    const { command, params, tags, nick } = message;
    if (!tags.has("batch")) syncClock(tags.get("time")); // messages in a batch may be old
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
        if (first.startsWith("+")) return this.#batches.open(message, this.#takeContext(tags));
        const batch = this.#batches.close(message);
        return batch.message && this.#passOn(batch.message, batch.context);
      }
      case "464":
        if (this.status.kind !== "connecting") break;
        this.#passwordError = "";
        this.#send("QUIT", []); // the user may need longer to type another password than the server waits
        return;
      case "NOTICE":
        if (this.#passwordError === undefined) break;
        this.#passwordError = second;
        return;
      case "AUTHENTICATE": {
        const login = this.#pendingLogin?.login ?? this.login;
        if (login !== undefined) { for (const piece of plainLogin(login)) this.#send("AUTHENTICATE", [piece]); }
        return;
      }
      case "900":
      case "901":
        this.account = command === "900" ? third : "";
        if (this.account === "") this.login = undefined;
        this.onAccount();
        break;
      case "903":
      case "902":
      case "904":
      case "905":
      case "906":
      case "907":
        return this.#handleLoginResult(command === "903" ? "" : loginFailed(params.at(-1) ?? ""));
      case "001":
        if (first !== this.nick) this.wantedNick = first; // the user has it on other devices
        this.nick = first;
        this.#attempts = 0;
        this.#wasOnline = this.#passwordAccepted = true;
        this.#setStatus({ kind: "online" });
        break;
      case "432":
      case "433":
      case "436":
      case "437":
        if (this.status.kind === "connecting") return this.#handleNickError(command, params[2] ?? "");
        break;
      case "NICK":
        if (nick === this.nick) this.nick = this.wantedNick = first;
        break;
    }
    this.#passOn(message, this.#takeContext(tags));
  }

  /** @param {Message} message @param {Context | undefined} context */
  #passOn(message, context) {
    if (message.nick === this.nick && message.source.includes("!")) this.source = message.source;
    this.onMessage(message, context);
  }

  /** The context of the request that a line answers. @param {Map<string, string>} tags */
  #takeContext(tags) {
    const batch = tags.get("batch");
    if (batch !== undefined) return this.#batches.contextOf(batch);
    const label = tags.get("label") ?? "";
    const context = this.#requests.get(label);
    this.#requests.delete(label);
    return context;
  }

  /** Handles CAP. @param {string} what @param {string} list @param {boolean} more Whether another line of the list follows. */
  #negotiate(what, list, more) {
    if (what === "ACK") {
      for (const name of list.split(" ")) if (CAPABILITIES.includes(name)) this.#capabilities.add(name);
    }
    if (what === "ACK" && this.login !== undefined && this.has("sasl")) return this.#send("AUTHENTICATE", ["PLAIN"]);
    if (what === "ACK" || what === "NAK") return this.#send("CAP", ["END"]);
    if (what !== "LS") return;
    if (this.#offered.length < OFFERED_MAX) this.#offered += ` ${list}`;
    if (more) return;
    const offered = new Set(this.#offered.split(" ").map((word) => word.split("=")[0]));
    const wanted = CAPABILITIES.filter((name) => offered.has(name));
    if (wanted.length === 0) this.#send("CAP", ["END"]);
    else this.#send("CAP", ["REQ", wanted.join(" ")]);
  }

  /** Handles the outcome of SASL. @param {string} why The empty string on success. */
  #handleLoginResult(why) {
    if (this.#pendingLogin !== undefined) {
      const { login, done } = this.#pendingLogin;
      this.#pendingLogin = undefined;
      if (why === "") this.login = login;
      return done(why);
    }
    if (this.status.kind !== "connecting") return;
    this.#loginError = why;
    if (why === WRONG_PASSWORD && this.login?.isToken) return this.#signedOut(REVOKED);
    if (why === WRONG_PASSWORD) this.login = undefined;
    // The nickname is in use, and the user wanted to log in to it.
    if (why !== "" && this.#triesOtherNick && !this.#wasOnline) return this.#requireAccountPassword();
    this.#send("CAP", ["END"]);
  }

  /** Handles a rejected nickname. A client that was online before or logs in tries another one; a new user is asked. */
  #handleNickError(/** @type {string} */ code, /** @type {string} */ why) {
    const registered = code === "433" && isRegisteredNick(why);
    // In use: by other devices of the user, if the password was a typing error.
    const inUse = code === "433" && !registered && !isConfusableNick(why);
    const other = this.takesOtherNicks || this.#wasOnline;
    if ((registered || (inUse && this.#loginError !== "")) && !other) return this.#requireAccountPassword();
    if (other || (code === "433" && this.login !== undefined && this.#loginError === "")) {
      this.isNickRegistered ||= registered;
      this.#triesOtherNick = true;
      if (code === "432" && this.nick.length > NICK_LEAST) this.#nickMax = NICK_LEAST; // it may be too long
      // Names that are written from right to left cannot end in `_`.
      const longer = code !== "432" && this.nick.length < this.#nickMax;
      this.nick = longer ? `${this.nick}_` : `guest${Math.floor(Math.random() * 1e4)}`;
      return this.#send("NICK", [this.nick]);
    }
    const reason = replyText(code, [this.nick, why])?.text ?? "Choose another name.";
    // The user may own the nickname, and use it in another window.
    const optional = code === "433" && /\bsasl\b/.test(this.#offered) && !isConfusableNick(why);
    this.#closeSocket();
    if (!optional) return this.#setStatus({ kind: "rejected", reason });
    this.#setStatus({
      kind: "rejected",
      reason: `${reason} If it is yours, enter its password.`,
      passwordFor: "account",
      optional,
    });
  }

  /** The token of this device is invalid: asks for the password. @param {string} reason */
  #signedOut(reason) {
    if (this.login !== undefined) this.wantedNick = this.login.name;
    this.#closeSocket();
    this.login = undefined;
    this.#loginError = "";
    this.onSignedOut();
    this.#setStatus({ kind: "rejected", reason, passwordFor: "account" });
  }

  /** The nickname is registered: asks for its password. */
  #requireAccountPassword() {
    const wrong = this.#loginError !== "";
    this.#closeSocket();
    this.login = undefined;
    const reason = wrong
      ? `${this.#loginError} Try again, or choose another name.`
      : "This name is registered. If it is yours, enter its password; otherwise choose another name.";
    this.#setStatus({ kind: "rejected", reason, passwordFor: "account", wasRejected: wrong });
  }

  /** The server needs a password: asks for it. */
  #requireServerPassword() {
    const wrong = this.password !== "";
    const why = this.#passwordError || "Wrong server password. Try again.";
    this.#closeSocket();
    this.password = "";
    this.#passwordAccepted = false;
    const reason = wrong ? why : "This server needs a password. Enter it, or ask its administrator for it.";
    this.#setStatus({ kind: "rejected", reason, passwordFor: "server", wasRejected: wrong });
  }

  /** Handles the end of the connection. @param {string} why The server's reason. @param {boolean} silent Whether a PING was not answered. */
  #handleClose(why, silent = false) {
    const { kind } = this.status;
    // The server may reject a password without checking it; then one that it accepted before is still valid.
    if (this.#passwordError === "" || (this.#passwordError !== undefined && !this.#passwordAccepted)) {
      return this.#requireServerPassword();
    }
    if (isSignedOut(why)) return this.#signedOut(signedOutText(why));
    const held = this.#passwordError;
    const trouble = this.#dialer.trouble();
    // The server is full, and its reason is a sentence. Frequent attempts would not help.
    const full = kind === "connecting" && why.endsWith(".");
    this.#closeSocket();
    const reason = held !== undefined
      ? held
      : full
      ? why
      : trouble !== ""
      ? trouble
      : isBan(why)
      ? banText(why)
      : why !== ""
      ? closeText(why)
      : silent
      ? "The connection was lost: the server does not answer."
      : kind === "online"
      ? "The connection was lost."
      : "Cannot reach the server.";
    // Disconnected by an operator, or banned: it does not reconnect.
    if (why.startsWith("Killed") || isBan(why)) return this.#setStatus({ kind: "idle", reason });
    // Half of the delay is random, so that not all clients reconnect at once.
    const most = full && !isWithoutCluster(why) ? RETRY_MAX : Math.min(1000 * 2 ** this.#attempts++, RETRY_MAX);
    const wait = most * (0.5 + Math.random() / 2);
    this.#timer = setTimeout(() => this.connect(), wait);
    this.#setStatus({ kind: "waiting", reason, retryAt: Date.now() + wait });
  }

  /** Closes the socket, and ignores what it receives from now on. */
  #closeSocket() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    this.#pendingLogin?.done("The connection was lost.");
    this.#pendingLogin = undefined;
    if (socket === undefined) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #checkTimeouts() {
    const now = Date.now();
    const { kind } = this.status;
    if (kind === "connecting" && now - this.#receivedAt > ANSWER_TIMEOUT) this.#handleClose("");
    if (kind !== "online") return;
    if (this.#pingedAt > this.#receivedAt) {
      if (now - this.#pingedAt > ANSWER_TIMEOUT) this.#handleClose("", true);
    } else if (now - this.#receivedAt > PING_AFTER) this.ping();
  }

  /** @param {Status} status */
  #setStatus(status) {
    this.status = status;
    /** @type {Context[]} */
    const unanswered = status.kind === "online" ? [] : [...this.#requests.values(), ...this.#batches.clear()];
    if (status.kind !== "online") this.#requests.clear();
    this.onStatus(status);
    // Last, when the new status is known everywhere: a callback may try to send.
    for (const context of unanswered) this.onUnanswered(context);
  }
}
