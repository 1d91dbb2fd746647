/** `/openapi.json`: all that it describes happens. That it describes all that happens is checked by `ApiServer`. */
import { assertEquals } from "@std/assert";
import { HOOK_BODY_MAX } from "../../../src/protocol/http/hooks.ts";
import { OPENAPI } from "../../../src/protocol/http/openapi.ts";
import { MESSAGE_BODY_MAX } from "../../../src/protocol/http/rooms.ts";
import { LastingHistory } from "../../chat/helpers.ts";
import { rawRequest } from "../../websocket_client.ts";
import { ApiServer, type ApiServerOptions, bearer, DESCRIBED } from "./harness.ts";

const TEXT = { headers: { accept: "text/plain" } };
const HOST = "Host: 127.0.0.1\r\n";

/** Runs requests against a server of their own; returns the answers. */
async function answers(run: (server: ApiServer) => Promise<unknown>, options?: ApiServerOptions): Promise<Set<string>> {
  await using server = await ApiServer.open(options);
  await run(server);
  return server.seen;
}

/** Requests whose answers do not end. */
async function open(server: ApiServer, path: string, init?: RequestInit) {
  await (await server.fetch(path, init)).body?.cancel();
}

Deno.test("openapi: the description is that of the API, and is an asset of the web port", () => {
  assertEquals([OPENAPI.path, JSON.parse(OPENAPI.text).openapi], ["/openapi.json", "3.1.0"]);
});

Deno.test("openapi: each method, path, status and type in the description is seen", async () => {
  const room = "/rooms/lobby";
  const paths = ["/rooms", room, `${room}/stream`];
  const seen = await Promise.all([
    answers(async (server) => {
      for (const path of paths) {
        await open(server, path);
        await open(server, path, TEXT);
        await open(server, `${path}?format=xml`);
        await open(server, path, { headers: bearer("wrong") });
        await open(server, path, { headers: { origin: "http://evil.example" } });
      }
      for (const path of ["/rooms/none", "/rooms/none/stream"]) await open(server, path);
      const token = await server.token("alice", { readOnly: false, room: "#lobby" });
      const full = await server.token("alice");
      await server.post(room, "hi");
      await server.post(room, "");
      await server.post(room, "hi", bearer("wrong"));
      await server.post("/rooms/none", "hi");
      await server.post(room, "x".repeat(MESSAGE_BODY_MAX + 1));
      await server.post(room, "hi", { origin: "http://evil.example" });
      await server.post(`/hooks/${token}`, { text: "hi" });
      await server.post(`/hooks/${token}`, "{");
      await server.post("/hooks/wrong", { text: "hi" });
      await server.post(`/hooks/${full}`, { text: "hi" });
      await server.post(`/hooks/${token}`, "x".repeat(HOOK_BODY_MAX + 1));
    }),
    answers(async (server) => {
      for (const path of paths) await open(server, path);
      await server.post(room, "hi");
      await server.post("/hooks/x", "hi");
    }, { api: { trouble: () => "no cluster" } }),
    answers(async (server) => {
      const token = await server.token("alice", { readOnly: false, room: "#lobby" });
      for (let n = 0; n < 2; n++) {
        await server.post(room, "hi");
        await server.post(`/hooks/${token}`, { text: "hi" });
      }
      for (const path of paths) {
        for (let n = 0; n < 150 && !server.seen.has(`GET ${path.replace("lobby", "{name}")} 429 ${PROBLEM}`); n++) {
          await open(server, path);
        }
      }
    }, { api: { rate: 0.01, burst: 1 } }),
    answers(async (server) => {
      const token = await server.token("alice", { readOnly: false, room: "#lobby" });
      for (const path of [room, `/hooks/${token}`]) {
        const request = `POST ${path} HTTP/1.1\r\n${HOST}Content-Length: 9\r\n\r\nabc`;
        const { status, headers } = await rawRequest(server.port, request);
        server.note("POST", path, status, headers);
      }
    }, { times: { body: 30 } }),
    answers(async (server) => {
      await server.post(room, "hi");
    }, { chat: { history: new LockedHistory() } }),
  ]);
  const all = seen.reduce((set, each) => set.union(each));
  assertEquals(all.symmetricDifference(DESCRIBED), new Set());
});

const PROBLEM = "application/problem+json";

/** A history that another program has locked. */
class LockedHistory extends LastingHistory {
  override get ready(): boolean {
    return false;
  }
}
