/**
 * A room: who is in it, what it is about, what was said.
 */
import { BroadcastSet } from "./broadcast.ts";
import { fold } from "./names.ts";

/** See the head of this file. Only the hub changes one. */
export class Room {
  /** Its name, as it was written by who came first. */
  readonly name: string;
  /** Its name, folded: the same for all ways of writing it. */
  readonly key: string;
  /** Who is in it, and how they are told things. */
  readonly members: BroadcastSet;
  /** What it is about; empty when nobody has said. */
  topic = "";

  /** @param onHeld See {@linkcode BroadcastSet}. */
  constructor(name: string, onHeld: (set: BroadcastSet) => void) {
    this.name = name;
    this.key = fold(name);
    this.members = new BroadcastSet(onHeld);
  }
}
