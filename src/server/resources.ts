/**
 * The files, stores and keys that a server is given.
 */
import type { Accounts } from "../accounts/accounts.ts";
import type { IgnoreStore } from "../chat/ignore_lists.ts";
import type { InviteLinkStore } from "../chat/invite_links.ts";
import type { HistoryStore } from "../chat/store.ts";
import type { FileStore } from "../files/file_store.ts";
import type { Sniffer } from "../files/types.ts";
import { MemoryHistory } from "../history/memory.ts";
import type { BanStore } from "../moderation/bans.ts";
import { Operators } from "../moderation/operators.ts";
import type { Reloaded } from "../moderation/reloaded.ts";
import type { Tls } from "../transport/tls.ts";
import type { ExpiryClock } from "../util/trusted_clock.ts";
import type { ClusterResources } from "./cluster.ts";

/** What a server reads from files or keeps in them. `reload` changes `motd`, `operators`, `password` and `tls` in place. */
export interface ServerResources extends ClusterResources {
  /** The message of the day. */
  readonly motd: { readonly lines: readonly string[] };
  readonly operators: Operators;
  /** Without accounts, no nickname can be registered. */
  readonly accounts?: Accounts | undefined;
  /** Where bans are stored; without it, they end with the process. */
  readonly bans?: BanStore | undefined;
  /** Where invite links are stored; without it, they end with the process. */
  readonly links?: InviteLinkStore | undefined;
  /** Where the ignore lists of accounts are stored; without it, they end with the connection. */
  readonly ignores?: IgnoreStore | undefined;
  /** Decides what has expired; the system's clock by default. */
  readonly clock?: ExpiryClock | undefined;
  /** The server password, as `prepare` returned it; without one, none is required. */
  readonly password?: string | undefined;
  /** Names of the server operators whose entry changed or was removed in the last `reload`. */
  readonly revoked?: readonly string[];
  /** Reads again the files that flags name. Never rejects. */
  reload(): Promise<Reloaded>;
  /** The message history. The caller closes it. */
  readonly history: HistoryStore;
  /** Where uploaded files are stored, and what finds their types; without them, no files can be uploaded. */
  readonly files?: { readonly store: FileStore; readonly sniff: Sniffer } | undefined;
  /** Certificate and key; without them, ports do not use TLS. */
  readonly tls?: Tls | undefined;
}

/** Returns the resources of a server that reads no file and keeps everything in memory. */
export function inMemoryResources(): ServerResources {
  return {
    motd: { lines: [] },
    reload: () => Promise.resolve({ done: [], failed: [] }),
    operators: new Operators(),
    version: "",
    history: new MemoryHistory(),
  };
}
