/**
 * Prompts for passwords on a terminal without echo, and restores the terminal's mode afterwards, also after Ctrl-C.
 */

const BACKSPACE = "\x7f\b";
const CTRL_U = "\x15"; // deletes the line
const END = "\r\n\x04"; // Enter, or Ctrl-D

/**
 * Prompts for several secrets, one after the other. Ctrl-C ends the process with exit code 130.
 *
 * @param prompts Are written to stderr; the answers are read from stdin, which must be a terminal.
 * @returns The answers, in the same order.
 */
export async function askSecretly(...prompts: string[]): Promise<string[]> {
  const write = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));
  const restore = () => {
    Deno.removeSignalListener("SIGINT", interrupt);
    Deno.stdin.setRaw(false);
    write("\n");
  };
  const interrupt = () => {
    restore();
    Deno.exit(130);
  };
  Deno.addSignalListener("SIGINT", interrupt);
  Deno.stdin.setRaw(true, { cbreak: true }); // cbreak: Ctrl-C still sends SIGINT
  try {
    const typed = characters();
    const answers: string[] = [];
    for (const [i, prompt] of prompts.entries()) {
      write(i === 0 ? prompt : `\n${prompt}`);
      answers.push(await readSecret(typed));
    }
    return answers;
  } finally {
    restore();
  }
}

/**
 * Reads typed characters up to Enter, Ctrl-D or the end of input. Backspace deletes a whole character, also one of several
 * code points; Ctrl-U deletes all.
 *
 * @param typed Yields one code point at a time. Code points after Enter are not consumed.
 */
export async function readSecret(typed: AsyncIterator<string, void>): Promise<string> {
  let secret = "";
  for (;;) {
    const { value, done } = await typed.next();
    if (done || END.includes(value)) return secret;
    if (value === CTRL_U) secret = "";
    else if (BACKSPACE.includes(value)) secret = [...secret.normalize()].slice(0, -1).join("");
    else secret += value;
  }
}

/** Yields the code points that are typed on stdin. */
async function* characters(): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  const bytes = new Uint8Array(256);
  for (let count; (count = await Deno.stdin.read(bytes)) !== null;) {
    yield* decoder.decode(bytes.subarray(0, count), { stream: true });
  }
}
