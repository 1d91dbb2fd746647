/** Runs the tests of protocols again, on a chat whose changes are made later, as in a cluster. */
import { assert } from "@std/assert";
import { delayedInTests } from "../delayed_chat.ts";

const ROOT = new URL("../../", import.meta.url);

/** What is run: all tests that have a server without sockets. */
const TESTS = ["tests/protocol", "tests/web"];

Deno.test({
  name: "protocols: their tests pass when the chat answers later",
  ignore: delayedInTests.on, // this is that run
  fn: async () => {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      cwd: ROOT,
      args: [
        "test",
        "--quiet",
        "--no-check",
        "--preload=tests/deadline.ts",
        "--preload=tests/protocol/all_delayed.ts",
        "--lock=tests/deno.lock",
        "--allow-all",
        ...TESTS,
      ],
      env: { NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    assert(success, decoder.decode(stdout).split(" ERRORS ").at(-1)! + decoder.decode(stderr));
  },
});
