/** Tests of formatting, code, links and names within a line of a message. */
import { assert, assertEquals } from "@std/assert";
import { inlineParts } from "../../src/web/inline.js";
import type { Names } from "../../src/web/mentions.js";

/** The parts of a line that are not plain text, as `kind.class:text`. */
function marked(line: string, names?: Names, markup?: boolean): string[] {
  return inlineParts(line, names, markup).flatMap(({ kind, classes, text }) => {
    if (kind === "text" && classes === "") return [];
    return [`${kind === "text" ? "" : kind}${classes === "" ? "" : `.${classes.replaceAll(" ", ".")}`}:${text}`];
  });
}

function plain(line: string): string {
  return inlineParts(line).map(({ text }) => text).join("");
}

Deno.test("inline: marks make text bold, italic, struck through or code", () => {
  const lines: Record<string, string[]> = {
    "a **bold** word": [".bold:bold"],
    "an *italic* and _another_ word": [".italic:italic", ".italic:another"],
    "~~gone~~": [".strike:gone"],
    "***both***": [".bold.italic:both"],
    "**bold _and italic_ words**": [".bold:bold ", ".bold.italic:and italic", ".bold: words"],
    "**bold *and both***": [".bold:bold ", ".bold.italic:and both"],
    "***both* bold**": [".italic.bold:both", ".bold: bold"],
    "run `deno *task*` now": ["code:deno *task*"],
    "`` a ` b ``": ["code:a ` b"],
    "**`x`**": ["code.bold:x"],
    '(*really*), "**yes**"!': [".italic:really", ".bold:yes"],
    "**Note:** this, *that*.": [".bold:Note:", ".italic:that"],
    "这是**重点**内容，*强调*。": [".bold:重点", ".italic:强调"],
    "これは**大事**です": [".bold:大事"],
    "이것은 **강조**입니다": [".bold:강조"],
    "*مهم*، نعم": [".italic:مهم"],
    "*🎉*": [".italic:🎉"],
    "**see https://x.example/a_b_c**": [".bold:see ", "link.bold:https://x.example/a_b_c"],
  };
  for (const [line, parts] of Object.entries(lines)) assertEquals(marked(line), parts, line);
});

Deno.test("inline: marks in words, paths, formulas and names of files, and unclosed ones, stay as typed", () => {
  for (
    const line of [
      "snake_case_name and __init__",
      "/usr/_lib_/x and src/web/_a_b_.js",
      "_config_.yml",
      "2*3*4 and 2 * 3 * 4",
      "2**3**4, x ** y",
      "a*b*c = d*e",
      "*.ts and *.js",
      "src/**/*.ts, **/node_modules/**",
      "f(*args, **kwargs)",
      "char *p, *q",
      "select *, count(*) from t",
      "price* and tax*",
      "* one",
      "* a * b",
      "*a * b, *lib/*",
      "- two",
      "1. three",
      "**unclosed",
      "unclosed** and *more",
      "~~unclosed and ~/home ~/work",
      "`unclosed and ``other",
      "*_* and ^_^ and -_- and ¯\\_(ツ)_/¯",
      "****four**** and _____",
      "__two__",
      "un**believ**able",
      "# heading",
    ]
  ) {
    assertEquals(marked(line), [], line);
    assertEquals(plain(line), line);
  }
});

Deno.test("inline: IRC formatting and marks are combined, and there are no marks in monospace text", () => {
  assertEquals(marked("\x02a **b** c\x02 d"), [".bold:a b c"]);
  assertEquals(marked("\x02a _b_\x02 _c_"), [".bold:a ", ".bold.italic:b", ".italic:c"]);
  assertEquals(marked("\x11a *b* `c`\x11 *d*"), [".mono:a *b* `c`", ".italic:d"]);
  assertEquals(marked("\x0304,02red\x03"), [".ink4.paper2:red"]);
  assertEquals(marked("**a** `b` *.x", undefined, false), []);
});

