/** The log when its worker fails. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Log, type LogHandlers, startWorker } from "../../src/cluster/log.ts";
import { LogError } from "../../src/cluster/log_error.ts";
import { NatsServer } from "./nats.ts";

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

const OPTIONS = { servers: "nats://127.0.0.1:1", cluster: "test", replicas: 1 };

/** Opens a log whose worker has this code. */
function open(code: string, handlers: Partial<LogHandlers> = {}): Promise<Log> {
  const url = `data:text/javascript,${encodeURIComponent(code)}`;
  return Log.open(OPTIONS, { batch: () => {}, ...handlers }, () => new Worker(url, { type: "module" }));
}

/** Code of a worker that opens and starts; `more` handles other orders. */
function opening(more: string): string {
  return `onmessage = ({ data }) => {
    if (data.type === "open") postMessage({ type: "opened", first: 1, last: 0, created: "now" });
    else if (data.type === "start") postMessage({ type: "started" });
    else { ${more} }
  };`;
}

Deno.test("log worker: an error while it is loaded is the error of opening", async () => {
  const error = await assertRejects(() => open(`throw new Error("broken");`), LogError);
  assertEquals(error.kind, "worker");
  assertMatch(error.message, /^The worker of the log has failed: Uncaught .*Error: broken$/);
});

Deno.test("log worker: an error while the log is open loses the log, and rejects what is under way", async () => {
  const lost = Promise.withResolvers<LogError>();
  const log = await open(opening(`throw new Error("broken");`), { lost: lost.resolve });
  await log.start(1);
  const append = log.append(new Uint8Array(1));
  const error = await assertRejects(() => append, LogError);
  assertEquals(error.message, "The worker of the log has failed: Uncaught Error: broken");
  assertEquals(await lost.promise, error);
  await assertRejects(() => log.range(), LogError, "has failed");
});

Deno.test("log worker: a report of another shape loses the log", async () => {
  const lost = Promise.withResolvers<LogError>();
  const log = await open(opening(`postMessage({ type: "batch", sequence: "1" });`), { lost: lost.resolve });
  await log.start(1);
  const range = assertRejects(() => log.range(), LogError);
  assertEquals((await lost.promise).message, 'Invalid report "batch": "sequence" is no count');
  await range;
});

Deno.test("log worker: an order that it rejects is the error of the call", async () => {
  const log = await open(opening(`postMessage({ type: "rejected", id: data.id, message: "no" });`));
  await log.start(1);
  await assertRejects(() => log.append(new Uint8Array(1)), LogError, "no");
  await assertRejects(() => log.range(), LogError, "no");
  await assertRejects(() => log.append(new Uint8Array(1)), LogError, "no"); // the first one is over
  log.close();
});

Deno.test("log worker: an error of a handler does not end the log", async () => {
  const log = await open(
    opening(
      `postMessage({ type: "trouble", message: "careful" }); postMessage({ type: "range", id: data.id, first: 1, last: 2 });`,
    ),
    {
      trouble: (message) => {
        throw new Error(message);
      },
    },
  );
  const reported = Promise.withResolvers<string>();
  const listener = (event: ErrorEvent) => {
    event.preventDefault();
    reported.resolve(event.error.message);
  };
  globalThis.addEventListener("error", listener, { once: true });
  assertEquals(await log.range(), { first: 1, last: 2 });
  assertEquals(await reported.promise, "careful");
  log.close();
});

Deno.test("log worker: it may connect to the named hosts alone", async () => {
  await using nats = await NatsServer.start();
  const other = () => startWorker(["127.0.0.1:1", "localhost"]);
  const error = await assertRejects(
    () => Log.open({ ...OPTIONS, servers: nats.url }, { batch: () => {} }, other),
    LogError,
  );
  assertEquals(error.message, `Cannot reach NATS at ${nats.url}: the worker may not connect to it`);
});

/** Runs in a process of its own, as a permission that was given up cannot be had again. */
const PROGRAM = `
import { Log } from ${JSON.stringify(new URL("../../src/cluster/log.ts", import.meta.url).href)};
const [servers] = Deno.args;
const texts = [];
const log = await Log.open({ servers, cluster: "test", replicas: 1 }, {
  batch: (_, bytes) => void texts.push(new TextDecoder().decode(bytes)),
});
for (const name of ["read", "write", "env", "run", "ffi", "sys", "import", "net"]) Deno.permissions.revokeSync({ name });
await log.start(1);
const { hostname, port } = new URL(servers);
console.log(await Deno.connect({ hostname, port: Number(port) }).catch((error) => error.name));
await log.append(new TextEncoder().encode("hello"));
console.log(texts.join());
log.close();
`;

Deno.test("log worker: it works on when the process has given up all permissions", async () => {
  await using nats = await NatsServer.start();
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/program.js`, PROGRAM);
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet", // about packages that are downloaded
      "--no-prompt",
      "--no-lock",
      "--config",
      CONFIG,
      "--allow-net",
      "--allow-read",
      `${folder}/program.js`,
      nats.url,
    ],
    env: { NO_COLOR: "1" },
  }).output();
  const [out, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals([out, errors], ["NotCapable\nhello\n", ""]);
  await Deno.remove(folder, { recursive: true });
});
