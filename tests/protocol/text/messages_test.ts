/** How messages of several lines, replies, reactions and deletions look in a terminal. */
import { assert, assertEquals } from "@std/assert";
import { fc } from "../../dependencies.ts";
import type { ChatEvent, Quote, Reacted, Reaction, Redacted, Said, Whispered } from "../../../src/chat/events.ts";
import { messageText } from "../../../src/chat/message_text.ts";
import { quoteText } from "../../../src/chat/quotes.ts";
import { reactionsText, whisperSent } from "../../../src/protocol/text/messages.ts";
import { historyLine, textFormat, withTimes } from "../../../src/protocol/text/render.ts";

const deed = { who: "alice", origin: "alice!~a@host" } as const;
const speech = { ...deed, id: 2, text: "yes", style: "say", time: 0, tags: "", bot: false } as const;
const said: Said = { kind: "said", room: "#tea", ...speech };
const whispered: Whispered = { kind: "whispered", to: "bob", ...speech };
const lunch: Quote = { id: 1, who: "bob", text: "Lunch at one?" };
const reacted: Reacted = {
  kind: "reacted",
  ...deed,
  line: lunch,
  to: "#tea",
  id: 3,
  time: 0,
  text: "👍",
  on: true,
  bot: false,
};
const redacted: Redacted = { kind: "redacted", ...deed, line: lunch, to: "#tea", id: 3, time: 0, reason: undefined };
const format = textFormat(100);

/** The lines for an event. */
function rendered(event: ChatEvent): readonly string[] {
  const lines = format.render(event) ?? [];
  return typeof lines === "string" ? [lines] : lines;
}

/** Nine in the morning of a day. */
const NINE = new Date(2026, 10, 22, 9, 0).getTime();

/** Reactions of users, all with the same emoji. */
function reactions(text: string, ...nicks: string[]): Reaction[] {
  return nicks.map((who) => ({ who, origin: `${who}!~u@host`, text, time: 0 }));
}

Deno.test("messages: a message of several lines has one name, and its further lines are indented to its text", () => {
  const text = "f() {\n  return 1;\n\n   \n}";
  assertEquals(rendered({ ...said, text }), ["<alice> f() {", "          return 1;", "", "", "        }"]);
  assertEquals(rendered({ ...said, text: "a\nb", minRank: "op" }), ["<alice to operators> a", " ".repeat(21) + "b"]);
  assertEquals(rendered({ ...said, text: "waves\nand goes", style: "action" }), ["* alice waves", "        and goes"]);
  assertEquals(rendered({ ...said, text: "a\nb", style: "notice" }), ["-alice:#tea- a", "             b"]);
  assertEquals(rendered({ ...whispered, text: "a\nb" }), ["*alice* a", "        b"]);
  assertEquals(rendered({ ...whispered, text: "a\nb", style: "action" }), ["*alice* alice a", "        b"]);
  assertEquals(rendered({ ...whispered, text: "a\nb", style: "notice" }), ["-alice- a", "        b"]);
  assertEquals(rendered({ ...whispered, text: "a\nb", forAuthor: true }), ["-> *bob* a", "         b"]);
  assertEquals(rendered({ ...said, who: "田中さん", text: "a\nb" }), ["<田中さん> a", " ".repeat(11) + "b"]);
  assertEquals(rendered({ ...said, text: "\x02a\x02\n\x0304b" }), ["<alice> a", "        b"]);
});

Deno.test("messages: a line that could not be stored is told with all its lines", () => {
  const lines = rendered({ kind: "not-stored", who: "alice", room: "#tea", text: "first\nsecond" });
  assertEquals(lines.map((line) => line.trim().split(" ").at(-1)), ["first", "second"]);
  assert(lines[1]!.startsWith(" "));
});

Deno.test("messages: with times, a message of several lines has the time once", () => {
  const event = { ...said, text: "a\n\nb", time: NINE };
  assertEquals(withTimes(format).render(event), ["[09:00] <alice> a", "", "                b"]);
  const changes = [{ on: true, mode: "m" }, { on: true, mode: "n" }] as const;
  const modes = withTimes(format).render({ kind: "modes", room: "#tea", ...deed, changes }) as string[];
  assertEquals(modes.map((line) => line.slice(7, 17)), [" -- alice m", " -- alice l"].map((line) => line.slice(0, 10)));
});

