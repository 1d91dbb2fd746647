/**
 * The connection of `tincan connect`: a server that is started again, registered names, and certificates.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Certificates, noCertificates } from "../certificates.ts";
import { fixedPort } from "./browser.ts";
import { test } from "./forms.ts";
import { Client, start } from "./harness.ts";
import { askIrc, Directory, joinIrc } from "./history_store.ts";
import { ClientTerminal, missing } from "./terminal_client.ts";

const PASSWORD = "correct horse battery";

test(
  "connect: after a restart of the server, what was missed is shown, and what was not confirmed is sent once",
  async (form) => {
    await using directory = await Directory.make();
    const args = ["--data", directory.path];
    const onPort = [...args, "--irc-port", String(fixedPort())];
    await using first = await start(form, onPort);
    await using alice = await ClientTerminal.connect(form, first.ircPort, "alice");
    await alice.type("before");
    await alice.shows(/ alice +before/);
    first.kill("SIGSTOP");
    await alice.type("not confirmed");
    await alice.shows("Message #lobby, or /help", / not confirmed$/m);
    await first[Symbol.asyncDispose]();
    await alice.shows(/Trying again in \d+ s\./);
    await alice.type("typed meanwhile");
    await alice.shows("Not connected. Your text stays here", "alice › typed meanwhile");
    {
      await using between = await start(form, args); // which alice does not find
      using bob = await Client.join(between.port);
      await bob.send("/nick bob", "you missed this", "/ping");
      await bob.until("-- Pong.");
      between.kill("SIGTERM");
      await between.code();
    }
    await using second = await start(form, onPort);
    assertEquals(second.ircPort, first.ircPort);
    const screen = await alice.shows(/ bob +you missed this/, "1 here", "alice › typed meanwhile");
    assertEquals(screen.filter((row) => row.includes("before")).length, 1);
    using carol = await Client.join(second.port);
    await alice.shows("2 here");
    await alice.press("Enter");
    await carol.until("<alice> typed meanwhile");
    await alice.hides("alice › typed");
    assertEquals((await alice.screen()).filter((row) => row.includes("not confirmed")).length, 1);
    assertEquals(directory.rows("#lobby").filter(({ text }) => text === "not confirmed").length, 1);
  },
  missing,
);

test("connect: /register hides the password, and the next start logs in with the stored token", async (form) => {
  await using directory = await Directory.make();
  await using config = await Directory.make();
  await using server = await start(form, ["--data", directory.path]);
  await using alice = await ClientTerminal.connect(form, server.ircPort, "alice", { config: config.path });
  await alice.type("/register");
  await alice.shows("New password for alice:");
  await alice.write(PASSWORD);
  const asked = await alice.shows("•".repeat(PASSWORD.length));
  assert(!asked.join("\n").includes("horse"), "the password is on the screen");
  await alice.press("Enter");
  const registered = await alice.shows(/registered/, "alice › Message #lobby");
  assert(!registered.join("\n").includes("horse"), "the password is on the screen");
  await alice.press("Up");
  await alice.shows("alice › /register");
  await alice.press("C-u");
  await alice.type("/quit");
  await alice.shell();
  const files = [...Deno.readDirSync(`${config.path}/tincan`)].map(({ name }) => `${config.path}/tincan/${name}`);
  assertEquals(files.length, 1);
  const [file = ""] = files;
  assertEquals(Deno.statSync(file).mode! & 0o777, 0o600);
  assert(!Deno.readTextFileSync(file).includes("horse"), "the password is in the file");
  await alice.run(`connect irc://127.0.0.1:${server.ircPort}`);
  await alice.shows("alice ›", "1 here");
  using dave = await joinIrc(server, "dave");
  const whois = await askIrc(dave, "WHOIS alice");
  assert(whois.some((line) => / 330 dave alice alice /.test(line)), whois.join("\n"));
}, missing);

test("connect: a self-signed certificate is asked for once, and a changed one is rejected", async (form) => {
  await using certificates = await Certificates.make();
  const port = String(fixedPort());
  const args = async (name: string) => {
    const { cert, key } = await certificates.issue(name);
    return ["--tls-cert", cert, "--tls-key", key, "--irc-port", port];
  };
  const argsOfFirst = await args("first");
  await using first = await start(form, argsOfFirst);
  await using alice = await ClientTerminal.open(form, { size: "120x24" });
  const connect = `connect ircs://localhost:${port} --nick alice`;
  await alice.run(connect);
  const asked = await alice.shows("(yes/no)");
  const fingerprint = /SHA256:[0-9A-F:]{95}/.exec(asked.join(""))?.[0];
  assert(fingerprint !== undefined, asked.join("\n"));
  const x509 = await new Deno.Command("openssl", {
    args: ["x509", "-in", argsOfFirst[1]!, "-noout", "-fingerprint", "-sha256"],
  }).output();
  assertMatch(new TextDecoder().decode(x509.stdout), new RegExp(fingerprint.slice("SHA256:".length)));
  await alice.type("no");
  await alice.shows("the certificate was not accepted");
  assertEquals(await alice.output("echo $?"), "1\n");
  await alice.run(connect);
  await alice.shows("(yes/no)");
  await alice.type("yes");
  await alice.shows("alice ›", "1 here");
  await alice.type("/quit");
  await alice.shell();
  await alice.type("clear");
  await alice.run(connect);
  await alice.shows("alice ›", "1 here");
  await alice.type("/quit");
  const after = await alice.shell();
  assert(!after.join("\n").includes("(yes/no)"), "asked again");
  await first[Symbol.asyncDispose]();
  await using _second = await start(form, await args("second"));
  await alice.run(connect);
  const changed = (await alice.shows(/has changed/, /known_certificates/)).join("");
  assert(changed.includes(fingerprint), changed);
  assertEquals(await alice.output("echo $?"), "1\n");
}, missing ?? noCertificates);
