/** Incoming webhooks: messages for Slack, those of known programs, and bad ones. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { MULTILINE_BYTES_MAX, MULTILINE_LINES_MAX } from "../../../src/chat/message_text.ts";
import { isNick } from "../../../src/chat/names.ts";
import { ALERTS_MAX, clipMessage, hookMessage } from "../../../src/protocol/http/hook_messages.ts";
import { HOOK_BODY_MAX } from "../../../src/protocol/http/hooks.ts";
import { isParsable, ITEMS_MAX, NESTING_MAX, VALUES_MAX } from "../../../src/protocol/http/json.ts";
import { MARKUP_MAX, slackMessage } from "../../../src/protocol/http/slack.ts";
import { toNick } from "../../../src/protocol/http/nicks.ts";
import { byteLength } from "../../../src/util/bytes.ts";
import { fc } from "../../dependencies.ts";
import { ApiServer } from "./harness.ts";
import { ALERTMANAGER, GITHUB, GITLAB, GRAFANA, UPTIME_KUMA } from "./hook_payloads.ts";

const message = (payload: object, headers: Record<string, string> = {}) =>
  hookMessage({ payload: payload as Record<string, unknown>, headers: new Headers(headers) });

const IN_LOBBY = { readOnly: false, room: "#lobby" };

Deno.test("hooks: the examples of GitHub's documentation", () => {
  const texts = Object.entries(GITHUB).map(([event, payload]) => message(payload, { "x-github-event": event }));
  assertEquals(texts, [
    "[Codertocat/Hello-World] GitHub is connected: Keep it logically awesome.",
    "[Codertocat/Hello-World] Codertocat pushed 1 commit to main: " +
    "https://github.com/Codertocat/Hello-World/compare/6113728f27ae...0d1a26e67d8f\n" +
    "  0d1a26e Update README.md (Codertocat)",
    "[Codertocat/Hello-World] Codertocat opened pull request #2: Update the README with new information. " +
    "(https://github.com/Codertocat/Hello-World/pull/2)",
    "[Codertocat/Hello-World] Codertocat commented on #1 Spelling error in the README file: You are totally right! " +
    "(https://github.com/Codertocat/Hello-World/issues/1#issuecomment-492700400)",
    "[Codertocat/Hello-World] CI on main: timed out (https://github.com/Codertocat/Hello-World/actions/runs/289782451)",
    "[Codertocat/Hello-World] Codertocat released 0.0.1: https://github.com/Codertocat/Hello-World/releases/tag/0.0.1",
    "",
  ]);
  const merged = { ...GITHUB.pull_request, action: "closed", pull_request: { number: 2, title: "T", merged: true } };
  assertMatch(message(merged, { "x-github-event": "pull_request" }), /Codertocat merged pull request #2: T/);
  const many = { ...GITHUB.push, forced: true, commits: Array(30).fill(GITHUB.push.commits[0]) };
  assertMatch(message(many, { "x-github-event": "push" }), /force-pushed 30 commits[^]*… and 20 more$/);
  const more = { ...GITHUB.push, commits: Array(2 * ITEMS_MAX).fill(GITHUB.push.commits[0]) };
  assertMatch(message(more, { "x-github-event": "push" }), /pushed 200 commits[^]*… and 190 more$/);
});

Deno.test("hooks: the examples of GitLab's documentation", () => {
  const texts = Object.entries(GITLAB).map(([event, payload]) => message(payload, { "x-gitlab-event": event }));
  assertEquals(texts, [
    "[mike/diaspora] John Smith pushed 4 commits to master: http://example.com/mike/diaspora/-/commits/master\n" +
    "  b6568db1 Update Catalan translation to e38cb41. (Jordi Mallach)\n" +
    "  da156088 fixed readme (GitLab dev user)\n" +
    "  … and 2 more",
    "[mike/diaspora] Administrator opened merge request !1: MS-Viewport (http://example.com/diaspora/merge_requests/1)",
    "[mike/diaspora] pipeline #31 on master: success (http://example.com/mike/diaspora/-/pipelines/31)",
    "[mike/diaspora] Administrator commented on !1 Tempora et eos debitis quae laborum et.: This MR needs work. " +
    "(http://example.com/merge_requests/1#note_1244)",
    "",
  ]);
});

Deno.test("hooks: a push to GitLab of no commits, or of an impossible number of them", () => {
  const start = "[mike/diaspora] John Smith pushed";
  const push = (change: object) => message({ ...GITLAB["Push Hook"], ...change }, { "x-gitlab-event": "Push Hook" });
  assertEquals(
    push({ commits: [], total_commits_count: 0 }),
    `${start} master: http://example.com/mike/diaspora/-/commits/master`,
  );
  for (const total_commits_count of [-7, 1e99, "9"]) {
    assert(push({ total_commits_count }).startsWith(`${start} 2 commits`));
  }
});

Deno.test("hooks: the examples of the documentation of Grafana, Alertmanager and Uptime Kuma", () => {
  assertEquals(
    message(GRAFANA),
    "[FIRING:2]  (blue)\n" +
      "FIRING High memory usage: This alert was triggered for zone us-1 (https://play.grafana.org/alerting/1afz29v7z/edit)\n" +
      "FIRING High CPU usage: This alert was triggered for zone eu-1 (https://play.grafana.org/alerting/d1rdpdv7k/edit)",
  );
  assertEquals(
    message(ALERTMANAGER),
    "[RESOLVED:1] Test\n" +
      "RESOLVED Test localhost:9090: some description " +
      "(http://example.com:9090/graph?g0.expr=go_memstats_alloc_bytes+%3E+0&g0.tab=1)\n" +
      "… and 3 more",
  );
  assertEquals(
    message(UPTIME_KUMA),
    "[Website] [🔴 Down] connect ECONNREFUSED 192.0.2.1:443 (https://www.example.com)",
  );
  const { msg: _, ...silent } = UPTIME_KUMA;
  assertEquals(message(silent), "Website is down: connect ECONNREFUSED 192.0.2.1:443 (https://www.example.com)");
  assertEquals(message({ heartbeat: null, monitor: null, msg: "Testing" }), "Testing");
  const storm = message({ ...ALERTMANAGER, alerts: Array(50).fill(ALERTMANAGER.alerts[0]) });
  assertEquals(storm.split("\n").length, ALERTS_MAX + 2);
  assertMatch(storm, /… and 33 more$/);
  const flood = message({ ...ALERTMANAGER, alerts: Array(3 * ITEMS_MAX).fill(ALERTMANAGER.alerts[0]) });
  assertMatch(flood, /^\[RESOLVED:300\] [^]*… and 283 more$/);
  for (const truncatedAlerts of [{ valueOf: 1, toString: 1 }, ["9"], "9", 1e999, -9, 1.5]) {
    assertEquals(message({ status: "firing", alerts: [], truncatedAlerts }), "[FIRING:0]");
  }
});

Deno.test("hooks: messages for Slack: text, attachments, blocks, links and entities", () => {
  const cases: [object, string][] = [
    [{ text: "one\ntwo" }, "one\ntwo"],
    [{ text: "a &amp;lt; b &lt;c&gt;" }, "a &lt; b <c>"],
    [{
      text: "<https://a.b|A> <https://c.d> <mailto:e@f.g|e@f.g> <@U1> <#C1|general> <!here> <!subteam^S1|@ops> a < b",
    }, "A (https://a.b) https://c.d e@f.g @U1 #general @here @ops a < b"],
    [{
      text: "Build",
      attachments: [{
        fallback: "not shown",
        pretext: "before",
        author_name: "alice",
        title: "Job 7",
        title_link: "https://ci/7",
        text: "failed <https://ci/7/log|log>",
        fields: [{ title: "Branch", value: "main", short: true }, { title: "Took", value: 3 }],
        footer: "CI",
      }],
    }, "Build\nbefore\nalice\nJob 7 (https://ci/7)\nfailed log (https://ci/7/log)\nBranch: main\nTook: 3\nCI"],
    [{ attachments: [{ fallback: "only <https://a.b|this>" }] }, "only this (https://a.b)"],
    [{
      text: "for notifications",
      blocks: [
        { type: "header", text: { type: "plain_text", text: "Deploy" } },
        { type: "divider" },
        {
          type: "section",
          text: { type: "mrkdwn", text: "of <https://a.b|v1>" },
          fields: [{ type: "mrkdwn", text: "*x*" }],
        },
        { type: "context", elements: [{ type: "image", alt_text: "cat" }, { type: "mrkdwn", text: "by alice" }] },
        {
          type: "actions",
          elements: [{ type: "button", text: { type: "plain_text", text: "Open" }, url: "https://c.d" }],
        },
        {
          type: "rich_text",
          elements: [{
            type: "rich_text_section",
            elements: [{ type: "text", text: "rich " }, { type: "link", url: "https://e.f", text: "link" }, {
              type: "emoji",
              name: "wave",
            }, { type: "user", user_id: "U2" }],
          }],
        },
      ],
    }, "Deploy\nof v1 (https://a.b)\n*x*\ncat by alice\nOpen (https://c.d)\nrich link (https://e.f):wave:@U2"],
    [{ text: 7 }, "7"],
    [{ text: null, attachments: "x", blocks: {} }, ""],
  ];
  for (const [payload, text] of cases) assertEquals(message(payload), text);
});

Deno.test("hooks: all JSON makes a text that is within the bounds of a message, soon", () => {
  const headers = fc.constantFrom({}, { "x-github-event": "push" }, { "x-gitlab-event": "x" }, {
    "x-github-event": "constructor",
  });
  const key = fc.constantFrom(
    "text",
    "attachments",
    "blocks",
    "fields",
    "elements",
    "alerts",
    "truncatedAlerts",
    "toString",
    "status",
    "commits",
    "monitor",
    "heartbeat",
    "type",
    "object_kind",
    "title",
  );
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.string(),
      fc.integer(),
      fc.constant(null),
      tie("object"),
      fc.array(tie("value")),
    ),
    object: fc.dictionary(key, tie("value")),
  })).object;
  fc.assert(fc.property(json, headers, (payload, headers) => {
    const text = message(payload as object, headers as Record<string, string>);
    assert(text.split("\n").length <= MULTILINE_LINES_MAX && byteLength(text) <= MULTILINE_BYTES_MAX);
  }));
  const deep = `${'{"elements":['.repeat(5000)}{"text":"x"}${"]}".repeat(5000)}`;
  assertEquals(message({ blocks: [JSON.parse(deep)] }), "");
  const wide = { blocks: Array(10_000).fill({ text: "x" }) };
  assert(message(wide).split("\n").length <= ITEMS_MAX);
});

Deno.test("hooks: a text that is too long is cut to a message", () => {
  for (const text of ["x".repeat(9000), "☕".repeat(5000), "😀".repeat(5000), "a\n".repeat(200), "ok"]) {
    const cut = clipMessage(text);
    assert(cut.split("\n").length <= MULTILINE_LINES_MAX && byteLength(cut) <= MULTILINE_BYTES_MAX);
    assert(cut.isWellFormed());
    assertEquals(cut.endsWith("…"), text !== "ok");
  }
});

Deno.test("hooks: any name becomes a valid nickname", () => {
  assertEquals(["GitHub Actions", "3 builds", "Grafana!", "🤖", "", "Ünal", "Zo\u0451y Latin", "--x--"].map(toNick), [
    "GitHub-Actions",
    "builds",
    "Grafana",
    "bot",
    "bot",
    "Ünal",
    "Zo-y-Latin",
    "x",
  ]);
  fc.assert(fc.property(fc.string({ unit: "binary" }), (name) => assert(isNick(toNick(name)), name)));
});

Deno.test("hooks: a webhook is said in the room of its token, under the name of that or its own", async () => {
  await using server = await ApiServer.open();
  const hook = `/hooks/${await server.token("alice", IN_LOBBY, "Grafana alerts")}`;
  assertEquals(await server.post(hook, GRAFANA), [200, "ok\n"]);
  assertEquals(await server.post(hook, { text: "hi", username: "alice", channel: "#other" }), [200, "ok\n"]);
  const form = new URLSearchParams({ payload: JSON.stringify({ text: "from a form", username: "CI" }) });
  assertEquals(await server.ask(hook, { method: "POST", body: form }), [200, "ok\n"]);
  assertEquals(await server.post(hook, '{"text": "no type"}'), [200, "ok\n"]);
  assertEquals(await server.post(hook, "plain", { "content-type": "text/plain" }), [200, "ok\n"]);
  assertEquals(await server.post(hook, GITHUB.label, { "x-github-event": "label" }), [200, "ok\n"]);
  const lines = server.chat.history.latest(server.chat.findRoom("#lobby"), 10);
  assertEquals(lines.map(({ who, text, bot, account }) => [who, text.split("\n")[0], bot, account]), [
    ["Grafana-alerts", "[FIRING:2]  (blue)", true, "alice"],
    ["alice2", "hi", true, "alice"],
    ["CI", "from a form", true, "alice"],
    ["Grafana-alerts", "no type", true, "alice"],
    ["Grafana-alerts", "plain", true, "alice"],
  ]);
});

Deno.test("hooks: of a message for Slack, no more is rendered than a message can have", () => {
  const references = slackMessage({ text: "<a|b>".repeat(50_000) });
  assert(references.startsWith("b (a)b (a)") && references.endsWith("…"));
  assert(references.length <= MARKUP_MAX + 5, String(references.length));
  const elements = Array(ITEMS_MAX).fill({ text: "x" });
  for (
    const many of [
      { blocks: Array(ITEMS_MAX).fill({ elements }) },
      { attachments: Array(ITEMS_MAX).fill({ blocks: elements }) },
      { attachments: Array(ITEMS_MAX).fill({ fields: Array(ITEMS_MAX).fill({ title: "x" }) }) },
    ]
  ) {
    const count = slackMessage(many).split("x").length - 1;
    assert(count > 1000 && count < MARKUP_MAX / 8, String(count));
  }
  let visited = 0;
  const empty = Array.from({ length: ITEMS_MAX }, () => ({
    get elements() {
      visited++;
      return [];
    },
  }));
  slackMessage({ blocks: Array(ITEMS_MAX).fill({ elements: empty }) });
  assert(visited < MARKUP_MAX / 8, String(visited));
});

Deno.test("hooks: JSON is parsed within bounds, and what is in a string does not count", () => {
  const brackets = JSON.stringify({ text: `\\"${"[{,".repeat(VALUES_MAX)}` });
  const wide = JSON.stringify(Array(VALUES_MAX - 1).fill(1));
  const deep = "[".repeat(NESTING_MAX) + "]".repeat(NESTING_MAX);
  assertEquals([brackets, wide, deep, `[${deep}]`, `[1,1,${wide.slice(1)}`].map(isParsable), [
    true,
    true,
    true,
    false,
    false,
  ]);
});

Deno.test("hooks: bad webhooks get a status and a sentence", async () => {
  await using server = await ApiServer.open();
  const token = await server.token("alice", IN_LOBBY);
  const hook = `/hooks/${token}`;
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const cases: [string, string | object, Record<string, string>, number, RegExp][] = [
    [hook, "{", {}, 400, /not valid JSON/],
    [hook, "", {}, 400, /empty/],
    [hook, [], {}, 400, /not an object/],
    [hook, `{"text":${"[".repeat(NESTING_MAX)}${"]".repeat(NESTING_MAX)}}`, {}, 400, /nested too deep/],
    [hook, `{"text":[${"1,".repeat(VALUES_MAX)}1]}`, {}, 400, /too many values/],
    [hook, `{${'"a":1,'.repeat(VALUES_MAX)}"a":1}`, {}, 400, /too many values/],
    [hook, "&".repeat(101), form, 400, /too many fields/],
    [hook, "null", { "content-type": "application/json" }, 400, /not an object/],
    [hook, {}, {}, 400, /empty/],
    [hook, { text: "\x07" }, {}, 400, /empty/],
    [hook, "a=b", form, 400, /no field payload/],
    [hook, "payload=%7B", form, 400, /not valid JSON/],
    [hook, `{"text":"${"x".repeat(HOOK_BODY_MAX)}"}`, {}, 413, /at most 262144 bytes/],
    ["/hooks/x", { text: "hi" }, {}, 404, /no webhook/],
    [`/hooks/${token}x`, { text: "hi" }, {}, 404, /no webhook/],
    [`/hooks/${await server.token("alice")}`, { text: "hi" }, {}, 403, /not for a single room/],
    [
      `/hooks/${await server.token("alice", { readOnly: true, room: "#lobby" })}`,
      { text: "hi" },
      {},
      403,
      /not to write/,
    ],
    [
      `/hooks/${await server.token("alice", { readOnly: false, room: "#gone" })}`,
      { text: "hi" },
      {},
      404,
      /No such room/,
    ],
    [hook, { text: "hi" }, { origin: "http://evil.example" }, 403, /other sites/],
  ];
  for (const [path, body, headers, status, sentence] of cases) {
    const [found, text] = await server.post(path, body, headers);
    assertEquals([found, sentence.test(text)], [status, true], `${JSON.stringify(body).slice(0, 50)}: ${text}`);
  }
  assertEquals(server.chat.history.latest(server.chat.findRoom("#lobby"), 10), []);
  assertEquals((await server.ask(hook))[0], 405);
});

Deno.test("hooks: 5 MiB are rejected before they are read, with and without a length", async () => {
  await using server = await ApiServer.open();
  const hook = `/hooks/${await server.token("alice", IN_LOBBY)}`;
  const body = new Uint8Array(5 * 2 ** 20).fill(0x20);
  assertEquals((await server.ask(hook, { method: "POST", body }))[0], 413);
  using socket = await Deno.connect({ port: server.port });
  const chunk = `${(2 ** 20).toString(16)}\r\n`;
  await socket.write(
    new TextEncoder().encode(`POST ${hook} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`),
  );
  const buffer = new Uint8Array(100);
  assertMatch(new TextDecoder().decode(buffer.subarray(0, (await socket.read(buffer))!)), /^HTTP\/1\.1 413 /);
});

Deno.test("hooks: of a thousand at once, those within the rate are delivered, and the others get 429 with a time to wait", async () => {
  await using server = await ApiServer.open({ api: { rate: 1, burst: 20 } });
  const hook = `/hooks/${await server.token("alice", IN_LOBBY)}`;
  const statuses = new Map<number, number>();
  for (let n = 0; n < 1000; n += 50) {
    const all = await Promise.all(
      Array.from({ length: 50 }, () => server.fetch(hook, { method: "POST", body: '{"text":"hi"}' })),
    );
    for (const response of all) {
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      if (response.status === 429) assert(Number(response.headers.get("retry-after")) >= 1);
      await response.body?.cancel();
    }
  }
  const said = server.chat.history.latest(server.chat.findRoom("#lobby"), 1000).length;
  assertEquals([statuses.get(200), [...statuses.keys()].sort()], [said, [200, 429]]);
  assert(said >= 20 && said < 500, String(said));
});
