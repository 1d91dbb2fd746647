/** Numeric replies: their number and parameters, with any arguments. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { fc } from "../../dependencies.ts";
import { parse } from "../../../src/protocol/irc/parser.ts";
import { type Numeric, numeric, word } from "../../../src/protocol/irc/numerics.ts";

Deno.test("numerics: the client comes first, then the arguments in order", () => {
  assertEquals(numeric("RPL_UNAWAY", "alice"), "305 alice :You are no longer marked as being away");
  assertEquals(numeric("RPL_LIST", "alice", "#tea", 3, "a topic"), "322 alice #tea 3 :a topic");
  assertEquals(numeric("ERR_NOSUCHNICK", "*", "bob"), "401 * bob :No such nick/channel");
  assertEquals(numeric("RPL_WHOISUSER", "a", "b", "c", "d", "e f"), "311 a b c d * :e f");
  assertEquals(numeric("RPL_LUSERCLIENT", "a", 1, 2, 3), "251 a :There are 1 users and 2 invisible on 3 servers");
});

Deno.test("numerics: an invalid parameter becomes an asterisk, except after the colon", () => {
  for (const text of ["", ":x", "a b", " ", ":"]) {
    assertEquals(numeric("ERR_NOSUCHNICK", "a", text), "401 a * :No such nick/channel");
    assertEquals(numeric("RPL_TOPIC", "a", "#tea", text), `332 a #tea :${text}`);
    assertEquals(word(text), "*");
  }
  for (const text of ["x", "a:b", "%", "*"]) assertEquals(word(text), text);
  assertEquals(numeric("RPL_TOPIC", "a", "%", "% :%"), "332 a % :% :%");
});

Deno.test("numerics: a list made by the server stays several parameters", () => {
  assertEquals(numeric("RPL_ISUPPORT", "a", "A=1 B"), "005 a A=1 B :are supported by this server");
  assertEquals(numeric("RPL_CHANNELMODEIS", "a", "#tea", "+kl key 5"), "324 a #tea +kl key 5");
  assertEquals(numeric("RPL_WHOSPCRPL", "a", "b :c d"), "354 a b :c d");
});

Deno.test("numerics: a wrong number of arguments throws", () => {
  assertThrows(() => numeric("ERR_NOSUCHNICK", "a"), TypeError, "Cannot send ERR_NOSUCHNICK: it has 1 parameters");
  assertThrows(() => numeric("RPL_UNAWAY", "a", "b"), TypeError, "Cannot send RPL_UNAWAY: it has 0 parameters");
});

Deno.test("numerics: a line has the right number of parameters with any arguments", () => {
  const shapes: [Numeric, number][] = [
    ["ERR_NOSUCHNICK", 1],
    ["ERR_USERNOTINCHANNEL", 2],
    ["ERR_INVALIDMODEPARAM", 3],
    ["RPL_WHOREPLY", 7],
    ["RPL_BANLIST", 4],
    ["RPL_AWAY", 2],
  ];
  for (const [name, count] of shapes) {
    const plain = parse(numeric(name, "alice", ...Array(count).fill("x")))!.params.length;
    fc.assert(fc.property(fc.array(fc.string({ unit: "binary" }), { minLength: count, maxLength: count }), (args) => {
      const { command, params } = parse(numeric(name, "alice", ...args))!;
      assertEquals([/^\d{3}$/.test(command), params[0], params.length], [true, "alice", plain], name);
      assert(params.slice(1, -1).every((param) => param !== ""));
    }));
  }
});
