/**
 * The commands of the text protocol: a row each, and `/help` is printed from the rows.
 *
 * To add one, add a row. A command that cannot do what it is asked throws a `Refusal`, or answers in one sentence that
 * says what to do instead.
 */
import { sanitize } from "../../util/sanitize.ts";
import type { Said } from "../../chat/events.ts";
import { LOBBY } from "../../chat/names.ts";
import type { Member } from "../../chat/member.ts";
import type { ModeChange } from "../../chat/modes.ts";
import { ChatError } from "../../chat/chat_error.ts";
import type { Room } from "../../chat/room.ts";
import { wordsSought } from "../../history/tokenizer.ts";
import { LIMIT_MAX, readModes, writeModes } from "../modes.ts";
import { change as changePassword, drop, ghost, login, logout, readLogin, register } from "../accounts.ts";
import type { Lane, Steps } from "../time_slicer.ts";
import { readWhen, writeWhen } from "../../util/datetime.ts";
import { nearest } from "../../util/nearest.ts";
import { ANSWER_MAX, capped, fitting } from "./truncate.ts";
import { banFromServer, ORDER, unbanFromServer } from "./moderation.ts";
import { clip, company, past, refusal, system, whisperSent } from "./render.ts";
import type { TextSession } from "./session.ts";

/** How many past lines are shown to who comes into a room, and by `/history` alone. */
export const REPLAY = 20;

/** The shortest time that people write, in milliseconds. */
const MINUTE = 60_000;

/** How wide the commands are in `/help`, in characters; one that is wider pushes what is said of it aside. */
const SYNOPSIS = 19;

/** How wide lists of names are, in characters. */
const WIDTH = 76;

/** The parts of `/help`, each with its heading. `basics` is what it prints when asked for nothing else. */
const TOPICS = {
  basics: "What you write goes to your room. A line that begins with / is a command:",
  moderation: "To run a room; most of these are for its operators:",
  accounts: "To have a nickname that is yours alone:",
  settings: "For this connection:",
  operators: "For server operators:",
} as const;

/** Other names of commands, as IRC clients have them. */
const ALIASES: Readonly<Record<string, string>> = {
  channels: "rooms",
  exit: "quit",
  identify: "login",
  names: "who",
  part: "leave",
  users: "list",
};

/** A row of the table. */
export interface Command {
  /** Its arguments, as `/help` shows them: capitals for what stands for something, brackets for what may be left out. */
  readonly args: string;
  readonly help: string;
  readonly topic: keyof typeof TOPICS;
  /** Whether it is for server operators, and hidden from everybody else. */
  readonly order?: boolean;
  /** Where it waits for its turn, if it may take long: see `time_slicer.ts`. What is done in steps has one. */
  readonly lane?: Lane;
  /** @param arg What follows the command's name and a space, as it was written; trimmed. */
  run(session: TextSession, arg: string): void | Promise<void> | Steps<void>;
}

