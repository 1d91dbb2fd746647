/** Turns errors of the NATS library into short reasons, which fit after `Cannot …: `. Runs in the worker. */
import { errors } from "@nats-io/transport-node";
import { JetStreamApiError } from "@nats-io/jetstream";

/** Codes of JetStream's errors (`err_code`) that the log acts on. */
export const JETSTREAM_ERROR = {
  noPeers: 10005,
  unavailable: 10008,
  noMessage: 10037,
  notEnabled: 10039,
  streamExists: 10058,
  streamMissing: 10059,
  wrongLastSequence: 10071,
  streamOffline: 10118,
  wrongLastSequenceUnknown: 10164,
} as const;

/** The code of an error of JetStream, or 0 for other errors. */
export function jetstreamCode(error: unknown): number {
  return error instanceof JetStreamApiError ? error.code : 0;
}

/** Whether nothing answers on a subject of JetStream: there is no stream, no leader, or no JetStream. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof Error && error.name === "JetStreamNotEnabled";
}

/** Reasons for codes of `node:net` and `node:dns`. */
const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "the connection was closed",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "the name cannot be resolved now",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no route to the network",
  ETIMEDOUT: "no answer",
  CERT_HAS_EXPIRED: "its certificate has expired",
};

/** Codes and messages of OpenSSL for certificates of an unknown authority; Deno versions differ in which they give. */
const UNKNOWN_AUTHORITY = /UNABLE_TO_(?:VERIFY|GET)|SELF_SIGNED|self-signed|unable to (?:verify|get)/;

/** Shorter secrets are parts of words. The library has none in its messages; this is for later versions. */
const SECRET_MIN = 4;

/**
 * Returns the reason of an error.
 *
 * @param secrets Texts that must not appear in the reason.
 */
export function reasonOf(error: unknown, secrets: readonly string[] = []): string {
  let reason = plainReason(error);
  for (const secret of secrets) if (secret.length >= SECRET_MIN) reason = reason.replaceAll(secret, "…");
  return reason;
}

function plainReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof errors.UserAuthenticationExpiredError) return "the credentials have expired";
  if (error instanceof errors.AuthorizationError) {
    return /expired/i.test(error.message) ? "the credentials have expired" : "the server rejected the credentials";
  }
  if (error instanceof errors.TimeoutError) return "no answer";
  const { code } = error as { code?: unknown };
  const known = typeof code === "string" ? SYSTEM_REASONS[code] : undefined;
  if (known !== undefined) return known;
  if (isUnanswered(error) || jetstreamCode(error) === JETSTREAM_ERROR.notEnabled) {
    return "JetStream is not enabled there";
  }
  if (UNKNOWN_AUTHORITY.test(error.message)) return "its certificate is not signed by a known authority";
  // The peer has closed the connection before it has introduced itself.
  if (/undefined error/.test(error.message)) return "the connection was closed before the greeting of a NATS server";
  if (/unable to parse credentials/.test(error.message)) return "the credentials file is not valid";
  if (/unexpected response from server/.test(error.message)) return "it is not a NATS server";
  if (/Requires net access/.test(error.message)) return "the worker may not connect to it";
  return error.message.split("\n")[0]!.replace(/ \(os error \d+\)$/, "");
}
