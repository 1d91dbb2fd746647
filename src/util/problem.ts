/** Problem details: error responses for programs (RFC 9457). */

/**
 * Creates a response with problem details in JSON.
 *
 * @param detail One sentence, with its full stop.
 * @param headers Further fields, such as `retry-after`.
 */
export function problemResponse(
  status: number,
  title: string,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(`${JSON.stringify({ title, status, detail })}\n`, {
    status,
    headers: {
      "content-type": "application/problem+json",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
      ...headers,
    },
  });
}
