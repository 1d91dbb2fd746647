/**
 * `tincan passwd` on a terminal: the password is not echoed, can be edited, and has to be typed twice.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Operators } from "../../src/moderation/operators.ts";
import { test } from "./forms.ts";
import { type Form, notInstalled } from "./harness.ts";
import { Terminal } from "./on_terminal.ts";

const MISSING = notInstalled("script", "stty");

/** The `sh` command that runs `tincan passwd alice`. */
function passwd(form: Form): string {
  return [...form.command, "passwd", "alice"].map((arg) => `'${arg}'`).join(" ");
}

/** Types a password at each of the two prompts. */
async function asked(form: Form, first: string, second: string): Promise<{ code: number; seen: string }> {
  await using terminal = new Terminal(passwd(form));
  await terminal.until("Password: ");
  await terminal.type(`${first}\r`);
  await terminal.until("Once more: ");
  await terminal.type(`${second}\r`);
  return { code: await terminal.code(), seen: terminal.seen };
}

test("passwd: the password is typed twice, is not echoed, and can be edited", async (form) => {
  const { code, seen } = await asked(form, "caf\u00e9 noit\x7fr", "wrong\x15cafe\u0301 x\x7fnoir");
  assertEquals(code, 0, seen);
  const [, line = ""] = /^Password: \r\nOnce more: \r\n(alice [^\r\n]+)\r\n$/.exec(seen) ?? [];
  assert(await Operators.read(line).verify("alice", "caf\u00e9 noir"), seen);
}, MISSING);

test("passwd: passwords that differ, or contain an arrow key, are rejected", async (form) => {
  const different = await asked(form, "open sesame", "open sesame!");
  assertEquals(different.code, 2);
  assertMatch(different.seen, /\r\nCannot make a line: the passwords differ\r\n$/);
  const arrow = await asked(form, "open sesame\x1b[D", "open sesame\x1b[D");
  assertEquals(arrow.code, 2);
  assertMatch(arrow.seen, /\r\nCannot use this password: it contains a control character[^\r\n]*\r\n$/);
}, MISSING);

test("passwd: Ctrl-C restores the echo of the terminal", async (form) => {
  await using terminal = new Terminal(`trap : INT; ${passwd(form)}; echo "code $?"; stty -a`);
  await terminal.until("Password: ");
  await terminal.type("open\x03");
  assertEquals(await terminal.code(), 0);
  assertMatch(terminal.seen, /^Password: (?:\^C)?\r\ncode 130\r\n/);
  assertMatch(terminal.seen, / icanon .* echo /s);
}, MISSING);
