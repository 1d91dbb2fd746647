import { assert, assertEquals } from "@std/assert";
import { Chat } from "./helpers.ts";

Deno.test("hub: names of accounts are not tried again for each guest when one of them was free for a moment", () => {
  let asked = 0;
  const owned = new Set(Array.from({ length: 500 }, (_, n) => `guest${n + 1}`));
  const chat = new Chat({
    policy: {
      isRegistered: (nick) => {
        asked++;
        return owned.has(nick);
      },
    },
  });
  assertEquals(chat.hub.guestName(), "guest501");
  const owner = chat.arrive("guest1", [], { account: "guest1" });
  chat.hub.disconnect(owner);
  asked = 0;
  assertEquals(chat.hub.guestName(), "guest501");
  assert(asked < 5, String(asked));
});

Deno.test("hub: the name of a guest who has gone is given again", () => {
  const chat = new Chat();
  const [one] = [chat.enter(), chat.enter()];
  chat.hub.disconnect(one!);
  assertEquals(chat.hub.guestName(), "guest1");
});
