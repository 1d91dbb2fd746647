/** Names that are one's own: what is told of it when it does not come to an end as it should. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import type { Asked, Chat } from "../../src/web/chat.js";
import { login } from "../../src/web/account.js";

Deno.test("whoever logs in and cannot have the name is told why: it is taken, or the connection was lost", () => {
  const told: string[] = [];
  for (const online of [true, false]) {
    let asked: Asked | undefined;
    const chat = {
      connection: {
        account: "",
        identify({ name }: { name: string }, done: (why: string) => void) {
          this.account = name;
          done("");
        },
      },
      model: { nick: "guest1" },
      online: true,
      ask(_command: string, _params: string[], question: Asked) {
        asked = question;
        return true;
      },
    };
    const answer = (text: string) => void told.push(text);
    login(chat as unknown as Chat, { name: "alice", password: "open-sesame" }, answer, answer);
    chat.online = online;
    asked?.refused?.("The connection was lost.");
  }
  const logged = "You are logged in as alice.";
  const taken = "Another connection has that name. To end it: /ghost alice";
  assertEquals(told, [logged, taken, logged, "The connection was lost."]);
});
