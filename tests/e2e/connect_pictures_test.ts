/**
 * Takes pictures of `tincan connect` if TINCAN_SCREENSHOTS names a directory.
 */
import { missing as noBrowser } from "./browser.ts";
import { test } from "./forms.ts";
import { Client, source, start } from "./harness.ts";
import { Directory } from "./history_store.ts";
import { ClientTerminal, missing } from "./terminal_client.ts";
import { takePictures } from "./terminal_picture.ts";

const SCREENSHOTS = Deno.env.get("TINCAN_SCREENSHOTS");

/** The people on nc. */
const PEOPLE = ["maya", "omar", "priya", "ines", "jonas"];

/** The conversation, with the terminal of alice. `\n` stands for a line break. */
const TALK = String.raw`
priya: good morning from the train, **40 minutes late** as ever
omar: there is coffee left if you hurry
priya: keep me a cup!
ines: the printer on the second floor works again, thanks to jonas
jonas: it was paper. it is always paper
omar: /react jonas 😂
maya: /react jonas 😂
priya: /react jonas 🏆
ines: does anybody know why #garden is so quiet today?
maya: they are all outside, the tomatoes are ripe
omar: today's plan: first the backups, then the new rack, then lunch
alice: sounds good. I can take the rack
maya: I wrote down what is connected where: https://wiki.example.org/rack
alice: perfect, thank you
jonas: mind the blue cable, it holds everything together
ines: _everything_?
jonas: do not touch it and we never need to know
priya: /react jonas 😱
omar: did the nightly backup go through?
maya: it did, in **41 minutes** this time. What changed: https://wiki.example.org/backups
priya: I tried a restore from it yesterday, on the old laptop: it took a while, but everything was there, even the photos
omar: /reply priya then we can finally drop the tape drive?
maya: /react omar 🎉
ines: /react omar 🎉
priya: /react omar 👍
ines: /me orders a cake for its funeral
alice: This is all it takes, if you want to try it:\n${"```"}sh\nrestic -r /srv/backup restore latest --target /tmp/test\n${"```"}
omar: nice, and no lawnmower noise 🤫
priya: @alice you have the key to the rack, don't you?`;

test(
  "connect: pictures of a conversation are taken",
  async (form) => {
    await using directory = await Directory.make();
    await using server = await start(form, ["--data", directory.path, "--rate", "off"]);
    await using alice = await ClientTerminal.connect(form, server.ircPort, "alice", {
      size: "200x60",
      hasColors: true,
      args: "'#lobby'",
    });
    const people = new Map<string, Client>();
    try {
      await alice.type("/topic Whatever comes up · lunch is at half past twelve");
      await alice.shows("set the topic");
      await alice.type("/join #garden");
      await alice.shows("Message #garden", "1 here");
      await alice.press("M-1");
      for (const name of PEOPLE) {
        const client = await Client.join(server.port);
        people.set(name, client);
        await client.send(`/nick ${name}`);
        await alice.shows(new RegExp(`│ ${name}$`, "m"));
      }
      await people.get("jonas")!.send("/msg alice do you still have my umbrella?");
      await alice.shows("jonas 1");
      for (const line of TALK.trim().split("\n")) {
        const [name, text] = line.replaceAll("\\n", "\n").split(/: (.*)/s) as [string, string];
        const client = people.get(name);
        if (client !== undefined) {
          await client.send(text, "/ping");
          await client.until("-- Pong.");
        } else {
          await alice.paste(text);
          await alice.press("Enter");
          await alice.shows("Message #lobby");
        }
        const said = text.startsWith("/react") ? text.slice(-2) : text.replace(/^\/(?:me|reply \w+) /, "");
        await alice.shows(said.split(/[*\n_]|@alice/).at(0)!.slice(0, 40) || "you have the key");
      }
      await people.get("jonas")!.send("/join #garden", "who wants tomatoes?", "they are free");
      await alice.shows("#garden 2");
      await alice.write("I do! Coming :tad");
      await alice.shows(":tada:");
      const shots = [];
      for (const [columns, rows, fontSize, scale] of [[200, 60, 11, 1.25], [80, 24, 14, 2]] as const) {
        await alice.resize(`${columns}x${rows}`);
        await alice.until((screen) => screen.length === rows && screen[0]!.includes("#garden 2"));
        await alice.shows("you have the key", "alice › I do!");
        shots.push({ rows: await alice.styledScreen(), columns, cursor: await alice.cursor(), fontSize, scale });
      }
      const pictures = await takePictures(shots);
      for (const [i, { columns, rows }] of shots.entries()) {
        await Deno.writeFile(`${SCREENSHOTS}/terminal-${columns}x${rows.length}.png`, pictures[i]!);
      }
    } finally {
      for (const client of people.values()) client[Symbol.dispose]();
    }
  },
  missing ?? noBrowser ?? (SCREENSHOTS === undefined ? "TINCAN_SCREENSHOTS names no directory" : undefined),
  [source],
);
