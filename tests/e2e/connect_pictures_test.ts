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
maya: first one here! the heating is on, it will take a while
jonas: I could hear it from the street
omar: bring a second pullover, everybody
ines: or a cat
jonas: /react ines 🐈
maya: who has seen the label printer? I need twenty of these:\n- rack 1, left\n- rack 1, right\n- rack 2, spare
ines: in the drawer below the window, with the screws
maya: found it, thanks
omar: a reminder: the water is turned off from two to three
jonas: then lunch had better be early. Half past twelve?
ines: /react jonas 👍
omar: /react jonas 👍
alice: fine with me. I have put it into the topic
maya: /me fills all the kettles
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
ines: everything?
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
    const people = new Map<string, Client>();
    try {
      for (const name of PEOPLE) {
        const client = await Client.join(server.port);
        people.set(name, client);
        await client.send(`/nick ${name}`, "/ping");
        await client.until("-- Pong.");
      }
      await people.get("maya")!.send("/topic Whatever comes up · lunch is at half past twelve");
      await using alice = await ClientTerminal.connect(form, server.ircPort, "alice", {
        size: "200x60",
        hasColors: true,
        args: "'#lobby'",
      });
      await alice.type("/join #garden");
      await alice.shows("Message #garden", "1 here");
      await alice.press("M-1");
      await alice.shows(/│ omar$/m);
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
        await alice.shows(said.split(/[*\n]|@alice/).at(0)!.slice(0, 40) || "you have the key");
      }
      await people.get("jonas")!.send("/join #garden", "who wants tomatoes?", "they are free");
      await alice.shows("#garden 2");
      await alice.write("I do! Coming :tad");
      await alice.shows(":tada:");
      const shots = [];
      for (const [columns, rows, fontSize] of [[200, 60, 12], [80, 24, 20]] as const) {
        await alice.resize(`${columns}x${rows}`);
        await alice.until((screen) => screen.length === rows && screen[0]!.includes("#garden 2"));
        await alice.shows("you have the key", "alice › I do!");
        shots.push({ rows: await alice.styledScreen(), columns, cursor: await alice.cursor(), fontSize });
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
