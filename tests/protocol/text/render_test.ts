import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { fc } from "../../dependencies.ts";
import { sanitize, stripFormatting } from "../../../src/util/sanitize.ts";
import type { ChatEvent, Joined, Left, Said, Whispered } from "../../../src/chat/events.ts";
import type { ModeChange } from "../../../src/chat/modes.ts";
import { isNick } from "../../../src/chat/names.ts";
import { ChatError, type ChatErrorCode } from "../../../src/chat/chat_error.ts";
import { errorLine } from "../../../src/protocol/text/error_texts.ts";
import { whisperSent } from "../../../src/protocol/text/messages.ts";
import { historyLine, occupancy, system, textFormat, withTime, withTimes } from "../../../src/protocol/text/render.ts";

const deed = { who: "alice", origin: "alice!~a@host" } as const;
const speech = { ...deed, id: 1, text: "hi", style: "say", time: 0, tags: "", bot: false } as const;
const said: Said = { kind: "said", room: "#tea", ...speech };
const whispered: Whispered = { kind: "whispered", to: "bob", ...speech };
const joined: Joined = { kind: "joined", room: "#tea", ...deed, realname: "Alice", away: undefined, size: 2 };
const left: Left = { kind: "left", room: "#tea", ...deed, size: 2, reason: undefined, quit: false, own: true };
const invited = { kind: "invited", room: "#tea", ...deed, whom: "bob" } as const;
const kicked: ChatEvent = { kind: "kicked", room: "#tea", ...deed, whom: "bob", reason: undefined };

/** The lines for an event. */
function rendered(event: ChatEvent, announce = 100): readonly string[] {
  const lines = textFormat(announce).render(event) ?? [];
  return typeof lines === "string" ? [lines] : lines;
}

Deno.test("render: each event has its line", () => {
  const lines: [ChatEvent, string][] = [
    [said, "<alice> hi"],
    [{ ...said, style: "action", text: "waves" }, "* alice waves"],
    [{ ...said, style: "notice" }, "-alice:#tea- hi"],
    [{ ...said, minRank: "op" }, "<alice to operators> hi"],
    [{ ...said, minRank: "voice" }, "<alice to voices> hi"],
    [{ ...said, minRank: "op", style: "action", text: "waves" }, "* alice to operators waves"],
    [{ ...whispered, text: "psst" }, "*alice* psst"],
    [{ ...whispered, style: "action", text: "waves" }, "*alice* alice waves"],
    [{ ...whispered, style: "notice" }, "-alice- hi"],
    [joined, "-- alice joined #tea"],
    [left, "-- alice left #tea"],
    [{ ...left, reason: "connection lost" }, "-- alice left #tea (connection lost)"],
    [{ ...left, reason: "" }, "-- alice left #tea"],
    [{ ...left, quit: true, reason: "bye" }, "-- alice left #tea (bye)"],
    [kicked, "-- alice kicked bob from #tea"],
    [{ ...kicked, reason: "enough" }, "-- alice kicked bob from #tea (enough)"],
    [{ kind: "renamed", ...deed, to: "bob" }, "-- alice is now bob"],
    [{ kind: "topic", room: "#tea", ...deed, topic: "green" }, "-- alice set the topic of #tea: green"],
    [{ kind: "topic", room: "#tea", ...deed, topic: "" }, "-- alice cleared the topic of #tea"],
    [{ ...invited, forOperators: false }, "-- alice invited bob to #tea. To go there: /join #tea"],
    [{ ...invited, forOperators: true }, "-- alice invited bob to #tea. To go there: /join #tea"],
    [{ kind: "wallops", ...deed, text: "restart at four" }, "-- Message from server operator alice: restart at four"],
    [
      { kind: "not-stored", who: "alice", room: "#tea", text: "hi" },
      "-- Not sent, the server cannot store messages right now. Try again later: hi",
    ],
    [{ kind: "notice", text: "stopping" }, "-- stopping"],
    [{ kind: "notice", text: "\x02stop\x0304ping" }, "-- stopping"],
  ];
  for (const [event, line] of lines) assertEquals(rendered(event), [line]);
  assertEquals(whisperSent({ to: "bob", text: "psst", reply: undefined }), "-> *bob* psst");
  assertEquals(system("Pong."), "-- Pong.");
  assertEquals(system("one\r\n\x1b[2Jtwo\x02"), "-- one[2Jtwo");
});

