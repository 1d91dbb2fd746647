/** A worker whose second batch never ends, for `fuzz_test.ts`. */
const seed = Number(Deno.args[0]);
console.log([seed, seed + 1].map((batch) => JSON.stringify({ batch })).join("\n")); // in one write, so that no time passes between them
while (true);
