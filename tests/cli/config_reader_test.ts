/** What can be read when the rest of the disk is out of reach, and that the rest is. */
import { assertEquals, assertMatch } from "@std/assert";

/** Runs in a process of its own, as what is given up there is given up for good. */
const PROGRAM = `
import { Reader } from ${JSON.stringify(new URL("../../src/cli/config_reader.ts", import.meta.url).href)};
const [named, other] = Deno.args;
const reader = new Reader([named]);
const text = (what) => what.bytes === undefined ? what : new TextDecoder().decode(what.bytes);
const tell = async (what) => console.log(await what.then(text, (error) => error.name + ": " + error.message));
await tell(reader.read(named));
await Deno.permissions.revoke({ name: "read" });
console.log((await Deno.permissions.query({ name: "read", path: named })).state);
await tell(Deno.readTextFile(named));
await Deno.stdin.read(new Uint8Array(1)); // it is another file by now
await tell(reader.read(named));
await tell(reader.read(other));
await tell(reader.read("/etc/passwd"));
reader.close();
`;

Deno.test("the files that were named can be read anew, by way of a link that has changed, and no others", async () => {
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
  await child.stdin.close().catch(() => {}); // it is locked, and its reader has gone
  const [first, state, self, second, foreign, passwd] = out.split("\n");
  assertEquals([first, state, second], ["one", "prompt", "two"]);
  for (const refused of [self, foreign, passwd]) assertMatch(refused!, /Requires read access/);
  await Deno.remove(folder, { recursive: true });
});
