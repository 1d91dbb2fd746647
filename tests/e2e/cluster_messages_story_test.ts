/**
 * One conversation with each kind of message, between clients on two nodes of a cluster, and played back by a node that was away
 * from the first replies to the last deletion.
 */
import { assertEquals } from "@std/assert";
import { World } from "./browser.ts";
import { Cluster } from "./cluster.ts";
import { test } from "./forms.ts";
import { Directory, eventually } from "./history_store.ts";
import { Conversation, storyMissing } from "./messages_story.ts";
import { playBack } from "./messages_story_playback.ts";

/** The node that is away. */
const LATE = 2;

/** Starts the node that is away, and waits until it has caught up. */
async function catchUp(cluster: Cluster) {
  const node = await cluster.startNode(LATE);
  const data = new Directory(cluster.dataOf(LATE));
  await eventually("end of catching up", () => data.query("SELECT progress FROM catch_up").length === 0);
  return node;
}

test(
  "cluster: clients of all nodes get each message, and a node that was away plays them back",
  async (form) => {
    await using cluster = await Cluster.start(form, 1);
    await using world = await World.open(form, cluster.argsOf(1));
    try {
      await using conversation = await Conversation.open(world, cluster.nodes[0]!);
      await conversation.begin();
      await catchUp(cluster);
      assertEquals(await cluster.stopNode(LATE), 0);
      await conversation.goOn();
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
  storyMissing,
);
