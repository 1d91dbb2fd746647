/** A socket for tests: writes wait until they are taken. */
export class Pipe {
  /** What was taken, a string for each write. */
  readonly writes: string[] = [];
  #waiting: { bytes: Uint8Array; taken: PromiseWithResolvers<number> }[] = [];

  /** Writes that wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  write(bytes: Uint8Array): Promise<number> {
    const taken = Promise.withResolvers<number>();
    this.#waiting.push({ bytes, taken });
    return taken.promise;
  }

  /** Takes what waits, wholly. */
  takeAll(): void {
    for (const { bytes, taken } of this.#waiting.splice(0)) {
      this.writes.push(new TextDecoder().decode(bytes));
      taken.resolve(bytes.length);
    }
  }

  /** Fails what waits. */
  fail(): void {
    for (const { taken } of this.#waiting.splice(0)) taken.reject(new Deno.errors.ConnectionReset("gone"));
  }
}
