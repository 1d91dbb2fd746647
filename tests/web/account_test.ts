/** Tests of account requests on the page. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import { AuthError, type AuthErrorCode } from "../../src/accounts/auth.ts";
import * as server from "../../src/protocol/accounts.ts";
import {
  type Callbacks,
  changePassword,
  dropAccount,
  ghost,
  hasAccounts,
  isNickServ,
  loadLogin,
  login,
  logout,
  register,
  saveServerPassword,
  staySignedIn,
} from "../../src/web/account.js";
import type { Login } from "../../src/web/connection.js";
import type { ChatContext, PendingRequest } from "../../src/web/context.ts";

const PASSWORD = "open sesame";

/** A page whose requests the test answers. */
class Page {
  readonly sent: string[] = [];
  readonly told: string[] = [];
  asked: PendingRequest | undefined;
  readonly connection = {
    account: "",
    password: "",
    login: undefined as Login | undefined,
    /** Why a login fails, or the empty string. */
    why: "",
    has: (name: string): boolean => name === "sasl",
    logIn: ({ name, password }: Login, done: (why: string) => void) => {
      this.sent.push(`log in as ${name}`);
      if (this.connection.why === "") {
        this.connection.account = name;
        this.connection.login = { name, password };
      }
      done(this.connection.why);
    },
    restorePasswords: (password: string, login?: Login) => Object.assign(this.connection, { password, login }),
  };
  readonly model = { nick: "alice" };
  online = true;

  constructor(account = "") {
    this.connection.account = account;
  }

  request(command: string, params: string[], asked?: PendingRequest): boolean {
    if (this.online) this.sent.push([command, ...params].join(" "));
    this.asked = asked;
    return this.online;
  }

  /** The page, as requests see it. */
  get chat(): ChatContext {
    return this as unknown as ChatContext;
  }

  get callbacks(): Callbacks {
    return [(text) => this.told.push(`done: ${text}`), (why) => this.told.push(`failed: ${why}`)];
  }

  /** What was sent and told since the last call. */
  take(): string[][] {
    return [this.sent.splice(0), this.told.splice(0)];
  }
}

/** The sentence of the server for a changed password. */
function passwordChanged(): Promise<string> {
  const auth = { changePassword: () => Promise.resolve() };
  const chat = { sessionsOf: () => [] };
  return server.changePassword({ auth, chat, session: {}, member: {} } as unknown as server.AccountContext, PASSWORD);
}

Deno.test("account: login says why the nickname did not change when it is in use or the connection is lost", () => {
  const told: string[] = [];
  for (const online of [true, false]) {
    const page = new Page();
    page.model.nick = "guest1";
    const answer = (text: string) => void told.push(text);
    login(page.chat, { name: "alice", password: "open-sesame" }, answer, answer);
    page.online = online;
    page.asked?.onError?.("The connection was lost.");
  }
  const logged = "You are logged in as alice.";
  const taken = "Another connection uses that name. To disconnect it: /ghost alice";
  assertEquals(told, [logged, taken, logged, "The connection was lost."]);
});

Deno.test("account: login changes the nickname only after a login, and only if it is another one", () => {
  const page = new Page();
  login(page.chat, { name: "ALICE", password: PASSWORD }, ...page.callbacks);
  assertEquals(page.take(), [["log in as ALICE"], ["done: You are logged in as ALICE."]]);
  login(page.chat, { name: "alice", password: PASSWORD }, ...page.callbacks); // it is logged in already
  assertEquals(page.take(), [[], ["done: You are logged in as ALICE."]]);
  login(page.chat, { name: "bob", password: PASSWORD }, ...page.callbacks);
  assertEquals(page.take(), [[], ["failed: You are already logged in as ALICE. Log out first: /logout"]]);
  page.connection.account = "";
  page.connection.why = "Wrong password for this name.";
  login(page.chat, { name: "bob", password: PASSWORD }, ...page.callbacks);
  assertEquals(page.take(), [["log in as bob"], ["failed: Wrong password for this name."]]);
  page.connection.why = "";
  login(page.chat, { name: "bob", password: PASSWORD }, ...page.callbacks);
  assertEquals(page.take(), [["log in as bob", "NICK bob"], ["done: You are logged in as bob."]]);
});

