/** What `/help` prints, and the reply to unknown commands. */
import { nearest } from "../../util/nearest.ts";
import { type CommandTable, synopsis, type Topic, TOPICS } from "./command.ts";
import { system } from "./render.ts";
import { clip } from "./truncate.ts";

/** The column width of commands in `/help`, in characters. A wider one moves its help text to the right. */
const SYNOPSIS_WIDTH = 19;

/** Other names of commands, as chat programs have them. The page has the same ones: see `web/commands.js`. */
export const ALIASES: Readonly<Record<string, string>> = {
  "?": "help",
  channels: "rooms",
  exit: "quit",
  identify: "login",
  j: "join",
  names: "who",
  part: "leave",
  query: "msg",
  users: "list",
  w: "msg",
  whisper: "msg",
};

/** Words that are suggested for a mistyped one. Any word of two characters is one error away from `/j`. */
const SUGGESTED_ALIASES = Object.keys(ALIASES).filter((name) => name.length > 1);

const TOPIC_NAMES = Object.keys(TOPICS) as Topic[];

/** The name of the command that a word stands for, in any case. There may be no such command. */
export function resolveAlias(word: string): string {
  const name = word.toLowerCase();
  return Object.hasOwn(ALIASES, name) ? ALIASES[name]! : name;
}

/** A sentence for a word that is no command, with the nearest command that the user is shown. */
export function unknownCommand(commands: CommandTable, isOperator: boolean, word: string): string {
  const known = nearestCommand(commands, isOperator, word);
  const hint = known === undefined ? "/help lists the commands." : `Did you mean /${known}?`;
  return `No such command: /${clip(word)}. ${hint}`;
}

/** The command or alias nearest to a word, of those that the user is shown. */
function nearestCommand(commands: CommandTable, isOperator: boolean, word: string): string | undefined {
  return nearest(word.toLowerCase(), [...visible(commands, isOperator), ...SUGGESTED_ALIASES]);
}

/**
 * The reply to `/help`. Without an argument, and for a topic, it fits a terminal of 24 lines and 80 columns.
 *
 * @param isOperator Whether the user is a server operator.
 * @param arg Nothing, a command with or without its `/`, a topic, or `all`.
 */
export function helpFor(commands: CommandTable, isOperator: boolean, arg: string): string[] {
  const asked = arg.replace(/^\//, "").toLowerCase();
  const name = resolveAlias(asked);
  if (Object.hasOwn(commands, name)) return [row(commands, name, 0), ...otherNames(name)];
  const shown = visible(commands, isOperator);
  if (asked === "") return [...section(commands, shown, "basics"), system(furtherTopics(commands, shown))];
  if (asked === "all") return TOPIC_NAMES.flatMap((topic) => section(commands, shown, topic));
  if (isTopic(asked)) return section(commands, Object.keys(commands), asked);
  const known = nearestCommand(commands, isOperator, asked);
  const topic = known === undefined ? nearest(asked, topics(commands, shown)) : undefined;
  if (topic !== undefined) return [system(`No such topic: ${clip(asked)}. Did you mean /help ${topic}?`)];
  return [system(unknownCommand(commands, isOperator, asked))];
}

/** The commands of a topic under its heading; nothing if there are none. */
function section(commands: CommandTable, names: readonly string[], topic: Topic): string[] {
  const rows = names.filter((name) => commands[name]!.topic === topic).map((name) => row(commands, name));
  if (topic === "basics") rows.push(system(`${"//TEXT".padEnd(SYNOPSIS_WIDTH)}  say /TEXT`));
  return rows.length === 0 ? [] : [system(TOPICS[topic]), ...rows];
}

function furtherTopics(commands: CommandTable, names: readonly string[]): string {
  return `More by /help TOPIC: ${topics(commands, names).join(", ")}`;
}

/** The topics of commands, but for that of `/help` alone, and `all`. */
function topics(commands: CommandTable, names: readonly string[]): string[] {
  const shown = new Set(names.map((name) => commands[name]!.topic));
  return [...TOPIC_NAMES.filter((topic) => topic !== "basics" && shown.has(topic)), "all"];
}

function row(commands: CommandTable, name: string, width = SYNOPSIS_WIDTH): string {
  const command = commands[name]!;
  return system(`${synopsis(name, command).padEnd(width)}  ${command.help}`);
}

/** The line that lists the aliases of a command, if it has aliases. */
function otherNames(name: string): string[] {
  const aliases = Object.keys(ALIASES).filter((alias) => ALIASES[alias] === name);
  return aliases.length === 0 ? [] : [system(`Other names: ${aliases.map((alias) => `/${alias}`).join(", ")}`)];
}

/** The names of the commands that a user is shown. */
function visible(commands: CommandTable, isOperator: boolean): string[] {
  return Object.keys(commands).filter((name) => isOperator || !commands[name]!.forOperators);
}

function isTopic(text: string): text is Topic {
  return Object.hasOwn(TOPICS, text);
}
