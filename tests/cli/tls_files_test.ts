import { assertEquals, assertMatch } from "@std/assert";
import { Log } from "../../src/monitoring/log.ts";
import { TlsFiles } from "../../src/cli/tls_files.ts";
import { Certificates, noCertificates } from "../certificates.ts";

const DAY = 24 * 60 * 60_000;

/** A log, and the lines that are written to it. */
function recordedLog() {
  const lines: string[] = [];
  const write = (bytes: Uint8Array) => {
    lines.push(...new TextDecoder().decode(bytes).trimEnd().split("\n"));
    return Promise.resolve(bytes.length);
  };
  return { lines, log: new Log("info", "text", { write }) };
}

Deno.test({
  name: "tls files: a warning is logged each day when the certificate expires in two weeks or has expired",
  ignore: noCertificates !== undefined,
  async fn() {
    const { lines, log } = recordedLog();
    await using certificates = await Certificates.make();
    const files = await certificates.issue("soon", 20);
    const [setInterval, now] = [globalThis.setInterval, Date.now()];
    const timers: [() => void, number?][] = [];
    const repeat: unknown = (run: () => void, time?: number) => timers.push([run, time]);
    globalThis.setInterval = repeat as typeof setInterval;
    let tlsFiles;
    try {
      tlsFiles = await TlsFiles.open(files, Deno.readTextFile, log);
    } finally {
      globalThis.setInterval = setInterval;
    }
    assertEquals(timers.map(([, time]) => time), [DAY]);
    timers[0]![0]();
    tlsFiles.checkDates(new Date(now + 5 * DAY));
    await log.flushed();
    assertEquals(lines, []);
    for (const [days, why] of [[7, "it expires on"], [8, "it expires on"], [21, "it expired on"]] as const) {
      tlsFiles.checkDates(new Date(now + days * DAY));
      await log.flushed();
      assertMatch(lines.splice(0).join(), new RegExp(`^\\S+ \\S+ warn certificate out of date file=\\S+ why="${why} `));
    }
    const newer = await certificates.issue("newer", 90);
    for (const it of ["cert", "key"] as const) await Deno.rename(newer[it], files[it]);
    await tlsFiles.reload();
    tlsFiles.checkDates(new Date(now + 21 * DAY));
    await log.flushed();
    assertMatch(lines.splice(0).join(), /^\S+ \S+ info certificate reloaded subject="?CN=newer"? until=\S+$/);
    const late = await certificates.issue("late", 5);
    for (const it of ["cert", "key"] as const) await Deno.rename(late[it], files[it]);
    await tlsFiles.reload();
    await log.flushed();
    const [reloaded, warned, ...more] = lines.splice(0);
    assertMatch(reloaded!, / info certificate reloaded subject="?CN=late"? /);
    assertMatch(warned!, / warn certificate out of date /);
    assertEquals(more, []);
  },
});

Deno.test({
  name: "tls files: a certificate that expires soon, or that browsers reject, is reported at the start and by a reload",
  ignore: noCertificates !== undefined,
  async fn() {
    const { lines, log } = recordedLog();
    await using certificates = await Certificates.make();
    const [cert, key] = [`${certificates.path}/weak.pem`, `${certificates.path}/weak.key`];
    const newKey = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    await certificates.openssl(`req -x509 ${newKey} -keyout weak.key -out weak.pem -days 5 -subj /CN=weak`);
    const messages = async () => {
      await log.flushed();
      return lines.splice(0).map((line) => line.split(" ").slice(2).join(" ").replace(/ (subject|file)=.*/, ""));
    };
    const warnings = ["warn certificate out of date", "warn weak certificate"];
    const setInterval = globalThis.setInterval;
    globalThis.setInterval = (() => 0) as unknown as typeof setInterval;
    let files;
    try {
      files = await TlsFiles.open({ cert, key }, Deno.readTextFile, log);
    } finally {
      globalThis.setInterval = setInterval;
    }
    assertEquals(await messages(), warnings);
    assertEquals(await files.reload(), undefined);
    assertEquals(await messages(), ["info certificate reloaded", ...warnings]);
  },
});
