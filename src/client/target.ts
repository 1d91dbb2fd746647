/**
 * Parses the target of `tincan connect`, and lists the ways to reach the server.
 */
import { isIPv6 } from "node:net";
import { bracketed } from "../util/bracketed.ts";

/** The protocol by which a server is reached: IRC over TCP or over a WebSocket, each with or without TLS. */
export type Scheme = "ircs" | "irc" | "wss" | "ws";

/** One way to reach a server. */
export interface Way {
  readonly scheme: Scheme;
  /** A host name or an IP address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** The path of the WebSocket; empty for IRC over TCP. */
  readonly path: string;
}

/** A server, and the room or invitation that the user has named. */
export interface Target {
  readonly host: string;
  /** The name under which its settings are stored: the host, and the port if it is an unusual one. */
  readonly server: string;
  /** The ways to it, the preferred first. */
  readonly ways: readonly Way[];
  /** The room to show, or the empty string. */
  readonly room: string;
  /** The code of an invite link, or the empty string. */
  readonly code: string;
}

/** The target cannot be used. The message is one line, for the person who wrote it. */
export class TargetError extends Error {
  override name = "TargetError";
}

/** The server of a command line without a target. */
export const DEFAULT_HOST = "localhost";

/** The path of the WebSocket below that of the page. */
const SOCKET_PATH = "irc";

const PORTS: Readonly<Record<Scheme, number>> = { ircs: 6697, irc: 6667, wss: 443, ws: 80 };

/** The ways to a host of which nothing else is known: TLS first, then plain text, then the port of the page. */
const USUAL: readonly (readonly [Scheme, number])[] = [
  ["ircs", 6697],
  ["ircs", 6667],
  ["irc", 6667],
  ["wss", 443],
  ["wss", 8080],
  ["ws", 8080],
];

/** The ports that are those of one server in most cases: it has the same settings at all of them. */
const USUAL_PORTS: ReadonlySet<number> = new Set([...USUAL.map(([, port]) => port), 80]);

/** The ports at which a page is expected, rather than IRC over TCP. */
const PAGE_PORTS: readonly number[] = [80, 443, 8080, 8443];

/** The path of an invite link, behind that of the page. */
const INVITATION = /^(.*\/)i\/([a-z2-7]{20})\/?$/i;

/**
 * Reads a target: `HOST`, `HOST:PORT`, an IPv6 address, or a URL of the schemes `irc`, `ircs`, `ws`, `wss`, `http` and
 * `https`, which may be that of an invite link. A room may follow as `/#room` or `#room`.
 *
 * @throws {TargetError} if it is none of them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseTarget } from "./target.ts";
 *
 * const { host, ways, room } = parseTarget("ircs://chat.example.org/#tea");
 * assertEquals([host, ways.length, ways[0]?.port, room], ["chat.example.org", 1, 6697, "#tea"]);
 * ```
 */
export function parseTarget(text: string): Target {
  const [, scheme, rest = ""] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? [];
  const target = scheme === undefined ? parsePlace(text) : parseUrl(text, scheme.toLowerCase(), rest);
  const { host, room, ways } = target;
  const port = ways.length === USUAL.length ? undefined : ways[0]?.port;
  if (host === "" || host.length > 255 || /[^\p{L}\p{N}.:_%-]/u.test(host)) throw refuse(text, "no such host name");
  if (/[\s,\p{Cc}]/u.test(room)) throw refuse(text, "the name of a room has no spaces and no commas");
  return { ...target, server: port === undefined || USUAL_PORTS.has(port) ? host : `${host}:${port}` };
}

