/**
 * Which certificates are trusted: those of a known authority, or of `--ca FILE`; and, as ssh does it, those that the user has
 * accepted once.
 */
import { connect, type TLSSocket } from "node:tls";
import { isIP, isIPv6 } from "node:net";
import { bracketed } from "../util/bracketed.ts";
import { ConnectError } from "./connect_error.ts";

/** The certificates that the user has accepted. */
export interface KnownCertificates {
  /** The path of the file, for messages. */
  readonly path: string;
  /** The accepted certificate of a server: its fingerprint, and the number of its line in the file. */
  find(server: string): { readonly fingerprint: string; readonly line: number } | undefined;
  /** Whether a certificate is known from another port of a host. */
  isKnownAt(host: string, fingerprint: string): boolean;
  add(server: string, fingerprint: string): void;
}

/** The certificate of a server is not known. Whether it can be trusted is a question to the user. */
export class UnknownCertificateError extends Error {
  override name = "UnknownCertificateError";

  /** @param server `HOST:PORT`. @param why Why no authority vouches for it. */
  constructor(readonly server: string, readonly fingerprint: string, readonly why: string) {
    super(`the certificate is not trusted: ${why}`);
  }
}

/** The code of a certificate that is for another host. */
const WRONG_HOST = "ERR_TLS_CERT_ALTNAME_INVALID";

/** Reasons for which an authority does not vouch for a certificate, by the code of OpenSSL. */
const REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "it has expired",
  CERT_NOT_YET_VALID: "it is not valid yet",
  DEPTH_ZERO_SELF_SIGNED_CERT: "it is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "its authority is not known",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its authority is not known",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "it is self-signed, or its authority is not known",
  [WRONG_HOST]: "it is for another host",
};

/** Decides which certificates are trusted. */
export class Trust {
  /** @param ca Certificates of further authorities (PEM). */
  constructor(readonly known: KnownCertificates, readonly ca?: string) {}

  /** Begins TLS. The certificate is not checked yet: call {@linkcode check} once it is `secureConnect`. */
  connect(options: { readonly host: string; readonly address: string; readonly port: number }): TLSSocket {
    const { host, address, port } = options;
    return connect({
      host: address,
      port,
      rejectUnauthorized: false, // `check` decides
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(this.ca === undefined ? {} : { ca: this.ca }),
    });
  }

  /**
   * Checks the certificate of a connection.
   *
   * @throws {UnknownCertificateError} if the user has to decide.
   * @throws {ConnectError} if it is not the one that the user has accepted.
   */
  check(socket: TLSSocket, host: string, port: number): void {
    const server = serverName(host, port);
    const { fingerprint256 } = socket.getPeerCertificate();
    if (socket.authorized && isFor(socket, host)) return;
    if (typeof fingerprint256 !== "string") throw new ConnectError("the server has no certificate");
    const fingerprint = `SHA256:${fingerprint256}`;
    const known = this.known.find(server);
    if (known?.fingerprint === fingerprint) return;
    if (known !== undefined) {
      throw new ConnectError(
        `the certificate of ${server} has changed. It has the fingerprint ${fingerprint} now, and had ${known.fingerprint}. ` +
          "The connection may be intercepted. If the server has a new certificate, " +
          `remove line ${known.line} of ${this.known.path} and connect again`,
      );
    }
    if (this.known.isKnownAt(host, fingerprint)) return;
    const code = socket.authorized ? WRONG_HOST : String(socket.authorizationError);
    throw new UnknownCertificateError(server, fingerprint, REASONS[code] ?? "its authority is not known");
  }
}

/** A server in the list of known certificates. */
export function serverName(host: string, port: number): string {
  return `${bracketed(host).toLowerCase()}:${port}`;
}

/** Whether an authorized certificate is for a host: for an address without a server name, the runtime does not check it. */
function isFor(socket: TLSSocket, host: string): boolean {
  if (isIP(host) === 0) return true;
  const names = socket.getPeerCertificate().subjectaltname ?? "";
  return names.split(", ").some((name) => {
    const [, address = ""] = /^IP Address:(.*)$/.exec(name) ?? [];
    return address !== "" && canonical(address) === canonical(host);
  });
}

/** An address in its shortest form (RFC 5952), without the zone of a link-local one. */
function canonical(address: string): string {
  const [bare = ""] = address.split("%");
  return isIPv6(bare) ? new URL(`http://[${bare}]`).hostname : bare;
}
