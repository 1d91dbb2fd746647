/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677), the server's side: a client shows that it knows a password without sending it, and
 * the server shows that it knows whose it is.
 *
 * Without channel binding. The server keeps no password but two keys, with which nobody can log in elsewhere.
 */
import { Buffer } from "node:buffer";
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { inTurn } from "./password.ts";

/** How often SHA-256 is applied (OWASP, "Password Storage Cheat Sheet", for PBKDF2-HMAC-SHA256). */
export const ITERATIONS = 600_000;

/** The most characters of a client's nonce: whoever has more has something else in mind. */
export const NONCE_MAX = 256;

const SALT_LENGTH = 16;
const KEY_LENGTH = 32;

/** What is kept of a password. */
export interface Keys {
  readonly salt: Uint8Array;
  readonly iterations: number;
  /** Tells whether a client has the password. */
  readonly stored: Uint8Array;
  /** Shows a client that the server knows it. */
  readonly server: Uint8Array;
}

/** Makes them of a password, in its turn: it takes as long as scrypt. */
export async function keysOf(
  password: string,
  salt: Uint8Array<ArrayBuffer> = new Uint8Array(randomBytes(SALT_LENGTH)),
  iterations: number = ITERATIONS,
): Promise<Keys> {
  const salted = await inTurn(() => pbkdf2(password, salt, iterations));
  const stored = createHash("sha256").update(hmac(salted, "Client Key")).digest();
  return { salt, iterations, stored, server: hmac(salted, "Server Key") };
}

/** What stands in for the keys of a name that nobody has: always the same for it, and no proof fits. */
export function noKeys(name: string, secret: Uint8Array): Keys {
  const salt = hmac(secret, `no such account: ${name}`).subarray(0, SALT_LENGTH);
  return { salt, iterations: ITERATIONS, stored: randomBytes(KEY_LENGTH), server: randomBytes(KEY_LENGTH) };
}

/** A client that does not keep to the rules, or that does not know the password. */
export class ScramError extends Error {
  override name = "ScramError";
}

/** What the first message of a client says. */
interface ClientFirst {
  /** The header, which the client says again in the end. */
  readonly header: string;
  /** What follows it, and is part of what is signed. */
  readonly bare: string;
  readonly name: string;
  readonly nonce: string;
}

/** One exchange: the client's first message, ours, its last one, and ours. */
export class ScramExchange {
  readonly #nonce: string;
  #first: ClientFirst | undefined;
  #keysFor: ((name: string) => Keys) | undefined;
  #serverFirst = "";
  #over = false;

  /** @param nonce Our part of it. */
  constructor(nonce: string = randomBytes(18).toString("base64")) {
    this.#nonce = nonce;
  }

  /** The name that the client has given. */
  get name(): string {
    return this.#first?.name ?? "";
  }

  /**
   * Takes the client's first message, and returns ours.
   *
   * @param keysFor The keys of a name: those of nobody, where it is nobody's. Asked again when the last message comes,
   * as the name may have another password by then, or be somebody else's.
   * @throws {ScramError}
   */
  first(message: string, keysFor: (name: string) => Keys): string {
    if (this.#first !== undefined) throw new ScramError("Cannot go on: the exchange has begun");
    this.#first = readFirst(message);
    this.#keysFor = keysFor;
    const { salt, iterations } = keysFor(this.#first.name);
    this.#serverFirst = `r=${this.#first.nonce}${this.#nonce},s=${base64(salt)},i=${iterations}`;
    return this.#serverFirst;
  }

  /**
   * Takes the client's last message, and returns ours, which shows that the client is who it says.
   *
   * @throws {ScramError} when it is not, or has shown nothing.
   */
  last(message: string): string {
    if (this.#first === undefined || this.#keysFor === undefined || this.#over) {
      throw new ScramError("Cannot go on: this is not what comes now");
    }
    this.#over = true; // one try an exchange: a proof that was heard is worth nothing in another
    const { header, bare, name, nonce } = this.#first;
    const [, binding = "", heard = "", proof = ""] = LAST.exec(message) ?? [];
    if (proof === "") throw new ScramError("Cannot read the last message");
    if (binding !== base64(Buffer.from(header))) throw new ScramError("Cannot bind to a channel");
    if (heard !== nonce + this.#nonce) throw new ScramError("Cannot accept this nonce");
    const signed = `${bare},${this.#serverFirst},${message.slice(0, message.lastIndexOf(",p="))}`;
    const { stored, server } = this.#keysFor(name); // those of now: no proof with another salt fits them
    const signature = hmac(stored, signed);
    const shown = Buffer.from(proof, "base64");
    const key = Buffer.alloc(KEY_LENGTH);
    for (let i = 0; i < KEY_LENGTH; i++) key[i] = signature[i]! ^ (shown[i] ?? 0);
    const known = timingSafeEqual(createHash("sha256").update(key).digest(), stored);
    if (shown.length !== KEY_LENGTH || !known) throw new ScramError("Cannot accept this proof");
    return `v=${base64(hmac(server, signed))}`;
  }
}

// RFC 5802, section 7. A client that could bind to the channel, and thinks that we cannot ("y"), is right. What a
// client demands that we know nothing of ("m=") is refused, as the name has to come first.
const FIRST = /^([ny],(?:a=([^,]+))?,)(n=([^,]+),r=([!-+\--~]+)(?:,.*)?)$/s;
const LAST = /^c=([A-Za-z0-9+/]+={0,2}),r=([!-+\--~]+)(?:,[A-Za-z]=[^,]*)*?,p=([A-Za-z0-9+/]+={0,2})$/;

function readFirst(message: string): ClientFirst {
  const [, header = "", other, bare = "", name = "", nonce = ""] = FIRST.exec(message) ?? [];
  if (bare === "" || nonce.length > NONCE_MAX) throw new ScramError("Cannot read the first message");
  const first = { header, bare, name: unescape(name), nonce };
  if (other !== undefined && unescape(other) !== first.name) throw new ScramError("Cannot act for somebody else");
  return first;
}

/** A name as it was before `,` and `=` in it were escaped. */
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

/** By the runtime's Web Crypto, which takes a fifth of the time of its OpenSSL. */
async function pbkdf2(password: string, salt: Uint8Array<ArrayBuffer>, iterations: number): Promise<Uint8Array> {
  const bytes = new TextEncoder().encode(password);
  const key = await crypto.subtle.importKey("raw", bytes, "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return new Uint8Array(await crypto.subtle.deriveBits(how, key, 8 * KEY_LENGTH));
}
