/**
 * The accounts, tokens and certificates of a node, and the commands that change them. Commands are the only way to do so: the
 * same commands lead to the same directory on every node.
 *
 * All names are held in memory, since they are looked up whenever a client chooses a nickname; `--max-accounts` bounds
 * them. Everything else stays in the store.
 */
import { ACCOUNTS_MAX } from "./limits.ts";
import { timingSafeEqual } from "node:crypto";
import type { CommandOf, Results } from "../chat/commands.ts";
import type { Directory } from "../chat/directory.ts";
import type { Account, DirectoryOp } from "../chat/directory_changes.ts";
import type { IgnoreStore } from "../chat/ignore_lists.ts";
import { fold } from "../chat/names.ts";
import { skeleton } from "../chat/skeleton.ts";
import type { Json, SnapshotSection } from "../chat/snapshot_records.ts";
import { copyString } from "../util/copy_string.ts";
import { readAccount, writeAccount } from "./account_records.ts";
import { type AccountStore, fromBase64, fromTexts, revisionOf } from "./account_store.ts";
import { CERTIFICATES_MAX, type CertificateStore } from "./certificate_store.ts";
import { isWord, type StoredToken, TOKENS_MAX, type TokenStore, WORD_ID, WORD_TIME } from "./token_store.ts";

/** Where a directory is stored. */
export interface DirectoryStores {
  readonly accounts: AccountStore;
  readonly tokens: TokenStore;
  readonly certificates: CertificateStore;
  /** Only for snapshots: the chat changes ignore lists. */
  readonly ignores: IgnoreStore;
}

/** The accounts of all nodes. Names are compared without regard to case. */
export class AccountDirectory implements Directory {
  /** Its part of a snapshot: one record for each account. */
  readonly snapshot: SnapshotSection = {
    name: "accounts",
    take: () => this.#take(),
    restore: (records) => this.#restore(records),
  };
  readonly stores: DirectoryStores;
  readonly #accounts = new Map<string, Account>(); // by folded name
  readonly #bySkeleton = new Map<string, string>(); // folded names
  readonly #max: number;

  /** @throws {StoreError} */
  constructor(stores: DirectoryStores, max: number = ACCOUNTS_MAX) {
    this.stores = stores;
    this.#max = max;
    this.#load();
  }

  /** How many accounts there are. */
  get size(): number {
    return this.#accounts.size;
  }

  /** Whether the limit of accounts is reached. */
  get full(): boolean {
    return this.#accounts.size >= this.#max;
  }

  /** Returns the account of a nickname. */
  find(name: string): Account | undefined {
    return this.#accounts.get(fold(name));
  }

  isRegistered(nick: string): boolean {
    return this.#accounts.has(fold(nick));
  }

  registeredLike(look: string): string | undefined {
    return this.#bySkeleton.get(look);
  }

  revision(name: string, token: number | undefined): string | undefined {
    const account = this.find(name);
    if (account === undefined || token === undefined) return account?.revision;
    const found = this.#token(fold(name), token);
    return found && revisionOf(found.hash);
  }

  /** Has the tokens for a room that was renamed permit its new name, by folded names. @throws {StoreError} */
  renameRoom(from: string, to: string): void {
    this.stores.tokens.renameTokenRoom(from, to);
  }

  change<O extends DirectoryOp>(command: CommandOf<O>, now: number): Results[O] {
    const { op } = command as { op: O }; // the compiler does not see that all commands have one
    return this.#changes[op](command, now);
  }

