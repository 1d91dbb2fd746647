/** Tests of what the client stores. */
import { assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { CertificateFile, configDirectory, Settings } from "../../src/client/settings.ts";

/** Runs a test in a temporary directory. */
function test(name: string, body: (directory: string) => void): void {
  Deno.test(name, async () => {
    const directory = await Deno.makeTempDir();
    try {
      body(join(directory, "tincan"));
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}

const mode = (path: string) => (Deno.statSync(path).mode! & 0o777).toString(8);

Deno.test("settings: the directory is that of the system", () => {
  const env = (values: Record<string, string>) => (name: string) => values[name];
  assertEquals(configDirectory(env({ HOME: "/home/a" }), "linux"), "/home/a/.config/tincan");
  assertEquals(configDirectory(env({ HOME: "/Users/a" }), "darwin"), "/Users/a/.config/tincan");
  assertEquals(configDirectory(env({ HOME: "/home/a", XDG_CONFIG_HOME: "/x" }), "linux"), "/x/tincan");
  assertEquals(configDirectory(env({ HOME: "/home/a", XDG_CONFIG_HOME: "x" }), "linux"), "/home/a/.config/tincan");
  assertMatch(configDirectory(env({ APPDATA: "C:\\a" }), "windows")!, /^C:\\a.tincan$/);
  assertEquals(configDirectory(env({}), "linux"), undefined);
});

test("settings: values are stored per server, in files that only the user can read", (directory) => {
  const settings = Settings.of(directory, "chat.example:7000");
  assertEquals(settings.getItem("nick"), null);
  settings.setItem("nick", "alice");
  settings.setItem("token", "secret");
  assertEquals(Settings.of(directory, "CHAT.example:7000").getItem("nick"), "alice");
  assertEquals(Settings.of(directory, "chat.example").getItem("nick"), null);
  settings.removeItem("token");
  assertEquals(Settings.of(directory, "chat.example:7000").getItem("token"), null);
  assertEquals([mode(directory), mode(settings.path!)], ["700", "600"]);
  assertEquals([...Deno.readDirSync(directory)].map(({ name }) => name), ["server-chat.example%3A7000.json"]);
});

test("settings: two clients of a server keep each other's values", (directory) => {
  const [one, other] = [Settings.of(directory, "a"), Settings.of(directory, "a")];
  one.setItem("nick", "alice");
  other.setItem("rooms", "[]");
  const last = Settings.of(directory, "a");
  assertEquals([last.getItem("nick"), last.getItem("rooms")], ["alice", "[]"]);
});

test("settings: a file that others could read is corrected", (directory) => {
  const settings = Settings.of(directory, "a");
  settings.setItem("nick", "alice");
  Deno.chmodSync(settings.path!, 0o644);
  assertEquals(Settings.of(directory, "a").getItem("nick"), "alice");
  assertEquals(mode(settings.path!), "600");
});

test("settings: a damaged file is said, and not overwritten", (directory) => {
  const { path } = Settings.of(directory, "a");
  Deno.mkdirSync(directory);
  for (const text of ["", "{", "[]", "null", '{"nick":1}', "\0\0"]) {
    Deno.writeTextFileSync(path!, text);
    const settings = Settings.of(directory, "a");
    assertMatch(settings.problem ?? "", /^The settings in .*server-a\.json are damaged: .*\. Nothing is stored/, text);
    settings.setItem("nick", "alice");
    assertEquals([settings.getItem("nick"), Deno.readTextFileSync(path!)], ["alice", text]);
  }
});

test("settings: values that are too long for the file are kept in memory", (directory) => {
  const settings = Settings.of(directory, "a");
  settings.setItem("nick", "alice");
  settings.setItem("read", "x".repeat(5_000_000)); // a server can have long names of rooms
  assertMatch(settings.problem ?? "", /^Cannot store the settings in .*: it would have more than \d+ bytes\.$/);
  const next = Settings.of(directory, "a");
  assertEquals([next.problem, next.getItem("nick"), next.getItem("read")], [undefined, "alice", null]);
});

test("settings: a directory that cannot be written is said, and the value is kept in memory", (directory) => {
  Deno.writeTextFileSync(directory, "a file");
  const settings = Settings.of(directory, "a");
  settings.setItem("nick", "alice");
  assertMatch(settings.problem ?? "", /settings/);
  assertEquals(settings.getItem("nick"), "alice");
  assertEquals(Deno.readTextFileSync(directory), "a file");
});

test("known certificates: a certificate is known by server, and from other ports of the host", (directory) => {
  const file = new CertificateFile(directory);
  assertEquals(file.find("a:6697"), undefined);
  file.add("a:6697", "SHA256:AA");
  file.add("[::1]:6697", "SHA256:BB");
  const again = new CertificateFile(directory);
  assertEquals(again.find("a:6697"), { fingerprint: "SHA256:AA", line: 1 });
  assertEquals(again.find("[::1]:6697"), { fingerprint: "SHA256:BB", line: 2 });
  assertEquals(again.find("a:669"), undefined);
  assertEquals([again.isKnownAt("A", "SHA256:AA"), again.isKnownAt("a", "SHA256:BB")], [true, false]);
  assertEquals(again.isKnownAt("::1", "SHA256:BB"), true);
  assertEquals([mode(directory), mode(again.path)], ["700", "600"]);
});

test("known certificates: lines that are not understood stay", (directory) => {
  Deno.mkdirSync(directory);
  const path = join(directory, "known_certificates");
  Deno.writeTextFileSync(path, "# mine\n\nbroken\na:1 SHA256:AA\n");
  const file = new CertificateFile(directory);
  file.add("b:1", "SHA256:BB");
  assertEquals(Deno.readTextFileSync(path), "# mine\n\nbroken\na:1 SHA256:AA\nb:1 SHA256:BB\n");
  assertNotEquals(file.find("a:1"), undefined);
  assertEquals(file.find("b:1")?.line, 5);
});

test("known certificates: two clients keep each other's lines", (directory) => {
  const [one, other] = [new CertificateFile(directory), new CertificateFile(directory)];
  one.add("a:1", "SHA256:AA");
  other.add("b:1", "SHA256:BB");
  const last = new CertificateFile(directory);
  assertEquals([last.find("a:1")?.line, last.find("b:1")?.line], [1, 2]);
});

test("known certificates: one that cannot be stored is known until the end", (directory) => {
  const file = new CertificateFile(directory);
  Deno.writeTextFileSync(directory, "a file");
  assertThrows(() => file.add("a:1", "SHA256:AA"));
  assertEquals(file.find("a:1")?.fingerprint, "SHA256:AA");
});
