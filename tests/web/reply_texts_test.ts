/** Tests of the texts that the page shows for replies of the server. */
import { assertEquals } from "@std/assert";
import { type Numeric, numeric } from "../../src/protocol/irc/numerics.ts";
import { parse } from "../../src/web/irc.js";
import { banText, closeText, isBan, modeChanges, replyText, withPageCommands } from "../../src/web/reply_texts.js";

/** The text for a numeric as the server sends it. */
function textOf(name: Numeric, ...args: string[]): string | undefined {
  const { command, params: [, ...params] } = parse(`:irc.example.org ${numeric(name, "alice", ...args)}`);
  return replyText(command, params)?.text;
}

Deno.test("reply texts: the three meanings of ERR_NICKNAMEINUSE are told apart by the text of the server", () => {
  assertEquals(textOf("ERR_NICKNAMEINUSE", "bob"), "bob is already in use. Choose another name.");
  assertEquals(textOf("ERR_NICKNAMECONFUSABLE", "b0b"), "b0b looks like another nickname. Choose another name.");
  assertEquals(textOf("ERR_NICKNAMEOWNED", "bob"), "bob is registered. If it is yours: /login bob PASSWORD");
});

Deno.test("reply texts: a ban is recognised, and its reason is a sentence", () => {
  const numericText = parse(numeric("ERR_YOUREBANNEDCREEP", "alice", "spam")).params.at(-1) ?? "";
  for (const text of [numericText, "banned: spam"]) {
    assertEquals([isBan(text), banText(text)], [true, "You are banned from this server: spam."], text);
  }
  assertEquals(banText("You are banned from this server"), "You are banned from this server.");
  assertEquals(isBan("the server is full"), false);
});

Deno.test("reply texts: the reason is named when the server closes the connection", () => {
  assertEquals(closeText("Killed (root (be nice))"), "You were disconnected by root: be nice.");
  assertEquals(closeText("server stopping"), "The server is stopping.");
  assertEquals(closeText("ping timeout"), "The server closed the connection: ping timeout.");
});

Deno.test("reply texts: each change of a MODE line has its own argument and text", () => {
  assertEquals(modeChanges("+ov-k+l-l", ["bob", "carol", "key", "5"]).map(({ text }) => text), [
    "made bob an operator",
    "gave voice to carol",
    "removed the key of the room",
    "limited the room to 5 people",
    "removed the limit on people",
  ]);
  assertEquals(modeChanges("+x", []).map(({ text }) => text), ["set +x"]);
});

Deno.test("reply texts: requests to NickServ are replaced by commands of the page", () => {
  assertEquals(
    withPageCommands("If it is yours: /msg NickServ IDENTIFY bob PASSWORD"),
    "If it is yours: /login bob PASSWORD",
  );
  assertEquals(withPageCommands("/msg NickServ SET always-on on keeps you"), "/set always-on on keeps you");
  assertEquals(withPageCommands("See /msg NickServ HELP"), "See /msg NickServ HELP");
});
