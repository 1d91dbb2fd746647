/**
 * Opens the accounts in a database, for the server and for the commands that run without one.
 */
import { Accounts, type AccountsOptions } from "../accounts/accounts.ts";
import { Certificates } from "../accounts/certificates.ts";
import { Tokens } from "../accounts/tokens.ts";
import { AccountTable } from "../history/account_table.ts";
import { CertificateTable } from "../history/certificate_table.ts";
import type { Database } from "../history/database.ts";
import { TokenTable } from "../history/token_table.ts";

/** Opens the accounts in a database. @throws {StoreError} */
export function openAccounts(
  file: Database,
  options: Pick<AccountsOptions, "max" | "persistent" | "secret">,
): Accounts {
  const tokens = new Tokens(new TokenTable(file));
  const certificates = new Certificates(new CertificateTable(file));
  return new Accounts(new AccountTable(file), { ...options, tokens, certificates });
}
