/** The URL of the page. */
import { bracketed } from "../util/bracketed.ts";

/**
 * The URL of a web port, without a path; `undefined` if the port listens on all addresses, as its own is not known then.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { webUrl } from "./web_url.ts";
 *
 * assertEquals(webUrl("::1", 8080, true), "https://[::1]:8080");
 * assertEquals(webUrl("0.0.0.0", 8080, true), undefined);
 * ```
 */
export function webUrl(host: string, port: number, hasTls: boolean): string | undefined {
  if (host === "0.0.0.0" || host === "::") return undefined;
  return `${hasTls ? "https" : "http"}://${bracketed(host)}:${port}`;
}
