/** The IRC wire format: the lines of each event with different capabilities, and lines that would be too long. */
import { assert, assertEquals } from "@std/assert";
import { fc } from "../../dependencies.ts";
import type { ChatEvent, ModesSet, Said } from "../../../src/chat/events.ts";
import { readId } from "../../../src/chat/ids.ts";
import type { Capability } from "../../../src/protocol/irc/capabilities.ts";
import { CAPABILITIES } from "../../../src/protocol/irc/capabilities.ts";
import { byteLength, fit, Formats, IRC_LINE_MAX, isoTime, parseTime } from "../../../src/protocol/irc/format.ts";
import { ProtocolFixture, TIME } from "./harness.ts";

const formats = new Formats("irc.test");

/** Renders an event for clients with some capabilities. */
function render(event: ChatEvent, ...capabilities: Capability[]): string | readonly string[] | undefined {
  return formats.of(new Set(capabilities)).render(event);
}

const deed = { who: "bob", origin: "bob!~b@host", room: "#tea" };
const speech = { ...deed, id: 1000, text: "hi", style: "say", time: Date.now(), tags: "", bot: false } as const;
const said: Said = { kind: "said", ...speech };

Deno.test("format: notices of the server and wallops are split, and complete", () => {
  const text = "ü😀x".repeat(300);
  const events = { "NOTICE \\*": { kind: "notice", text }, "WALLOPS": { ...deed, kind: "wallops", text } } as const;
  for (const [command, event] of Object.entries(events)) {
    const lines = render(event) as string[];
    assert(lines.length > 1 && lines.every((line) => byteLength(line) <= IRC_LINE_MAX), String(lines.length));
    assertEquals(lines.map((line) => line.replace(new RegExp(`^:\\S+ ${command} :`), "")).join(""), text);
  }
});

Deno.test("format: clients whose capabilities differ in nothing relevant share a format", () => {
  const plain = formats.of(new Set());
  assertEquals(formats.of(new Set(["multi-prefix", "batch", "echo-message"])), plain);
  const tagged = formats.of(new Set(["server-time", "away-notify"]));
  assert(tagged !== plain);
  assert(formats.of(new Set(["away-notify", "cap-notify", "server-time"])) === tagged);
  assert(formats.of(new Set(["server-time"])) !== tagged);
});

Deno.test("format: formats that differ in nothing relevant to messages render a long message once", () => {
  const event = { ...said, text: "x".repeat(600), account: "bob", mentions: ["ann"] };
  const all: Capability[] = [
    "account-tag",
    "batch",
    "draft/multiline",
    "message-tags",
    "server-time",
    "tincan.chat/mentions",
  ];
  const lines = render(event, ...all);
  assert(render(event, ...all, "away-notify", "extended-join") === lines);
  const others = all.map((left) => render(event, ...all.filter((capability) => capability !== left)));
  assertEquals(new Set([lines, ...others].map((each) => JSON.stringify(each))).size, all.length); // without batch: no multiline
  const next = { ...event, text: "y".repeat(600) };
  for (const each of [next, event]) assert((render(each, ...all) as string[]).join().includes(each.text.slice(0, 100)));
});

