/**
 * The server side of SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding: a client proves that it knows a password
 * without sending it, and the server proves that it has the keys of that password.
 *
 * The server stores two keys instead of the password. They cannot be used to log in elsewhere.
 */
import { Buffer } from "node:buffer";
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { queueDerivation } from "./password.ts";

/** The iterations of PBKDF2-HMAC-SHA256 (OWASP, "Password Storage Cheat Sheet"). */
export const ITERATIONS = 600_000;

/** The most characters of a client's nonce. */
export const NONCE_MAX = 256;

const SALT_LENGTH = 16;
const KEY_LENGTH = 32;

/** What is stored of a password (RFC 5802, section 3). */
export interface ScramKeys {
  readonly salt: Uint8Array;
  readonly iterations: number;
  /** StoredKey: verifies the proof of a client. */
  readonly stored: Uint8Array;
  /** ServerKey: proves the server to a client. */
  readonly server: Uint8Array;
}

/**
 * Derives the keys of a password, in the queue of derivations: it takes as long as scrypt.
 *
 * @throws {BusyError} when too many derivations wait.
 */
export async function deriveKeys(
  password: string,
  salt: Uint8Array<ArrayBuffer> = new Uint8Array(randomBytes(SALT_LENGTH)),
  iterations: number = ITERATIONS,
): Promise<ScramKeys> {
  const salted = await queueDerivation(() => pbkdf2(password, salt, iterations));
  const stored = createHash("sha256").update(hmac(salted, "Client Key")).digest();
  return { salt, iterations, stored, server: hmac(salted, "Server Key") };
}

/**
 * Returns keys for a name without an account. The salt is always the same for a name, so that clients cannot tell from it
 * whether the account exists, and no proof is valid.
 *
 * @param secret Only the server may know it.
 */
export function fakeKeys(name: string, secret: Uint8Array): ScramKeys {
  const salt = hmac(secret, `no such account: ${name}`).subarray(0, SALT_LENGTH);
  return { salt, iterations: ITERATIONS, stored: randomBytes(KEY_LENGTH), server: randomBytes(KEY_LENGTH) };
}

/** A message is malformed, or the client does not know the password. */
export class ScramError extends Error {
  override name = "ScramError";
}

/** The client-first-message (RFC 5802, section 7). */
interface ClientFirst {
  /** The gs2-header, which the client repeats in its last message. */
  readonly header: string;
  /** The client-first-message-bare, which is part of what is signed. */
  readonly bare: string;
  readonly name: string;
  readonly nonce: string;
}

/** One exchange of four messages: client-first, server-first, client-final, server-final. */
export class ScramExchange {
  readonly #nonce: string;
  #first: ClientFirst | undefined;
  #keysFor: ((name: string) => ScramKeys) | undefined;
  #serverFirst = "";
  #over = false;

  /** @param nonce The server's part of the nonce. */
  constructor(nonce: string = randomBytes(18).toString("base64")) {
    this.#nonce = nonce;
  }

  /** The name that the client has sent; empty before its first message. */
  get name(): string {
    return this.#first?.name ?? "";
  }

  /**
   * Takes the client-first-message and returns the server-first-message.
   *
   * @param keysFor Returns the keys of a name, or fake ones. It is called again for the last message, by which time the
   * account may have another password, or another owner.
   * @throws {ScramError} when the message is malformed or was sent before.
   */
  first(message: string, keysFor: (name: string) => ScramKeys): string {
    if (this.#first !== undefined) throw new ScramError("Cannot begin: the exchange has already begun");
    this.#first = readFirst(message);
    this.#keysFor = keysFor;
    const { salt, iterations } = keysFor(this.#first.name);
    this.#serverFirst = `r=${this.#first.nonce}${this.#nonce},s=${base64(salt)},i=${iterations}`;
    return this.#serverFirst;
  }

  /**
   * Takes the client-final-message, verifies its proof, and returns the server-final-message.
   *
   * @throws {ScramError} when the proof is wrong, or the message is malformed or unexpected.
   */
  last(message: string): string {
    if (this.#first === undefined || this.#keysFor === undefined || this.#over) {
      throw new ScramError("Cannot go on: this message is not expected now");
    }
    this.#over = true; // one attempt an exchange, so that a recorded proof cannot be replayed
    const { header, bare, name, nonce } = this.#first;
    const [, binding = "", nonces = "", proof = ""] = LAST.exec(message) ?? [];
    if (proof === "") throw new ScramError("Cannot read the last message");
    if (binding !== base64(Buffer.from(header))) throw new ScramError("Cannot bind to a channel");
    if (nonces !== nonce + this.#nonce) throw new ScramError("Cannot accept this nonce");
    const signed = `${bare},${this.#serverFirst},${message.slice(0, message.lastIndexOf(",p="))}`;
    const { stored, server } = this.#keysFor(name); // the current keys: a proof with an earlier salt does not match
    const signature = hmac(stored, signed);
    const sent = Buffer.from(proof, "base64");
    const key = Buffer.alloc(KEY_LENGTH);
    for (let i = 0; i < KEY_LENGTH; i++) key[i] = signature[i]! ^ (sent[i] ?? 0);
    const matches = timingSafeEqual(createHash("sha256").update(key).digest(), stored);
    if (sent.length !== KEY_LENGTH || !matches) throw new ScramError("Cannot accept this proof");
    return `v=${base64(hmac(server, signed))}`;
  }
}

// RFC 5802, section 7. "y" is accepted: the client supports channel binding and has seen that the server does not. A
// mandatory extension ("m=") does not match, as the name has to come first.
const FIRST = /^([ny],(?:a=([^,]+))?,)(n=([^,]+),r=([!-+\--~]+)(?:,.*)?)$/s;
const LAST = /^c=([A-Za-z0-9+/]+={0,2}),r=([!-+\--~]+)(?:,[A-Za-z]=[^,]*)*?,p=([A-Za-z0-9+/]+={0,2})$/;

function readFirst(message: string): ClientFirst {
  const [, header = "", other, bare = "", name = "", nonce = ""] = FIRST.exec(message) ?? [];
  if (bare === "" || nonce.length > NONCE_MAX) throw new ScramError("Cannot read the first message");
  const first = { header, bare, name: unescape(name), nonce };
  if (other !== undefined && unescape(other) !== first.name) {
    throw new ScramError("Cannot act for another user: authzid is not supported");
  }
  return first;
}

/** Decodes a saslname: `=2C` for a comma, `=3D` for an equals sign. */
function unescape(name: string): string {
  if (/=(?!2C|3D)/.test(name)) throw new ScramError("Cannot read the name");
  return name.replaceAll("=2C", ",").replaceAll("=3D", "=");
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** Uses Web Crypto, which takes a fifth of the time of `node:crypto`. */
async function pbkdf2(password: string, salt: Uint8Array<ArrayBuffer>, iterations: number): Promise<Uint8Array> {
  const bytes = new TextEncoder().encode(password);
  const key = await crypto.subtle.importKey("raw", bytes, "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return new Uint8Array(await crypto.subtle.deriveBits(how, key, 8 * KEY_LENGTH));
}
