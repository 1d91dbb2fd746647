/**
 * What the operating system refused, in words that fit behind `Cannot …: `.
 */

/** What Deno says of some errors, and what is said of them here. */
const REASONS: readonly (readonly [kind: new () => Error, words: string])[] = [
  [Deno.errors.NotFound, "no such file"],
  [Deno.errors.PermissionDenied, "permission denied"],
  [Deno.errors.IsADirectory, "it is a directory"],
  [Deno.errors.NotADirectory, "a part of its path is not a directory"],
];

/**
 * Returns the reason of an error in a few words: without its number, and without the path, which the caller names.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { reasonOf } from "./system_error.ts";
 *
 * assertEquals(reasonOf(new Error("Too many open files (os error 24): open '/x'")), "too many open files");
 * assertEquals(reasonOf(new Deno.errors.NotFound("…")), "no such file");
 * ```
 */
export function reasonOf(error: unknown): string {
  const known = REASONS.find(([kind]) => error instanceof kind);
  if (known !== undefined) return known[1];
  const message = error instanceof Error ? error.message : String(error);
  const [, words] = /^(.*?) \(os error \d+\)/s.exec(message) ?? [];
  return words === undefined ? message : words.charAt(0).toLowerCase() + words.slice(1);
}

/** Whether it was the operating system that could not do something, rather than a mistake in this program. */
export function isSystemError(error: unknown): error is Error {
  return error instanceof Error &&
    ("code" in error || Object.values(Deno.errors).some((kind) => error instanceof kind));
}
