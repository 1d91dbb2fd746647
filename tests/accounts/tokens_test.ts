/** Tokens: what is stored of them, their limit, one-time words, and how logins with them are counted. */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { AuthError } from "../../src/accounts/auth.ts";
import { CERTIFICATES_MAX, readFingerprint } from "../../src/accounts/certificates.ts";
import { FAILURES_BURST } from "../../src/accounts/login_throttle.ts";
import {
  describeScope,
  isSecret,
  TOKEN_NAME_MAX,
  TOKENS_MAX,
  USED_INTERVAL,
  WORD_TIME,
} from "../../src/accounts/tokens.ts";
import { AccountDirectory } from "../../src/accounts/account_directory.ts";
import { Accounts } from "../../src/accounts/accounts.ts";
import { openAccounts } from "../../src/cli/accounts.ts";
import { TokenTable } from "../../src/history/token_table.ts";
import { addToken, AuthFixture, CALLER, cheap } from "./helpers.ts";

const OTHER = { address: "198.51.100.1", peer: "198.51.100.1:6", host: "elsewhere" };
const FULL = { readOnly: false, room: undefined };

async function withAlice(
  run: (fixture: AuthFixture) => Promise<void>,
  options: Parameters<typeof AuthFixture.open>[0] = {},
): Promise<void> {
  await using fixture = await AuthFixture.open(options);
  await fixture.auth.register(CALLER, "alice", "open sesame", () => true);
  await run(fixture);
}

async function assertRejected(code: string, request: () => Promise<unknown>): Promise<void> {
  assertEquals((await assertRejects(request, AuthError)).code, code);
}

function assertThrown(code: string, request: () => unknown): void {
  assertEquals(assertThrows(request, AuthError).code, code);
}

Deno.test("tokens: the database contains the hash of a token, and neither the token nor a one-time word", () => {
  return withAlice(async (fixture) => {
    const { tokens } = fixture.accounts;
    const { secret, token } = await addToken(fixture.accounts, "Alice", "Firefox on Linux", "host");
    assertMatch(secret, /^tincan_[\w-]{43}$/);
    const word = (await tokens.addWord("ALICE"))!;
    assertMatch(word, /^once(-[a-z2-7]{4}){4}$/);
    assert(isSecret(secret) && isSecret(word) && !isSecret("open sesame") && !isSecret(`${secret}x`));
    assertEquals(tokens.list("alice").map(({ id, name, host }) => [id, name, host]), [[1, "Firefox on Linux", "host"]]);
    assertEquals(token.hash, new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret))));
    fixture.close();
    for await (const { name } of Deno.readDir(fixture.path)) {
      const bytes = new TextDecoder("latin1").decode(await Deno.readFile(`${fixture.path}/${name}`));
      for (const text of [secret, secret.slice(7), word]) assert(!bytes.includes(text), `${name} contains ${text}`);
    }
  });
});

Deno.test("tokens: a token logs in without a key derivation, and a wrong one counts as a wrong password", () => {
  let derivations = 0;
  const derive: typeof cheap = (...args) => {
    derivations++;
    return cheap(...args);
  };
  return withAlice(async ({ auth, accounts, throttle, log }) => {
    const { secret, token } = await addToken(accounts, "alice", "bot", "host");
    const before = derivations;
    const login = await auth.login(OTHER, "ALICE", secret, "SASL PLAIN");
    assertEquals([login.name, login.token?.id, login.byWord], ["alice", 1, undefined]);
    assertEquals(auth.current(login)?.token, token);
    const wrong = `tincan_${"A".repeat(43)}`;
    for (const name of ["alice", "unknown"]) {
      await assertRejected("wrong-password", () => auth.login(OTHER, name, wrong, "SASL PLAIN"));
    }
    assertEquals(derivations, before);
    assertEquals(throttle.counts, { right: 1, wrong: 2, delayed: 0 });
    assertEquals(log.slice(1), [
      "info logged in peer=198.51.100.1:6 account=alice by=SASL PLAIN token=token 1",
      "warn password refused peer=198.51.100.1:6 account=alice by=SASL PLAIN reason=wrong password",
      "warn password refused peer=198.51.100.1:6 by=SASL PLAIN reason=no such name",
    ]);
    for (let i = 1; i < FAILURES_BURST; i++) {
      await assertRejected("wrong-password", () => auth.login(OTHER, "unknown", wrong, "login"));
    }
    await assertRejected("wait", () => auth.login(OTHER, "unknown", wrong, "login"));
    await accounts.tokens.revoke("alice", token.id);
    assertEquals(auth.current(login), undefined);
  }, { derive });
});

