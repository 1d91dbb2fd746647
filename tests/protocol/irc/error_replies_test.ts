/** What the hub refuses: each has its numeric or standard reply, whatever it was asked for. */
import { assertEquals } from "@std/assert";
import { LocalChat } from "../../../src/chat/local_chat.ts";
import { ChatError, type ChatErrorCode } from "../../../src/chat/chat_error.ts";
import { MemoryHistory } from "../../../src/history/memory.ts";
import { refused } from "../../../src/protocol/irc/error_replies.ts";
import type { IrcSession } from "../../../src/protocol/irc/session.ts";
import { LastingHistory } from "../../chat/helpers.ts";
import { type Client, test } from "./harness.ts";

/** What a client gets when something is refused that it asked for with a command. */
function answer(client: Client, code: ChatErrorCode, command = "CMD"): string[] {
  refused(client.member.outlet as IrcSession, new ChatError(code, "X", "#tea", "b"), command);
  return client.hears();
}

/** But for `nick-owned`, which NickServ explains as well: see sasl_test.ts. */
const LINES: Record<Exclude<ChatErrorCode, "nick-owned">, string> = {
  "nick-impossible": "432 alice X :Erroneous nickname",
  "nick-taken": "433 alice X :Nickname is already in use",
  "nick-confusable": "433 alice X :Nickname looks like one that is in use",
  "nobody": "401 alice X :No such nick/channel",
  "room-impossible": "476 alice X :Bad Channel Mask",
  "no-room": "403 alice X :No such channel",
  "not-in-room": "442 alice X :You're not on that channel",
  "not-there": "441 alice X #tea :They aren't on that channel",
  "there-already": "443 alice X #tea :is already on channel",
  "too-many-rooms": "405 alice X :You have joined too many channels",
  "rooms-full": "FAIL CMD TOO_MANY_CHANNELS X :There are as many channels as there can be",
  "banned": "474 alice X :Cannot join channel (+b)",
  "invite-only": "473 alice X :Cannot join channel (+i)",
  "wrong-key": "475 alice X :Cannot join channel (+k)",
  "room-full": "471 alice X :Cannot join channel (+l)",
  "may-not-speak": "404 alice X :Cannot send to channel",
  "not-operator": "482 alice X :You're not channel operator",
  "mask-impossible": "696 alice #tea b X :Invalid mask",
  "masks-full": "478 alice #tea b :Channel list is full",
  "key-impossible": "525 alice #tea :Key is not well-formed",
  "reason-too-long": "FAIL CMD REASON_TOO_LONG :A reason has X characters at the most",
  "text-too-wide": "FAIL CMD TEXT_TOO_LONG :It has more than X bytes; letters outside ASCII take 2 to 4 each",
  "topic-too-long": "FAIL CMD INVALID_TOPIC :A topic has X characters at the most",
  "muted": "FAIL CMD MUTED :A server operator has muted you",
  "server-banned": "465 alice :You are banned from this server (X)",
  "not-server-operator": "481 alice :Permission Denied- You're not an IRC operator",
  "ban-impossible": "FAIL CMD INVALID_MASK X :That is no address and no mask, or it is everybody's",
  "bans-full": "FAIL CMD TOO_MANY_BANS :There are X bans already",
  "time-impossible": "FAIL CMD INVALID_TIME X :Minutes, or as in 12h",
  "no-ban": "FAIL CMD NO_SUCH_BAN X :Nothing like that is banned",
  "not-muted": "FAIL CMD NOT_MUTED X :They may speak",
  "keys-too-fast": "FAIL CMD TOO_MANY_KEYS X :Too many wrong keys came from your address",
  "rooms-too-fast": "FAIL CMD TOO_MANY_CHANNELS X :Too many channels were made from your address",
  "nicks-too-fast": "438 alice X :Nick change too fast, please wait a minute",
  "not-kept": "FAIL CMD CANNOT_KEEP X :Not sent, the server cannot keep it; try again later",
  "too-many-waiting": "263 alice CMD :Please wait a while and try again.",
  "stored-too-much":
    "FAIL CMD RATE_LIMITED X :Not sent, your network or account is sending too much; wait a minute and send it again",
  "history-unreadable": "FAIL CMD MESSAGE_ERROR :Messages could not be retrieved",
};

