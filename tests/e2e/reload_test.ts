/**
 * Config files: read at the start, and again on SIGHUP and REHASH. A file that cannot be used is reported, and the
 * previous content stays in use.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { hashPassword } from "../../src/accounts/password.ts";
import { Certificates, noCertificates } from "../certificates.ts";
import { test } from "./forms.ts";
import { Client, type Program, run, start } from "./harness.ts";

const noSignal = Deno.build.os === "windows" ? "there is no SIGHUP" : undefined;

/** A temporary directory of files that only their owner can read, unless a test says otherwise. */
class Folder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<Folder> {
    return new Folder(await Deno.makeTempDir());
  }

  async write(name: string, content: string | Uint8Array, mode = 0o600): Promise<string> {
    const path = `${this.path}/${name}`;
    await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    await Deno.chmod(path, mode);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

const entry = async (name: string, password: string) => `${name} ${await hashPassword(password)}\n`;

/** Sends a password to the text listener. Returns the client if it is accepted, or else the error line. */
async function admitted(server: Program, password: string): Promise<Client | string> {
  const client = new Client(await Deno.connect({ port: server.port }));
  await client.send(password);
  const answer = await client.until(/^-- (Welcome|Wrong password)/);
  if (/^-- Welcome/.test(answer)) return client;
  client[Symbol.dispose]();
  return answer;
}

/** The answer to OPER on the IRC port. */
async function oper(client: Client, name: string, password: string): Promise<string> {
  await client.send(`OPER ${name} :${password}`);
  return (await client.until(/ (381|464|491) /)).split(" ")[1]!;
}

test(
  "files: SIGHUP rereads motd, operators and password, and logs each",
  async (form) => {
    await using folder = await Folder.make();
    const motd = await folder.write("motd", "Be kind.\n");
    const bob = await entry("bob", "abracadabra");
    const operators = await folder.write("operators", await entry("alice", "open sesame") + bob);
    const password = await folder.write("password", "knock knock\n");
    const flags = ["--motd", motd, "--operators", operators, "--password-file", password, "--max-failures", "10"];
    await using server = await start(form, flags);
    using guest = await admitted(server, "knock knock") as Client;
    await guest.send("/nick guest", "/oper bob abracadabra");
    await guest.until(/server operator now/);
    using alice = new Client(await Deno.connect({ port: server.ircPort }));
    await alice.send("PASS :knock knock", "NICK alice", "USER a 0 * :a");
    await alice.until(/ 376 /);
    assertEquals(await oper(alice, "alice", "open sesame"), "381");

    await folder.write("motd", "Be kinder.\n");
    await folder.write("operators", bob + await entry("carol", "please"));
    await folder.write("password", "who is there\n");
    server.kill("SIGHUP");
    for (const what of ["motd", "operators", "password"]) {
      await server.logged(new RegExp(` info ${what} reloaded file=`));
    }
    await server.logged(/ info reloaded\n/);
    await alice.until(/ NOTICE \* :You are no longer a server operator/); // alice's line was removed
    await alice.send("WALLOPS :hello");
    await alice.until(/ 481 alice /);
    await server.logged(/ warn operator revoked .*operator=alice/);
    assertEquals(await oper(alice, "alice", "open sesame"), "464");
    assertEquals(await oper(alice, "carol", "please"), "381");
    await guest.send("/stats"); // bob's line was reread, but is unchanged
    await guest.until(/^-- Up for /);
    using late = await admitted(server, "who is there") as Client;
    await late.until("-- Be kinder.");

    // REHASH does the same, and reports errors to its sender.
    await folder.write("motd", "Be kindest.\n");
    await folder.write("password", "\n");
    await alice.send("REHASH");
    await alice.until(/ 382 alice motd,operators,password :Rehashing/);
    assertMatch(await alice.until(/REHASH: /), /Cannot use --password-file ".*": its first line is empty/);
    await server.logged(/ error password not reloaded: the previous one stays in use /);
    await alice.send("MOTD");
    await alice.until(/ 372 alice :- Be kindest\.$/);
    using later = await admitted(server, "who is there") as Client;
    await later.until("-- Be kindest.");
    assert(typeof await admitted(server, "knock knock") === "string", "the old password is still accepted");
  },
  noSignal,
);

/** Invalid contents of each file, with the expected error. */
const BROKEN: Record<string, Record<string, [content: string | Uint8Array, why: RegExp]>> = {
  motd: {
    "not UTF-8": [new Uint8Array([0x63, 0x61, 0x66, 0xe9, 0x0a]), /it is not UTF-8/],
    "too large": ["x".repeat(65_537), /it has more than 65536 bytes/],
    "too long": ["\n".repeat(1000) + "x", /it has more than 1000 lines/],
    "without end": [new Uint8Array(2 ** 20 + 1), /it has more than 1048576 bytes/],
  },
  operators: {
    "of another form": ["alice hunter2\n", /line 1 is not a name and a hash/],
    "not UTF-8": [new Uint8Array([0xe9]), /it is not UTF-8/],
  },
  password: {
    "empty": ["", /its first line is empty/],
    "binary": [new Uint8Array([0xe9, 0x0a]), /it is not UTF-8/],
    "too large": ["x\n".repeat(3000), /it has more than 4096 bytes/],
  },
};

test(
  "files: an invalid file is rejected at the start, and the previous content stays in use on SIGHUP",
  async (form) => {
    await using folder = await Folder.make();
    const good: Record<string, string> = {
      motd: "Hello.\n",
      operators: await entry("root", "open sesame"),
      password: "word\n",
    };
    const paths: Record<string, string> = {};
    for (const [name, content] of Object.entries(good)) paths[name] = await folder.write(name, content);
    const flag = (name: string) => name === "password" ? "--password-file" : `--${name}`;
    await using server = await start(form, Object.entries(paths).flatMap(([name, path]) => [flag(name), path]));
    /** Reloads the files, one of which is invalid. Returns its log line once all are read. */
    const rejected = async (name: string) => {
      server.kill("SIGHUP");
      const line = await server.logged(new RegExp(` error ${name} not reloaded: `));
      if (name !== "password") await server.logged(/ info password reloaded /); // it is read last
      return line;
    };
    for (const [name, cases] of Object.entries(BROKEN)) {
      for (const [kind, [content, why]] of Object.entries(cases)) {
        await folder.write(name, content);
        const { code, stdout, stderr } = await run(form, [flag(name), paths[name]!]);
        assertEquals([code, stdout], [2, ""], `${name} ${kind}`);
        assertMatch(stderr, new RegExp(`^Cannot use ${flag(name)} "${paths[name]}": ${why.source}[^\n]*\n$`), kind);
        assertMatch(await rejected(name), why, `${name} ${kind}`);
        await folder.write(name, good[name]!);
      }
      await Deno.remove(paths[name]!);
      await Deno.mkdir(paths[name]!);
      assertMatch(await rejected(name), /it is a directory/);
      await Deno.remove(paths[name]!);
      assertMatch(await rejected(name), /no such file/);
      await folder.write(name, good[name]!);
    }
    using alice = await admitted(server, "word") as Client;
    await alice.until("-- Hello.");
    await alice.send("/oper root open sesame");
    await alice.until(/server operator now/);
  },
  noSignal,
);

test("files: text is decoded with a byte order mark, with CRLF and as UTF-16", async (form) => {
  await using folder = await Folder.make();
  const utf16 = (text: string) =>
    new Uint8Array(new Uint16Array([0xfeff, ...text.split("").map((c) => c.charCodeAt(0))]).buffer);
  const spellings = {
    crlf: (text: string) => text.replaceAll("\n", "\r\n"),
    bom: (text: string) => `\ufeff${text}`,
    utf16,
  };
  for (const [name, spell] of Object.entries(spellings)) {
    const motd = await folder.write("motd", spell("Grüße.\n\nBe kind.\n"));
    const operators = await folder.write("operators", spell(`# who\n${await entry("root", "open sesame")}`));
    const password = await folder.write("password", spell("wörd\nand more\n"));
    await using server = await start(form, ["--motd", motd, "--operators", operators, "--password-file", password]);
    using alice = await admitted(server, "wörd") as Client;
    await alice.until("-- Grüße."); // a late password is followed by the hint at `tincan connect`
    assertEquals(await alice.lines(2), ["-- ", "-- Be kind."], name);
    await alice.send("/oper root open sesame");
    await alice.until(/server operator now/);
  }
});

test("motd: control characters, escape sequences and bidirectional controls are removed", async (form) => {
  await using folder = await Folder.make();
  const motd = "\ufeff\x1b[1;31mred\x1b[0m \x9b2Jnow\0\x07\x7f\rnext\r\n\u202eevil\u2066 \x02bold\x02\ttab\n";
  await using server = await start(form, ["--motd", await folder.write("motd", `${motd}${"ü".repeat(1000)}\n\n \n`)]);
  using alice = await Client.join(server.port);
  assertEquals(await alice.lines(4), ["-- red now", "-- next", "-- evil bold\ttab", `-- ${"ü".repeat(1000)}`]);
  using bob = new Client(await Deno.connect({ port: server.ircPort }));
  await bob.send("NICK bob", "USER b 0 * :b");
  await bob.until(/ 376 /);
  const lines = bob.received.split("\r\n");
  const shown = lines.flatMap((line) => / 372 bob :- (.*)$/s.exec(line)?.slice(1) ?? []);
  assertEquals(shown.slice(0, 3), ["red now", "next", "evil \x02bold\x02\ttab"]);
  assertEquals(shown.slice(3).join(""), "ü".repeat(1000));
  // deno-lint-ignore no-control-regex -- the test asserts that no control character is sent
  assertEquals(bob.received.replaceAll("\r\n", "").match(/[\0\r\n\x07\x1b\x7f-\x9f\u202e\u2066\ufeff]/g), null);
  for (const line of lines) assert(new TextEncoder().encode(line).length <= 510, line);
});

test("files: a secret file that others can read is logged as a warning at the start and on SIGHUP", async (form) => {
  await using folder = await Folder.make();
  const operators = await folder.write("operators", "# nobody\n", 0o640);
  const password = await folder.write("password", "word\n", 0o604);
  const motd = await folder.write("motd", "hello\n", 0o644);
  await using server = await start(form, ["--operators", operators, "--password-file", password, "--motd", motd]);
  for (const [file, mode] of [[operators, 640], [password, 604]]) {
    await server.logged(
      new RegExp(` warn secret file can be read by others: chmod 600 it file=${file} mode=${mode}\n`),
    );
  }
  await Deno.chmod(operators, 0o600);
  await Deno.chmod(password, 0o644);
  server.kill("SIGHUP");
  await server.logged(new RegExp(` warn secret file .* file=${password} mode=644\n`));
  await server.logged(/ info reloaded\n/);
  assertEquals(server.log.all.match(/ warn /g)?.length, 3, server.log.all);
}, noSignal);

/** Files that openssl makes, but that fail every handshake or are not what the flag expects. */
async function unusable(certificates: Certificates, good: { cert: string; key: string }) {
  const short = await certificates.issue("short", 30, "-newkey rsa:1024 -nodes");
  const curve = await certificates.issue("curve", 30, "-newkey ec -pkeyopt ec_paramgen_curve:secp256k1 -nodes");
  const other = await certificates.issue("other");
  await certificates.openssl(`x509 -in ${good.cert} -outform der -out good.der`);
  await Deno.writeTextFile(`${certificates.path}/empty`, "");
  return [
    [short, /an RSA key of 1024 bits is too short/],
    [curve, /keys of type secp256k1 are not supported/],
    [{ cert: good.cert, key: other.key }, /it does not match the certificate/],
    [{ cert: `${certificates.path}/good.der`, key: good.key }, /it is binary/],
    [{ cert: `${certificates.path}/empty`, key: good.key }, /it contains no certificate/],
    [{ cert: certificates.path, key: good.key }, /it is a directory/],
  ] as const;
}

test("certificate: one that no client could connect with is rejected at the start and on SIGHUP", async (form) => {
  await using certificates = await Certificates.make();
  const good = await certificates.issue("good");
  const [cert, key] = [`${certificates.path}/live.pem`, `${certificates.path}/live.key`];
  const use = async (files: { cert: string; key: string }) => {
    for (const [from, to] of [[files.cert, cert], [files.key, key]] as const) {
      await Deno.remove(to).catch(() => {});
      await Deno.symlink(from, to);
    }
  };
  await use(good);
  await using server = await start(form, ["--tls-cert", cert, "--tls-key", key]);
  for (const [files, why] of await unusable(certificates, good)) {
    await use(files);
    const { code, stdout, stderr } = await run(form, ["--tls-cert", cert, "--tls-key", key]);
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, new RegExp(`^Cannot use --tls-(cert|key) "[^"]+": ${why.source}[^\n]*\n$`));
    server.kill("SIGHUP");
    assertMatch(await server.logged(/ error certificate not reloaded: the previous one stays in use /), why);
    assertEquals(await shownBy(server.port), "good");
  }
  // A byte order mark and CRLF, which other programs tolerate, are accepted.
  const next = await certificates.issue("next");
  for (const path of [next.cert, next.key]) {
    await Deno.writeTextFile(path, `\ufeff${(await Deno.readTextFile(path)).replaceAll("\n", "\r\n")}`);
  }
  await use(next);
  server.kill("SIGHUP");
  await server.logged(/ info certificate reloaded subject=/);
  for (const port of [server.port, server.ircPort, server.webPort]) assertEquals(await shownBy(port), "next");
  await Deno.chmod(next.key, 0o640); // readable by a group on purpose
  server.kill("SIGHUP");
  await server.logged(/ info reloaded\n/);
  assert(!server.log.all.includes(" warn "), server.log.all);
  await Deno.chmod(next.key, 0o644);
  server.kill("SIGHUP");
  await server.logged(/ warn secret file can be read by others: chmod 600 it file=\S*live\.key mode=644\n/);
}, noCertificates ?? noSignal);

/** The subject of the certificate that a port presents, after a successful handshake. */
async function shownBy(port: number): Promise<string> {
  const args = ["s_client", "-connect", `127.0.0.1:${port}`];
  const { stdout } = await new Deno.Command("openssl", { args, stdin: "null", stderr: "null" }).output();
  const text = new TextDecoder().decode(stdout);
  assertMatch(text, /Cipher is TLS_|Cipher is ECDHE/);
  return /subject=CN ?= ?(.*)/.exec(text)?.[1] ?? "";
}
