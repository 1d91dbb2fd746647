/**
 * Disks that are soon full: a little memory, mounted.
 */
import { notInstalled } from "./harness.ts";
import { Directory } from "./history_store.ts";

/** A disk of a given size; it is gone with all that is on it. */
export class Disk extends Directory {
  /** @param size In KiB. */
  static async mount(size: number): Promise<Disk> {
    const path = await Deno.makeTempDir();
    await command("mount", "-t", "tmpfs", "-o", `size=${size}k`, "tmpfs", path);
    return new Disk(path);
  }

  /** Makes it larger, or smaller. */
  async resize(size: number): Promise<void> {
    await command("mount", "-o", `remount,size=${size}k`, this.path);
  }

  /** Lets nothing more be written to it. */
  async readOnly(): Promise<void> {
    await command("mount", "-o", "remount,ro", this.path);
  }

  /** Leaves no room on it. */
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

  /** Takes away what fills it. */
  async free(): Promise<void> {
    await Deno.remove(this.file("ballast"));
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    // As soon as nobody uses it: what another test is just starting has all files open that we had, until it runs.
    await command("umount", "--lazy", this.path);
    await Deno.remove(this.path);
  }
}

/** Why there can be no such disk here, if so. */
export const noDisk: string | undefined = await whyNone();

async function whyNone(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "takes Linux";
  const missing = notInstalled("mount", "umount");
  if (missing !== undefined) return missing;
  if (Deno.uid() !== 0) return "takes root";
  try {
    await using _disk = await Disk.mount(64);
  } catch {
    return "takes the right to mount";
  }
}

async function command(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(`Cannot ${program}: ${new TextDecoder().decode(stderr).trim()}`);
}
