// @ts-check
/**
 * Accounts: registering a nickname, logging in and out, changing the password.
 *
 * Passwords of accounts are neither shown nor stored: after a login the page asks the server for a token, which it stores
 * and logs in with from then on. The password of the server is stored until the tab is closed.
 */
import { deviceName } from "./devices.js";
import { localStore, sessionStore } from "./storage.js";
import { fold } from "./room.js";

/** @typedef {import("./context.ts").ChatContext} ChatContext */
/** @typedef {import("./connection.js").Login} Login */
/** @typedef {import("./room.js").Room} Room */

/** Called with the text of the outcome, or of the error. @typedef {[done: (text: string) => void, failed: (why: string) => void]} Callbacks */

/** The nickname to which IRC clients send account requests. No member has it. */
const NICKSERV = "nickserv";

/** Limits of a password: characters, and bytes, so that it fits into one line. */
const PASSWORD_MIN = 8;
const PASSWORD_MAX = 200;
const BYTES_MAX = 400;

/** Shown when a request cannot be sent. */
export const OFFLINE = "Not connected. Try again when the connection is back.";

/** Whether the server has accounts. @param {ChatContext} chat */
export function hasAccounts(chat) {
  return chat.connection.has("sasl");
}

/** @param {string} name */
export function isNickServ(name) {
  return fold(name) === NICKSERV;
}

/** Stores the password of the server until the tab is closed. @param {ChatContext} chat */
export function saveServerPassword({ connection }) {
  sessionStore.set("password", connection.password);
}

/** Restores the stored server password and the token of this device. @param {ChatContext} chat */
export function loadLogin({ connection }) {
  /** @type {unknown[]} */
  let [name, password] = [];
  try {
    [name, password] = JSON.parse(localStore.get("token"));
  } catch {
    // not stored, or not valid
  }
  const stored = typeof name === "string" && typeof password === "string";
  const login = stored ? { name: String(name), password: String(password), isToken: true } : undefined;
  connection.restorePasswords(sessionStore.get("password"), login);
}

/** The chats that have asked for a token, and wait for it. @type {WeakSet<ChatContext>} */
const asking = new WeakSet();

/** Asks for a token, with which this device stays signed in, unless it has one. @param {ChatContext} chat @param {string} [device] Its name. */
export function staySignedIn(chat, device = deviceName(navigator.userAgent)) {
  const { connection, model } = chat;
  const { account: name } = connection;
  if (!chat.online || name === "" || connection.login?.isToken || asking.has(chat)) return;
  asking.add(chat);
  chat.request("TOKEN", ["STAY", device], {
    onToken(password) {
      asking.delete(chat);
      if (connection.account !== name) return; // logged out meanwhile
      connection.login = { name, password, isToken: true };
      localStore.set("token", JSON.stringify([name, password]));
    },
    onError(why) {
      asking.delete(chat);
      if (chat.online) model.tell(model.current, `You will have to log in again after a reload. ${why}`, "error");
    },
  });
}

/** Forgets the token of this device: it is not valid any more. */
export function forgetToken() {
  localStore.set("token", "");
}

/**
 * Requests the list of devices.
 *
 * @param {ChatContext} chat
 * @param {(devices: import("./context.ts").Device[]) => void} done
 * @param {(why: string) => void} failed
 */
export function listDevices(chat, done, failed) {
  /** @type {import("./context.ts").Device[]} */
  const devices = [];
  const request = { devices, onDevices: () => done(devices), onError: failed };
  if (!chat.request("TOKEN", ["LIST"], request)) failed(OFFLINE);
}

/** Signs out a device. @param {ChatContext} chat @param {number} id @param {Callbacks} callbacks */
export function revokeDevice(chat, id, ...[done, failed]) {
  if (!chat.request("TOKEN", ["REVOKE", String(id)], { onReply: done, onError: failed })) failed(OFFLINE);
}

/** Why a new password is invalid, if it is. @param {string} password */
function invalidPassword(password) {
  if ([...password].length < PASSWORD_MIN) return `Password too short: at least ${PASSWORD_MIN} characters.`;
  if ([...password].length > PASSWORD_MAX || new TextEncoder().encode(password).length > BYTES_MAX) {
    return `Password too long: at most ${PASSWORD_MAX} characters.`;
  }
  if (password.trim() !== password) return "Remove the spaces at the beginning or end of the password.";
  return undefined;
}

/** Registers the current nickname. @param {ChatContext} chat @param {string} password @param {Callbacks} callbacks */
export function register(chat, password, ...[done, failed]) {
  const why = invalidPassword(password);
  if (why !== undefined) return failed(why);
  const name = chat.model.nick;
  const replied = (/** @type {string} */ text) => {
    usePassword(chat, { name, password });
    done(text);
  };
  if (!chat.request("REGISTER", ["*", "*", password], { onReply: replied, onError: failed })) failed(OFFLINE);
}

