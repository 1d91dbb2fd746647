/** What the page says about private messages that the server does not store. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import type { ChatContext } from "../../src/web/context.ts";
import { receive } from "../../src/web/handlers.js";
import { parse } from "../../src/web/irc.js";
import { askIfGuest, awayText, notKeptText } from "../../src/web/kept.js";
import { Model } from "../../src/web/model.js";

/** A page of alice. */
function page(privateHistory: string, account: string) {
  const model = new Model();
  model.nick = "alice";
  const sent: string[] = [];
  const chat = {
    model,
    privateHistory,
    connection: { account, has: () => true },
    onMention() {},
    request: (command: string, params: string[]) => sent.push([command, ...params].join(" ")) > 0,
  } as unknown as ChatContext;
  const hear = (...lines: string[]) => lines.forEach((line) => receive(chat, parse(line), undefined));
  return { chat, model, sent, hear, text: (nick: string) => notKeptText(chat, model.open(nick)) };
}

const OF_GUEST = "Messages of guests are not kept. Log in to keep them.";
const WITH_GUEST = "Messages with guests are not kept.";

Deno.test("kept: a guest is told that messages are not kept, and an account only of conversations with guests", () => {
  assertEquals(page("accounts", "").text("bob"), OF_GUEST);
  const { chat, model, sent, hear, text } = page("accounts", "alice");
  assertEquals(text("bob"), "", "it is not known yet");
  askIfGuest(chat, model.open("bob"));
  assertEquals(sent, ["WHO bob %na"]);
  hear(":irc.example 354 alice Bob 0");
  assertEquals(text("bob"), WITH_GUEST);
  hear(":irc.example 354 alice bob robert");
  assertEquals(text("bob"), "");
  model.open("alice"); // notes to oneself
  hear(":irc.example 354 alice alice 0", ":irc.example 354 alice nobody 0");
  assertEquals([text("alice"), model.find("nobody")], ["", undefined]);
});

Deno.test("kept: each message says whether its sender is a guest", () => {
  const { hear, text } = page("accounts", "alice");
  hear(":bob!~b@host PRIVMSG alice :hi");
  assertEquals(text("bob"), WITH_GUEST);
  hear("@account=bob :bob!~b@host PRIVMSG alice :hi");
  assertEquals(text("bob"), "");
  hear(":alice!~a@host PRIVMSG bob :hi"); // the user's own
  assertEquals(text("bob"), "");
});

Deno.test("kept: the sentence depends on what the server stores, and there is none if it does not say", () => {
  const { chat, hear, text } = page("", "");
  assertEquals(text("bob"), "");
  hear(":irc.example 005 alice NETWORK=x PRIVATEHISTORY=off :are supported by this server");
  assertEquals([chat.privateHistory, text("bob")], ["off", "This server does not keep private messages."]);
  const ofGuest = "You are a guest: when you disconnect, you lose these messages. Log in to keep them.";
  assertEquals([page("all", "").text("bob"), page("all", "alice").text("bob")], [ofGuest, ""]);
});

Deno.test("kept: RPL_AWAY of a user for whom the message waits is a sentence", () => {
  assertEquals(awayText("bob", "Offline, and will see it"), "bob is offline and will see it.");
  assertEquals(awayText("bob", "lunch"), "bob is away: lunch");
});
