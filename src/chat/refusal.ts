/**
 * What cannot be done, and why, in a form that each protocol puts into words of its own.
 */

/** Why something was refused. */
export type RefusalCode =
  | "nick-impossible" // nobody can be called so
  | "nick-taken" // somebody else is called so
  | "nobody" // nobody is called so
  | "room-impossible" // no room can be called so
  | "no-room" // there is no such room
  | "not-in-room" // only who is in the room can do it
  | "topic-too-long";

/** Thrown by the hub when somebody asks for what cannot be done. Nothing has changed then. */
export class Refusal extends Error {
  override name = "Refusal";
  readonly code: RefusalCode;
  /** The name that it is about, or the limit. */
  readonly subject: string;

  constructor(code: RefusalCode, subject: string) {
    super(`Cannot do it: ${code} "${subject}"`);
    this.code = code;
    this.subject = subject;
  }
}
