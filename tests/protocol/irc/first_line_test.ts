/** Recognizing text clients by their first line. */
import { assert } from "@std/assert";
import { commands } from "../../../src/protocol/irc/commands.ts";
import { mayBeIrc } from "../../../src/protocol/irc/first_line.ts";
import { fc } from "../../dependencies.ts";

Deno.test("first line: is IRC when a client or a bot may send it, even if it is not valid", () => {
  const lines = [
    "CAP LS 302",
    "CAP",
    "NICK alice",
    "nick alice",
    "Nick :alice",
    "USER a 0 * :b",
    "user a 0 * :b",
    "PASS x",
  ];
  lines.push("pass secret", "PING :x", "ping x", "QUIT", "quit :bye", "WEBIRC a b c d", "STARTTLS", "PROTOCTL NAMESX");
  lines.push(
    "WHATEVER and more",
    "042",
    "@label=1 CAP LS",
    ":source NICK alice",
    "  NICK alice",
    "JOIN #tea",
    "join #tea",
  );
  lines.push("privmsg #tea :hello", "AUTHENTICATE PLAIN", "authenticate PLAIN", "", "  ");
  for (const line of lines) assert(mayBeIrc(line), line);
  for (const command of commands.keys()) assert(mayBeIrc(command) && mayBeIrc(`${command} x y z`), command);
});

Deno.test("first line: is text when it is a sentence or a text command", () => {
  const lines = [
    "hello",
    "hello everybody",
    "Hi!",
    "who is there?",
    "Who",
    "list",
    "help",
    "/help",
    "/nick alice",
    "LIST?",
  ];
  lines.push(
    "nick is here",
    "user friendly",
    "pass me the salt",
    ":) hello",
    "@alice hello",
    "join us",
    "hello :) all",
    "meet in #tea",
    "time",
    "你好",
  );
  for (const line of lines) assert(!mayBeIrc(line), line);
});

Deno.test("first line: is text when it begins with no command, in lower case", () => {
  const word = fc.string({ unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyzäöü'"), minLength: 1, maxLength: 12 });
  fc.assert(fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), (words) => {
    fc.pre(!commands.has(words[0]!.toUpperCase()));
    assert(!mayBeIrc(words.join(" ")));
  }));
});
