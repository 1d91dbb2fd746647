/** Finds the resource of the HTTP API (`docs/http-api.md`) for the path of a request. */
import type { HttpAnswer, HttpClient } from "../../transport/connection.ts";
import { problemResponse } from "../../util/problem.ts";

/** The methods that resources can have. A resource with GET has HEAD, too. */
export type Method = "GET" | "POST" | "PUT" | "DELETE" | "OPTIONS";

/** A request to a resource. */
export interface Call {
  readonly request: Request;
  readonly url: URL;
  /** The decoded segments of the path that stand for `{name}`s in that of the resource, by name. */
  readonly params: Readonly<Record<string, string>>;
  readonly client: HttpClient;
}

/** Answers a request with one method. */
export interface Operation {
  /** The maximum length of the body in bytes. None is accepted, unless given. */
  readonly bodyLimit?: number;
  /** Errors are the caller's: a failed read of the body may be passed on. */
  readonly answer: (call: Call) => HttpAnswer | Promise<HttpAnswer>;
}

/** A path with its operations. */
export interface Resource {
  /** Such as `/rooms/{name}/stream`. A segment in braces stands for any one that is not empty. */
  readonly path: string;
  readonly operations: Readonly<Partial<Record<Method, Operation>>>;
  /** Whether pages of other sites may link to it. They may not, unless given. */
  readonly public?: boolean;
}

/** A resource with the segments of its path. */
interface Route {
  readonly segments: readonly string[];
  readonly resource: Resource;
}

/** Passes requests to resources. */
export class Router {
  readonly #routes: readonly Route[];

  /** @param resources Of two that match a path, the first one is used. */
  constructor(resources: readonly Resource[]) {
    this.#routes = resources.map((resource) => ({ segments: resource.path.split("/"), resource }));
  }

  /**
   * The maximum length in bytes of the body of a request; 0 if it may have none. No limit applies where a request is rejected
   * for its path or its method, without a look at the body.
   */
  bodyLimit(method: string, pathname: string): number {
    const operation = operationOf(this.#find(pathname)?.resource, method);
    return operation === undefined ? Infinity : operation.bodyLimit ?? 0;
  }

  /** Answers a request; `undefined` if no resource has its path. */
  answer(request: Request, client: HttpClient): HttpAnswer | Promise<HttpAnswer> | undefined {
    const url = new URL(request.url);
    const route = this.#find(url.pathname);
    if (route === undefined) return undefined;
    if (client.foreign && !route.resource.public) {
      return problemResponse(403, "Another site", "Pages of other sites may not use this; --allow-origin allows one.");
    }
    const operation = operationOf(route.resource, request.method);
    if (operation === undefined) return notAllowed(route.resource);
    const params = paramsOf(route, url.pathname);
    if (params === undefined) {
      return problemResponse(400, "Invalid path", "The path is not valid percent-encoded UTF-8.");
    }
    return operation.answer({ request, url, params, client });
  }

  #find(pathname: string): Route | undefined {
    const given = pathname.split("/");
    return this.#routes.find(({ segments }) =>
      segments.length === given.length &&
      segments.every((segment, i) => isParam(segment) ? given[i] !== "" : segment === given[i])
    );
  }
}

function operationOf(resource: Resource | undefined, method: string): Operation | undefined {
  const name = method === "HEAD" ? "GET" : method;
  return Object.hasOwn(resource?.operations ?? {}, name) ? resource!.operations[name as Method] : undefined;
}

function notAllowed({ operations }: Resource): Response {
  const methods = Object.keys(operations).flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method]);
  const detail = `Method not allowed: use ${methods.join(", ").replace(/, (?=\w+$)/, " or ")}.`;
  return problemResponse(405, "Method not allowed", detail, { allow: methods.join(", ") });
}

/** The values of the segments in braces; `undefined` if one is not valid. */
function paramsOf({ segments }: Route, pathname: string): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [i, given] of pathname.split("/").entries()) {
    const segment = segments[i]!;
    if (!isParam(segment)) continue;
    try {
      params[segment.slice(1, -1)] = decodeURIComponent(given);
    } catch {
      return undefined;
    }
  }
  return params;
}

function isParam(segment: string): boolean {
  return segment.startsWith("{");
}
