// @ts-check
/**
 * The connection to the server: IRC over a WebSocket, a line a frame. It introduces itself, keeps an eye on whether the
 * server is still there, and comes back by itself when it is lost, waiting a little longer each time.
 *
 * It knows how one gets in, with which passwords, and nothing of rooms. No password is sent before it was asked for.
 */
import { syncClock } from "./clock.js";
import { parse, plainLogin, render } from "./irc.js";
import {
  banText,
  closeText,
  isBan,
  isConfusableNick,
  isRegisteredNick,
  loginFailed,
  replyText,
  WRONG_PASSWORD,
} from "./reply_texts.js";

/** @typedef {import("./irc.js").Message} Message */

/**
 * How things stand. `idle` is before it was told to connect, and after it was told to leave; `rejected` is when the name
 * will not do, or a password is missing; `waiting` is when it will try again by itself.
 *
 * @typedef {object} Status
 * @property {"idle" | "connecting" | "online" | "waiting" | "rejected"} kind
 * @property {string} [reason] Why it is not online: a sentence.
 * @property {number} [retryAt] When it tries again.
 * @property {"server" | "account"} [passwordFor] Whose password is missing: the one that everybody needs, or the name's.
 * @property {boolean} [optional] Whether it may not be needed.
 * @property {boolean} [wasRejected] Whether one was given that will not do.
 */

/** @typedef {{ name: string, password: string }} Login A name that is somebody's own, and how they show it. */

/** What we make use of, of what the server can. */
const CAPABILITIES = [
  "away-notify",
  "batch",
  "cap-notify",
  "draft/account-registration",
  "draft/chathistory",
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
];

/** How long it may take to get in, and how long the server may take to answer, in milliseconds. */
const ANSWER_TIMEOUT = 15_000;

/** How long the server may be silent before it is asked whether it is there. */
const PING_AFTER = 30_000;

/** The longest wait between two attempts. */
const RETRY_MAX = 30_000;

/** The longest nick: one more letter would be refused. */
const NICK_MAX = 30;

/**
 * @template Context What is remembered with a line that was sent, and given back with each line of the answer.
 */
export class Connection {
  /** Who we would like to be: what each attempt begins with. */
  wantedNick = "";
  /** Who we are. */
  nick = "";
  /** Who we are in full, once the server has told. */
  source = "";
  /** @type {Status} */
  status = { kind: "idle" };
  /** The password that everybody needs, once it was asked for. */
  password = "";
  /** @type {Login | undefined} How one logs in when one comes back. */
  login;
  /** The name that we have shown to be ours, if any. */
  account = "";
  /** Why the name that we wanted is not ours, if we came in under another one: it is somebody's own. */
  isNickRegistered = false;

  /** @type {(message: Message, context: Context | undefined) => void} */
  onMessage = () => {};
  /** @type {(status: Status) => void} */
  onStatus = () => {};
  /** Told when we are logged in, or not any more. */
  onAccount = () => {};
  /** @type {(context: Context) => void} Told what will not be answered any more. */
  onUnanswered = () => {};