Deno.test("account: the password that was registered or changed is kept, and a rejected one is not", async () => {
  const runs = [[register, "REGISTER * * ", ""], [changePassword, "NS SET PASSWORD ", "alice"]] as const;
  for (const [run, request, account] of runs) {
    const page = new Page(account);
    run(page.chat, PASSWORD, ...page.callbacks);
    assertEquals([page.take(), page.connection.login], [[[request + PASSWORD], []], undefined]);
    page.asked?.onError?.("The server is busy.");
    assertEquals([page.take(), page.connection.login], [[[], ["failed: The server is busy."]], undefined]);
    const text = await passwordChanged();
    page.asked?.onReply?.(text);
    assertEquals([page.take(), page.connection.login], [[[], [`done: ${text}`]], {
      name: "alice",
      password: PASSWORD,
    }]);
    page.online = false;
    run(page.chat, PASSWORD, ...page.callbacks);
    assertEquals(page.take(), [[], ["failed: Not connected. Try again when the connection is back."]]);
  }
});

/** The codes of a change of password that fails. */
const FAILURES: readonly AuthErrorCode[] = [
  "no-accounts",
  "not-logged-in",
  "busy",
  "too-many",
  "not-kept",
  "password-short",
  "password-long",
  "password-wide",
  "password-impossible",
];

Deno.test("account: each error of the server for a change of password is shown as one", () => {
  for (const code of FAILURES) {
    const page = new Page("alice");
    changePassword(page.chat, PASSWORD, ...page.callbacks);
    const text = server.authErrorText(new AuthError(code, "8"));
    page.asked?.onError?.(text);
    assertEquals([page.told, page.connection.login], [[`failed: ${text}`], undefined]);
  }
});

Deno.test("account: an invalid password is rejected before it is sent", () => {
  const long = "Password too long: at most 200 characters.";
  const invalid = {
    "1234567": "Password too short: at least 8 characters.",
    "🎉🎉🎉🎉": "Password too short: at least 8 characters.",
    ["x".repeat(201)]: long,
    ["é".repeat(200) + "x"]: long,
    ["語".repeat(134)]: long,
    " open sesame": "Remove the spaces at the beginning or end of the password.",
    "open sesame ": "Remove the spaces at the beginning or end of the password.",
  };
  const valid = ["12345678", "🎉".repeat(8), "x".repeat(200), "é".repeat(200), PASSWORD];
  for (const run of [register, changePassword]) {
    for (const [password, why] of Object.entries(invalid)) {
      const page = new Page();
      run(page.chat, password, ...page.callbacks);
      assertEquals(page.take(), [[], [`failed: ${why}`]], password);
    }
    for (const password of valid) {
      const page = new Page();
      run(page.chat, password, ...page.callbacks);
      assertEquals(page.take().map(({ length }) => length), [1, 0], password);
    }
  }
});

Deno.test("account: /ghost needs a password unless the user is logged in to that account", () => {
  const page = new Page();
  ghost(page.chat, "bob", "", ...page.callbacks);
  assertEquals(page.take(), [[], ["failed: Give its password: /ghost bob PASSWORD"]]);
  ghost(page.chat, "bob", PASSWORD, ...page.callbacks);
  assertEquals(page.take(), [["log in as bob", "NS GHOST bob"], []]);
  ghost(page.chat, "BOB", "", ...page.callbacks);
  page.asked?.onReply?.("The nickname bob is yours again.");
  assertEquals(page.take(), [["NS GHOST BOB"], ["done: The nickname bob is yours again."]]);
  page.online = false;
  ghost(page.chat, "bob", "", ...page.callbacks);
  assertEquals(page.take(), [[], ["failed: Not connected. Try again when the connection is back."]]);
});

Deno.test("account: /logout forgets the password at once, unless it cannot be sent", () => {
  const page = new Page("alice");
  page.connection.login = { name: "alice", password: PASSWORD };
  page.online = false;
  logout(page.chat, ...page.callbacks);
  assertEquals(page.take(), [[], ["failed: Not connected. Try again when the connection is back."]]);
  assertEquals(page.connection.login?.name, "alice");
  page.online = true;
  logout(page.chat, ...page.callbacks);
  assertEquals([page.take(), page.connection.login], [[["NS LOGOUT"], []], undefined]);
  page.asked?.onReply?.("You are logged out.");
  assertEquals(page.take(), [[], ["done: You are logged out."]]);
});