test("each refusal is one line, with what it is about", async (chat) => {
  const alice = await chat.irc("alice", "standard-replies");
  for (const [code, line] of Object.entries(LINES) as [ChatErrorCode, string][]) {
    assertEquals(answer(alice, code), [line], code);
  }
  for (const command of ["PRIVMSG", "TAGMSG"]) {
    assertEquals(answer(alice, "not-in-room", command), ["404 alice X :Cannot send to channel"]);
  }
});

test("where there is no numeric, a client without standard replies gets a notice, with the same words", async (chat) => {
  const alice = await chat.irc("alice");
  for (const [code, line] of Object.entries(LINES) as [ChatErrorCode, string][]) {
    const [, words] = /^FAIL .* :(.*)$/.exec(line) ?? [];
    assertEquals(answer(alice, code), [words === undefined ? line : `NOTICE alice :CMD: ${words}`], code);
  }
});

test("JOIN of one channel more than there may be is refused, and the others are joined", async (chat) => {
  const alice = await chat.irc("alice", "standard-replies");
  const answer = await alice.asks("JOIN #a,#b,#a");
  assertEquals(answer.filter((line) => / JOIN |FAIL/.test(line)), [
    ":alice!~alice@host JOIN #a",
    "FAIL JOIN TOO_MANY_CHANNELS #b :There are as many channels as there can be",
  ]);
}, () => ({ chat: new LocalChat({ history: new MemoryHistory(), maxRooms: 2 }) }));

/** A history that can keep nothing. */
function fullHistory(): LastingHistory {
  const history = new LastingHistory();
  history.full = "the disk is full";
  return history;
}

test(
  "what cannot be kept is told to who said it, as an answer to it if it has a label, and to nobody else",
  async (chat) => {
    const alice = await chat.irc("alice", "batch", "labeled-response", "echo-message");
    const bob = await chat.irc("bob");
    await chat.join("#tea", alice, bob);
    const unsaid = "404 alice #tea :Not sent, the server cannot keep it (try again later): hi";
    await alice.expect("PRIVMSG #tea :hi", unsaid);
    await alice.expect("NOTICE #tea :hi", unsaid);
    await alice.expect("@label=x PRIVMSG #tea :hi", `@label=x ${unsaid}`);
    assertEquals(bob.hears(), []);
  },
  () => ({ chat: new LocalChat({ history: fullHistory() }) }),
);

test("a private message that cannot be kept is refused, but a notice is never answered", async (chat) => {
  const alice = await chat.irc("alice", "standard-replies", "echo-message");
  const bob = await chat.irc("bob");
  await alice.expect(
    "PRIVMSG bob :hi",
    "FAIL PRIVMSG CANNOT_KEEP bob :Not sent, the server cannot keep it; try again later",
  );
  await alice.expect("NOTICE bob :hi");
  await alice.expect("PRIVMSG bob :\x01VERSION\x01", ":alice!~alice@host PRIVMSG bob :\x01VERSION\x01");
  assertEquals(bob.hears(), [":alice!~alice@host PRIVMSG bob :\x01VERSION\x01"]);
}, () => ({ chat: new LocalChat({ history: fullHistory(), keepPrivate: true }) }));

const privately = new LastingHistory();

test("what one line says to several is kept at once", async (chat) => {
  const alice = await chat.irc("alice");
  const [bob, carol] = [await chat.irc("bob"), await chat.irc("carol")];
  await alice.says("PRIVMSG bob,carol :hi");
  assertEquals(privately.take(), [["hi", "hi", "hi", "hi"]]);
  assertEquals([...bob.hears(), ...carol.hears()], [
    ":alice!~alice@host PRIVMSG bob :hi",
    ":alice!~alice@host PRIVMSG carol :hi",
  ]);
}, () => ({ chat: new LocalChat({ history: privately, keepPrivate: true }) }));
