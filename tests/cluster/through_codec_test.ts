/** Checks that commands have the same effect when they have been encoded and decoded: see `through_codec.ts`. */
import { assert } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

/** Tests that together give all commands. */
const FILES = [
  "accounts/directory",
  "chat/always_on",
  "chat/chat_properties",
  "chat/hub",
  "chat/ignore_lists",
  "chat/mutes",
  "chat/room_admin",
  "chat/room_bans",
  "chat/scope",
  "chat/sessions",
];

Deno.test("cluster: tests of the chat pass when every command has gone through its encoding", async () => {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "--no-check",
      "--preload=tests/cluster/through_codec.ts",
      "--lock=tests/deno.lock",
      "--allow-all",
      ...FILES.map((name) => `tests/${name}_test.ts`),
    ],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
  assert(success, text.slice(text.indexOf(" ERRORS ")));
});
