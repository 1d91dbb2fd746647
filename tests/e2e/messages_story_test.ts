/** One conversation with everything in it, between two pages, nc, irssi, WeeChat, irc-framework and curl. */
import { missing as browserMissing, within } from "./browser.ts";
import { test } from "./forms.ts";
import { notInstalled } from "./harness.ts";
import { Directory } from "./history_store.ts";
import { weechatCannot } from "./irc_clients.ts";
import { Conversation } from "./messages_story.ts";
import { playBack } from "./messages_story_playback.ts";

const missing = browserMissing ??
  notInstalled("nc", "irssi", "tmux", "weechat-headless", "tail", "curl") ?? weechatCannot();

/** What the conversation is not about. */
const UNLIMITED = ["--rate", "off", "--burst", "off", "--max-per-ip", "off", "--connect-rate", "off"];

test("messages: everything is told to all clients, each in its form, and to those that come later", async (form) => {
  await using directory = await Directory.make();
  await within(form, async (world) => {
    await using conversation = await Conversation.open(world, world.server);
    await conversation.sendSeveralLines();
    await conversation.reply();
    await conversation.react();
    await conversation.type();
    await conversation.mention();
    await conversation.share();
    await conversation.hook();
    await conversation.delete();
    await conversation.look();
    await conversation.streamed();
    await playBack(conversation, world.server);
  }, ["--data", directory.path, ...UNLIMITED]);
}, missing);
