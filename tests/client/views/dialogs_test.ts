/** Tests of the dialogs: rooms to go to, search, help. */
import { assert, assertEquals } from "@std/assert";
import { goDialog, helpDialog, searchDialog } from "../../../src/client/views/dialogs.ts";
import type { Dialog } from "../../../src/client/views/list_dialog.ts";
import { helpGroups } from "../../../src/client/commands.ts";
import { ClientPage, Drawing, key } from "../client_page.ts";

/** What a dialog shows. */
const drawn = (dialog: Dialog, columns = 80, rows = 12) =>
  new Drawing(columns, rows, (screen) => dialog.draw(screen, 0, columns, rows));

/** Presses keys. @returns Whether the dialog is still open. */
function press(dialog: Dialog, ...names: string[]): boolean {
  return names.map((name) => dialog.handle(key(name))).at(-1)!;
}

Deno.test("client dialogs: the user goes to a room or person that is typed or chosen", () => {
  using page = new ClientPage("#tea", "#den", "carol");
  const dialog = goDialog(page.chat, "", () => {});
  assert(page.sent().includes("LIST"));
  const { text } = drawn(dialog);
  assertEquals(text.slice(2, 4).map((row) => row.slice(0, 8).trim()), ["▸ #tea", "#den"]);
  assertEquals(press(dialog, "down", "enter"), false);
  assertEquals(page.chat.model.current?.name, "#den");
  const typed = goDialog(page.chat, "", () => {});
  press(typed, ..."car");
  assert(drawn(typed).text[2]!.startsWith("▸ carol"), drawn(typed).text.join("\n"));
  assertEquals(press(typed, "enter"), false);
  assertEquals(page.chat.model.current?.name, "carol");
});

Deno.test("client dialogs: a new room is created by its name, and Escape changes nothing", () => {
  using page = new ClientPage("#tea");
  const dialog = goDialog(page.chat, "", () => {});
  page.sent();
  assertEquals(press(dialog, ..."#new", "escape"), false);
  assertEquals([page.sent(), page.chat.model.current?.name], [[], "#tea"]);
  press(goDialog(page.chat, "#new", () => {}), "enter");
  assert(page.sent().includes("JOIN #new"));
});

Deno.test("client dialogs: search shows results with the newest first, and goes to the chosen one", () => {
  using page = new ClientPage("#tea");
  const { socket } = page.browser;
  socket.say("CAP * NEW :draft/search", "CAP * ACK :draft/search");
  const [shown, hidden] = [page.hear("bob", "lunch at one"), page.hear("carol", "no lunch today")];
  page.sent();
  let changes = 0;
  const dialog = searchDialog(page.chat, "lunch", 256, () => changes++);
  const [line = ""] = socket.take();
  const [, label = ""] = /^@label=(\S+) SEARCH /.exec(line) ?? [];
  assert(label !== "", line);
  assert(drawn(dialog).text[0]!.includes("Searching"));
  const time = (n: number) => new Date(page.browser.now - n * 60_000).toISOString();
  socket.say(
    `@label=${label} BATCH +s draft/search`,
    `@batch=s;time=${time(2)};msgid=${shown} :bob!~u@host PRIVMSG #tea :lunch at one`,
    `@batch=s;time=${time(1)};msgid=${hidden} :carol!~u@host PRIVMSG #tea :no lunch today`,
    "BATCH -s",
  );
  const { text } = drawn(dialog);
  assert(text[0]!.includes("2 messages"), text[0]);
  assert(text[2]!.endsWith("#tea carol no lunch today"), text[2]);
  assert(text[3]!.endsWith("#tea bob lunch at one"), text[3]);
  assert(changes > 0);
  assertEquals(press(dialog, "down", "enter"), false);
});

Deno.test("client dialogs: help has all keys and commands in each width, and scrolls to its end", () => {
  using page = new ClientPage("#tea");
  for (const columns of [24, 40, 80, 200]) {
    const dialog = helpDialog(page.chat);
    const seen = new Set<string>();
    for (let n = 0; n < 300; n++) {
      for (const row of drawn(dialog, columns, 12).text) seen.add(row);
      press(dialog, "down");
    }
    const all = [...seen].join("\n");
    for (const wanted of ["/react", "/delete", "/transfer", "Alt+Up", "Ctrl+K"]) assert(all.includes(wanted), wanted);
    const words = new Set(all.split(/\s+/));
    const helps = helpGroups(page.chat).flatMap(({ commands }) => commands.map(({ help }) => help));
    const cut = helps.join(" ").split(" ").filter((word) => !words.has(word));
    assertEquals(cut, [], `words that are not shown in ${columns} columns`);
    press(dialog, "end");
    const end = drawn(dialog, columns, 12);
    assert(end.text[0]!.startsWith(" Help  Esc closes"), end.text[0]);
    assert(end.lines.at(-1) !== "", "no blank rows below the end");
    press(dialog, "home");
    assert(drawn(dialog, columns, 12).text[0]!.includes(" more"));
    assertEquals(press(dialog, "pagedown"), true);
    assertEquals(press(dialog, "escape"), false);
  }
});

Deno.test("client dialogs: help puts what a command does beside it, in line, or below it in a narrow window", () => {
  using page = new ClientPage("#tea");
  const text = (columns: number) => drawn(helpDialog(page.chat), columns, 200).text;
  assert(text(80).includes(" /who [#ROOM]            list the people in a room"), text(80).join("\n"));
  const at = text(40).indexOf(" /who [#ROOM]");
  assertEquals(text(40)[at + 1], "   list the people in a room");
});