Deno.test("tokens: an account has at most TOKENS_MAX, and the number of a revoked one is free for another", () => {
  return withAlice(async (fixture) => {
    const { auth, accounts, log } = fixture;
    for (let n = 1; n <= TOKENS_MAX; n++) {
      assertEquals((await auth.devices.add(CALLER, "alice", `bot ${n}`)).token.id, n);
    }
    await assertRejected("tokens-full", () => auth.devices.add(CALLER, "alice", "one more"));
    await accounts.tokens.addWord("alice"); // has a place of its own
    assertEquals((await auth.devices.revoke(CALLER, "alice", 3)).name, "bot 3");
    await assertRejected("no-such-token", () => auth.devices.revoke(CALLER, "alice", 3));
    await assertRejected("no-such-token", () => auth.devices.revoke(CALLER, "alice", 0)); // the one-time word
    assertEquals((await auth.devices.add(CALLER, "alice", "one more")).token.id, TOKENS_MAX + 1);
    await assertRejected("token-name-invalid", () => auth.devices.add(CALLER, "alice", " \x07 "));
    await assertRejected("token-name-invalid", () => auth.devices.add(CALLER, "alice", "x".repeat(TOKEN_NAME_MAX + 1)));
    await assertRejected("token-room-invalid", () => auth.devices.add(CALLER, "alice", "x", { ...FULL, room: "#" }));
    assertThrown("not-logged-in", () => auth.devices.list(CALLER, undefined));
    assert(log.includes("info token revoked peer=192.0.2.1:5 account=alice token=3"));
  });
});

Deno.test("tokens: a login has the room's new name when that was renamed before the registration is complete", () => {
  return withAlice(async ({ auth, accounts }) => {
    const { secret } = await addToken(accounts, "alice", "bot", "host", { readOnly: false, room: "#tea" });
    const login = await auth.login(OTHER, "alice", secret, "SASL PLAIN");
    assertEquals(login.token?.room, "#tea");
    accounts.directory.renameRoom("#tea", "#coffee");
    assertEquals(auth.current(login)?.token?.room, "#coffee");
  });
});

Deno.test("tokens: the time of the last use is written at most once a minute", () => {
  return withAlice(async ({ file, accounts }) => {
    let [now, writes] = [1_000_000, 0];
    const table = new TokenTable(file);
    const counted = Object.assign(Object.create(table), {
      setTokenUsed(...args: Parameters<TokenTable["setTokenUsed"]>) {
        writes++;
        table.setTokenUsed(...args);
      },
    });
    for (const name of ["tokens", "addToken", "removeToken", "removeTokens"] as const) {
      counted[name] = (table[name] as (...args: unknown[]) => unknown).bind(table);
    }
    const { directory } = accounts;
    const stores = { ...directory.stores, tokens: counted };
    const counting = new Accounts(new AccountDirectory(stores), { secret: new Uint8Array(), now: () => now });
    const { tokens } = counting;
    const { secret } = await addToken(counting, "alice", "bot", "host");
    for (let n = 0; n < 10; n++) assert(await tokens.use("alice", secret, "elsewhere"));
    now += USED_INTERVAL - 1;
    assert(await tokens.use("alice", secret, "elsewhere"));
    assertEquals([writes, tokens.list("alice")[0]?.host], [0, "host"]);
    now++;
    assert(await tokens.use("alice", secret, "elsewhere"));
    assert(await tokens.use("alice", secret, "elsewhere"));
    assertEquals([writes, tokens.list("alice")[0]?.host, tokens.list("alice")[0]?.used], [1, "elsewhere", now]);
  });
});

Deno.test("tokens: a one-time word is used once and within an hour, and only the last one counts", () => {
  return withAlice(async ({ file, auth, accounts }) => {
    const word = (await accounts.tokens.addWord("alice"))!;
    assertEquals((await auth.login(OTHER, "alice", word, "login")).byWord, true);
    await assertRejected("wrong-password", () => auth.login(OTHER, "alice", word, "login"));
    let now = 1_000_000;
    const { tokens } = openAccounts(file, { secret: new Uint8Array(), now: () => now });
    const first = (await tokens.addWord("alice"))!;
    const second = (await tokens.addWord("alice"))!;
    assertEquals(await tokens.use("alice", first, ""), undefined);
    now += WORD_TIME - 1;
    assert(await tokens.use("alice", second, ""));
    const late = (await tokens.addWord("alice"))!;
    now += WORD_TIME;
    assertEquals(await tokens.use("alice", late, ""), undefined);
  });
});

Deno.test("tokens: guesses at a one-time word count as wrong passwords, and need no key derivation", () => {
  let derivations = 0;
  const derive: typeof cheap = (...args) => {
    derivations++;
    return cheap(...args);
  };
  return withAlice(async ({ auth, accounts, throttle }) => {
    const word = (await accounts.tokens.addWord("alice"))!;
    const before = derivations;
    const wrong = word.replace(/.$/, (last) => last === "a" ? "b" : "a");
    for (let i = 0; i < FAILURES_BURST; i++) {
      await assertRejected("wrong-password", () => auth.login(OTHER, "alice", wrong, "login"));
    }
    await assertRejected("wait", () => auth.login(OTHER, "alice", word, "login"));
    assertEquals([derivations, throttle.counts.wrong], [before, FAILURES_BURST]);
  }, { derive });
});

