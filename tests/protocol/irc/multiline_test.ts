/** Messages of several lines: batches from clients, and what clients with and without `draft/multiline` get. */
import { assert, assertEquals } from "@std/assert";
import { fc } from "../../dependencies.ts";
import { MULTILINE_BYTES_MAX, MULTILINE_LINES_MAX } from "../../../src/chat/message_text.ts";
import type { Said } from "../../../src/chat/events.ts";
import { Formats } from "../../../src/protocol/irc/format.ts";
import { BATCH_NAME_MAX, BATCH_TIMEOUT } from "../../../src/protocol/irc/multiline_input.ts";
import { type Client, clock, ProtocolFixture, test, TIME } from "./harness.ts";

const MULTILINE = ["batch", "draft/multiline", "message-tags", "echo-message"];

/** Alice, who sends batches, and bob with some capabilities, in #tea. */
async function pair(fixture: ProtocolFixture, ...capabilities: string[]): Promise<[Client, Client]> {
  const alice = await fixture.irc("alice", ...MULTILINE, "labeled-response");
  const bob = await fixture.irc("bob", ...capabilities);
  await fixture.join("#tea", alice, bob);
  return [alice, bob];
}

/** The lines of a batch. */
function batch(target: string, texts: readonly string[], command = "PRIVMSG"): string[] {
  return [
    `BATCH +x draft/multiline ${target}`,
    ...texts.map((text) => `@batch=x ${command} ${target} :${text}`),
    "BATCH -x",
  ];
}

test("multiline: a batch is one message, with blank lines, for clients with the capability", async (fixture) => {
  const [alice, bob] = await pair(fixture, ...MULTILINE, "server-time");
  const echo = await alice.asks(
    "BATCH +x draft/multiline #tea",
    "@batch=x PRIVMSG #tea hello",
    "@batch=x PRIVMSG #tea :",
    "@batch=x privmsg #TEA :how is ",
    "@batch=x;draft/multiline-concat PRIVMSG #tea :everyone?",
    "BATCH -x",
  );
  const [opening, ...lines] = bob.hears();
  const [, name] = / BATCH \+(\S+) draft\/multiline #tea$/.exec(opening!)!;
  assertEquals(opening, `@msgid=0;time=${TIME} :alice!~alice@host BATCH +${name} draft/multiline #tea`);
  assertEquals(lines, [
    `@batch=${name} :alice!~alice@host PRIVMSG #tea :hello`,
    `@batch=${name} :alice!~alice@host PRIVMSG #tea :`,
    `@batch=${name} :alice!~alice@host PRIVMSG #tea :how is everyone?`,
    `BATCH -${name}`,
  ]);
  assertEquals(echo, [opening!.replace(`;time=${TIME}`, ""), ...lines]);
});

test("multiline: other clients get its lines without blank ones, and the msgid on the first", async (fixture) => {
  const [alice, bob] = await pair(fixture, "message-tags", "server-time", "batch");
  await alice.says("@+x=y BATCH +x draft/multiline #tea", "@batch=x NOTICE #tea :a", "@batch=x NOTICE #tea :  ");
  await alice.says("@batch=x NOTICE #tea :b", "BATCH -x");
  assertEquals(bob.hears(), [
    `@msgid=0;time=${TIME};+x=y :alice!~alice@host NOTICE #tea :a`,
    `@time=${TIME} :alice!~alice@host NOTICE #tea :b`,
  ]);
});

