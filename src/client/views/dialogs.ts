/** The dialogs: rooms and people to go to, search, help. */
import type { Chat } from "../../web/chat.js";
import type { ListedRoom } from "../../web/context.ts";
import { plainText } from "../../web/format.js";
import { goToMessage, type HistoryItem, search } from "../../web/history.js";
import { places } from "../../web/places.js";
import type { Room } from "../../web/room.js";
import { helpGroups } from "../commands.ts";
import { ListDialog } from "./list_dialog.ts";
import type { DialogSource, Item } from "./list_dialog.ts";
import { TextDialog } from "./text_dialog.ts";
import { widthOf } from "../terminal/width.ts";
import { wrapSpans } from "../terminal/wrap.ts";
import type { Span } from "../terminal/style.ts";
import { timeText } from "./line_rows.ts";
import { ACCENT, BOLD, DIM, nickStyle, PLAIN } from "./theme.ts";

/** The most search results that are kept. */
const RESULTS_MAX = 500;

/** The keys, for help. */
const KEYS: readonly (readonly [keys: string, help: string])[] = [
  ["Alt+1 … Alt+9", "show a room or conversation"],
  ["Alt+A", "the next one with new messages"],
  ["Alt+Left, Alt+Right", "the one before, the one after"],
  ["Ctrl+K", "go to a room or person, or create a room"],
  ["PgUp, PgDn, Alt+End", "scroll; to the end"],
  ["Alt+Up, Alt+Down", "select a message: r replies, + reacts, d deletes, Enter opens a long one"],
  ["Tab", "complete a name, room or command; names after @ and emoji after : are listed"],
  ["Alt+Enter", "begin a new line"],
  ["Up, Down", "earlier input"],
  ["Ctrl+L", "draw everything again"],
  ["Ctrl+C", "clear the input; twice to leave"],
];

/** The dialog that goes to a room or a person. */
export function goDialog(chat: Chat, text: string, changed: () => void): ListDialog {
  let listed: ListedRoom[] = [];
  let items: Item[] = [];
  let found: ReturnType<typeof places> = [];
  const update = (typed: string) => {
    found = places(chat.model, listed, typed);
    items = found.map(({ name, about, count = 0, unit = "" }) => {
      const more = count > 0 ? `${count} ${unit}` : "";
      return {
        spans: [{ text: name, style: BOLD }, { text: `  ${[more, about].filter(Boolean).join(" · ")}`, style: DIM }],
      };
    });
    changed();
  };
  const source: DialogSource = {
    title: "Go to",
    prompt: "› ",
    get status() {
      return "a room, a person, or the name of a new room";
    },
    get items() {
      return items;
    },
    typed: update,
    chosen(index) {
      const place = index === undefined ? undefined : found[index];
      if (place !== undefined) chat.openTab(place.name);
      return place !== undefined;
    },
  };
  const dialog = new ListDialog(source, text);
  const list: ListedRoom[] = [];
  chat.request("LIST", [], {
    list,
    onListEnd() {
      listed = list;
      update(dialog.editor.text);
    },
    onError() {},
  });
  update(text);
  return dialog;
}

