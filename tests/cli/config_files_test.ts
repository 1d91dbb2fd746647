/** Tests the files that flags name, in this process. `tests/e2e/reload_test.ts` has signals and what clients see of it. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { hashPassword } from "../../src/accounts/password.ts";
import { ConfigFiles, modeOf } from "../../src/cli/config_files.ts";
import type { Options } from "../../src/cli/options.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import { Log } from "../../src/monitoring/log.ts";
import { Certificates, noCertificates } from "../certificates.ts";
import { DEFAULTS } from "./parse.ts";

/** Flags that name files, and their values. */
type Named = Partial<Record<"motd" | "operators" | "passwordFile" | "tlsCert" | "tlsKey", string>>;

/** A temporary directory of files, and the log of what is read from it. */
class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync();
  readonly #lines: string[] = [];
  readonly #log = new Log("info", "text", {
    write: (bytes) => {
      this.#lines.push(...new TextDecoder().decode(bytes).trimEnd().split("\n"));
      return Promise.resolve(bytes.length);
    },
  });

  write(name: string, content: string | Uint8Array, mode = 0o600): string {
    const path = `${this.path}/${name}`;
    Deno.writeFileSync(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    if (Deno.build.os !== "windows") Deno.chmodSync(path, mode);
    return path;
  }

  open(named: Named, sendBuffer = DEFAULTS.sendBuffer, cluster?: Options["cluster"]): Promise<ConfigFiles> {
    return ConfigFiles.open({ ...DEFAULTS, ...named, sendBuffer, cluster }, this.#log);
  }

  /** The lines that were logged since the last call, without their times. */
  async logged(): Promise<string[]> {
    await this.#log.flushed();
    return this.#lines.splice(0).map((line) => line.split(" ").slice(2).join(" "));
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** The password that a file with a content gives, or the error behind the name of the file. */
async function passwordIn(folder: Folder, content: string | Uint8Array): Promise<string | undefined> {
  const passwordFile = folder.write("password", content);
  try {
    return (await folder.open({ passwordFile })).password;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const start = `Cannot use --password-file "${passwordFile}": `;
    assertEquals(error.message.slice(0, start.length), start);
    return error.message.slice(start.length);
  }
}

Deno.test("config files: the password is the first line, in the form in which passwords are compared", async () => {
  using folder = new Folder();
  for (const text of ["open sesame", "open sesame\nmore", "open sesame\r\n", "open sesame\rmore"]) {
    assertEquals(await passwordIn(folder, text), "open sesame", JSON.stringify(text));
  }
  assertEquals(await passwordIn(folder, "ﬁsh\u00ad\u00a0x\n"), "fish x");
  assertEquals(await passwordIn(folder, "😀".repeat(100)), "😀".repeat(100), "200 UTF-16 code units, 400 bytes");
  assertEquals(await passwordIn(folder, "p".repeat(200)), "p".repeat(200));
  assertEquals(await passwordIn(folder, "word\n" + "x".repeat(4091)), "word", "4096 bytes");
});

Deno.test("config files: a password file that cannot be used is rejected with the reason", async () => {
  using folder = new Folder();
  assertEquals(await passwordIn(folder, ""), "its first line is empty");
  assertEquals(await passwordIn(folder, "\nword"), "its first line is empty");
  assertEquals(await passwordIn(folder, "p".repeat(201)), "its first line has more than 200 characters");
  assertEquals(await passwordIn(folder, "😀".repeat(101)), "its first line has more than 400 bytes");
  assertEquals(await passwordIn(folder, "a\x07b"), "its first line has characters that are not allowed in a password");
  assertEquals(await passwordIn(folder, "word\n" + "x".repeat(4092)), "it has more than 4096 bytes");
  assertEquals(await passwordIn(folder, new Uint8Array([0x77, 0xe9])), "it is not UTF-8");
});

Deno.test("config files: a text in UTF-16 of either byte order is decoded", async () => {
  using folder = new Folder();
  const bytes = [0xfe, 0xff, ...[..."wörd"].flatMap((letter) => [0, letter.charCodeAt(0)])];
  const swapped = bytes.map((_, n) => bytes[n ^ 1]!);
  assertEquals(await passwordIn(folder, new Uint8Array(bytes)), "wörd");
  assertEquals(await passwordIn(folder, new Uint8Array(swapped)), "wörd");
});

Deno.test("config files: the message of the day must fit into half of the send buffer", async () => {
  using folder = new Folder();
  const motd = folder.write("motd", "x".repeat(100)); // 2 * 100 bytes, and 200 for a line on IRC
  assertEquals((await folder.open({ motd }, 800)).motd.lines, ["x".repeat(100)]);
  const error = await assertRejects(() => folder.open({ motd }, 798), UsageError);
  assertEquals(error.message, `Cannot use --motd "${motd}": it does not fit into half of --send-buffer`);
});

Deno.test({
  name: "config files: a secret file is reported when its group or others can read it, but a key only for others",
  ignore: Deno.build.os === "windows" || noCertificates !== undefined,
  async fn() {
    using folder = new Folder();
    await using certificates = await Certificates.make();
    const { cert, key } = await certificates.issue("server");
    const operators = folder.write("operators", `root ${await hashPassword("open sesame")}\n`);
    const named = {
      motd: folder.write("motd", "hi", 0o644),
      operators,
      passwordFile: folder.write("password", "word"),
      tlsCert: cert,
      tlsKey: key,
    };
    await Deno.chmod(cert, 0o644);
    const warned = async (mode: number) => {
      for (const path of [operators, named.passwordFile, key]) await Deno.chmod(path, mode);
      await folder.open(named);
      return (await folder.logged()).map((line) => /^warn secret file .* file=(\S+) mode=(\d+)$/.exec(line)?.slice(1));
    };
    assertEquals(await warned(0o600), []);
    assertEquals(await warned(0o640), [[operators, "640"], [named.passwordFile, "640"]]);
    assertEquals(await warned(0o604), [[operators, "604"], [named.passwordFile, "604"], [key, "604"]]);
    assertEquals([modeOf(0o100040), modeOf(0o7)], ["040", "007"]);
  },
});

Deno.test("config files: a reload reads all files, reports each that cannot be used, and leaves its content in use", async () => {
  using folder = new Folder();
  const hashes = [await hashPassword("one"), await hashPassword("two")];
  const named = {
    motd: folder.write("motd", "one"),
    operators: folder.write("operators", `alice ${hashes[0]}\nbob ${hashes[0]}\n`),
    passwordFile: folder.write("password", "one"),
  };
  const files = await folder.open(named);
  folder.write("motd", new Uint8Array([0xe9]));
  folder.write("operators", `alice ${hashes[0]}\nbob ${hashes[1]}\n`);
  folder.write("password", "two");
  const why = `Cannot use --motd "${named.motd}": it is not UTF-8`;
  assertEquals(await files.reload(), { done: ["operators", "password"], failed: [{ what: "motd", why }] });
  assertEquals([files.motd.lines, files.password, files.revoked], [["one"], "two", ["bob"]]);
  assertEquals((await folder.logged()).map((line) => line.split(/ file=| error=/)[0]), [
    "error motd not reloaded: the previous one stays in use",
    "info operators reloaded",
    "info password reloaded",
  ]);
  folder.write("motd", "two");
  folder.write("operators", "\xe9");
  assertEquals((await files.reload()).failed.map(({ what }) => what), ["operators"]);
  assertEquals([files.motd.lines, files.revoked], [["two"], []], "no line of an unusable file is revoked");
});

Deno.test("config files: the files of a cluster are read at the start alone, and their contents are checked", async () => {
  using folder = new Folder();
  const creds = "-----BEGIN NATS USER JWT-----\neyJ0\n------END NATS USER JWT------\n";
  const ca = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
  const cluster = {
    servers: "nats://localhost",
    name: "tincan",
    replicas: 1,
    node: undefined,
    credsFile: folder.write("a.creds", creds, 0o640),
    caFile: folder.write("ca.pem", ca, 0o644),
  };
  const files = await folder.open({}, undefined, cluster);
  assertEquals(files.cluster, { creds, ca });
  if (Deno.build.os !== "windows") {
    const warning = "warn secret file can be read by others: chmod 600 it";
    assertEquals(await folder.logged(), [`${warning} file=${cluster.credsFile} mode=640`]);
  }
  folder.write("a.creds", "");
  assertEquals(await files.reload(), { done: [], failed: [] });
  assertEquals(files.cluster, { creds, ca });
  const empty = { credsFile: "--cluster-creds", caFile: "--cluster-ca" };
  for (const [name, flag] of Object.entries(empty)) {
    const path = folder.write("empty", "-----BEGIN nothing-----\n");
    const message = `Cannot use ${flag} "${path}": it has no line -----BEGIN `;
    folder.write("a.creds", creds);
    await assertRejects(() => folder.open({}, undefined, { ...cluster, [name]: path }), UsageError, message);
  }
});

Deno.test("config files: a reload that is asked for during another one reads the files after it", async () => {
  using folder = new Folder();
  const motd = folder.write("motd", "one");
  const files = await folder.open({ motd });
  const ended: string[] = [];
  const first = files.reload().then(() => {
    ended.push(`first ${files.motd.lines}`);
    folder.write("motd", "two"); // before the second reload begins, which waits for the first one too
  });
  const second = files.reload().then(() => ended.push(`second ${files.motd.lines}`));
  await Promise.all([first, second]);
  assertEquals(ended, ["first one", "second two"]);
});

Deno.test("config files: nothing is read or reported when no flag names a file", async () => {
  using folder = new Folder();
  const files = await folder.open({});
  assertEquals([files.password, files.tls, files.motd.lines], [undefined, undefined, []]);
  assertEquals(await files.reload(), { done: [], failed: [] });
  assertEquals(await folder.logged(), ["info nothing to reload: no flag names a file"]);
});

Deno.test({
  name: "config files: a certificate is reloaded with any text around it, and stays in use when the new one is broken",
  ignore: noCertificates !== undefined,
  async fn() {
    using folder = new Folder();
    await using certificates = await Certificates.make();
    const { cert: tlsCert, key: tlsKey } = await certificates.issue("server");
    const files = await folder.open({ tlsCert, tlsKey });
    const pem = await Deno.readFile(tlsCert);
    await Deno.writeFile(tlsCert, new Uint8Array([0xe9, 0x0a, ...pem])); // RFC 7468, section 2: "explanatory text"
    assertEquals(await files.reload(), { done: ["certificate"], failed: [] });
    const [, reloaded] = (await folder.logged()).map((line) => line.split(" subject=")[0]);
    assertEquals(reloaded, "info reloaded");
    await Deno.writeTextFile(tlsCert, "");
    const { done, failed } = await files.reload();
    assertEquals([done, failed.map(({ what }) => what)], [[], ["certificate"]]);
    assertMatch(failed[0]!.why, /it contains no certificate/);
    assertEquals((await folder.logged()).length, 1, "it is not called reloaded");
  },
});