/** The commands by name, in the order of `/help`. */
export const commands: Readonly<Record<string, Command>> = {
  help: {
    args: "[COMMAND]",
    help: "this list, or what a command does",
    topic: "basics",
    run: (session, arg) => help(session, arg),
  },
  nick: {
    args: "NAME",
    help: "choose a name",
    topic: "basics",
    run(session, arg) {
      if (arg === session.member.nick) session.reply([system(`You are ${arg} already.`)]);
      else {
        session.chat.rename(session.member, arg);
        session.wanted = undefined;
      }
    },
  },
  list: {
    args: "",
    help: "everyone who is here; so does LIST alone on a line",
    topic: "basics",
    lane: "long",
    run: (session) => list(session),
  },
  rooms: {
    args: "",
    help: "which rooms there are",
    topic: "basics",
    lane: "long",
    run(session) {
      const known = [...session.chat.rooms].filter((room) => !room.switches.has("s") || room.has(session.member));
      const rooms = capped(session, known, ({ name, members, topic }) => {
        return `${name} (${members.size})${topic === undefined ? "" : `: ${topic.text}`}`;
      });
      session.reply(rooms.map(system));
    },
  },
  join: {
    args: "#ROOM [KEY]",
    help: "go to another room; it is made if it is not there",
    topic: "basics",
    lane: "prompt",
    run(session, arg) {
      const { first, rest } = split(arg);
      session.enter(roomNamed(first), rest || undefined);
    },
  },
  leave: {
    args: "",
    help: `go back to ${LOBBY}`,
    topic: "basics",
    run(session) {
      if (session.room.key !== LOBBY) session.enter(LOBBY);
      else session.reply([system(`You are in ${LOBBY}. /join #ROOM takes you elsewhere, /quit out of here.`)]);
    },
  },
  who: {
    args: "[#ROOM]",
    help: "who is in this room, or in another",
    topic: "basics",
    lane: "long",
    run(session, arg) {
      const name = roomNamed(arg);
      const room = arg === "" ? session.room : session.chat.findRoom(name);
      // By the name as it was given: the room's own would tell that it exists.
      if (room.switches.has("s") && !room.has(session.member)) throw new ChatError("no-room", name);
      who(session, room);
    },
  },
  msg: {
    args: "NAME TEXT",
    help: "say something to one person alone",
    topic: "basics",
    run(session, arg) {
      const { first: name, rest: text } = split(arg);
      if (text === "") return usage(session, "msg");
      const sent = session.chat.whisper(session.member, name, text);
      if (sent !== undefined) session.reply([session.stamped(whisperSent(sent.to, sent.text))]);
    },
  },
  me: {
    args: "ACTION",
    help: "say what you do: /me waves",
    topic: "basics",
    run: (session, arg) => session.chat.say(session.member, session.room, arg, { style: "action" }),
  },
  topic: {
    args: "[TEXT]",
    help: "what this room is about; with TEXT, set it",
    topic: "basics",
    run(session, arg) {
      const { name, topic } = session.room;
      if (arg !== "") session.chat.setTopic(session.member, session.room, arg);
      else if (topic !== undefined) session.reply([system(`The topic of ${name} is: ${topic.text}`)]);
      else session.reply([system(`${name} has no topic. /topic TEXT sets one.`)]);
    },
  },
  invite: {
    args: "NAME",
    help: "invite someone to this room",
    topic: "moderation",
    run(session, arg) {
      const { nick } = session.chat.invite(session.member, session.room, arg);
      session.reply([system(`You asked ${nick} into ${session.room.name}.`)]);
    },
  },
  kick: {
    args: "NAME [REASON]",
    help: "remove a member from this room",
    topic: "moderation",
    run(session, arg) {
      const { first, rest } = split(arg);
      session.chat.kick(session.member, session.room, first, rest || undefined);
    },
  },
  ban: {
    args: "NAME|MASK",
    help: "keep a member out and silent, or all like *!*@HOST",
    topic: "moderation",
    lane: "prompt",
    run(session, arg) {
      if (session.member.operator) return banFromServer(session, arg);
      change(session, [{ on: true, mode: "b", mask: arg }]);
    },
  },
  unban: {
    args: "NAME|MASK",
    help: "take a ban back; /mode b lists them",
    topic: "moderation",
    run(session, arg) {
      if (session.member.operator) unbanFromServer(session, arg);
      else change(session, [{ on: false, mode: "b", mask: arg }]);
    },
  },
  op: {
    args: "NAME",
    help: "make a member an operator too",
    topic: "moderation",
    run: (session, arg) => change(session, [{ on: true, mode: "o", nick: arg }]),
  },
  deop: {
    args: "NAME",
    help: "take that back",
    topic: "moderation",
    run: (session, arg) => change(session, [{ on: false, mode: "o", nick: arg }]),
  },
  voice: {
    args: "NAME",
    help: "let a member speak in a moderated room (+m)",
    topic: "moderation",
    run: (session, arg) => change(session, [{ on: true, mode: "v", nick: arg }]),
  },
  devoice: {
    args: "NAME",
    help: "take that back",
    topic: "moderation",
    run: (session, arg) => change(session, [{ on: false, mode: "v", nick: arg }]),
  },
  mode: {
    args: "[MODES]",
    help: "this room's modes, as on IRC: +m, +k KEY; b lists bans",
    topic: "moderation",
    run: (session, arg) => mode(session, arg),
  },
  history: {
    args: "[N] [before TIME]",
    help: "the last lines said here; TIME as in 14:05",
    topic: "basics",
    lane: "prompt",
    run: (session, arg) => history(session, arg),
  },
  search: {
    args: "WORDS",
    help: "lines said here with all of these words in them",
    topic: "basics",
    lane: "long",
    run: (session, arg) => search(session, arg),
  },
  echo: {
    args: "on|off",
    help: "whether you get your own lines back",
    topic: "settings",
    run(session, arg) {
      if (arg !== "on" && arg !== "off") return usage(session, "echo");
      session.member.echo = arg === "on";
      session.reply([
        system(`Your own lines ${arg === "on" ? "come back to you" : "do not come back to you any more"}.`),
      ]);
    },
  },
  times: {
    args: "on|off",
    help: "whether lines begin with the time, as in [14:05]",
    topic: "settings",
    run(session, arg) {
      if (arg !== "on" && arg !== "off") return usage(session, "times");
      session.times = arg === "on";
      session.reply([
        system(`New lines ${arg === "on" ? "begin with the time" : "have no time before them any more"}.`),
      ]);
    },
  },
  ping: {
    args: "",
    help: "see whether the server answers",
    topic: "settings",
    run: (session) => session.reply([system("Pong.")]),
  },
  register: {
    args: "PASSWORD",
    help: "register your nickname, so that it is yours alone",
    topic: "accounts",
    run: (session, arg) => answer(session, register(session, arg)),
  },
  login: {
    args: "[NAME] PASSWORD",
    help: "log in, and take your registered nickname",
    topic: "accounts",
    run(session, arg) {
      if (arg === "") return usage(session, "login");
      const { nick, account = nick } = session.member;
      const { name, password } = readLogin(session.auth, arg, session.wanted ?? account);
      return answer(session, login(session, name, password, true));
    },
  },
  ghost: {
    args: "NAME [PASSWORD]",
    help: "take your nickname from another connection",
    topic: "accounts",
    run(session, arg) {
      const { first, rest } = split(arg);
      return answer(session, ghost(session, first, rest));
    },
  },
  logout: {
    args: "",
    help: "log out, and be a guest again",
    topic: "accounts",
    run: (session) => session.reply([system(logout(session))]),
  },
  password: {
    args: "PASSWORD",
    help: "change the password of your nickname",
    topic: "accounts",
    run: (session, arg) => answer(session, changePassword(session, arg)),
  },
  drop: {
    args: "PASSWORD",
    help: "give up your registered nickname",
    topic: "accounts",
    run: (session, arg) => answer(session, drop(session, arg)),
  },
  ...ORDER,
  quit: {
    args: "[REASON]",
    help: "leave the chat",
    topic: "basics",
    run: (session, arg) => session.quit(arg || undefined),
  },
};

