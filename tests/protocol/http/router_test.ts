/** The router: paths with parameters, methods, limits of bodies, and requests of other sites. */
import { assertEquals } from "@std/assert";
import { type Call, type Resource, Router } from "../../../src/protocol/http/router.ts";
import type { HttpClient } from "../../../src/transport/connection.ts";
import { CLIENT } from "./files.ts";

/** Answers with the name of the operation and the parameters. */
const named = (name: string) => ({ params }: Call) => new Response(`${name} ${JSON.stringify(params)}`);

const RESOURCES: Resource[] = [
  { path: "/rooms", operations: { GET: { answer: named("list") } } },
  { path: "/rooms/own", operations: { GET: { answer: named("own") } } },
  {
    path: "/rooms/{name}",
    operations: { GET: { answer: named("read") }, POST: { bodyLimit: 10, answer: named("post") } },
  },
  { path: "/rooms/{name}/files/{id}", operations: { DELETE: { answer: named("delete") } } },
];

/** The status and body, or the problem, of the answer to a request. */
async function answer(method: string, path: string, client: HttpClient = CLIENT): Promise<unknown> {
  const found = await new Router(RESOURCES).answer(new Request(`http://x${path}`, { method }), client);
  if (!(found instanceof Response)) return found;
  if (found.ok) return await found.text();
  return [found.status, (await found.json()).detail, found.headers.get("allow")];
}

Deno.test("router: a path selects its resource, the first one of several, and its parameters are decoded", async () => {
  assertEquals(await answer("GET", "/rooms?a=b"), "list {}");
  assertEquals(await answer("GET", "/rooms/own"), "own {}");
  assertEquals(await answer("HEAD", "/rooms/lobby"), 'read {"name":"lobby"}');
  assertEquals(await answer("POST", "/rooms/%23caf%C3%A9%2Fbar"), 'post {"name":"#café/bar"}');
  assertEquals(await answer("DELETE", "/rooms/a/files/b"), 'delete {"name":"a","id":"b"}');
});

Deno.test("router: no resource has another path", async () => {
  for (
    const path of ["/", "/room", "/rooms/", "/rooms/a/", "/rooms/a/files", "/rooms//files/b", "/rooms/a/files/b/c"]
  ) {
    assertEquals(await answer("GET", path), undefined, path);
  }
});

Deno.test("router: another method is rejected with 405 and the methods that there are", async () => {
  const none = "Method not allowed: use";
  assertEquals(await answer("PUT", "/rooms/a"), [405, `${none} GET, HEAD or POST.`, "GET, HEAD, POST"]);
  assertEquals(await answer("GET", "/rooms/a/files/b"), [405, `${none} DELETE.`, "DELETE"]);
  assertEquals(await answer("OPTIONS", "/rooms"), [405, `${none} GET or HEAD.`, "GET, HEAD"]);
});

Deno.test("router: a path that is not percent-encoded UTF-8 is rejected with 400", async () => {
  for (const path of ["/rooms/%", "/rooms/%ff"]) {
    assertEquals(await answer("GET", path), [400, "The path is not valid percent-encoded UTF-8.", null]);
  }
});

Deno.test("router: pages of other sites are rejected with 403", async () => {
  const detail = "Pages of other sites may not use this; --allow-origin allows one.";
  assertEquals(await answer("GET", "/rooms", { ...CLIENT, foreign: true }), [403, detail, null]);
  assertEquals(await answer("GET", "/style.css", { ...CLIENT, foreign: true }), undefined);
});

Deno.test("router: bodies are accepted by the operations that have a limit, and ignored where there is no operation", () => {
  const router = new Router(RESOURCES);
  assertEquals(router.bodyLimit("POST", "/rooms/a"), 10);
  for (const [method, path] of [["GET", "/rooms/a"], ["DELETE", "/rooms/a/files/b"]] as const) {
    assertEquals(router.bodyLimit(method, path), 0);
  }
  for (const [method, path] of [["PUT", "/rooms/a"], ["POST", "/rooms"], ["POST", "/x"], ["constructor", "/rooms/a"]]) {
    assertEquals(router.bodyLimit(method!, path!), Infinity);
  }
});
