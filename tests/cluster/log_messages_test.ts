import { assertEquals, assertThrows } from "@std/assert";
import { LogError } from "../../src/cluster/log_error.ts";
import { readOrder, readReport } from "../../src/cluster/log_messages.ts";

Deno.test("log messages: a message with the right fields is accepted", () => {
  const append = { type: "append", id: 1, bytes: new Uint8Array(3), conditional: true, last: 0 };
  assertEquals(readOrder(append) as unknown, append);
  assertEquals(readReport({ type: "started" }), { type: "started" });
});

Deno.test("log messages: a message of another shape is rejected with the field that is wrong", () => {
  const cases: [read: (data: unknown) => unknown, data: unknown, message: string][] = [
    [readOrder, null, "Invalid order: its type is unknown"],
    [readOrder, "start", "Invalid order: its type is unknown"],
    [readOrder, { type: "toString" }, "Invalid order: its type is unknown"],
    [readOrder, { type: "batch", sequence: 1, bytes: new Uint8Array(), own: 0 }, "Invalid order: its type is unknown"],
    [readOrder, { type: "start" }, 'Invalid order "start": "from" is no count'],
    [readOrder, { type: "start", from: -1 }, 'Invalid order "start": "from" is no count'],
    [readOrder, { type: "start", from: 1.5 }, 'Invalid order "start": "from" is no count'],
    [readOrder, { type: "ask", id: 1, topic: "x", bytes: [1] }, 'Invalid order "ask": "bytes" is no bytes'],
    [readOrder, { type: "serve", topic: "x", on: 1 }, 'Invalid order "serve": "on" is no flag'],
    [readReport, { type: "trouble", message: 7 }, 'Invalid report "trouble": "message" is no text'],
  ];
  for (const [read, data, message] of cases) {
    const error = assertThrows(() => read(data), LogError);
    assertEquals([error.kind, error.message], ["worker", message]);
  }
});