const TOPIC_NAMES = Object.keys(TOPICS) as (keyof typeof TOPICS)[];

/** Those that mean nothing without an argument: a capital that no bracket makes optional. */
const wanting = new Set(Object.keys(commands).filter((name) => /^[^[]/.test(commands[name]!.args)));

/** Those that take a password, which nobody else is to hear. */
const secret = new Set(Object.keys(commands).filter((name) => commands[name]!.args.includes("PASSWORD")));

/** Whether a line is one of these behind a space: it would be said to everybody, password and all. */
export function isSlip(line: string): boolean {
  const [, name = ""] = /^\s+\/(\w+)/.exec(line) ?? [];
  return secret.has(resolve(name));
}

/**
 * Does what a line beginning with a single `/` says.
 *
 * @throws {ChatError} What the hub refuses.
 */
export function run(session: TextSession, line: string): Promise<void> | undefined {
  const [, word = "", rest = ""] = /^\/(\S*)(.*)$/s.exec(line)!;
  const name = resolve(word);
  const arg = rest.trim();
  if (!Object.hasOwn(commands, name)) {
    return void session.reply([system(`${unknown(session, word)} //${clip(word)} says it.`)]);
  }
  if (arg === "" && wanting.has(name)) return void usage(session, name);
  const command = commands[name]!;
  const { lane } = command;
  const work = () => command.run(session, arg) ?? undefined;
  if (lane === undefined) return work() as Promise<void> | undefined; // what is done in steps has a lane
  const requester = { lane, networks: session.networks, wanted: () => session.chat.has(session.member) };
  return session.slicer.run(work, requester) ?? undefined;
}

/** Tells what has become of what somebody did about their name, once that is known. What they wanted before is over. */
async function answer(session: TextSession, sentence: Promise<string>): Promise<void> {
  const told = await sentence;
  session.wanted = undefined;
  if (told !== "") session.reply([system(told)]);
}

/** Everybody who is connected and may be found, a line each. */
function list(session: TextSession): void {
  const visible = [...session.chat.members].filter((member) => member.isVisibleTo(session.member));
  const clients = capped(session, visible, (member, index) => {
    const known = [...member.rooms.values()].filter((room) => member.isSeenIn(room, session.member));
    const rooms = known.map((room) => room.name).join(", ") || "no room";
    return `Client ${index + 1}: ${member.nick} in ${rooms}${you(session, member)}`;
  });
  session.reply(clients.map(system));
}

/** Lines as past ones: as many of the last as fit into one answer. */
export function pastLines(session: TextSession, said: readonly Said[]): string[] {
  const now = Date.now();
  return fitting(session, said.toReversed(), (each) => past(each, now)).reverse();
}

/** What was said in the session's room. */
function history(session: TextSession, arg: string): void {
  const [, number = "", time] = /^(\d*) *(?:\bbefore +(.*))?$/is.exec(arg) ?? [, "0"];
  const count = number === "" ? REPLAY : Number(number);
  if (count < 1 || count > ANSWER_MAX) {
    return session.reply([system(`Ask for 1 to ${ANSWER_MAX} lines, as in /history 50 or /history 50 before 14:05`)]);
  }
  const now = Date.now();
  const before = time === undefined ? undefined : readWhen(time, now);
  if (time !== undefined && before === undefined) {
    return session.reply([system(`That is no time. Write it as in /history 50 before 2026-11-20 14:05`)]);
  }
  const { chat, member, room, answerMax } = session;
  const place = before && chat.history.firstIdSince(before, member, [room]);
  const lines = chat.history.page(room, { count, before: place, characters: answerMax });
  if (lines.length > 0) {
    const shown = pastLines(session, lines);
    const more = shown.length < count ? furtherBack(session, count, lines.slice(-shown.length)) : undefined;
    return session.reply([...more === undefined ? [] : [system(more)], ...shown]);
  }
  const when = before === undefined ? "yet" : `before ${writeWhen(before, now)}`; // a time alone can be of yesterday
  session.reply([system(`Nothing has been said in ${room.name} ${when}.`)]);
}

/** What to do for more, if there is any before some lines that are fewer than were asked for, as they are long. */
function furtherBack({ chat, member, room }: TextSession, count: number, lines: readonly Said[]): string | undefined {
  const [first, last] = [lines[0]!, lines.at(-1)!];
  const isAnyBefore = (place: number) => chat.history.page(room, { count: 1, before: place }).length > 0;
  if (!isAnyBefore(first.id)) return undefined;
  const now = Date.now();
  // What people write is a minute: the end of that in which these begin, or where that shows the same again, its beginning.
  for (const time of [first.time + MINUTE, first.time]) {
    const when = writeWhen(time, now);
    const read = readWhen(when, now)!;
    const place = chat.history.firstIdSince(read, member, [room]);
    const isOfThatDay = time - read < MINUTE; // a minute that is not over yet is not of today
    if (isOfThatDay && place <= last.id && isAnyBefore(place)) {
      return `There is more: go on with /history ${count} before ${when}`;
    }
  }
  return `There is more than fits into one answer: /search WORDS finds lines in it.`;
}

/** Lines of the session's room with some words in them. */
function* search(session: TextSession, arg: string): Steps<void> {
  const { chat, room } = session;
  const words = wordsSought(arg);
  if (words.length === 0) {
    return session.reply([system(`There is no word in that. Search for words: signs and emoji are not found.`)]);
  }
  const { lines, unsearched } = yield* chat.history.search([room], { words, count: REPLAY });
  const cut = unsearched === undefined ? [] : [
    system(
      `Lines before ${
        writeWhen(unsearched, Date.now())
      } were not searched: it would take too long. Search for a rarer word.`,
    ),
  ];
  if (lines.length > 0) session.reply([...cut, ...pastLines(session, lines)]);
  else if (cut.length > 0) session.reply(cut);
  else session.reply([system(`Nobody has said that in ${room.name}. Whole words are found, in any order.`)]);
}

/** The command that a word means, in any case: its name, or what it is an alias of. It may not exist. */
function resolve(word: string): string {
  const name = word.toLowerCase();
  return Object.hasOwn(ALIASES, name) ? ALIASES[name]! : name;
}

/** What to answer to a command that does not exist. */
function unknown(session: TextSession, word: string): string {
  const known = nearest(word.toLowerCase(), [...namesFor(session), ...Object.keys(ALIASES)]);
  const hint = known === undefined ? "/help lists the commands." : `Did you mean /${known}?`;
  return `No such command: /${clip(word)}. ${hint}`;
}

/** The commands that a user is shown. */
function namesFor(session: TextSession): string[] {
  return Object.keys(commands).filter((name) => !commands[name]!.order || session.member.operator);
}

function help(session: TextSession, about: string): void {
  const asked = about.replace(/^\//, "").toLowerCase();
  const name = resolve(asked);
  if (Object.hasOwn(commands, name)) return session.reply([helpLine(name, 0)]);
  const topics = isTopic(asked) ? [asked] : asked === "" ? ["basics" as const] : TOPIC_NAMES;
  if (asked !== "" && asked !== "all" && !isTopic(asked)) return session.reply([system(unknown(session, asked))]);
  const names = isTopic(asked) ? Object.keys(commands) : namesFor(session);
  const lines = topics.flatMap((topic) => {
    const rows = names.filter((name) => commands[name]!.topic === topic).map((name) => helpLine(name, SYNOPSIS));
    if (topic === "basics") rows.push(system(`${"//TEXT".padEnd(SYNOPSIS)}  say /TEXT`));
    return rows.length === 0 ? [] : [system(TOPICS[topic]), ...rows];
  });
  session.reply(asked === "" ? [...lines, system(furtherHelp(session))] : lines);
}

function furtherHelp(session: TextSession): string {
  const shown = new Set(namesFor(session).map((name) => commands[name]!.topic));
  const topics = TOPIC_NAMES.filter((topic) => topic !== "basics" && shown.has(topic));
  return `More: ${[...topics, "all"].map((topic) => `/help ${topic}`).join(", ")}`;
}

function isTopic(text: string): text is keyof typeof TOPICS {
  return Object.hasOwn(TOPICS, text);
}

function helpLine(name: string, width: number): string {
  return system(`${synopsis(name).padEnd(width)}  ${commands[name]!.help}`);
}

function synopsis(name: string): string {
  return `/${name} ${commands[name]!.args}`.trimEnd();
}

function usage(session: TextSession, name: string): void {
  session.reply([system(`Write ${synopsis(name)} – ${commands[name]!.help}.`)]);
}

function who(session: TextSession, room: Room): void {
  const members = [...room.members];
  if (members.length === 0) return session.reply([system(`Nobody is in ${room.name}.`)]);
  const others = members.length - (members.includes(session.member) ? 1 : 0);
  const head = members.length === others ? `${others} in ${room.name}` : `You are ${company(room.name, others)}`;
  const seen = members.filter((member) => member.isSeenIn(room, session.member));
  const names = capped(session, seen, (member) => rank(room, member) + member.nick + you(session, member));
  if (seen.length < members.length) names.push(`… and ${members.length - seen.length} invisible`);
  const lines = [`${head}:`];
  for (const [i, name] of names.entries()) {
    const line = i === 0 ? undefined : `${lines.at(-1)}, ${name}`;
    if (line !== undefined && line.length <= WIDTH) lines[lines.length - 1] = line;
    else lines.push(name);
  }
  session.reply(lines.map(system));
}

/** Changes the modes of the session's room, and says what could not be changed. */
function change(session: TextSession, changes: readonly ModeChange[]): void {
  const { made, refused } = session.chat.setModes(session.member, session.room, changes);
  if (refused.length > 0) session.reply(refused.map(refusal));
  else if (made.length === 0) session.reply([system(`That is so already.`)]);
}

/** Shows or changes the modes of the session's room. */
function mode(session: TextSession, arg: string): void {
  const { room } = session;
  const { changes, lists, unknown, lacking, limits } = readModes(arg.split(/\s+/).filter((word) => word !== ""));
  const [letter] = [...unknown, ...lacking]; // one of them will do: there can be as many as a line is long
  if (letter !== undefined) {
    session.reply([system(`There is no mode ${sanitize(letter) || "like that"}, or it wants something after it.`)]);
  }
  if (limits.length > 0) session.reply([system(`Invalid limit: it must be a number from 1 to ${LIMIT_MAX}.`)]);
  for (const list of lists) {
    if (list !== "b" && !room.holds(session.member, "op")) throw new ChatError("not-operator", room.name);
    const masks = capped(session, [...room.lists[list].values()], ({ mask, by }) => `${mask}, by ${by.split("!")[0]}`);
    session.reply(
      masks.length > 0 ? masks.map(system) : [system(`There is none in the list ${list} of ${room.name}.`)],
    );
  }
  if (changes.length > 0) change(session, changes);
  else if (arg === "") session.reply([system(`The modes of ${room.name} are ${writeModes(room, true)}.`)]);
}

/** The name of a room, which may be written without its `#`. */
function roomNamed(text: string): string {
  return text === "" || text.startsWith("#") ? text : `#${text}`;
}

/** The first word, and what follows it. */
function split(arg: string): { first: string; rest: string } {
  const [, first = "", rest = ""] = /^(\S*)\s*(.*)$/s.exec(arg)!;
  return { first, rest };
}

function rank(room: Room, member: Member): string {
  if (room.holds(member, "op")) return "@";
  return room.holds(member, "voice") ? "+" : "";
}

function you(session: TextSession, member: Member): string {
  return member === session.member ? " (you)" : "";
}