/** The dialog that searches messages, and goes to one. */
export function searchDialog(chat: Chat, words: string, colors: number, changed: () => void): ListDialog {
  let status = "Type words, and Enter. Also from:alice in:#room before:2026-11-30 has:link";
  let found: HistoryItem[] = [];
  let searched = "";
  let hasMore = false;
  let asked = 0;
  const ask = (before?: Date) => {
    const mine = ++asked;
    status = "Searching …";
    search(chat, { words: searched, room: undefined, before }, {
      done(more, full) {
        if (mine !== asked) return;
        const known = new Set(found.map(({ line }) => line.id));
        const fresh = more.filter(({ line }) => !known.has(line.id) && !line.ignored).reverse();
        found = [...found, ...fresh].slice(0, RESULTS_MAX);
        hasMore = full && fresh.length > 0 && found.length < RESULTS_MAX;
        const count = found.length === 1 ? "1 message" : `${found.length} messages`;
        status = found.length === 0 ? "No messages found." : `${count}${hasMore ? ", and more" : ""}. Enter shows one.`;
        changed();
      },
      failed(why) {
        if (mine !== asked) return;
        status = why;
        changed();
      },
    });
    changed();
  };
  const begin = (text: string) => {
    found = [];
    searched = text;
    ask();
  };
  const source: DialogSource = {
    title: "Search",
    prompt: "› ",
    get status() {
      return status;
    },
    get items() {
      return found.map(({ room, line }) => resultItem(room, line, colors));
    },
    typed() {
      found = [];
      searched = "";
    },
    chosen(index, text) {
      const item = index === undefined ? undefined : found[index];
      if (item === undefined || text !== searched) {
        if (text.trim() !== "") begin(text);
        return false;
      }
      const room = chat.model.find(item.room) ?? chat.join(item.room);
      chat.model.show(room);
      showMessage(chat, room, item);
      return true;
    },
    more() {
      const last = found.at(-1);
      if (hasMore && last !== undefined) ask(new Date(last.line.time.getTime() + 1)); // several may have the same time
    },
  };
  const dialog = new ListDialog(source, words);
  if (words.trim() !== "") begin(words);
  return dialog;
}

function showMessage(chat: Chat, room: Room, { line: { id = "", time } }: HistoryItem): void {
  goToMessage(chat, room, { id, time }, (why) => chat.model.tell(room, why, "error"));
}

function resultItem(room: string, { nick = "", text, time }: HistoryItem["line"], colors: number): Item {
  const day = time.toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" });
  return {
    spans: [
      { text: `${day} ${timeText(time)} ${room} `, style: DIM },
      { text: `${nick} `, style: nickStyle(nick, colors) },
      { text: plainText(text).replaceAll("\n", " "), style: PLAIN },
    ],
  };
}

/** What help begins with. */
const INTRODUCTION = "Text goes to the room that is shown. A line that begins with / is a command; //TEXT says /TEXT.";

/** The columns of commands and keys in help, where there is room for what they do beside them. */
const NAME_COLUMNS = 24;
const BESIDE_FROM = 60;

/** The dialog with all keys and commands. */
export function helpDialog(chat: Chat): TextDialog {
  const sections: [title: string, rows: readonly (readonly [name: string, help: string])[]][] = [
    ["Keys", KEYS],
    ...helpGroups(chat).map(({ title, commands }): [string, [string, string][]] => {
      return [title, commands.map(({ name, args, help }) => [`/${name}${args === "" ? "" : ` ${args}`}`, help])];
    }),
  ];
  return new TextDialog("Help", (columns) => {
    const rows = wrapSpans([{ text: INTRODUCTION, style: PLAIN }], columns);
    for (const [title, entries] of sections) {
      rows.push([], [{ text: title, style: ACCENT }]);
      for (const [name, help] of entries) rows.push(...helpRows(name, help, columns));
    }
    return rows;
  });
}

/** A command or key, and beside it what it does: below it in a narrow window, or if its name is long. */
function helpRows(name: string, help: string, columns: number): Span[][] {
  const isBeside = columns >= BESIDE_FROM;
  const indent: Span = { text: " ".repeat(isBeside ? NAME_COLUMNS : 2), style: PLAIN };
  const text = wrapSpans([{ text: help, style: PLAIN }], Math.max(1, columns - indent.text.length));
  const label = wrapSpans([{ text: name, style: BOLD }], columns, 2);
  if (!isBeside || widthOf(name) >= NAME_COLUMNS - 1) return [...label, ...text.map((row) => [indent, ...row])];
  const gap: Span = { text: " ".repeat(NAME_COLUMNS - widthOf(name)), style: PLAIN };
  return text.map((row, i) => i === 0 ? [{ text: name, style: BOLD }, gap, ...row] : [indent, ...row]);
}
