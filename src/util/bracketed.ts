/** Addresses as URLs have them. */

/**
 * A host as a URL has it: an IPv6 address is in brackets (RFC 3986, section 3.2.2).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bracketed } from "./bracketed.ts";
 *
 * assertEquals(bracketed("::1"), "[::1]");
 * assertEquals(bracketed("localhost"), "localhost");
 * ```
 */
export function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
