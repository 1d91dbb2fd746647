/** Tests of the terminal client as a whole, on a terminal that is an object. */
import { assertEquals, assertMatch } from "@std/assert";
import { FakeApp } from "./fake_app.ts";

Deno.test({
  name: "client: /identify asks for the password of the account, also when /register was used before",
  sanitizeOps: false, // timers of the core outlive it
  sanitizeResources: false,
  async fn() {
    const app = new FakeApp();
    app.connect("sasl");
    app.type("/register\r");
    assertMatch(await app.frame(), /New password for bob: /);
    app.type("\x1b");
    await app.frame();
    app.type("/identify\r");
    assertMatch(await app.frame(), /Password of bob: /);
    assertEquals(await app.leave(), 0);
  },
});
