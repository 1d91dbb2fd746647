/**
 * irssi, on its screen, and people on nc in the same room.
 */
import { assertEquals } from "@std/assert";
import { test } from "./forms.ts";
import { notInstalled } from "./harness.ts";
import { Irssi, Nc, STEPS, talk, undated } from "./irc_clients.ts";

const missing = notInstalled("irssi", "tmux", "nc");

/** Brings carol in on irssi. */
async function onIrssi({ irc }: { irc: number }): Promise<Irssi> {
  const carol = await Irssi.start(irc, "carol");
  await carol.type("/join #lobby");
  await carol.until((screen) => screen.some((line) => line.includes("Irssi: Join to #lobby was synced")));
  return carol;
}

/** Brings carol in on nc. */
async function onNc({ text }: { text: number }): Promise<Nc> {
  const carol = new Nc(text);
  await carol.until(/^-- Welcome/);
  await carol.type("/nick carol");
  return carol;
}

test("irssi shows what is said on nc, and by itself", async (form) => {
  await talk(form, onIrssi, async (carol) => {
    const [topic, ...shown] = undated(await carol.screen());
    assertEquals(topic?.trim(), "Lunch at two");
    const own = /^$|^-!- Irssi: |^-!- Channel #lobby created /; // what it says by itself, and has a time in it
    assertEquals(shown.slice(0, -2).filter((line) => !own.test(line)), [
      "-!- carol [~carol@HOST] has joined #lobby",
      "[Users #lobby]",
      "[ alice] [ carol]",
      "-!- guest [~guest@HOST] has joined #lobby",
      "-!- guest is now known as bob",
      ...STEPS.filter(({ secret }) => !secret).map(({ irssi }) => irssi),
    ]);
    await carol.type("/window goto bob");
    const query = await carol.until((screen) => screen.includes("[bob]"));
    assertEquals(undated(query).filter((line) => line.startsWith("<")), [
      ...STEPS.filter(({ secret }) => secret).map(({ irssi }) => irssi),
    ]);
  });
}, missing);

test("nobody on nc can tell whether somebody uses irssi or nc", async (form) => {
  const seen = await talk(form, onIrssi);
  assertEquals(seen, await talk(form, onNc));
  assertEquals(seen.alice, [
    "-- guest joined #lobby",
    "-- guest is now bob",
    ...STEPS.filter(({ secret }) => !secret).map(({ nc }) => nc),
    "-- caroline left #lobby (see you)",
  ]);
}, missing);
