/**
 * What `reportError` was given while something ran, which would have ended the program if nobody had taken note.
 */
export async function reported(run: () => void | Promise<void>): Promise<unknown[]> {
  const errors: unknown[] = [];
  const listener = (event: ErrorEvent) => {
    event.preventDefault();
    errors.push(event.error);
  };
  globalThis.addEventListener("error", listener);
  try {
    await run();
  } finally {
    globalThis.removeEventListener("error", listener);
  }
  return errors;
}
