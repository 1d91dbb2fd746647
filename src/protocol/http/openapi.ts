/** The description of the HTTP API for programs, as a file of the web port. */
import description from "./openapi.json" with { type: "json" };
import type { Asset } from "./site.ts";

/** `/openapi.json`. */
export const OPENAPI: Asset = {
  path: "/openapi.json",
  type: "application/json",
  text: `${JSON.stringify(description)}\n`,
};
