/**
 * Finds the best way to a server: tries the ways of a target side by side, each with a short head start over the next.
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { AddressSet } from "../util/address_ranges.ts";
import { ConnectError } from "./connect_error.ts";
import { isEncrypted, type Way } from "./target.ts";
import { type Trust, UnknownCertificateError } from "./trust.ts";
import { openWire, reasonOfFailure, TIMEOUTS, type Timeouts, type Wire } from "./wire.ts";

/** The options of `dial`. */
export interface DialOptions {
  readonly trust: Trust;
  /** Whether plain text to an address of the internet is allowed. */
  readonly allowsPlain: boolean;
  /** Whether the server was reached by TLS before: then plain text is not tried, unless it is allowed. */
  readonly wasEncrypted?: boolean;
  readonly timeouts?: Timeouts;
  /** For how long encrypted ways are preferred to plain text that works, in milliseconds. */
  readonly tlsGrace?: number;
  /** Finds the addresses of a host. */
  readonly resolve?: (host: string) => Promise<string[]>;
}

/** An open connection, and the way by which it was opened. The first lines of the server are in `early` of the wire. */
export interface Dialed {
  readonly way: Way;
  readonly wire: Wire;
}

/** The delay between the starts of two attempts, in milliseconds. If an attempt fails, the next one starts at once. */
const HEAD_START = 30;

/** How long after the start plain text that works waits for TLS that is being negotiated, in milliseconds. */
const TLS_GRACE = 100;

/** The most addresses of a host that are tried. */
const ADDRESSES_MAX = 4;

/** The first line that is sent. Every server answers it before registration. */
export const FIRST_LINE = "CAP LS 302";

/** Addresses at which plain text does not leave the local network: RFC 1918, RFC 3927, RFC 4193, RFC 4291, and loopback. */
const LOCAL = new AddressSet(["127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].concat([
  "169.254.0.0/16",
  "fc00::/7",
  "fe80::/10",
]));

/** The first line of an IRC server. */
const IRC_LINE = /^(?:@\S+ +)?(?::\S+ +\d{3}|(?::\S+ +)?(?:CAP|NOTICE|PING|PONG|ERROR|AUTHENTICATE|FAIL))(?: |$)/i;

/** Only ways without encryption are left, and the user has to allow them. */
export class PlainTextError extends ConnectError {
  override name = "PlainTextError";
}

/** Whether plain text to an address stays in the local network. */
export function isLocal(host: string, address: string): boolean {
  return /\.local\.?$/i.test(host) || LOCAL.has(address.replace(/%.*$/, ""));
}

/** One way to one address. */
interface Attempt {
  readonly way: Way;
  readonly address: string;
}

/**
 * Connects by the first way that works.
 *
 * @throws {ConnectError} if none does, with a clause that says why.
 * @throws {UnknownCertificateError} if the user has to decide about a certificate.
 * @throws {PlainTextError} if only plain text is left, and not allowed.
 */
export async function dial(ways: readonly Way[], options: DialOptions): Promise<Dialed> {
  const { resolve = addressesOf, allowsPlain, wasEncrypted = false } = options;
  const addresses = new Map<string, string[]>();
  for (const { host } of ways) {
    if (!addresses.has(host)) addresses.set(host, (await resolve(host)).slice(0, ADDRESSES_MAX));
  }
  const all = ways.flatMap((way) => addresses.get(way.host)!.map((address): Attempt => ({ way, address })));
  const allowed = all.filter(({ way, address }) => {
    return isEncrypted(way) || allowsPlain || (!wasEncrypted && isLocal(way.host, address));
  });
  const isPlainLeft = allowed.length < all.length;
  if (allowed.length === 0) throw new PlainTextError("it would not be encrypted");
  try {
    return await new Race(allowed, options, ways.length === 1).run();
  } catch (error) {
    if (isPlainLeft && error instanceof ConnectError && !(error instanceof CertificateChangedError)) {
      throw new PlainTextError(`it cannot be reached with encryption (${error.message})`);
    }
    throw error;
  }
}

/** A certificate is not the one that was accepted. Plain text is not offered then. */
class CertificateChangedError extends ConnectError {}

async function addressesOf(host: string): Promise<string[]> {
  if (isIP(host.replace(/%.*$/, "")) !== 0) return [host];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    throw new ConnectError(reasonOfFailure(error));
  }
}

