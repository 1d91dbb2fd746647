// @ts-check
/**
 * Why the server rejects connections.
 */

/** How long the server may take to answer: a registration, a PING, or a request for the reason. In milliseconds. */
export const ANSWER_TIMEOUT = 15_000;

/**
 * Why the server rejected the WebSocket, if it says so. Browsers do not tell pages the response to a WebSocket request, so
 * this fetches the same URL as a page.
 *
 * @param {string} url
 */
export async function fetchRejection(url) {
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
