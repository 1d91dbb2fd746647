/**
 * Gives every test a deadline, so that a bug makes a test fail instead of hang. Loaded before each test file:
 * `deno test --preload tests/deadline.ts`, as `deno task test` does.
 *
 * A test that never yields to the event loop cannot be stopped.
 */

/** The deadline of a test, in milliseconds: three times what the slowest needs on two busy cores. */
const DEADLINE = 5 * 60_000;

type Body = (t: Deno.TestContext) => void | Promise<void>;

/** A test body that rejects at the deadline. */
function limited(body: Body): Body {
  return async (t) => {
    let timer;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`Test has not finished in ${DEADLINE / 1000} seconds`)), DEADLINE);
    });
    try {
      await Promise.race([body(t), late]);
    } finally {
      clearTimeout(timer);
    }
  };
}

/** The arguments of any overload of `Deno.test`, with the deadline added to the body. */
function withDeadline(args: readonly unknown[]): unknown[] {
  return args.map((each) => {
    if (typeof each === "function") {
      return Object.defineProperty(limited(each as Body), "name", { value: each.name });
    }
    if (typeof each === "object" && each !== null && "fn" in each) return { ...each, fn: limited(each.fn as Body) };
    return each;
  });
}

const register = Deno.test as unknown as (...args: unknown[]) => void;
Object.assign(Deno, {
  test: Object.assign((...args: unknown[]) => register(...withDeadline(args)), Deno.test),
});
