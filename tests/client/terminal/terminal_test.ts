import { assert, assertEquals } from "@std/assert";
import { RESIZE_DELAY } from "../../../src/client/terminal/terminal.ts";
import { Terminal as Tmux } from "../../e2e/irc_clients.ts";
import { notInstalled } from "../../e2e/harness.ts";
import { programCommand, Pty, type Report, Reports } from "./pty.ts";

/** Programs on pseudo-terminals need script(1) and stty(1) of Linux. */
const options = { ignore: Deno.build.os !== "linux" || notInstalled("script", "stty") !== undefined };
const tmuxOptions = { ignore: options.ignore || notInstalled("tmux", "bash") !== undefined };

const RESTORED = { isAlternate: false, paste: false, focus: false, wraps: true, cursor: true };

Deno.test(
  "terminal: opens the alternate screen with paste and focus events, and restores all at the end",
  options,
  async () => {
    await using pty = await Pty.open();
    await pty.shows(({ text }) => text.startsWith("hello") && text.endsWith("40x10"));
    assertEquals(pty.emulator.modes, { isAlternate: true, paste: true, focus: true, wraps: false, cursor: true });
    assertEquals(pty.emulator.cell(0, 0).bold, true);
    await pty.reports.tell("close");
    await pty.reports.type("done");
    await pty.reports.tell("exit 5");
    assertEquals(await pty.ended(), { code: 5, isRestored: true });
    assertEquals(pty.emulator.modes, RESTORED);
    assertEquals(pty.emulator.text, "");
  },
);

for (const [command, code] of [["exit 7", 7], ["throw", 1], ["reject", 1]] as const) {
  Deno.test(`terminal: is restored when the program ends by "${command}"`, options, async () => {
    await using pty = await Pty.open();
    await pty.reports.tell(command);
    assertEquals(await pty.ended(), { code, isRestored: true });
    assertEquals(pty.emulator.modes, RESTORED);
    if (code === 1) assert(pty.output.slice(pty.output.indexOf("\x1b[?1049l")).includes("for a test"));
  });
}

for (const signal of ["SIGTERM", "SIGHUP", "SIGQUIT"] as const) {
  Deno.test(`terminal: ${signal} is reported, and the terminal restored`, options, async () => {
    await using pty = await Pty.open();
    const { pid } = await pty.reports.type("open");
    Deno.kill(pid as number, signal);
    await pty.reports.type("terminated");
    assertEquals(await pty.ended(), { code: 4, isRestored: true });
    assertEquals(pty.emulator.modes, RESTORED);
  });
}

Deno.test("terminal: reports keys, pastes and focus; Ctrl-C as an interruption", options, async () => {
  await using pty = await Pty.open();
  await pty.type("é\x1b[A\x1b[200~a\nb\x1b[201~\x1b[I\r");
  const isEnter = ({ input }: Report) => (input as { key?: { name: string } })?.key?.name === "enter";
  await pty.reports.until(isEnter);
  const inputs = pty.reports.all.filter(({ type }) => type === "input").map(({ input }) => input);
  const key = { ctrl: false, alt: false, shift: false };
  assertEquals(inputs, [
    { key: { ...key, name: "é", text: "é" } },
    { key: { ...key, name: "up" } },
    { paste: "a\nb" },
    { focus: true },
    { key: { ...key, name: "enter" } },
  ]);
  await pty.type("\x03");
  await pty.reports.type("interrupted");
  await pty.type("\x1b");
  const escape = await pty.reports.until(({ input }) => (input as { key?: { name: string } })?.key?.name === "escape");
  assertEquals(escape.input, { key: { ...key, name: "escape" } });
});

Deno.test("terminal: Ctrl-C ends a paste whose end was lost", options, async () => {
  await using pty = await Pty.open();
  await pty.type("\x1b[200~lost\x03");
  await pty.reports.type("interrupted");
  await pty.type("x");
  const { input } = await pty.reports.type("input");
  assertEquals((input as { key: { name: string } }).key.name, "x");
});

Deno.test("terminal: a storm of resizes is reported at intervals, and the last size is shown", options, async () => {
  await using pty = await Pty.open();
  const device = await pty.device();
  const storm = `for i in $(seq 100 250); do stty -F ${device} cols $i rows 9; done; stty -F ${device} cols 20 rows 5`;
  await new Deno.Command("sh", { args: ["-c", storm] }).output();
  await pty.reports.until(({ type, columns, rows }) => type === "resize" && columns === 20 && rows === 5);
  const times = pty.reports.all.filter(({ type }) => type === "resize").map(({ at }) => at as number);
  for (const [i, at] of times.entries()) {
    if (i > 0) assert(at - times[i - 1]! > RESIZE_DELAY / 2, `two sizes within ${at - times[i - 1]!} ms`);
  }
  await pty.shows(({ text }) => text.includes("20x5"));
});

