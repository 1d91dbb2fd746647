/**
 * Commands of the text door for server operators: `/oper` makes somebody one, and from then on `/ban` and `/unban` mean
 * the whole server. To ban from a room there is `/mode +b` still.
 */
import {
  announce,
  ban,
  become,
  describe,
  describeMute,
  kill,
  looksLikeTime,
  mute,
  readTime,
  requireOperator,
  unban,
  unmute,
} from "../moderation.ts";
import type { Steps } from "../time_slicer.ts";
import { capped } from "./truncate.ts";
import type { Command } from "./commands.ts";
import { system } from "./render.ts";
import type { TextSession } from "./session.ts";

/** Rows for the table of commands. */
export const ORDER: Readonly<Record<string, Command>> = {
  oper: {
    args: "NAME PASSWORD",
    help: "become a server operator, if you are listed as one",
    topic: "accounts",
    run: (session, arg) => identify(session, arg),
  },
  kill: {
    args: "NAME [REASON]",
    help: "disconnect a user",
    topic: "operators",
    order: true,
    run(session, arg) {
      const [name = "", ...reason] = arg.split(/\s+/);
      kill(session.moderation, session.chat, session.member, name, reason.join(" "));
    },
  },
  bans: {
    args: "",
    help: "the server's bans and mutes; /ban X [12h] [REASON] adds",
    topic: "operators",
    order: true,
    run(session) {
      requireOperator(session.member);
      session.moderation.audit("bans", session.member);
      const [{ bans }, { mutes }] = [session.moderation, session.chat];
      const all = [...bans.all, ...mutes.all];
      if (all.length === 0) return session.reply([system("Nobody is banned, and nobody is muted.")]);
      const line = (each: typeof all[number]) =>
        "what" in each ? describe(each, bans.left(each)) : describeMute(each, each.until - mutes.now());
      session.reply(capped(session, all, line).map(system));
    },
  },
  mute: {
    args: "NAME [TIME]",
    help: "let a user say nothing, anywhere",
    topic: "operators",
    order: true,
    run(session, arg) {
      const [name = "", time] = arg.split(/\s+/);
      requireOperator(session.member);
      const target = mute(
        session.moderation,
        session.chat,
        session.member,
        name,
        time === undefined ? Infinity : readTime(time),
      );
      session.reply([system(`${target.nick} can say nothing, and nobody else from ${target.host}.`)]);
    },
  },
  unmute: {
    args: "NAME|HOST",
    help: "take that back; /bans lists the hosts",
    topic: "operators",
    order: true,
    run(session, arg) {
      const who = unmute(session.moderation, session.chat, session.member, arg);
      session.reply([system(`${who} may speak again.`)]);
    },
  },
  announce: {
    args: "TEXT",
    help: "send a notice to everyone",
    topic: "operators",
    order: true,
    run: (session, arg) => announce(session.moderation, session.chat, session.member, arg),
  },
  stats: {
    args: "",
    help: "the state of the server",
    topic: "operators",
    order: true,
    run(session) {
      requireOperator(session.member);
      session.moderation.audit("stats", session.member);
      session.reply(session.moderation.stats().map(system));
    },
  },
};

/** `/ban WHAT [TIME] [REASON]`, by a server operator. */
export function* banFromServer(session: TextSession, arg: string): Steps<void> {
  const [what = "", ...rest] = arg.split(/\s+/);
  const timed = rest[0] !== undefined && looksLikeTime(rest[0]);
  const time = timed ? readTime(rest[0]!) : Infinity;
  const reason = rest.slice(timed ? 1 : 0).join(" ");
  const made = yield* ban(session.moderation, session.chat, session.member, what, time, reason);
  session.reply([system(`${made.what} is banned from this server; ${made.gone} disconnected. /bans lists all.`)]);
  if (made.own) {
    session.reply([system(`You come from there yourself: /unban ${made.what} before you leave, or stay out.`)]);
  }
}

/** `/unban WHAT`, by a server operator. */
export function unbanFromServer(session: TextSession, arg: string): void {
  session.reply([system(`${unban(session.moderation, session.member, arg)} is no longer banned.`)]);
}

async function identify(session: TextSession, arg: string): Promise<void> {
  const { member, chat, auth, moderation, caller } = session;
  const [, name = "", password = ""] = /^(\S+)\s+(.*)$/s.exec(arg) ?? [];
  if (auth.operators.size === 0) {
    return session.reply([system("Nobody can: the server was started without --operators.")]);
  }
  await auth.operator(caller, name, password);
  if (!chat.has(member)) return; // gone in the meantime
  become(moderation, chat, member, name);
  session.reply([system("You are a server operator now. /help operators shows what else you can do.")]);
}
