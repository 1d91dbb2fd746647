/** The resources of the HTTP API (`docs/http-api.md`). */
import type { Api } from "./api.ts";
import { hookResource } from "./hooks.ts";
import { roomResources } from "./rooms.ts";
import type { Resource } from "./router.ts";

/** All resources. */
export function apiResources(api: Api): readonly Resource[] {
  return [...roomResources(api), hookResource(api)];
}