  readonly #changes: { readonly [O in DirectoryOp]: (command: CommandOf<O>, now: number) => Results[O] } = {
    "account-add": ({ name: given, credentials }, now) => {
      const name = copyString(given);
      const key = fold(name);
      if (this.#accounts.has(key)) return "taken";
      if (this.#bySkeleton.has(skeleton(name))) return "confusable";
      if (this.full) return "full";
      const stored = fromTexts(credentials);
      this.stores.accounts.addAccount({ key, name, since: now }, stored);
      return this.#put(key, { name, since: now, revision: revisionOf(stored.stored) });
    },
    "account-password": ({ account: key, revision, credentials, keep }) => {
      const account = this.#current(key, revision);
      if (account === undefined) return false;
      const stored = fromTexts(credentials);
      const { accounts, tokens, certificates } = this.stores;
      accounts.atomically(() => {
        accounts.setCredentials(key, stored);
        tokens.removeTokens(key, keep);
        certificates.removeCertificates(key);
      });
      this.#accounts.set(key, { ...account, revision: revisionOf(stored.stored) });
      return true;
    },
    "account-drop": ({ account: key, revision }) => {
      const account = this.#current(key, revision);
      if (account === undefined) return false;
      const { accounts, tokens, certificates } = this.stores;
      accounts.atomically(() => {
        tokens.removeTokens(key);
        certificates.removeCertificates(key);
        accounts.removeAccount(key);
      });
      const look = skeleton(account.name);
      if (this.#bySkeleton.get(look) === key) this.#bySkeleton.delete(look);
      this.#accounts.delete(key);
      return true;
    },
    "token-add": ({ account: key, revision, token }, since) => {
      if (this.#current(key, revision) === undefined) return "gone";
      const all = this.stores.tokens.tokens(key).filter((each) => !isWord(each));
      if (all.length >= TOKENS_MAX) return "full";
      const id = Math.max(WORD_ID, ...all.map((each) => each.id)) + 1;
      const { name, host, readOnly, room } = token;
      const hash = fromBase64(token.hash);
      this.stores.tokens.addToken({
        account: key,
        id,
        hash,
        name,
        host,
        readOnly,
        room,
        since,
        used: since,
        until: undefined,
      });
      return { id, since };
    },
    "token-used": ({ account: key, id, revision, host }, now) => {
      if (this.revision(key, id) === revision) this.stores.tokens.setTokenUsed(key, id, now, host);
    },
    "token-remove": ({ account: key, id, revision }) => {
      const token = this.#token(key, id);
      return token !== undefined && revisionOf(token.hash) === revision && this.stores.tokens.removeToken(key, id);
    },
    "word-add": ({ account: key, revision, hash }, since) => {
      if (this.#current(key, revision) === undefined) return false;
      this.stores.tokens.addToken({
        account: key,
        id: WORD_ID,
        hash: fromBase64(hash),
        name: "one-time word",
        since,
        used: since,
        host: "",
        readOnly: false,
        room: undefined,
        until: since + WORD_TIME,
      });
      return true;
    },
    "word-use": ({ account: key, hash }, now) => {
      const word = this.#token(key, WORD_ID);
      const given = fromBase64(hash);
      if (word === undefined || word.hash.length !== given.length || !timingSafeEqual(word.hash, given)) return false;
      this.stores.tokens.removeToken(key, WORD_ID); // also an old one: the next operator's word replaces it anyway
      return now < word.until!;
    },
    "certificate-add": ({ account: key, revision, fingerprint }, since) => {
      if (this.#current(key, revision) === undefined) return "gone";
      const { certificates } = this.stores;
      const owner = certificates.certificate(fingerprint)?.account;
      if (owner === key) return undefined;
      if (owner !== undefined) return "taken";
      if (certificates.certificates(key).length >= CERTIFICATES_MAX) return "full";
      certificates.addCertificate({ fingerprint, account: key, since });
      return undefined;
    },
    "certificate-remove": ({ account: key, fingerprint }) => {
      if (this.stores.certificates.certificate(fingerprint)?.account !== key) return false;
      this.stores.certificates.removeCertificate(fingerprint);
      return true;
    },
  };

  /** The account with a folded name, if it still has a revision. */
  #current(key: string, revision: string): Account | undefined {
    const account = this.#accounts.get(key);
    return account?.revision === revision ? account : undefined;
  }

  #token(key: string, id: number): StoredToken | undefined {
    return this.stores.tokens.tokens(key).find((each) => each.id === id);
  }

  #put(key: string, account: Account): Account {
    this.#accounts.set(key, account);
    this.#bySkeleton.set(skeleton(account.name), key);
    return account;
  }

  #load() {
    this.#accounts.clear();
    this.#bySkeleton.clear();
    for (const { key, name, since, stored } of this.stores.accounts.accounts()) {
      this.#put(key, { name, since, revision: revisionOf(stored) });
    }
  }

  *#take(): Generator<Json> {
    const { accounts, tokens, certificates, ignores } = this.stores;
    for (const key of [...this.#accounts.keys()].sort()) { // the same order on all nodes
      const { name, since } = this.#accounts.get(key)!;
      yield writeAccount({
        name,
        since,
        credentials: accounts.credentials(key)!,
        tokens: tokens.tokens(key),
        certificates: certificates.certificates(key),
        ignored: ignores.ignored(key),
      });
    }
  }

  /** Replaces all accounts, in one transaction. @throws {SnapshotError | StoreError} Then nothing has changed. */
  #restore(records: Iterable<Json>) {
    const { accounts, tokens, certificates, ignores } = this.stores;
    accounts.atomically(() => {
      accounts.clear();
      for (const record of records) {
        const account = readAccount(record);
        const { name, since, credentials, ignored } = account;
        const key = fold(name);
        accounts.addAccount({ key, name, since }, credentials);
        for (const each of account.tokens) tokens.addToken({ ...each, account: key });
        for (const each of account.certificates) certificates.addCertificate({ ...each, account: key });
        if (ignored.length > 0) ignores.addIgnored(key, ignored);
      }
    });
    this.#load();
  }
}
