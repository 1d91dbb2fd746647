/** Certificates for tests, made by `openssl`: an authority, and certificates that it has signed. */
import { notInstalled } from "./e2e/harness.ts";

/** Why certificates cannot be made here, if so. */
export const noCertificates = notInstalled("openssl");

/** A temporary directory with certificates. */
export class Certificates implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<Certificates> {
    const made = new Certificates(await Deno.makeTempDir());
    await made.openssl(`req -x509 ${NEW_KEY} -keyout ca.key -out ca.pem -days 30 -subj /CN=authority`);
    return made;
  }

  /** The path of the authority's certificate. */
  get authority(): string {
    return `${this.path}/ca.pem`;
  }

  /** Makes a certificate chain for localhost and its key, and returns their paths. */
  async issue(name: string, days = 30, newKey = NEW_KEY, more = ""): Promise<{ cert: string; key: string }> {
    await Deno.writeTextFile(
      `${this.path}/ext`,
      "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\nbasicConstraints=CA:FALSE\n",
    );
    await this.openssl(`req ${newKey} -keyout ${name}.key -out ${name}.req -subj /CN=${name}`);
    const by = `-CA ca.pem -CAkey ca.key -CAcreateserial -extfile ext -days ${days} ${more}`.trimEnd();
    await this.openssl(`x509 -req -in ${name}.req -out ${name}.pem ${by}`);
    const [cert, key] = [`${this.path}/${name}.pem`, `${this.path}/${name}.key`];
    await Deno.writeTextFile(cert, await Deno.readTextFile(this.authority), { append: true });
    return { cert, key };
  }

  /** Runs `openssl` in the directory. */
  async openssl(args: string): Promise<void> {
    const { success, stderr } = await new Deno.Command("openssl", { args: args.split(" "), cwd: this.path }).output();
    if (!success) throw new Error(`openssl ${args}: ${new TextDecoder().decode(stderr)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

const NEW_KEY = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
