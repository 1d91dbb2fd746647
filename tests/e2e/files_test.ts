/**
 * Uploads of files, with curl, as people and scripts send them: by token, to rooms, empty, too large, cut off and on a full
 * disk.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { png } from "../files/samples.ts";
import { test } from "./forms.ts";
import { Client, start } from "./harness.ts";
import { RESERVE_SIZE } from "../../src/history/disk_reserve.ts";
import { Disk, noDisk } from "./history_disk.ts";
import { Directory, eventually, joinIrc } from "./history_store.ts";
import { makeTokens, missingCurl } from "./http_api.ts";

/** Runs curl; returns the status, the fields and the body of the last response. */
async function curl(...args: string[]): Promise<{ status: number; head: string; body: string }> {
  const { stdout } = await new Deno.Command("curl", { args: ["-s", "-i", "--max-time", "60", ...args] }).output();
  const text = new TextDecoder().decode(stdout).replace(/^(?:HTTP\/1\.1 100 Continue\r\n\r\n)+/, "");
  const end = text.indexOf("\r\n\r\n");
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), head: text.slice(0, end), body: text.slice(end + 4) };
}

/** How many files and chunks are in the database. */
function counts(directory: Directory): string {
  const sql = "SELECT (SELECT count(*) FROM file) || ' ' || (SELECT count(*) FROM file_chunk) AS counts";
  return directory.query<{ counts: string }>(sql)[0]!.counts;
}

