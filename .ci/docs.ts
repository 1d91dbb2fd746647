/**
 * Updates the generated part of `docs/configuration.md`: `deno task docs`.
 */
import { withFlagReference } from "../src/cli/flag_reference.ts";

const file = new URL("../docs/configuration.md", import.meta.url);
await Deno.writeTextFile(file, withFlagReference(await Deno.readTextFile(file)));
