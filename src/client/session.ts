/**
 * A chat with one server, for the views and for the pipe. It opens the rooms, and stores nickname, rooms and read markers.
 */
import { forgetToken, loadAlwaysOn, loadLogin, loadOwnModes, staySignedIn } from "../web/account.js";
import { Chat, LOBBY } from "../web/chat.js";
import { sendMarkers, storeMarker } from "../web/read_sync.js";
import { saveReadMarkers } from "../web/read_markers.js";
import { localStore, useStorage } from "../web/storage.js";
import type { Login, Status } from "../web/connection.js";
import type { ServerDialer } from "./line_socket.ts";
import { memoryStore, type Settings } from "./settings.ts";

/** A chat with one server. */
export interface ClientSession {
  readonly chat: Chat;
  /** The name of the server, as in the target of the command line; `chat.network` has its own name once it has said it. */
  readonly network: string;
  /** The room that is shown first. It is not opened yet. */
  readonly firstRoom: string;
  /** The stored settings of this server. */
  readonly settings: Settings;
  /** Opens the rooms, shows the first one, and connects. Listen to the model and to `chat.onStatus` before. */
  start(): void;
  /** Stores the nickname, rooms and read markers, and disconnects. */
  leave(reason: string): void;
  /** Resolves after `leave` once all output is sent, or after `LEAVE_TIME`. */
  readonly left: Promise<void>;
  /** Whether the session logs the user in, by a password or a stored token. */
  readonly wantsLogin: boolean;
}

/** The parameters of a session. */
export interface SessionOptions {
  readonly dialer: ServerDialer;
  readonly settings: Settings;
  readonly network: string;
  readonly nick: string;
  /** The room that the user has named, or the empty string. */
  readonly room: string;
  /** The code of an invite link, or the empty string. */
  readonly code: string;
  /** The account to log in to, in place of the stored token. */
  readonly login?: Login | undefined;
  /** The name under which the server lists this device. */
  readonly device: string;
  /** Whether people use it: then rooms of the last time are opened, and what changes is stored. */
  readonly isForPeople: boolean;
}

/** How long the end of a session may take, in milliseconds. */
const LEAVE_TIME = 1000;

/**
 * Creates the session of this process. There is one at a time, as the core has one storage.
 *
 * `chat.onStatus` and `chat.onAccount` are free for the views: the session uses those of the connection.
 */
export function createSession(options: SessionOptions): ClientSession {
  const { dialer, settings, network, room, code, login, isForPeople } = options;
  useStorage(settings, memoryStore());
  const chat = new Chat(dialer);
  const { connection, model } = chat;
  chat.network = network;
  const rooms = isForPeople ? savedRooms() : [];
  const firstRoom = room || (code !== "" && !isForPeople ? "" : code !== "" ? LOBBY : rooms[0] ?? LOBBY);
  loadLogin(chat);
  if (login !== undefined) connection.login = login;
  const wantsLogin = connection.login !== undefined;
  keepToken(chat, options);
  const save = isForPeople ? remember(chat) : () => {};
  const left = Promise.withResolvers<void>();
  return {
    chat,
    network,
    firstRoom,
    settings,
    start() {
      for (const name of [firstRoom, ...rooms]) if (name !== "") model.open(name);
      model.show(model.find(firstRoom));
      if (code !== "") connection.password = code; // the server uses it, and says which room it leads to
      chat.connect(options.nick);
    },
    leave(reason) {
      save();
      saveReadMarkers();
      sendMarkers(chat);
      connection.disconnect(reason);
      void Promise.race([dialer.closed(), new Promise((resolve) => setTimeout(resolve, LEAVE_TIME))]).then(() => {
        left.resolve();
      });
    },
    left: left.promise,
    wantsLogin,
  };
}

/** Asks for a token after a login, and forgets it when it is not valid any more. */
function keepToken(chat: Chat, { device }: SessionOptions) {
  const { connection } = chat;
  const statusChanged = connection.onStatus;
  connection.onStatus = (status: Status) => {
    statusChanged(status);
    if (status.kind === "online" && connection.has(TOKENS)) staySignedIn(chat, device);
  };
  const accountChanged = connection.onAccount;
  connection.onAccount = () => {
    accountChanged();
    if (connection.account === "") forgetToken();
    else if (connection.has(TOKENS)) staySignedIn(chat, device);
  };
  connection.onSignedOut = forgetToken;
}

/** A capability of the servers that have tokens. */
const TOKENS = "tincan.chat/mentions";

/** Stores the nickname, the rooms and the read markers when they change. @returns A function that stores them now. */
function remember(chat: Chat): () => void {
  const { connection, model } = chat;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const save = () => {
    timer = undefined;
    const rooms = model.tabs.filter((room) => room.isRoom && (room.state !== "out" || room.joinError?.needsKey));
    localStore.set("rooms", JSON.stringify(rooms.slice(0, ROOMS_MAX).map(({ name }) => name)));
  };
  const statusChanged = connection.onStatus;
  connection.onStatus = (status: Status) => {
    statusChanged(status);
    if (status.kind !== "online") {
      model.setServerOperator(false);
      return model.setAlwaysOn(undefined);
    }
    if (connection.account !== "") loadOwnModes(chat);
    localStore.set("nick", chat.wantedNick);
  };
  const accountChanged = connection.onAccount;
  connection.onAccount = () => {
    accountChanged();
    model.setAlwaysOn(undefined);
    loadAlwaysOn(chat);
    loadOwnModes(chat);
  };
  model.listen((change, room) => {
    if (change === "read" && room !== undefined) storeMarker(chat, room);
    if (change === "tabs" && model.nick !== "" && model.nick === chat.wantedNick) localStore.set("nick", model.nick);
    if (change !== "room" && change !== "tabs") return;
    timer ??= setTimeout(save, SAVE_DELAY);
  });
  return () => {
    clearTimeout(timer);
    if (timer !== undefined) save();
  };
}

/** Rooms are stored after this delay, in milliseconds: each time a file is written. */
const SAVE_DELAY = 500;

/** The rooms of the last time. */
function savedRooms(): string[] {
  try {
    const rooms: unknown = JSON.parse(localStore.get("rooms"));
    return Array.isArray(rooms) ? rooms.filter((name) => typeof name === "string").slice(0, ROOMS_MAX) : [];
  } catch {
    return [];
  }
}

/** The most rooms that are opened at the start. */
const ROOMS_MAX = 100;
