/**
 * Types that the modules of the page share: what they need of the chat, and what it remembers of a request. The page loads
 * none of this.
 */
import type { Connection } from "./connection.js";
import type { Line } from "./lines.js";
import type { Model } from "./model.js";
import type { Pending, Room } from "./room.js";

/** A room of the server, as LIST returns it. */
export interface ListedRoom {
  name: string;
  people: number;
  topic: string;
}

/** A device that stays signed in, as TOKEN LIST returns it. */
export interface Device {
  id: number;
  name: string;
  /** When it was last used. */
  used: Date;
  /** From where it was last used. */
  host: string;
  /** Whether it is this one. */
  own: boolean;
  /** What it is limited to, in words, or the empty string. */
  scope: string;
}

/** What is remembered of a line that was sent, to handle the lines that answer it. */
export interface PendingRequest {
  /** The room in which the answer is shown. */
  room?: Room;
  /** The message that was sent. */
  pending?: Pending;
  /** Whether the line was a JOIN of `room`. */
  join?: boolean;
  /** Whether the line was a JOIN with the code of an invite link: the room is shown. */
  isInvitation?: boolean;
  /** Whether the answer is not shown. */
  silent?: boolean;
  /** Collects the members that NAMES or WHO returns. */
  names?: string[];
  /** Collects the users that SILENCE returns. */
  ignored?: string[];
  /** Collects the rooms that LIST returns. */
  list?: ListedRoom[];
  /** Collects the devices that TOKEN LIST returns. */
  devices?: Device[];
  /** Called at the end of TOKEN LIST. */
  onDevices?: () => void;
  /** Called with the token that TOKEN STAY returns. */
  onToken?: (token: string) => void;
  /** Called at the end of LIST. */
  onListEnd?: () => void;
  /** Called with each line of the history that was requested. Such lines are not added to a room. */
  onLine?: (room: string, line: Line) => void;
  /** Called, instead of changing a line of a room, with each change of a line of the history that was requested. */
  onChange?: (id: string, change: (line: Line) => void) => void;
  /** Called when the answer is complete. */
  onEnd?: () => void;
  /** Called when the request is answered, after everything else, whether it was successful or not. */
  onDone?: () => void;
  /**
   * Called, instead of showing it in a room, with each reply of NickServ, ChanServ or REGISTER, each notice of the server and
   * each numeric that is no error; of a numeric also with its parameters.
   */
  onReply?: (text: string, params?: string[]) => void;
  /** Called, instead of showing the error in a room, if the request fails. `registered`: the nickname is registered. */
  onError?: (why: string, registered?: boolean) => void;
}

/** The part of the chat that reply handlers, history and accounts use. */
export interface ChatContext {
  readonly model: Model;
  readonly connection: Connection<PendingRequest>;
  readonly online: boolean;
  /** The nickname that the user has chosen; the server may have given another one. */
  readonly wantedNick: string;
  /** The name of the server (`NETWORK` of RPL_ISUPPORT). */
  network: string;
  /** Whose private messages the server stores (`PRIVATEHISTORY` of RPL_ISUPPORT); empty if it does not say. */
  privateHistory: string;
  /** The users that may upload files (`accounts` or `everyone`), and the most bytes of one; `undefined` if the server takes none. */
  uploads: { who: string; max: number } | undefined;
  /** The most messages that the server returns for one request (`CHATHISTORY` of RPL_ISUPPORT). */
  historyMax: number;
  /** Whether the server passes no typing notifications on (`CLIENTTAGDENY` of RPL_ISUPPORT). */
  typingDenied: boolean;
  /** Whether the message of the day has been shown. */
  motdShown: boolean;
  /** Called with each line that mentions the user. */
  onMention: (room: Room, line: Line) => void;
  /** Sends a line. Returns false if there is no connection. */
  request(command: string, params: string[], context?: PendingRequest, tags?: Record<string, string>): boolean;
  /** Takes a sent message off the list of pending ones: the server has echoed it. */
  confirm(room: Room, pending: Pending): void;
}
