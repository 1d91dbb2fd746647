/** Reads JSON of which nothing is known: what is not there, or is something else, is empty. */

/** The most items of a list that are read. */
export const ITEMS_MAX = 100;

/** An object; an empty one for anything else. */
export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : {};
}

/** The first {@linkcode ITEMS_MAX} items of an array; none for anything else. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, ITEMS_MAX) : [];
}

/** A string, or a number as one; the empty string for anything else. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

/** The value at a path of names: `at(value, "repository", "full_name")`. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  for (const name of path) {
    const object = record(value);
    value = Object.hasOwn(object, name) ? object[name] : undefined;
  }
  return value;
}