Deno.test("inline: rooms are links, but no colours, numbers, fragments of links or parts of words", () => {
  const lines: Record<string, string[]> = {
    "see #tea, #tea-time and (#den).": ["room:#tea", "room:#tea-time", "room:#den"],
    "##linux #c++, #日本語。#室へ": ["room:##linux", "room:#c", "room:#日本語", "room:#室へ"],
    "来#tea吧": ["room:#tea"],
    "#17, #1f2e3d, C#, a#b, /#x, &#39;, # x": [],
    "https://x.example/#tea": ["link:https://x.example/#tea"],
    "`#tea`": ["code:#tea"],
    "#bad #cafe": ["room:#bad", "room:#cafe"],
  };
  for (const [line, parts] of Object.entries(lines)) assertEquals(marked(line), parts, line);
  assertEquals(inlineParts("#tea.", undefined)[0]?.target, "#tea");
});

Deno.test("inline: the user's name and @name of members are found in any script, and marks in them are text", () => {
  const members = ["bob", "al_ice_", "太郎", "Zoë", "анна", "สมชาย"];
  const names = (own: string): Names => ({
    own,
    member: (name) => members.find((each) => each.toLowerCase() === name.toLowerCase().normalize("NFC")),
  });
  const lines: [string, string, string[]][] = [
    ["alice", "Alice: hi @alice, malice", ["own:Alice", "own:@alice"]],
    ["alice", "@bob and @Bob: @bobby @nobody bob", ["name:@bob", "name:@Bob"]],
    ["太郎", "太郎さん、@太郎です", ["own:太郎", "own:@太郎"]],
    ["x", "@太郎さん", ["name:@太郎"]],
    ["x", "@สมชายครับ", ["name:@สมชาย"]],
    ["x", "mail a@bob, @zoe\u0308 @АННА!", ["name:@zoë", "name:@АННА"]],
    ["zoë", "Zoe\u0308, zoe and ZOË's", ["own:Zoe\u0308", "own:ZOË"]],
    ["al_ice_", "al_ice_ and @al_ice_ _x_", ["own:al_ice_", "own:@al_ice_", ".italic:x"]],
    ["bob", "`bob` https://x.example/bob bob", ["code:bob", "link:https://x.example/bob", "own:bob"]],
    ["bob", "**bob**", ["own.bold:bob"]],
    ["ｱﾘｽ", "アリス!", ["own:アリス"]],
    ["ガス", "ｶﾞｽ!", ["own:ｶﾞｽ"]],
    ["", "bob", []],
  ];
  for (const [own, line, parts] of lines) {
    const found = marked(line, names(own)).map((part) => part.startsWith("name:@zoe") ? part.normalize("NFC") : part);
    assertEquals(found, parts, `${own}: ${line}`);
  }
  assertEquals(inlineParts("hi @Bob", names("x")).at(-1)?.target, "bob");
});

/** Texts of which each part could be the beginning of something. */
const HOSTILE = [
  ...["*_`~", "*", "_a", "*a ", "**a ", "`a", "``a`", "~~a", "\x02*", "(*a", "***a*", "[*`", "*a* "],
  ...["@a", "@", "#a", "#", "@a\u0301", "@太郎", "www.a.", "太郎", "\u0315\u0300"],
];

Deno.test("inline: 64 KB of marks lose nothing but marks, nest nothing, and need time in proportion", () => {
  const names = { own: "太郎", member: () => undefined };
  for (const hostile of HOSTILE) {
    const text = hostile.repeat(65_536 / hostile.length);
    const before = performance.now();
    const parts = inlineParts(text, names);
    const needed = performance.now() - before;
    assert(needed < 10_000, `${hostile}: ${needed} ms`); // if it were quadratic, it would be a minute
    assert(parts.every(({ classes }) => classes.split(" ").length <= 4), hostile);
    const rest = (text: string) => [...text].filter((character) => !"*_~`\x02".includes(character)).join("");
    assert(rest(parts.map(({ text }) => text).join("")) === rest(text), hostile);
  }
});
