/**
 * Takes pictures of the page if TINCAN_SCREENSHOTS names a directory.
 */
/// <reference lib="dom" />
import { missing, within } from "./browser.ts";
import { inView, manyLines, onNc, say, UNBOUND } from "./browser_history.ts";
import { test } from "./forms.ts";
import { Client, source } from "./harness.ts";
import { Directory, writePast } from "./history_store.ts";

const SCREENSHOTS = Deno.env.get("TINCAN_SCREENSHOTS");

/** The conversation in the pictures. */
const TALK = `
maya: morning! the kettle is on
omar: /me yawns
omar: morning. did the nightly backup go through?
maya: it did, 41 minutes this time
maya: I wrote down what changed: https://wiki.example.org/backups/restore
priya: nice. I tried a restore from it yesterday, on the old laptop
priya: took a while, but everything was there
ines: then we can finally drop the tape drive?
omar: please. it sounds like a lawnmower
ines: /me orders a cake for its funeral
priya: alice: you have the key to the rack, don't you?
alice: I do! I am in at ten, so let's say half past
alice: and somebody bring a screwdriver, a big one
maya: there is one in the kitchen, do not ask why
priya: see you then :)`;

test(
  "page: pictures of a conversation are taken",
  (form) =>
    within(form, async (world) => {
      const alice = await world.guest("alice");
      const { page } = alice;
      await alice.join("#garden");
      await alice.tab("#lobby").click();
      await alice.say("/topic Whatever comes up · lunch is at half past twelve");
      await alice.sees(/set the topic/);
      const people = new Map<string, Client>();
      try {
        for (const name of ["maya", "omar", "priya", "ines", "jonas"]) {
          people.set(name, await Client.join(world.server.port));
          await people.get(name)!.send(`/nick ${name}`);
          await alice.people.getByRole("button", { name }).waitFor();
        }
        await people.get("jonas")!.send(
          "/msg alice do you still have my umbrella?",
          "/join #garden",
          "the tomatoes are red!",
        );
        await people.get("jonas")!.send("who wants some?");
        await alice.tab("jonas").getByText("1").waitFor();
        await alice.tab("#garden").getByText("2").waitFor();
        for (const line of TALK.trim().split("\n")) {
          const [name, text] = line.split(/: (.*)/s) as [string, string];
          await (people.get(name)?.send(text) ?? alice.say(text));
          await alice.sees(text.replace(/^\/me /, ""));
        }
        await people.get("maya")!.send("/react alice 👍");
        await people.get("omar")!.send("/react alice 👍", "/reply alice I have one, it is *huge*");
        await alice.sees("I have one, it is huge");
        await page.locator(".sending").waitFor({ state: "detached" });
        await alice.composer.focus();
        const take = async (name: string) => {
          await alice.still();
          await page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, caret: "initial" });
        };
        await take("chat-light");
        await page.emulateMedia({ colorScheme: "dark" });
        await take("chat-dark");
        await page.setViewportSize({ width: 375, height: 740 });
        await page.emulateMedia({ colorScheme: "light" });
        await take("chat-phone");
        await page.getByRole("button", { name: "Rooms" }).click();
        await take("rooms-phone");
        await alice.tab("#lobby").click();
        const newcomer = await world.visitor("#garden");
        await newcomer.still();
        await newcomer.page.screenshot({ path: `${SCREENSHOTS}/welcome.png` });
      } finally {
        for (const client of people.values()) client[Symbol.dispose]();
      }
    }),
  missing ?? (SCREENSHOTS === undefined ? "TINCAN_SCREENSHOTS names no directory" : undefined),
  [source],
);

/** The messages in the pictures of the history, repeated. */
const SMALL_TALK = `
did the nightly backup go through?
it did, 41 minutes this time
I wrote down what changed: https://wiki.example.org/backups/restore
nice. I tried a restore from it yesterday, on the old laptop: it took a while, but everything was there
then we can finally drop the tape drive?
please. it sounds like a lawnmower`.trim().split("\n");

test(
  "page: pictures of the history are taken",
  async (form) => {
    await using directory = await Directory.make();
    const talk = (n: number) => SMALL_TALK[n % SMALL_TALK.length]!;
    await writePast(directory, ["#lobby", "#garden"].map((room) => manyLines(room, 300, talk)));
    await within(form, async (world) => {
      const alice = await world.guest("alice", "#garden");
      const { page } = alice;
      await inView(alice, talk(299));
      using maya = await onNc(world, "maya", "#garden");
      await page.goto("about:blank");
      await maya.until(/^-- alice left #/);
      await say(maya, ...SMALL_TALK, "alice: you have the key to the rack, don't you?", "/join #lobby");
      await say(maya, ...Array.from({ length: 120 }, (_, n) => talk(n)));
      await page.goto(`${world.url}#garden`);
      await alice.sees("alice: you have the key");
      const sizes = { wide: { width: 1200, height: 750 }, phone: { width: 375, height: 740 } };
      const take = async (name: string) => {
        for (const [size, viewport] of Object.entries(sizes)) {
          await page.setViewportSize(viewport);
          for (const colorScheme of ["light", "dark"] as const) {
            await page.emulateMedia({ colorScheme });
            await alice.still();
            await page.screenshot({ path: `${SCREENSHOTS}/${name}-${size}-${colorScheme}.png`, caret: "initial" });
          }
        }
        await page.setViewportSize(sizes.wide);
      };
      await take("new");
      await alice.tab("#lobby").click();
      await page.getByRole("button", { name: /More than 100 new messages/ }).waitFor();
      await take("more-new");
      await page.getByRole("button", { name: /More than 100 new messages/ }).click();
      await page.getByRole("separator", { name: "New messages" }).waitFor();
      await take("first-new");
      await alice.say("/search tape drive");
      await alice.dialog("Search").getByText("messages with these words").waitFor();
      await take("search");
      await alice.dialog("Search").getByRole("listitem").nth(30).getByRole("button").click();
      await page.locator(".found").waitFor();
      await take("found");
      await page.getByRole("button", { name: "To the end" }).click();
      await page.locator(".found").waitFor({ state: "detached" });
      const beginning = alice.log.getByText("This is where the room begins.");
      while (await beginning.count() === 0) {
        await alice.log.evaluate((log) => void (log.scrollTop = 0));
        await alice.frame();
      }
      await alice.log.evaluate((log) => void (log.scrollTop = 0));
      await take("beginning");
    }, ["--data", directory.path, ...UNBOUND]);
  },
  missing ?? (SCREENSHOTS === undefined ? "TINCAN_SCREENSHOTS names no directory" : undefined),
  [source],
);
