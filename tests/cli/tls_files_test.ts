import { assertEquals, assertMatch } from "@std/assert";
import { Log } from "../../src/monitoring/log.ts";
import { TlsFiles } from "../../src/cli/tls_files.ts";
import { Certificates, noCertificates } from "../certificates.ts";

const DAY = 24 * 60 * 60_000;

Deno.test({
  name: "tls files: a warning is logged each day when the certificate expires in two weeks or has expired",
  ignore: noCertificates !== undefined,
  async fn() {
    const lines: string[] = [];
    const write = (bytes: Uint8Array) => {
      lines.push(...new TextDecoder().decode(bytes).trimEnd().split("\n"));
      return Promise.resolve(bytes.length);
    };
    const log = new Log("info", "text", { write });
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