Deno.test("render: joins and departures are shown in rooms of up to `announce` members, other events in all", () => {
  for (const limit of [0, 1, 3]) {
    const format = textFormat(limit);
    for (const size of [1, 2, 3, 4]) {
      assertEquals(format.render({ ...joined, size }) !== undefined, size <= limit, `joined: ${size} of ${limit}`);
      assertEquals(format.render({ ...left, size }) !== undefined, size <= limit, `left: ${size} of ${limit}`);
    }
    assertEquals(format.render(said), "<alice> hi");
    assertEquals(format.render(kicked), "-- alice kicked bob from #tea");
  }
});

Deno.test("render: each change of modes has its line", () => {
  const lines: [ModeChange, string][] = [
    [{ on: true, mode: "o", nick: "bob" }, "made bob an operator of #tea"],
    [{ on: false, mode: "o", nick: "bob" }, "made bob a plain member of #tea"],
    [{ on: true, mode: "v", nick: "bob" }, "gave bob a voice in #tea"],
    [{ on: false, mode: "v", nick: "bob" }, "took the voice in #tea from bob"],
    [{ on: true, mode: "b", mask: "bob!*@*" }, "banned bob!*@* from #tea"],
    [{ on: false, mode: "b", mask: "bob!*@*" }, "lifted the ban of bob!*@* from #tea"],
    [{ on: true, mode: "e", mask: "bob!*@*" }, "exempted bob!*@* from the bans of #tea"],
    [{ on: false, mode: "e", mask: "bob!*@*" }, "lifted the exemption of bob!*@* from the bans of #tea"],
    [{ on: true, mode: "I", mask: "bob!*@*" }, "let bob!*@* join #tea without an invitation"],
    [{ on: false, mode: "I", mask: "bob!*@*" }, "no longer lets bob!*@* join #tea without an invitation"],
    [{ on: true, mode: "k", key: "sesame" }, "locked #tea: /join #tea sesame"],
    [{ on: false, mode: "k", key: "sesame" }, "unlocked #tea"],
    [{ on: true, mode: "l", limit: 7 }, "limited #tea to 7 members"],
    [{ on: false, mode: "l" }, "lifted the limit of members of #tea"],
    [{ on: true, mode: "i" }, "made #tea invite-only"],
    [{ on: false, mode: "i" }, "opened #tea to everyone"],
    [{ on: true, mode: "m" }, "moderated #tea: only operators and members with a voice can speak"],
    [{ on: false, mode: "m" }, "let everyone speak in #tea"],
    [{ on: true, mode: "n" }, "let only members of #tea speak there"],
    [{ on: false, mode: "n" }, "let users outside #tea speak there"],
    [{ on: true, mode: "s" }, "hid #tea from users outside it"],
    [{ on: false, mode: "s" }, "made #tea visible to everyone"],
    [{ on: true, mode: "t" }, "let only operators set the topic of #tea"],
    [{ on: false, mode: "t" }, "let everyone set the topic of #tea"],
  ];
  const modes = (...changes: ModeChange[]) => rendered({ kind: "modes", room: "#tea", ...deed, changes });
  for (const [change, line] of lines) assertEquals(modes(change), [`-- alice ${line}`]);
  assertEquals(modes(...lines.map(([change]) => change)), lines.map(([, line]) => `-- alice ${line}`));
});

Deno.test("render: events for programs have no line", () => {
  const { text: _text, style: _style, ...wordless } = speech;
  const silent: ChatEvent[] = [
    { ...said, style: "ctcp" },
    { ...said, style: "ctcp-reply" },
    { ...whispered, style: "ctcp" },
    { ...whispered, style: "ctcp-reply" },
    { kind: "tagged", to: "#tea", ...wordless },
    { kind: "away", ...deed, message: "lunch" },
    { kind: "realname", ...deed, realname: "Alice" },
    { kind: "account", ...deed, account: "alice" },
    { kind: "online", ...deed },
    { kind: "offline", who: "alice" },
  ];
  for (const event of silent) assertEquals(rendered(event), [], event.kind);
});

