/** One account with all that belongs to it, as a record of a snapshot: an array of plain JSON. */
import { type Json, RecordReader } from "../chat/snapshot_records.ts";
import { type Credentials, fromBase64, fromTexts, toBase64, toTexts } from "./account_store.ts";
import type { StoredCertificate } from "./certificate_store.ts";
import type { StoredToken } from "./token_store.ts";

/** An account with all that belongs to it. */
export interface FullAccount {
  readonly name: string;
  readonly since: number;
  readonly credentials: Credentials;
  /** With the one-time word. */
  readonly tokens: readonly Omit<StoredToken, "account">[];
  readonly certificates: readonly Omit<StoredCertificate, "account">[];
  /** The users on its ignore list. */
  readonly ignored: readonly string[];
}

export function writeAccount({ name, since, credentials, tokens, certificates, ignored }: FullAccount): Json {
  const { hash, salt, iterations, stored, server } = toTexts(credentials);
  return [
    name,
    since,
    [hash, salt, iterations, stored, server],
    tokens.map(({ id, hash, name, since, used, host, readOnly, room, until }) => {
      return [id, toBase64(hash), name, since, used, host, readOnly, room ?? null, until ?? null];
    }),
    certificates.map(({ fingerprint, since }) => [fingerprint, since]),
    ignored,
  ];
}

/** @throws {SnapshotError} */
export function readAccount(record: Json): FullAccount {
  const reader = new RecordReader(record);
  const account = {
    name: reader.text(),
    since: reader.number(),
    credentials: reader.tuple((each) => {
      const [hash, salt, iterations] = [each.text(), each.text(), each.integer()];
      return fromTexts({ hash, salt, iterations, stored: each.text(), server: each.text() });
    }),
    tokens: reader.list((list) => list.tuple(readToken)),
    certificates: reader.list((list) => {
      return list.tuple((each) => ({ fingerprint: each.text(), since: each.number() }));
    }),
    ignored: reader.list((list) => list.text()),
  };
  reader.end();
  return account;
}

function readToken(reader: RecordReader): Omit<StoredToken, "account"> {
  return {
    id: reader.integer(),
    hash: fromBase64(reader.text()),
    name: reader.text(),
    since: reader.number(),
    used: reader.number(),
    host: reader.text(),
    readOnly: reader.flag(),
    room: reader.optional((each) => each.text()),
    until: reader.optional((each) => each.number()),
  };
}