Deno.test("format: renders one line for each kind of event without capabilities", () => {
  const lines: [ChatEvent, string | string[] | undefined][] = [
    [said, ":bob!~b@host PRIVMSG #tea :hi"],
    [{ ...said, style: "action" }, ":bob!~b@host PRIVMSG #tea :\x01ACTION hi\x01"],
    [{ ...said, style: "notice" }, ":bob!~b@host NOTICE #tea :hi"],
    [{ ...said, style: "ctcp" }, ":bob!~b@host PRIVMSG #tea :\x01hi\x01"],
    [{ ...said, style: "ctcp-reply" }, ":bob!~b@host NOTICE #tea :\x01hi\x01"],
    [{ ...said, minRank: "op" }, ":bob!~b@host PRIVMSG @#tea :hi"],
    [{ ...said, minRank: "voice" }, ":bob!~b@host PRIVMSG +#tea :hi"],
    [{ ...speech, kind: "whispered", to: "ann" }, ":bob!~b@host PRIVMSG ann :hi"],
    [{ ...speech, kind: "tagged", to: "#tea", tags: "+a" }, undefined],
    [{ ...deed, kind: "joined", realname: "B", away: "out", size: 2 }, ":bob!~b@host JOIN #tea"],
    [{ ...deed, kind: "left", reason: undefined, size: 1, quit: false, own: true }, ":bob!~b@host PART #tea"],
    [{ ...deed, kind: "left", reason: "a b", size: 1, quit: false, own: true }, ":bob!~b@host PART #tea :a b"],
    [
      { ...deed, kind: "left", reason: undefined, size: 1, quit: true, own: false },
      ":bob!~b@host QUIT :Connection closed",
    ],
    [{ ...deed, kind: "left", reason: "a b", size: 1, quit: true, own: false }, ":bob!~b@host QUIT :a b"],
    [{ ...deed, kind: "kicked", whom: "ann", reason: undefined }, ":bob!~b@host KICK #tea ann :bob"],
    [{ ...deed, kind: "kicked", whom: "ann", reason: "a b" }, ":bob!~b@host KICK #tea ann :a b"],
    [{ ...deed, kind: "renamed", to: "rob" }, ":bob!~b@host NICK rob"],
    [{ ...deed, kind: "topic", topic: "a b" }, ":bob!~b@host TOPIC #tea :a b"],
    [{ ...deed, kind: "topic", topic: "" }, ":bob!~b@host TOPIC #tea :"],
    [{ ...deed, kind: "invited", whom: "ann", forOperators: false }, ":bob!~b@host INVITE ann #tea"],
    [{ ...deed, kind: "invited", whom: "ann", forOperators: true }, undefined],
    [{ ...deed, kind: "away", message: "out" }, undefined],
    [{ ...deed, kind: "realname", realname: "B" }, undefined],
    [{ ...deed, kind: "account", account: "bob" }, undefined],
    [{ ...deed, kind: "online" }, ":irc.test 730 * :bob!~b@host"],
    [{ kind: "offline", who: "bob" }, ":irc.test 731 * :bob"],
    [{ ...deed, kind: "wallops", text: "a b" }, [":bob!~b@host WALLOPS :a b"]],
    [
      { kind: "not-stored", who: "bob", room: "#tea", text: "a b" },
      [":irc.test 404 bob #tea :Not sent, the server cannot store it (try again later): a b"],
    ],
    [{ kind: "notice", text: "a b" }, [":irc.test NOTICE * :a b"]],
  ];
  for (const [event, line] of lines) assertEquals(render(event), line);
});

Deno.test("format: renders what each capability adds", () => {
  const joined: ChatEvent = { ...deed, kind: "joined", realname: "Bob B.", away: "out", size: 2 };
  assertEquals(render(joined, "extended-join"), ":bob!~b@host JOIN #tea * :Bob B.");
  assertEquals(render(joined, "away-notify"), [":bob!~b@host JOIN #tea", ":bob!~b@host AWAY :out"]);
  assertEquals(render({ ...joined, away: undefined }, "away-notify"), ":bob!~b@host JOIN #tea");
  assertEquals(render({ ...deed, kind: "away", message: "out" }, "away-notify"), ":bob!~b@host AWAY :out");
  assertEquals(render({ ...deed, kind: "away", message: undefined }, "away-notify"), ":bob!~b@host AWAY");
  assertEquals(render({ ...deed, kind: "realname", realname: "B" }, "setname"), ":bob!~b@host SETNAME :B");
  const forOperators: ChatEvent = { ...deed, kind: "invited", whom: "ann", forOperators: true };
  assertEquals(render(forOperators, "invite-notify"), ":bob!~b@host INVITE ann #tea");
});

Deno.test("format: adds msgid, time and client tags to a message only with their capabilities", () => {
  const tagged: Said = { ...said, tags: "+a=b;+c", bot: true };
  assertEquals(render(tagged, "server-time"), `@time=${TIME} :bob!~b@host PRIVMSG #tea :hi`);
  assertEquals(render(tagged, "message-tags"), "@msgid=rs;bot;+a=b;+c :bob!~b@host PRIVMSG #tea :hi");
  const both = render(tagged, "server-time", "message-tags");
  assertEquals(both, `@msgid=rs;time=${TIME};bot;+a=b;+c :bob!~b@host PRIVMSG #tea :hi`);
  const event: ChatEvent = { ...speech, kind: "tagged", to: "#tea", tags: "+a", minRank: "op" };
  assertEquals(render(event, "message-tags"), "@msgid=rs;+a :bob!~b@host TAGMSG @#tea");
  assertEquals(render(event, "server-time"), undefined);
});