Deno.test("render: IRC formatting is removed from every event", () => {
  const text = "\x02b\x02 \x0304,12r\x03 \x04ff0000h\x0f \x11\x16\x1d\x1e\x1fu";
  const events: ChatEvent[] = [
    { ...said, text },
    { ...said, text, style: "action" },
    { ...said, text, style: "notice" },
    { ...whispered, text },
    { ...whispered, text, style: "action" },
    { ...whispered, text, style: "notice" },
    { ...left, reason: text },
    { ...kicked, reason: text },
    { kind: "topic", room: "#tea", ...deed, topic: text },
    { kind: "wallops", ...deed, text },
    { kind: "not-stored", who: "alice", room: "#tea", text },
  ];
  const lines = [...events.flatMap((event) => rendered(event)), historyLine({ ...said, text }, 0)];
  assertEquals(lines.length, events.length + 1);
  for (const line of lines) assert(line.includes("b r h u") && !/\p{Cc}/u.test(line), JSON.stringify(line));
});

Deno.test("render: no text of a user looks like a line of another user or of the server", () => {
  const first = fc.constantFrom(..."abYZ_[]{}\\|^`");
  const more = fc.string({ unit: fc.constantFrom(..."aZ09_-[]{}\\|^`"), maxLength: 5 });
  const nick = fc.tuple(first, more).map(([first, more]) => first + more).filter(isNick);
  const forged = fc.constantFrom(
    "<bob> hi",
    "* bob waves",
    "*bob* hi",
    "-- bye",
    "\n<bob> hi",
    "\r-- bye",
    "> <bob> hi",
  );
  const text = fc.oneof(forged, fc.string(), fc.string({ unit: fc.constantFrom(..."<>*- ab\n\r\x1b") })).map(sanitize);
  const shapes = {
    says: /^<([^ >]*)> (.*)$/,
    does: /^\* ([^ ]*) (.*)$/,
    notices: /^-([^ :-][^ :]*):#tea- (.*)$/,
    whispers: /^\*([^ *]+)\* (.*)$/,
    "notices alone": /^-([^ :-][^ :]*)- (.*)$/,
  } as const;
  const hows = Object.keys(shapes) as (keyof typeof shapes)[];
  const styles = {
    says: "say",
    does: "action",
    notices: "notice",
    whispers: "say",
    "notices alone": "notice",
  } as const;
  fc.assert(fc.property(nick, text, fc.constantFrom(...hows), (nick, text, how) => {
    const alone = how === "whispers" || how === "notices alone";
    const [line = "", ...more] = rendered({ ...alone ? whispered : said, who: nick, text, style: styles[how] });
    assertEquals(more, []);
    for (const [shape, pattern] of Object.entries(shapes)) {
      const found = pattern.exec(line)?.slice(1);
      assertEquals(found, shape === how ? [nick, stripFormatting(text)] : undefined, `${shape} in ${line}`);
    }
    assertNotEquals(line.slice(0, 2), "--");
    assertNotEquals(line.slice(0, 2), "->");
  }));
});

Deno.test("render: a past line has its time before it, and its date if it is of another day", () => {
  const time = (...[month, day, hour, minute]: [number, number, number, number]) =>
    new Date(2026, month - 1, day, hour, minute).getTime();
  const then = { ...said, time: time(3, 7, 9, 5) };
  assertEquals(historyLine(then, time(3, 7, 9, 5)), "[09:05] <alice> hi");
  assertEquals(historyLine(then, time(3, 7, 23, 59)), "[09:05] <alice> hi");
  assertEquals(historyLine({ ...then, style: "action", text: "waves" }, then.time), "[09:05] * alice waves");
  for (const [month, day] of [[3, 8], [4, 7], [12, 31]] as const) {
    assertEquals(historyLine(then, time(month, day, 9, 5)), "[2026-03-07 09:05] <alice> hi");
  }
  assertEquals(historyLine({ ...said, time: time(12, 24, 0, 0) }, then.time), "[2026-12-24 00:00] <alice> hi");
});

