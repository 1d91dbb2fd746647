import { assertEquals, assertRejects } from "@std/assert";
import { CHUNK_SIZE, type StoredFile } from "../../src/files/file_store.ts";
import { newFileId } from "../../src/files/links.ts";
import { Export } from "../../src/history/export.ts";
import { Import } from "../../src/history/import.ts";
import { FormatError } from "../../src/history/jsonl.ts";
import { NOON, Place } from "./helpers.ts";

/** Stores files of some sizes, whose bytes are their number. */
async function stored(place: Place, ...sizes: number[]): Promise<StoredFile[]> {
  const { files } = await place.open();
  return sizes.map((size, n) => {
    const writer = files.begin();
    for (let at = 0; at < size; at += CHUNK_SIZE) {
      writer.append(new Uint8Array(Math.min(CHUNK_SIZE, size - at)).fill(n));
    }
    const image = n === 0 ? { width: 3, height: 2 } : { width: undefined, height: undefined };
    return writer.finish({
      id: newFileId(),
      name: `ü ${n}.png`,
      type: "image/png",
      ...image,
      owner: "alice",
      at: NOON + n,
    });
  });
}

const exported = (place: Place, files = true) =>
  [...new Export(place.database, "jsonl", undefined, files).pieces()].map(({ text }) => text).join("");

/** Imports a text. */
async function importInto(place: Place, text: string): Promise<Import> {
  await place.open();
  const all = new Import(place.database);
  await all.read(ReadableStream.from([new TextEncoder().encode(text)]), () => {});
  return all;
}

Deno.test("export: files are the same after an import, and one that is there already is skipped", async () => {
  using from = new Place();
  using to = new Place();
  const files = await stored(from, 2 * CHUNK_SIZE + 5, CHUNK_SIZE, 1);
  const text = exported(from);
  assertEquals((await importInto(to, text)).files.imported, 3);
  const { files: got } = await to.open();
  for (const [n, file] of files.entries()) {
    assertEquals(got.find(file.id), file);
    assertEquals(got.read(file.id, Math.ceil(file.size / CHUNK_SIZE) - 1)?.at(-1), n);
  }
  const again = await importInto(to, text);
  assertEquals([again.files.imported, again.files.known], [0, 3]);
  assertEquals(exported(to), text);
});

Deno.test("export: files are left out unless they are asked for", async () => {
  using place = new Place();
  await stored(place, 5);
  assertEquals(exported(place, false).includes('"file"'), false);
});

Deno.test("export: a file that is deleted meanwhile is left out by the import", async () => {
  using from = new Place();
  using to = new Place();
  const [file, other] = await stored(from, 3 * CHUNK_SIZE, 1);
  const { files } = await from.open();
  let text = "";
  for (const piece of new Export(from.database, "jsonl", undefined, true).pieces()) {
    text += piece.text;
    if (piece.text.includes('"chunk"')) files.delete(file!.id);
  }
  const { files: got } = await importInto(to, text);
  assertEquals([got.imported, (await to.open()).files.find(other!.id)?.size], [1, 1]);
});

Deno.test("import: what is not a file, or not all of it, is rejected and not stored", async () => {
  using from = new Place();
  const [file] = await stored(from, CHUNK_SIZE + 5);
  const [head, first, last, details, end] = exported(from).trimEnd().split("\n") as [
    string,
    string,
    string,
    string,
    string,
  ];
  const inputs: Record<string, string[]> = {
    'line 4: "size" is not that of the chunks before it': [
      head,
      first,
      last,
      details.replace('"size":65541', '"size":7'),
    ],
    'line 4: "bytes" follow the end of the file': [head, first, last, first],
    'line 3: "id" is not that of the chunks before it': [head, first, details.replace(file!.id, newFileId())],
    'line 2: "bytes" must be 1 to 65536 bytes in base64': [head, first.replace('"bytes":"', '"bytes":"?')],
    'line 4: "name" must be the name of a file': [head, first, last, details.replace("ü 0.png", "../a")],
    "line 4: the end of the export is missing": [head, first, last],
  };
  for (const [message, lines] of Object.entries(inputs)) {
    using to = new Place();
    await assertRejects(() => importInto(to, [...lines, ""].join("\n")), FormatError, message);
    const history = await to.open();
    while (history.runStep(() => {}));
    assertEquals([history.files.count, to.number("SELECT count(*) FROM file_chunk")], [0, 0], message);
  }
  assertEquals(end, '{"kind":"end"}');
});
