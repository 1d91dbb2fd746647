/** `FAIL` of the commands whose own specification uses it, with any capabilities. */
import { assertEquals, assertRejects } from "@std/assert";
import type { LocalChat } from "../../../src/chat/local_chat.ts";
import { Chat, test, testAccounts } from "./harness.ts";

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
  "SEARCH text=": "SEARCH INVALID_PARAMS text :There is no word to search for",
  "SEARCH text=x;in=#none": "SEARCH INVALID_PARAMS in :You are not in that channel",
  "SEARCH text=x;before=x": "SEARCH INVALID_PARAMS before :Invalid timestamp",
  "SEARCH text=x;limit=0": "SEARCH INVALID_PARAMS limit :Invalid limit",
};

test("failures: CHATHISTORY and SEARCH reply with FAIL with any capabilities", async (chat) => {
  for (const [i, capabilities] of SETS.entries()) {
    const client = await chat.irc(`client${i}`, ...capabilities);
    await chat.join("#tea", client);
    for (const [request, answer] of Object.entries(REQUESTS)) await client.expect(request, `FAIL ${answer}`);
  }
});

test("failures: an error has * for long parameters, and its whole description, when it would not fit", async (chat) => {
  const client = await chat.irc("alice", "standard-replies");
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

testAccounts("failures: REGISTER replies with FAIL with any capabilities", async (chat) => {
  const weak = "FAIL REGISTER WEAK_PASSWORD alice :Password too short: at least 8 characters.";
  const alice = await chat.irc("alice");
  await alice.expect("REGISTER * * short", weak);
  const early = chat.connect();
  await early.expect(
    "REGISTER * * long-enough",
    "FAIL REGISTER NEED_NICK * :Choose a nickname first: NICK comes first",
  );
});

test("failures: SETNAME replies with FAIL when the client has setname, else with a NOTICE", async (chat) => {
  const [knowing, other] = [await chat.irc("alice", "setname"), await chat.irc("bob")];
  const [invalid = ""] = await knowing.asks("SETNAME :");
  assertEquals(invalid.replace(/:.*/, ""), "FAIL SETNAME INVALID_REALNAME ");
  const [words = ""] = await other.asks("SETNAME :");
  assertEquals(words.replace(/ :.*/, ""), "NOTICE bob");
  chat.hub.mutes.add("host", Infinity);
  const muted = "A server operator has muted you";
  await knowing.expect("SETNAME :Alice", `FAIL SETNAME CANNOT_CHANGE_REALNAME :${muted}`);
  await other.expect("SETNAME :Bob", `NOTICE bob :SETNAME: ${muted}`);
});

test("failures: other commands reply with FAIL only when the client has standard-replies", async (chat) => {
  const [knowing, other] = [await chat.irc("alice", "standard-replies"), await chat.irc("bob")];
  await chat.join("#tea", knowing);
  chat.hub.mutes.add("host", Infinity);
  await knowing.expect("AWAY :x", "FAIL AWAY MUTED :A server operator has muted you");
  await other.expect("AWAY :x", "NOTICE bob :AWAY: A server operator has muted you");
});

/** Commands, and the part of the chat that each uses. */
const USES: readonly (readonly [string, (hub: LocalChat, fail: () => never) => void])[] = [
  ["CHATHISTORY LATEST #tea * 5", (hub, fail) => hub.history.page = fail],
  ["SEARCH text=tea", (hub, fail) => hub.history.search = fail],
  ["JOIN #den", (hub, fail) => hub.join = fail],
  ["JOIN #den", (hub, fail) => hub.history.latest = fail],
  ["PRIVMSG #tea :hi", (hub, fail) => hub.say = fail],
  ["PRIVMSG alice :hi", (hub, fail) => hub.whisperEach = fail],
  ["@+a TAGMSG #tea", (hub, fail) => hub.tag = fail],
  ["LIST", (hub, fail) => Object.defineProperty(hub, "rooms", { get: fail })],
  ["NICK eve", (hub, fail) => hub.rename = fail],
];

Deno.test("failures: an error that is a bug ends the session, and is not hidden by a reply", async () => {
  for (const [line, breakPart] of USES) {
    const chat = new Chat();
    const alice = await chat.irc("alice", "batch", "message-tags");
    await chat.join("#tea", alice);
    breakPart(chat.hub, () => {
      throw new TypeError("a bug");
    });
    const ended = assertRejects(() => alice.over, TypeError, "a bug", line);
    await alice.says(line);
    alice.connection.close(); // so that the session ends in any case
    await ended;
  }
});
