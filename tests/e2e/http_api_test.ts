/** The HTTP API with real curl: the examples of its document, and a conversation with all other clients. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { GRAFANA } from "../protocol/http/hook_payloads.ts";
import { test } from "./forms.ts";
import { Client, ROOT, start } from "./harness.ts";
import { Directory } from "./history_store.ts";
import { curl, Follower, makeTokens, missingCurl, sh } from "./http_api.ts";

/** The examples: scripts, and their output as the document has it. */
async function examples(): Promise<{ script: string; expected: string | undefined }[]> {
  const text = await Deno.readTextFile(`${ROOT}docs/http-api.md`);
  const blocks = [...text.matchAll(/```sh\n([^]*?)```(?:\n\n```(?:json|text)\n([^]*?)```)?/g)];
  return blocks.map(([, script, expected]) => ({ script: script!, expected })).filter(({ script }) =>
    /\bcurl\b/.test(script)
  );
}

/** JSON, or text, without ids and times, which differ from run to run. */
function normalized(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text.trim();
  return JSON.parse(text, (key, value) => key === "id" || key === "time" ? "…" : value);
}

test("http api: the examples of the document work as it says", async (form) => {
  await using directory = await Directory.make();
  await using server = await start(form, ["--data", directory.path]);
  const { token, hook } = await makeTokens(server, "alice", "#lobby");
  const env = { CHAT: `http://127.0.0.1:${server.webPort}`, TOKEN: token, HOOK: hook };
  const all = await examples();
  assert(all.length >= 10, `${all.length} examples`);
  for (const { script, expected } of all) {
    if (script.includes("-N")) {
      await using follower = new Follower(script, env);
      if (script.includes("since")) await follower.until(/"text":"Hello from a script"\}\n\n/);
      else { // it begins with lines from now on
        for (let n = 0; follower.received === "" && n < 100; n++) {
          await sh('curl -s -d "ping" $CHAT/rooms/lobby', env);
          await Promise.race([follower.until(/<guest\d+> ping\n/), new Promise((resolve) => setTimeout(resolve, 200))]);
        }
        assertMatch(follower.received, /^<guest\d+> ping\n/);
      }
      continue;
    }
    const found = await sh(script.replaceAll(/^curl (?!-s)/gm, "curl -s "), env);
    assert(!found.includes('"status"') || expected?.includes('"status"'), `${script}: ${found}`);
    if (expected !== undefined) assertEquals(normalized(found), normalized(expected), script);
  }
}, missingCurl);

test("http api: curl, nc and a webhook talk to each other, and a stream continues after a restart", async (form) => {
  await using directory = await Directory.make();
  const chat = (port: number) => `http://127.0.0.1:${port}`;
  let last: string;
  let hook: string;
  {
    await using server = await start(form, ["--data", directory.path]);
    const url = chat(server.webPort);
    const tokens = await makeTokens(server, "alice", "#lobby");
    hook = tokens.hook;
    using bob = await Client.join(server.port);
    await bob.send("/nick bob");
    await bob.until(/^-- .* is now bob/);
    await using follower = new Follower(`curl -sSN ${url}/rooms/lobby/stream?since=2020-01-01`);
    await curl("-d", "from alice", "-H", `Authorization: Bearer ${tokens.token}`, `${url}/rooms/lobby`);
    await bob.until(/^<alice> from alice$/);
    await curl("-d", JSON.stringify(GRAFANA), `${url}/hooks/${hook}`);
    await bob.until(/^<hook> \[FIRING:2\]/);
    await bob.send("from bob");
    await follower.until(/"text":"from bob"\}\n\n/);
    last = /id: (\w+)\ndata: [^\n]*"from alice"/.exec(follower.received)![1]!;
    assertEquals(follower.received.match(/^data: /gm)?.length, 3);
    server.kill("SIGTERM");
    assertMatch(await follower.rest(), /event: end\ndata: \{"detail":"The server is stopping\."\}\n\n$/);
    assertEquals(await server.code(), 0);
  }
  await using server = await start(form, ["--data", directory.path]);
  const url = chat(server.webPort);
  await using follower = new Follower(`curl -sSN -H 'Last-Event-ID: ${last}' ${url}/rooms/lobby/stream`);
  await curl("-d", '{"text":"after"}', `${url}/hooks/${hook}`);
  await follower.until(/"text":"after"\}\n\n/);
  const texts = [...follower.received.matchAll(/"text":"([^"\\]*)/g)].map(([, text]) => text);
  assertEquals(texts, ["[FIRING:2]  (blue)", "from bob", "after"]);
}, missingCurl);

test("http api: bad input gets a status, and the chat goes on", async (form) => {
  await using directory = await Directory.make();
  const big = directory.file("big");
  await Deno.writeFile(big, new Uint8Array(5 * 2 ** 20));
  await using server = await start(form);
  const url = `http://127.0.0.1:${server.webPort}`;
  const { hook } = await makeTokens(server, "alice", "#lobby");
  const status = (script: string) => sh(`${script} -s -o /dev/null -w '%{http_code}'`);
  const cases: [string, string][] = [
    [`curl --data-binary @${big} ${url}/hooks/${hook}`, "413"],
    [`curl -H 'Transfer-Encoding: chunked' --data-binary @${big} ${url}/hooks/${hook}`, "413"],
    [`curl -T ${ROOT}README.md ${url}/rooms/lobby`, "405"],
    [`curl -d '{' ${url}/hooks/${hook}`, "400"],
    [`curl -d '{"text":"hi"}' ${url}/hooks/tincan_wrong`, "404"],
    [`curl -d hi -H 'Origin: http://evil.example' ${url}/rooms/lobby`, "403"],
    [`curl -H 'Sec-Fetch-Site: cross-site' ${url}/rooms/lobby`, "403"],
    [`curl -d hi -H 'Authorization: Bearer wrong' ${url}/rooms/lobby`, "401"],
    [`curl -X DELETE ${url}/rooms/lobby`, "405"],
  ];
  for (const [script, expected] of cases) assertEquals(await status(script), expected, script);
  using bob = await Client.join(server.port);
  await bob.send("still here");
  await bob.until(/^<guest\d+> still here$/);
  assertEquals(/^.* error .*$/m.exec(server.log.all)?.[0], undefined);
}, missingCurl);
