/**
 * Returns the errors passed to `reportError` while a function runs. Unhandled, they would end the program.
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
