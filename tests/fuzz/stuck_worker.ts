/** A worker that comes to an end with its first batch and to none with its second: for `fuzz_test.ts`. */
const seed = Number(Deno.args[0]);
console.log([seed, seed + 1].map((batch) => JSON.stringify({ batch })).join("\n")); // at once: nothing is between them
while (true);
