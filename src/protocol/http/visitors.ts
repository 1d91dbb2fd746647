/** Identifies the client of a request: an account, by a token or a password, or a guest. */
import type { AuthService, Caller, Login } from "../../accounts/auth.ts";
import { isSecret } from "../../accounts/tokens.ts";
import { fold } from "../../chat/names.ts";
import { isScoped } from "../../chat/scope.ts";
import type { Visitor } from "../../chat/visitors.ts";
import type { HttpClient } from "../../transport/connection.ts";
import { networksOf } from "../../util/address_ranges.ts";
import { sessionToken } from "../accounts.ts";
import { notLoggedIn } from "./api_error.ts";
import { toNick } from "./nicks.ts";

/** The user name of visitors, as other members see it. */
const USER = "~http";

/** Each use of an invite link counts, and lets a member into the room. A request is no member. */
const NO_LINKS =
  "An invite link is for the page, nc and IRC: use the password of the server, or the token of an account.";

/** A visitor, and how it has logged in, if it has. */
export interface KnownVisitor extends Visitor {
  readonly login: Login | undefined;
}

/** The parts of the server that identify visitors. */
export interface VisitorOptions {
  readonly auth: AuthService;
  /** The host that other members see for an address. */
  readonly hostOf: (address: string) => string;
}

/**
 * Identifies the client of a request by its `Authorization` field. Without one, it is a guest; if the server has a password, a
 * guest has to give it as the password of Basic, without a name.
 *
 * @throws {ApiError} 401
 * @throws {AuthError}
 */
export async function visitorOf(request: Request, client: HttpClient, options: VisitorOptions): Promise<KnownVisitor> {
  const { auth } = options;
  const caller = callerOf(client, options);
  const given = request.headers.get("authorization");
  if (given === null) {
    if (auth.passwordRequired) throw notLoggedIn("This server needs a password, or the token of an account.");
    return asVisitor(undefined, client, options);
  }
  const [, scheme = "", credentials = ""] = /^([A-Za-z]+) +([\w.~+/=-]+)$/.exec(given.trim()) ?? [];
  if (scheme.toLowerCase() === "bearer") {
    return asVisitor(await auth.loginByToken(caller, credentials, "HTTP"), client, options);
  }
  const pair = scheme.toLowerCase() === "basic" ? readBasic(credentials) : undefined;
  if (pair === undefined) throw notLoggedIn("Use a token, as in Authorization: Bearer TOKEN, or Basic.");
  const { name, password } = pair;
  if (name === "") {
    const link = auth.passwordRequired ? await auth.checkServerPassword(caller, password) : undefined;
    if (link !== undefined) throw notLoggedIn(NO_LINKS);
    return asVisitor(undefined, client, options);
  }
  if (!isSecret(password)) return asVisitor(await auth.login(caller, name, password, "HTTP"), client, options);
  const login = await auth.loginByToken(caller, password, "HTTP");
  if (fold(login.name) !== fold(name)) throw notLoggedIn("Wrong name, password or token.");
  return asVisitor(login, client, options);
}

/** The visitor that has logged in; a guest without a login. A token with a scope speaks under its own name. */
export function asVisitor(login: Login | undefined, client: HttpClient, { hostOf }: VisitorOptions): KnownVisitor {
  const { address, peer } = client;
  const token = login?.token && sessionToken(login.token);
  const identity = {
    user: USER,
    host: hostOf(address),
    networks: networksOf(address),
    realname: "",
    account: login?.name,
    token,
  };
  const isBot = isScoped(token);
  return { identity, nick: isBot ? toNick(login!.token!.name) : login?.name, bot: isBot, peer, login };
}

/** The client as the auth service knows it. */
export function callerOf({ address, peer }: HttpClient, { hostOf }: VisitorOptions): Caller {
  return { address, peer, host: hostOf(address) };
}

/** Reads the credentials of Basic (RFC 7617), in UTF-8; `undefined` if they are malformed. */
function readBasic(credentials: string): { name: string; password: string } | undefined {
  try {
    const bytes = Uint8Array.from(atob(credentials), (character) => character.charCodeAt(0));
    const [, name, password] = /^([^:]*):(.*)$/s.exec(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) ?? [];
    return name === undefined || password === undefined ? undefined : { name, password };
  } catch {
    return undefined;
  }
}
