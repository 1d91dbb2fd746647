/** `/openapi.json`: all that it describes happens. That it describes all that happens is checked by `ApiServer`. */
import { assertEquals } from "@std/assert";
import { FETCH_RATE } from "../../../src/protocol/http/downloads.ts";
import { HOOK_BODY_MAX } from "../../../src/protocol/http/hooks.ts";
import { OPENAPI } from "../../../src/protocol/http/openapi.ts";
import { MESSAGE_BODY_MAX } from "../../../src/protocol/http/rooms.ts";
import { LastingHistory } from "../../chat/helpers.ts";
import { HTML, png, wav } from "../../files/samples.ts";
import { rawRequest } from "../../websocket_client.ts";
import { ApiServer, type ApiServerOptions, bearer, DESCRIBED, FILE_MAX } from "./harness.ts";

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

Deno.test("openapi: the paths and methods of all resources are described, and no others", async () => {
  await using server = await ApiServer.open();
  const all = server.resources.flatMap(({ path, operations }) =>
    Object.keys(operations).map((key) => `${key} ${path}`)
  );
  const described = [...DESCRIBED].map((answer) => answer.split(" ").slice(0, 2).join(" "));
  assertEquals(new Set(described), new Set(all));
});

Deno.test("openapi: each method, path, status and type in the description is seen", async () => {
  const room = "/rooms/lobby";
  const paths = ["/rooms", room, `${room}/stream`];
  const seen = await Promise.all([
    answers(async (server) => {
      for (const path of paths) {
        await open(server, path);
        await open(server, path, { method: "HEAD" });
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
    ...fileAnswers(),
  ]);
  const all = seen.reduce((set, each) => set.union(each));
  assertEquals(all.symmetricDifference(DESCRIBED), new Set());
});

/** Requests that upload a file. */
const UPLOADS = [
  ["POST", "/files"],
  ["PUT", "/files/a"],
  ["POST", "/rooms/lobby/files"],
  ["PUT", "/rooms/lobby/files"],
  ["PUT", "/rooms/lobby/files/a"],
] as const;

const VIDEO = Uint8Array.of(0x1a, 0x45, 0xdf, 0xa3, 0x9f); // the beginning of WebM

/** The answers to requests that send and read files. */
function fileAnswers(): Promise<Set<string>>[] {
  const uploadAll = async (server: ApiServer) => {
    for (const [method, path] of UPLOADS) await server.ask(path, { method, body: "hi" });
  };
  return [
    answers(async (server) => {
      await uploadAll(server);
      for (const [method, path] of UPLOADS) {
        await server.ask(path, { method });
        await server.ask(path, { method, body: "hi", headers: bearer("wrong") });
        await server.ask(path, { method, body: "hi", headers: { origin: "http://evil.example" } });
        await server.ask(path, { method, body: "x".repeat(FILE_MAX + 1) });
        const none = path.replace("lobby", "none");
        if (none !== path) await server.ask(none, { method, body: "hi" });
      }
      await open(server, "/files", { method: "OPTIONS" });
      await open(server, "/files", { method: "OPTIONS", headers: { origin: "http://evil.example" } });
    }),
    answers(async (server) => {
      for (const body of [png(1, 1), wav(100), VIDEO, HTML]) {
        const [, text] = await server.ask("/files/a", { method: "PUT", body });
        const { path, id } = JSON.parse(text);
        for (const method of ["GET", "HEAD"]) {
          await open(server, path, { method });
          await open(server, path, { method, headers: { origin: "http://other.example" } });
          await open(server, path, { method, headers: { range: "bytes=1-2" } });
          await open(server, path, { method, headers: { range: "bytes=1000-" } });
          await open(server, path, { method, headers: { "if-none-match": `"${id}"` } });
        }
      }
      for (const path of ["/f/x/a", "/f/x/%ff", "/f/x/1x1/a", "/f/x/1x1/%ff"]) await open(server, path);
    }),
    answers(async (server) => {
      const id = "a".repeat(22);
      for (const path of [`/f/${id}/a`, `/f/${id}/1x1/a`]) await open(server, path);
      for (const path of ["/f/{id}/{name}", "/f/{id}/{size}/{name}"]) {
        for (let n = 0; n < 2 * FETCH_RATE && !server.seen.has(`GET ${path} 429 ${PROBLEM}`); n++) {
          await open(server, path.replace("{id}", id));
        }
      }
    }, { fetch: () => Promise.resolve("busy") }),
    answers(uploadAll, { api: { trouble: () => "no cluster" } }),
    answers(async (server) => {
      await uploadAll(server);
      await server.ask("/files", { method: "POST", body: "hi" });
    }, { uploads: { rate: 1 } }),
    answers(async (server) => {
      server.files.limit({ size: 1 });
      await uploadAll(server);
    }),
    answers(async (server) => {
      for (const [method, path] of UPLOADS) {
        const request = `${method} ${path} HTTP/1.1\r\n${HOST}Content-Length: 9\r\n\r\nabc`;
        const { status, headers } = await rawRequest(server.port, request);
        server.note(method, path, status, headers);
      }
    }, { times: { body: 30 } }),
  ];
}

const PROBLEM = "application/problem+json";

/** A history that another program has locked. */
class LockedHistory extends LastingHistory {
  override get ready(): boolean {
    return false;
  }
}
