/**
 * TOKEN: the tokens of the client's account, for programs such as the page. For users, NickServ does the same.
 *
 *     TOKEN LIST                     TOKEN DEVICE <id> <made> <used> <host> <flags> <channel> :<name>, for each; TOKEN END
 *     TOKEN ADD :<name>              TOKEN ADDED <id> <token> :<name>
 *     TOKEN STAY :<name>             the same; the session counts as logged in with the token from then on
 *     TOKEN REVOKE <id>              TOKEN REVOKED <id> :<text>
 *     TOKEN REVOKE *                 the session's own token: also logs out
 *
 * Times are in ISO 8601; flags are letters: `*` the session's own token, `r` read only; `-` if none. `<channel>`
 * is the only one that the token permits, or `*`. An error is `FAIL TOKEN <code> :<text>`. No capability: a server without TOKEN replies 421.
 */
import { AuthError, type AuthErrorCode } from "../../accounts/auth.ts";
import type { StoredToken } from "../../accounts/tokens.ts";
import { authErrorText, sessionToken } from "../accounts.ts";
import { revokeDevice, revokeOwn } from "../devices.ts";
import type { MemberContext } from "./context.ts";
import { isoTime } from "./format.ts";
import { nickServRequest } from "./nickserv_notice.ts";
import { word } from "./numerics.ts";

/** The codes of errors. All others are `TEMPORARILY_UNAVAILABLE`. */
const CODES: Readonly<Partial<Record<AuthErrorCode, string>>> = {
  "not-logged-in": "ACCOUNT_REQUIRED",
  "token-scoped": "NOT_PERMITTED",
  "token-name-invalid": "INVALID_NAME",
  "tokens-full": "TOO_MANY_TOKENS",
  "no-such-token": "NO_SUCH_TOKEN",
};

/** TOKEN LIST|ADD|STAY|REVOKE. */
export async function token(context: MemberContext, params: readonly string[]): Promise<void> {
  const [subcommand = "", arg = ""] = params;
  try {
    await run(context, subcommand.toUpperCase(), arg);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    const text = authErrorText(error, { commandFor: nickServRequest });
    context.fail("TOKEN", CODES[error.code] ?? "TEMPORARILY_UNAVAILABLE", text);
  }
}

async function run(context: MemberContext, subcommand: string, arg: string): Promise<void> {
  const { chat, auth, caller, session, member, accountContext } = context;
  switch (subcommand) {
    case "LIST": {
      const tokens = auth.devices.list(caller, member.account);
      return context.reply(...tokens.map((each) => deviceLine(each, session.token?.id)), "TOKEN END");
    }
    case "ADD":
    case "STAY": {
      const { token, secret } = await auth.devices.add(caller, member.account, arg);
      if (subcommand === "STAY") await chat.setToken(session, token.account, sessionToken(token));
      return context.reply(`TOKEN ADDED ${token.id} ${secret} :${token.name}`);
    }
    case "REVOKE": {
      const text = arg === "*" ? await revokeOwn(accountContext) : (await revokeDevice(accountContext, arg)).join(" ");
      return context.reply(`TOKEN REVOKED ${word(arg)} :${text}`);
    }
    default:
      return context.fail("TOKEN", "INVALID_PARAMS", "Unknown subcommand: use LIST, ADD, STAY or REVOKE");
  }
}

function deviceLine({ id, since, used, host, readOnly, room, name }: StoredToken, own: number | undefined): string {
  const flags = `${id === own ? "*" : ""}${readOnly ? "r" : ""}`;
  return `TOKEN DEVICE ${id} ${isoTime(since)} ${isoTime(used)} ${host || "*"} ${flags || "-"} ${room ?? "*"} :${name}`;
}
