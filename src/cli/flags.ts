/**
 * The table of flags: the type `Options`, defaults, environment variables, `--help` and `docs/configuration.md` all come
 * from it. The flags for stored data are in `storage_flags.ts`.
 *
 * A row's key is the option's name: `maxPerIp` is the flag `--max-per-ip`, the variable `TINCAN_MAX_PER_IP` and
 * `options.maxPerIp`. To add a flag, add a row and use the option; `deno task docs` then updates the document. A default
 * that code needs as well, such as `ROOMS_MAX`, is imported from there.
 */
import { ACCOUNTS_MAX, FAILURES_MAX } from "../accounts/limits.ts";
import { ALWAYS_ON_POLICIES } from "../chat/always_on.ts";
import { ROOMS_MAX, ROOMS_TOTAL, SESSIONS_MAX } from "../chat/chat_options.ts";
import { LOG_FORMATS, LOG_LEVELS, MESSAGE_RATE } from "../monitoring/log.ts";
import { REGISTRATION_TIME } from "../protocol/irc/keepalive.ts";
import { TAGS_MAX } from "../protocol/irc/options.ts";
import { formatDuration } from "../util/duration.ts";
import { connect } from "./connect_flags.ts";
import type { Flag, Flags } from "./flag.ts";
import * as read from "./readers.ts";
import { exports, files, history } from "./storage_flags.ts";

const listeners = {
  host: {
    value: "ADDRESS",
    reader: read.host,
    default: "127.0.0.1",
    help: "address to listen on",
    details: "`0.0.0.0` listens on all IPv4 addresses of the machine, `::` on all addresses.",
  },
  port: {
    value: "PORT",
    reader: read.port,
    default: "8888",
    help: "port of the text protocol (nc, telnet); 0 for any free port, or off",
    details: "`tincan echo` uses it too.",
  },
  ircPort: { value: "PORT", reader: read.port, default: "6667", help: "port of IRC; 0 for any free port, or off" },
  webPort: {
    value: "PORT",
    reader: read.port,
    default: "8080",
    help: "port of the web page; 0 for any free port, or off",
    details: "It also serves WebSockets for both protocols, `/healthz` and `/metrics`.",
  },
  tlsCert: {
    value: "FILE",
    reader: read.path,
    help: "certificate and its chain (PEM); turns on TLS on every port",
    details: "Needs `--tls-key`. SIGHUP reloads both files.",
  },
  tlsKey: { value: "FILE", reader: read.path, help: "private key of the certificate (PEM)" },
  allowOrigin: {
    value: "URLS",
    reader: read.origins,
    default: "",
    help: "origins of other web sites whose pages may connect",
    details: "The page that tincan serves may always connect.",
  },
  publicUrl: {
    value: "URL",
    reader: read.pageUrl,
    help: "URL at which people reach the web page, for invite links and files",
    details:
      "Without it, links that `/link` prints begin with the address that the web port listens on. Links that the page makes, and those to uploaded files, begin with the address that its client uses.",
  },
  trustProxy: {
    value: "IPS",
    reader: read.networks,
    default: "",
    help: "reverse proxies whose X-Forwarded-For or Forwarded header is used",
    details:
      "A client behind such a proxy has its own address for limits and bans. Other clients' headers are ignored.",
  },
} as const satisfies Flags;

const server = {
  name: {
    value: "NAME",
    reader: read.serverName,
    default: "tincan",
    help: "name of the server",
    details: "The web page shows it, IRC clients see it as the source of server messages, and no user can take it.",
  },
  motd: {
    value: "FILE",
    reader: read.path,
    help: "text file to show to each user on arrival",
    details: "SIGHUP reloads it.",
  },
  passwordFile: {
    value: "FILE",
    reader: read.path,
    help: "file whose first line is a password that every user needs",
    details: "SIGHUP reloads it.",
  },
  operators: {
    value: "FILE",
    reader: read.path,
    help: "server operators: a name and a password hash per line",
    details: "`tincan passwd NAME` prints such a line. SIGHUP reloads the file.",
  },
  maxAccounts: {
    value: "N",
    reader: read.wholeNumber(0),
    default: String(ACCOUNTS_MAX),
    help: "registered nicknames in total",
    details:
      "Existing accounts stay valid with a lower number. With 0 and without `--data`, the server has no accounts.",
  },
  maxFailures: {
    value: "N",
    reader: read.wholeNumber(1),
    default: String(FAILURES_MAX),
    help: "wrong passwords per connection, after which it is closed",
  },
  alwaysOn: {
    value: "WHO",
    reader: read.oneOf(ALWAYS_ON_POLICIES),
    default: "opt-in",
    help: "accounts that stay without a connection: off, opt-in or on",
    details:
      "`opt-in`: those that have chosen `/set always-on on`. `on`: all but those that have chosen `/set always-on off`.",
  },
  alwaysOnExpire: {
    value: "TIME",
    reader: read.orOff(read.duration),
    default: "30d",
    help: "remove such users after this time without a connection, or off",
  },
} as const satisfies Flags;

