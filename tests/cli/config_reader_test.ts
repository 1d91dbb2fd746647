import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { ConfigReader, FILE_MAX } from "../../src/cli/config_reader.ts";
import { FakeTimers } from "../fake_timers.ts";

/** Runs in a process of its own, as a revoked permission cannot be granted again. */
const PROGRAM = `
import { ConfigReader } from ${JSON.stringify(new URL("../../src/cli/config_reader.ts", import.meta.url).href)};
const [named, other] = Deno.args;
const reader = new ConfigReader([named]);
const text = (content) => content.bytes === undefined ? content : new TextDecoder().decode(content.bytes);
const print = async (reading) => console.log(await reading.then(text, (error) => error.name + ": " + error.message));
await print(reader.read(named));
await Deno.permissions.revoke({ name: "read" });
console.log((await Deno.permissions.query({ name: "read", path: named })).state);
await print(Deno.readTextFile(named));
await Deno.stdin.read(new Uint8Array(1)); // until the test has replaced the link
await print(reader.read(named));
await print(reader.read(other));
await print(reader.read("/etc/passwd"));
reader.close();
`;

Deno.test("config reader: it reads the given files, also through a changed link, and no others when the read permission is revoked", async () => {
  const folder = await Deno.makeTempDir();
  const [named, other] = [`${folder}/named`, `${folder}/other`];
  await Deno.writeTextFile(`${folder}/one`, "one");
  await Deno.writeTextFile(`${folder}/two`, "two");
  await Deno.writeTextFile(other, "other");
  await Deno.symlink(`${folder}/one`, named);
  await Deno.writeTextFile(`${folder}/program.ts`, PROGRAM);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--unstable-worker-options", "--allow-read", `${folder}/program.ts`, named, other],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  let out = "";
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const bytes of child.stdout) {
      const before = out.split("\n").length;
      out += decoder.decode(bytes);
      if (before > 3 || out.split("\n").length <= 3) continue;
      await Deno.remove(named);
      await Deno.symlink(`${folder}/two`, named);
      await child.stdin.getWriter().write(new Uint8Array([10]));
    }
  })();
  assertEquals((await child.status).code, 0);
  await reading;
  await child.stdin.close().catch(() => {}); // it is locked, and its reader has ended
  const [first, state, direct, second, unnamed, passwd] = out.split("\n");
  assertEquals([first, state, second], ["one", "prompt", "two"]);
  for (const denied of [direct, unnamed, passwd]) assertMatch(denied!, /Requires read access/);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("config reader: a file at the limit is read, and what is no file or too large is rejected with the reason", async () => {
  const folder = await Deno.makeTempDir();
  const [largest, larger, missing] = ["largest", "larger", "missing"].map((name) => `${folder}/${name}`);
  await Deno.writeFile(largest!, new Uint8Array(FILE_MAX));
  await Deno.writeFile(larger!, new Uint8Array(FILE_MAX + 1));
  const reader = new ConfigReader([folder, largest!, larger!, missing!]);
  try {
    assertEquals((await reader.read(largest!)).bytes.length, FILE_MAX);
    await assertRejects(() => reader.read(larger!), Error, `it has more than ${FILE_MAX} bytes`);
    await assertRejects(() => reader.read(folder), Error, "it is a directory");
    await assertRejects(() => reader.read(missing!), Deno.errors.NotFound);
  } finally {
    reader.close();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name: "config reader: a file that Deno opens for programs with all permissions only is named as what it is",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const reader = new ConfigReader(["/proc/self/environ"]);
    try {
      await assertRejects(() => reader.read("/proc/self/environ"), Error, "it is not a file on a disk");
    } finally {
      reader.close();
    }
  },
});

Deno.test({
  name: "config reader: a device, and a pipe with more than the limit, are rejected without reading them to the end",
  ignore: Deno.build.os === "windows",
  async fn() {
    const pipe = `${await Deno.makeTempDir()}/pipe`;
    assert((await new Deno.Command("mkfifo", { args: [pipe] }).output()).success);
    const reader = new ConfigReader(["/dev/zero", pipe]);
    try {
      await assertRejects(() => reader.read("/dev/zero"), Error, "it is a device");
      const writer = new Deno.Command("sh", { args: ["-c", `head -c ${FILE_MAX + 1} /dev/zero > "$0"`, pipe] })
        .output();
      await assertRejects(() => reader.read(pipe), Error, `it has more than ${FILE_MAX} bytes`);
      await writer;
    } finally {
      reader.close();
      await Deno.remove(pipe);
    }
  },
});

Deno.test({
  name:
    "config reader: a pipe without a writer is rejected after ten seconds, and no timer is left after a file was read",
  ignore: Deno.build.os === "windows",
  async fn() {
    using timers = new FakeTimers(10_000);
    const folder = await Deno.makeTempDir();
    const [file, pipe] = [`${folder}/file`, `${folder}/pipe`];
    await Deno.writeTextFile(file, "text");
    assert((await new Deno.Command("mkfifo", { args: [pipe] }).output()).success);
    const reader = new ConfigReader([file, pipe]);
    try {
      assertEquals((await reader.read(file)).bytes.length, 4);
      assertEquals(timers.size, 0);
      const rejected = assertRejects(() => reader.read(pipe), Error, "it takes too long to read");
      timers.pass(10_000);
      await rejected;
      (await Deno.open(pipe, { write: true })).close(); // the worker waits for a writer
    } finally {
      reader.close();
      await Deno.remove(folder, { recursive: true });
    }
  },
});
