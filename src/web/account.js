// @ts-check
/**
 * Names that are one's own: what the server is asked about them. Passwords are shown nowhere, and remembered until the tab
 * is closed, so that one is let in again by oneself.
 */
import { sessionStore } from "./storage.js";
import { fold } from "./room.js";

/** @typedef {import("./context.ts").ChatContext} ChatContext */
/** @typedef {import("./connection.js").Login} Login */
/** @typedef {import("./room.js").Room} Room */

/** Told what came of it, and what went wrong: sentences. @typedef {[done: (text: string) => void, failed: (why: string) => void]} Callbacks */

/** Whom IRC clients ask about names. It is nobody. */
const NICKSERV = "nickserv";

/** The fewest and the most characters of a password, and the most bytes: all of it has to fit into a line. */
const PASSWORD_MIN = 8;
const PASSWORD_MAX = 200;
const BYTES_MAX = 400;

const OFFLINE = "Not connected. Try again when you are back.";

/** Whether names can be somebody's own here. @param {ChatContext} chat */
export function hasAccounts(chat) {
  return chat.connection.has("sasl");
}

/** @param {string} name */
export function isNickServ(name) {
  return fold(name) === NICKSERV;
}

/** Keeps the passwords until the tab is closed, or forgets them. @param {ChatContext} chat */
export function savePasswords({ connection }) {
  const { password, login } = connection;
  sessionStore.set("password", password);
  sessionStore.set("login", login === undefined ? "" : JSON.stringify([login.name, login.password]));
}

/** Takes them up again. @param {ChatContext} chat */
export function loadPasswords({ connection }) {
  /** @type {unknown[]} */
  let [name, password] = [];
  try {
    [name, password] = JSON.parse(sessionStore.get("login"));
  } catch {
    // there is none
  }
  const login = typeof name === "string" && typeof password === "string" ? { name, password } : undefined;
  connection.restorePasswords(sessionStore.get("password"), login);
}

/** What is wrong with a new password, if anything. @param {string} password */
function invalidPassword(password) {
  if ([...password].length < PASSWORD_MIN) return `A password has ${PASSWORD_MIN} characters at least.`;
  if ([...password].length > PASSWORD_MAX || new TextEncoder().encode(password).length > BYTES_MAX) {
    return "That password is too long.";
  }
  if (password.trim() !== password) return "A password has no spaces at its ends.";
  return undefined;
}

/** Makes the name that one has one's own. @param {ChatContext} chat @param {string} password @param {Callbacks} answers */
export function register(chat, password, ...[done, failed]) {
  const why = invalidPassword(password);
  if (why !== undefined) return failed(why);
  const name = chat.model.nick;
  const told = (/** @type {string} */ text) => {
    saveLogin(chat, { name, password });
    done(text);
  };
  if (!chat.request("REGISTER", ["*", "*", password], { onReply: told, onError: failed })) failed(OFFLINE);
}

/** Shows that a name is one's own, and takes it. @param {ChatContext} chat @param {Login} login @param {Callbacks} answers */
export function login(chat, { name, password }, ...[done, failed]) {
  logInAs(chat, { name, password }, () => {
    const { account } = chat.connection;
    if (fold(chat.model.nick) === fold(account)) return done(`You are logged in as ${account}.`);
    done(`You are logged in as ${account}.`);
    // Whoever has it may be oneself.
    const taken = (/** @type {string} */ why) => {
      failed(chat.online ? `Another connection has that name. To end it: /ghost ${account}` : why);
    };
    chat.request("NICK", [account], { onError: taken });
  }, failed);
}

/**
 * Disconnects whoever has one's name, and takes it.
 *
 * @param {ChatContext} chat
 * @param {string} name
 * @param {string} password Nothing, if one is logged in.
 * @param {Callbacks} answers
 */
export function ghost(chat, name, password, ...[done, failed]) {
  const { account } = chat.connection;
  const take = () => {
    if (!chat.request("NS", ["GHOST", name], { onReply: done, onError: failed })) failed(OFFLINE);
  };
  if (fold(account) === fold(name)) take();
  else if (password === "") failed(`That takes its password: /ghost ${name} PASSWORD`);
  else logInAs(chat, { name, password }, take, failed);
}

/** Makes one nobody in particular again. @param {ChatContext} chat @param {Callbacks} answers */
export function logout(chat, ...[done, failed]) {
  if (!chat.request("NS", ["LOGOUT"], { onReply: done, onError: failed })) return failed(OFFLINE);
  saveLogin(chat, undefined);
}

/** Takes another password. @param {ChatContext} chat @param {string} password @param {Callbacks} answers */
export function changePassword(chat, password, ...[done, failed]) {
  const why = invalidPassword(password);
  if (why !== undefined) return failed(why);
  const name = chat.connection.account;
  const told = (/** @type {string} */ text) => {
    if (!text.startsWith("Your password is")) return failed(text);
    saveLogin(chat, { name, password });
    done(text);
  };
  if (!chat.request("NS", ["SET", "PASSWORD", password], { onReply: told, onError: failed })) failed(OFFLINE);
}

/** Makes one's name nobody's. @param {ChatContext} chat @param {string} password @param {Callbacks} answers */
export function dropAccount(chat, password, ...[done, failed]) {
  const told = (/** @type {string} */ text) => {
    if (chat.connection.account === "") done(text);
    else failed(text);
  };
  if (!chat.request("NS", ["DROP", password], { onReply: told, onError: failed })) failed(OFFLINE);
}

/** Asks in the words of IRC clients; the answers go into a room. @param {ChatContext} chat @param {string} words @param {Room} room */
export function askNickServ(chat, words, room) {
  const told = (/** @type {string} */ text) => chat.model.tell(room, text);
  chat.request("NS", [words], { room, onReply: told });
}

/** @param {ChatContext} chat @param {Login} login @param {() => void} done @param {(why: string) => void} failed */
function logInAs(chat, login, done, failed) {
  const { account } = chat.connection;
  if (account !== "" && fold(account) === fold(login.name)) return done();
  if (account !== "") return failed(`You are logged in as ${account} already. First: /logout`);
  chat.connection.logIn(login, (why) => {
    if (why !== "") return failed(why);
    savePasswords(chat);
    done();
  });
}

/** @param {ChatContext} chat @param {Login | undefined} login */
function saveLogin(chat, login) {
  chat.connection.login = login;
  savePasswords(chat);
}
