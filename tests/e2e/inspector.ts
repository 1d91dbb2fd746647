/** Asks a running program things from inside, through V8's inspector. */
import { type Form, type Program, source, within } from "./harness.ts";

/** What the inspector answers: a value, or an object that it remembers by an id. */
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
    await within(new Promise((resolve) => socket.onopen = resolve), () => `Nobody answers at ${url}`);
    return new Inspector(socket);
  }

  /** What an expression comes to, or what it throws. */
  async ask(expression: string): Promise<string> {
    const guarded =
      `(async () => { try { return String(await (${expression})) } catch (error) { return error.name } })()`;
    const { result } = await this.#call("Runtime.evaluate", {
      expression: guarded,
      awaitPromise: true,
      returnByValue: true,
    });
    return String(result?.value);
  }

  /**
   * What a function comes to with each object of a kind that there is in the program, wherever it keeps it, or what it
   * throws.
   *
   * @param prototype The prototype of the kind, as an expression.
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
    return within(answer, () => `No answer to ${method} of ${JSON.stringify(params)}`);
  }
}

/** The same, with an inspector; an executable has none. The permissions are the same, and so is what gives them up. */
export const inspected: Form = { ...source, command: source.command.toSpliced(2, 0, "--inspect=127.0.0.1:0") };
