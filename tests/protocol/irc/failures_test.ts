/** `FAIL` of the commands whose own specification uses it, with any capabilities. */
import { assertEquals, assertRejects } from "@std/assert";
import type { LocalChat } from "../../../src/chat/local_chat.ts";
import { ProtocolFixture, test, testAccounts } from "./harness.ts";

/** Sets of capabilities: none, those of the commands themselves, and the one that enables all standard replies. */
const SETS = [[], ["draft/chathistory", "batch"], ["soju.im/search"], ["standard-replies"]];

/** Invalid requests, and the reply to each. */
const REQUESTS = {
  "CHATHISTORY": "CHATHISTORY INVALID_PARAMS * :Unknown command",
  "CHATHISTORY NONE #tea * 5": "CHATHISTORY INVALID_PARAMS NONE :Unknown command",
  "CHATHISTORY LATEST #tea *": "CHATHISTORY INVALID_PARAMS LATEST :Insufficient parameters",
  "CHATHISTORY LATEST #tea * 5 5": "CHATHISTORY INVALID_PARAMS LATEST :Too many parameters",
  "CHATHISTORY LATEST #tea * none": "CHATHISTORY INVALID_PARAMS LATEST none :Invalid limit",
  "CHATHISTORY BEFORE #tea timestamp=x 5": "CHATHISTORY INVALID_PARAMS BEFORE timestamp=x :Invalid timestamp",
  "CHATHISTORY BEFORE #tea x 5": "CHATHISTORY INVALID_PARAMS BEFORE x :Invalid message reference",
  "CHATHISTORY BEFORE #tea msgid=x 5": "CHATHISTORY MESSAGE_ERROR BEFORE #tea msgid=x :There is no such message",
  "CHATHISTORY LATEST #none * 5": "CHATHISTORY INVALID_TARGET LATEST #none :Messages could not be retrieved",
  "CHATHISTORY TARGETS x y 5": "CHATHISTORY INVALID_PARAMS TARGETS x :Invalid timestamp",
  "SEARCH text=":
    "SEARCH INVALID_PARAMS text :Nothing to search for: use words, from:NAME or has:link (punctuation and emoji are not indexed)",
  "SEARCH text=x;in=#none": "SEARCH INVALID_PARAMS in :You are not in that channel",
  "SEARCH text=x;before=x": "SEARCH INVALID_PARAMS before :Invalid timestamp",
  "SEARCH text=x;limit=0": "SEARCH INVALID_PARAMS limit :Invalid limit",
};

test("failures: CHATHISTORY and SEARCH reply with FAIL with any capabilities", async (fixture) => {
  for (const [i, capabilities] of SETS.entries()) {
    const client = await fixture.irc(`client${i}`, ...capabilities);
    await fixture.join("#tea", client);
    for (const [request, answer] of Object.entries(REQUESTS)) await client.expect(request, `FAIL ${answer}`);
  }
});

test("failures: an error has * for long parameters, and its whole description, when it would not fit", async (fixture) => {
  const client = await fixture.irc("alice", "standard-replies");
  const long = "z".repeat(460);
  await client.expect(`CHATHISTORY ${long}`, "FAIL CHATHISTORY INVALID_PARAMS * :Unknown command");
  await client.expect(
    `CHATHISTORY LATEST #${long} * 5`,
    "FAIL CHATHISTORY INVALID_TARGET LATEST * :Messages could not be retrieved",
  );
  await client.expect("Z".repeat(500), "421 alice * :Unknown command");
  await client.expect(`WHO ${"z".repeat(500)}`, "315 alice * :End of WHO list");
  const mask = `#${"y".repeat(300)}`;
  await client.expect(`NAMES ${mask}`, `366 alice ${mask} :End of /NAMES list`);
});

testAccounts("failures: REGISTER replies with FAIL with any capabilities", async (fixture) => {
  const weak = "FAIL REGISTER WEAK_PASSWORD alice :Password too short: at least 8 characters.";
  const alice = await fixture.irc("alice");
  await alice.expect("REGISTER * * short", weak);
  const early = fixture.connect();
  await early.expect(
    "REGISTER * * long-enough",
    "FAIL REGISTER NEED_NICK * :Choose a nickname first: NICK comes first",
  );
});

test("failures: SETNAME replies with FAIL when the client has setname, else with a NOTICE", async (fixture) => {
  const [knowing, other] = [await fixture.irc("alice", "setname"), await fixture.irc("bob")];
  const [invalid = ""] = await knowing.asks("SETNAME :");
  assertEquals(invalid.replace(/:.*/, ""), "FAIL SETNAME INVALID_REALNAME ");
  const [words = ""] = await other.asks("SETNAME :");
  assertEquals(words.replace(/ :.*/, ""), "NOTICE bob");
  fixture.chat.mutes.add("host", Infinity);
  const muted = "A server operator has muted you";
  await knowing.expect("SETNAME :Alice", `FAIL SETNAME CANNOT_CHANGE_REALNAME :${muted}`);
  await other.expect("SETNAME :Bob", `NOTICE bob :SETNAME: ${muted}`);
});

test("failures: other commands reply with FAIL only when the client has standard-replies", async (fixture) => {
  const [knowing, other] = [await fixture.irc("alice", "standard-replies"), await fixture.irc("bob")];
  await fixture.join("#tea", knowing);
  fixture.chat.mutes.add("host", Infinity);
  await knowing.expect("AWAY :x", "FAIL AWAY MUTED :A server operator has muted you");
  await other.expect("AWAY :x", "NOTICE bob :AWAY: A server operator has muted you");
});

/** Commands, and the part of the chat that each uses. */
const USES: readonly (readonly [string, (chat: LocalChat, fail: () => never) => void])[] = [
  ["CHATHISTORY LATEST #tea * 5", (chat, fail) => chat.history.page = fail],
  ["SEARCH text=tea", (chat, fail) => chat.history.search = fail],
  ["JOIN #den", (chat, fail) => chat.join = fail],
  ["JOIN #den", (chat, fail) => chat.history.latest = fail],
  ["PRIVMSG #tea :hi", (chat, fail) => chat.say = fail],
  ["PRIVMSG alice :hi", (chat, fail) => chat.whisperEach = fail],
  ["@+a TAGMSG #tea", (chat, fail) => chat.tag = fail],
  ["LIST", (chat, fail) => Object.defineProperty(chat, "rooms", { get: fail })],
  ["NICK eve", (chat, fail) => chat.rename = fail],
];

Deno.test("failures: an error that is a bug ends the session, and is not hidden by a reply", async () => {
  for (const [line, breakPart] of USES) {
    const fixture = new ProtocolFixture();
    const alice = await fixture.irc("alice", "batch", "message-tags");
    await fixture.join("#tea", alice);
    breakPart(fixture.chat, () => {
      throw new TypeError("a bug");
    });
    const ended = assertRejects(() => alice.over, TypeError, "a bug", line);
    await alice.says(line);
    alice.connection.close(); // so that the session ends in any case
    await ended;
  }
});
