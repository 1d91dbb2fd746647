/** The flags for stored data: messages, uploaded files, and their export. */
import { KEEP_PRIVATE } from "../chat/conversations.ts";
import { UPLOADS } from "../files/file_store.ts";
import { SYNCS } from "../history/sync.ts";
import type { ExportFormat } from "../history/export.ts";
import { HISTORY_MAX } from "../protocol/irc/limits.ts";
import type { Flags } from "./flag.ts";
import * as read from "./readers.ts";

/** The formats of `export`, the default first. */
const EXPORT_FORMATS = ["text", "jsonl"] as const satisfies readonly ExportFormat[];

export const history = {
  data: {
    value: "DIR",
    reader: read.path,
    help: "directory to store messages, accounts and bans in; else memory only",
    details:
      "It is created if it does not exist. One server at a time can use it. Without it, accounts end with the server, and no files can be uploaded.",
  },
  sync: {
    value: "HOW",
    reader: read.oneOf(SYNCS),
    default: SYNCS[0],
    help: "normal, or full: survives a power failure, but is slower",
    details: "Both survive the end of the process. It sets `PRAGMA synchronous` of SQLite.",
  },
  keep: {
    value: "TIME",
    reader: read.orOff(read.duration),
    default: "90d",
    help: "delete messages that are older: 12h, 90d, 2w, or off",
  },
  keepLines: {
    value: "N",
    reader: read.orOff(read.wholeNumber(1)),
    default: "100000",
    help: "messages stored per room, or off",
  },
  maxData: {
    value: "SIZE",
    reader: read.orOff(read.mebibytes(1)),
    default: "10GiB",
    help: "size of the database; above it, messages are deleted; or off",
    details: "The network or account that has stored most loses its oldest messages first, or the fullest room does.",
  },
  keepPrivate: {
    value: "WHOSE",
    reader: read.keepPrivate,
    default: KEEP_PRIVATE[0],
    help: "private messages to store: of accounts, all or off",
    details:
      "`accounts`: those between two users who are logged in. They also reach an account that is not connected. `all`: those of guests, too. (It was a switch before: what was `yes` is `all` now.)",
  },
  maxHistory: {
    value: "N",
    reader: read.wholeNumber(1),
    default: String(HISTORY_MAX),
    help: "messages in one reply to CHATHISTORY or SEARCH",
  },
} as const satisfies Flags;

export const files = {
  uploads: {
    value: "WHO",
    reader: read.oneOf(UPLOADS),
    default: UPLOADS[0],
    help: "users who can upload files: accounts, everyone or off",
    details: "Needs `--data`. `everyone` includes guests.",
  },
  maxFile: {
    value: "SIZE",
    reader: read.size(1024),
    default: "10MiB",
    help: "size of one file",
    details: "At most 1GiB.",
  },
  maxFiles: {
    value: "SIZE",
    reader: read.mebibytes(1),
    default: "1GiB",
    help: "size of all files together; above this, the oldest are deleted",
    details: "Files do not count for `--max-data`, and expire with messages of the same age (`--keep`).",
  },
} as const satisfies Flags;

export const exports = {
  room: {
    value: "ROOM",
    reader: read.roomName,
    help: "room to export, or to join; without it, all rooms are exported",
    commands: ["export", "connect"],
  },
  format: {
    value: "FORMAT",
    reader: read.oneOf(EXPORT_FORMATS),
    default: EXPORT_FORMATS[0],
    help: "text for people, or jsonl (one JSON object per line) for import",
    details: "Only `jsonl` includes private conversations, and the keys and bans of rooms.",
    commands: ["export"],
  },
  files: {
    value: "",
    reader: read.yesOrNo,
    default: "no",
    help: "export the uploaded files as well",
    details: "A switch. It needs `--format jsonl`, and exports the files of all rooms.",
    commands: ["export"],
  },
} as const satisfies Flags;
