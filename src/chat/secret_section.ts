/** The secret of a store as a section of a snapshot: all nodes of a cluster have that of the first one. */
import type { HistoryStore } from "./store.ts";

/** The bytes of a secret. */
const SECRET_SIZE = 32;

/**
 * The section. Cloaked hosts and the salts of SCRAM depend on the secret, so restoring it has to come before what uses it.
 *
 * `restore` throws an `Error` without exactly one valid secret, and a `StoreError` if it cannot be stored.
 */
export function secretSection(store: Pick<HistoryStore, "secret" | "adoptSecret">): {
  readonly name: string;
  take(): Iterable<string>;
  restore(records: Iterable<unknown>): void;
} {
  return {
    name: "secret",
    take: () => [store.secret.toBase64()],
    restore: (records) => {
      const [text, ...more] = records;
      const secret = typeof text === "string" && more.length === 0 ? bytesOf(text) : undefined;
      if (secret?.length !== SECRET_SIZE) throw new Error("Cannot adopt the secret of the cluster: it is not valid");
      store.adoptSecret(secret);
    },
  };
}

function bytesOf(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return undefined;
  }
}
