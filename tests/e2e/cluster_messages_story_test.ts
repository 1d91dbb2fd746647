/**
 * One conversation with everything in it, between clients on two nodes of a cluster, and played back by a node that was away from
 * the first replies to the last deletion.
 */
import { assertEquals } from "@std/assert";
import { missing as browserMissing, World } from "./browser.ts";
import { Cluster } from "./cluster.ts";
import { test } from "./forms.ts";
import { notInstalled } from "./harness.ts";
import { Directory, eventually } from "./history_store.ts";
import { weechatCannot } from "./irc_clients.ts";
import { Conversation } from "./messages_story.ts";
import { playBack } from "./messages_story_playback.ts";

const missing = browserMissing ??
  notInstalled("nc", "irssi", "tmux", "weechat-headless", "tail", "curl") ?? weechatCannot();

/** The node that is away. */
const LATE = 2;

/** Starts the node that is away, and waits until it has what it lacks. */
async function catchUp(cluster: Cluster) {
  const node = await cluster.startNode(LATE);
  const data = new Directory(cluster.dataOf(LATE));
  await eventually("end of catching up", () => data.query("SELECT progress FROM catch_up").length === 0);
  return node;
}

test(
  "cluster: messages are told to the clients of all nodes, and a node that was away plays them back",
  async (form) => {
    await using cluster = await Cluster.start(form, 1);
    await using world = await World.open(form, cluster.argsOf(1));
    try {
      await using conversation = await Conversation.open(world, cluster.nodes[0]!);
      await conversation.sendSeveralLines();
      await conversation.reply();
      await catchUp(cluster);
      assertEquals(await cluster.stopNode(LATE), 0);
      await conversation.react();
      await conversation.type();
      await conversation.mention();
      await conversation.share();
      await conversation.hook();
      await conversation.delete();
      await conversation.look();
      await conversation.streamed();
      await playBack(conversation, await catchUp(cluster));
    } catch (error) {
      console.error(await world.seen());
      throw error;
    }
    world.assertQuiet();
    for (const { log } of [cluster.nodes[0]!, world.server, cluster.nodes[LATE]!]) {
      assertEquals(/^.* error .*$/m.exec(log.all)?.[0], undefined);
    }
  },
  missing,
);