  #url;
  /** @type {WebSocket | undefined} */
  #socket;
  /** @type {Map<string, Context>} By label, until it is answered. */
  #requests = new Map();
  /** @type {Map<string, Context | undefined>} By the name of a batch that is under way. */
  #batches = new Map();
  #labels = 0;
  #offered = "";
  /** @type {Set<string>} */
  #capabilities = new Set();
  #attempts = 0;
  #wasOnline = false;
  /** Whether the password that everybody needs has been right once. */
  #passwordAccepted = false;
  /** @type {string | undefined} That it will not do, or why it was not even looked at. */
  #passwordError;
  /** Why logging in failed, on the way in. */
  #loginError = "";
  /** Whether we try another name, on the way in. */
  #triesOtherNick = false;
  /** @type {{ login: Login, done: (why: string) => void } | undefined} Logging in, when one is in already. */
  #pendingLogin;
  #error = "";
  #receivedAt = 0;
  #pingedAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {string} url */
  constructor(url) {
    this.#url = url;
    setInterval(() => this.#checkTimeouts(), 5_000);
  }

  /** Takes what is remembered of passwords that were right. @param {string} password @param {Login} [login] */
  restorePasswords(password, login) {
    this.password = password;
    this.login = login;
    this.#passwordAccepted = password !== "";
  }

  /** Comes in under a name, or tries again. */
  connect(nick = this.wantedNick) {
    this.#closeSocket();
    this.nick = this.wantedNick = nick;
    this.#offered =
      this.#error =
      this.#loginError =
      this.account =
        "";
    this.#passwordError = undefined;
    this.isNickRegistered = this.#triesOtherNick = false;
    this.#capabilities.clear();
    this.#receivedAt = Date.now();
    this.#pingedAt = 0;
    this.#setStatus({ kind: "connecting" });
    const socket = this.#socket = new WebSocket(this.#url, ["lines.tincan", "text.ircv3.net"]);
    let open = false;
    socket.onopen = () => {
      open = true;
      if (this.password !== "") this.#send("PASS", [this.password]);
      this.#send("CAP", ["LS", "302"]);
      this.#send("NICK", [nick]);
      this.#send("USER", [nick, "0", "*", nick]);
    };
    // A frame is a line, or, with the former of the two, all lines that the server had to say at that moment.
    socket.onmessage = ({ data }) => {
      for (const line of String(data).split("\n")) this.#receive(parse(line));
    };
    socket.onclose = async ({ reason }) => {
      const why = open ? this.#error || reason : await fetchRejection(this.#url);
      if (socket === this.#socket) this.#handleClose(why);
    };
  }

  /** Whether we make use of something that the server can, or could when we were connected. @param {string} capability */
  has(capability) {
    return this.#capabilities.has(capability);
  }

  /** Tries again now, if it is waiting to. */
  retryNow() {
    if (this.status.kind === "waiting") this.connect();
  }

  /**
   * Shows that a name is one's own, when one is in already.
   *
   * @param {Login} login
   * @param {(why: string) => void} done Told why not, or nothing: then it is known from here on.
   */
  logIn(login, done) {
    if (this.status.kind !== "online") return done("Not connected. Try again when you are back.");
    if (this.#pendingLogin !== undefined) return done("One moment, please.");
    this.#pendingLogin = { login, done };
    this.#send("AUTHENTICATE", ["PLAIN"]);
  }

  /** Leaves, and stays away. @param {string} reason */
  disconnect(reason) {
    this.#send("QUIT", reason === "" ? [] : [reason]);
    this.#closeSocket();
    this.#setStatus({ kind: "idle", reason: "You have left." });
  }

  /** Asks the server whether it is there, when there is reason to doubt it. */
  ping() {
    if (this.status.kind !== "online" || this.#pingedAt > this.#receivedAt) return;
    this.#pingedAt = Date.now();
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
      this.#requests.set(label, context);
      this.#send(command, params, label);
    }
    return true;
  }

  /** @param {string} command @param {string[]} params @param {string} [label] */
  #send(command, params, label) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(render(command, params, label));
  }

  /** @param {Message} message */
  #receive(message) {
    this.#receivedAt = Date.now();
    const { command, params, tags, nick } = message;
    if (!tags.has("batch")) syncClock(tags.get("time")); // what is in one may have been said long ago
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
        if (first.startsWith("+")) return void this.#batches.set(name, this.#takeContext(tags));
        const context = this.#batches.get(name);
        this.#batches.delete(name);
        return this.onMessage(message, context); // its end
      }
      case "464":
        if (this.status.kind !== "connecting") break;
        this.#passwordError = "";
        this.#send("QUIT", []); // the server would wait for another one, and people think for longer than that
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
        this.nick = first;
        this.#attempts = 0;
        this.#wasOnline = this.#passwordAccepted = true;
        this.#setStatus({ kind: "online" });
        break;
      case "432":
      case "433":
        if (this.status.kind === "connecting") return this.#handleNickError(command, params[2] ?? "");
        break;
      case "NICK":
        if (nick === this.nick) this.nick = this.wantedNick = first;
        break;
    }
    if (nick === this.nick && message.source.includes("!")) this.source = message.source;
    this.onMessage(message, this.#takeContext(tags));
  }