/** Attempts side by side, of which one wins. */
class Race {
  readonly #attempts: readonly Attempt[];
  readonly #options: DialOptions;
  readonly #isOnlyWay: boolean;
  readonly #abort = new AbortController();
  readonly #outcome = Promise.withResolvers<Dialed>();
  /** Why attempts have failed. */
  readonly #failures = new Map<Attempt, ConnectError>();
  readonly #startedAt = performance.now();
  #started = 0;
  #encrypting = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(attempts: readonly Attempt[], options: DialOptions, isOnlyWay: boolean) {
    this.#attempts = attempts;
    this.#options = options;
    this.#isOnlyWay = isOnlyWay;
  }

  async run(): Promise<Dialed> {
    this.#startNext();
    try {
      return await this.#outcome.promise;
    } finally {
      this.#ended = true;
      clearTimeout(this.#timer);
      this.#abort.abort();
    }
  }

  #startNext() {
    clearTimeout(this.#timer);
    const attempt = this.#attempts[this.#started];
    if (attempt === undefined || this.#ended) return;
    this.#started++;
    this.#timer = setTimeout(() => this.#startNext(), HEAD_START);
    void this.#run(attempt);
  }

  async #run(attempt: Attempt) {
    const { way } = attempt;
    const encrypted = isEncrypted(way);
    if (encrypted) this.#encrypting++;
    try {
      const dialed = await this.#dial(attempt);
      if (!encrypted) await this.#tlsGrace();
      if (this.#ended) return dialed.wire.close();
      this.#ended = true;
      this.#outcome.resolve(dialed);
    } catch (error) {
      const failure = error as Error;
      // The user decides about it: it does not fail silently in favour of plain text.
      if (failure instanceof UnknownCertificateError) return this.#outcome.reject(failure);
      if (!(failure instanceof ConnectError)) return this.#outcome.reject(failure);
      if (/has changed/.test(failure.message)) {
        return this.#outcome.reject(new CertificateChangedError(failure.message));
      }
      this.#failures.set(attempt, failure);
    } finally {
      if (encrypted) this.#encrypting--;
    }
    if (this.#ended) return;
    if (this.#failures.size === this.#attempts.length) this.#outcome.reject(this.#summary());
    else this.#startNext();
  }

  /** Connects, and waits for the first line. */
  async #dial({ way, address }: Attempt): Promise<Dialed> {
    const { trust, timeouts = TIMEOUTS } = this.#options;
    const { signal } = this.#abort;
    const wire = await openWire(way, address, { trust, timeouts, signal });
    try {
      const first = await firstLine(wire, timeouts.firstLine, signal);
      const [, why] = /^(?::\S+ )?ERROR :?(.*)$/s.exec(first) ?? [];
      if (why !== undefined && way.scheme === "irc" && /\buses TLS\b/.test(why)) { // tincan's text
        throw new ConnectError("it accepts TLS only: use ircs://");
      }
      // With other ways left, an error may mean that this port is for something else.
      if (why !== undefined && !this.#isOnlyWay) {
        throw new ConnectError(`the server says: ${/\[(.*)\]$/s.exec(why)?.[1] ?? why}`);
      }
      return { way, wire };
    } catch (error) {
      wire.close();
      throw error;
    }
  }

  /** Waits for TLS that is being negotiated, as it is preferred. */
  async #tlsGrace() {
    const until = this.#startedAt + (this.#options.tlsGrace ?? TLS_GRACE);
    while (this.#encrypting > 0 && !this.#ended && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Why no attempt was successful: each reason once, with the ports. */
  #summary(): ConnectError {
    const ports = new Map<string, Set<number>>();
    for (const [{ way: { port } }, { message }] of this.#failures) {
      ports.set(message, (ports.get(message) ?? new Set()).add(port));
    }
    const several = new Set(this.#attempts.map(({ way }) => way.port)).size > 1;
    const reasons = [...ports].map(([reason, numbers], at) => {
      const isLast = at === ports.size - 1;
      const clause = several || !isLast ? reason.replace(/\.$/, "") : reason; // that of a server may be a sentence
      const list = [...numbers].join(", ");
      return several ? `${clause} (port${numbers.size > 1 ? "s" : ""} ${list})` : clause;
    });
    return new ConnectError(reasons.join("; "));
  }
}

/** Sends the first line, and waits for an answer, which stays among `early` of the wire. */
function firstLine(wire: Wire, timeout: number, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const settle = (error?: ConnectError) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      wire.onLines = undefined;
      if (error === undefined) resolve(wire.early[0]!);
      else reject(error);
    };
    const abort = () => settle(new ConnectError("canceled"));
    const timer = setTimeout(() => {
      settle(new ConnectError(`connected, but no line within ${Math.round(timeout / 100) / 10} s`));
    }, timeout);
    signal.addEventListener("abort", abort);
    wire.onClose = (reason) => settle(new ConnectError(reason || "the server closed the connection"));
    wire.onLines = (lines) => {
      wire.keep(lines);
      settle(IRC_LINE.test(lines[0]!) ? undefined : new ConnectError("it is not an IRC server"));
    };
    wire.send(FIRST_LINE);
    const early = wire.early.splice(0);
    if (early.length > 0) wire.onLines(early);
    if (signal.aborted) abort();
  });
}
