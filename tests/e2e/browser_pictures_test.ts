/**
 * Takes pictures of the page if TINCAN_SCREENSHOTS names a directory.
 */
/// <reference lib="dom" />
import { missing, type Visitor, within } from "./browser.ts";
import { inView, manyLines, onNc, say, UNBOUND } from "./browser_history.ts";
import { test } from "./forms.ts";
import { Client, source } from "./harness.ts";
import { Directory, writePast } from "./history_store.ts";

const SCREENSHOTS = Deno.env.get("TINCAN_SCREENSHOTS");

/** The conversation in the pictures: what each user of nc says, and the page of alice. */
const TALK = `
maya: morning! the kettle is on
omar: morning. did the nightly backup go through?
maya: it did, **41 minutes** this time. What changed: https://wiki.example.org/backups
priya: I tried a restore from it yesterday, on the old laptop
priya: took a while, but everything was there
omar: /reply priya then we can finally drop the tape drive?
maya: /react omar 🎉
ines: /react omar 🎉
priya: /react omar 👍
ines: /me orders a cake for its funeral
priya: @alice you have the key to the rack, don't you?
alice: I do! This is all it takes, if you want to try it yourself:\\n\`\`\`sh\\nrestic -r /srv/backup restore latest --target /tmp/test\\n\`\`\`
alice: the new balcony, by the way`;

/** Draws a picture, and adds it to the message. */
async function addPicture({ page }: Visitor): Promise<void> {
  await page.evaluate(async () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [640, 260];
    const brush = canvas.getContext("2d")!;
    const sky = brush.createLinearGradient(0, 0, 0, 260);
    for (const [at, colour] of [[0, "#3b5b8c"], [0.6, "#e9a36b"], [1, "#f6d9a8"]] as const) {
      sky.addColorStop(at, colour);
    }
    brush.fillStyle = sky;
    brush.fillRect(0, 0, 640, 260);
    brush.fillStyle = "#fff1c9";
    brush.arc(470, 130, 34, 0, 7);
    brush.fill();
    for (const [colour, base, height] of [["#46617a", 190, 40], ["#2f4a55", 215, 26], ["#1d3238", 238, 14]] as const) {
      brush.fillStyle = colour;
      brush.beginPath();
      brush.moveTo(0, 260);
      for (let x = 0; x <= 640; x += 8) brush.lineTo(x, base - height * Math.sin(x / (60 + height) + base));
      brush.lineTo(640, 260);
      brush.fill();
    }
    const blob = await new Promise<Blob>((resolve) => canvas.toBlob((blob) => resolve(blob!)));
    const data = new DataTransfer();
    data.items.add(new File([blob], "balcony.png", { type: "image/png" }));
    const options = { bubbles: true, cancelable: true, clipboardData: data };
    document.querySelector("#words")!.dispatchEvent(new ClipboardEvent("paste", options));
  });
  await page.getByRole("list", { name: "Files to send" }).getByText("ready to send").waitFor();
}

test(
  "page: pictures of a conversation are taken",
  async (form) => {
    await using directory = await Directory.make();
    await within(form, async (world) => {
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
          const [name, text] = line.replaceAll("\\n", "\n").split(/: (.*)/s) as [string, string];
          if (text.includes("balcony")) await addPicture(alice);
          await (people.get(name)?.send(text) ?? alice.say(text));
          if (text.startsWith("/react ")) {
            await page.getByTitle(`${name} reacted`).or(page.getByTitle(` and ${name} reacted`)).waitFor();
          } else {await alice.sees(
              text.replace(/^\/(?:me|reply \w+) /, "").split(/[*\n]|@alice/).at(0) || "you have the key",
            );}
        }
        await page.locator(".files img").waitFor();
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
    }, ["--data", directory.path, "--uploads", "everyone"]);
  },
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
