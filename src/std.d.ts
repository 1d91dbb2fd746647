/**
 * Type declarations for the functions of `@std` and `cli-progress` that tincan uses.
 *
 * The npm packages (see "imports" in `deno.json`) are JavaScript without types. These declarations are written by hand, and
 * cover only what is used.
 */

declare module "@std/cli/parse-args" {
  /** The values of flags by name; `_` holds all other arguments. */
  export interface Args {
    _: (string | number)[];
    [name: string]: unknown;
  }
  export interface ParseOptions {
    string?: readonly string[];
    boolean?: readonly string[];
    alias?: Record<string, string>;
    /** Called for each flag that no other option names, and for each argument; a falsy return value drops it. */
    unknown?: (arg: string, key?: string, value?: unknown) => unknown;
  }
  export function parseArgs(args: readonly string[], options?: ParseOptions): Args;
}

declare module "@std/bytes/concat" {
  /** Returns the bytes of all arrays, in order. */
  export function concat(buffers: readonly Uint8Array[]): Uint8Array<ArrayBuffer>;
}

declare module "@std/http/etag" {
  /** Whether no entity tag in an `If-None-Match` field matches `etag`, by weak comparison (RFC 9110, section 13.1.2). */
  export function ifNoneMatch(value: string | null, etag: string | undefined): boolean;
}

declare module "@std/http/negotiation" {
  /**
   * Returns which of `encodings` a request prefers by `Accept-Encoding` (RFC 9110, section 12.5.3), or `undefined` if it
   * accepts none of them. Without the field, or if it is empty, returns the first one.
   */
  export function acceptsEncodings(request: Pick<Request, "headers">, ...encodings: string[]): string | undefined;
}

declare module "@std/streams/text-line-stream" {
  /** Splits text into lines at `\n` and `\r\n`. It buffers an unfinished line without limit: limit its input. */
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
    errorClass?: new (...args: never[]) => E, // any parameters
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
  /** The terminal that a bar is drawn on. */
  export interface Terminal {
    readonly isTTY: boolean;
    readonly columns: number;
    write(text: string): unknown;
  }
  export interface BarOptions {
    /** The line, with placeholders in braces: built-in ones such as `{bar}`, and the keys of the payload. */
    format: string;
    barsize: number;
    /** Whether the terminal keeps wrapping long lines; then the library truncates them. */
    linewrap: boolean;
    /** stderr by default. */
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
