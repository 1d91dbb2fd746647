/**
 * Opens the accounts in a database, for the server and for the commands that run without one.
 */
import { AccountDirectory } from "../accounts/account_directory.ts";
import { Accounts, type AccountsOptions } from "../accounts/accounts.ts";
import { AccountTable } from "../history/account_table.ts";
import { CertificateTable } from "../history/certificate_table.ts";
import type { Database } from "../history/database.ts";
import { IgnoreTable } from "../history/ignore_table.ts";
import { TokenTable } from "../history/token_table.ts";

/**
 * Opens the accounts in a database.
 *
 * @param options `max`: the most accounts; `ACCOUNTS_MAX` by default.
 * @throws {StoreError}
 */
export function openAccounts(file: Database, { max, ...options }: AccountsOptions & { max?: number }): Accounts {
  const directory = new AccountDirectory({
    accounts: new AccountTable(file),
    tokens: new TokenTable(file),
    certificates: new CertificateTable(file),
    ignores: new IgnoreTable(file),
  }, max);
  return new Accounts(directory, options);
}
