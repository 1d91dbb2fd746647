/** Parsing lines, and rendering tags. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { fc } from "../../dependencies.ts";
import {
  escapeTagValue,
  type IrcMessage,
  parse,
  renderTags,
  unescapeTagValue,
} from "../../../src/protocol/irc/parser.ts";

type Tags = Record<string, string>;

/** A parsed line without its `rest`, which has a test of its own. */
type Parts = Omit<IrcMessage, "rest">;

/** A line, and its command, parameters, source and tags. */
type Case = [line: string, command: string, params?: string[], source?: string, tags?: Tags];

function message(command: string, params: string[] = [], source?: string, tags: Tags = {}): Parts {
  return { tags: new Map(Object.entries(tags)), source, command, params };
}

/** Parses a line. */
function parts(line: string): Parts | undefined {
  const message = parse(line);
  if (message === undefined) return undefined;
  const { rest: _, ...parts } = message;
  return parts;
}

function assertParses(cases: Case[]) {
  for (const [line, ...expected] of cases) assertEquals(parts(line), message(...expected), line);
}

Deno.test("parser: parses parameters and source", () => {
  assertParses([
    // The cases of msg-split in ircdocs/parser-tests, in other words.
    ["MODE one two three", "MODE", ["one", "two", "three"]],
    [":alice MODE one two three", "MODE", ["one", "two", "three"], "alice"],
    ["KICK #den bob :too loud", "KICK", ["#den", "bob", "too loud"]],
    ["KICK #den bob :", "KICK", ["#den", "bob", ""]],
    ["KICK #den bob ::loud", "KICK", ["#den", "bob", ":loud"]],
    [":alice KICK #den bob :too loud", "KICK", ["#den", "bob", "too loud"], "alice"],
    [":alice KICK #den bob :  too loud ", "KICK", ["#den", "bob", "  too loud "], "alice"],
    [":alice PRIVMSG bob :well :) ", "PRIVMSG", ["bob", "well :) "], "alice"],
    [":alice KICK #den bob :", "KICK", ["#den", "bob", ""], "alice"],
    [":alice KICK #den bob :  ", "KICK", ["#den", "bob", "  "], "alice"],
    [":alice JOIN #den", "JOIN", ["#den"], "alice"],
    [":alice JOIN :#den", "JOIN", ["#den"], "alice"],
    [":alice AWAY", "AWAY", [], "alice"],
    [":alice AWAY ", "AWAY", [], "alice"],
    ["AWAY", "AWAY"],
    [":al\tice MODE one two", "MODE", ["one", "two"], "al\tice"],
    [":alice!a@h\x035o\x03st.org PRIVMSG bob :hi bob", "PRIVMSG", ["bob", "hi bob"], "alice!a@h\x035o\x03st.org"],
    [":al!~a@h\x02o\x0305s\x0ft.org PRIVMSG bob :hi bob", "PRIVMSG", ["bob", "hi bob"], "al!~a@h\x02o\x0305s\x0ft.org"],
    [":irc.example.org WHOIS one two :three four", "WHOIS", ["one", "two", "three four"], "irc.example.org"],
    [":irc.example.org 432  #den :No nick: bad", "432", ["#den", "No nick: bad"], "irc.example.org"],
    [":irc.example.org MODE #den +m ", "MODE", ["#den", "+m"], "irc.example.org"],
    [":irc.example.org MODE #den-two +o alice  ", "MODE", ["#den-two", "+o", "alice"], "irc.example.org"],
    [":alice MODE #den :+m", "MODE", ["#den", "+m"], "alice"],
    [":alice MODE #den +vv bob :carol", "MODE", ["#den", "+vv", "bob", "carol"], "alice"],
    // The examples of modern.ircdocs.horse.
    [":irc.example.com CAP * LIST :", "CAP", ["*", "LIST", ""], "irc.example.com"],
    ["CAP * LS :multi-prefix sasl", "CAP", ["*", "LS", "multi-prefix sasl"]],
    ["CAP REQ :sasl message-tags foo", "CAP", ["REQ", "sasl message-tags foo"]],
    [":dan!d@localhost PRIVMSG #chan :Hey!", "PRIVMSG", ["#chan", "Hey!"], "dan!d@localhost"],
    [":dan!d@localhost PRIVMSG #chan Hey!", "PRIVMSG", ["#chan", "Hey!"], "dan!d@localhost"],
    [":dan!d@localhost PRIVMSG #chan ::-)", "PRIVMSG", ["#chan", ":-)"], "dan!d@localhost"],
    // More cases.
    ["PRIVMSG #b :text", "PRIVMSG", ["#b", "text"]],
    ["PRIVMSG :#b :text", "PRIVMSG", ["#b :text"]],
    ["PRIVMSG a:b c:", "PRIVMSG", ["a:b", "c:"]],
    ["  PRIVMSG   #b   c   ", "PRIVMSG", ["#b", "c"]],
    ["  @a   :b   PRIVMSG   #b   :  c  ", "PRIVMSG", ["#b", "  c  "], "b", { a: "" }],
    ["::1 PING", "PING", [], ":1"],
    [": PING a", "PING", ["a"]],
    [":a :b c", ":B", ["c"], "a"],
    ["PING " + "a ".repeat(40), "PING", Array(40).fill("a")],
    ["PING a\rb \0", "PING", ["a\rb", "\0"]],
  ]);
});

