/** One conversation with each kind of message, between two pages, nc, irssi, WeeChat, irc-framework and curl, on one server. */
import { within } from "./browser.ts";
import { test } from "./forms.ts";
import { Directory } from "./history_store.ts";
import { Conversation, storyMissing } from "./messages_story.ts";
import { playBack } from "./messages_story_playback.ts";

/** Flags without the limits that the conversation does not test. */
const UNLIMITED = ["--rate", "off", "--burst", "off", "--max-per-ip", "off", "--connect-rate", "off"];

test("messages: each client gets all of them in its form, also when it joins later", async (form) => {
  await using directory = await Directory.make();
  await within(form, async (world) => {
    await using conversation = await Conversation.open(world, world.server);
    await conversation.begin();
    await conversation.goOn();
    await playBack(conversation, world.server);
  }, ["--data", directory.path, ...UNLIMITED]);
}, storyMissing);
