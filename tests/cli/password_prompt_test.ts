import { assertEquals } from "@std/assert";
import { readSecret } from "../../src/cli/password_prompt.ts";

/** Types something, a character at a time. */
async function* typing(text: string): AsyncGenerator<string, void> {
  yield* text;
}

Deno.test("what is typed counts until Enter or Ctrl-D, or the end of all", async () => {
  for (const end of ["\r", "\n", "\x04", ""]) {
    assertEquals(await readSecret(typing(`open sesame${end}`)), "open sesame");
  }
  assertEquals(await readSecret(typing("\r")), "");
});

Deno.test("Backspace takes back a character, of any length, and Ctrl-U all", async () => {
  for (const character of ["x", "\u00e9", "e\u0301", "\u{1f600}"]) {
    assertEquals(await readSecret(typing(`a${character}\x7fb\r`)), "ab", character);
  }
  assertEquals(await readSecret(typing("a\b\b\bbc\r")), "bc");
  assertEquals(await readSecret(typing("wrong\x15right\r")), "right");
});

Deno.test("what is behind Enter is for the next question", async () => {
  const typed = typing("one\rtwo\rthree");
  assertEquals([await readSecret(typed), await readSecret(typed), await readSecret(typed)], ["one", "two", "three"]);
});

Deno.test("other control characters stay, for whoever looks at what was typed", async () => {
  assertEquals(await readSecret(typing("a\x1b[Ab\r")), "a\x1b[Ab");
});
