/** Tests of the slash commands of the page: the lines that they send, and the errors that they return. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import type { Chat } from "../../src/web/chat.js";
import { isSecret, runInput, type Ui } from "../../src/web/commands.js";
import { Model } from "../../src/web/model.js";
import type { Room } from "../../src/web/room.js";

/** Runs an input in a room, and returns the lines that it sends, or its error. */
function run(input: string, roomName = "#tea"): string[] | string {
  const model = new Model();
  model.nick = "alice";
  const room = model.open(roomName);
  model.setState(room, "in");
  const sent: string[] = [];
  const chat = {
    model,
    connection: { has: () => false },
    request: (command: string, params: string[]) => sent.push([command, ...params].join(" ")),
    say: (to: Room, text: string, kind = "say") => sent.push(`${kind}: ${to === room ? "" : `${to.name} `}${text}`),
    join: (name: string) => (sent.push(`join ${name}`), model.open(name)),
    part: (from: Room, why: string) => void sent.push(`part ${from.name} ${why}`.trimEnd()),
  };
  const show = model.show.bind(model);
  model.show = (to) => {
    if (to !== undefined && !to.isRoom) sent.push(`show ${to.name}`);
    show(to);
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
    "/who other": "NAMES #other",
    "/names other": "NAMES #other",
    "/list": "WHO *",
    "/j tea": "join #tea",
    "/QUERY bob": "show bob",
    "/part": "part #tea",
    "/leave #tea bye": "part #tea bye",
    "/WHOIS bob": "WHOIS bob",
  };
  for (const [input, line] of Object.entries(commands)) assertEquals(run(input), [line], input);
});

Deno.test("commands: text, /me and // are sent as messages", () => {
  assertEquals(run("hello"), ["say: hello"]);
  assertEquals(run("/me waves"), ["action: waves"]);
  assertEquals(run("//join is a command"), ["say: /join is a command"]);
  for (const name of ["msg", "w", "whisper", "query"]) {
    assertEquals(run(`/${name} bob two words`), ["show bob", "say: bob two words"], name);
  }
});

Deno.test("commands: an error is returned when a command is unknown, incomplete or not possible", () => {
  const errors = {
    "/constructor":
      "No such command: /constructor. /help lists the commands. To send it as a message, write //constructor.",
    "/Laeve": "No such command: /Laeve. Did you mean /leave? To send it as a message, write //Laeve.",
    "/nmaes": "No such command: /nmaes. Did you mean /names? To send it as a message, write //nmaes.",
    "/me": "Write what you do: /me TEXT",
    "/op": "Name at least one user.",
    "/search tea": "This server does not support search.",
    "/logout": "This server has no registered names.",
  };
  for (const [input, error] of Object.entries(errors)) assertEquals(run(input), error, input);
  assertEquals(run("/op bob", "carol"), "This command works only in rooms, and this is a private conversation.");
  assertEquals(run("/mode", "carol"), "Name a room: /mode #ROOM [MODES]");
});

Deno.test("commands: /help opens the help under each of its names, and /rooms the list of rooms", () => {
  const opened: string[] = [];
  const ui = { help: () => opened.push("help"), go: (words: string) => opened.push(`go ${words}`) } as unknown as Ui;
  const model = new Model();
  const chat = { model } as unknown as Chat;
  for (const line of ["/help", "/?", "/rooms", "/channels"]) runInput(chat, ui, model.open("#tea"), line);
  assertEquals(opened, ["help", "help", "go ", "go "]);
});

Deno.test("commands: a line with a password is recognized under each name of its command", () => {
  for (
    const line of ["/login secret", "/identify secret", "/msg NickServ x", "/w nickserv x", "/ns x", " /GHOST a b"]
  ) {
    assertEquals(isSecret(line), true, line);
  }
  for (const line of ["/w bob x", "login secret", "/leave"]) assertEquals(isSecret(line), false, line);
});
