/** The connection to NATS, without the worker around it. The only test of its file, as its client lives on. */
import { assertEquals } from "@std/assert";
import { NatsClient } from "../../src/cluster/nats_client.ts";
import { textOf } from "./helpers.ts";
import { NatsServer } from "./nats.ts";

Deno.test({
  name: "NATS client: a connection that the library has given up is replaced, with its subscriptions",
  sanitizeOps: false, // it reconnects for ever
  sanitizeResources: false,
  async fn() {
    await using nats = await NatsServer.start();
    const events: string[] = [];
    const connected = Promise.withResolvers<void>();
    const order = { type: "open", hosts: [nats.host], tls: false, cluster: "test", replicas: 1 } as const;
    const client = await NatsClient.open({ ...order, user: "", password: "", token: "", creds: "", ca: "" }, {
      connected() {
        events.push("connected");
        connected.resolve();
      },
      disconnected: (reason) => events.push(`disconnected: ${reason}`),
      trouble: (message) => events.push(message),
    });
    let received = Promise.withResolvers<string>();
    client.subscribe("a", (message) => {
      received.resolve(textOf(message.data));
      if (message.data.length === 0) throw new Error("it is empty");
    });
    client.connection.publish("a", "");
    assertEquals(await received.promise, "");
    received = Promise.withResolvers();
    client.connection.publish("a", "one"); // the error above has not ended the subscription
    assertEquals(await received.promise, "one");
    await client.connection.close();
    await connected.promise;
    received = Promise.withResolvers();
    client.connection.publish("a", "two");
    assertEquals(await received.promise, "two");
    assertEquals(events, [
      "Cannot use a message of a: it is empty",
      "disconnected: the connection was closed",
      "connected",
    ]);
  },
});
