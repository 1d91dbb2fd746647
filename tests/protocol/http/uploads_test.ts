import { assert, assertEquals, assertRejects } from "@std/assert";
import { CHUNK_SIZE } from "../../../src/files/file_store.ts";
import { UPLOAD_RATE, UPLOADS_MAX, UPLOADS_OF_OWNER_MAX } from "../../../src/protocol/http/uploads.ts";
import { png } from "../../files/samples.ts";
import { ALICE, type Answered, FileSite } from "./files.ts";

/** A body that a test sends piece by piece. */
class Body {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  #asked = Promise.withResolvers<void>();

  constructor() {
    this.stream = new ReadableStream({
      start: (controller) => void (this.#controller = controller),
      pull: () => this.#asked.resolve(),
    }, { highWaterMark: 0 });
  }

  /** Resolves when the server reads more. */
  get asked(): Promise<void> {
    return this.#asked.promise;
  }

  /** Sends bytes, and resolves when the server reads more. */
  async send(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#asked = Promise.withResolvers();
    this.#controller.enqueue(bytes);
    await this.asked;
  }

  end(): void {
    this.#controller.close();
  }

  /** The client leaves. */
  cut(): void {
    this.#controller.error(new Error("the client has left"));
  }
}

/** Begins an upload; resolves once the server reads it. */
async function begin(site: FileSite, headers: Record<string, string> = ALICE, client = {}) {
  const body = new Body();
  const answered = site.request("POST", "/files", { body: body.stream, headers }, client);
  await Promise.race([body.asked, answered.catch(() => {})]);
  return { body, answered };
}

const CHUNK = new Uint8Array(CHUNK_SIZE).fill(1);

/** The status of an answer, and its sentence. */
const told = ({ status, json }: Answered) => [status, json["detail"]];

/** How many chunks are in the database after maintenance. */
function chunks({ history, database }: FileSite): number {
  while (history.runStep(() => {}));
  return Number(database.db.prepare("SELECT count(*) AS count FROM file_chunk").get()!["count"]);
}

Deno.test("uploads: a file is stored, and the answer has its link and details", async () => {
  using site = new FileSite();
  const { status, headers, json } = await site.request("POST", "/files", {
    body: png(300, 200),
    headers: { ...ALICE, "content-disposition": "attachment; filename=\"photo.png\"; filename*=UTF-8''f%C3%BCr.png" },
  });
  const { id, url, path, size, ...rest } = json;
  assertEquals(rest, { name: "für.png", type: "image/png", width: 300, height: 200 });
  assertEquals([status, path, url], [201, `/f/${id}/300x200/f%C3%BCr.png`, `https://chat.example${path}`]);
  assertEquals([headers.get("location"), size], [url, png(300, 200).length]);
  assertEquals(site.files.find(String(id))?.owner, "alice");
});

Deno.test("uploads: the name comes from the path, the header or the type", async () => {
  using site = new FileSite();
  const name = async (method: string, path: string, disposition?: string) => {
    const headers = { ...ALICE, ...(disposition === undefined ? {} : { "content-disposition": disposition }) };
    return (await site.request(method, path, { body: png(1, 1), headers })).json["name"];
  };
  assertEquals(await name("PUT", "/files/a.png", "attachment; filename=b"), "a.png");
  assertEquals(await name("PUT", "/rooms/lobby/files/..%2Fa"), "a");
  assertEquals(await name("POST", "/files"), "file.png");
  assertEquals(await name("POST", "/files", "form-data; name=x; filename=b.c"), "b.c");
  assertEquals(await name("POST", "/files", 'attachment; filename="a\\"b\\\\c.png"'), "c.png");
  assertEquals(await name("POST", "/files", "attachment; filename*=UTF-8''%ff; filename=ok"), "ok");
});

Deno.test("uploads: the link is posted to the room", async () => {
  using site = new FileSite();
  const { json } = await site.request("PUT", "/rooms/%23lobby/files", { body: CHUNK, headers: ALICE });
  assertEquals(site.posted, [`#lobby ${json["url"]}`]);
});

Deno.test("uploads: an uploader whom the room rejects gets 403 before the body is read, or else the file is deleted", async () => {
  using site = new FileSite();
  const body = new Body();
  const early = await site.request("POST", "/rooms/secret/files", { body: body.stream, headers: ALICE });
  assertEquals([early.status, body.stream.locked], [403, false]);
  site.closed.add("tea");
  assertEquals((await site.request("POST", "/rooms/tea/files", { body: CHUNK, headers: ALICE })).status, 403);
  assertEquals([site.files.count, chunks(site)], [0, 0]);
});

Deno.test("uploads: a client that may not upload gets 401 or 403 before the body is read", async () => {
  using site = new FileSite();
  const body = new Body();
  const refused = await site.request("POST", "/files", { body: body.stream });
  assertEquals([told(refused), refused.headers.get("www-authenticate")], [
    [401, "Log in first."],
    'Bearer realm="tincan"',
  ]);
  assertEquals(body.stream.locked, false);
  assertEquals((await site.request("POST", "/files", { body: CHUNK, headers: ALICE }, { foreign: true })).status, 403);
});

Deno.test("uploads: an empty file is rejected, with and without a length", async () => {
  using site = new FileSite();
  const text = [400, "The file is empty: it needs at least one byte."];
  assertEquals(told(await site.request("POST", "/files", { headers: ALICE })), text);
  const { body, answered } = await begin(site);
  body.end();
  assertEquals([told(await answered), site.files.count], [text, 0]);
});

Deno.test("uploads: nothing is left of an upload that is cut in the middle", async () => {
  using site = new FileSite();
  const { body, answered } = await begin(site);
  await body.send(CHUNK);
  await body.send(CHUNK.subarray(5));
  assertEquals(site.files.writing, CHUNK_SIZE);
  body.cut();
  await assertRejects(() => answered, Error, "the client has left");
  assertEquals([site.files.count, site.files.writing, chunks(site)], [0, 0, 0]);
});

Deno.test("uploads: the limit of a file is that of the body", () => {
  using site = new FileSite({ maxFile: 5000 });
  const limits = [["POST", "/files"], ["PUT", "/files/a"], ["PUT", "/rooms/a/files"], ["POST", "/rooms/a/files"]];
  assertEquals(limits.map(([method, path]) => site.bodyLimit(method!, path!)), [5000, 5000, 5000, 5000]);
});

Deno.test("uploads: an image that claims a huge size is stored to be saved alone", async () => {
  using site = new FileSite();
  const { status, json } = await site.request("PUT", "/files/bomb.png", {
    body: png(1, 1, [65_535, 65_535]),
    headers: ALICE,
  });
  assertEquals([status, json["type"], json["width"]], [201, "application/octet-stream", undefined]);
});

Deno.test("uploads: two at once may together have as many bytes as the store, and one more has to wait", async () => {
  using site = new FileSite();
  site.files.limit({ size: 4 * CHUNK_SIZE });
  const length = (bytes: number) => ({ ...ALICE, "content-length": String(bytes) });
  const first = await begin(site, length(2 * CHUNK_SIZE));
  const second = await begin(site, length(2 * CHUNK_SIZE));
  for (const { body } of [first, second]) {
    await body.send(CHUNK);
    await body.send(CHUNK);
  }
  const third = await begin(site, length(1));
  const refusal = await third.answered;
  assertEquals(told(refusal), [507, "Other uploads take all the space there is. Try again soon."]);
  assert(Number(refusal.headers.get("retry-after")) > 0);
  for (const { body } of [first, second]) body.end();
  assertEquals([(await first.answered).status, (await second.answered).status], [201, 201]);
  assertEquals([site.files.count, chunks(site)], [1, 2]); // the older one has gone: each counts some bytes more
  assertEquals((await site.request("POST", "/files", { body: CHUNK, headers: length(CHUNK_SIZE) })).status, 201);
});

Deno.test("uploads: one that sends nothing takes no space from others, and the one that finds none left fails", async () => {
  using site = new FileSite();
  site.files.limit({ size: 5 * CHUNK_SIZE });
  const silent = await begin(site, { ...ALICE, "content-length": String(5 * CHUNK_SIZE) });
  const running = await begin(site);
  for (let n = 0; n < 3; n++) await running.body.send(CHUNK);
  const last = await site.request("POST", "/files", { body: new Uint8Array(3 * CHUNK_SIZE), headers: ALICE });
  assertEquals(told(last), [507, "The file cannot be stored: other uploads take all the space there is."]);
  running.body.end();
  assertEquals((await running.answered).status, 201);
  silent.body.cut();
  await assertRejects(() => silent.answered);
  assertEquals([site.files.writing, chunks(site)], [0, 3]);
});

Deno.test("uploads: there is a limit of uploads at a time for each uploader and for all", async () => {
  using site = new FileSite({ rate: Infinity });
  const running = [];
  for (let n = 0; n < UPLOADS_OF_OWNER_MAX; n++) running.push(await begin(site));
  assertEquals(told(await (await begin(site)).answered), [429, "Too many uploads of you at once. Try again soon."]);
  for (let n = running.length; n < UPLOADS_MAX; n++) running.push(await begin(site, { authorization: `user${n}` }));
  const last = await begin(site, { authorization: "bob" });
  assertEquals(told(await last.answered), [429, "Too many uploads of all users at once. Try again soon."]);
  for (const { body, answered } of running) {
    body.cut();
    await assertRejects(() => answered);
  }
  assertEquals((await site.request("POST", "/files", { body: CHUNK, headers: ALICE })).status, 201);
});

Deno.test("uploads: there is a limit of uploads a minute for each network", async () => {
  using site = new FileSite();
  for (let n = 0; n < UPLOAD_RATE; n++) await site.request("POST", "/files", { body: CHUNK });
  const refusal = await site.request("POST", "/files", { body: CHUNK, headers: ALICE });
  assertEquals(told(refusal), [429, "Too many uploads from your network. Try again in a minute."]);
  const elsewhere = { address: "198.51.100.1" };
  assertEquals((await site.request("POST", "/files", { body: CHUNK, headers: ALICE }, elsewhere)).status, 201);
});

Deno.test("uploads: a full disk is answered with 507, and the stored part of the file is removed", async () => {
  using site = new FileSite();
  const { db } = site.database;
  db.exec(`PRAGMA max_page_count = ${Number(db.prepare("PRAGMA page_count").get()!["page_count"]) + 40}`);
  const refusal = await site.request("POST", "/files", { body: new Uint8Array(8 * CHUNK_SIZE), headers: ALICE });
  assertEquals(told(refusal), [507, "The file cannot be stored: the disk is full."]);
  assertEquals([chunks(site), site.files.writing], [0, 0]);
  assertEquals((await site.request("POST", "/files", { body: CHUNK, headers: ALICE })).status, 201);
});

Deno.test("uploads: OPTIONS has the methods for clients of draft/FILEHOST", async () => {
  using site = new FileSite();
  const { status, headers } = await site.request("OPTIONS", "/files");
  assertEquals([status, headers.get("allow"), headers.get("accept-post")], [204, "OPTIONS, POST", "*/*"]);
  const { status: wrong, headers: fields } = await site.request("GET", "/files");
  assertEquals([wrong, fields.get("allow")], [405, "POST, OPTIONS"]);
});
