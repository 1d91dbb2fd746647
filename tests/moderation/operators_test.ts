import { assert, assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { scryptSync } from "node:crypto";
import { hashPassword } from "../../src/accounts/password.ts";
import { Operators } from "../../src/moderation/operators.ts";

const SECRET = "correct horse";
const HASH = await hashPassword(SECRET);

Deno.test("operators: only the password of an operator verifies, and the name is case-sensitive", async () => {
  const operators = Operators.read(`alice ${HASH}`);
  assertEquals(operators.size, 1);
  assert(await operators.verify("alice", SECRET));
  for (const wrong of ["", "correct", `${SECRET} `, SECRET.toUpperCase(), HASH]) {
    assert(!await operators.verify("alice", wrong), wrong);
  }
  for (const name of ["Alice", "bob", "", "constructor", "__proto__"]) {
    assert(!await operators.verify(name, SECRET), name);
  }
  assert(!await new Operators().verify("alice", ""), "there are no operators without a file");
});

Deno.test("operators: a hash is made by scrypt with a random salt", async () => {
  assertMatch(HASH, /^scrypt\$ln=15,r=8,p=3\$[\w-]{22}\$[\w-]{43}$/);
  const [, , salt = "", key = ""] = HASH.split("$");
  const options = { N: 2 ** 15, r: 8, p: 3, maxmem: 2 ** 26 };
  const expected = scryptSync(SECRET, Buffer.from(salt, "base64url"), 32, options);
  assertEquals(key, expected.toString("base64url"));
  assertNotEquals((await hashPassword(SECRET)).split("$")[2], salt);
});

Deno.test("operators: comments, blank lines and all line ends are accepted in the file", async () => {
  const other = await hashPassword("grüße 😀");
  const operators = Operators.read(`# operators\r\n\r\n  alice\t${HASH}  # at home\n\n#bob ${HASH}\ncarol ${other}`);
  assertEquals(operators.size, 2);
  assert(await operators.verify("alice", SECRET));
  assert(await operators.verify("carol", "grüße 😀"));
  assert(!await operators.verify("bob", SECRET));
  for (const empty of ["", "\n", "# none"]) assertEquals(Operators.read(empty).size, 0);
});

Deno.test("operators: the error about a malformed line has its number and not its content", () => {
  const lines = [
    "hunter2",
    "alice hunter2",
    `alice ${HASH} hunter2`,
    `alice ${HASH}x`,
    `alice ${HASH.slice(0, -1)}`,
    `alice ${HASH.replace("scrypt", "bcrypt")}`,
    `alice ${HASH.replace("p=3", "p=1")}`,
    HASH,
    `alice:${HASH}`,
    `alice ${HASH.replace(/^scrypt\$/, "")}`,
  ];
  for (const line of lines) {
    const error = assertThrows(() => Operators.read(`# first\nbob ${HASH}\n${line}\n`), RangeError);
    assertEquals(error.message, "line 3 is not a name and a hash", line);
  }
});

Deno.test("operators: a password does not verify when the operator is removed during the check", async () => {
  const operators = Operators.read(`alice ${HASH}\nbob ${HASH}`);
  const checks = ["alice", "bob"].map((name) => operators.verify(name, SECRET));
  assertEquals(operators.replace(Operators.read(`bob ${HASH}`)), ["alice"]);
  assertEquals(await Promise.all(checks), [false, true]);
});

Deno.test("operators: concurrent checks each get their own result, in order", async () => {
  const operators = Operators.read(`alice ${HASH}`);
  const ended: number[] = [];
  const tries = [["alice", SECRET], ["alice", "wrong"], ["bob", SECRET], ["alice", SECRET]] as const;
  const answers = await Promise.all(tries.map(async ([name, password], n) => {
    const right = await operators.verify(name, password);
    ended.push(n);
    return right;
  }));
  assertEquals([answers, ended], [[true, false, false, true], [0, 1, 2, 3]]);
});
