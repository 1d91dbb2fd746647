/**
 * Tells a client that speaks another protocol than its port which port to use, in the client's own protocol where possible.
 */
import type { Protocol } from "../transport/connection.ts";
import { rawResponse } from "../transport/http_response.ts";

/** A port that is open, by the name of its listener: `text`, `irc`, `web` or `echo`. */
export interface OpenPort {
  readonly name: string;
  readonly port: number;
}

/**
 * A fatal TLS alert, `protocol_version` (RFC 8446, section 6.2): this port does not use TLS. The version of the record is
 * the one that all clients accept before a version is negotiated.
 */
export const TLS_ALERT = "\x15\x03\x01\x00\x02\x02\x46";

/** What each listener, or WebSocket path, is for. */
const PURPOSES: Readonly<Record<string, string>> = {
  text: "This port is for text clients such as nc and telnet.",
  irc: "This port is for IRC clients.",
  web: "This port is for web browsers.",
  echo: "This port answers lines of text.",
  "/text": "This path is for text clients.",
  "/irc": "This path is for IRC clients.",
};

/** The right listener for each protocol, and the beginning of the sentence that names its port. */
const DESTINATIONS: Partial<Record<Protocol, { readonly name: string; readonly beginning: string }>> = {
  HTTP: { name: "web", beginning: "The web page is on" },
  IRC: { name: "irc", beginning: "IRC clients connect to" },
  text: { name: "text", beginning: "nc and telnet connect to" },
};

/**
 * Returns what to send to such a client: whole lines, an HTTP response or a TLS record.
 *
 * @param at The listener that the client connected to, or the path of its WebSocket.
 * @param protocol The protocol that it speaks.
 * @param ports All open ports.
 * @param tls `none` if the ports do not use TLS, `spoken` if the client uses it too, `missing` if it does not.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { hint } from "./hints.ts";
 *
 * assertEquals(
 *   hint("irc", "text", [{ name: "text", port: 8888 }], "none"),
 *   "-- This port is for IRC clients. nc and telnet connect to port 8888.\r\n",
 * );
 * ```
 */
export function hint(
  at: string,
  protocol: Protocol,
  ports: readonly OpenPort[],
  tls: "none" | "spoken" | "missing",
): string {
  if (protocol === "TLS") return TLS_ALERT;
  const sentence = [
    PURPOSES[at],
    ...(tls === "missing" ? [tlsAdvice(protocol)] : []),
    ...destination(at, protocol, ports, tls),
  ].join(" ");
  if (protocol === "HTTP" || (at === "web" && protocol !== "IRC")) return rawResponse(400, sentence);
  return protocol === "IRC" ? `ERROR :${sentence}\r\n` : `-- ${sentence}\r\n`;
}

function tlsAdvice(protocol: Protocol): string {
  if (protocol === "IRC") return "It uses TLS: turn that on in your client.";
  return protocol === "text" ? "It uses TLS: connect with openssl s_client or ncat --ssl." : "It uses TLS.";
}

/** A sentence that names the right port or path for the client, if that is another one and open. */
function destination(at: string, protocol: Protocol, ports: readonly OpenPort[], tls: string): string[] {
  const right = DESTINATIONS[protocol];
  if (right === undefined || right.name === at) return [];
  if (at.startsWith("/")) return [`${protocol === "IRC" ? "IRC" : "Text"} clients connect to /${right.name}.`];
  const found = ports.find(({ name }) => name === right.name);
  if (found === undefined) return [];
  return [`${right.beginning} port ${found.port}${tls === "none" ? "" : ", with TLS"}.`];
}
