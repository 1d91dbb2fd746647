/**
 * irssi, read from its screen, in a room with nc clients.
 */
import { assertEquals } from "@std/assert";
import { test } from "./forms.ts";
import { notInstalled } from "./harness.ts";
import { Irssi, Nc, STEPS, talk, undated } from "./irc_clients.ts";

const missing = notInstalled("irssi", "tmux", "nc");

/** Connects carol with irssi. */
async function onIrssi({ irc }: { irc: number }): Promise<Irssi> {
  const carol = await Irssi.start(irc, "carol");
  await carol.type("/join #lobby");
  await carol.until((screen) => screen.some((line) => line.includes("Irssi: Join to #lobby was synced")));
  return carol;
}

/** Connects carol with nc. */
async function onNc({ text }: { text: number }): Promise<Nc> {
  const carol = new Nc(text);
  await carol.until(/^-- Welcome/);
  await carol.type("/nick carol");
  return carol;
}

test("irssi: the screen shows its own lines and those of nc clients", async (form) => {
  await talk(form, onIrssi, async (carol) => {
    const [topic, ...shown] = undated(await carol.screen());
    assertEquals(topic?.trim(), "Lunch at two");
    const own = /^$|^-!- Irssi: |^-!- Channel #lobby created /; // irssi's own messages, which contain times
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

test("irssi: an nc client receives the same lines when the other client is irssi or nc", async (form) => {
  const seen = await talk(form, onIrssi);
  assertEquals(seen, await talk(form, onNc));
  assertEquals(seen.alice, [
    "-- guest joined #lobby",
    "-- guest is now bob",
    ...STEPS.filter(({ secret }) => !secret).map(({ nc }) => nc),
    "-- caroline left #lobby (see you)",
  ]);
}, missing);
