import { assertEquals } from "@std/assert";
import { echo } from "../../src/protocol/echo.ts";
import { FakeConnection } from "../fake_connection.ts";

Deno.test("echo: replies Hello, world! to each line", async () => {
  const client = new FakeConnection();
  const over = echo(client);
  for (const line of ["hi", " ", "/quit", "LIST", "Hello, world!"]) {
    await client.says(line);
    assertEquals(client.take(), ["Hello, world!"]);
  }
  client.leave();
  await over;
});

Deno.test("echo: empty lines get no reply", async () => {
  const client = new FakeConnection();
  const over = echo(client);
  await client.says("", "", "one", "");
  client.leave();
  await over;
  assertEquals(client.take(), ["Hello, world!"]);
});
