/** The heads of HTTP responses, and small responses of plain text. */

const STATUS_TEXT: Readonly<Record<number, string>> = {
  100: "Continue",
  101: "Switching Protocols",
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  206: "Partial Content",
  304: "Not Modified",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  411: "Length Required",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  417: "Expectation Failed",
  422: "Unprocessable Content",
  426: "Upgrade Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
  507: "Insufficient Storage",
};

const encoder = new TextEncoder();

/** The interim response that has a client send its body (RFC 9110, section 15.2.1). */
export const CONTINUE: Uint8Array = encoder.encode("HTTP/1.1 100 Continue\r\n\r\n");

/** The phrase for a status, as in the status line. */
export function statusText(status: number): string {
  return STATUS_TEXT[status] ?? "";
}

/** Creates a response with one sentence of plain text, given without its full stop. */
export function textResponse(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${text}.\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff", ...headers },
  });
}

/** Returns the bytes of a plain-text response that ends the connection, for a client whose request is not read. */
export function rawResponse(status: number, text: string): string {
  const body = `${text}\n`;
  const length = encoder.encode(body).length;
  return `HTTP/1.1 ${status} ${statusText(status)}\r\nDate: ${new Date().toUTCString()}\r\nConnection: close\r\n` +
    `Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nContent-Length: ${length}\r\n\r\n${body}`;
}

/** Returns the bytes of the head of a response, with its Date. */
export function formatHead(status: number, fields: readonly (readonly [string, string])[]): Uint8Array {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return encoder.encode(
    `HTTP/1.1 ${status} ${statusText(status)}\r\ndate: ${new Date().toUTCString()}\r\n${lines}\r\n`,
  );
}
