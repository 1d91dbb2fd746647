/** Tests of the input, and of the list of completions above it. */
import { assertEquals } from "@std/assert";
import { LineEditor } from "../../../src/client/terminal/line_editor.ts";
import { CompletionList } from "../../../src/client/completion_list.ts";
import { useEmojiList } from "../../../src/web/emoji.js";
import { emojiList } from "../../../src/client/emoji_list.ts";
import { drawInput, drawOptions, inputRows } from "../../../src/client/views/input_view.ts";
import { ClientPage, Drawing } from "../client_page.ts";

const LOOK = { prompt: "alice › ", isSecret: false, placeholder: "Message #tea, or /help" };

function input(text: string, look = LOOK, columns = 40, rows = 24): Drawing {
  const editor = new LineEditor();
  editor.text = text;
  const height = inputRows(editor, look, columns, rows);
  return new Drawing(columns, height, (screen) => drawInput(screen, { top: 0, rows: height, columns }, editor, look));
}

Deno.test("client input: the text is after the prompt, with the cursor at its end", () => {
  assertEquals(input("").lines, ["alice › Message #tea, or /help"]);
  assertEquals(input("").cursor, { row: 0, column: 8 });
  assertEquals(input("hello").lines, ["alice › hello"]);
  assertEquals(input("hello").cursor, { row: 0, column: 13 });
  assertEquals(input("日本").cursor, { row: 0, column: 12 });
});

Deno.test("client input: several lines have several rows, but not more than the window has room for", () => {
  assertEquals(input("one\ntwo").lines, ["alice › one", "        two"]);
  const lines = Array.from({ length: 50 }, (_, n) => `line ${n}`).join("\n");
  assertEquals([input(lines).lines.length, input(lines).lines.at(-1)], [9, "        line 49"]);
  assertEquals(input(lines, LOOK, 40, 6).lines.length, 2);
});

Deno.test("client input: of a secret only its length is shown", () => {
  const { lines, cursor } = input("sesame\nx", { ...LOOK, prompt: "Password: ", isSecret: true });
  assertEquals([lines, cursor], [["Password: ••••••••"], { row: 0, column: 18 }]);
});

Deno.test("client input: a prompt that is wider than the window leaves room for the cursor", () => {
  const { lines, cursor } = input("x", { ...LOOK, prompt: "Password of a_very_long_name (empty: another name): " }, 24);
  assertEquals(lines, ["Password of a_very_…x"]);
  assertEquals(cursor, { row: 0, column: 21 });
});

Deno.test("client input: options are above the input, each with what it does", () => {
  const options = [{ label: "/me", about: "TEXT – describe what you do" }, { label: "/members", about: "list them" }];
  const { lines } = new Drawing(40, 4, (screen) => drawOptions(screen, 3, 40, options, 1));
  assertEquals(lines, ["", " /me       TEXT – describe what you do", " /members  list them", ""]);
});

Deno.test("client completion: commands are listed while they are typed, and Tab inserts the first", async () => {
  using page = new ClientPage("#tea");
  const [list, editor] = [new CompletionList(page.chat, () => {}), new LineEditor()];
  editor.text = "/rea";
  await list.update(page.room(), editor);
  assertEquals(list.options.map(({ label }) => label), ["/react"]);
  list.tab(page.room(), editor, false);
  assertEquals([editor.text, list.options.length], ["/react ", 0]);
  assertEquals(list.close(), false);
});

Deno.test("client completion: Tab completes names, and again gives the next; typing ends it", async () => {
  using page = new ClientPage("#tea");
  page.browser.socket.say(":bert!~u@host JOIN #tea");
  const [list, editor] = [new CompletionList(page.chat, () => {}), new LineEditor()];
  editor.text = "b";
  const tab = () => (list.tab(page.room(), editor, false), editor.text);
  const found = [tab(), tab(), tab()];
  assertEquals(found.slice(0, 2).toSorted(), ["bert: ", "bob: "]);
  assertEquals(found[2], found[0]);
  editor.insert("x");
  await list.update(page.room(), editor);
  assertEquals(tab(), `${found[0]}x`);
});

Deno.test("client completion: names after @ and emoji after : are listed, and chosen with the arrows", async () => {
  useEmojiList(() => Promise.resolve(emojiList));
  using page = new ClientPage("#tea");
  const [list, editor] = [new CompletionList(page.chat, () => {}), new LineEditor()];
  editor.text = "hi @bo";
  await list.update(page.room(), editor);
  assertEquals(list.options.map(({ label }) => label), ["@bob"]);
  assertEquals(list.choose(editor), false, "Enter sends as long as nothing is selected");
  list.move(1);
  assertEquals([list.choose(editor), editor.text], [true, "hi @bob "]);
  editor.text = "yes :tad";
  await list.update(page.room(), editor);
  assertEquals(list.options[0]?.label, "🎉 :tada:");
  editor.text = "yes :tada:";
  await list.update(page.room(), editor);
  assertEquals(editor.text, "yes 🎉");
});

Deno.test("client completion: emoji that are loaded too late are not listed", async () => {
  const loaded = Promise.withResolvers<string>();
  useEmojiList(() => loaded.promise);
  using page = new ClientPage("#tea");
  const [list, editor] = [new CompletionList(page.chat, () => {}), new LineEditor()];
  editor.text = "yes :tad";
  const listing = list.update(page.room(), editor);
  for (let turn = 0; turn < 20; turn++) await Promise.resolve(); // until it waits for the emoji
  editor.text = "no";
  await list.update(page.room(), editor);
  loaded.resolve(emojiList);
  await listing;
  assertEquals(list.options, []);
});
