/**
 * Asks on a terminal for what nobody is to see: what is typed is not shown, and the terminal is as it was afterwards,
 * whatever ends it.
 */

const BACKSPACE = "\x7f\b";
const CTRL_U = "\x15"; // takes back all
const END = "\r\n\x04"; // Enter, or Ctrl-D

/**
 * Asks on stdin one thing after the other, and returns what was typed. Ctrl-C ends the process.
 *
 * @param questions Are shown on stderr.
 */
export async function askSecretly(...questions: string[]): Promise<string[]> {
  const say = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));
  const restore = () => {
    Deno.removeSignalListener("SIGINT", interrupt);
    Deno.stdin.setRaw(false);
    say("\n");
  };
  const interrupt = () => {
    restore();
    Deno.exit(130);
  };
  Deno.addSignalListener("SIGINT", interrupt);
  Deno.stdin.setRaw(true, { cbreak: true }); // Ctrl-C is a signal still
  try {
    const typed = characters();
    const answers: string[] = [];
    for (const [i, question] of questions.entries()) {
      say(i === 0 ? question : `\n${question}`);
      answers.push(await readSecret(typed));
    }
    return answers;
  } finally {
    restore();
  }
}

/**
 * Puts together what somebody types, until Enter. Backspace takes back a whole character, however many bytes it has.
 *
 * @param typed One character each time. What is behind Enter is left there.
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

/** What is typed, as it comes. */
async function* characters(): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  const bytes = new Uint8Array(256);
  for (let count; (count = await Deno.stdin.read(bytes)) !== null;) {
    yield* decoder.decode(bytes.subarray(0, count), { stream: true });
  }
}
