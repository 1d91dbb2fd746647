/** Sends messages again that the server had not confirmed when the connection was lost. */
import type { Chat } from "../web/chat.js";
import { hasHistory, requestPage } from "../web/history.js";
import { notKeptText } from "../web/kept.js";
import type { Pending, Room } from "../web/room.js";

/**
 * Whether the history tells which messages were delivered: the server stores those of the room or conversation, as far as that
 * is known.
 */
export function isKept(chat: Chat, room: Room): boolean {
  return hasHistory(chat) && (room.isRoom || notKeptText(chat, room) === "");
}

/**
 * Sends unconfirmed messages again that were not delivered, once the latest messages of the room are loaded. If it is not known
 * which were delivered, it sends none: the user decides.
 *
 * @param done Called afterwards, unless the connection is lost: then call this function again after reconnecting.
 */
export function sendAgain(chat: Chat, room: Room, done: () => void = () => {}): void {
  const [oldest] = unconfirmed(room);
  if (oldest?.after === undefined || !chat.online || room.state === "out" || !isKept(chat, room)) return done();
  const finish = () => {
    for (const pending of unconfirmed(room)) chat.resend(room, pending);
    done();
  };
  const { after } = oldest;
  const isLoaded = room.newer === "none" && room.lines.some(({ id }) => id === after.id);
  if (after.id === "" || isLoaded) return finish();
  // Delivered ones may be older than the latest messages.
  requestPage(chat, room, "AFTER", after, {
    done(lines) {
      chat.model.reconcile(room, lines);
      finish();
    },
    failed() {
      if (chat.online) finish();
    },
  });
}

/** The messages of a room that may have been delivered. */
function unconfirmed(room: Room): Pending[] {
  return room.pending.filter(({ error, after }) => error !== undefined && after !== undefined);
}