  /** What was remembered with the line that this is an answer to. @param {Map<string, string>} tags */
  #takeContext(tags) {
    const batch = tags.get("batch");
    if (batch !== undefined) return this.#batches.get(batch);
    const label = tags.get("label") ?? "";
    const context = this.#requests.get(label);
    this.#requests.delete(label);
    return context;
  }

  /** Chooses capabilities. @param {string} what @param {string} list @param {boolean} more */
  #negotiate(what, list, more) {
    if (what === "ACK") { for (const name of list.split(" ")) this.#capabilities.add(name); }
    if (what === "ACK" && this.login !== undefined && this.has("sasl")) return this.#send("AUTHENTICATE", ["PLAIN"]);
    if (what === "ACK" || what === "NAK") return this.#send("CAP", ["END"]);
    if (what !== "LS") return;
    this.#offered += ` ${list}`;
    if (more) return;
    const offered = new Set(this.#offered.split(" ").map((word) => word.split("=")[0]));
    const wanted = CAPABILITIES.filter((name) => offered.has(name));
    if (wanted.length === 0) this.#send("CAP", ["END"]);
    else this.#send("CAP", ["REQ", wanted.join(" ")]);
  }

  /** We are logged in, or not. @param {string} why Nothing, if we are. */
  #handleLoginResult(why) {
    if (this.#pendingLogin !== undefined) {
      const { login, done } = this.#pendingLogin;
      this.#pendingLogin = undefined;
      if (why === "") this.login = login;
      return done(why);
    }
    if (this.status.kind !== "connecting") return;
    this.#loginError = why;
    if (why === WRONG_PASSWORD) this.login = undefined;
    // Another connection has the name, and it was to be shown whose it is.
    if (why !== "" && this.#triesOtherNick && !this.#wasOnline) return this.#requireAccountPassword();
    this.#send("CAP", ["END"]);
  }

  /** The name will not do. Whoever was in before, or logs in, is let in under another one; whoever is new is asked. */
  #handleNickError(/** @type {string} */ code, /** @type {string} */ why) {
    const owned = code === "433" && isRegisteredNick(why);
    if (owned && !this.#wasOnline) return this.#requireAccountPassword();
    if (this.#wasOnline || (code === "433" && this.login !== undefined && this.#loginError === "")) {
      this.isNickRegistered ||= owned;
      this.#triesOtherNick = true;
      this.nick = this.nick.length < NICK_MAX ? `${this.nick}_` : `guest${Math.floor(Math.random() * 1e6)}`;
      return this.#send("NICK", [this.nick]);
    }
    const reason = replyText(code, [this.nick, why])?.text ?? "Choose another name.";
    // Whoever owns it may be here already, in another window.
    const perhaps = code === "433" && /\bsasl\b/.test(this.#offered) && !isConfusableNick(why);
    this.#closeSocket();
    if (!perhaps) return this.#setStatus({ kind: "rejected", reason });
    this.#setStatus({
      kind: "rejected",
      reason: `${reason} Or is it your own? Then say its password.`,
      passwordFor: "account",
      optional: perhaps,
    });
  }

  /** The name is somebody's own: perhaps theirs who wants to come in. */
  #requireAccountPassword() {
    const wrong = this.#loginError !== "";
    this.#closeSocket();
    this.login = undefined;
    const reason = wrong
      ? `${this.#loginError} Try again, or choose another name.`
      : "This name is somebody’s own. If it is yours, say its password; or choose another name.";
    this.#setStatus({ kind: "rejected", reason, passwordFor: "account", wasRejected: wrong });
  }

  /** Nobody gets in without a password, and ours will not do. */
  #requireServerPassword() {
    const wrong = this.password !== "";
    const why = this.#passwordError || "That is not the server’s password.";
    this.#closeSocket();
    this.password = "";
    this.#passwordAccepted = false;
    const reason = wrong ? why : "This server wants a password from everybody. Ask whoever told you of it.";
    this.#setStatus({ kind: "rejected", reason, passwordFor: "server", wasRejected: wrong });
  }

  /** The connection has ended. @param {string} why What the server said. @param {boolean} silent Whether it does not answer. */
  #handleClose(why, silent = false) {
    const { kind } = this.status;
    // A password that was right is so still, if it was not looked at.
    if (this.#passwordError === "" || (this.#passwordError !== undefined && !this.#passwordAccepted)) {
      return this.#requireServerPassword();
    }
    const held = this.#passwordError;
    // The server has no room, and says what to do in a sentence: whoever knocks on and on does not make any.
    const full = kind === "connecting" && why.endsWith(".");
    this.#closeSocket();
    const reason = held !== undefined
      ? held
      : full
      ? why
      : !navigator.onLine
      ? "You are offline."
      : isBan(why)
      ? banText(why)
      : why !== ""
      ? closeText(why)
      : silent
      ? "The connection was lost: the server does not answer."
      : kind === "online"
      ? "The connection was lost."
      : "Cannot reach the server.";
    // Put out, or not let in any more.
    if (why.startsWith("Killed") || isBan(why)) return this.#setStatus({ kind: "idle", reason });
    // Half of it by chance, so that not everybody comes back at once.
    const most = full ? RETRY_MAX : Math.min(1000 * 2 ** this.#attempts++, RETRY_MAX);
    const wait = most * (0.5 + Math.random() / 2);
    this.#timer = setTimeout(() => this.connect(), wait);
    this.#setStatus({ kind: "waiting", reason, retryAt: Date.now() + wait });
  }

  /** Lets go of the socket, and of everything that was to come over it. */
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
    const unanswered = status.kind === "online" ? [] : [...this.#requests.values(), ...this.#batches.values()];
    if (status.kind !== "online") {
      this.#requests.clear();
      this.#batches.clear();
    }
    this.onStatus(status);
    // Last, when all know that there is nobody to ask again.
    for (const context of unanswered) if (context !== undefined) this.onUnanswered(context);
  }
}

/**
 * Why the server does not let us in, if that is what it says. A browser keeps from us what it answered to who asked for a
 * WebSocket, so it is asked again, for a page.
 *
 * @param {string} url
 */
async function fetchRejection(url) {
  if (!navigator.onLine) return "";
  try {
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT);
    const answer = await fetch(url.replace(/^ws/, "http"), { cache: "no-store", signal });
    const words = answer.status === 503 ? (await answer.text()).trim() : "";
    return /^[^<\n]{1,300}$/.test(words) ? words : ""; // a proxy may have a whole page for it
  } catch {
    return ""; // it is not there
  }
}