/** `HOST`, `HOST:PORT`, `[IPV6]:PORT` or an IPv6 address. */
function parsePlace(text: string): Omit<Target, "server"> {
  const [, place = "", room = ""] = /^([^/#]*)\/?(#.*)?$/s.exec(text) ?? [];
  if (place === "") throw refuse(text, "name a host, such as chat.example.org");
  if (/[@?]/.test(place)) throw refuse(text, "name a host, without a user or a password");
  const { host, port } = splitPort(text, place);
  const ways = port === undefined
    ? USUAL
    : PAGE_PORTS.includes(port)
    ? ([["wss", port], ["ws", port], ["ircs", port]] as const)
    : port === PORTS.ircs
    ? ([["ircs", port]] as const)
    : ([["ircs", port], ["irc", port], ["wss", port], ["ws", port]] as const);
  return { host, ways: ways.map(([scheme, port]) => wayOf(scheme, host, port)), room, code: "" };
}

function parseUrl(text: string, scheme: string, rest: string): Omit<Target, "server"> {
  const [, place = "", path = "", fragment = ""] = /^([^/?#]*)([^?#]*)(?:\?[^#]*)?(#.*)?$/s.exec(rest) ?? [];
  if (place.includes("@")) {
    throw refuse(text, "a URL with a user is not supported; see --nick and --login");
  }
  const { host, port } = splitPort(text, place);
  switch (scheme) {
    case "irc":
    case "ircs":
      return { host, ways: [wayOf(scheme, host, port ?? PORTS[scheme])], room: roomIn(path, fragment), code: "" };
    case "ws":
    case "wss":
      return {
        host,
        ways: (path === "" ? [`/${SOCKET_PATH}`, "/"] : [path]).map((each) => {
          return wayOf(scheme, host, port ?? PORTS[scheme], each);
        }),
        room: roomIn("", fragment),
        code: "",
      };
    case "http":
    case "https": {
      const [, folder = path, code = ""] = INVITATION.exec(path) ?? [];
      const socket = scheme === "https" ? "wss" : "ws";
      const way = wayOf(socket, host, port ?? PORTS[socket], `${folder.replace(/[^/]*$/, "") || "/"}${SOCKET_PATH}`);
      return { host, ways: [way], room: roomIn("", fragment), code: code.toLowerCase() };
    }
    default:
      throw refuse(text, `"${scheme}" is not supported; use irc, ircs, http, https, ws or wss`);
  }
}

/** Splits the port off. Returns the host without brackets. */
function splitPort(text: string, place: string): { host: string; port: number | undefined } {
  if (isIPv6(place)) return { host: place, port: undefined };
  const [, address, name = "", digits] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/s.exec(place) ?? [];
  if (address !== undefined && !isIPv6(address)) throw refuse(text, `"${address}" is no IPv6 address`);
  const host = address ?? name;
  if (host === "") throw refuse(text, "name a host, such as chat.example.org");
  if (digits === undefined || digits === "") return { host, port: undefined };
  const port = /^\+?\d{1,5}$/.test(digits) ? Number(digits.replace("+", "")) : 0;
  if (port < 1 || port > 65_535) throw refuse(text, "a port is a number from 1 to 65535");
  return { host, port };
}

/** The room of a URL: its fragment, or the first of the names in the path of an `irc` URL, which may lack the `#`. */
function roomIn(path: string, fragment: string): string {
  const name = fragment.length > 1 ? fragment : path.slice(1).split(",")[0] ?? "";
  if (name === "") return "";
  const decoded = decode(name);
  return decoded.startsWith("#") ? decoded : `#${decoded}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function wayOf(scheme: Scheme, host: string, port: number, path = "/irc"): Way {
  return { scheme, host, port, path: scheme === "ws" || scheme === "wss" ? path : "" };
}

function refuse(text: string, why: string): TargetError {
  const shown = text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, "$1"); // without a password
  return new TargetError(`Cannot connect to ${JSON.stringify(shown)}: ${why}`);
}

/** Whether a way is encrypted. */
export function isEncrypted({ scheme }: Way): boolean {
  return scheme === "ircs" || scheme === "wss";
}

/** A way as a URL. */
export function urlOf({ scheme, host, port, path }: Way): string {
  return `${scheme}://${bracketed(host)}:${port}${path}`;
}