Deno.test("parser: parses tags", () => {
  assertParses([
    // The cases of msg-split in ircdocs/parser-tests, in other words.
    ["@x=y;n=12;v;id=0f9 PING", "PING", [], undefined, { x: "y", n: "12", v: "", id: "0f9" }],
    [
      "@x=y\\\\or\\nz;n=1\\s2;id=ab\\:9 PING",
      "PING",
      [],
      undefined,
      { x: "y\\or\nz", n: "1 2", id: "ab;9" },
    ],
    ["@v;e=;x=y :alice JOIN #den", "JOIN", ["#den"], "alice", { v: "", e: "", x: "y" }],
    [
      "@x=one;v;example.org/x=two;example.com/v= :irc.example.org WHOIS one two :three four",
      "WHOIS",
      ["one", "two", "three four"],
      "irc.example.org",
      { x: "one", v: "", "example.org/x": "two", "example.com/v": "" },
    ],
    [
      "@x=one;v;example.org/x=two;example.com/v WHOIS one two :three four",
      "WHOIS",
      ["one", "two", "three four"],
      undefined,
      { x: "one", v: "", "example.org/x": "two", "example.com/v": "" },
    ],
    ["@x=\\\\\\\\\\:\\\\s\\s\\r\\n PING", "PING", [], undefined, { x: "\\\\;\\s \r\n" }],
    ["@x=one\\\\ntwo PING", "PING", [], undefined, { x: "one\\ntwo" }],
    ["@x=one\\2 PING", "PING", [], undefined, { x: "one2" }],
    ["@x=one\\ PING", "PING", [], undefined, { x: "one" }],
    ["@x=1;y=2;z=3;x=4 PING", "PING", [], undefined, { x: "4", y: "2", z: "3" }],
    [
      "@x=1;y=2;z=3;x=4;example.org/y=5 PING",
      "PING",
      [],
      undefined,
      { x: "4", y: "2", z: "3", "example.org/y": "5" },
    ],
    // More cases.
    ["@x=1;x PING", "PING", [], undefined, { x: "" }],
    ["@x=a=b= PING", "PING", [], undefined, { x: "a=b=" }],
    ["@;x;;y=1; PING", "PING", [], undefined, { x: "", y: "1" }],
    ["@=1;= PING", "PING"],
    ["@ PING", "PING"],
    ["@toString=1;constructor PING", "PING", [], undefined, { toString: "1", constructor: "" }],
    ["@x PRIVMSG #b :a;b=c @d", "PRIVMSG", ["#b", "a;b=c @d"], undefined, { x: "" }],
    [":alice @x PING", "@X", ["PING"], "alice"],
  ]);
});

