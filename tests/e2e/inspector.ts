/** Asks a running program things from inside, through V8's inspector. */
import { type Form, type Program, source, within } from "./harness.ts";

/** Evaluates expressions inside a program that was started with `--inspect`. */
export class Inspector implements Disposable {
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (answer: string) => void>();
  #count = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const { id, result } = JSON.parse(data) as { id?: number; result?: { result?: { value?: unknown } } };
      if (id !== undefined) this.#answers.get(id)?.(String(result?.result?.value));
    };
  }

  static async of(program: Program): Promise<Inspector> {
    const [, url] = /(ws:\/\/\S+)/.exec(await program.logged(/Debugger listening on/))!;
    const socket = new WebSocket(url!);
    await within(new Promise((resolve) => socket.onopen = resolve), () => `Nobody answers at ${url}`);
    return new Inspector(socket);
  }

  /** What an expression comes to, or what it throws. */
  ask(expression: string): Promise<string> {
    const id = ++this.#count;
    const guarded =
      `(async () => { try { return String(await (${expression})) } catch (error) { return error.name } })()`;
    const params = { expression: guarded, awaitPromise: true, returnByValue: true };
    const answer = new Promise<string>((resolve) => this.#answers.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method: "Runtime.evaluate", params }));
    return within(answer, () => `No answer to ${expression}`);
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

/** The same, with an inspector; an executable has none. The permissions are the same, and so is what gives them up. */
export const inspected: Form = { ...source, command: source.command.toSpliced(2, 0, "--inspect=127.0.0.1:0") };
