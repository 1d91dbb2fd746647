/** Finds out who uploads a file: an account, by HTTP Basic or a token, or a guest, if guests may. */
import { AuthError, type AuthService, type Caller, type Login } from "../../accounts/auth.ts";
import { accountOwner, hostOwner } from "../../files/links.ts";
import type { Uploads } from "../../files/file_store.ts";
import { problemResponse } from "../../util/problem.ts";
import { authErrorText } from "../accounts.ts";
import type { Call } from "./router.ts";
import type { Uploader } from "./uploads.ts";

/** What finding out needs. */
export interface UploaderContext {
  readonly auth: AuthService;
  /** Who may upload. */
  readonly uploads: Exclude<Uploads, "off">;
  /** Maps a client's address to the host that other users see. */
  readonly hostOf: (address: string) => string;
  /** The reason why an address or account is banned. */
  readonly banReason: (address: string, account: string | undefined) => string | undefined;
}

/** The challenge of a response with status 401. Without `Basic`, as a browser would open a dialog for it. */
const CHALLENGE = { "www-authenticate": 'Bearer realm="tincan"' };

/** Who sends a request; or the response that rejects it. */
export async function identifyUploader(call: Call, context: UploaderContext): Promise<Uploader | Response> {
  const { client, request } = call;
  const { auth, uploads, hostOf, banReason } = context;
  const host = hostOf(client.address);
  const field = request.headers.get("authorization");
  const caller: Caller = { address: client.address, peer: client.peer, host };
  let login: Login | undefined;
  if (field !== null) {
    try {
      login = await logIn(auth, caller, field);
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      return rejected(error);
    }
    if (login === undefined) {
      return problemResponse(
        401,
        "Not authorized",
        "Authorization must be Basic with a nickname and its password, or a token.",
        CHALLENGE,
      );
    }
  }
  const reason = banReason(client.address, login?.name);
  if (reason !== undefined) return problemResponse(403, "Banned", `You are banned from this server: ${reason}`);
  if (login === undefined && (uploads !== "everyone" || auth.passwordRequired)) {
    return problemResponse(
      401,
      "Not authorized",
      "Only registered nicknames may upload files. Log in first.",
      CHALLENGE,
    );
  }
  return {
    owner: login === undefined ? hostOwner(host) : accountOwner(login.name),
    check: (room) => requireScope(login, room),
  };
}

/** Logs in; `undefined` if the field is not valid. @throws {AuthError} */
async function logIn(auth: AuthService, caller: Caller, field: string): Promise<Login | undefined> {
  const basic = /^basic +([\w+/]+={0,2}) *$/i.exec(field)?.[1];
  if (basic === undefined) return undefined;
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.fromBase64(basic));
  } catch {
    return undefined;
  }
  const colon = text.indexOf(":");
  if (colon < 1) return undefined;
  return await auth.login(caller, text.slice(0, colon), text.slice(colon + 1), "HTTP Basic");
}

/** Whether a token does not permit an upload. */
function requireScope(login: Login | undefined, room: string | undefined): Response | undefined {
  const { token } = login ?? {};
  if (token?.readOnly) return problemResponse(403, "Read-only token", "This token permits to read alone.");
  if (token?.room === undefined || token.room === room) return undefined;
  return problemResponse(403, "Token of a room", `This token permits only ${token.room}.`);
}

function rejected(error: AuthError): Response {
  const text = authErrorText(error);
  const { code, subject } = error;
  if (code === "wait" || code === "reconnect") {
    return problemResponse(429, "Too many wrong passwords", text, { "retry-after": subject });
  }
  if (code === "busy" || code === "not-kept") return problemResponse(503, "Busy", text, { "retry-after": "5" });
  return problemResponse(401, "Not authorized", text, CHALLENGE);
}