Deno.test("format: gives each line of a split message its own msgid, derived from the first", () => {
  const lines = render({ ...said, text: "x".repeat(3 * IRC_LINE_MAX) }, "message-tags") as string[];
  const names = lines.map((line) => /^@msgid=(\S+) /.exec(line)?.[1]);
  assertEquals(names, ["rs", "rs-1", "rs-2", "rs-3"]);
  assertEquals(names.map((name) => readId(name ?? "")), [1000, 1000, 1000, 1000]);
});

Deno.test("format: the time of a message is when it was sent, not when it is rendered", () => {
  const time = Date.UTC(2025, 11, 31, 23, 59, 59, 7);
  assertEquals(
    render({ ...said, time }, "server-time"),
    "@time=2025-12-31T23:59:59.007Z :bob!~b@host PRIVMSG #tea :hi",
  );
  assertEquals([isoTime(time), isoTime(0), isoTime(time)], [
    "2025-12-31T23:59:59.007Z",
    "1970-01-01T00:00:00.000Z",
    "2025-12-31T23:59:59.007Z",
  ]);
});

Deno.test("format: a time is read only if it exists", () => {
  assertEquals(parseTime("2026-01-31T23:59:59.007Z"), Date.UTC(2026, 0, 31, 23, 59, 59, 7));
  for (const text of ["2026-13-01T00:00:00Z", "2026-01-01T25:00:00.000Z", "2026-01-01", "2026-01-01T00:00:00"]) {
    assertEquals(parseTime(text), undefined, text);
  }
});

Deno.test("format: mode letters have a sign where it changes, and their parameters follow", () => {
  const modes: ModesSet = {
    ...deed,
    kind: "modes",
    changes: [
      { on: true, mode: "m" },
      { on: true, mode: "b", mask: "a!*@*" },
      { on: false, mode: "l" },
      { on: false, mode: "k", key: "key" },
      { on: true, mode: "l", limit: 5 },
      { on: true, mode: "o", nick: "ann" },
    ],
  };
  assertEquals(render(modes), [":bob!~b@host MODE #tea +mb-lk+lo a!*@* key 5 ann"]);
  const changes = Array.from({ length: 8 }, () => ({ on: true, mode: "b", mask: "m".repeat(100) }) as const);
  const arg = ` ${"m".repeat(100)}`;
  assertEquals(render({ ...modes, changes }), [
    `:bob!~b@host MODE #tea +bbbb${arg.repeat(4)}`,
    `:bob!~b@host MODE #tea +bbbb${arg.repeat(4)}`,
  ]);
});

Deno.test("format: mode changes are split before a line is too long, whatever the length of a parameter", () => {
  for (let length = 200; length < 260; length++) {
    const masks = ["a".repeat(length), "b".repeat(length), "c".repeat(length)];
    const changes = masks.map((mask, i) => ({ on: i !== 1, mode: "b", mask }) as const);
    const lines = [render({ ...deed, kind: "modes", changes })].flat() as string[];
    assertEquals(lines.flatMap((line) => line.split(" ").slice(4)), masks);
    assert(lines.every((line) => line.length <= IRC_LINE_MAX));
  }
});

Deno.test("format: bytes are counted in UTF-8", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assertEquals(byteLength(text), new TextEncoder().encode(text).length);
  }));
});

/** Texts with characters of 1 to 4 bytes. */
const text = fc.array(fc.constantFrom("a", "é", "€", "😀", "\x02"), { maxLength: 1500, size: "max" });

Deno.test("format: a line is cut after the last whole character that fits, only when it is too long", () => {
  fc.assert(fc.property(text, (letters) => {
    const line = letters.join("");
    const cut = fit(line);
    assert(line.startsWith(cut) && cut.isWellFormed() && byteLength(cut) <= IRC_LINE_MAX);
    if (cut !== line) assert(byteLength(cut + [...line.slice(cut.length)][0]) > IRC_LINE_MAX);
  }));
  assertEquals(fit("x".repeat(IRC_LINE_MAX)).length, IRC_LINE_MAX);
  assertEquals(fit("€".repeat(IRC_LINE_MAX / 3 + 1)).length, IRC_LINE_MAX / 3);
});

