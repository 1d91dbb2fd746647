import { assertEquals } from "@std/assert";
import { capabilitiesOf, type Environment, VARIABLES } from "../../../src/client/terminal/capabilities.ts";

const UTF8 = { LANG: "en_US.UTF-8" };

const CASES: readonly (readonly [name: string, environment: Environment, expected: string])[] = [
  ["xterm", { TERM: "xterm", ...UTF8 }, "16 links unicode"],
  ["xterm-256color", { TERM: "xterm-256color", ...UTF8 }, "256 links unicode"],
  ["a terminal with true colour", { TERM: "xterm", COLORTERM: "truecolor", ...UTF8 }, "256 links unicode"],
  ["kitty", { TERM: "xterm-kitty", ...UTF8 }, "256 links unicode"],
  ["tmux", { TERM: "tmux-256color", TMUX: "/tmp/tmux", ...UTF8 }, "256 links unicode"],
  ["tmux with its old name", { TERM: "screen-256color", TMUX: "/tmp/tmux", ...UTF8 }, "256 links unicode"],
  ["GNU screen", { TERM: "screen-256color", ...UTF8 }, "256 unicode"],
  ["the Linux console", { TERM: "linux", ...UTF8 }, "16 unicode"],
  ["the Linux console in a tmux elsewhere", { TERM: "linux", TMUX: "x", ...UTF8 }, "16 unicode"],
  ["a terminal without anything", { TERM: "dumb", ...UTF8 }, "0"],
  ["a VT100", { TERM: "vt100", LANG: "C" }, "0"],
  ["a locale of one byte", { TERM: "xterm", LANG: "de_DE.ISO-8859-1" }, "16 links"],
  ["LC_ALL before LANG", { TERM: "xterm", LC_ALL: "C", ...UTF8 }, "16 links"],
  ["no locale, as in a container", { TERM: "xterm" }, "16 links unicode"],
  ["no permission to read the environment", {}, "16 links unicode"],
];

/** Capabilities in short. */
function short(environment: Environment, noColor = false, os = "linux"): string {
  const { colors, links, unicode } = capabilitiesOf(environment, noColor, os);
  return [String(colors), links ? "links" : "", unicode ? "unicode" : ""].filter((each) => each !== "").join(" ");
}

for (const [name, environment, expected] of CASES) {
  Deno.test(`capabilities: ${name}: ${expected}`, () => assertEquals(short(environment), expected));
}

Deno.test("capabilities: NO_COLOR leaves links and Unicode", () => {
  assertEquals(short({ TERM: "xterm-256color", ...UTF8 }, true), "0 links unicode");
});

Deno.test("capabilities: Windows Terminal and the Windows console", () => {
  assertEquals(short({ WT_SESSION: "1" }, false, "windows"), "256 links unicode");
  assertEquals(short({}, false, "windows"), "256 links unicode");
});

Deno.test("capabilities: tincan may read the variables", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("../../../deno.json", import.meta.url)));
  const [, allowed = ""] = /--allow-env='([^']*)'/.exec(tasks.compile.command) ?? [];
  assertEquals(VARIABLES.filter((name) => !allowed.split(",").includes(name)), []);
});
