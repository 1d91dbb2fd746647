/** Error replies: each code of ChatError has its numeric or standard reply. */
import { assertEquals } from "@std/assert";
import { LocalChat } from "../../../src/chat/local_chat.ts";
import { ChatError, type ChatErrorCode } from "../../../src/chat/chat_error.ts";
import { MemoryHistory } from "../../../src/history/memory.ts";
import { replyError } from "../../../src/protocol/irc/error_replies.ts";
import type { IrcContext } from "../../../src/protocol/irc/context.ts";
import { NICK_RULE, ROOM_RULE } from "../../../src/protocol/names.ts";
import { LastingHistory } from "../../chat/helpers.ts";
import { type Client, test } from "./harness.ts";

/** Returns what a client gets when a command fails with a code. */
function replyTo(client: Client, code: ChatErrorCode, command = "CMD"): string[] {
  replyError(client.session.outlet as unknown as IrcContext, new ChatError(code, "X", "#tea", "b"), command);
  return client.hears();
}

/** The reply to each code except `nick-registered`, which NickServ explains as well: see sasl_test.ts. */
const LINES: Record<Exclude<ChatErrorCode, "nick-registered">, string> = {
  "nick-invalid": `432 alice X :Erroneous nickname: ${NICK_RULE}`,
  "nick-taken": "433 alice X :Nickname is already in use",
  "nick-confusable": "433 alice X :Nickname looks like one that is in use",
  "banned-nick": "435 alice X #tea :Cannot change nickname while banned from the channel",
  "no-such-user": "401 alice X :No such nick/channel",
  "login-to-leave": "486 alice X :The user is offline: to leave a message, log in to an account first",
  "ignores-self": "FAIL CMD INVALID_TARGET X :You cannot ignore yourself",
  "ignores-full": "511 alice X :Your silence list is full",
  "not-ignored": "FAIL CMD NOT_IGNORED X :You do not ignore that user. SILENCE lists those you do",
  "ignores-unstored": "FAIL CMD CANNOT_STORE :The server cannot store your ignore list. Try again later",
  "room-invalid": `476 alice X :Bad Channel Mask: ${ROOM_RULE}`,
  "room-confusable": "476 alice X :Channel name looks like that of another channel",
  "no-such-room": "403 alice X :No such channel",
  "not-in-room": "442 alice X :You're not on that channel",
  "user-not-in-room": "441 alice X #tea :They aren't on that channel",
  "already-in-room": "443 alice X #tea :is already on channel",
  "too-many-sessions":
    "FAIL CMD TOO_MANY_SESSIONS :Your account is connected X times, which is the limit. Close one of the others first",
  "login-outdated": "FAIL CMD LOGIN_OUTDATED :The account has changed in the meantime: log in again",
  "account-required": "FAIL CMD ACCOUNT_REQUIRED :An account is required",
  "absent-full":
    "FAIL CMD TOO_MANY_ABSENT :This server keeps no more than X users who are not connected. Try again later",
  "too-many-rooms": "405 alice X :You have joined too many channels",
  "rooms-full": "FAIL CMD TOO_MANY_CHANNELS X :The server has as many channels as it allows",
  "banned": "474 alice X :Cannot join channel (+b)",
  "invite-only": "473 alice X :Cannot join channel (+i)",
  "wrong-key": "475 alice X :Cannot join channel (+k)",
  "room-full": "471 alice X :Cannot join channel (+l)",
  "cannot-speak": "404 alice X :Cannot send to channel",
  "not-operator": "482 alice X :You're not channel operator",
  "not-owner": "482 alice X :You're not channel owner",
  "login-required": "477 alice X :You need to be logged in to an account for this channel",
  "no-account": "FAIL CMD ACCOUNT_REQUIRED X :The user is not registered or not logged in",
  "no-role": "FAIL CMD NO_SUCH_ROLE #tea X :The user has no role in the channel",
  "roles-full": "FAIL CMD TOO_MANY_ROLES X :The channel has its limit of 100 roles",
  "room-unowned": "FAIL CMD NO_OWNER X :The channel belongs to no account, so it has no lasting members",
  "room-fixed": "FAIL CMD CANNOT_CHANGE X :The channel is for everyone: it can have no owner",
  "room-taken": "FAIL CMD CHANNEL_NAME_IN_USE X :There is a channel of that name",
  "room-crowded": "FAIL CMD TOO_MANY_MEMBERS #tea :The channel has more than X members",
  "mask-invalid": "696 alice #tea b X :Invalid mask",
  "masks-full": "478 alice #tea b :Channel list is full",
  "key-invalid": "525 alice #tea :Key is not well-formed",
  "token-read-only": "FAIL CMD TOKEN_READ_ONLY :Your token permits you to read, but not to write",
  "no-private-messages": "531 alice X :You cannot send a private message to a bot whose token is for one channel",
  "token-nick": "433 alice X :Your token does not permit the nickname of its account, choose another one",
  "token-room": "FAIL CMD TOKEN_SCOPE X :Your token is for X alone",
  "reason-too-long": "FAIL CMD REASON_TOO_LONG :Reason too long: at most X characters",
  "text-too-long": "FAIL CMD TEXT_TOO_LONG :Text too long: at most X bytes, and letters outside ASCII take 2 to 4 each",
  "link-unknown":
    "FAIL CMD LINK_UNKNOWN :This invite link is not valid: it was mistyped or revoked, or its room is gone. Ask for a new one.",
  "link-expired": "FAIL CMD LINK_EXPIRED :This invite link has expired. Ask for a new one.",
  "link-used-up": "FAIL CMD LINK_USED_UP :This invite link has been used as often as it may be. Ask for a new one.",
  "link-time-invalid": "FAIL CMD LINK_TIME_INVALID :Invalid time: an invite link is valid from 1m to 90d.",
  "link-uses-invalid": "FAIL CMD LINK_USES_INVALID :Invalid number of uses: from 1 to X.",
  "links-full": "FAIL CMD LINKS_FULL :There are X invite links already, which is the most. Revoke one first.",
  "links-unstored": "FAIL CMD LINKS_UNSTORED :Invite links cannot be stored right now. Try again later.",
  "no-such-link": "FAIL CMD NO_SUCH_LINK X :No such invite link",
  "topic-too-long": "FAIL CMD INVALID_TOPIC :Topic too long: at most X characters",
  "muted": "FAIL CMD MUTED :A server operator has muted you",
  "server-banned": "465 alice :You are banned from this server (X)",
  "not-server-operator": "481 alice :Permission Denied- You're not an IRC operator",
  "ban-invalid":
    "FAIL CMD INVALID_MASK X :Invalid ban: give an address, a network or a mask that does not match everyone",
  "bans-full": "FAIL CMD TOO_MANY_BANS :Too many bans: at most X",
  "duration-invalid": "FAIL CMD INVALID_TIME X :Invalid time: give minutes, or a duration such as 12h",
  "no-such-ban": "FAIL CMD NO_SUCH_BAN X :No such ban. STATS k lists them",
  "not-muted": "FAIL CMD NOT_MUTED X :Not muted",
  "keys-too-fast": "FAIL CMD TOO_MANY_KEYS X :Too many wrong keys from your address. Try again in a minute",
  "rooms-too-fast": "FAIL CMD TOO_MANY_CHANNELS X :Too many channels were created from your network. Try again later",
  "nicks-too-fast": "438 alice X :Nick change too fast, please wait a minute",
  "message-too-long": "FAIL CMD MESSAGE_TOO_LONG :Message too long: at most X",
  "no-such-line": "FAIL CMD UNKNOWN_MSGID X :There is no such message any more",
  "line-deleted": "FAIL CMD UNKNOWN_MSGID X :The message was deleted",
  "not-own-line": "FAIL CMD REDACT_FORBIDDEN X :Only operators can delete messages of others",
  "redact-too-late": "FAIL CMD REDACT_WINDOW_EXPIRED X :The message is too old to be deleted",
  "reaction-invalid": "FAIL CMD INVALID_REACTION X :A reaction is one emoji or one short word",
  "reactions-full": "FAIL CMD TOO_MANY_REACTIONS X :Too many reactions to the message: at most X",
  "not-stored": "FAIL CMD CANNOT_KEEP X :Not sent: the server cannot store it. Try again later",
  "too-many-waiting": "263 alice CMD :Please wait a while and try again.",
  "cluster-busy": "263 alice CMD :Please wait a while and try again.",
  "stored-too-much":
    "FAIL CMD RATE_LIMITED X :Not sent: your network or account is sending too much. Wait a minute, then send it again",
  "history-unreadable": "FAIL CMD MESSAGE_ERROR :Messages could not be retrieved",
};

