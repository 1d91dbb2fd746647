/** A worker that comes to an end with its first batch and to none with its second: for `fuzz_test.ts`. */
const seed = Number(Deno.args[0]);
for (const batch of [seed, seed + 1]) console.log(JSON.stringify({ batch }));
while (true);
