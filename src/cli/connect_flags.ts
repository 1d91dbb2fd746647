/** The flags of `tincan connect`. */
import type { Flags } from "./flag.ts";
import * as read from "./readers.ts";

export const connect = {
  nick: {
    value: "NAME",
    reader: read.nickname,
    help: "nickname; else the one used last, or the name of the user",
    commands: ["connect"],
  },
  login: {
    value: "",
    reader: read.yesOrNo,
    default: "no",
    help: "log in: asks for the password once, and keeps a token",
    details: "A switch. It logs in to the account of `--nick`, or else asks for its name.",
    commands: ["connect"],
  },
  ca: {
    value: "FILE",
    reader: read.path,
    help: "certificate (PEM) that the server's certificate is checked with",
    commands: ["connect"],
  },
  plain: {
    value: "",
    reader: read.yesOrNo,
    default: "no",
    help: "allow a connection without encryption over the internet",
    details: "A switch. In the local network it is always allowed, unless the server was reached by TLS before.",
    commands: ["connect"],
  },
  tail: {
    value: "",
    reader: read.yesOrNo,
    default: "no",
    help: "print new messages to stdout, until Ctrl-C",
    details: "A switch. Lines are `HH:MM <nick> text`, and no terminal is needed.",
    commands: ["connect"],
  },
} as const satisfies Flags;
