/** Tests of account requests on the page. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import type { ChatContext, PendingRequest } from "../../src/web/context.ts";
import { login } from "../../src/web/account.js";

Deno.test("account: login says why the nickname did not change when it is in use or the connection is lost", () => {
  const told: string[] = [];
  for (const online of [true, false]) {
    let asked: PendingRequest | undefined;
    const chat = {
      connection: {
        account: "",
        logIn({ name }: { name: string }, done: (why: string) => void) {
          this.account = name;
          done("");
        },
      },
      model: { nick: "guest1" },
      online: true,
      request(_command: string, _params: string[], question: PendingRequest) {
        asked = question;
        return true;
      },
    };
    const answer = (text: string) => void told.push(text);
    login(chat as unknown as ChatContext, { name: "alice", password: "open-sesame" }, answer, answer);
    chat.online = online;
    asked?.onError?.("The connection was lost.");
  }
  const logged = "You are logged in as alice.";
  const taken = "Another connection uses that name. To disconnect it: /ghost alice";
  assertEquals(told, [logged, taken, logged, "The connection was lost."]);
});
