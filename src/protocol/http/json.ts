/** Reads JSON of unknown structure: a missing value, or one of another type, is read as an empty one. */

/** The most items of a list that are read. */
export const ITEMS_MAX = 100;

/** The most values in JSON that is parsed, and how deep they may be nested: parsing time depends on the number of values. */
export const VALUES_MAX = 10_000;
export const NESTING_MAX = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Whether JSON is within {@linkcode VALUES_MAX} and {@linkcode NESTING_MAX}. The result for invalid JSON is undefined. */
export function isParsable(json: string): boolean {
  let values = 1;
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    switch (json.charCodeAt(at)) {
      case QUOTE:
        for (at++; at < json.length && json.charCodeAt(at) !== QUOTE; at++) {
          if (json.charCodeAt(at) === BACKSLASH) at++;
        }
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > NESTING_MAX || ++values > VALUES_MAX) return false;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
      case 0x2c: // ,
        if (++values > VALUES_MAX) return false;
    }
  }
  return true;
}

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

/** A number of things; 0 for anything else. */
export function countOf(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) ? Math.max(0, value) : 0;
}

/** The value at a path of names: `at(value, "repository", "full_name")`. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  for (const name of path) {
    const object = record(value);
    value = Object.hasOwn(object, name) ? object[name] : undefined;
  }
  return value;
}