test("error replies: every code of ChatError gives one line with its subject", async (fixture) => {
  const alice = await fixture.irc("alice", "standard-replies");
  for (const [code, line] of Object.entries(LINES) as [ChatErrorCode, string][]) {
    assertEquals(replyTo(alice, code), [line], code);
  }
  for (const command of ["PRIVMSG", "TAGMSG"]) {
    assertEquals(replyTo(alice, "not-in-room", command), ["404 alice X :Cannot send to channel"]);
  }
});

test("error replies: an error without a numeric is a NOTICE when the client has no standard-replies", async (fixture) => {
  const alice = await fixture.irc("alice");
  for (const [code, line] of Object.entries(LINES) as [ChatErrorCode, string][]) {
    const [, words] = /^FAIL .* :(.*)$/.exec(line) ?? [];
    assertEquals(replyTo(alice, code), [words === undefined ? line : `NOTICE alice :CMD: ${words}`], code);
  }
});

test("error replies: JOIN fails for one channel, and joins the others, when the server is full", async (fixture) => {
  const alice = await fixture.irc("alice", "standard-replies");
  const answer = await alice.asks("JOIN #a,#b,#a");
  assertEquals(answer.filter((line) => / JOIN |FAIL/.test(line)), [
    ":alice!~alice@host JOIN #a",
    "FAIL JOIN TOO_MANY_CHANNELS #b :The server has as many channels as it allows",
  ]);
}, () => ({ chat: new LocalChat({ history: new MemoryHistory(), maxRooms: 2 }) }));

