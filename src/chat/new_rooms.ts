/** Limits how many rooms members create, and makes room for new ones. */
import { isNewRoomName } from "./access.ts";
import { type Answer, settle } from "./answer.ts";
import { ChatError } from "./chat_error.ts";
import type { HistoryReader } from "./history_reader.ts";
import type { Hub } from "./hub.ts";
import type { Member } from "./member.ts";
import type { Room } from "./room.ts";
import { StoreError } from "./store.ts";

/** What new rooms need of the chat. */
interface NewRoomsOptions {
  readonly hub: Hub;
  readonly history: HistoryReader;
  /** Counts a room that a member creates. @throws {ChatError} `rooms-too-fast` */
  readonly takeRoom: (member: Member, name: string) => void;
  /** Deletes an empty room. */
  readonly drop: (key: string) => Answer<void>;
}

/** Prepares the creation of rooms. */
export class NewRooms {
  readonly #options: NewRoomsOptions;

  constructor(options: NewRoomsOptions) {
    this.#options = options;
    // Read now, as reading it for all rooms when a new room needs a place would take long.
    for (const room of options.hub.emptyRooms) room.hasLines = this.#hasLines(room);
  }

  /**
   * Counts a room that a member is about to create, and deletes an empty room when there is no place for another.
   *
   * @throws {ChatError} `rooms-too-fast`
   */
  prepare(member: Member, name: string): void {
    const { hub, takeRoom } = this.#options;
    if (!isNewRoomName(name) || hub.roomNames.isConfusable(name)) return; // the hub rejects it
    const isFull = hub.rooms.size >= hub.limits.maxRooms;
    if (isFull && hub.emptyRooms.size === 0) return; // the hub rejects it
    takeRoom(member, name);
    if (isFull) this.#dropSilentRoom();
  }

  /**
   * Deletes the room that is empty longest of those that have no lines. So a client that creates and leaves rooms cannot use
   * up all places, and no room with lines is lost. Does nothing if the history cannot delete one.
   */
  #dropSilentRoom() {
    const { hub, history, drop } = this.#options;
    hub.storage.commit(); // lines of this round
    for (const room of hub.emptyRooms) {
      room.hasLines ??= history.latest(room, 1).length > 0;
      if (room.hasLines) continue;
      return settle(() => drop(room.key), (error) => error instanceof StoreError);
    }
  }

  #hasLines(room: Room): boolean | undefined {
    try {
      return this.#options.history.latest(room, 1).length > 0;
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      return undefined;
    }
  }
}
