/** Commands about messages that were sent before: replies, reactions, deleting. */
import { type Answer, then } from "../../chat/answer.ts";
import type { Reacted, Redacted } from "../../chat/events.ts";
import { isAuthor } from "../../chat/line_author.ts";
import type { Room } from "../../chat/room.ts";
import type { Line } from "../../chat/store.ts";
import type { Steps } from "../time_slicer.ts";
import { type Command, splitWord, usage } from "./command.ts";
import type { CommandContext } from "./context.ts";
import { findLine, isBy, LOOKED_AT, type Place, readName, readPlace } from "./find_line.ts";
import { nameLine, quoted } from "./messages.ts";
import { suggestUser } from "./near_misses.ts";
import { system } from "./render.ts";
import { clip } from "./truncate.ts";
import { sendPrivate } from "./user_commands.ts";

export const reply: Command = {
  args: "[NAME] TEXT",
  help: "reply to the last message, or to that of NAME",
  topic: "messages",
  lane: "prompt",
  *run(context, arg): Steps<void | Promise<void>> {
    const { member, chat, session } = context;
    const place = readPlace(context, arg);
    const { first, rest } = splitWord(place.rest);
    const name = readName(first);
    const named = name === undefined ? undefined : yield* findLine(context, place.where, isBy(name));
    if (named === undefined && isMember(context, place, name)) return noMessage(context, place, name!);
    const text = named === undefined ? place.rest : rest;
    if (text === "") return context.reply(usage("reply", reply));
    const line = named ?? (yield* findOther(context, place));
    if (line === undefined) return;
    if (!session.echo) context.reply([system(`Replying to ${nameLine(line)}`)]); // the user must see which message was meant
    if (typeof place.where === "string") return sendPrivate(context, place.where, text, line.id);
    chat.say(member, place.where, text, { reply: line.id, from: session });
  },
};

export const react: Command = {
  args: "[NAME] EMOJI",
  help: "react to the last message, or to that of NAME",
  topic: "messages",
  lane: "prompt",
  *run(context, arg): Steps<void | Promise<void>> {
    const place = readPlace(context, arg);
    const words = place.rest.split(/\s+/);
    const emoji = words.pop()!;
    const name = words.length === 0 ? undefined : readName(words[0]!);
    const isName = words.length === 0 && isMember(context, place, readName(emoji));
    if (emoji === "" || isName || words.length > 1 || (words.length === 1 && name === undefined)) {
      return context.reply(usage("react", react));
    }
    const line = name === undefined ? yield* findOther(context, place) : yield* findOf(context, place, name);
    if (line === undefined) return;
    return setReaction(context, place, line, emoji, true);
  },
};

export const unreact: Command = {
  args: "[EMOJI]",
  help: "take back your last reaction",
  topic: "messages",
  lane: "prompt",
  *run(context, arg): Steps<void | Promise<void>> {
    const { member } = context;
    const place = readPlace(context, arg);
    const emoji = place.rest;
    const own = ({ reactions = [] }: Line) => {
      return reactions.findLast((each) => isAuthor(each, member) && (emoji === "" || each.text === emoji));
    };
    const line = yield* findLine(context, place.where, (each) => own(each) !== undefined);
    if (line === undefined) {
      const which = emoji === "" ? "reaction" : `reaction ${clip(emoji)}`;
      return context.reply([system(`You have no ${which} among the last ${LOOKED_AT} messages ${place.words}.`)]);
    }
    return setReaction(context, place, line, own(line)!.text, false);
  },
};

/** Adds a reaction of the member, or takes it back, and tells the client so unless all members are told. */
function setReaction(context: CommandContext, place: Place, { id }: Line, text: string, on: boolean): Answer<void> {
  const { chat, member, session } = context;
  return then(chat.lines.react(member, place.where, id, text, on, session), (event) => {
    if (event === undefined) {
      const sentence = on
        ? `You have reacted ${text} to that message already.`
        : `You have taken ${text} back already.`;
      return context.reply([system(sentence)]);
    }
    if (isTold(context, event, place)) return;
    context.reply([
      system(`You ${on ? "reacted" : "took back"} ${text} ${on ? "to" : "from"} ${nameLine(event.line)}`),
    ]);
  });
}

