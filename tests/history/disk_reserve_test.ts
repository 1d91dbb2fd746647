/** Tests of the space on the disk that is given back when an upload has filled it. */
import { assertEquals } from "@std/assert";
import { DiskReserve, RESERVE_SIZE, type ReserveFile } from "../../src/history/disk_reserve.ts";

/** A file on a disk that has only so much space for it. */
class SmallDisk implements ReserveFile {
  size = 0;
  space = Infinity;
  #at = 0;

  seekSync(offset: number | bigint): number {
    return this.#at = Number(offset);
  }

  writeSync(bytes: Uint8Array): number {
    const written = Math.min(bytes.length, 100_000, this.space - this.#at);
    if (written <= 0) throw new Error("No space left on device");
    this.#at += written;
    this.size = Math.max(this.size, this.#at);
    return written;
  }

  truncateSync(size = 0): void {
    this.size = size;
  }
}

Deno.test("disk reserve: it is taken in steps, once", () => {
  const disk = new SmallDisk();
  const reserve = new DiskReserve(disk);
  let steps = 1;
  while (reserve.runStep()) steps++;
  assertEquals([steps, disk.size, reserve.size], [16, RESERVE_SIZE, RESERVE_SIZE]);
  assertEquals([reserve.runStep(), disk.size], [false, RESERVE_SIZE]);
});

Deno.test("disk reserve: what was given back is taken again after a minute", () => {
  const disk = new SmallDisk();
  let now = 0;
  const reserve = new DiskReserve(disk, () => now);
  while (reserve.runStep());
  reserve.release();
  assertEquals([disk.size, reserve.runStep(), disk.size], [0, false, 0]);
  now = 60_000;
  while (reserve.runStep());
  assertEquals(disk.size, RESERVE_SIZE);
});

Deno.test("disk reserve: nothing is taken while the disk has not enough space for all of it", () => {
  const disk = new SmallDisk();
  disk.space = RESERVE_SIZE - 1;
  let now = 0;
  const reserve = new DiskReserve(disk, () => now);
  while (reserve.runStep());
  assertEquals([disk.size, reserve.size], [0, 0]);
  disk.space = Infinity;
  now = 60_000;
  while (reserve.runStep());
  assertEquals(disk.size, RESERVE_SIZE);
});