Deno.test("format: the lines of a split message are complete, and no line is too long", () => {
  const styles = fc.constantFrom("say", "action", "notice", "ctcp", "ctcp-reply");
  const marks = { "say": [0, 0], "action": [8, 1], "notice": [0, 0], "ctcp": [1, 1], "ctcp-reply": [1, 1] } as const;
  const others = CAPABILITIES.filter((capability) => capability !== "draft/multiline"); // see multiline_test.ts
  fc.assert(fc.property(text, styles, fc.subarray(others), (letters, style, capabilities) => {
    const words = letters.join("");
    if (words === "") return;
    const room = `#${"é".repeat(49)}`;
    const rendered = render({ ...said, room, style, text: words }, ...capabilities);
    const lines = typeof rendered === "string" ? [rendered] : rendered!;
    lines.forEach(ProtocolFixture.assertSound);
    const parts = lines.map((line) => {
      const [before, after] = marks[style];
      const part = line.slice(line.indexOf(` ${room} :`) + room.length + 3);
      return part.slice(before, part.length - after);
    });
    assertEquals(parts.join(""), words);
    assert(parts.every((part) => part.isWellFormed()));
    const others: ChatEvent[] = [
      { ...deed, kind: "topic", topic: words },
      { ...deed, kind: "left", reason: words, size: 1, quit: true, own: false },
      { ...deed, kind: "left", reason: words, size: 1, quit: false, own: true },
      { ...deed, kind: "kicked", whom: "ann", reason: words },
      { ...deed, kind: "joined", realname: words, away: words, size: 2 },
      { ...deed, kind: "away", message: words },
      { ...deed, kind: "realname", realname: words },
      { ...deed, kind: "wallops", text: words },
      { kind: "not-stored", who: "b".repeat(30), room, text: words },
      { kind: "notice", text: words },
    ];
    for (const event of others) [render(event, ...capabilities) ?? []].flat().forEach(ProtocolFixture.assertSound);
  }));
});

Deno.test("format: a notice that just fits is one line, and two complete ones with one byte more", () => {
  const head = ":irc.test NOTICE * :";
  const room = IRC_LINE_MAX - head.length;
  for (const [size, count] of [[room, 1], [room + 1, 2]] as const) {
    const lines = render({ kind: "notice", text: "x".repeat(size) }) as string[];
    assertEquals([lines.length, lines.map((line) => line.slice(head.length)).join("")], [count, "x".repeat(size)]);
  }
});

Deno.test("format: account-tag marks all events of a user with an account, and account-notify announces it", () => {
  const own = { ...deed, account: "rob" };
  const events: ChatEvent[] = [
    { ...said, account: "rob" },
    { ...speech, account: "rob", kind: "whispered", to: "ann" },
    { ...own, kind: "joined", realname: "B", away: undefined, size: 2 },
    { ...own, kind: "left", reason: undefined, size: 1, quit: false, own: true },
    { ...own, kind: "left", reason: undefined, size: 1, quit: true, own: true },
    { ...own, kind: "kicked", whom: "ann", reason: undefined },
    { ...own, kind: "renamed", to: "rob" },
    { ...own, kind: "topic", topic: "a b" },
    { ...own, kind: "invited", whom: "ann", forOperators: false },
    { ...own, kind: "wallops", text: "hi" },
  ];
  for (const event of events) {
    const plain = String(render(event));
    assertEquals(String(render(event, "account-tag")), `@account=rob ${plain}`);
    assertEquals(String(render({ ...event, account: undefined } as ChatEvent, "account-tag")), plain);
    const tagged = String(render(event, "account-tag", "server-time", "message-tags"));
    assert(/^@(\S+;)?account=rob /.test(tagged) && /[@;]time=/.test(tagged), tagged);
  }
  const odd: ChatEvent = { ...own, account: "r\\b", kind: "renamed", to: "rob" };
  assertEquals(render(odd, "account-tag"), "@account=r\\\\b :bob!~b@host NICK rob");
  const timed = String(render(odd, "account-tag", "server-time"));
  assert(/^@time=\S+;account=r\\\\b :bob!~b@host NICK rob$/.test(timed), timed);
  assertEquals(render({ ...own, kind: "account" }, "account-notify"), ":bob!~b@host ACCOUNT rob");
  assertEquals(render({ ...deed, kind: "account" }, "account-notify"), ":bob!~b@host ACCOUNT *");
  const joined: ChatEvent = { ...own, kind: "joined", realname: "B", away: undefined, size: 2 };
  assertEquals(render(joined, "extended-join"), ":bob!~b@host JOIN #tea rob :B");
});
