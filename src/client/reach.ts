/**
 * Connects to a target, asks the user what only the user can decide, and remembers the way that has worked.
 */
import { reasonOf } from "../util/system_error.ts";
import { ConnectError } from "./connect_error.ts";
import { dial, type Dialed, type DialOptions, PlainTextError } from "./dial.ts";
import type { Settings } from "./settings.ts";
import { isEncrypted, type Target, urlOf, type Way } from "./target.ts";
import { tellError as say } from "./tell.ts";
import { UnknownCertificateError } from "./trust.ts";

/** An open connection. */
export interface Reached extends Dialed {
  /** The options for dialing again: they allow plain text if the user has allowed it. */
  readonly options: DialOptions;
}

/** The setting with the way that has worked last, as a URL. */
const LAST_WAY = "way";

/**
 * Connects by the best way, that of the last time first. If TLS has worked before, plain text is used only if the user allows
 * it, or has named it as the only way.
 *
 * @throws {ConnectError}
 */
export async function reach(target: Target, options: DialOptions, settings: Settings): Promise<Reached> {
  const last = settings.getItem(LAST_WAY) ?? "";
  const wasEncrypted = /^(?:ircs|wss):/.test(last);
  const isOnlyPlain = !target.ways.some(isEncrypted);
  const known = target.ways.find((way) => urlOf(way) === last);
  const ways = known === undefined ? target.ways : [known, ...target.ways.filter((way) => way !== known)];
  const reached = await connect(target.host, ways, { ...options, wasEncrypted: wasEncrypted && !isOnlyPlain });
  if (!(wasEncrypted && isOnlyPlain)) settings.setItem(LAST_WAY, urlOf(reached.way));
  return reached;
}

/** Connects, and asks the user where that is needed. */
async function connect(host: string, ways: readonly Way[], options: DialOptions): Promise<Reached> {
  try {
    return { ...await dial(ways, options), options };
  } catch (error) {
    if (error instanceof UnknownCertificateError) {
      const { server, fingerprint, why } = error;
      if (!Deno.stdin.isTerminal()) {
        throw new ConnectError(
          `the certificate of ${server} is not trusted: ${why}. Connect on a terminal once to accept it, or use --ca FILE`,
        );
      }
      say(`The certificate of ${server} is not trusted: ${why}.\nIts fingerprint is ${fingerprint}.`);
      if (!confirms("Compare it with that of the server. Trust it from now on?")) {
        throw new ConnectError("the certificate was not accepted");
      }
      store(() => options.trust.known.add(server, fingerprint));
      return connect(host, ways, options);
    }
    if (error instanceof PlainTextError) {
      if (!Deno.stdin.isTerminal()) {
        throw new ConnectError(`${error.message}. To connect without encryption, use --plain`);
      }
      say(`No encryption: ${error.message}.\nOthers on the way to ${host} could read everything, also passwords.`);
      if (!confirms("Connect without encryption?")) throw new ConnectError("it was not allowed without encryption");
      return connect(host, ways.filter((way) => !isEncrypted(way)), { ...options, allowsPlain: true });
    }
    throw error;
  }
}

function store(action: () => void): void {
  try {
    action();
  } catch (error) {
    say(`Cannot store that: ${reasonOf(error)}. You will be asked again.`);
  }
}

function confirms(question: string): boolean {
  return /^\s*y(?:es)?\s*$/i.test(prompt(`${question} (yes/no)`) ?? "");
}