const connections = {
  maxClients: {
    value: "N",
    reader: read.orOff(read.wholeNumber(1)),
    default: "10000",
    help: "connections in total, or off",
  },
  maxPerIp: {
    value: "N",
    reader: read.orOff(read.wholeNumber(1)),
    default: "100",
    help: "connections per address, or off",
    details:
      "`off` also turns off `--connect-rate`, and the limits of a network's unregistered connections and storage.",
  },
  connectRate: {
    value: "N",
    reader: read.orOff(read.wholeNumber(1)),
    default: "120",
    help: "new connections per address and minute, or off",
  },
  maxUnregistered: {
    value: "N",
    reader: read.orOff(read.wholeNumber(1)),
    default: "1000",
    help: "connections that have not registered yet, or off",
    details: "A connection is registered once its user has a nickname in the chat.",
  },
  registerTime: {
    value: "TIME",
    reader: read.timeout,
    default: formatDuration(REGISTRATION_TIME),
    help: "time that a client may take to register",
    details: "It is also the longest that an HTTP connection other than a WebSocket may last.",
  },
} as const satisfies Flags;

const traffic = {
  rate: {
    value: "N",
    reader: read.orOff(read.positive),
    default: "10",
    help: "lines per second from one client, or off",
    details: "Lines above the rate wait; none is lost. `off` also turns off the limit of what a network may store.",
  },
  burst: {
    value: "N",
    reader: read.orOff(read.wholeNumber(1)),
    default: "30",
    help: "lines that one client may send at once, or off",
  },
  maxLine: {
    value: "BYTES",
    reader: read.size(64),
    default: "8192",
    help: "bytes in a line of the text protocol",
    details: "With `--cluster`, at most 64KiB.",
  },
  maxTags: {
    value: "BYTES",
    reader: read.bytesBetween(512, TAGS_MAX), // IRCv3, "message-tags", "Size limit"
    default: String(TAGS_MAX),
    help: "bytes of tags in a line from an IRC client",
  },
  sendBuffer: {
    value: "SIZE",
    reader: read.size(1024),
    default: "1MiB",
    help: "data queued for one client; above this, it is disconnected",
    details: "It must be at least 8 times as large as `--max-line`, and 8 times as large as an IRC line with its tags.",
  },
  maxMemory: {
    value: "SIZE",
    reader: read.orOff(read.mebibytes(64)),
    default: "1GiB",
    help: "memory; above this, the slowest readers are disconnected, or off",
    details:
      "It is compared with the resident memory of the process. Clients are disconnected if a quarter of it is queued for them.",
  },
} as const satisfies Flags;

const rooms = {
  maxRooms: {
    value: "N",
    reader: read.orOff(read.wholeNumber(1)),
    default: String(ROOMS_TOTAL),
    help: "rooms in total, or off",
  },
  maxJoined: {
    value: "N",
    reader: read.wholeNumber(2), // a text client joins the next room before it leaves the last one
    default: String(ROOMS_MAX),
    help: "rooms that one user can be in",
  },
  maxSessions: {
    value: "N",
    reader: read.wholeNumber(1),
    default: String(SESSIONS_MAX),
    help: "connections that one account can have at a time",
  },
  roomRate: {
    value: "N",
    reader: read.orOff(read.wholeNumber(1)),
    default: "60",
    help: "new rooms per address and hour, or off",
  },
  nickRate: {
    value: "N",
    reader: read.orOff(read.wholeNumber(1)),
    default: "10",
    help: "nickname changes per user and minute, or off",
    details: "All users of one address together may make ten times as many.",
  },
  announce: {
    value: "N",
    reader: read.wholeNumber(0),
    default: "100",
    help: "announce who joins and leaves in rooms of up to N members",
    details: "This is for the text protocol; IRC clients need to know all members.",
  },
  redactTime: {
    value: "TIME",
    reader: read.timeOrForever,
    default: "1d",
    help: "how long users can delete their own messages: 1h, 1d, forever, or off",
    details: "Operators of a room can always delete messages in it, and server operators everywhere.",
  },
  typing: {
    value: "on|off",
    reader: read.oneOf(["on", "off"]),
    default: "on",
    help: "whether users see that others are typing",
  },
} as const satisfies Flags;

