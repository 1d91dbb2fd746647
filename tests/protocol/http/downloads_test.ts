import { assertEquals, assertRejects } from "@std/assert";
import { CHUNK_SIZE } from "../../../src/files/file_store.ts";
import { newFileId } from "../../../src/files/links.ts";
import { StoreError } from "../../../src/chat/store.ts";
import { ENDINGS, IMAGES, MEDIA } from "../../../src/files/types.ts";
import { downloadResources, FETCH_RATE } from "../../../src/protocol/http/downloads.ts";
import { Router } from "../../../src/protocol/http/router.ts";
import { TimeSlicer } from "../../../src/protocol/time_slicer.ts";
import { HTML, png, SVG, wav } from "../../files/samples.ts";
import { ALICE, CLIENT, FileSite } from "./files.ts";

/** Sound whose bytes differ. */
function sound(samples: number): Uint8Array<ArrayBuffer> {
  const bytes = wav(samples);
  for (let at = 44; at < bytes.length; at++) bytes[at] = (at * 7 + Math.floor(at / CHUNK_SIZE)) % 251;
  return bytes;
}

Deno.test("downloads: an image is shown, as the type and with the size that its bytes have", async () => {
  using site = new FileSite();
  const image = png(4, 3);
  const { json } = await site.request("PUT", "/files/x.html", {
    body: image,
    headers: { ...ALICE, "content-type": "text/html" },
  });
  assertEquals([json["type"], json["width"], json["height"]], ["image/png", 4, 3]);
  const { status, headers, bytes } = await site.request("GET", String(json["path"]));
  assertEquals([status, headers.get("content-type"), bytes], [200, "image/png", image]);
  assertEquals(headers.get("content-disposition"), `inline; filename="x.html.png"; filename*=UTF-8''x.html.png`);
});

Deno.test("downloads: a name has an ending of the type of a file that is shown, so that a program opens it as that", async () => {
  using site = new FileSite();
  const names: Record<string, string> = { photo: "photo.png", "a.PNG": "a.PNG", "b.apng": "b.apng", "png": "png.png" };
  for (const [name, saved] of Object.entries(names)) {
    const { headers } = await site.request("GET", await site.upload(png(1, 1), name));
    assertEquals(headers.get("content-disposition"), `inline; filename="${saved}"; filename*=UTF-8''${saved}`);
  }
  const shown = [...IMAGES, ...MEDIA.values()];
  assertEquals(new Set(ENDINGS.keys()), new Set(shown));
});

Deno.test("downloads: a file that cannot be read now gets 503, and not 404", async () => {
  using site = new FileSite();
  const path = await site.upload(png(1, 1));
  site.files.find = () => {
    throw new StoreError("the disk is broken");
  };
  const { status, headers, json } = await site.request("GET", path);
  assertEquals([status, json["detail"]], [503, "The file cannot be read right now."]);
  assertEquals(headers.get("retry-after"), "5");
});

Deno.test("downloads: a file of a node that does not answer gets 503, and one that no node has gets 404", async () => {
  using site = new FileSite();
  const outcomes = ["unreachable", "missing"] as const;
  const found: [number, unknown][] = [];
  for (const outcome of outcomes) {
    const context = { files: site.files, slicer: new TimeSlicer(), fetch: () => Promise.resolve(outcome) };
    const router = new Router(downloadResources(context));
    const answer = await router.answer(new Request(`http://x/f/${"a".repeat(22)}/b`), CLIENT);
    found.push([answer!.status, (await (answer as Response).json()).detail]);
  }
  assertEquals(found, [
    [503, "Another node may have the file, but does not answer right now."],
    [404, "There is no such file, or no longer."],
  ]);
});

Deno.test("downloads: every other file is only saved, and runs nothing", async () => {
  using site = new FileSite();
  for (const bytes of [HTML, SVG, Uint8Array.of(0, 1, 2), png(1, 1, [60_000, 60_000])]) {
    const { headers } = await site.request("GET", await site.upload(bytes, "a.svg"));
    assertEquals(headers.get("content-type"), "application/octet-stream");
    assertEquals(headers.get("content-disposition"), `attachment; filename="a.svg"; filename*=UTF-8''a.svg`);
    assertEquals(headers.get("content-security-policy"), "default-src 'none'; sandbox");
    assertEquals(headers.get("x-content-type-options"), "nosniff");
    assertEquals(headers.get("cross-origin-resource-policy"), "same-origin");
  }
});

Deno.test("downloads: a file of several chunks comes as it was sent, a chunk at a time", async () => {
  using site = new FileSite();
  const bytes = sound(2 * CHUNK_SIZE + 10);
  const path = await site.upload(bytes);
  const { headers, bytes: got } = await site.request("GET", path);
  assertEquals([headers.get("content-length"), got], [String(bytes.length), bytes]);
  const answer = await site.answer("GET", path, {});
  const reader = ("stream" in answer ? answer.stream : answer.body!).getReader();
  assertEquals((await reader.read()).value?.length, CHUNK_SIZE);
  site.files.delete(path.split("/")[2]!);
  await assertRejects(() => reader.read(), Error, "deleted while it was sent");
});

