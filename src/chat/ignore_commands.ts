/** Applies the changes of ignore lists. That of an account is stored, and loaded when a member logs in. */
import { ChatError } from "./chat_error.ts";
import type { CommandOf } from "./commands.ts";
import { IGNORED_MAX, ignoreName, type IgnoreStore } from "./ignore_lists.ts";
import type { Member } from "./member.ts";
import { fold } from "./names.ts";
import type { ChatState } from "./state.ts";
import { StoreError } from "./store.ts";

/** @throws {ChatError} `ignores-full` or `ignores-unstored` */
export function ignore(state: ChatState, { member: id, name, on }: CommandOf<"ignore">): void {
  const member = state.requireMember(id);
  const { ignores } = state;
  const list = ignores.list(member);
  const isListed = list.some((each) => fold(each) === fold(name));
  if (on && !isListed && list.length >= IGNORED_MAX) throw new ChatError("ignores-full", name);
  if (on && !isListed && fold(name) !== fold(ignoreName(member))) {
    change(state, member, (store, account) => store.addIgnored(account, [name]));
    ignores.add(member, name);
  } else if (!on) {
    change(state, member, (store, account) => store.removeIgnored(account, name));
    ignores.delete(member, name);
  }
  member.tell({ kind: "ignore", ...member.actor(), name, on });
}

/**
 * Adds the list of a member that has logged in to that of its account, and loads it. What does not fit is left out.
 *
 * @param added The list of a guest that is this member now.
 */
export function loadIgnored(state: ChatState, member: Member, added: readonly string[] = []): void {
  const { ignores } = state;
  try {
    change(state, member, (store, account) => {
      const stored = store.ignored(account);
      const known = new Set([account, ...stored].map(fold));
      const own = [...ignores.list(member), ...added].filter((name) => !known.has(fold(name)));
      const more = own.slice(0, Math.max(0, IGNORED_MAX - stored.length));
      if (more.length > 0) store.addIgnored(account, more);
      ignores.clear(member);
      for (const name of [...stored, ...more]) ignores.add(member, name);
    });
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    member.tell({ kind: "notice", text: "Your ignore list cannot be read right now. Log out and in again later." });
  }
}

/**
 * Reads or changes the stored list of a member's account, if it has one.
 *
 * @throws {ChatError} `ignores-unstored`
 * @throws {StoreLost} in place of that in a cluster.
 */
function change(
  { storedIgnores: store, storage }: ChatState,
  { fullAccount: account }: Member,
  change: (store: IgnoreStore, account: string) => void,
) {
  if (account === undefined || store === undefined) return;
  try {
    storage.require(() => change(store, account));
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new ChatError("ignores-unstored", account);
  }
}
