/**
 * Types of the few functions of others that tincan uses: `@std`, and a progress bar.
 *
 * They come from npm (see "imports" in deno.json), where they are plain JavaScript. What is used is declared here, by
 * hand and no wider than needed, so that the sources read as they would with JSR and are still fully typed.
 */

declare module "@std/cli/parse-args" {
  /** Flags by name; `_` holds the arguments that are none. */
  export interface Args {
    _: (string | number)[];
    [name: string]: unknown;
  }
  export interface ParseOptions {
    string?: readonly string[];
    boolean?: readonly string[];
    alias?: Record<string, string>;
    /** Called for a flag that no other option names; a falsy return value drops it. */
    unknown?: (arg: string, key?: string, value?: unknown) => unknown;
  }
  export function parseArgs(args: readonly string[], options?: ParseOptions): Args;
}

declare module "@std/streams/text-line-stream" {
  /** Splits text into lines at `\n` and `\r\n`. It holds an unfinished line without any bound: cap before it. */
  export class TextLineStream extends TransformStream<string, string> {
    constructor(options?: { allowCR?: boolean });
  }
}

declare module "@std/assert" {
  export function assert(condition: unknown, message?: string): asserts condition;
  export function assertEquals<T>(actual: T, expected: T, message?: string): void;
  export function assertNotEquals<T>(actual: T, expected: T, message?: string): void;
  export function assertStringIncludes(actual: string, expected: string, message?: string): void;
  export function assertMatch(actual: string, expected: RegExp, message?: string): void;
  export function assertThrows<E extends Error = Error>(
    fn: () => unknown,
    errorClass?: new (...args: never[]) => E, // whatever it is constructed with
    messageIncludes?: string,
    message?: string,
  ): E;
  export function assertRejects<E extends Error = Error>(
    fn: () => PromiseLike<unknown>,
    errorClass?: new (...args: never[]) => E,
    messageIncludes?: string,
    message?: string,
  ): Promise<E>;
}

declare module "cli-progress" {
  /** Where a bar is drawn. */
  export interface Terminal {
    readonly isTTY: boolean;
    readonly columns: number;
    write(text: string): unknown;
  }
  export interface BarOptions {
    /** What is shown, with names in braces: its own, such as `{bar}`, and those of the payload. */
    format: string;
    barsize: number;
    /** Whether the terminal goes on wrapping lines that are too long; then they are cut. */
    linewrap: boolean;
    /** stderr if there is none. */
    stream?: Terminal | undefined;
  }
  type Payload = Readonly<Record<string, string>>;
  export interface SingleBar {
    start(total: number, value: number, payload: Payload): void;
    setTotal(total: number): void;
    update(value: number, payload: Payload): void;
    stop(): void;
  }
  const library: { readonly SingleBar: new (options: BarOptions) => SingleBar };
  export default library;
}
