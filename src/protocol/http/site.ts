/**
 * The HTTP resources of the web port: the page and its assets, `/healthz` and `/metrics`.
 *
 * All assets are in memory. No part of a request is used as a file name.
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

/** A file of the page. */
export interface Asset {
  /** `/style.css`; the page itself is `/`. */
  readonly path: string;
  readonly type: string;
  readonly text: string;
}

/** What a site serves. */
export interface SiteOptions {
  readonly assets: readonly Asset[];
  /** Whether the server accepts clients: `/healthz` replies 503 otherwise. */
  readonly healthy: () => boolean;
  /** The text of `/metrics`, in the Prometheus format. */
  readonly metrics: () => string;
}

/**
 * The page may load scripts, styles and images from this server, and connect to it; inline code is blocked. Other pages may
 * not show it in a frame.
 */
const POLICY: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; manifest-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
};

/** Headers of scripts and styles, too. They do without the policy, which is as long as a tenth of their text. */
const ALWAYS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

const SECURITY: Readonly<Record<string, string>> = { ...POLICY, ...ALWAYS };

/** An asset with its compressed form and its ETag. */
interface Prepared {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

/** Serves the assets and the state of the server. */
export class Site {
  readonly #files: ReadonlyMap<string, Prepared>;
  readonly #options: SiteOptions;

  constructor(options: SiteOptions) {
    this.#options = options;
    this.#files = new Map(options.assets.map((asset) => [asset.path, prepare(asset)]));
  }

  /** Responds to a request. */
  respond(request: Request): Response {
    const { pathname } = new URL(request.url);
    const file = this.#files.get(pathname);
    const dynamic = pathname === "/healthz" || pathname === "/metrics";
    if (file === undefined && !dynamic) return plain(request, 404, "Not found. The chat page is at /");
    if (request.method !== "GET" && request.method !== "HEAD") {
      return plain(request, 405, "Method not allowed: use GET or HEAD", { allow: "GET, HEAD" });
    }
    if (file !== undefined) return send(request, file);
    if (pathname === "/metrics") return this.#metrics(request);
    return this.#options.healthy() ? plain(request, 200, "ok") : plain(request, 503, "stopping");
  }

  #metrics(request: Request): Response {
    const headers = {
      ...SECURITY,
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
      "cache-control": "no-store",
    };
    return new Response(request.method === "HEAD" ? null : this.#options.metrics(), { headers });
  }
}

function prepare({ type, text }: Asset): Prepared {
  const bytes = new TextEncoder().encode(text);
  // Weak, since the compressed and the plain form share it (RFC 9110, section 8.8.3).
  const etag = `W/"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
  return { type, bytes, gzip: new Uint8Array(gzipSync(bytes, { level: 9 })), etag };
}

/** Responds with an asset, or with 304 if the client has it. */
function send(request: Request, { type, bytes, gzip, etag }: Prepared): Response {
  // Revalidated each time, so that a new version of tincan is a new page at once.
  const headers: Record<string, string> = {
    ...(isPage(type) ? SECURITY : ALWAYS),
    etag,
    "cache-control": "no-cache",
    "vary": "accept-encoding",
  };
  const known = request.headers.get("if-none-match")?.split(",").map((tag) => tag.trim().replace(/^(W\/)?/, "W/")) ??
    [];
  if (known.includes(etag) || known.includes("W/*")) return new Response(null, { status: 304, headers });
  headers["content-type"] = type;
  const compressed = gzip.length < bytes.length && acceptsGzip(request);
  if (compressed) headers["content-encoding"] = "gzip";
  const body = compressed ? gzip : bytes;
  headers["content-length"] = String(body.length);
  return new Response(request.method === "HEAD" ? null : body, { headers });
}

/** Whether the client accepts `gzip`, with a weight other than 0 (RFC 9110, section 12.5.3). */
function acceptsGzip({ headers }: Request): boolean {
  const accepted = headers.get("accept-encoding")?.toLowerCase().split(",") ?? [];
  return accepted.some((coding) => /^\s*gzip\s*(;(?!\s*q=0(\.0*)?\s*$)|$)/.test(coding));
}

/** Whether a browser can show a type as a document of its own. */
function isPage(type: string): boolean {
  return !/^text\/(css|javascript)/.test(type);
}

/** A response of one line of text. */
function plain(request: Request, status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(request.method === "HEAD" ? null : `${text}\n`, {
    status,
    headers: { ...SECURITY, "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", ...headers },
  });
}
