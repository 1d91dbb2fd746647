/** The directory as the chat sees it: which accounts there are. All nodes have the same, as it changes by commands alone. */
import type { Answer } from "./answer.ts";
import type { CommandOf, Results } from "./commands.ts";
import type { DirectoryOp } from "./directory_changes.ts";
import type { Policy } from "./policy.ts";
import { StoreError } from "./store.ts";

/** The accounts, as far as the chat needs them. */
export interface Directory extends Pick<Policy, "isRegistered" | "registeredLike"> {
  /**
   * Applies a command.
   *
   * @param now The time of the command, in milliseconds since 1970.
   * @throws {StoreError} if it cannot be stored; then nothing has changed.
   */
  change<O extends DirectoryOp>(command: CommandOf<O>, now: number): Results[O];
  /**
   * Identifies what a client has to know to log in.
   *
   * @param token The number of its token; `undefined` for the password of the account.
   * @returns `undefined` if there is no such account or token.
   * @throws {StoreError} if a token cannot be read.
   */
  revision(account: string, token: number | undefined): string | undefined;
}

/** What a login is checked against; `undefined` if that is not known, or cannot be read. */
export function knownRevision(
  directory: Directory | undefined,
  account: string,
  token: { readonly id: number } | undefined,
): string | undefined {
  try {
    return directory?.revision(account, token?.id);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return undefined;
  }
}

/** Where the commands of the directory go. */
export interface DirectorySink {
  /**
   * @throws {StoreError} if it cannot be stored; then nothing has changed.
   * @throws {ChatError} `cluster-busy`, in a cluster
   */
  submit<O extends DirectoryOp>(command: CommandOf<O>): Answer<Results[O]>;
}

/** The nicknames that a directory answers for. */
export function policyOf(directory: Directory): Pick<Policy, "isRegistered" | "registeredLike"> {
  return {
    isRegistered: (nick) => directory.isRegistered(nick),
    registeredLike: (skeleton) => directory.registeredLike(skeleton),
  };
}
