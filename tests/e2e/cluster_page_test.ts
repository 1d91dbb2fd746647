/** The page on one node of a cluster, and nc on another, in one conversation. */
import { missing as browserMissing, within } from "./browser.ts";
import { PASSWORD } from "./browser_sign_in.ts";
import { Cluster } from "./cluster.ts";
import { test } from "./forms.ts";
import { notInstalled } from "./harness.ts";
import { Nc } from "./irc_clients.ts";

test(
  "cluster: the page on one node and nc on another are in one conversation, and one user can have both",
  async (form) => {
    await using cluster = await Cluster.start(form, 0);
    await cluster.startNode(1);
    await within(form, async (world) => {
      const alice = await world.guest("alice");
      await using bob = new Nc(cluster.nodes[1]!.port);
      await bob.until(/^-- Welcome to tincan\. You are guest1, in #lobby with 1 other\./);
      await bob.send("/nick bob");
      await alice.people.getByRole("button", { name: /^bob/ }).waitFor();
      await alice.say("hello from the page");
      await bob.until("<alice> hello from the page");
      await bob.send("hello from nc");
      await alice.sees("hello from nc");
      await bob.send("/msg alice psst");
      await alice.tab("bob").click();
      await alice.sees("psst");
      await alice.say("yes?");
      await bob.until("*alice* yes?");
      await alice.join("#tea");
      await alice.say("/topic Lunch at one");
      await bob.send("/join #tea");
      await bob.until(/Lunch at one/);
      await alice.say("/kick bob be nice");
      await bob.until("-- alice kicked bob from #tea (be nice)");

      // Another device of the same user, on the other node.
      await alice.say(`/register ${PASSWORD}`);
      await alice.sees(/^alice is now registered/);
      await using phone = new Nc(cluster.nodes[1]!.port);
      await phone.until(/^-- Welcome/);
      await phone.send(`/login alice ${PASSWORD}`, "/join #tea", "by the phone");
      await alice.page.locator(".line.own:visible").filter({ hasText: "by the phone" }).waitFor();
      await alice.say("by the page");
      await phone.until("<alice> by the page");

      // What is said on the other node while the page is reloaded is there.
      await phone.send("said before the reload");
      await phone.until("<alice> said before the reload");
      await alice.page.reload();
      await alice.isIn("#tea");
      await alice.sees("said before the reload");
    }, cluster.argsOf(0));
  },
  browserMissing ?? notInstalled("nc"),
);