export const deleteCommand: Command = {
  args: "[NAME] [WORDS]",
  help: "delete your last message, or the last with WORDS",
  topic: "messages",
  lane: "prompt",
  *run(context, arg): Steps<void | Promise<void>> {
    const { chat, member, session } = context;
    const place = readPlace(context, arg);
    const line = yield* findToDelete(context, place);
    if (line === undefined) return;
    return then(chat.lines.redact(member, place.where, line.id, undefined, session), (event) => {
      if (isTold(context, event, place)) return;
      context.reply([system(`You deleted${event.line.text === "" ? " it." : `: ${quoted(event.line.text)}`}`)]);
    });
  },
};

/** The message to delete: of another user, if the argument begins with its name and the member may; else its own. */
function* findToDelete(context: CommandContext, place: Place): Steps<Line | undefined> {
  const { member } = context;
  const { where, words, rest } = place;
  const { first, rest: others } = splitWord(rest);
  const name = readName(first);
  const moderates = typeof where !== "string" && (member.operator || where.holds(member, "op"));
  if (moderates && name !== undefined && !isBy(name)({ who: member.nick } as Line)) {
    const found = yield* findLine(context, where, (line) => isBy(name)(line) && hasWords(line, others));
    if (found !== undefined) return found;
    if (isMember(context, place, name)) return noMessage(context, place, name, others);
  }
  const own = yield* findLine(context, where, (line) => isAuthor(line, member) && hasWords(line, rest));
  if (own !== undefined) return own;
  const which = rest === "" ? "no message" : `no message with "${clip(rest)}"`;
  context.reply([system(`You have ${which} among the last ${LOOKED_AT} ${words}.`)]);
}

/** Whether a message contains some words, as they follow each other, in any case. */
function hasWords({ text }: Line, words: string): boolean {
  return words === "" || oneSpace(text).includes(oneSpace(words));
}

function oneSpace(text: string): string {
  return text.toLowerCase().replace(/\s+/g, " ");
}

/** The last message of a user; `undefined` after a reply if there is none. */
function* findOf(context: CommandContext, place: Place, name: string): Steps<Line | undefined> {
  return (yield* findLine(context, place.where, isBy(name))) ?? noMessage(context, place, name);
}

/** The last message of another user; `undefined` after a reply if there is none. */
function* findOther(context: CommandContext, place: Place): Steps<Line | undefined> {
  const { member } = context;
  const found = yield* findLine(context, place.where, (line) => !isAuthor(line, member));
  if (found === undefined) {
    const sentence = `No message of another user among the last ${LOOKED_AT} ${place.words}.`;
    context.reply([system(sentence + suggestion(context, place.where))]);
  }
  return found;
}

function noMessage(context: CommandContext, { where, words }: Place, name: string, having = ""): undefined {
  const which = having === "" ? "" : ` with "${clip(having)}"`;
  const hint = suggestion(context, typeof where === "string" ? where : name);
  context.reply([system(`No message of ${name}${which} among the last ${LOOKED_AT} ${words}.${hint}`)]);
}

/** What follows a reply that has found no message of a user: the name that was probably meant, if it is no user. */
function suggestion(context: CommandContext, where: Room | string): string {
  const hint = typeof where === "string" ? suggestUser(context, where) : undefined;
  return hint === undefined ? "" : ` ${hint}`;
}

/** Whether a word is the name of a member of the room in which a command looks. */
function isMember({ chat }: CommandContext, { where }: Place, name: string | undefined): boolean {
  const member = name === undefined ? undefined : chat.get(name);
  return member !== undefined && typeof where !== "string" && where.has(member);
}

/** Whether the client is sent the event of its own command, as the other members of the room are. */
function isTold({ session, folds }: CommandContext, event: Reacted | Redacted, { where }: Place): boolean {
  if (typeof where === "string" || !session.echo || !where.sessions.has(session)) return false;
  return event.kind === "redacted" || folds === undefined || !folds.holds(event);
}