Deno.test("render: the number of other members is in correct English", () => {
  const all = [0, 1, 2, 100].map((others) => occupancy("#tea", others));
  assertEquals(all, ["alone in #tea", "in #tea with 1 other", "in #tea with 2 others", "in #tea with 100 others"]);
});

Deno.test("error texts: each code has a line that says what to do", () => {
  const lines: Record<ChatErrorCode, string> = {
    "nick-invalid":
      "-- Invalid nickname: use 1 to 30 letters and digits of one script or _-[]{}\\|^`, at most 60 bytes; it cannot start with a digit or -.",
    "nick-taken": "-- Nickname in use: X. Choose another one.",
    "nick-registered": "-- X is a registered nickname. If it is yours: /login X",
    "nick-confusable": "-- X looks like a nickname in use. Choose another one.",
    "banned-nick": "-- You are banned from #tea, and keep your nickname there. Leave it first: /leave",
    "no-such-user": "-- No such user: X. /list shows who is here.",
    "login-to-leave": "-- X is offline. To leave a message, log in first: /login NAME",
    "ignores-self": "-- You cannot ignore yourself.",
    "ignores-full": "-- You ignore 100 users, which is the most. Remove one first: /unignore NAME",
    "not-ignored": "-- You do not ignore X. /ignore lists the users that you ignore.",
    "ignores-unstored": "-- The ignore list of X cannot be stored right now. Try again later.",
    "room-invalid":
      "-- Invalid room name: use # and 1 to 49 characters, at most 100 bytes, without spaces or commas, each word in one script, as in /join #tea.",
    "room-confusable": "-- X looks like another room. Choose another name, or see /rooms.",
    "no-such-room": "-- No such room: X. /rooms lists the rooms, /join creates one.",
    "token-read-only": "-- Your token permits you to read, but not to write. Log in with your password first.",
    "no-private-messages": "-- X takes no private messages: it is a bot whose token is for one room.",
    "token-nick": "-- Your token does not permit the nickname X. Choose another one.",
    "token-room": "-- Your token is for X alone. For the rest, log in with your password first.",
    "not-in-room": "-- You are not in X. Join it first: /join X",
    "user-not-in-room": "-- X is not in #tea. /who lists its members.",
    "already-in-room": "-- X is already in #tea.",
    "login-outdated": "-- X has changed in the meantime. Log in again: /login",
    "too-many-sessions": "-- Your account is connected X times, which is the limit. Close one of the others first.",
    "account-required": "-- You need an account for that. Register your nickname: /register",
    "absent-full": "-- This server keeps no more than X users who are not connected. Try again later.",
    "too-many-rooms": "-- You are in too many rooms. Leave one first.",
    "rooms-full": "-- This server has reached its limit of rooms. /rooms lists them.",
    "banned": "-- You are banned from X. Ask an operator of the room to lift the ban.",
    "invite-only": "-- X is invite-only. Ask an operator of the room for an invitation.",
    "wrong-key": "-- X is locked. To join with its key: /join X KEY",
    "room-full": "-- X is full. Try again later.",
    "cannot-speak": "-- You cannot speak in X. Ask an operator of the room for a voice.",
    "not-operator": "-- Only operators of X can do that. /who marks them with @ or ~.",
    "not-owner": "-- Only owners of X can do that, and only owners can act against one. /members lists them.",
    "login-required": "-- X is for registered users. Log in first: /login NAME",
    "no-account": "-- X is not registered. They have to /register or /login first.",
    "no-role": "-- X has no role in #tea. /members lists the roles.",
    "roles-full": "-- X has reached its limit of 100 roles. Take one first: /member remove NAME",
    "room-unowned": "-- X belongs to no account, so it has no lasting members. Ask a server operator to name an owner.",
    "room-fixed": "-- X is for everyone: it can have no owner.",
    "room-taken": "-- There is a room X already. Choose another name.",
    "room-crowded": "-- #tea has more than X members: too many to rename or delete it.",
    "mask-invalid": "-- Invalid mask: use a nickname, nick!user@host with * for any text, or ~a:ACCOUNT.",
    "masks-full": "-- #tea has reached its limit of 100 bans and exceptions. Remove one first: /unban MASK",
    "key-invalid": "-- Invalid key: use 1 to 32 characters without spaces or commas; it cannot start with a colon.",
    "reason-too-long": "-- Reason too long: at most X characters.",
    "text-too-long": "-- Text too long: at most X bytes. Letters outside ASCII take 2 to 4 bytes each.",
    "link-unknown":
      "-- This invite link is not valid: it was mistyped or revoked, or its room is gone. Ask for a new one.",
    "link-expired": "-- This invite link has expired. Ask for a new one.",
    "link-used-up": "-- This invite link has been used as often as it may be. Ask for a new one.",
    "link-time-invalid": "-- Invalid time: an invite link is valid from 1m to 90d.",
    "link-uses-invalid": "-- Invalid number of uses: from 1 to X.",
    "links-full": "-- There are X invite links already, which is the most. Revoke one first.",
    "links-unstored": "-- Invite links cannot be stored right now. Try again later.",
    "no-such-link": "-- No such invite link: X. /links lists yours.",
    "topic-too-long": "-- Topic too long: at most X characters.",
    "muted": "-- A server operator has muted you. You can read, but not write.",
    "server-banned": "-- You are banned from this server: X",
    "not-server-operator": "-- Only server operators can do that. If you are one: /oper NAME",
    "ban-invalid": "-- Invalid ban: use an address, a network such as 10.0.0.0/8, or nick!user@host.",
    "bans-full": "-- This server has reached its limit of X bans. /bans lists them, /unban removes one.",
    "duration-invalid": "-- Invalid time: X. Use minutes, 12h or 1h30m; 0 is for good.",
    "no-such-ban": "-- No such ban. /bans lists the bans.",
    "not-muted": "-- X is not muted.",
    "keys-too-fast": "-- Too many wrong keys from your address. Try again in a minute.",
    "rooms-too-fast": "-- Too many new rooms from your address. Join an existing one: /rooms lists them.",
    "nicks-too-fast": "-- You change your nickname too often. Try again in a minute.",
    "message-too-long": "-- Message too long: at most X.",
    "no-such-line": "-- There is no such message in X any more.",
    "line-deleted": "-- That message was deleted.",
    "not-own-line": "-- That message is from X. Only an operator of the room can delete it.",
    "redact-too-late": "-- That message is too old. Ask an operator of the room to delete it.",
    "reaction-invalid": "-- A reaction is one emoji or one short word: /react alice 👍",
    "reactions-full": "-- Too many reactions to that message: at most X.",
    "not-stored": "-- Not sent to X: the server cannot store messages right now. Try again later.",
    "too-many-waiting": "-- Too many commands from your network are waiting. Try again in a moment.",
    "cluster-busy": "-- This server cannot reach the others right now. Try again in a moment.",
    "stored-too-much": "-- Not sent: your network or account is sending too much. Wait a minute, then send it again.",
    "history-unreadable": "-- The history cannot be read right now. Try again later.",
  };
  for (const [code, line] of Object.entries(lines) as [ChatErrorCode, string][]) {
    assertEquals(errorLine(new ChatError(code, "X", "#tea")), line);
  }
  const long = "x".repeat(61);
  for (const code of ["no-such-user", "no-such-room"] as const) {
    assert(errorLine(new ChatError(code, long, "#tea")).includes(`: ${"x".repeat(60)}…. `), code);
  }
});

Deno.test("render: with times, each line has the time at which it was said, without the date", () => {
  const format = withTimes(textFormat(100));
  const time = new Date(2020, 2, 7, 9, 5).getTime();
  assertEquals(withTime("hi", time), "[09:05] hi");
  assertEquals(format.render({ ...said, time }), "[09:05] <alice> hi");
  const changes: ModeChange[] = [{ on: true, mode: "m" }, { on: true, mode: "i" }];
  const lines = format.render({ kind: "modes", room: "#tea", ...deed, changes }) as string[];
  assertEquals(lines.map((line) => line.replace(/^\[\d\d:\d\d\] /, "[now] ")), [
    "[now] -- alice moderated #tea: only operators and members with a voice can speak",
    "[now] -- alice made #tea invite-only",
  ]);
  assertEquals(format.render({ ...said, style: "ctcp" }), undefined);
});