Deno.test("parser: parses the examples of the message-tags specification", () => {
  const nick = "nick!ident@host.com";
  const user = "nick!user@example.com";
  const client = { "+example-client-tag": "example-value" };
  const cases: Case[] = [
    [":nick!ident@host.com PRIVMSG me :Hello", "PRIVMSG", ["me", "Hello"], nick],
    [
      "@aaa=bbb;ccc;example.com/ddd=eee :nick!ident@host.com PRIVMSG me :Hello",
      "PRIVMSG",
      ["me", "Hello"],
      nick,
      { aaa: "bbb", ccc: "", "example.com/ddd": "eee" },
    ],
    [
      "@example-tag=example-value PRIVMSG #channel :Message",
      "PRIVMSG",
      ["#channel", "Message"],
      undefined,
      { "example-tag": "example-value" },
    ],
    [
      "@+example-client-tag=example-value PRIVMSG #channel :Message",
      "PRIVMSG",
      ["#channel", "Message"],
      undefined,
      client,
    ],
    [
      ":nick!user@example.com PRIVMSG #channel :https://example.com/a-news-story",
      "PRIVMSG",
      ["#channel", "https://example.com/a-news-story"],
      user,
    ],
    [
      "@+icon=https://example.com/favicon.png :url_bot!bot@example.com PRIVMSG #channel :Example.com: A News Story",
      "PRIVMSG",
      ["#channel", "Example.com: A News Story"],
      "url_bot!bot@example.com",
      { "+icon": "https://example.com/favicon.png" },
    ],
    [
      "@+example.com/foo=bar :irc.example.com NOTICE #channel :A vendor-prefixed client-only tagged message",
      "NOTICE",
      ["#channel", "A vendor-prefixed client-only tagged message"],
      "irc.example.com",
      { "+example.com/foo": "bar" },
    ],
    [
      "@+example=raw+:=,escaped\\:\\s\\\\ :irc.example.com NOTICE #channel :Message",
      "NOTICE",
      ["#channel", "Message"],
      "irc.example.com",
      { "+example": "raw+:=,escaped; \\" },
    ],
    ["@+example-client-tag=example-value TAGMSG #channel", "TAGMSG", ["#channel"], undefined, client],
    ["@+example-client-tag=example-value TAGMSG @#channel", "TAGMSG", ["@#channel"], undefined, client],
    [
      "@label=123;+example-client-tag=example-value TAGMSG #channel",
      "TAGMSG",
      ["#channel"],
      undefined,
      { label: "123", ...client },
    ],
    [
      "@label=123;msgid=abc;+example-client-tag=example-value :nick!user@example.com TAGMSG #channel",
      "TAGMSG",
      ["#channel"],
      user,
      { label: "123", msgid: "abc", ...client },
    ],
    [
      "@msgid=abc;+example-client-tag=example-value :nick!user@example.com TAGMSG #channel",
      "TAGMSG",
      ["#channel"],
      user,
      { msgid: "abc", ...client },
    ],
    [
      "@+tag1;+tag2;+tag[...];+tag5000 TAGMSG #channel",
      "TAGMSG",
      ["#channel"],
      undefined,
      { "+tag1": "", "+tag2": "", "+tag[...]": "", "+tag5000": "" },
    ],
    [
      ":server.example.com 417 nick :Input line was too long",
      "417",
      ["nick", "Input line was too long"],
      "server.example.com",
    ],
    ["@unknown-tag TAGMSG #channel", "TAGMSG", ["#channel"], undefined, { "unknown-tag": "" }],
    [":nick!user@example.com TAGMSG #channel", "TAGMSG", ["#channel"], user],
  ];
  assertParses(cases);
  // Their tags render back unchanged.
  for (const [line, , , , tags = {}] of cases) {
    assertEquals(renderTags(new Map(Object.entries(tags))), /^@\S+ /.exec(line)?.[0] ?? "", line);
  }
});

Deno.test("parser: keeps the text after the command unchanged", () => {
  const cases = {
    "NS REGISTER open  sesame": "REGISTER open  sesame",
    "@a=b :alice  ns   :set password  a :b ": ":set password  a :b ",
    "NS  a  ": "a  ",
    "NS  ": "",
    "NS": "",
  };
  for (const [line, rest] of Object.entries(cases)) assertEquals(parse(line)?.rest, rest, line);
});

Deno.test("parser: returns undefined when there is no command", () => {
  for (const line of ["", " ", "   ", "@", "@ ", "@a=b", "@a=b  ", ":", ": ", ":a", " :a ", "@a=b :a", "@ : "]) {
    assertEquals(parse(line), undefined, line);
  }
});

Deno.test("parser: converts ASCII letters of the command to upper case, and no others", () => {
  const commands = {
    privmsg: "PRIVMSG",
    PrivMsg: "PRIVMSG",
    "001": "001",
    "1a": "1A",
    "1z": "1Z",
    "`{": "`{",
    "jo\u0131nß": "JO\u0131Nß",
  };
  for (const [command, expected] of Object.entries(commands)) assertEquals(parse(`${command} Abc`)?.command, expected);
});

Deno.test("parser: lines without tags share one empty map", () => {
  assert(parse("PING a")!.tags === parse(":b PING c")!.tags);
  assertEquals(parse("PING a")!.tags.size, 0);
});

