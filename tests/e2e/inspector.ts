/** Evaluates expressions in a running program through V8's inspector. */
import { type Form, type Program, source, within } from "./harness.ts";

/** A result of the inspector protocol: a value, or the id of a remote object. */
interface Result {
  readonly result?: { readonly value?: unknown; readonly objectId?: string };
  readonly objects?: { readonly objectId?: string };
}

/** Evaluates expressions inside a program that was started with `--inspect`. */
export class Inspector implements Disposable {
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (answer: Result) => void>();
  #count = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const { id, result } = JSON.parse(data) as { id?: number; result?: Result };
      if (id !== undefined) this.#answers.get(id)?.(result ?? {});
    };
  }

  static async of(program: Program): Promise<Inspector> {
    const [, url] = /(ws:\/\/\S+)/.exec(await program.logged(/Debugger listening on/))!;
    const socket = new WebSocket(url!);
    await within(new Promise((resolve) => socket.onopen = resolve), () => `answer of the inspector at ${url}`);
    return new Inspector(socket);
  }

  /** Returns the value of an expression as a string, or the name of the error that it throws. */
  async ask(expression: string): Promise<string> {
    const wrapped =
      `(async () => { try { return String(await (${expression})) } catch (error) { return error.name } })()`;
    const { result } = await this.#call("Runtime.evaluate", {
      expression: wrapped,
      awaitPromise: true,
      returnByValue: true,
    });
    return String(result?.value);
  }

  /**
   * Calls a function with each live object that has a prototype, and returns the results as strings, or the messages of
   * the errors that it throws.
   *
   * @param prototype An expression for the prototype.
   */
  async askEach(prototype: string, work: string): Promise<string[]> {
    const kind = await this.#call("Runtime.evaluate", { expression: prototype, awaitPromise: true });
    const found = await this.#call("Runtime.queryObjects", { prototypeObjectId: kind.result?.objectId });
    const { result } = await this.#call("Runtime.callFunctionOn", {
      objectId: found.objects?.objectId,
      functionDeclaration: `function () {
        return this.map((it) => { try { return String((${work})(it)) } catch (error) { return error.message } });
      }`,
      returnByValue: true,
    });
    return result?.value as string[];
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  #call(method: string, params: unknown): Promise<Result> {
    const id = ++this.#count;
    const answer = new Promise<Result>((resolve) => this.#answers.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params }));
    return within(answer, () => `answer to ${method} of ${JSON.stringify(params)}`);
  }
}

/** Tincan from source, with the inspector and the same permissions; a compiled executable has no inspector. */
export const inspected: Form = { ...source, command: source.command.toSpliced(2, 0, "--inspect=127.0.0.1:0") };
