import { assertEquals, assertRejects } from "@std/assert";
import { dirname } from "node:path";
import { StoreError } from "../../src/chat/store.ts";
import { type Copy, copyOf } from "../../src/history/copy.ts";

const BUSY = "it is read-only, and another program writes to it";

/** A temporary directory with the files of a database, and a record of the directories that copies are made in. */
class Original implements Disposable {
  readonly path = `${Deno.makeTempDirSync()}/tincan.db`;
  readonly copies: string[] = [];
  readonly #makeTempDir = Deno.makeTempDir;

  constructor(files: Readonly<Record<string, string>>) {
    for (const [suffix, text] of Object.entries(files)) this.write(suffix, text);
    Deno.makeTempDir = async (options) => {
      const directory = await this.#makeTempDir(options);
      this.copies.push(directory);
      return directory;
    };
  }

  /** Writes one of the files; its time of change is a number of seconds since 1970. */
  write(suffix: string, text: string, changed = 1): void {
    Deno.writeTextFileSync(`${this.path}${suffix}`, text, { mode: 0o644 });
    Deno.utimeSync(`${this.path}${suffix}`, changed, changed);
  }

  /** Which of the directories with copies still exist. */
  get left(): string[] {
    return this.copies.filter((path) => {
      try {
        return Deno.statSync(path).isDirectory;
      } catch {
        return false;
      }
    });
  }

  [Symbol.dispose](): void {
    Deno.makeTempDir = this.#makeTempDir;
    Deno.removeSync(dirname(this.path), { recursive: true });
    for (const path of this.left) Deno.removeSync(path, { recursive: true });
  }
}

/** The files in the directory of a copy, with their permissions. */
function filesOf({ path }: Copy): Record<string, string> {
  const directory = dirname(path);
  const names = [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
  return Object.fromEntries(names.map((name) => {
    const mode = (Deno.statSync(`${directory}/${name}`).mode ?? 0) & 0o777;
    return [name, `${mode.toString(8)} ${Deno.readTextFileSync(`${directory}/${name}`)}`];
  }));
}

Deno.test({
  name: "copy: it has the database and its log, readable by their owner only, and can be removed",
  ignore: Deno.build.os === "windows", // has no permission bits
  fn: async () => {
    for (
      const [files, copied] of [
        [{ "": "rows", "-wal": "log" }, { "tincan.db": "600 rows", "tincan.db-wal": "600 log" }],
        [{ "": "rows" }, { "tincan.db": "600 rows" }],
      ]
    ) {
      using original = new Original(files as Record<string, string>);
      const copy = await copyOf(original.path);
      assertEquals(filesOf(copy), copied);
      copy.remove();
      assertEquals([original.copies.length, original.left], [1, []]);
      copy.remove(); // a second call does nothing
    }
  },
});

Deno.test("copy: it is rejected and removed when another program writes to the database or its log meanwhile", async () => {
  const changes: Record<string, (original: Original) => void> = {
    "the database grows within the resolution of its time": (original) => original.write("", "rows and rows"),
    "the database is rewritten": (original) => original.write("", "ROWS", 2),
    "the log grows within the resolution of its time": (original) => original.write("-wal", "log and log"),
    "the log is rewritten": (original) => original.write("-wal", "LOG", 2),
    "the log is removed": (original) => Deno.removeSync(`${original.path}-wal`),
  };
  for (const [name, change] of Object.entries(changes)) {
    using original = new Original({ "": "rows", "-wal": "log" });
    const copying = copyOf(original.path);
    change(original);
    const error = await assertRejects(() => copying, StoreError);
    assertEquals([error.message, original.copies.length, original.left], [BUSY, 1, []], name);
  }
});

Deno.test("copy: an error names the way out, and no directory remains", async () => {
  using original = new Original({});
  const error = await assertRejects(() => copyOf(original.path), StoreError);
  assertEquals(error.message.split(":")[0], "it is read-only, and no copy can be made (TMPDIR says where)");
  assertEquals([original.copies.length, original.left], [1, []]);
});
