import { assert, assertEquals, assertThrows } from "@std/assert";
import { withFlagReference } from "../../src/cli/flag_reference.ts";
import { flagName, OPTION_NAMES } from "../../src/cli/flags.ts";
import { DEFAULTS, parse, printed } from "./parse.ts";

const FLAG_NAMES = OPTION_NAMES.map(flagName);

/** Flags without a default that is shown. */
const WITHOUT_DEFAULT = [
  "motd",
  "operators",
  "password-file",
  "data",
  "keep-private",
  "allow-origin",
  "trust-proxy",
  "tls-cert",
  "tls-key",
  "account",
  "room",
];

/** The flags that `--help` shows, with their defaults if they have one. */
function shownFlags(): Map<string, string | undefined> {
  const rows = printed("--help").matchAll(/^ {2}(?:-., )?--(\S+).*?(?:\[(.*)\])?$/gm);
  return new Map([...rows].map(([, flag, value]) => [flag!, value]));
}

Deno.test("help: --help shows each command and flag with its default, in lines of at most 100 characters", () => {
  const help = printed("--help");
  for (const line of help.split("\n")) assert(line.length <= 100, line);
  const shown = shownFlags();
  assertEquals([...shown.keys()].sort(), [...FLAG_NAMES, "help", "version"].sort());
  const withDefault = [...shown].filter(([, value]) => value !== undefined);
  const withoutDefault = [...shown].filter(([, value]) => value === undefined).map(([flag]) => flag);
  assertEquals(withoutDefault.sort(), [...WITHOUT_DEFAULT, "help", "version"].sort());
  const defaults = withDefault.map(([flag, value]) => `--${flag} ${value}`).filter((flag) => flag !== "--format text");
  assertEquals(parse(defaults.join(" ")), DEFAULTS);
  for (const command of ["serve", "echo", "passwd", "export", "import", "forget"]) {
    assert(help.includes(`\n  ${command} `), command);
  }
});

Deno.test("help: --help and -h print the same when other arguments are given", () => {
  assertEquals(printed("-h"), printed("--help"));
  assertEquals(printed("echo --help --port banana"), printed("--help"));
});

/** What is left of Markdown when tables and paragraphs are not aligned or wrapped. */
function unformatted(markdown: string): string {
  return markdown.replace(/\s+/g, " ");
}

Deno.test("docs: docs/configuration.md is up to date with the table of flags (else run deno task docs)", async () => {
  const document = await Deno.readTextFile(new URL("../../docs/configuration.md", import.meta.url));
  assertEquals(unformatted(document), unformatted(withFlagReference(document)));
});

Deno.test("docs: docs/configuration.md has the flags and defaults of --help", async () => {
  const document = await Deno.readTextFile(new URL("../../docs/configuration.md", import.meta.url));
  const item = / - `--([\w-]+)[^`]*`: .*? - (?:Default: `([^`]+)`|Off by default|Not set by default)\. Accepts \S/g;
  const items = unformatted(document).matchAll(item);
  const documented = [...items].map(([, flag, value]) => `${flag} ${value}`);
  const shown = [...shownFlags()].filter(([flag]) => flag !== "help" && flag !== "version");
  assertEquals(documented.sort(), shown.map(([flag, value]) => `${flag} ${value}`).sort());
});

Deno.test("docs: a document without a generated part is rejected", () => {
  assertThrows(() => withFlagReference("# Configuration\n"), RangeError, "no generated part");
});
