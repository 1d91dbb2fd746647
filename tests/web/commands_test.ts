/** Tests of the slash commands of the page: the lines that they send, and the errors that they return. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import type { Chat } from "../../src/web/chat.js";
import { runInput, type Ui } from "../../src/web/commands.js";
import { Model } from "../../src/web/model.js";

/** Runs an input in a room, and returns the lines that it sends, or its error. */
function run(input: string, roomName = "#tea", accounts = false): string[] | string {
  const model = new Model();
  model.nick = "alice";
  const room = model.open(roomName);
  model.setState(room, "in");
  const sent: string[] = [];
  const chat = {
    model,
    connection: { has: () => accounts },
    request: (command: string, params: string[]) => sent.push([command, ...params].join(" ")),
    say: (_room: unknown, text: string, kind = "say") => sent.push(`${kind}: ${text}`),
  };
  return runInput(chat as unknown as Chat, {} as Ui, room, input) ?? sent;
}

Deno.test("commands: the IRC command for the current room is sent", () => {
  const commands = {
    "/mode": "MODE #tea",
    "/mode +k key": "MODE #tea +k key",
    "/mode #other +i": "MODE #other +i",
    "/mode alice +B": "MODE alice +B",
    "/op bob carol": "MODE #tea +oo bob carol",
    "/devoice bob": "MODE #tea -v bob",
    "/ban": "MODE #tea b",
    "/ban bob!*@*": "MODE #tea +b bob!*@*",
    "/kick bob be nice": "KICK #tea bob be nice",
    "/topic": "TOPIC #tea",
    "/topic two words": "TOPIC #tea two words",
    "/invite bob": "INVITE bob #tea",
    "/names other": "NAMES #other",
    "/WHOIS bob": "WHOIS bob",
  };
  for (const [input, line] of Object.entries(commands)) assertEquals(run(input), [line], input);
});

Deno.test("commands: /set asks NickServ, if the server has accounts", () => {
  assertEquals(run("/set always-on on"), "This server has no registered names.");
  assertEquals(run("/set always-on on", "#tea", true), ["NS SET always-on on"]);
  assertEquals(run("/set colour", "#tea", true), "Write /set always-on on, or /set always-on off");
});

Deno.test("commands: text, /me and // are sent as messages", () => {
  assertEquals(run("hello"), ["say: hello"]);
  assertEquals(run("/me waves"), ["action: waves"]);
  assertEquals(run("//join is a command"), ["say: /join is a command"]);
});

Deno.test("commands: an error is returned when a command is unknown, incomplete or not possible", () => {
  const errors = {
    "/constructor": "Unknown command: /constructor. See /help, or write //constructor to send it as a message.",
    "/me": "Write what you do: /me TEXT",
    "/op": "Name at least one user.",
    "/search tea": "This server does not support search.",
    "/logout": "This server has no registered names.",
  };
  for (const [input, error] of Object.entries(errors)) assertEquals(run(input), error, input);
  assertEquals(run("/op bob", "carol"), "This command works only in rooms, and this is a private conversation.");
  assertEquals(run("/mode", "carol"), "Name a room: /mode #ROOM [MODES]");
});
