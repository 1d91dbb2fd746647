/**
 * What a client is told that speaks another protocol than the port it came to: which port to use instead, in its own
 * protocol where that has a way to say so.
 */
import type { Protocol } from "../transport/connection.ts";
import { rawResponse } from "../transport/http.ts";

/** A port that is open, by the name of its listener: `text`, `irc`, `web` or `echo`. */
export interface OpenPort {
  readonly name: string;
  readonly port: number;
}

/**
 * A fatal alert, protocol_version (RFC 8446, section 6.2): no version of TLS is spoken here. Its record has the version
 * that all clients take before one is agreed on.
 */
export const TLS_ALERT = "\x15\x03\x01\x00\x02\x02\x46";

/** What each port is for. */
const PURPOSES: Readonly<Record<string, string>> = {
  text: "This port is for text clients such as nc and telnet.",
  irc: "This port is for IRC clients.",
  web: "This port is for web browsers.",
  echo: "This port answers lines of text.",
  "/text": "This path is for text clients.",
  "/irc": "This path is for IRC clients.",
};

/** Where clients belong, by what they speak: the listener, and who finds it there. */
const PLACES: Partial<Record<Protocol, { readonly name: string; readonly who: string }>> = {
  HTTP: { name: "web", who: "The web page is" },
  IRC: { name: "irc", who: "IRC clients connect" },
  text: { name: "text", who: "nc and telnet connect" },
};

/**
 * What a client is told.
 *
 * @param at The listener that it came to, or the path of its WebSocket.
 * @param protocol What it speaks.
 * @param ports All ports that are open.
 * @param tls Whether TLS is spoken on them, and whether the client speaks it: `missing` if only they do.
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
  const sentence = [PURPOSES[at], ...(tls === "missing" ? [withTls(protocol)] : []), ...place(at, protocol, ports, tls)]
    .join(" ");
  if (protocol === "HTTP" || (at === "web" && protocol !== "IRC")) return rawResponse(400, sentence);
  return protocol === "IRC" ? `ERROR :${sentence}\r\n` : `-- ${sentence}\r\n`;
}

function withTls(protocol: Protocol): string {
  if (protocol === "IRC") return "It speaks TLS: switch that on in your client.";
  return protocol === "text" ? "It speaks TLS: use openssl s_client or ncat --ssl." : "It speaks TLS.";
}

/** Where the client belongs, if that is elsewhere, and open. */
function place(at: string, protocol: Protocol, ports: readonly OpenPort[], tls: string): string[] {
  const belongs = PLACES[protocol];
  if (belongs === undefined || belongs.name === at) return [];
  if (at.startsWith("/")) return [`${protocol === "IRC" ? "IRC" : "Text"} clients connect to /${belongs.name}.`];
  const found = ports.find(({ name }) => name === belongs.name);
  if (found === undefined) return [];
  const how = belongs.name === "web" ? "on" : "to";
  return [`${belongs.who} ${how} port ${found.port}${tls === "none" ? "" : ", with TLS"}.`];
}
