/** Messages for errors of the operating system, which fit after `Cannot …: `. */

/** Messages that replace those of Deno. */
const REASONS: readonly (readonly [kind: new () => Error, text: string])[] = [
  [Deno.errors.NotFound, "no such file"],
  [Deno.errors.PermissionDenied, "permission denied"],
  [Deno.errors.IsADirectory, "it is a directory"],
  [Deno.errors.NotADirectory, "a part of its path is not a directory"],
];

/**
 * Returns the reason of an error, without its number and without the path, which the caller names.
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
  const [, text] = /^(.*?) \(os error \d+\)/s.exec(message) ?? [];
  return text === undefined ? message : text.charAt(0).toLowerCase() + text.slice(1);
}

/** Whether an error comes from the operating system, rather than from a bug in this program. */
export function isSystemError(error: unknown): error is Error {
  return error instanceof Error &&
    ("code" in error || Object.values(Deno.errors).some((kind) => error instanceof kind));
}
