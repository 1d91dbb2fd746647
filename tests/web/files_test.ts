import { assertEquals } from "@std/assert";
import {
  fileLinks,
  IMAGE_HEIGHT,
  IMAGE_WIDTH,
  isFileAlone,
  noteFileHost,
  SHOWN_MAX,
  shownSize,
  sizeText,
} from "../../src/web/files.js";

const ORIGIN = "https://chat.example";
const ID = "abcdefghijklmnopqrst_-";

/** The files that a text links to: kinds, names and sizes. */
const found = (text: string) =>
  fileLinks(text, `${ORIGIN}/`).map(({ kind, name, width, height }) => `${kind} ${name} ${width}x${height}`);

Deno.test("files: links to files of this server are found, with the size of images", () => {
  assertEquals(found(`see ${ORIGIN}/f/${ID}/840x320/ein%20Bild.png, and ${ORIGIN}/f/${ID}/notes.pdf.`), [
    "image ein Bild.png 420x160",
    "file notes.pdf 0x0",
  ]);
  assertEquals(found(`${ORIGIN}/f/${ID}/a.MP3 ${ORIGIN}/f/${ID}/b.webm`), ["audio a.MP3 0x0", "video b.webm 0x0"]);
});

Deno.test("files: what is elsewhere, or is no link to a file, is not shown", () => {
  const others = [
    `https://evil.example/f/${ID}/3x2/a.png`,
    `http://chat.example/f/${ID}/3x2/a.png`,
    `${ORIGIN}:444/f/${ID}/3x2/a.png`,
    `${ORIGIN}/f/short/3x2/a.png`,
    `${ORIGIN}/f/${ID}/3x2/b/a.png`,
    `${ORIGIN}/f/${ID}/3x2/`,
    `${ORIGIN}/f/${ID}/0x2/a.png`,
    `${ORIGIN}/f/${ID}/3x2/a.png?x`,
    `${ORIGIN}/f/${ID}/3x2/%ff.png`,
    `${ORIGIN}/x/f/${ID}/3x2/a.png`,
  ];
  for (const link of others) assertEquals(found(link), [], link);
});

Deno.test("files: links with the public URL of the server are loaded from the page's own", () => {
  const [page, path] = ["http://10.0.0.2:8080/", `f/${ID}/3x2/a%20b.png`];
  const sources = (text: string) => fileLinks(text, page).map(({ src }) => src);
  const link = `${ORIGIN}/chat/${path}`;
  assertEquals(sources(link), []);
  try {
    noteFileHost(`${ORIGIN}/chat/files`);
    assertEquals(sources(`${link} ${page}${path}`), [page + path], "both are the same file");
    assertEquals(isFileAlone(link, fileLinks(link, page)), true);
    for (const other of [`${ORIGIN}/${path}`, `${ORIGIN}/chat/x/${path}`, `${ORIGIN}.evil.example/chat/${path}`]) {
      assertEquals(sources(other), [], other);
    }
  } finally {
    noteFileHost("");
  }
});

Deno.test("files: the same file is shown once, and not too many of one message", () => {
  const link = (name: string) => `${ORIGIN}/f/${ID}/1x1/${name}`;
  assertEquals(found(`${link("a")} ${link("a")}`).length, 1);
  assertEquals(found(Array.from("abcdefgh", link).join(" ")).length, SHOWN_MAX);
});

Deno.test("files: an image is made smaller to fit, and never larger", () => {
  assertEquals(shownSize(100, 50), { width: 100, height: 50 });
  assertEquals(shownSize(IMAGE_WIDTH * 10, 10), { width: IMAGE_WIDTH, height: 1 });
  assertEquals(shownSize(99_999, 1), { width: IMAGE_WIDTH, height: 1 });
  assertEquals(shownSize(IMAGE_HEIGHT, IMAGE_HEIGHT * 2), { width: IMAGE_HEIGHT / 2, height: IMAGE_HEIGHT });
});

Deno.test("files: a message that is the link to a file alone is told from one with words", () => {
  const link = `${ORIGIN}/f/${ID}/3x2/a.png`;
  const alone = (text: string) => isFileAlone(text, fileLinks(text, `${ORIGIN}/`));
  assertEquals([link, ` ${link} `, `${link}!`, `look: ${link}`, `${link} ${link}`].map(alone), [
    true,
    true,
    false,
    false,
    false,
  ]);
});

Deno.test("files: sizes are told in the units of people", () => {
  assertEquals([0, 999, 1000, 1550, 10_485_760, 2 ** 30].map(sizeText), [
    "0 bytes",
    "999 bytes",
    "1 KB",
    "1.6 KB",
    "10 MB",
    "1.1 GB",
  ]);
});
