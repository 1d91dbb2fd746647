/**
 * What a client has sent to register: NICK, USER, PASS, CAP, AUTHENTICATE.
 */
import type { Login, Scram } from "../../accounts/auth.ts";

/** The SASL mechanisms, the preferred one last: clients that have no preference use the last one that they know. */
const MECHANISMS = ["PLAIN", "SCRAM-SHA-256"] as const;
export type Mechanism = typeof MECHANISMS[number] | "EXTERNAL";

/** The SASL mechanisms of a connection. @param certified Whether its client has given a certificate. */
export function mechanisms(certified: boolean): readonly Mechanism[] {
  return certified ? ["EXTERNAL", ...MECHANISMS] : MECHANISMS;
}

/** A SASL exchange in progress. */
export interface SaslExchange {
  readonly mechanism: Mechanism;
  /** The chunks of the client's message so far, in base64. */
  text: string;
  /** The state of SCRAM, after the client's first message. */
  scram: Scram | undefined;
  /** The login that SCRAM has verified, while the client's final empty response is missing. */
  login: Login | undefined;
}

/** The state of a registration. Some of it stays in use afterwards: SASL and CAP are allowed at any time. */
export class Handshake {
  nick: string | undefined;
  user: string | undefined;
  realname = "";
  /** Whether capability negotiation is open: registration waits for CAP END. */
  negotiating = false;
  /** Whether the client has sent CAP LS 302, which implies `cap-notify` and lists of several lines. */
  cap302 = false;
  /** Whether the server password was given, or none is required. */
  passwordAccepted: boolean;
  /** Whether the client has given a wrong server password. It may try again. */
  passwordRejected = false;
  /** The invite link that was given as the server password: what `InviteLinks.use` takes. */
  link: string | undefined;
  /** The SASL exchange in progress, if any. */
  sasl: SaslExchange | undefined;
  /** The login of the client before registration is complete. */
  login: Login | undefined;

  /** The away message that the client has given before registration is complete (IRCv3, "pre-away", a draft). */
  away: string | undefined;
  /** Whether a person is at the client; not after `AWAY *`. */
  attended = true;

  constructor(passwordRequired: boolean) {
    this.passwordAccepted = !passwordRequired;
  }
}
