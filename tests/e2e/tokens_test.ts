/**
 * Accounts without a server: `tincan token` and `tincan passwd --account`, and the tokens in the server that follows.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "./forms.ts";
import { Client, type Form, run, start } from "./harness.ts";
import { Directory } from "./history_store.ts";

const PASSWORD = "open sesame";

/** Runs a command on a directory. Returns its exit code and all that it has printed. */
async function tincan(form: Form, directory: Directory, words: string, input?: string): Promise<[number, string]> {
  const { code, stdout, stderr } = await run(form, [...words.split(" "), "--data", directory.path], {}, input);
  return [code, stdout + stderr];
}

/** Registers alice over the text protocol. */
async function register(form: Form, directory: Directory): Promise<void> {
  await using server = await start(form, ["--data", directory.path]);
  using client = await Client.join(server.port);
  await client.send("/nick alice", "/register");
  await client.until(/-- New password, please:$/); // telnet commands precede it
  await client.send(PASSWORD);
  await client.until(/-- Once more, please:$/);
  await client.send(PASSWORD);
  await client.until(/^-- alice is now registered/);
}

test("tokens: they are made, listed and revoked without a server, and log in to the next one", async (form) => {
  await using directory = await Directory.make();
  await register(form, directory);
  const [code, made] = await tincan(form, directory, "token add ALICE build bot read");
  assertEquals(code, 0);
  assertMatch(made, /^tincan_[\w-]{43}\n$/);
  await tincan(form, directory, "token add alice other");
  await using server = await start(form, ["--data", directory.path]);
  using bot = await Client.join(server.port);
  await bot.send(`/login alice ${made.trim()}`);
  await bot.until(/^-- You are logged in as alice\./);
  await bot.send("may I?");
  await bot.until(/^-- Your token permits you to read, but not to write\./);
  const [, list] = await tincan(form, directory, "token list alice"); // it only reads
  assertMatch(list, /^1: build bot \(read only\), last used .*\n2: other, last used .*\n$/);
  for (const words of ["token add alice more", "token revoke alice 1"]) {
    const [rejected, why] = await tincan(form, directory, words);
    assertEquals(rejected, 1);
    assert(why.endsWith(": another tincan uses it\n"), why);
  }
  await server[Symbol.asyncDispose]();
  assertEquals(await tincan(form, directory, "token revoke alice 1"), [0, "build bot is signed out\n"]);
  const [missing, why] = await tincan(form, directory, "token revoke alice 1");
  assertEquals([missing, why.includes("there is no token with this number")], [1, true]);
});

test("tokens: one for a room logs in to the room after it was renamed, with and without --data", async (form) => {
  await using directory = await Directory.make();
  for (const flags of [[], ["--data", directory.path]]) {
    await using server = await start(form, flags);
    using alice = await Client.join(server.port);
    await alice.send("/nick alice", `/register ${PASSWORD}`);
    await alice.until(/^-- alice is now registered/);
    await alice.send("/join #tea", "/devices add bot #tea");
    const token = await alice.until(/^tincan_/);
    await alice.send("/rename #coffee");
    await alice.until(/#coffee/);
    using bot = await Client.join(server.port);
    await bot.send(`/login alice ${token}`);
    await bot.until(/^-- You are in #coffee with 1 other/);
    await bot.send("/join #tea");
    await bot.until(/^-- Your token is for #coffee alone\./);
  }
});

test("passwd: --account sets the password of an account without a server, and signs its devices out", async (form) => {
  await using directory = await Directory.make();
  await register(form, directory);
  const [, made] = await tincan(form, directory, "token add alice laptop");
  assertEquals(await tincan(form, directory, "passwd --account ALICE", "close sesame\n"), [
    0,
    "The password of alice is changed. Its devices and bots are signed out.\n",
  ]);
  assertEquals((await tincan(form, directory, "passwd --account bob", "close sesame\n"))[0], 1);
  await using server = await start(form, ["--data", directory.path]);
  const [rejected, why] = await tincan(form, directory, "passwd --account alice", "third sesame\n");
  assertEquals(rejected, 1);
  assert(why.endsWith(": another tincan uses it\n"), why);
  using client = await Client.join(server.port);
  for (
    const [secret, reply] of [[PASSWORD, "Wrong password."], [made.trim(), "Wrong password."], [
      "close sesame",
      "You are logged in as alice.",
    ]]
  ) {
    await client.send(`/login alice ${secret}`);
    await client.until(`-- ${reply}`);
  }
});