test("multiline: users, ranks of a channel and actions can have one", async (fixture) => {
  const [alice, bob] = await pair(fixture);
  await alice.says(...batch("bob", ["one", "two"]));
  assertEquals(bob.hears(), [":alice!~alice@host PRIVMSG bob :one", ":alice!~alice@host PRIVMSG bob :two"]);
  const [echo] = alice.hears();
  assert(echo!.endsWith(" draft/multiline bob"), echo);
  await alice.says("MODE #tea +v bob", ...batch("+#tea", ["one", "two"]));
  assertEquals(bob.hears().slice(1), [
    ":alice!~alice@host PRIVMSG +#tea :one",
    ":alice!~alice@host PRIVMSG +#tea :two",
  ]);
  alice.hears();
  const lines = await alice.asks(...batch("#tea", ["\x01ACTION dances", "and sings\x01"]));
  assertEquals(lines.slice(1, -1).map((line) => line.replace(/^.* :/, "")), ["\x01ACTION dances", "and sings\x01"]);
  assertEquals(bob.hears().map((line) => line.replace(/^.*#tea :/, "")), [
    "\x01ACTION dances\x01",
    "\x01ACTION and sings\x01",
  ]);
});

test("multiline: the label of the opening line is on the batch, and on nothing else", async (fixture) => {
  const [alice] = await pair(fixture);
  const [opening, ...lines] = batch("#tea", ["one", "two"]);
  assertEquals(await alice.asks(`@label=l1 ${opening}`), []);
  assertEquals(await alice.asks("@label=l2 PING x"), ["@label=l2 PONG irc.test :x"]);
  const echo = await alice.asks(...lines);
  assert(/^@label=l1;msgid=\w+ :alice!~alice@host BATCH \+\w+ draft\/multiline #tea$/.test(echo[0]!), echo[0]);
  assertEquals(echo.filter((line) => line.includes("label")).length, 1);
  assertEquals(echo.length, 4);
  const failed = await alice.asks(`@label=l3 ${opening}`, "BATCH -x");
  assertEquals(failed, ["@label=l3 FAIL BATCH MULTILINE_INVALID :The batch has blank lines only"]);
  assertEquals(await alice.asks("@label=l4 BATCH +y other #tea"), [
    "@label=l4 FAIL BATCH MULTILINE_INVALID :Unknown type of batch: only draft/multiline can be sent",
  ]);
});

test("multiline: a labeled batch with another reply is a batch in a batch", async (fixture) => {
  const carol = await fixture.irc("carol");
  const [alice] = await pair(fixture);
  await carol.says("AWAY :lunch");
  const [opening, ...rest] = batch("carol", ["one", "two"]);
  const lines = await alice.asks(`@label=l ${opening}`, ...rest);
  const [, outer] = /^@label=l BATCH \+(\S+) labeled-response$/.exec(lines[0]!) ?? [];
  assert(outer !== undefined, lines.join("\n"));
  const inner = lines.filter((line) => !line.startsWith(`@batch=${outer}`)).slice(1, -1);
  assertEquals(inner.map((line) => line.replace(/^.* :/, "")), ["one", "two"]);
  assertEquals(
    lines.filter((line) => line.startsWith(`@batch=${outer}`)).map((line) => / (BATCH [+-]|301) ?/.exec(line)![1]),
    [
      "BATCH +",
      "BATCH -",
      "301",
    ],
  );
  assertEquals(lines.at(-1), `BATCH -${outer}`);
});

test("multiline: errors have the codes of the specification, and the rest of the batch is ignored", async (fixture) => {
  const [alice, bob] = await pair(fixture);
  const fails = async (code: string, ...lines: string[]) => {
    const replies = await alice.asks(
      "BATCH +x draft/multiline #tea",
      ...lines,
      "@batch=x PRIVMSG #tea :rest",
      "BATCH -x",
    );
    assertEquals(replies.length, 1, replies.join("\n"));
    assert(replies[0]!.startsWith(`FAIL BATCH ${code} :`), replies[0]);
    assertEquals(bob.hears(), []);
  };
  await fails("MULTILINE_INVALID_TARGET #tea #other", "@batch=x PRIVMSG #other :a");
  await fails("MULTILINE_INVALID_TARGET #tea *", "@batch=x PRIVMSG");
  await fails("MULTILINE_INVALID", "@batch=x PRIVMSG #tea :a", "@batch=x NOTICE #tea :b");
  await fails("MULTILINE_INVALID", "@batch=x TOPIC #tea :a");
  await fails("MULTILINE_INVALID", "@batch=x PRIVMSG #tea :a ", "@batch=x;draft/multiline-concat PRIVMSG #tea :");
  const many = Array.from({ length: MULTILINE_LINES_MAX + 1 }, () => "@batch=x PRIVMSG #tea :a");
  await fails(`MULTILINE_MAX_LINES ${MULTILINE_LINES_MAX}`, ...many);
  const long = Array.from({ length: 17 }, () => `@batch=x PRIVMSG #tea :${"é".repeat(240)}`);
  await fails(`MULTILINE_MAX_BYTES ${MULTILINE_BYTES_MAX}`, ...long, ...long);
  for (const texts of [[], ["", " "], ["\t"]]) {
    assertEquals(await alice.asks(...batch("#tea", texts)), [
      "FAIL BATCH MULTILINE_INVALID :The batch has blank lines only",
    ]);
  }
  assertEquals(bob.hears(), []);
});

test("multiline: the limits are reached exactly", async (fixture) => {
  const [alice, bob] = await pair(fixture);
  await alice.says(...batch("#tea", Array.from({ length: MULTILINE_LINES_MAX }, (_, n) => `${n}`)));
  assertEquals(bob.hears().length, MULTILINE_LINES_MAX);
  const [first, ...rest] = Array.from({ length: 20 }, () => "x".repeat(390));
  const last = "x".repeat(MULTILINE_BYTES_MAX - 20 * 391);
  await alice.says(...batch("#tea", [first!, ...rest, last]));
  assertEquals(bob.hears().length, 21);
  alice.hears();
  const [failed] = await alice.asks(...batch("#tea", [first!, ...rest, `${last}x`]));
  assertEquals(failed, `FAIL BATCH MULTILINE_MAX_BYTES ${MULTILINE_BYTES_MAX} :The batch has too many bytes`);
});

test("multiline: batches that are malformed, unknown or interleaved are rejected", async (fixture) => {
  const [alice, bob] = await pair(fixture);
  const invalid = (text: string) => `FAIL BATCH MULTILINE_INVALID :${text}`;
  const none = invalid("There is no such batch");
  await alice.expect("BATCH x", invalid("A batch begins with + and ends with -"));
  await alice.expect("BATCH -x", none);
  await alice.expect("@batch=x PRIVMSG #tea :hi", none);
  await alice.expect("BATCH + draft/multiline #tea", invalid("Invalid name of a batch"));
  const long = "n".repeat(BATCH_NAME_MAX + 1);
  await alice.expect(`BATCH +${long} draft/multiline #tea`, invalid("Invalid name of a batch"));
  await alice.expect("BATCH +x draft/multiline", invalid("A message of several lines has one target"));
  await alice.expect("BATCH +x draft/multiline #tea,bob", invalid("A message of several lines has one target"));
  await alice.expect("BATCH +x draft/multiline NickServ", invalid("A request has one line"));
  await alice.expect("@batch=x PRIVMSG NickServ :ignored");
  await alice.says("BATCH -x", "BATCH +x draft/multiline #tea", "@batch=x PRIVMSG #tea :one");
  await alice.expect("BATCH +y draft/multiline #tea", invalid("Another batch is open"));
  await alice.expect("@batch=y PRIVMSG #tea :ignored");
  await alice.expect("BATCH -y");
  await alice.expect("@batch=x BATCH +z draft/multiline #tea", invalid("A batch cannot be part of another one"));
  await alice.says("PRIVMSG #tea :in between", "@batch=x PRIVMSG #tea :two", "BATCH -x");
  assertEquals(bob.hears().map((line) => line.replace(/^.* :/, "")), ["in between", "one", "two"]);
});

test("multiline: a batch with a line that is rejected is not sent", async (fixture) => {
  const [alice, bob] = await pair(fixture);
  await alice.says("BATCH +x draft/multiline #tea", "@batch=x PRIVMSG #tea :one");
  const replies = await alice.asks(
    `@batch=x PRIVMSG #tea :${"x".repeat(600)}`,
    "@batch=x PRIVMSG #tea :two",
    "BATCH -x",
  );
  assertEquals(replies, [
    "417 alice :Input line was too long",
    "FAIL BATCH MULTILINE_INVALID :A line of the batch was rejected",
  ]);
  assertEquals(bob.hears(), []);
});

test("multiline: a batch that never ends is dropped", async (fixture) => {
  const [alice, bob] = await pair(fixture);
  await alice.says("BATCH +x draft/multiline #tea", "@batch=x PRIVMSG #tea :one");
  clock.now += BATCH_TIMEOUT;
  await alice.says("@batch=x PRIVMSG #tea :two");
  clock.now += BATCH_TIMEOUT + 1;
  await alice.expect("@batch=x PRIVMSG #tea :three", "FAIL BATCH TIMEOUT x :The batch was left open for too long");
  await alice.expect("@batch=x PRIVMSG #tea :four");
  await alice.expect("BATCH -x");
  await alice.says("BATCH +y draft/multiline #tea", "@batch=y PRIVMSG #tea :one");
  clock.now += BATCH_TIMEOUT + 1;
  await alice.expect("BATCH -y", "FAIL BATCH TIMEOUT y :The batch was left open for too long");
  assertEquals(bob.hears(), []);
  await alice.says("BATCH +z draft/multiline #tea", "@batch=z PRIVMSG #tea :one");
  clock.now += BATCH_TIMEOUT + 1;
  const [opening, ...rest] = batch("#tea", ["five"]);
  await alice.expect(opening!, "FAIL BATCH TIMEOUT z :The batch was left open for too long");
  await alice.says(...rest);
  assertEquals(bob.hears(), [":alice!~alice@host PRIVMSG #tea :five"]);
});

test("multiline: a client without the capability cannot open a batch, and its tag is ignored", async (fixture) => {
  const [, bob] = await pair(fixture, "message-tags");
  await bob.expect(
    "BATCH +x draft/multiline #tea",
    "FAIL BATCH MULTILINE_INVALID :Enable the capability draft/multiline first",
  );
  const [alice] = fixture.clients;
  alice!.hears();
  await bob.says("@batch=x PRIVMSG #tea :hi");
  assertEquals(alice!.hears(), ["@msgid=0 :bob!~bob@host PRIVMSG #tea :hi"]);
});

test("multiline: errors of the message itself come with the end of the batch", async (fixture) => {
  const [alice] = await pair(fixture);
  await alice.says("PART #tea");
  const replies = await alice.asks(...batch("#tea", ["one", "two"]));
  assertEquals(replies, ["404 alice #tea :Cannot send to channel"]);
  assertEquals(await alice.asks(...batch("nobody", ["one"])), ["401 alice nobody :No such nick/channel"]);
});

test("multiline: long lines of other protocols are one message as well", async (fixture) => {
  const [, bob] = await pair(fixture, ...MULTILINE);
  const carol = await fixture.text("carol");
  await carol.says("/join #tea", "x".repeat(1000));
  const [opening, ...lines] = bob.hears().slice(-5);
  assert(opening!.endsWith(" draft/multiline #tea"), opening);
  assertEquals(lines.slice(0, -1).map((line) => line.includes(";draft/multiline-concat ")), [false, true, true]);
});

Deno.test("multiline: clients put together what was said, and no line is too long", () => {
  const format = new Formats("irc.test").of(new Set(["batch", "draft/multiline"]));
  const units = fc.constantFrom("a", "é", "€", "😀", " ", "\n", "long".repeat(100));
  const styles = fc.constantFrom("say", "action", "notice");
  fc.assert(fc.property(fc.array(units, { minLength: 20 }), styles, (parts, style) => {
    const text = parts.join("");
    const event = {
      kind: "said",
      who: "bob",
      origin: "bob!~b@host",
      room: "#tea",
      id: 1000,
      time: 0,
      tags: "",
      bot: false,
    };
    const rendered = format.render({ ...event, style, text } as Said)!;
    const lines = typeof rendered === "string" ? [rendered] : rendered;
    lines.forEach(ProtocolFixture.assertSound);
    const inner = lines.length > 1 ? lines.slice(1, -1) : lines;
    const joined = inner.map((line, i) => {
      const joint = i === 0 || line.startsWith("@batch=mrs;draft/multiline-concat ") ? "" : "\n";
      return joint + line.slice(line.indexOf(" #tea :") + 7);
    }).join("");
    assertEquals(joined, style === "action" ? `\x01ACTION ${text}\x01` : text);
    if (lines.length > 1) {
      assertEquals([lines[0], lines.at(-1)], [":bob!~b@host BATCH +mrs draft/multiline #tea", ":irc.test BATCH -mrs"]);
    }
  }));
});