test("files: curl uploads a picture to a room by a token, and all its members get the link", async (form) => {
  await using directory = await Directory.make();
  await using server = await start(form, ["--data", directory.path]);
  const { token } = await makeTokens(server, "alice", "#lobby");
  using bob = await Client.join(server.port);
  using irc = await joinIrc(server, "carol");
  await irc.send("JOIN #lobby");
  await irc.until(/ 366 /);
  const file = `${directory.path}/photo one.png`;
  await Deno.writeFile(file, png(300, 200));
  const site = `http://127.0.0.1:${server.webPort}`;
  const bearer = `Authorization: Bearer ${token}`;
  const { status, head, body } = await curl("-H", bearer, "-T", file, `${site}/rooms/lobby/files/`);
  assertEquals(status, 201, body);
  const { url, path, width, height } = JSON.parse(body);
  assertMatch(path, /^\/f\/[\w-]{22}\/300x200\/photo%20one\.png$/);
  assertEquals([url, width, height], [site + path, 300, 200]);
  assert(head.includes(`location: ${url}`));
  assertEquals(await bob.until(/\/f\//), `<alice> ${url}`);
  assertMatch(await irc.until(/PRIVMSG #lobby :http/), /^:alice!/);
  const got = await fetch(url);
  assertEquals([got.headers.get("content-type"), await got.bytes()], ["image/png", png(300, 200)]);

  // Without a name in the URL, by POST, with the password, and not to a room.
  const basic = ["-u", "alice:open-sesame"];
  assertEquals((await curl(...basic, "-T", file, `${site}/rooms/%23lobby/files`)).status, 201);
  await bob.until(/300x200\/file\.png$/);
  assertEquals((await curl(...basic, "--data-binary", `@${file}`, `${site}/files`)).status, 201);
  assertEquals((await curl("-H", bearer, "-T", file, `${site}/rooms/nowhere/files/`)).status, 404);
  assertEquals((await curl("-T", file, `${site}/rooms/lobby/files/`)).status, 401);
  assertEquals((await curl("-u", "alice:wrong", "-T", file, `${site}/files/`)).status, 401);
}, missingCurl);

test("files: an upload that is empty, too large, or cut off is not stored, and the chat goes on", async (form) => {
  await using directory = await Directory.make();
  await using server = await start(form, ["--data", directory.path, "--uploads", "everyone", "--max-file", "300KiB"]);
  const site = `http://127.0.0.1:${server.webPort}`;
  const [empty, large] = [`${directory.path}/empty`, `${directory.path}/large`];
  await Deno.writeFile(empty, new Uint8Array());
  await Deno.writeFile(large, new Uint8Array(301 * 1024));
  const { status, body } = await curl("-T", empty, `${site}/files/`);
  assertEquals([status, JSON.parse(body).detail], [400, "The file is empty: it needs at least one byte."]);
  for (const fields of [[], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect:"]]) {
    const { status, head, body } = await curl(...fields, "-T", large, `${site}/files/`);
    assertEquals([status, JSON.parse(body).status], [413, 413], fields.join());
    assertMatch(head, /content-type: application\/problem\+json/);
  }
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.webPort });
  const head = `PUT /files/half HTTP/1.1\r\nHost: 127.0.0.1:${server.webPort}\r\nContent-Length: 200000\r\n\r\n`;
  await connection.write(new TextEncoder().encode(head));
  await connection.write(new Uint8Array(150_000));
  connection.close();
  using bob = await Client.join(server.port);
  await bob.send("still here?");
  await bob.until(/still here/);
  await eventually("removal of the unfinished upload", () => counts(directory) === "0 0");
}, missingCurl);

test("files: a server that crashed during an upload removes its chunks when it starts", async (form) => {
  await using directory = await Directory.make();
  const args = ["--data", directory.path, "--uploads", "everyone"];
  const server = await start(form, args);
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.webPort });
  const head = `PUT /files/half HTTP/1.1\r\nHost: 127.0.0.1:${server.webPort}\r\nContent-Length: 2000000\r\n\r\n`;
  await connection.write(new TextEncoder().encode(head));
  await connection.write(new Uint8Array(500_000));
  await eventually("the first chunks of the upload", () => /^0 [1-9]/.test(counts(directory)));
  await server[Symbol.asyncDispose]();
  connection.close();
  assertMatch(counts(directory), /^0 [1-9]/);
  await using _again = await start(form, args);
  await eventually("removal of the chunks", () => counts(directory) === "0 0");
});

test(
  "files: an upload that fills the disk is rejected and removed, and messages are stored as before",
  async (form) => {
    await using disk = await Disk.mount(12 * 1024);
    await using server = await start(form, ["--data", disk.path, "--uploads", "everyone"]);
    await using elsewhere = await Directory.make();
    const reserve = () => Deno.statSync(disk.file("tincan.lock")).size;
    await eventually("the reserve is taken", () => reserve() === RESERVE_SIZE);
    const file = `${elsewhere.path}/large`;
    await Deno.writeFile(file, new Uint8Array(9 * 2 ** 20));
    const { status, body } = await curl("-T", file, `http://127.0.0.1:${server.webPort}/files/`);
    assertEquals([status, JSON.parse(body).detail], [507, "The file cannot be stored: the disk is full."]);
    using bob = await Client.join(server.port);
    using carol = await Client.join(server.port);
    await bob.send("still here");
    await carol.until(/^<\w+> still here$/);
    await eventually("removal of its chunks", () => counts(disk) === "0 0");
  },
  missingCurl ?? noDisk,
);

test("files: an IRC client gets the address for uploads, and their rules", async (form) => {
  await using directory = await Directory.make();
  const url = "https://chat.example.org";
  await using server = await start(form, ["--data", directory.path, "--public-url", url, "--max-file", "1MiB"]);
  using irc = new Client(await Deno.connect({ port: server.ircPort }));
  await irc.send("NICK carol", "USER carol 0 * :carol");
  assertMatch(
    await irc.until(/UPLOADS=/),
    / draft\/FILEHOST=https:\/\/chat\.example\.org\/files soju\.im\/FILEHOST=\S+\/files UPLOADS=accounts:1048576 /,
  );
  const options = await fetch(`http://127.0.0.1:${server.webPort}/files`, { method: "OPTIONS" });
  assertEquals([options.status, options.headers.get("accept-post")], [204, "*/*"]);
  await using memory = await start(form, ["--public-url", url]);
  using other = new Client(await Deno.connect({ port: memory.ircPort }));
  await other.send("NICK carol", "USER carol 0 * :carol", "PING end");
  await other.until(/ PONG /);
  assert(!/FILEHOST|UPLOADS/.test(other.received)); // without --data, there are no uploads
});

for (const [name, flags] of [["without --data", []], ["with --uploads off", ["--uploads", "off", "--data"]]] as const) {
  test(`files: a server ${name} rejects uploads`, async (form) => {
    await using directory = await Directory.make();
    await using server = await start(form, flags.length === 0 ? [] : [...flags, directory.path]);
    const site = `http://127.0.0.1:${server.webPort}`;
    const file = `${directory.path}/photo.png`;
    await Deno.writeFile(file, png(300, 200));
    for (const args of [["-T", file, `${site}/rooms/lobby/files/`], ["--data-binary", `@${file}`, `${site}/files`]]) {
      const { status, body } = await curl(...args);
      assertEquals([status, JSON.parse(body).title], [404, "No uploads"]);
    }
  }, missingCurl);
}