Deno.test("terminal: one that does not know its size has 80 columns and 24 rows", options, async () => {
  await using pty = await Pty.open(0, 0);
  const { columns, rows } = await pty.reports.type("open");
  assertEquals([columns, rows], [80, 24]);
  await pty.resize(20, 5);
  await pty.reports.until(({ type, columns, rows }) => type === "resize" && columns === 20 && rows === 5);
});

Deno.test("terminal: frames that are written while one is under way arrive in order", options, async () => {
  await using pty = await Pty.open();
  await pty.reports.tell("flood 40");
  assertEquals((await pty.reports.type("flooded")).isReady, false);
  assertEquals((await pty.reports.type("drained")).isReady, true);
  await pty.reports.tell("exit 0");
  await pty.ended();
  const frames = [...pty.output.matchAll(/frame (\d+) /g)].map(([, number]) => Number(number));
  assertEquals(frames, Array.from({ length: 40 }, (_, i) => i));
});

Deno.test(
  "terminal: of a flood of frames beyond the limit nothing is kept, and all is drawn again",
  options,
  async () => {
    await using pty = await Pty.open();
    await pty.reports.tell("flood 400");
    await pty.reports.type("resumed");
    await pty.shows(({ text }) => text.startsWith("hello"));
    assert([...pty.output.matchAll(/frame \d+ /g)].length < 120);
  },
);

Deno.test("terminal: a closed window is reported, and the program ends", options, async () => {
  await using pty = await Pty.open();
  pty.hangUp();
  await pty.reports.until(({ type }) => type === "closed" || type === "terminated");
  await pty.reports.ended();
});

Deno.test("terminal: a closed stdout is reported, and the modes are restored", options, async () => {
  await using pty = await Pty.open(40, 10, { wrap: (command) => `{ ${command}; echo $? >&2; } | head -c 60` });
  await pty.reports.tell("draw more");
  await pty.reports.type("closed");
  assertEquals((await pty.ended()).isRestored, true);
});

Deno.test("terminal: finds out what the terminal can show", options, async () => {
  const cases = [
    [{ TERM: "linux" }, { colors: 16, links: false, unicode: true }],
    [{ TERM: "xterm-256color", NO_COLOR: "1", LANG: "C" }, { colors: 0, links: true, unicode: false }],
  ] as const;
  for (const [env, expected] of cases) {
    await using pty = await Pty.open(40, 10, { env });
    assertEquals((await pty.reports.type("open")).capabilities, expected);
  }
});

Deno.test(
  "terminal: Ctrl-Z stops the program, fg draws it again, and the end restores the title",
  tmuxOptions,
  async () => {
    using reports = new Reports();
    await using tmux = await Tmux.run("bash --noprofile --norc -i");
    const cache = Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`; // tmux has another HOME
    await tmux.type("printf '\\033]0;before\\007'");
    await tmux.type(`DENO_DIR='${cache}' ${programCommand(reports.port)}`);
    await reports.type("open");
    await reports.tell("title inside");
    await reports.type("titled");
    await tmux.until((screen) => screen.includes("hello") && screen.includes("100x40"));
    await tmux.write("\x1a");
    await tmux.until((screen) => screen.some((line) => line.includes("Stopped")));
    await tmux.type("fg");
    await reports.type("resumed");
    await tmux.until((screen) => {
      return screen.includes("hello") && screen.includes("100x40") && !screen.some((line) => line.includes("Stopped"));
    });
    await tmux.write("\x1b[200~a b\x1b[201~");
    assertEquals((await reports.type("input")).input, { paste: "a b" });
    await reports.tell("exit 0");
    // Only when the shell has prompted again: the program may still read what is typed before.
    await tmux.until((screen) => /^bash-[\d.]+[#$]$/.test(screen.findLast((line) => line !== "") ?? ""));
    await tmux.type("tmux display-message -p 'title: #{pane_title}'");
    await tmux.until((screen) => screen.some((line) => line.startsWith("title: ")));
    assert((await tmux.screen()).includes("title: before"));
    await tmux.type("stty -a | tr ' ' '\\n' | grep -x echo");
    await tmux.until((screen) => screen.includes("echo"));
  },
);