const cluster = {
  cluster: {
    value: "URL",
    reader: read.natsServers,
    help: "NATS server of the cluster to join, or several with commas",
    details:
      "`nats://host:4222` or `tls://host:4222`, with `user:password@` or `token@` before the host if needed. A URL with a password is better set by the environment variable, as other users of the machine can read command lines.",
  },
  clusterCreds: {
    value: "FILE",
    reader: read.path,
    help: "credentials for NATS (.creds)",
    details: "It is read once, at the start.",
  },
  clusterCa: {
    value: "FILE",
    reader: read.path,
    help: "certificate (PEM) that the certificates of NATS are checked with",
    details: "It requires TLS, and is read once, at the start.",
  },
  clusterName: {
    value: "NAME",
    reader: read.clusterName,
    default: "tincan",
    help: "name of the cluster",
    details: "Nodes with the same name at the same NATS servers are one chat.",
  },
  clusterReplicas: {
    value: "N",
    reader: read.replicas,
    default: "1",
    help: "NATS servers that store each message: 1 or 3",
    details: "With 3, the cluster goes on while one of three NATS servers is down.",
  },
  node: {
    value: "NAME",
    reader: read.nodeName,
    help: "name of this node; without it, node and a number",
    details: "It is shown to users in WHOIS, and to server operators in `/nodes`.",
  },
  reusePort: {
    value: "",
    reader: read.yesOrNo,
    default: "no",
    help: "let several nodes on this machine listen on the same ports (Linux)",
    details:
      "A switch: `--reuse-port` alone means yes. The system spreads new connections over the nodes. Every node that shares a port needs it, and another program with the same setting is no error.",
  },
} as const satisfies Flags;

const log = {
  logLevel: {
    value: "LEVEL",
    reader: read.oneOf(LOG_LEVELS),
    default: "info",
    help: "least severe events to log: debug, info, warn or error",
    details: "The log goes to stderr. It never contains what users write.",
  },
  logFormat: {
    value: "FORMAT",
    reader: read.oneOf(LOG_FORMATS),
    default: "text",
    help: "format of the log: text or json",
  },
  logRate: {
    value: "N",
    reader: read.orOff(read.wholeNumber(1)),
    default: String(MESSAGE_RATE),
    help: "log lines with the same message per minute, or off",
  },
} as const satisfies Flags;

const passwd = {
  account: {
    value: "NAME",
    reader: read.nickname,
    help: "account in --data whose password to set, in place of printing a line",
    details: "Its devices and bots are signed out. The server must be stopped.",
    commands: ["passwd"],
  },
} as const satisfies Flags;

/** The flags in the order and under the headings of `--help`. */
export const FLAG_GROUPS: Readonly<Record<string, Flags>> = {
  "Listeners": listeners,
  "Server and accounts": server,
  "Connections": connections,
  "Lines and memory": traffic,
  "Rooms and users": rooms,
  "History": history,
  "Files": files,
  "Cluster": cluster,
  "Log": log,
  "Passwords": passwd,
  "Export": exports,
  "Connect": connect,
};

/** All flags, by the name of their option. */
export const FLAGS = {
  ...listeners,
  ...server,
  ...connections,
  ...traffic,
  ...rooms,
  ...history,
  ...files,
  ...cluster,
  ...log,
  ...passwd,
  ...exports,
  ...connect,
};

/** The name of an option that a flag sets. */
export type OptionName = keyof typeof FLAGS;

/** The names of all options, in the order of the table. */
export const OPTION_NAMES = Object.keys(FLAGS) as readonly OptionName[];

/** What a flag's reader returns; `undefined` too, if there is no default. */
type FlagValue<F extends Flag> = read.ValueOf<F["reader"]> | (F extends { default: string } ? never : undefined);

/** The value of each option. */
export type FlagValues = { readonly [Name in OptionName]: FlagValue<typeof FLAGS[Name]> };

/**
 * Returns the name of the flag that sets an option, without the dashes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { flagName, variableName } from "./flags.ts";
 *
 * assertEquals(flagName("maxPerIp"), "max-per-ip");
 * assertEquals(variableName("maxPerIp"), "TINCAN_MAX_PER_IP");
 * ```
 */
export function flagName(option: string): string {
  return option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Returns the environment variable that sets an option. */
export function variableName(option: string): string {
  return `TINCAN_${flagName(option).toUpperCase().replaceAll("-", "_")}`;
}
