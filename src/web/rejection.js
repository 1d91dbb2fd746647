// @ts-check
/**
 * WebSockets to the server, and why the server rejects them.
 */

import { ANSWER_TIMEOUT } from "./connection.js";

/** A dialer that opens WebSockets. @param {string} url @returns {import("./connection.js").Dialer} */
export function webSockets(url) {
  return {
    open: () => new WebSocket(url, ["lines.tincan", "text.ircv3.net"]),
    rejection: () => fetchRejection(url),
    trouble: () => navigator.onLine ? "" : "You are offline.",
  };
}

/**
 * Why the server rejected the WebSocket, if it says so. Browsers do not tell pages the response to a WebSocket request, so
 * this fetches the same URL as a page.
 *
 * @param {string} url
 */
async function fetchRejection(url) {
  if (!navigator.onLine) return "";
  try {
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT);
    const answer = await fetch(url.replace(/^ws/, "http"), { cache: "no-store", signal });
    const words = answer.status === 503 ? (await answer.text()).trim() : "";
    return /^[^<\n]{1,300}$/.test(words) ? words : ""; // a proxy may send a whole page
  } catch {
    return ""; // not reachable
  }
}