Deno.test("downloads: HEAD has the fields of GET", async () => {
  using site = new FileSite();
  const path = await site.upload(sound(100));
  const [get, head] = [await site.request("GET", path), await site.request("HEAD", path)];
  assertEquals([...head.headers], [...get.headers]);
  assertEquals([head.status, head.bytes.length], [200, 0]);
});

Deno.test("downloads: a range of sound comes alone, also across chunks", async () => {
  using site = new FileSite();
  const bytes = sound(2 * CHUNK_SIZE);
  const [path, size] = [await site.upload(bytes), bytes.length];
  const ranges: Record<string, [number, number]> = {
    "bytes=0-0": [0, 0],
    "bytes=10-19": [10, 19],
    [`bytes=${CHUNK_SIZE - 1}-${CHUNK_SIZE}`]: [CHUNK_SIZE - 1, CHUNK_SIZE],
    [`bytes=${size - 1}-`]: [size - 1, size - 1],
    "bytes=-5": [size - 5, size - 1],
    "bytes=5-999999999": [5, size - 1],
    "bytes=-999999999": [0, size - 1],
  };
  for (const [range, [first, last]] of Object.entries(ranges)) {
    const { status, headers, bytes: got } = await site.request("GET", path, { headers: { range } });
    assertEquals([status, headers.get("content-range")], [206, `bytes ${first}-${last}/${size}`], range);
    assertEquals([headers.get("content-length"), got], [String(last - first + 1), bytes.slice(first, last + 1)], range);
  }
});

Deno.test("downloads: a range that cannot be served is rejected, and one that is not understood is ignored", async () => {
  using site = new FileSite();
  const bytes = sound(100);
  const path = await site.upload(bytes);
  for (const range of [`bytes=${bytes.length}-`, "bytes=-0", "bytes=-00"]) {
    const { status, headers } = await site.request("GET", path, { headers: { range } });
    assertEquals([status, headers.get("content-range")], [416, `bytes */${bytes.length}`], range);
  }
  for (const range of ["bytes=0-1,3-4", "bytes=5-2", "bytes=-", "items=0-1", "bytes=1e3-", "bytes=0x1-2"]) {
    assertEquals((await site.request("GET", path, { headers: { range } })).status, 200, range);
  }
  const range = "bytes=0-1";
  const tag = `"${path.split("/")[2]}"`;
  assertEquals((await site.request("GET", path, { headers: { range, "if-range": tag } })).status, 206);
  assertEquals((await site.request("GET", path, { headers: { range, "if-range": '"other"' } })).status, 200);
  assertEquals((await site.request("GET", await site.upload(png(1, 1)), { headers: { range } })).status, 200);
});

Deno.test("downloads: a browser that has the file gets 304", async () => {
  using site = new FileSite();
  const path = await site.upload(png(1, 1));
  const etag = (await site.request("GET", path)).headers.get("etag")!;
  assertEquals((await site.request("GET", path, { headers: { "if-none-match": etag } })).status, 304);
  assertEquals((await site.request("GET", path, { headers: { "if-none-match": '"x"' } })).status, 200);
});

Deno.test("downloads: only the whole link leads to a file", async () => {
  using site = new FileSite();
  const path = await site.upload(png(4, 3), "a b.png");
  const id = path.split("/")[2]!;
  assertEquals(path, `/f/${id}/4x3/a%20b.png`);
  for (
    const wrong of [
      `/f/${id}/a%20b.png`,
      `/f/${id}/3x4/a%20b.png`,
      `/f/${id}/4x3/b.png`,
      `/f/${"a".repeat(22)}/x`,
      "/f/x/y",
    ]
  ) {
    const { status, json } = await site.request("GET", wrong);
    assertEquals([status, json["detail"]], [404, "There is no such file, or no longer."], wrong);
  }
  assertEquals((await site.request("GET", path, {}, { foreign: true })).status, 200); // a link in another page
  site.files.delete(id);
  assertEquals((await site.request("GET", path)).status, 404);
});

Deno.test("downloads: a network requests a limited number of files a minute that this node does not have", async () => {
  const fetched: string[] = [];
  using site = new FileSite({}, (id) => {
    fetched.push(id);
    return Promise.resolve("missing");
  });
  const own = await site.upload(png(1, 1));
  const absent = `/f/${newFileId()}/a`;
  for (let n = 0; n < FETCH_RATE; n++) assertEquals((await site.request("GET", absent)).status, 404);
  const { status, headers } = await site.request("GET", absent);
  assertEquals([status, headers.get("retry-after"), fetched.length], [429, "5", FETCH_RATE]);
  assertEquals((await site.request("GET", own)).status, 200);
  assertEquals((await site.request("GET", absent, {}, { address: "198.51.100.1" })).status, 404);
});