Deno.test("account: the outcome of deleting an account is told", () => {
  const page = new Page("alice");
  dropAccount(page.chat, PASSWORD, ...page.callbacks);
  assertEquals(page.take(), [[`NS DROP ${PASSWORD}`], []]);
  page.asked?.onError?.("Wrong password.");
  page.asked?.onReply?.("alice is no longer registered.");
  assertEquals(page.take(), [[], ["failed: Wrong password.", "done: alice is no longer registered."]]);
  page.online = false;
  dropAccount(page.chat, PASSWORD, ...page.callbacks);
  assertEquals(page.take(), [[], ["failed: Not connected. Try again when the connection is back."]]);
});

Deno.test("account: a token is restored from the storage of the browser, unless it is not valid", () => {
  const stores = { localStorage: new Map<string, string>(), sessionStorage: new Map<string, string>() };
  for (const [name, values] of Object.entries(stores)) {
    const storage = {
      getItem: (name: string) => values.get(name) ?? null,
      setItem: (name: string, value: string) => values.set(name, value),
      removeItem: (name: string) => values.delete(name),
    };
    Object.defineProperty(globalThis, name, { configurable: true, get: () => storage });
  }
  const page = new Page();
  page.connection.password = "kitchen";
  saveServerPassword(page.chat);
  register(page.chat, PASSWORD, ...page.callbacks);
  page.asked?.onReply?.("done");
  page.connection.account = "alice";
  staySignedIn(page.chat);
  page.asked?.onToken?.("tincan_x");
  assertEquals([...stores.sessionStorage], [["tincan.password", "kitchen"]]);
  assertEquals([...stores.localStorage], [["tincan.token", '["alice","tincan_x"]']], "and no password");
  const restored = new Page();
  loadLogin(restored.chat);
  assertEquals(restored.connection.password, "kitchen");
  assertEquals(restored.connection.login, { name: "alice", password: "tincan_x", isToken: true });
  for (const text of ["", "{", "[]", '["alice"]', '[1,"x"]', '["alice",null]']) {
    stores.localStorage.set("tincan.token", text);
    loadLogin(restored.chat);
    assertEquals(restored.connection.login, undefined, text);
  }
  changePassword(page.chat, "another one", ...page.callbacks);
  page.asked?.onReply?.("Your password is changed.");
  assertEquals(page.connection.login?.password, "tincan_x", "its token stays valid");
  page.take();
  logout(page.chat, ...page.callbacks);
  assertEquals([page.take(), page.connection.login?.name], [[["TOKEN REVOKE *"], []], "alice"], "until the reply");
});

Deno.test("account: a token is asked for once, and not kept after a logout", () => {
  const page = new Page("alice");
  staySignedIn(page.chat);
  const { asked } = page;
  staySignedIn(page.chat);
  assertEquals(page.take()[0]?.length, 1, "while one is under way");
  page.connection.account = "";
  asked?.onToken?.("tincan_x");
  assertEquals(page.connection.login, undefined, "logged out meanwhile");
  page.connection.account = "alice";
  staySignedIn(page.chat);
  assertEquals(page.take()[0]?.length, 1);
  page.online = false;
  page.asked?.onError?.("The connection was lost.");
  page.online = true;
  staySignedIn(page.chat);
  assertEquals(page.take()[0]?.length, 1, "again after an error");
  page.asked?.onToken?.("tincan_y");
  assertEquals(page.connection.login, { name: "alice", password: "tincan_y", isToken: true });
  staySignedIn(page.chat);
  assertEquals(page.take()[0], [], "it has one");
});

Deno.test("account: NickServ is recognised in any case, and accounts need SASL", () => {
  assertEquals(["NickServ", "NICKSERV", "nickserv2", "nick"].map(isNickServ), [true, true, false, false]);
  const page = new Page();
  assertEquals(hasAccounts(page.chat), true);
  page.connection.has = () => false;
  assertEquals(hasAccounts(page.chat), false);
});
