import { gunzipSync } from "node:zlib";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Site } from "../../../src/protocol/http/site.ts";
import { assets, assetsFor } from "../../../src/web/assets.ts";

const LONG = "body { color: red }\n".repeat(100);
const SHORT = "a";

function site(trouble?: string): Site {
  return new Site({
    assets: [
      { path: "/", type: "text/html; charset=utf-8", text: LONG },
      { path: "/short.css", type: "text/css; charset=utf-8", text: SHORT },
    ],
    trouble: () => trouble,
    metrics: () => "some 1\n",
  });
}

function ask(path: string, headers: Record<string, string> = {}, method = "GET", of = site()): Response {
  return of.respond(new Request(`http://tincan.example${path}`, { method, headers }));
}

Deno.test("each file of the page is had with its type, whole", async () => {
  const page = new Site({ assets, trouble: () => undefined, metrics: () => "" });
  for (const { path, type, text } of assets) {
    const response = ask(path, {}, "GET", page);
    assertEquals([response.status, response.headers.get("content-type")], [200, type], path);
    assertEquals(response.headers.get("content-length"), `${new TextEncoder().encode(text).length}`, path);
    assertEquals(await response.text(), text, path);
  }
});

Deno.test("site: no file is prepared before it is requested, and each is prepared once", () => {
  const read: string[] = [];
  const asset = (path: string) => ({
    path,
    type: "text/html",
    get text() {
      read.push(path);
      return `at ${path}`;
    },
  });
  const page = new Site({
    assets: [asset("/"), asset("/a"), asset("/b")],
    trouble: () => undefined,
    metrics: () => "",
  });
  assertEquals(read, []);
  for (const path of ["/a", "/a", "/"]) assertEquals(ask(path, {}, "GET", page).status, 200);
  assertEquals(read, ["/a", "/"]);
});

Deno.test("site: the page has the server's name, escaped, and no other", () => {
  const [page] = assetsFor(`<a>&"$&'`).filter(({ path }) => path === "/");
  const name = `&#60;a&#62;&#38;&#34;$&#38;'`;
  for (const part of [`<title>${name}</title>`, `>${name}</span>`, `>Welcome to ${name}</h2>`]) {
    assert(page!.text.includes(part), part);
  }
  assert(!/tincan|%name%/.test(page!.text));
});

Deno.test("site: the page has links for the modules that main.js imports at once, directly or not, and for no others", () => {
  const texts = new Map(assetsFor("tincan").map(({ path, text }) => [path, text]));
  const reached = new Set(["/main.js"]);
  for (const path of reached) {
    for (const [, module] of texts.get(path)!.matchAll(/^(?:import|\}) .*"(\.[^"]+)";$/gm)) {
      reached.add(new URL(module!, `http://x${path}`).pathname);
    }
  }
  reached.delete("/main.js");
  const links = [...texts.get("/")!.matchAll(/<link rel="modulepreload" href="([^"]+)">/g)].map(([, path]) =>
    `/${path}`
  );
  assertEquals(links.toSorted(), [...reached].sort());
  assert(links.length > 30 && texts.get("/")!.includes('<dialog id="enter"'));
});

Deno.test("site: scripts and styles are sent without comments and indentation, and with each other line in its place", () => {
  let removed = 0;
  const sent = new Map(assetsFor("tincan").map(({ path, text }) => [path, text.split("\n")]));
  for (const { path, text } of assets.filter(({ path }) => /\.(js|css)$/.test(path))) {
    const lines = text.split("\n");
    assertEquals(sent.get(path)?.length, lines.length, path);
    for (const [i, line] of lines.entries()) {
      const kept = sent.get(path)![i]!;
      const code = line.trimStart();
      if (kept === code) continue;
      if (kept !== "" && code.startsWith(`${kept} // `)) continue;
      assertEquals(kept, "", line);
      assert(/^\s*(\/\/|\/\*|\*)/.test(line), `${path}:${i + 1} is no comment: ${line}`);
      removed++;
    }
  }
  assert(removed > 500, `${removed} lines`);
  for (const { path, text } of assets.filter(({ path }) => /\.(svg|txt)$/.test(path))) {
    assertEquals(sent.get(path)?.join("\n"), text, path);
  }
});

Deno.test("whatever is answered may do nothing but what the page needs, and nothing written into it", () => {
  for (const path of ["/", "/healthz", "/metrics", "/nowhere"]) {
    const { headers } = ask(path);
    const policy = headers.get("content-security-policy")!.split("; ");
    assert(policy.includes("default-src 'none'") && policy.includes("script-src 'self'"), path);
    for (const what of ["frame-ancestors", "base-uri", "form-action"]) assert(policy.includes(`${what} 'none'`), path);
    assertEquals(headers.get("cross-origin-opener-policy"), "same-origin");
    assert(!/unsafe|\*/.test(policy.join()), path);
    assertEquals([headers.get("x-content-type-options"), headers.get("referrer-policy")], ["nosniff", "no-referrer"]);
  }
});

Deno.test("site: files that are no pages have no policy, which would add a tenth to their size", () => {
  const { headers } = ask("/short.css");
  assertEquals([headers.get("content-security-policy"), headers.get("x-content-type-options")], [null, "nosniff"]);
});

