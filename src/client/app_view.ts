/** Draws the terminal client: the layout for each size of the terminal, and the text of the status row. */
import type { Chat } from "../web/chat.js";
import type { Status as ConnectionStatus } from "../web/connection.js";
import { plainText } from "../web/format.js";
import { quoteText } from "../web/quoted.js";
import type { Room } from "../web/room.js";
import { typingText, typists } from "../web/typing.js";
import { outsideText } from "./commands.ts";
import type { CompletionList } from "./completion_list.ts";
import type { Prompt } from "./prompts.ts";
import { SELECTION_HINT } from "./selection_keys.ts";
import type { LineEditor } from "./terminal/line_editor.ts";
import type { Screen } from "./terminal/screen.ts";
import type { Capabilities } from "./terminal/style.ts";
import { widthOf } from "./terminal/width.ts";
import { drawPeople, drawStatus, drawTabs, drawTopic, PEOPLE_COLUMNS, type Status, statusRows } from "./views/bars.ts";
import { drawInput, drawOptions, type InputLook, inputRows } from "./views/input_view.ts";
import type { Dialog } from "./views/list_dialog.ts";
import type { LogView } from "./views/log_view.ts";

/** The list of people is shown from so many columns on; the topic from so many rows on. */
const PEOPLE_FROM = 90;
const TOPIC_FROM = 12;

/** The parts of the client that are drawn. */
export interface AppParts {
  readonly chat: Chat;
  /** The name of the server in the command line. */
  readonly network: string;
  readonly capabilities: Capabilities;
  readonly log: LogView;
  readonly list: CompletionList;
  readonly editor: LineEditor;
  readonly prompt: Prompt | undefined;
  readonly dialog: Dialog | undefined;
  /** Said in the status row before anything else. */
  readonly problem: string;
  readonly status: ConnectionStatus;
}

/** Draws all, and returns the output. */
export function drawApp(screen: Screen, parts: AppParts): string {
  const { columns, rows } = screen;
  const { chat, capabilities, log, list, editor, dialog } = parts;
  const room = chat.model.current;
  screen.clear();
  screen.hideCursor();
  const look = lookOf(parts, columns);
  if (rows < 3 || columns < 10) { // too small for anything but the input
    chat.model.setAtEnd(false);
    if (columns > 1) drawInput(screen, { top: 0, rows: 1, columns }, editor, { ...look, prompt: "" });
    return screen.render();
  }
  const input = inputRows(editor, look, columns, rows);
  const hasTopic = rows >= TOPIC_FROM && room !== undefined && room.topic !== "";
  const hasTabs = rows >= 5;
  const top = Number(hasTabs) + Number(hasTopic);
  let status = statusOf(parts, room);
  const hasStatus = rows >= 4 || status.kind === "error" || parts.prompt !== undefined;
  const statusHeight = hasStatus ? statusRows(status, columns, rows) : 0;
  const height = rows - top - input - statusHeight;
  if (dialog !== undefined) {
    dialog.draw(screen, Number(hasTabs), columns, rows - Number(hasTabs));
    chat.model.setAtEnd(false); // new messages are not read, as the dialog covers them
  } else {
    if (hasTopic) drawTopic(screen, 1, columns, room, capabilities.colors);
    const hasPeople = columns >= PEOPLE_FROM && room?.isRoom === true && room.members.size > 0;
    const width = hasPeople ? columns - PEOPLE_COLUMNS : columns;
    log.draw(screen, top, 0, hasPeople ? width - 1 : width, height);
    status = statusOf(parts, room); // the log may have scrolled, and says so at the right
    if (hasPeople) drawPeople(screen, { top, left: width, rows: height }, room, capabilities);
    const options = list.options.slice(0, Math.max(0, height));
    if (options.length > 0) drawOptions(screen, top + height, columns, options, list.selected);
    if (hasStatus) drawStatus(screen, { top: top + height, rows: statusHeight, columns }, status);
    drawInput(screen, { top: rows - input, rows: input, columns }, editor, look);
  }
  if (hasTabs) drawTabs(screen, 0, columns, chat.model); // last, as drawing the log can mark messages as read
  return screen.render();
}

function lookOf({ chat, capabilities, prompt }: AppParts, columns: number): InputLook {
  if (prompt !== undefined) return { prompt: prompt.label, isSecret: prompt.isSecret, placeholder: "" };
  const { nick, current: room } = chat.model;
  const sign = capabilities.unicode ? "›" : ">";
  const placeholder = room === undefined ? "" : `Message ${room.name}, or /help`;
  // A long name would leave no columns for the text.
  const name = nick === "" || widthOf(nick) > columns / 2 ? "" : `${nick} `;
  return { prompt: `${name}${sign} `, isSecret: false, placeholder };
}

function statusOf(parts: AppParts, room: Room | undefined): Status {
  const { chat, log, problem, prompt } = parts;
  const below = log.isAtEnd || room === undefined
    ? ""
    : room.unread > 0
    ? `${room.unread} new below – Alt+End`
    : "Alt+End: to the end";
  const hint = below !== "" ? below : room?.isRoom && room.members.size > 0 ? `${room.members.size} here` : "";
  if (problem !== "") return { text: problem, kind: "error", hint };
  if (prompt !== undefined) return { text: prompt.reason, kind: "plain", isWhole: true, hint: "" };
  const connection = connectionText(parts);
  if (connection !== "") return { text: connection, kind: "error", hint };
  const outside = room === undefined ? undefined : outsideText(room);
  if (outside !== undefined) return { text: outside, kind: "error", hint };
  if (log.selected !== undefined) return { text: SELECTION_HINT, kind: "accent", hint };
  if (room?.replyTo !== undefined) {
    const quoted = plainText(quoteText(room.replyTo)).replaceAll("\n", " ");
    return { text: `Reply to ${room.replyTo.nick ?? ""}: ${quoted}`, kind: "accent", hint: "Esc cancels" };
  }
  const nicks = room === undefined ? [] : typists(room, Date.now());
  const typing = typingText(nicks.filter((nick) => !chat.model.ignoresNick(nick)));
  return { text: typing, kind: "plain", hint };
}

function connectionText({ status: { kind, reason = "", retryAt = 0 }, network }: AppParts): string {
  if (kind === "online") return "";
  if (kind === "connecting") return `Connecting to ${network} …`;
  if (kind === "waiting") {
    return `${reason} Trying again in ${Math.max(0, Math.ceil((retryAt - Date.now()) / 1000))} s.`;
  }
  return reason;
}
