import { gunzipSync } from "node:zlib";
import { assert, assertEquals } from "@std/assert";
import { Site } from "../../../src/protocol/http/site.ts";
import { assets, assetsFor } from "../../../src/web/assets.ts";

const LONG = "body { color: red }\n".repeat(100);
const SHORT = "a";

function site(healthy = true): Site {
  return new Site({
    assets: [
      { path: "/", type: "text/html; charset=utf-8", text: LONG },
      { path: "/short.css", type: "text/css; charset=utf-8", text: SHORT },
    ],
    healthy: () => healthy,
    metrics: () => "some 1\n",
  });
}

function ask(path: string, headers: Record<string, string> = {}, method = "GET", of = site()): Response {
  return of.respond(new Request(`http://tincan.example${path}`, { method, headers }));
}

Deno.test("site: serves each asset whole, with its type and length", async () => {
  const page = new Site({ assets, healthy: () => true, metrics: () => "" });
  for (const { path, type, text } of assets) {
    const response = ask(path, {}, "GET", page);
    assertEquals([response.status, response.headers.get("content-type")], [200, type], path);
    assertEquals(response.headers.get("content-length"), `${new TextEncoder().encode(text).length}`, path);
    assertEquals(await response.text(), text, path);
  }
});

Deno.test("site: the page contains the name of the server, escaped", () => {
  const [page] = assetsFor(`<a>&"$&'`).filter(({ path }) => path === "/");
  const name = `&#60;a&#62;&#38;&#34;$&#38;'`;
  for (const part of [`<title>${name}</title>`, `>${name}</span>`, `>Welcome to ${name}</h2>`]) {
    assert(page!.text.includes(part), part);
  }
  assert(!/tincan|%name%/.test(page!.text));
});

Deno.test("site: modules are sent without comment lines, and with the other lines in their places", () => {
  let removed = 0;
  const sent = new Map(assetsFor("tincan").map(({ path, text }) => [path, text.split("\n")]));
  for (const { path, text } of assets.filter(({ path }) => path.endsWith(".js"))) {
    const lines = text.split("\n");
    assertEquals(sent.get(path)?.length, lines.length, path);
    for (const [i, line] of lines.entries()) {
      if (sent.get(path)![i] === line) continue;
      assertEquals(sent.get(path)![i], "", line);
      assert(/^\s*(\/\/|\/\*|\*)/.test(line), `${path}:${i + 1} is no comment: ${line}`);
      removed++;
    }
  }
  assert(removed > 500, `${removed} lines`);
});

Deno.test("site: every response has a content security policy without inline code", () => {
  for (const path of ["/", "/healthz", "/metrics", "/nowhere"]) {
    const { headers } = ask(path);
    const policy = headers.get("content-security-policy")!.split("; ");
    assert(policy.includes("default-src 'none'") && policy.includes("script-src 'self'"), path);
    assert(policy.includes("frame-ancestors 'none'") && policy.includes("base-uri 'none'"), path);
    assert(!/unsafe|\*/.test(policy.join()), path);
    assertEquals([headers.get("x-content-type-options"), headers.get("referrer-policy")], ["nosniff", "no-referrer"]);
  }
});

Deno.test("site: responds 304 when If-None-Match has the ETag", async () => {
  const etag = ask("/").headers.get("etag")!;
  assert(etag !== ask("/short.css").headers.get("etag"));
  for (const known of [etag, `"x", ${etag}`, etag.replace("W/", ""), "*"]) {
    const response = ask("/", { "if-none-match": known });
    assertEquals([response.status, await response.text(), response.headers.get("etag")], [304, "", etag], known);
  }
  assertEquals(ask("/", { "if-none-match": '"other"' }).status, 200);
});

Deno.test("site: compresses an asset when the client accepts gzip and it gets smaller", async () => {
  for (const accepted of ["gzip", "br, gzip", "deflate;q=0.5, GZIP;q=0.1"]) {
    const response = ask("/", { "accept-encoding": accepted });
    assertEquals(response.headers.get("content-encoding"), "gzip", accepted);
    assertEquals(response.headers.get("vary"), "accept-encoding");
    assertEquals(new TextDecoder().decode(gunzipSync(await response.bytes())), LONG);
  }
  for (const accepted of ["", "br", "gzip;q=0", "gzip; q=0.000, br", "x-gzip-not"]) {
    const response = ask("/", { "accept-encoding": accepted });
    assertEquals([response.headers.get("content-encoding"), await response.text()], [null, LONG], accepted);
  }
  const short = ask("/short.css", { "accept-encoding": "gzip" });
  assertEquals([short.headers.get("content-encoding"), await short.text()], [null, SHORT]);
});

Deno.test("site: HEAD responds as GET, without the body", async () => {
  for (const path of ["/", "/short.css", "/healthz", "/metrics", "/nowhere"]) {
    const [get, head] = [ask(path), ask(path, {}, "HEAD")];
    assertEquals([head.status, [...head.headers], await head.text()], [get.status, [...get.headers], ""], path);
    await get.body?.cancel();
  }
});

Deno.test("site: responds 404 to unknown paths and 405 to other methods, in plain text", async () => {
  for (const path of ["/nowhere", "//", "/etc/passwd", "/%2e%2e%2fetc%2fpasswd", "/short.css/", "/constructor"]) {
    const response = ask(path);
    assertEquals([response.status, await response.text()], [404, "Not found. The chat page is at /\n"]);
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

Deno.test("site: /healthz tells whether the server accepts clients, and /metrics is not cached", async () => {
  const [well, stopping, metrics] = [ask("/healthz"), ask("/healthz", {}, "GET", site(false)), ask("/metrics")];
  assertEquals([well.status, await well.text()], [200, "ok\n"]);
  assertEquals([stopping.status, await stopping.text()], [503, "stopping\n"]);
  assertEquals([metrics.status, await metrics.text()], [200, "some 1\n"]);
  assertEquals(metrics.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  for (const { headers } of [well, stopping, metrics]) assertEquals(headers.get("cache-control"), "no-store");
});
