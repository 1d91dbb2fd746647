/** The certificates of accounts in the database. */
import { assertEquals, assertThrows } from "@std/assert";
import { StoreError } from "../../src/chat/store.ts";
import { CertificateTable } from "../../src/history/certificate_table.ts";
import { Place } from "./helpers.ts";

const ALICE = [
  { fingerprint: "cc", account: "alice", since: 1 },
  { fingerprint: "bb", account: "alice", since: 2 },
  { fingerprint: "dd", account: "alice", since: 2 },
];
const BOB = { fingerprint: "aa", account: "bob", since: 3 };

Deno.test("certificate table: the certificates of an account are listed oldest first, also after a restart", async () => {
  using place = new Place();
  await place.open();
  const table = new CertificateTable(place.database);
  for (const each of [ALICE[2]!, BOB, ALICE[1]!, ALICE[0]!]) table.addCertificate(each);
  await place.open();
  const after = new CertificateTable(place.database);
  assertEquals(after.certificates("alice").map((each) => ({ ...each })), ALICE);
  assertEquals([{ ...after.certificate("aa") }, after.certificate("ee")], [BOB, undefined]);
});

Deno.test("certificate table: only the removed certificate is gone, or all of one account", async () => {
  using place = new Place();
  await place.open();
  const table = new CertificateTable(place.database);
  for (const each of [...ALICE, BOB]) table.addCertificate(each);
  table.removeCertificate("bb");
  assertEquals(table.certificates("alice").map(({ fingerprint }) => fingerprint), ["cc", "dd"]);
  table.removeCertificates("alice");
  assertEquals([table.certificates("alice").length, table.certificates("bob").length], [0, 1]);
});

Deno.test("certificate table: a certificate of one account cannot be added to another", async () => {
  using place = new Place();
  await place.open();
  const table = new CertificateTable(place.database);
  table.addCertificate(BOB);
  assertThrows(() => table.addCertificate({ ...BOB, account: "alice" }), StoreError);
  assertEquals(table.certificate("aa")?.account, "bob");
});
