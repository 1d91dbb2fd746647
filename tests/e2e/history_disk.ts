/**
 * Small disks for tests: a mounted tmpfs of a given size.
 */
import { notInstalled } from "./harness.ts";
import { Directory } from "./history_store.ts";

/** A tmpfs of a given size, unmounted and removed on disposal. */
export class Disk extends Directory {
  /** @param size In KiB. */
  static async mount(size: number): Promise<Disk> {
    const path = await Deno.makeTempDir();
    await command("mount", "-t", "tmpfs", "-o", `size=${size}k`, "tmpfs", path);
    return new Disk(path);
  }

  /** Changes the size, in KiB. */
  async resize(size: number): Promise<void> {
    await command("mount", "-o", `remount,size=${size}k`, this.path);
  }

  /** Remounts the disk read-only. */
  async readOnly(): Promise<void> {
    await command("mount", "-o", "remount,ro", this.path);
  }

  /** Fills the disk. */
  async fill(): Promise<void> {
    using file = await Deno.open(this.file("ballast"), { create: true, append: true });
    const page = new Uint8Array(4096);
    while (true) {
      try {
        await file.write(page);
      } catch (error) {
        if ((error as { code?: string }).code !== "ENOSPC") throw error;
        return;
      }
    }
  }

  /** Removes the file that fills the disk. */
  async free(): Promise<void> {
    await Deno.remove(this.file("ballast"));
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    // Lazily: a child process that another test is spawning holds our open files until it calls exec.
    await command("umount", "--lazy", this.path);
    await Deno.remove(this.path);
  }
}

/** The reason why a tmpfs cannot be mounted here, or undefined. */
export const noDisk: string | undefined = await findReason();

async function findReason(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "needs Linux";
  const missing = notInstalled("mount", "umount");
  if (missing !== undefined) return missing;
  if (Deno.uid() !== 0) return "needs root";
  try {
    await using _disk = await Disk.mount(64);
  } catch {
    return "needs permission to mount";
  }
}

async function command(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(`Cannot ${program}: ${new TextDecoder().decode(stderr).trim()}`);
}
