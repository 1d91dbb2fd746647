/**
 * How users write and read tokens: `NAME [read] [#room]`, and a line for each.
 */
import type { Scope } from "../chat/scope.ts";
import { describeScope, type StoredToken } from "./tokens.ts";

/**
 * A token as a line of a list.
 *
 * @param own The number of the token of the session that the list is for.
 */
export function describeToken(token: StoredToken, own?: number): string {
  const { id, name, since, used, host } = token;
  const scope = describeScope(token);
  return `${id}: ${name}${scope && ` (${scope})`}, last used ${minutes(used)} from ${host || "the server"}, ` +
    `made ${minutes(since).slice(0, 10)}${own === id ? ", this device" : ""}`;
}

/** A time as in `2026-11-29 18:05 UTC`. */
export function minutes(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/**
 * Parses `NAME [read] [#room]`. The name may contain spaces.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readDevice } from "./device_texts.ts";
 *
 * assertEquals(readDevice("build bot read #ci"), { name: "build bot", scope: { readOnly: true, room: "#ci" } });
 * ```
 */
export function readDevice(text: string): { name: string; scope: Scope } {
  const words = text.split(/\s+/);
  const room = words.length > 1 && words.at(-1)!.startsWith("#") ? words.pop() : undefined;
  const readOnly = words.length > 1 && words.at(-1)!.toLowerCase() === "read";
  if (readOnly) words.pop();
  return { name: words.join(" "), scope: { readOnly, room } };
}
