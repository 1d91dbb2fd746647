/** The permissions that the documents give tincan in NATS are all that the log needs, and none of them is too much. */
import { assertEquals } from "@std/assert";
import { bytes, RecordedLog } from "./helpers.ts";
import { NatsServer } from "./nats.ts";

/** The accounts in the example of a NATS configuration. */
const [ACCOUNTS] = /^accounts \{\n.*^\}\n/ms.exec(
  await Deno.readTextFile(new URL("../../docs/examples/nats.conf", import.meta.url)),
)!;

const OPTIONS = { cluster: "tincan" };

/** How often is looked whether NATS has refused something, in milliseconds. */
const POLL = 20;

/** Uses all that a log does, with these accounts. Resolves to the first subject that NATS refuses, if there is one. */
async function useAll(accounts: string): Promise<string | undefined> {
  await using nats = await NatsServer.start({ config: accounts.replace("$NATS_PASSWORD", "secret") });
  const logs: RecordedLog[] = [];
  let done = false;
  const use = async () => {
    const url = nats.url.replace("//", "//tincan:secret@");
    const one = await RecordedLog.open(url, OPTIONS);
    logs.push(one);
    await one.log.start(1);
    await one.append("a");
    await nats.kill();
    await one.until(() => !one.log.status.connected);
    await nats.start();
    await one.append("b"); // after it was checked that the log is the same
    const two = await RecordedLog.open(url, OPTIONS);
    logs.push(two);
    await two.log.start(1);
    await two.until(() => two.batches.length === 2); // they are fetched
    two.log.serve("snap", async function* () {
      yield bytes("state");
    });
    await two.append("c"); // NATS has the subscription by then
    for await (const chunk of one.log.ask("snap", bytes("?"))) assertEquals(chunk, bytes("state"));
    assertEquals(logs.flatMap(({ troubles }) => troubles), []);
  };
  const refused = async () => {
    for (;;) {
      const found = /(?:Publish|Subscription) Violation - .*Subject "([^"]+)"/.exec(await nats.log())?.[1];
      if (found !== undefined || done) return found;
      await new Promise((resolve) => setTimeout(resolve, POLL));
    }
  };
  try {
    const watch = refused();
    const used = use();
    used.catch(() => {}); // a request that is refused is an error, too
    await Promise.race([used.catch(() => watch), watch]);
    done = true;
    const subject = await watch;
    if (subject === undefined) await used;
    return subject;
  } finally {
    done = true;
    for (const log of logs) log[Symbol.dispose]();
  }
}

Deno.test("NATS permissions: those of the example are enough for all that a log does", async () => {
  assertEquals(await useAll(ACCOUNTS), undefined);
});

for (const request of ["STREAM.INFO", "STREAM.CREATE", "STREAM.MSG.GET", "DIRECT.GET"]) {
  Deno.test(`NATS permissions: it is refused when ${request} is not permitted`, async () => {
    const subject = `$JS.API.${request}.TINCAN_tincan`;
    assertEquals(ACCOUNTS.includes(`"${subject}"`), true);
    assertEquals(await useAll(ACCOUNTS.replace(`"${subject}"`, "")), subject);
  });
}