/** Logs in, and changes to the nickname. @param {ChatContext} chat @param {Login} login @param {Callbacks} callbacks */
export function login(chat, { name, password }, ...[done, failed]) {
  logInAs(chat, { name, password }, () => {
    const { account } = chat.connection;
    done(`You are logged in as ${account}.`);
    if (fold(chat.model.nick) === fold(account)) return;
    // It may be another connection of the same user.
    const taken = (/** @type {string} */ why) => {
      failed(chat.online ? `Another connection uses that name. To disconnect it: /ghost ${account}` : why);
    };
    chat.request("NICK", [account], { onError: taken });
  }, failed);
}

/**
 * Disconnects the connection that uses the user's nickname, and changes to it.
 *
 * @param {ChatContext} chat
 * @param {string} name
 * @param {string} password The empty string if the user is logged in.
 * @param {Callbacks} callbacks
 */
export function ghost(chat, name, password, ...[done, failed]) {
  const { account } = chat.connection;
  const take = () => {
    if (!chat.request("NS", ["GHOST", name], { onReply: done, onError: failed })) failed(OFFLINE);
  };
  if (fold(account) === fold(name)) take();
  else if (password === "") failed(`Give its password: /ghost ${name} PASSWORD`);
  else logInAs(chat, { name, password }, take, failed);
}

/** Logs out. @param {ChatContext} chat @param {Callbacks} callbacks */
export function logout(chat, ...[done, failed]) {
  // With a token, the device is signed out: all of its tabs, and the token is deleted.
  const [command, params] = chat.connection.login?.isToken ? ["TOKEN", ["REVOKE", "*"]] : ["NS", ["LOGOUT"]];
  if (!chat.request(command, params, { onReply: done, onError: failed })) return failed(OFFLINE);
  if (command === "NS") chat.connection.login = undefined;
}

/** Changes the password of the account. @param {ChatContext} chat @param {string} password @param {Callbacks} callbacks */
export function changePassword(chat, password, ...[done, failed]) {
  const why = invalidPassword(password);
  if (why !== undefined) return failed(why);
  const name = chat.connection.account;
  const replied = (/** @type {string} */ text) => {
    usePassword(chat, { name, password });
    done(text);
  };
  if (!chat.request("NS", ["SET", "PASSWORD", password], { onReply: replied, onError: failed })) failed(OFFLINE);
}

/** Deletes the account. @param {ChatContext} chat @param {string} password @param {Callbacks} callbacks */
export function dropAccount(chat, password, ...[done, failed]) {
  if (!chat.request("NS", ["DROP", password], { onReply: done, onError: failed })) failed(OFFLINE);
}

/** Asks whether the user is always on. The answer changes the model. @param {ChatContext} chat */
export function loadAlwaysOn(chat) {
  if (chat.connection.account === "" || !chat.connection.has("draft/persistence")) return;
  chat.request("PERSISTENCE", ["GET"], { silent: true, onError: () => {} });
}

/** Asks whether the user is a server operator, as it may have become one on another device. The answer changes the model. @param {ChatContext} chat */
export function loadOwnModes(chat) {
  chat.request("MODE", [chat.model.nick], { silent: true, onError: () => {} });
}

/** Has the user stay in the chat without a connection, or not. The answer changes the model. @param {ChatContext} chat @param {boolean} on @param {(why: string) => void} failed */
export function setAlwaysOn(chat, on, failed) {
  if (!chat.request("PERSISTENCE", ["SET", on ? "ON" : "OFF"], { onError: failed })) failed(OFFLINE);
}

/** Sends a request to NickServ, and shows the replies in a room. @param {ChatContext} chat @param {string} words @param {Room} room */
export function askNickServ(chat, words, room) {
  const replied = (/** @type {string} */ text) => chat.model.tell(room, text);
  chat.request("NS", [words], { room, onReply: replied });
}

/** Logs in with a password when the connection comes back, unless there is a token. @param {ChatContext} chat @param {Login} login */
function usePassword({ connection }, login) {
  if (!connection.login?.isToken) connection.login = login;
}

/** @param {ChatContext} chat @param {Login} login @param {() => void} done @param {(why: string) => void} failed */
function logInAs(chat, login, done, failed) {
  const { account } = chat.connection;
  if (account !== "" && fold(account) === fold(login.name)) return done();
  if (account !== "") return failed(`You are already logged in as ${account}. Log out first: /logout`);
  chat.connection.logIn(login, (why) => why === "" ? done() : failed(why));
}
