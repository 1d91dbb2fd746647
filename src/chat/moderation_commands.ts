/** Applies the commands of server operators that concern the whole server: bans and mutes. */
import type { CommandOf } from "./commands.ts";
import type { ServerBan } from "./server_bans.ts";
import type { ChatState } from "./state.ts";

export function serverBan(state: ChatState, command: CommandOf<"server-ban">): void {
  const { what, by, reason, since, until = Infinity, nick } = command;
  const ban: ServerBan = { what, by, reason, since, until, ...(nick === undefined ? {} : { nick }) };
  state.serverBans.add(ban);
  state.observer.serverBanned(ban);
}

export function mute({ muted }: ChatState, { host, until, action }: CommandOf<"mute">): void {
  muted.mute(host, until, action);
}

/** Returns whether the host was muted. */
export function unmute({ muted }: ChatState, { host, until }: CommandOf<"unmute">): boolean {
  return muted.unmute(host, until);
}

/** Returns whether there was such a ban. */
export function serverUnban(state: ChatState, { what }: CommandOf<"server-unban">): boolean {
  return state.serverBans.remove(what);
}
