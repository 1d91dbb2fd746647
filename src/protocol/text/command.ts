/** What a command of the text protocol is, and how its arguments are shown and split. */
import type { Lane, Steps } from "../time_slicer.ts";
import type { CommandContext } from "./context.ts";
import { system } from "./render.ts";

/** The parts of `/help`, each with its heading. `/help` alone prints `basics`. */
export const TOPICS = {
  basics: "Text goes to your room. A line that begins with / is a command:",
  messages: "Messages. For those in private, begin with *NAME*, as in /reply *bob* yes:",
  moderation: "Moderation; most of these are for operators of the room:",
  accounts: "Accounts, for a nickname that is yours alone:",
  settings: "Settings of this connection:",
  operators: "For server operators:",
} as const;

export type Topic = keyof typeof TOPICS;

export interface Command {
  /**
   * Its arguments as `/help` shows them: placeholders in capitals, optional ones in brackets. A command whose first
   * argument is not optional is never run without one.
   */
  readonly args: string;
  readonly help: string;
  readonly topic: Topic;
  /** Whether `/help` shows it to server operators alone. */
  readonly forOperators?: boolean;
  /** The lane of the time slicer that it runs in, for commands that may take long or run in steps. */
  readonly lane?: Lane;
  /**
   * Runs the command. A promise keeps the client's next line waiting.
   *
   * @param arg What follows the name of the command, without the spaces around it.
   * @throws {ChatError | AuthError} The session replies with a sentence for it.
   */
  run(context: CommandContext, arg: string): void | Promise<void> | Steps<void | Promise<void>>;
}

/** Commands by name. */
export type CommandTable = Readonly<Record<string, Command>>;

/** How a command is written: `/msg NAME TEXT`. */
export function synopsis(name: string, { args }: Command): string {
  return `/${name} ${args}`.trimEnd();
}

/** The reply to a command with missing or invalid arguments. */
export function usage(name: string, command: Command): string[] {
  return [system(`Usage: ${synopsis(name, command)} – ${command.help}.`)];
}

/** Splits off the first word of an argument. */
export function splitWord(arg: string): { first: string; rest: string } {
  const [, first = "", rest = ""] = /^(\S*)\s*(.*)$/s.exec(arg)!;
  return { first, rest };
}
