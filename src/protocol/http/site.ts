/**
 * The HTTP resources of the web port apart from WebSockets: the page and its files, `/healthz` and `/metrics`.
 *
 * All files are in memory; a request can only select one of them by its path.
 */
import { ifNoneMatch } from "@std/http/etag";
import { acceptsEncodings } from "@std/http/negotiation";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

/** A file of the web page. */
export interface Asset {
  /** Path of the URL: `/style.css`; the page itself is `/`. */
  readonly path: string;
  readonly type: string;
  readonly text: string;
}

/** Contents of a site. */
export interface SiteOptions {
  readonly assets: readonly Asset[];
  /** Why the server does not accept clients now, in a few words; `undefined` if it does. */
  readonly trouble: () => string | undefined;
  /** Returns the text of `/metrics`. */
  readonly metrics: () => string;
}

/**
 * Restricts the page to scripts, styles, images and connections of the same origin, without inline code, and forbids other
 * pages to embed it.
 */
const POLICY: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; manifest-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
};

/** The fields that apply to scripts and styles as well. The policy would add a tenth to their size. */
const ALWAYS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

const SECURITY: Readonly<Record<string, string>> = { ...POLICY, ...ALWAYS };

/** The path of an invite link. Its code is not checked. */
const INVITATION = /^\/i\/[a-z2-7]{1,64}$/i;

/** A file that the page refers to by a path relative to its own. */
const RELATIVE = /\b(href|src)="([a-z_/]+\.[a-z]+)"/g;

/** A file in the forms in which it is sent. */
interface PreparedFile {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

/** Responds to HTTP requests. */
export class Site {
  /** The files by their path. Each is prepared for its first request: preparing all would delay the start by 50 ms. */
  readonly #files: ReadonlyMap<string, () => PreparedFile>;
  readonly #options: SiteOptions;
  readonly #invitation: () => PreparedFile;

  constructor(options: SiteOptions) {
    this.#options = options;
    this.#files = new Map(options.assets.map((asset) => [asset.path, once(() => prepare(asset))]));
    this.#invitation = once(() => {
      const page = options.assets.find(({ path }) => path === "/") ?? { path: "/", type: "text/plain", text: "" };
      return prepare({ ...page, text: page.text.replace(RELATIVE, '$1="../$2"') });
    });
  }

  respond(request: Request): Response {
    const { pathname } = new URL(request.url);
    if (INVITATION.test(pathname)) return this.#invite(request);
    const file = this.#files.get(pathname);
    const dynamic = pathname === "/healthz" || pathname === "/metrics";
    if (file === undefined && !dynamic) return plain(request, 404, "Not found. The web page is at /");
    if (request.method !== "GET" && request.method !== "HEAD") {
      return plain(request, 405, "Method not allowed: use GET or HEAD", { allow: "GET, HEAD" });
    }
    if (file !== undefined) return send(request, file());
    if (pathname === "/metrics") return this.#metrics(request);
    const trouble = this.#options.trouble();
    return trouble === undefined ? plain(request, 200, "ok") : plain(request, 503, trouble);
  }

  /**
   * The page at the URL of an invite link, which it finds in its address. It is the same for each code, valid or not, and is not
   * cached: the URL is a secret.
   */
  #invite(request: Request): Response {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return plain(request, 405, "Method not allowed: use GET or HEAD", { allow: "GET, HEAD" });
    }
    const { type, bytes, gzip } = this.#invitation();
    const zipped = acceptsGzip(request);
    const body = zipped ? gzip : bytes;
    const headers: Record<string, string> = {
      ...SECURITY,
      "cache-control": "no-store",
      "vary": "accept-encoding",
      "content-type": type,
      "content-length": String(body.length),
    };
    if (zipped) headers["content-encoding"] = "gzip";
    return new Response(request.method === "HEAD" ? null : body, { headers });
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

/** Returns a function that calls another one at its first call only. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

function prepare({ type, text }: Asset): PreparedFile {
  const bytes = new TextEncoder().encode(text);
  // A weak tag, as it is the same with and without compression.
  const etag = `W/"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
  return { type, bytes, gzip: new Uint8Array(gzipSync(bytes, { level: 9 })), etag };
}

/** Responds with a file, or with status 304 if the client has it already. */
function send(request: Request, { type, bytes, gzip, etag }: PreparedFile): Response {
  // Clients revalidate with each request, so that a new version of tincan shows at once.
  const headers: Record<string, string> = {
    ...(isPage(type) ? SECURITY : ALWAYS),
    etag,
    "cache-control": "no-cache",
    "vary": "accept-encoding",
  };
  if (!ifNoneMatch(request.headers.get("if-none-match"), etag)) return new Response(null, { status: 304, headers });
  headers["content-type"] = type;
  const zipped = gzip.length < bytes.length && acceptsGzip(request);
  if (zipped) headers["content-encoding"] = "gzip";
  const body = zipped ? gzip : bytes;
  headers["content-length"] = String(body.length);
  return new Response(request.method === "HEAD" ? null : body, { headers });
}

/** Whether a request prefers `gzip` to no encoding. Without `Accept-Encoding`, files are not compressed. */
function acceptsGzip(request: Request): boolean {
  return !!request.headers.get("accept-encoding") && acceptsEncodings(request, "gzip", "identity") === "gzip";
}

/** Whether a browser can show a file of this type as a page. */
function isPage(type: string): boolean {
  return !/^text\/(css|javascript)/.test(type);
}

/** Creates a response with one line of plain text. */
function plain(request: Request, status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(request.method === "HEAD" ? null : `${text}\n`, {
    status,
    headers: { ...SECURITY, "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", ...headers },
  });
}
