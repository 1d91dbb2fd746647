import { assertEquals } from "@std/assert";
import { LINES_IN_BUFFER, type Options } from "../../src/cli/options.ts";
import { assertRejected, DEFAULTS, parse } from "./parse.ts";

Deno.test("options: --send-buffer is rejected when it holds fewer than 8 of the longest lines", () => {
  const must = `Cannot use --send-buffer: it must be at least ${LINES_IN_BUFFER} times`;
  const message = `${must} --max-line`;
  const least = LINES_IN_BUFFER * 1000;
  const text = "--irc-port off --web-port off --max-line 1000";
  assertEquals(parse(`${text} --send-buffer ${least}`).sendBuffer, least);
  assertRejected(`${text} --send-buffer ${least - 1}`, message);
  assertRejected("--max-line 1MiB", message);
  assertRejected("--send-buffer 1024", message);
  const lines = LINES_IN_BUFFER * (1000 + 510); // of IRC, with their tags
  for (const closed of ["", "--irc-port off", "--web-port off"]) {
    const irc = `${closed} --max-line 1000 --max-tags 1000`.trim();
    assertEquals(parse(`${irc} --send-buffer ${lines}`).sendBuffer, lines);
    assertRejected(`${irc} --send-buffer ${lines - 1}`, `${must} (--max-tags + 510)`);
  }
  assertEquals(parse(`echo --max-line 1000 --send-buffer ${least}`).sendBuffer, least, "echo has no IRC lines");
});

Deno.test("options: the command line is rejected when all ports are off", () => {
  const message = "Cannot use --port off: no port would be open";
  assertRejected("--port off --irc-port off --web-port off", message);
  assertRejected("--port off --web-port off", message, { TINCAN_IRC_PORT: "off" });
  assertRejected("--port off --irc-port off", message, { TINCAN_WEB_PORT: "off" });
  assertEquals(parse("--irc-port off --web-port off"), { ...DEFAULTS, ircPort: "off", webPort: "off" });
  assertEquals(parse("--port off --web-port off"), { ...DEFAULTS, port: "off", webPort: "off" });
  assertEquals(parse("--port off --irc-port off"), { ...DEFAULTS, port: "off", ircPort: "off" });
  assertRejected("echo --port off", message);
  assertRejected("echo --port off --irc-port 6667 --web-port 8080", message);
  assertEquals(parse("export --data d", { TINCAN_PORT: "off" }).port, "off", "the server has other ports");
});

Deno.test("options: --keep-private says whose private messages are stored, with and without --data", () => {
  assertEquals(parse("").keepPrivate, "accounts");
  for (const value of ["accounts", "all", "off"] as const) {
    assertEquals(parse(`--keep-private ${value}`), { ...DEFAULTS, keepPrivate: value });
    assertEquals(parse("--data d", { TINCAN_KEEP_PRIVATE: value }), { ...DEFAULTS, data: "d", keepPrivate: value });
  }
});

Deno.test("options: --keep-private says what to write when it is used as the switch that it was", () => {
  const values = 'one of accounts, all, off ("yes" is "all" now, and "no" is "off")';
  for (const args of ["--keep-private", "--keep-private --data d", "--data d --keep-private"]) {
    assertRejected(args, `Cannot use --keep-private: it needs a value, ${values}`);
  }
  for (const value of ["yes", "no", "true", "1", "ALL", "banana"]) {
    const quoted = JSON.stringify(value);
    assertRejected(`--keep-private=${value}`, `Cannot use --keep-private ${quoted}: it must be ${values}`);
    const named = "TINCAN_KEEP_PRIVATE (--keep-private)";
    assertRejected("", `Cannot use ${named} ${quoted}: it must be ${values}`, { TINCAN_KEEP_PRIVATE: value });
  }
});

Deno.test("options: export, import and forget are rejected without --data", () => {
  const inData: Options = { ...DEFAULTS, data: "d" };
  for (const command of ["export", "import"] as const) {
    for (const args of [`${command} --data d`, `--data=d ${command}`]) {
      assertEquals(parse(args), { ...inData, command }, args);
    }
    assertEquals(parse(command, { TINCAN_DATA: "d" }), { ...inData, command });
    assertRejected(`${command} --data d alice`, `Cannot use "alice": ${command} takes flags only`);
  }
  assertEquals(parse("forget alice --data d"), { ...inData, command: "forget", argument: "alice" });
  assertEquals(parse("--data d forget 007").argument, "007");
  assertEquals(parse("--data d forget").argument, undefined);
  assertRejected("forget alice bob --data d", 'Cannot use "bob": forget takes one name');
  for (const command of ["export", "import", "forget"]) {
    assertRejected(command, `Cannot ${command}: it needs --data DIR`);
  }
});

Deno.test("options: --tls-cert and --tls-key are rejected when one of them is missing", () => {
  const both: Options = { ...DEFAULTS, tlsCert: "a.pem", tlsKey: "b.pem" };
  assertEquals(parse("--tls-cert a.pem --tls-key b.pem"), both);
  assertEquals(parse("--tls-key b.pem", { TINCAN_TLS_CERT: "a.pem" }), both);
  assertRejected("--tls-cert a.pem", "Cannot use --tls-cert: it needs --tls-key FILE");
  assertRejected("--tls-key b.pem", "Cannot use --tls-key: it needs --tls-cert FILE");
});
