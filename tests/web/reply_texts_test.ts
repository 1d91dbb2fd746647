/** Tests of the texts that the page shows for replies of the server. */
import { assertEquals } from "@std/assert";
import { type Numeric, numeric } from "../../src/protocol/irc/numerics.ts";
import { parse } from "../../src/web/irc.js";
import {
  banText,
  closeText,
  isBan,
  loginFailed,
  modeChanges,
  replyText,
  standardReply,
  withPageCommands,
} from "../../src/web/reply_texts.js";

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

Deno.test("reply texts: what only owners may do is told from what operators may", () => {
  assertEquals(textOf("ERR_CHANOPRIVSNEEDED", "#tea"), "Only operators of #tea can do that.");
  assertEquals(textOf("ERR_CHANOWNPRIVNEEDED", "#tea"), "Only owners of #tea can do that.");
  assertEquals(
    textOf("ERR_NEEDREGGEDNICK", "#tea"),
    "#tea is for registered users. Log in first: /login NAME PASSWORD",
  );
});

Deno.test("reply texts: a bot for one room takes no private messages", () => {
  const text = "bot takes no private messages: it is a bot whose token is for one room.";
  assertEquals(textOf("ERR_CANTSENDTOUSER", "bot"), text);
});

Deno.test("reply texts: a ban is recognised, and its reason is a sentence", () => {
  const numericText = parse(numeric("ERR_YOUREBANNEDCREEP", "alice", "spam")).params.at(-1) ?? "";
  for (const text of [numericText, "banned: spam"]) {
    assertEquals([isBan(text), banText(text)], [true, "You are banned from this server: spam."], text);
  }
  for (const text of ["You are banned from this server", "You are banned from this server (no reason given)"]) {
    assertEquals(banText(text), "You are banned from this server.", text);
  }
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
  assertEquals(modeChanges("+x-y", []).map(({ text }) => text), ["set +x", "set -y"]);
  assertEquals(modeChanges("-lv+b", ["bob", "$&!*@*"]).map(({ arg, text }) => [arg, text]), [
    ["", "removed the limit on people"],
    ["bob", "removed voice from bob"],
    ["$&!*@*", "banned $&!*@*"],
  ]);
  assertEquals(modeChanges("+q-oR", ["bob", "carol"]).map(({ text }) => text), [
    "made bob an owner",
    "removed carol as operator",
    "lets users without an account enter",
  ]);
});

Deno.test("reply texts: requests to NickServ and ChanServ are replaced by commands of the page", () => {
  assertEquals(
    withPageCommands("If it is yours: /msg NickServ IDENTIFY bob PASSWORD"),
    "If it is yours: /login bob PASSWORD",
  );
  assertEquals(withPageCommands("/msg NickServ SET always-on on keeps you"), "/set always-on on keeps you");
  assertEquals(withPageCommands("See /msg NickServ HELP"), "See /msg NickServ HELP");
  assertEquals(withPageCommands("To revoke it: /msg ChanServ UNLINK #tea 3"), "To revoke it: /unlink 3");
});

Deno.test("reply texts: each kind of reply is shown as an error, as information, or not at all", () => {
  assertEquals(replyText("401", ["bob", "No such nick"]), { text: "No such user: bob.", wrong: true });
  assertEquals(replyText("499", ["#tea", "not known"]), { text: "#tea not known", wrong: true });
  assertEquals(replyText("599", ["not known"])?.wrong, true);
  assertEquals(replyText("305", ["x"]), { text: "You are no longer marked as away.", wrong: false });
  assertEquals(replyText("399", ["not", "known"]), { text: "not known", wrong: false });
  assertEquals(replyText("001", ["Welcome"]), undefined);
  assertEquals(replyText("404", ["#tea", "Not sent: the server cannot store it"])?.text, NOT_STORED);
  assertEquals(
    replyText("404", ["#tea", "Cannot send to channel"])?.text,
    "You cannot send messages to #tea. Ask one of its operators.",
  );
  assertEquals(replyText("696", ["#tea", "l", "x", "why"])?.text.slice(0, 14), "Invalid limit:");
  assertEquals(replyText("696", ["#tea", "k", "x", "why"])?.text.slice(0, 12), "Invalid key:");
  assertEquals(replyText("696", ["#tea", "b", "x", "why"])?.text.slice(0, 23), "Invalid mask for mode b");
});

const NOT_STORED = "The server cannot store messages right now. Try again later.";

Deno.test("reply texts: the lines of WHOIS are sentences", () => {
  assertEquals(replyText("311", ["bob", "~b", "host", "*", "Bob B."])?.text, "bob is ~b@host, “Bob B.”");
  assertEquals(replyText("311", ["bob", "~b", "host", "*", ""])?.text, "bob is ~b@host");
  const since = new Date(1_800_000_000_000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  const idle = { 89: "89 seconds", 90: "2 minutes", 5399: "90 minutes", 5400: "2 hours", 7300: "2 hours" };
  for (const [seconds, text] of Object.entries(idle)) {
    const wanted = `bob has been idle for ${text}, and connected since ${since}.`;
    assertEquals(replyText("317", ["bob", seconds, "1800000000", "seconds idle"])?.text, wanted);
  }
  assertEquals(replyText("319", ["bob", "@#tea #den "])?.text, "bob is in @#tea #den");
  const ban = `Banned: *!*@host (by alice, ${since})`;
  assertEquals(replyText("367", ["#tea", "*!*@host", "alice!~a@host", "1800000000"])?.text, ban);
});

Deno.test("reply texts: the codes of standard replies that users meet have their own texts", () => {
  assertEquals(standardReply("CANNOT_KEEP", "x"), NOT_STORED);
  assertEquals(standardReply("TOO_MANY_KEYS", "Too many wrong keys"), "Too many wrong keys. Try again in a minute.");
  assertEquals(standardReply("MUTED", "x"), "A server operator has muted you: you can read, but not send.");
  assertEquals(
    standardReply("ACCOUNT_EXISTS", "x"),
    "Your nickname is already registered. Choose another name first.",
  );
  assertEquals(standardReply("NO_OWNER", "The channel has no owner"), "The room has no owner");
  assertEquals(
    standardReply("ACCOUNT_REQUIRED", "The user is not registered or not logged in"),
    "That user has no account, or is not logged in.",
  );
  assertEquals(
    standardReply("ACCOUNT_REQUIRED", "An account is required"),
    "You need an account for that. Register your nickname: /register",
  );
  assertEquals(
    standardReply("ACCOUNT_REQUIRED", "You are not logged in. First: /msg NickServ IDENTIFY NAME PASSWORD"),
    "You are not logged in. First: /login NAME PASSWORD",
  );
  assertEquals(standardReply("NO_SUCH_BAN", "x"), "There is no such ban. The dialog about the room lists its bans.");
  assertEquals(standardReply("OTHER", "First: /msg NickServ LOGOUT"), "First: /logout");
});

Deno.test("reply texts: a wrong password is told apart from a login that the server did not check", () => {
  assertEquals(loginFailed("SASL authentication failed"), "Wrong password for this name.");
  assertEquals(loginFailed("SASL authentication failed: The server is busy."), "The server is busy.");
  assertEquals(
    loginFailed("SASL authentication failed: First: /msg NickServ LOGOUT"),
    "First: /logout",
  );
});

Deno.test("reply texts: a reason that ends with punctuation gets no full stop", () => {
  for (const end of ["!", "?", "…", "。", "！", "？", "."]) {
    assertEquals(closeText(`bye${end}`), `The server closed the connection: bye${end}`);
  }
});