Deno.test("messages: a reply names the author of the other message and quotes its first words", () => {
  const reply = lunch;
  const lines: [ChatEvent, ...string[]][] = [
    [{ ...said, reply }, '<alice to bob> "Lunch at one?": yes'],
    [{ ...said, reply, minRank: "op" }, '<alice to operators to bob> "Lunch at one?": yes'],
    [{ ...said, reply, style: "action", text: "nods" }, '<alice to bob> "Lunch at one?": * alice nods'],
    [{ ...said, reply, style: "notice" }, '-alice:#tea to bob- "Lunch at one?": yes'],
    [{ ...whispered, reply }, '*alice to bob* "Lunch at one?": yes'],
    [{ ...whispered, reply, style: "notice" }, '-alice to bob- "Lunch at one?": yes'],
    [{ ...whispered, reply, forAuthor: true }, '-> *bob* "Lunch at one?": yes'],
    [{ ...said, reply: { id: 1, who: "", text: "" } }, "<alice to an earlier message> yes"],
    [{ ...whispered, reply: { id: 1, who: "", text: "" }, forAuthor: true }, "-> *bob* yes"],
    [{ ...said, reply: { id: 1, who: "bob", text: "" } }, "<alice to bob> (deleted): yes"],
    [{ ...said, reply, text: "a\n  b" }, '<alice to bob> "Lunch at one?":', "        a", "          b"],
    [{ ...whispered, reply, text: "a\nb", forAuthor: true }, '-> *bob* "Lunch at one?":', "      a", "      b"],
  ];
  for (const [event, ...wanted] of lines) assertEquals(rendered(event), wanted);
});

Deno.test("messages: a quote is short, and no text in it looks like its end", () => {
  const long = { ...lunch, text: "x".repeat(41) };
  assertEquals(rendered({ ...said, reply: long }), [`<alice to bob> "${"x".repeat(39)}…": yes`]);
  const forty = { ...lunch, text: "👍".repeat(40) };
  assertEquals(rendered({ ...said, reply: forty }), [`<alice to bob> "${"👍".repeat(40)}": yes`]);
  const text = fc.string({ unit: fc.constantFrom(..."\"<>:*- ab\n'") });
  fc.assert(fc.property(text, text, (other, own) => {
    const reply = { id: 1, who: "bob", text: quoteText(other) };
    const [line = ""] = rendered({ ...said, reply, text: `own ${own.replaceAll("\n", "")}` });
    const [, quote, rest] = /^<alice to bob> (?:\(deleted\)|"([^"]*)"): (own .*)$/.exec(line)!;
    assertEquals((quote ?? "").length, Math.min(reply.text.length, 40));
    assertEquals(rest, `own ${own.replaceAll("\n", "")}`);
  }));
});

Deno.test("messages: no further line of a message looks like that of another user or of the server", () => {
  const forged = fc.constantFrom(
    "<bob> hi",
    "* bob waves",
    "*bob* hi",
    "-- bye",
    "-> *bob* hi",
    "[09:00] <bob> hi",
    "\t-",
  );
  const part = fc.oneof(forged, fc.string());
  const text = fc.array(part, { minLength: 2, maxLength: 5 }).map((parts) => messageText(parts.join("\n")));
  const style = fc.constantFrom("say", "action", "notice");
  fc.assert(fc.property(text, style, fc.boolean(), (text, style, isReply) => {
    const reply = isReply ? lunch : undefined;
    for (const event of [{ ...said, text, style, reply }, { ...whispered, text, style, reply }]) {
      for (const shown of [format.render(event), withTimes(format).render(event), historyLine(event, 0).split("\n")]) {
        const [, ...more] = typeof shown === "string" ? [shown] : shown!;
        for (const line of more) assert(line === "" || line.startsWith(" "), JSON.stringify(line));
      }
    }
  }));
});