Deno.test("tokens: a new password and the end of an account revoke all tokens, words and certificates, but the caller's own", () => {
  return withAlice(async ({ auth, accounts }) => {
    const { tokens, certificates } = accounts;
    const own = await addToken(accounts, "alice", "own", "");
    const other = await addToken(accounts, "alice", "other", "");
    const word = (await tokens.addWord("alice"))!;
    await certificates.add("alice", "ab".repeat(32));
    await auth.changePassword({ ...CALLER, token: own.token }, "alice", "close sesame");
    assertEquals(tokens.list("alice").map(({ name }) => name), ["own"]);
    assertEquals([await tokens.use("alice", word, ""), certificates.list("alice").length], [undefined, 0]);
    await assertRejected("wrong-password", () => auth.login(OTHER, "alice", other.secret, "login"));
    await auth.drop(CALLER, "alice", "close sesame", () => {});
    await auth.register(OTHER, "alice", "of another", () => true);
    await assertRejected("wrong-password", () => auth.login(OTHER, "alice", own.secret, "login"));
  });
});

Deno.test("tokens: a token with a scope neither manages tokens nor changes the password, and none can be a password", () => {
  return withAlice(async ({ auth, accounts }) => {
    for (const scope of [{ readOnly: true, room: undefined }, { readOnly: false, room: "#CI" }]) {
      const { token, secret } = await auth.devices.add(CALLER, "alice", "bot", scope);
      assertEquals(describeScope(token), scope.readOnly ? "read only" : "#ci");
      const caller = { ...CALLER, token };
      for (
        const request of [
          () => auth.devices.add(caller, "alice", "more"),
          () => auth.devices.revoke(caller, "alice", token.id),
        ]
      ) await assertRejected("token-scoped", request);
      assertThrown("token-scoped", () => auth.devices.list(caller, "alice"));
      assertThrown("token-scoped", () => auth.devices.certificates(caller, "alice"));
      await assertRejected("token-scoped", () => auth.changePassword(caller, "alice", "close sesame"));
      await assertRejected("password-token", () => auth.register(CALLER, "bob", secret, () => true));
    }
    assertEquals(accounts.tokens.list("alice").length, 2);
  });
});

Deno.test("certificates: each belongs to one account, which has at most CERTIFICATES_MAX", () => {
  return withAlice(async ({ auth, accounts }) => {
    await accounts.register("bob", "open sesame");
    const hash = (n: number) => n.toString(16).padStart(64, "0");
    const colons = hash(1).toUpperCase().match(/../g)!.join(":");
    assertEquals([readFingerprint(colons), readFingerprint("xy")], [hash(1), undefined]);
    assertEquals(await auth.devices.addCertificate({ ...CALLER, certificate: hash(1) }, "alice", ""), hash(1));
    assertEquals(await auth.devices.addCertificate(CALLER, "alice", colons), hash(1));
    await assertRejected("certificate-taken", () => auth.devices.addCertificate(CALLER, "bob", hash(1)));
    await assertRejected("certificate-none", () => auth.devices.addCertificate(CALLER, "alice", ""));
    await assertRejected("certificate-invalid", () => auth.devices.addCertificate(CALLER, "alice", "abc"));
    for (let n = 2; n <= CERTIFICATES_MAX; n++) await auth.devices.addCertificate(CALLER, "alice", hash(n));
    await assertRejected("certificates-full", () => auth.devices.addCertificate(CALLER, "alice", hash(99)));
    await assertRejected("no-such-certificate", () => auth.devices.removeCertificate(CALLER, "bob", hash(1)));
    const certified = { ...CALLER, certificate: hash(1) };
    assertEquals((await auth.loginByCertificate(certified, "")).name, "alice");
    assertEquals((await auth.loginByCertificate(certified, "ALICE")).name, "alice");
    await assertRejected("wrong-password", () => auth.loginByCertificate(certified, "bob"));
    await assertRejected("wrong-password", () => auth.loginByCertificate(CALLER, "alice"));
    await auth.devices.removeCertificate(CALLER, "alice", colons);
    await assertRejected("wrong-password", () => auth.loginByCertificate(certified, "alice"));
  });
});

Deno.test("tokens: a token alone tells its account, as long as it is not revoked; a one-time word does not", () => {
  return withAlice(async ({ auth, accounts }) => {
    const { secret, token } = await addToken(accounts, "alice", "bot", "host", { readOnly: true, room: "#tea" });
    const login = await auth.loginByToken(OTHER, secret, "HTTP");
    assertEquals([login.name, login.token.id, login.token.readOnly, login.token.room], ["alice", 1, true, "#tea"]);
    const { word } = await auth.devices.addWord("alice");
    for (const wrong of [word, `tincan_${"A".repeat(43)}`, "open sesame", ""]) {
      await assertRejected("wrong-password", () => auth.loginByToken(OTHER, wrong, "HTTP"));
    }
    await accounts.tokens.revoke("alice", token.id);
    await assertRejected("wrong-password", () => auth.loginByToken(OTHER, secret, "HTTP"));
  });
});
