/** Applies the commands that change the directory: see `directory_changes.ts`. */
import { forgetAccount } from "./always_on_commands.ts";
import type { CommandOf, Results } from "./commands.ts";
import type { DirectoryOp } from "./directory_changes.ts";
import { setAccount } from "./member_commands.ts";
import { fold } from "./names.ts";
import type { ChatState } from "./state.ts";

/**
 * @throws {StoreError} if it cannot be stored; then nothing has changed.
 * @throws {StoreLost} in place of that in a cluster, as other nodes may have stored it.
 */
export function changeDirectory<O extends DirectoryOp>(state: ChatState, command: CommandOf<O>): Results[O] {
  const { directory } = state;
  if (directory === undefined) throw new TypeError("Cannot change the directory: there are no accounts");
  return state.storage.require(() => directory.change<O>(command, state.now));
}

/** Changes what clients log in with. @throws {StoreError} if it cannot be stored; then nothing has changed. */
export function endLogins(state: ChatState, command: CommandOf<"account-password" | "token-remove">): boolean {
  const done = changeDirectory(state, command);
  state.observer.loginsEnded?.(command.account);
  return done;
}

/** @throws {StoreError} if it cannot be stored; then nothing has changed. */
export function addAccount(state: ChatState, command: CommandOf<"account-add">): Results["account-add"] {
  const holder = state.nicknames.get(command.name);
  const isHeld = command.member === undefined
    ? state.nicknames.isFree(command.name)
    : holder?.id === command.member && holder.account === undefined;
  return isHeld ? changeDirectory(state, command) : "lost";
}

/**
 * The members of the account stay as guests with all their sessions, so that the next owner of the nickname is not one of them.
 *
 * @throws {StoreError} if it cannot be stored; then nothing has changed.
 */
export function dropAccount(state: ChatState, command: CommandOf<"account-drop">): boolean {
  const { account } = command;
  if (!changeDirectory(state, command)) return false;
  state.storage.require(() => state.links.removeAccount(account));
  forgetAccount(state, account);
  for (const member of [...state.members.values()]) {
    if (member.account === undefined || fold(member.account) !== account) continue;
    for (const session of member.sessions) session.token = undefined;
    setAccount(state, member, undefined);
  }
  state.observer.loginsEnded?.(account);
  return true;
}