Deno.test("messages: reactions and deletions have their lines", () => {
  const secret = { ...lunch, text: 'the "password" is sesame, and will be for the rest of this year' };
  const lines: [ChatEvent, string][] = [
    [reacted, '-- alice reacted 👍 to "Lunch at one?"'],
    [{ ...reacted, on: false }, '-- alice took back 👍 from "Lunch at one?"'],
    [{ ...reacted, to: "bob" }, '-- alice reacted 👍 in private to "Lunch at one?"'],
    [{ ...reacted, to: "bob", on: false }, '-- alice took back 👍 in private from "Lunch at one?"'],
    [{ ...reacted, line: { ...lunch, text: "" } }, "-- alice reacted 👍 to a deleted message of bob"],
    [{ ...reacted, line: { id: 1, who: "", text: "" } }, "-- alice reacted 👍 to an earlier message"],
    [{ ...redacted, who: "bob" }, '-- bob deleted: "Lunch at one?"'],
    [redacted, '-- alice deleted a message of bob: "Lunch at one?"'],
    [{ ...redacted, own: true }, '-- alice deleted: "Lunch at one?"'], // alice was bob
    [{ ...redacted, reason: "spam" }, '-- alice deleted a message of bob: "Lunch at one?" (spam)'],
    [{ ...redacted, who: "bob", to: "alice" }, '-- bob deleted in private: "Lunch at one?"'],
    [{ ...redacted, who: "bob", line: secret }, `-- bob deleted: "${secret.text.replaceAll('"', "'")}"`],
    [{ ...redacted, line: { id: 1, who: "", text: "" } }, "-- alice deleted a message"],
    [
      { kind: "reactions-folded", line: lunch, reactions: reactions("👍", "carol", "dave") },
      '-- carol and dave reacted 👍 to "Lunch at one?"',
    ],
  ];
  for (const [event, line] of lines) assertEquals(rendered(event), [line]);
});

Deno.test("messages: many reactions are named in one line of bounded length", () => {
  assertEquals(reactionsText(reactions("👍", "bob")), "bob reacted 👍");
  assertEquals(reactionsText(reactions("👍", "bob", "carol", "dave")), "bob, carol and dave reacted 👍");
  assertEquals(reactionsText(reactions("👍", "bob", "carol", "dave", "eve")), "bob, carol and 2 others reacted 👍");
  const mixed = [...reactions("👍", "bob"), ...reactions("🎉", "carol"), ...reactions("👍", "dave")];
  assertEquals(reactionsText(mixed), "bob and dave reacted 👍; carol reacted 🎉");
  const many = Array.from({ length: 200 }, (_, n) => reactions(`r${n}`, "bob")).flat();
  assert(reactionsText(many).endsWith("; bob reacted r4; and 195 more"), reactionsText(many));
});

Deno.test("messages: the history shows the lines of a message, its reactions, and what was deleted", () => {
  const now = NINE;
  const line: Said = { ...said, time: now, text: "a\n  b", reactions: reactions("👍", "bob", "carol") };
  assertEquals(historyLine(line, now).split("\n"), [
    "[09:00] <alice> a",
    "                  b",
    "[09:00] -- bob and carol reacted 👍",
  ]);
  assertEquals(historyLine({ ...line, text: "a" }, now), "[09:00] <alice> a\n[09:00] -- bob and carol reacted 👍");
  assertEquals(
    historyLine({ ...line, reply: lunch, text: "a", reactions: [] }, now),
    '[09:00] <alice to bob> "Lunch at one?": a',
  );
  assertEquals(
    historyLine({ ...whispered, time: now, text: "a\nb" }, now, true),
    "[09:00] -> *bob* a\n                 b",
  );
  const deleted = { ...line, text: "", reactions: undefined };
  assertEquals(historyLine({ ...deleted, deletedBy: "alice" }, now), "[09:00] -- alice deleted this message");
  assertEquals(historyLine({ ...deleted, deletedBy: "bob" }, now), "[09:00] -- bob deleted this message of alice");
  const nextDay = now + 24 * 3600_000;
  assertEquals(historyLine({ ...line, reactions: [] }, nextDay).split("\n"), [
    "[2026-11-22 09:00] <alice> a",
    " ".repeat("[2026-11-22 09:00] <alice> ".length + 2) + "b",
  ]);
  assertEquals(whisperSent({ to: "bob", text: "a", reply: undefined }), "-> *bob* a");
});
