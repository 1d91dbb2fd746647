/** Tests which part of a message is a link. */
import { assertEquals } from "@std/assert";
import { findLinks } from "../../src/web/links.js";
import { HARD_MESSAGES } from "./hard_messages.ts";

/** The links alone. */
function linksIn(text: string): string[] {
  return findLinks(text).flatMap(({ text, href }) => href === undefined ? [] : [text]);
}

/** Checks which link is found in each text, and that no part of the text is lost. */
function assertLinks(links: Record<string, string | string[]>): void {
  for (const [text, link] of Object.entries(links)) {
    assertEquals(linksIn(text), [link].flat(), text);
    assertEquals(findLinks(text).map((part) => part.text).join(""), text);
  }
}

Deno.test("links: a link ends before the punctuation of its sentence, and keeps the brackets it has opened", () => {
  assertLinks({
    "see http://x/a.": "http://x/a",
    "(http://x/a)": "http://x/a",
    "http://x/a_(b)": "http://x/a_(b)",
    "(http://x/a_(b)).": "http://x/a_(b)",
    "[http://x/a[1]]?!": "http://x/a[1]",
    "http://x/(a})": "http://x/(a})",
    "http://x/a)]})": "http://x/a",
    "http://x/a(.)": "http://x/a(.)",
    "http://x/a(": "http://x/a",
    "`http://x/a`": "http://x/a",
    "http://[::1]/": "http://[::1]/",
    "http://x/?a=1&b=2#c/": "http://x/?a=1&b=2#c/",
    "http://x/a-": "http://x/a-",
    "http://x/a http://y/b": ["http://x/a", "http://y/b"],
    "http:// and http://. are none": [],
  });
});

Deno.test("links: punctuation of every script ends a link", () => {
  const link = "https://example.com/a";
  const marks =
    "。．、，；：！？｡､…‥」』】〕〉》〗〙〛｣）］｝⋯»›”“’‘„‟؟،؛۔।॥။၊።፣፤፧։՞՜‽⁇⁈‼⁉¡¿—–―•·†‡・〜～❞❗❓❯❱⟩⟫⦆﴾﴿｀´\u200b\u2060\u200e\u200f\u2028";
  for (const mark of marks) {
    for (const end of [mark, `${mark}.`, `${mark}${mark}`, `${mark} and so on`, `${mark}\ufe0f`]) {
      assertEquals(linksIn(link + end), [link], `${end} (U+${mark.codePointAt(0)?.toString(16)})`);
    }
  }
  assertLinks({
    "「https://example.com/a」と": link,
    "«https://example.com/a», dit-il": link,
    "„https://example.com/a“": link,
    "（https://example.com/a）。": link,
    "https://example.com/a。https://example.com/b、c": [link, "https://example.com/b"],
    "https://example.com/a؟نعم": link,
    "https://example.com/a。\u0301": link,
  });
});

Deno.test("links: letters of every script, marks and brackets belong to a link", () => {
  for (
    const link of [
      "https://ja.wikipedia.org/wiki/東京",
      "https://ja.wikipedia.org/wiki/レオナルド・ダ・ヴィンチ",
      "https://ja.wikipedia.org/wiki/時計_（映画）",
      "https://example.com/a（b）",
      "https://zh.wikipedia.org/wiki/《紅樓夢》",
      "https://例え.テスト/パス?検索=東京#章",
      "https://www.例え.jp/",
      "https://abc例え.jp/",
      "https://münchen.de/straße",
      "https://ru.wikipedia.org/wiki/Москва_(фильм)",
      "https://ar.wikipedia.org/wiki/القاهرة",
      "https://fa.wikipedia.org/wiki/می\u200cخواهم",
      "https://hi.wikipedia.org/wiki/हिन्दी",
      "https://th.wikipedia.org/wiki/กรุงเทพ",
      "https://ko.wikipedia.org/wiki/서울",
      "https://en.wikipedia.org/wiki/Michelson–Morley_experiment",
      "https://fr.wikipedia.org/wiki/L’Équipe",
      "https://ca.wikipedia.org/wiki/Col·legi",
      "https://example.com/cafe\u0301",
      "https://💩.la/😀",
    ]
  ) assertLinks({ [link]: link, [`${link}。`]: link, [`(${link}).`]: link, [`${link} …`]: link });
});

Deno.test("links: text of a script without spaces ends a link that it follows directly", () => {
  assertLinks({
    "詳しくはhttps://example.com/aを見て": "https://example.com/a",
    "https://example.comを見て": "https://example.com",
    "https://example.com:8080を見て": "https://example.com:8080",
    "请看https://example.com/a的说明": "https://example.com/a",
    "https://example.com/a에서": "https://example.com/a",
    "https://example.com/a「名前」": "https://example.com/a",
    "https://example.com/?q=1です https://example.com/b": ["https://example.com/?q=1", "https://example.com/b"],
  });
});

Deno.test("links: a message of thousands of brackets or of links has the right number of links", () => {
  for (const { text, links } of HARD_MESSAGES) assertEquals(linksIn(text).length, links, text.slice(0, 20));
});

Deno.test("links: a text is split into links and the text between them, without empty parts", () => {
  assertEquals(findLinks("http://x/a"), [{ text: "http://x/a", href: "http://x/a" }]);
  assertEquals(findLinks("see HTTP://x/A, b"), [
    { text: "see " },
    { text: "HTTP://x/A", href: "http://x/A" },
    { text: ", b" },
  ]);
  assertEquals([findLinks(""), findLinks("a")], [[], [{ text: "a" }]]);
});

Deno.test("links: a host that begins with www. is a link without a scheme", () => {
  assertLinks({
    "see www.example.org.": "www.example.org",
    "(www.example.org/a_(b))": "www.example.org/a_(b)",
    "WWW.example.org/A?b#c, and": "WWW.example.org/A?b#c",
    "www.例え.テスト。": "www.例え.テスト",
    "见www.example.org的": "www.example.org",
    "http://www.example.org": "http://www.example.org",
    "www.example www. www.. a.www.example.org bob@www.example.org x/www.a.b awww.a.b www.a./b": [],
  });
  assertEquals(findLinks("www.example.org")[0]?.href, "http://www.example.org/");
});
