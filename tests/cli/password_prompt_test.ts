import { assertEquals } from "@std/assert";
import { readSecret } from "../../src/cli/password_prompt.ts";

/** Types a text, one code point at a time. */
async function* typing(text: string): AsyncGenerator<string, void> {
  yield* text;
}

Deno.test("password prompt: it reads up to Enter, Ctrl-D or the end of input", async () => {
  for (const end of ["\r", "\n", "\x04", ""]) {
    assertEquals(await readSecret(typing(`open sesame${end}`)), "open sesame");
  }
  assertEquals(await readSecret(typing("\r")), "");
});

Deno.test("password prompt: Backspace deletes one character of any length, and Ctrl-U deletes all", async () => {
  for (const character of ["x", "\u00e9", "e\u0301", "\u{1f600}"]) {
    assertEquals(await readSecret(typing(`a${character}\x7fb\r`)), "ab", character);
  }
  assertEquals(await readSecret(typing("a\b\b\bbc\r")), "bc");
  assertEquals(await readSecret(typing("wrong\x15right\r")), "right");
});

Deno.test("password prompt: input after Enter is left for the next prompt", async () => {
  const typed = typing("one\rtwo\rthree");
  assertEquals([await readSecret(typed), await readSecret(typed), await readSecret(typed)], ["one", "two", "three"]);
});

Deno.test("password prompt: other control characters are returned, so that the caller can reject them", async () => {
  assertEquals(await readSecret(typing("a\x1b[Ab\r")), "a\x1b[Ab");
});
