/**
 * What is to be had at the web port beside WebSockets: the page and what belongs to it, `/healthz`, `/metrics`.
 *
 * All of it is in memory, and nothing in a request decides what is read.
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

/** What a site is made of. */
export interface SiteOptions {
  readonly assets: readonly Asset[];
  /** Whether the server still lets people in. */
  readonly healthy: () => boolean;
  /** What `/metrics` says. */
  readonly metrics: () => string;
}

/**
 * What the page may do: have scripts, styles and images from here, and talk to here; nothing else, and nothing that is
 * written into it. No other page may show it in a frame.
 */
const POLICY: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; manifest-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
};

/** What goes for scripts and styles as well, which are no pages: the former would be a tenth of what they are. */
const ALWAYS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

const SECURITY: Readonly<Record<string, string>> = { ...POLICY, ...ALWAYS };

/** A file as it is sent. */
interface Prepared {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

/** See the head of this file. */
export class Site {
  readonly #files: ReadonlyMap<string, Prepared>;
  readonly #options: SiteOptions;

  constructor(options: SiteOptions) {
    this.#options = options;
    this.#files = new Map(options.assets.map((asset) => [asset.path, prepare(asset)]));
  }

  /** Answers a request. */
  respond(request: Request): Response {
    const { pathname } = new URL(request.url);
    const file = this.#files.get(pathname);
    const dynamic = pathname === "/healthz" || pathname === "/metrics";
    if (file === undefined && !dynamic) return plain(request, 404, "There is nothing here. People find a page at /");
    if (request.method !== "GET" && request.method !== "HEAD") {
      return plain(request, 405, "This can only be read, with GET or HEAD", { allow: "GET, HEAD" });
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
  // Weak: it is the same for what is sent as it is, and zipped.
  const etag = `W/"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
  return { type, bytes, gzip: new Uint8Array(gzipSync(bytes, { level: 9 })), etag };
}

/** Sends a file, unless whoever asks has it already. */
function send(request: Request, { type, bytes, gzip, etag }: Prepared): Response {
  // Asked for each time and sent once: a new version of tincan is a new page at once.
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
  const zipped = gzip.length < bytes.length && acceptsGzip(request);
  if (zipped) headers["content-encoding"] = "gzip";
  const body = zipped ? gzip : bytes;
  headers["content-length"] = String(body.length);
  return new Response(request.method === "HEAD" ? null : body, { headers });
}

/** Whether `gzip` is among what is accepted, and not with a weight of 0 (RFC 9110, section 12.5.3). */
function acceptsGzip({ headers }: Request): boolean {
  const accepted = headers.get("accept-encoding")?.toLowerCase().split(",") ?? [];
  return accepted.some((coding) => /^\s*gzip\s*(;(?!\s*q=0(\.0*)?\s*$)|$)/.test(coding));
}

/** Whether a browser could show it by itself. */
function isPage(type: string): boolean {
  return !/^text\/(css|javascript)/.test(type);
}

/** An answer in plain words. */
function plain(request: Request, status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(request.method === "HEAD" ? null : `${text}\n`, {
    status,
    headers: { ...SECURITY, "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", ...headers },
  });
}
