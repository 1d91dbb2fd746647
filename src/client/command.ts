/** The types of commands of the terminal client. */
import type { Chat } from "../web/chat.js";
import type { Ui } from "../web/commands.js";
import type { Line } from "../web/lines.js";
import type { Room } from "../web/room.js";

/** The actions of commands on the client itself. */
export interface ClientUi extends Ui {
  /** Leaves the client. */
  quit(reason: string): void;
  /** Asks for a secret; an empty answer is none. @param reason Why it is asked. */
  askSecret(label: string, answered: (text: string) => void, reason?: string): void;
  /** Sets or shows a setting: `bell`, `notify`. @returns What it is now, or an error. */
  setting(name: string, value: string): string | undefined;
}

/** One use of a command. */
export interface Invocation {
  readonly chat: Chat;
  readonly ui: ClientUi;
  readonly room: Room;
  /** All arguments; the first word, and what follows it. */
  readonly arg: string;
  readonly word: string;
  readonly rest: string;
  /** The message that the user has selected. */
  readonly selected: Line | undefined;
}

/** A command. `run` returns an error text if it cannot be done. */
export interface Command {
  readonly args: string;
  readonly help: string;
  /** Whether it is neither listed in the help nor completed: it exists for users who know it from elsewhere. */
  readonly isUnlisted?: boolean;
  run(invocation: Invocation): string | void;
}