Deno.test("parser: renders tags, and nothing when there are none", () => {
  assertEquals(renderTags(new Map()), "");
  assertEquals(renderTags(new Map([["v", ""]])), "@v ");
  assertEquals(renderTags(new Map([["x", "y"], ["v", ""], ["+example.org/z", "a b"]])), "@x=y;v;+example.org/z=a\\sb ");
});

Deno.test("parser: renderTags throws when a key or a value is not valid", () => {
  const key = "it is not a valid tag key";
  const cases: [expected: string, tags: Tags][] = [
    [`"": ${key}`, { "": "1" }],
    [`"x y": ${key}`, { "x y": "1" }],
    [`"x;y": ${key}`, { "x;y": "" }],
    [`"x=y": ${key}`, { "x=y": "" }],
    [`"x\\r": ${key}`, { "x\r": "" }],
    [`"x\\n": ${key}`, { "x\n": "" }],
    [`"x\\u0000": ${key}`, { "x\0": "" }],
    [`"\\u0000": a tag value cannot contain NUL`, { x: "\0" }],
  ];
  for (const [expected, tags] of cases) {
    assertThrows(() => renderTags(new Map(Object.entries(tags))), TypeError, `Cannot send ${expected}`);
  }
});

Deno.test("parser: escapes and unescapes values", () => {
  const pairs = { ";": "\\:", " ": "\\s", "\\": "\\\\", "\r": "\\r", "\n": "\\n" };
  for (let code = 0; code <= 0xff; code++) {
    const character = String.fromCharCode(code);
    const expected = (pairs as Tags)[character] ?? character;
    assertEquals(escapeTagValue(`a${character}${character}b`), `a${expected}${expected}b`);
    assertEquals(unescapeTagValue(`a${expected}${expected}b`), `a${character}${character}b`);
  }
});

Deno.test("parser: drops a backslash that escapes nothing", () => {
  const cases = { "\\": "", "a\\": "a", "\\\\\\": "\\", "\\a\\b": "ab", "\\S\\😀\\;": "S😀;", "\\\\:": "\\:" };
  for (const [escaped, value] of Object.entries(cases)) assertEquals(unescapeTagValue(escaped), value, escaped);
});

/** Texts with many characters that are special in IRC, except some. */
function text(without: string, minLength = 0): fc.Arbitrary<string> {
  const special = [..." :;=@\\\r\n\0\tsrnaA"].filter((character) => !without.includes(character));
  const other = fc.string({ unit: "binary", minLength: 1, maxLength: 1 }).filter((unit) => !without.includes(unit));
  return fc.string({ unit: fc.oneof(fc.constantFrom(...special), other), minLength, maxLength: 12 });
}

const valid = fc.array(fc.tuple(text(" ;=\r\n\0", 1), text("\0")), { maxLength: 4 }).map((tags) => new Map(tags));
const any = fc.array(fc.tuple(text(""), text("")), { maxLength: 2 }).map((tags) => new Map(tags));

Deno.test("parser: parses rendered tags back unchanged", () => {
  fc.assert(
    fc.property(valid, (tags) => assertEquals(parse(`${renderTags(tags)}PING`)?.tags, tags)),
    { numRuns: 1000 },
  );
});

Deno.test("parser: renders any tags so that they parse back unchanged, or throws", () => {
  fc.assert(
    fc.property(any, (tags) => {
      let line: string;
      try {
        line = `${renderTags(tags)}PING`;
      } catch (error) {
        assert(error instanceof TypeError && error.message.startsWith("Cannot send "), String(error));
        return;
      }
      assert(["\r", "\n", "\0"].every((character) => !line.includes(character)), "it is one line");
      assertEquals(parts(line), { tags, source: undefined, command: "PING", params: [] });
    }),
    { numRuns: 2000 },
  );
});

Deno.test("parser: parses any text into a command in upper case and words", () => {
  const line = fc.array(fc.oneof(text(""), fc.constantFrom(" ", " :", "@", ";", "PING", "@a=b ")), { maxLength: 8 });
  fc.assert(
    fc.property(line.map((parts) => parts.join("")), (line) => {
      const message = parse(line);
      if (message === undefined) return assertEquals(/^ *(?:@[^ ]* *)?(?::[^ ]* *)?$/.test(line), true, line);
      assert(!/[a-z ]/.test(message.command) && message.command !== "", message.command);
      for (const param of message.params.slice(0, -1)) assert(/^[^ :][^ ]*$/.test(param), param);
    }),
    { numRuns: 2000 },
  );
});