/** A store that can store nothing. */
function fullHistory(): LastingHistory {
  const history = new LastingHistory();
  history.full = "the disk is full";
  return history;
}

test(
  "error replies: a message that cannot be stored is returned to its sender only, with the label",
  async (fixture) => {
    const alice = await fixture.irc("alice", "batch", "labeled-response", "echo-message");
    const bob = await fixture.irc("bob");
    await fixture.join("#tea", alice, bob);
    const notStored = "404 alice #tea :Not sent, the server cannot store it (try again later): hi";
    await alice.expect("PRIVMSG #tea :hi", notStored);
    await alice.expect("NOTICE #tea :hi", notStored);
    await alice.expect("@label=x PRIVMSG #tea :hi", `@label=x ${notStored}`);
    assertEquals(bob.hears(), []);
  },
  () => ({ chat: new LocalChat({ history: fullHistory() }) }),
);

test("error replies: a PRIVMSG that cannot be stored gets an error, and a NOTICE gets none", async (fixture) => {
  const alice = await fixture.irc("alice", "standard-replies", "echo-message");
  const bob = await fixture.irc("bob");
  await alice.expect(
    "PRIVMSG bob :hi",
    "FAIL PRIVMSG CANNOT_KEEP bob :Not sent: the server cannot store it. Try again later",
  );
  await alice.expect("NOTICE bob :hi");
  await alice.expect("PRIVMSG bob :\x01VERSION\x01", ":alice!~alice@host PRIVMSG bob :\x01VERSION\x01");
  assertEquals(bob.hears(), [":alice!~alice@host PRIVMSG bob :\x01VERSION\x01"]);
}, () => ({ chat: new LocalChat({ history: fullHistory(), keepPrivate: "all" }) }));

const privately = new LastingHistory();

test("error replies: a message to several users is stored in one transaction", async (fixture) => {
  const alice = await fixture.irc("alice");
  const [bob, carol] = [await fixture.irc("bob"), await fixture.irc("carol")];
  await alice.says("PRIVMSG bob,carol :hi");
  assertEquals(privately.take(), [["hi", "hi", "hi", "hi"]]);
  assertEquals([...bob.hears(), ...carol.hears()], [
    ":alice!~alice@host PRIVMSG bob :hi",
    ":alice!~alice@host PRIVMSG carol :hi",
  ]);
}, () => ({ chat: new LocalChat({ history: privately, keepPrivate: "all" }) }));

test("error replies: each rejected command is counted, also a NOTICE, which gets no reply", async (fixture) => {
  const rejected: string[] = [];
  Object.assign(fixture.options.moderation, {
    rejected: (_caller: unknown, { code }: ChatError) => rejected.push(code),
  });
  const alice = await fixture.irc("alice");
  await alice.says("PRIVMSG nobody :hi");
  await alice.expect("NOTICE nobody :hi");
  assertEquals(rejected, ["no-such-user", "no-such-user"]);
});