Deno.test("who has a file already is not sent it again", async () => {
  const etag = ask("/").headers.get("etag")!;
  assertMatch(etag, /^W\/"[\w-]{22}"$/); // weak: it is the same with and without compression
  assertEquals(ask("/").headers.get("cache-control"), "no-cache"); // each request asks whether there is a new version
  assert(etag !== ask("/short.css").headers.get("etag"));
  for (const known of [etag, `"x", ${etag}`, etag.replace("W/", ""), "*"]) {
    const response = ask("/", { "if-none-match": known });
    assertEquals([response.status, await response.text(), response.headers.get("etag")], [304, "", etag], known);
  }
  assertEquals(ask("/", { "if-none-match": '"other"' }).status, 200);
});

Deno.test("a file is zipped for those who accept that, if it is smaller then", async () => {
  for (const accepted of ["gzip", "br, gzip", "deflate;q=0.5, GZIP;q=0.1"]) {
    const response = ask("/", { "accept-encoding": accepted });
    assertEquals(response.headers.get("content-encoding"), "gzip", accepted);
    assertEquals(response.headers.get("vary"), "accept-encoding");
    const bytes = await response.bytes();
    assertEquals(response.headers.get("content-length"), String(bytes.length));
    assertEquals(new TextDecoder().decode(gunzipSync(bytes)), LONG);
  }
  for (const accepted of ["", "br", "gzip;q=0", "gzip; q=0.000, br", "x-gzip-not"]) {
    const response = ask("/", { "accept-encoding": accepted });
    assertEquals([response.headers.get("content-encoding"), await response.text()], [null, LONG], accepted);
  }
  const short = ask("/short.css", { "accept-encoding": "gzip" });
  assertEquals([short.headers.get("content-encoding"), await short.text()], [null, SHORT]);
});

Deno.test("HEAD is GET without the body", async () => {
  for (const path of ["/", "/short.css", "/healthz", "/metrics", "/nowhere"]) {
    const [get, head] = [ask(path), ask(path, {}, "HEAD")];
    assertEquals([head.status, [...head.headers], await head.text()], [get.status, [...get.headers], ""], path);
    await get.body?.cancel();
  }
});

Deno.test("what is not there, and what cannot be done, is said in plain words", async () => {
  for (const path of ["/nowhere", "//", "/etc/passwd", "/%2e%2e%2fetc%2fpasswd", "/short.css/", "/constructor"]) {
    const response = ask(path);
    assertEquals([response.status, await response.text()], [404, "Not found. The web page is at /\n"]);
    assertEquals(response.headers.get("content-type"), "text/plain; charset=utf-8");
  }
  for (const path of ["/", "/healthz", "/metrics"]) {
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const response = ask(path, {}, method);
      assertEquals([response.status, response.headers.get("allow")], [405, "GET, HEAD"]);
      assertEquals(await response.text(), "Method not allowed: use GET or HEAD\n");
    }
  }
});

Deno.test("site: /healthz says whether clients are accepted, and why not, and /metrics is not cached", async () => {
  const [well, stopping, metrics] = [ask("/healthz"), ask("/healthz", {}, "GET", site("stopping")), ask("/metrics")];
  assertEquals([well.status, await well.text()], [200, "ok\n"]);
  assertEquals([stopping.status, await stopping.text()], [503, "stopping\n"]);
  assertEquals([metrics.status, await metrics.text()], [200, "some 1\n"]);
  assertEquals(metrics.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  for (const { headers } of [well, stopping, metrics]) assertEquals(headers.get("cache-control"), "no-store");
});

Deno.test("site: the URL of an invite link is the page with files relative to the root, is not cached, and says no more", async () => {
  const of = new Site({ assets, trouble: () => undefined, metrics: () => "" });
  const code = "abcdefghijklmnopqrst";
  const response = ask(`/i/${code}`, { "accept-encoding": "gzip", "if-none-match": "*" }, "GET", of);
  const names = ["content-type", "cache-control", "referrer-policy", "content-encoding", "etag"];
  assertEquals(
    [response.status, ...names.map((name) => response.headers.get(name))],
    [200, "text/html; charset=utf-8", "no-store", "no-referrer", "gzip", null],
  );
  const policy = (of: Response) => of.headers.get("content-security-policy");
  assertEquals(policy(response), policy(ask("/", {}, "GET", of)));
  const text = new TextDecoder().decode(gunzipSync(new Uint8Array(await response.arrayBuffer())));
  const links = (page: string) => [...page.matchAll(/\b(?:href|src)="([^"#]+)"/g)].map(([, path]) => path!);
  const wanted = links(assets.find(({ path }) => path === "/")!.text);
  assert(wanted.length > 30);
  assertEquals(links(text), wanted.map((path) => `../${path}`));
  assertEquals(await ask(`/i/${code.toUpperCase()}`, {}, "HEAD", of).text(), "");
  assertEquals(ask(`/i/${code}`, {}, "POST", of).status, 405);
  for (const path of ["/i/", "/i", `/i/${code}/`, "/i/a.b", `/i/${"a".repeat(65)}`]) {
    assertEquals(ask(path, {}, "GET", of).status, 404, path);
  }
});
