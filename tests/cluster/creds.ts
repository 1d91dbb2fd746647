/** A NATS account with users who log in with `.creds` files, as its tool `nsc` makes them. */
import { nkeys } from "@nats-io/transport-node";

type KeyPair = ReturnType<typeof nkeys.createUser>;

const encoder = new TextEncoder();

/** Signs claims as NATS does: JWT with an Ed25519 signature by an nkey. */
function sign(issuer: KeyPair, subject: KeyPair, nats: Record<string, unknown>, expires?: number): string {
  const header = { typ: "JWT", alg: "ed25519-nkey" };
  const claims = {
    jti: crypto.randomUUID(),
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    sub: subject.getPublicKey(),
    name: "test",
    ...(expires === undefined ? {} : { exp: expires }),
    nats: { version: 2, ...nats },
  };
  const encode = (bytes: Uint8Array) => new Uint8Array(bytes).toBase64({ alphabet: "base64url", omitPadding: true });
  const text = [header, claims].map((each) => encode(encoder.encode(JSON.stringify(each)))).join(".");
  return `${text}.${encode(issuer.sign(encoder.encode(text)))}`;
}

/** An operator with an account that may use JetStream. */
export class Account {
  /** For the configuration of the server. */
  readonly config: string;
  readonly #account = nkeys.createAccount();

  constructor() {
    const operator = nkeys.createOperator();
    const system = nkeys.createAccount();
    const limits = { subs: -1, data: -1, payload: -1, conn: -1, leaf: -1, imports: -1, exports: -1, wildcards: true };
    const jetstream = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
    const account = sign(operator, this.#account, { type: "account", limits: { ...limits, ...jetstream } });
    this.config = `
      operator: ${sign(operator, operator, { type: "operator" })}
      system_account: ${system.getPublicKey()}
      resolver: MEMORY
      resolver_preload: {
        ${system.getPublicKey()}: ${sign(operator, system, { type: "account", limits })}
        ${this.#account.getPublicKey()}: ${account}
      }`;
  }

  /**
   * The contents of a `.creds` file of a new user.
   *
   * @param expires When the user may log in no longer, in seconds since 1970.
   */
  creds(expires?: number): string {
    const user = nkeys.createUser();
    const token = sign(this.#account, user, { type: "user", subs: -1, data: -1, payload: -1 }, expires);
    const seed = new TextDecoder().decode(user.getSeed());
    return [
      "-----BEGIN NATS USER JWT-----",
      token,
      "------END NATS USER JWT------",
      "",
      "-----BEGIN USER NKEY SEED-----",
      seed,
      "------END USER NKEY SEED------",
      "",
    ].join("\n");
  }
}
