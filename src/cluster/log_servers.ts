/** Reads the addresses of NATS servers: URLs with credentials, which the NATS library does not take apart. */
import { LogError } from "./log_error.ts";

/** The port of a NATS server, unless the URL names another. */
const DEFAULT_PORT = 4222;

/** Where to connect, and as which user. */
export interface NatsServers {
  /** `host:port` of each server; the address in brackets for IPv6. */
  readonly hosts: readonly string[];
  /** Whether a server without TLS is rejected. */
  readonly tls: boolean;
  /** Empty, or the credentials of all servers. */
  readonly user: string;
  readonly password: string;
  readonly token: string;
}

/**
 * Reads URLs that are separated by commas. All servers get the same credentials; it is enough to give them once.
 *
 * @throws {LogError} whose message does not contain the credentials.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readNatsServers } from "./log_servers.ts";
 *
 * assertEquals(readNatsServers("nats://ann:s%40cret@a:4222,nats://b"), {
 *   hosts: ["a:4222", "b:4222"],
 *   tls: false,
 *   user: "ann",
 *   password: "s@cret",
 *   token: "",
 * });
 * assertEquals(readNatsServers("tls://t0ken@a").token, "t0ken");
 * ```
 */
export function readNatsServers(text: string): NatsServers {
  const hosts: string[] = [];
  let found: { user: string; password: string; token: string } | undefined;
  let tls = false;
  for (const part of text.split(",")) {
    const url = parse(part.trim());
    tls ||= url.protocol === "tls:";
    hosts.push(`${url.hostname}:${url.port || DEFAULT_PORT}`);
    const [name, password] = [decode(url.username, part), decode(url.password, part)];
    if (name === "" && password === "") continue;
    // A name without a password is a token, as in NATS's own tools.
    const credentials = password === "" ? { user: "", password, token: name } : { user: name, password, token: "" };
    if (found !== undefined && JSON.stringify(found) !== JSON.stringify(credentials)) {
      throw new LogError("address", "Invalid NATS addresses: all servers must have the same credentials");
    }
    found = credentials;
  }
  return { hosts, tls, ...found ?? { user: "", password: "", token: "" } };
}

/** Formats servers for messages, without credentials. */
export function formatServers({ hosts, tls }: Pick<NatsServers, "hosts" | "tls">): string {
  return hosts.map((host) => `${tls ? "tls" : "nats"}://${host}`).join(", ");
}

function invalid(text: string, why: string): LogError {
  // The text before the last @ may contain a password; so may that after a colon, if a comma in it has cut the text.
  const shown = text.includes("@") ? text.replace(/^.*@/s, "…@") : text.replace(/(?<=.:\/\/[^/[]*:)(?!\d+$).+$/s, "…");
  return new LogError("address", `Invalid NATS address "${shown}": ${why}`);
}

function parse(text: string): URL {
  if (!/^(?:nats|tls):\/\//i.test(text)) throw invalid(text, "use nats://host:4222 or tls://host:4222");
  let url;
  try {
    url = new URL(text);
  } catch {
    throw invalid(text, "it is not a URL");
  }
  if (url.hostname === "") throw invalid(text, "the host is missing");
  if (!/^(?:[\w.-]+|\[[\da-f:.]+\])$/i.test(url.hostname)) throw invalid(text, "the host is not valid");
  if (url.port === "0") throw invalid(text, "the port must be 1 to 65535");
  if (!/^\/?$/.test(url.pathname) || url.search !== "" || url.hash !== "") {
    throw invalid(text, "only a host and a port can follow the credentials");
  }
  return url;
}

function decode(encoded: string, text: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw invalid(text, 'write a "%" in the credentials as %25');
  }
}
