/** Requests that were allowed when they came, but no longer are when the password is hashed or checked. */
import { assertEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { AuthError } from "../../src/accounts/auth.ts";
import { currentLogin, drop } from "../../src/protocol/accounts.ts";
import { addToken, CALLER, cheap } from "../accounts/helpers.ts";
import { type Client, type ProtocolFixture, testAccounts } from "./irc/harness.ts";

const PASSWORD = "open sesame";
const OWNER_PASSWORD = "owner's words";

/** Key derivations of which one can be held. */
class HeldDerivations {
  #password: string | undefined;
  #gate = Promise.withResolvers<void>();
  #reached = Promise.withResolvers<void>();

  readonly derive: typeof cheap = async (...args) => {
    const { promise } = this.#gate;
    if (args[0] === this.#password) {
      this.#password = undefined;
      this.#reached.resolve();
      await promise;
    }
    return cheap(...args);
  };

  /** Has the next derivation for a password wait for `release`. */
  hold(password: string): { readonly reached: Promise<void>; release(): void } {
    const gate = this.#gate = Promise.withResolvers();
    const reached = this.#reached = Promise.withResolvers();
    this.#password = password;
    return { reached: reached.promise, release: gate.resolve };
  }
}

/** Two devices of alice, whose account has PASSWORD. */
async function twoDevices(fixture: ProtocolFixture): Promise<[laptop: Client, phone: Client]> {
  const laptop = await fixture.irc("alice");
  await laptop.says(`NS REGISTER ${PASSWORD}`);
  const phone = await fixture.irc("phone");
  await phone.says(`NS IDENTIFY alice ${PASSWORD}`);
  assertEquals([laptop.member.account, phone.member.account], ["alice", "alice"]);
  return [laptop, phone];
}

/** Has the account dropped by its laptop, and registered by another user. */
async function passOn(fixture: ProtocolFixture, laptop: Client): Promise<Client> {
  await laptop.says(`NS DROP ${PASSWORD}`, "NICK mallory");
  const owner = await fixture.irc("alice");
  await owner.says(`NS REGISTER ${OWNER_PASSWORD}`);
  assertEquals(owner.member.account, "alice");
  return owner;
}

async function logsIn(fixture: ProtocolFixture, password: string): Promise<boolean> {
  const client = await fixture.irc("probe");
  await client.says(`NS IDENTIFY alice ${password}`);
  const isIn = client.session.member.account === "alice";
  await client.leave();
  return isIn;
}

{
  const held = new HeldDerivations();
  testAccounts("account races: a new password is not set after the account has got another owner", async (fixture) => {
    const [laptop, phone] = await twoDevices(fixture);
    const { reached, release } = held.hold("taken over now");
    const changed = phone.says("NS SET PASSWORD taken over now");
    await reached;
    const owner = await passOn(fixture, laptop);
    release();
    await changed;
    assertEquals(await logsIn(fixture, "taken over now"), false);
    assertEquals(await logsIn(fixture, OWNER_PASSWORD), true);
    assertEquals(owner.member.account, "alice");
  }, { derive: held.derive });
}

{
  const held = new HeldDerivations();
  testAccounts("account races: a second DROP does not delete the account of the next owner", async (fixture) => {
    const [laptop, phone] = await twoDevices(fixture);
    const { reached, release } = held.hold(PASSWORD);
    const dropped = phone.says(`NS DROP ${PASSWORD}`);
    await reached;
    const owner = await passOn(fixture, laptop);
    release();
    await dropped;
    assertEquals(owner.member.account, "alice");
    assertEquals(await logsIn(fixture, OWNER_PASSWORD), true);
  }, { derive: held.derive });
}

testAccounts(
  "account races: DROP forgets all of an account whose client has disconnected",
  async (fixture, { auth }) => {
    const laptop = await fixture.irc("alice");
    await laptop.says(`NS REGISTER ${PASSWORD}`, "NS SET ALWAYS-ON ON");
    const { chat, moderation } = fixture.options;
    const { session, member } = laptop;
    const caller = { ...CALLER, nick: "alice" };
    const answering = <T>(run: () => T) => run();
    const context = { chat, auth, session, member, caller, moderation, commandFor: () => "", answering };
    const dropped = drop(context, PASSWORD);
    await chat.disconnect(session);
    assertEquals(chat.alwaysOn.absent.size, 1);
    await dropped;
    assertEquals([auth.find("alice"), chat.alwaysOn.absent.size], [undefined, 0]);
    assertEquals(chat.alwaysOn.status("alice").choice, undefined);
  },
);

{
  const held = new HeldDerivations();
  testAccounts("account races: a login ends that is still checked when the password changes", async (fixture) => {
    const [laptop] = await twoDevices(fixture);
    const thief = await fixture.irc("thief");
    const { reached, release } = held.hold(PASSWORD);
    const login = thief.says(`NS IDENTIFY alice ${PASSWORD}`);
    await reached;
    await laptop.says(`NS SET PASSWORD ${OWNER_PASSWORD}`);
    release();
    await login;
    assertEquals(thief.session.member.account, undefined);
  }, { derive: held.derive });
}

testAccounts("account races: a login is checked again before the chat is told", async (fixture, { auth, accounts }) => {
  const [laptop] = await twoDevices(fixture);
  const login = await auth.login(CALLER, "alice", PASSWORD, "login");
  const made = await addToken(accounts, "alice", "bot", "");
  const byToken = await auth.login(CALLER, "alice", made.secret, "login");
  assertEquals([currentLogin(auth, login).name, currentLogin(auth, byToken).token?.id], ["alice", 1]);
  await laptop.says(`NS SET PASSWORD ${OWNER_PASSWORD}`);
  for (const each of [login, byToken]) {
    assertEquals(assertThrows(() => currentLogin(auth, each), AuthError).code, "wrong-password");
  }
});

testAccounts("account races: a login before registration ends with a new password", async (fixture) => {
  const [laptop] = await twoDevices(fixture);
  const thief = fixture.connect();
  await thief.says("CAP REQ :sasl", "NICK thief", "USER thief 0 * :x", "AUTHENTICATE PLAIN");
  await thief.says(`AUTHENTICATE ${Buffer.from(`\0alice\0${PASSWORD}`).toString("base64")}`);
  await laptop.says(`NS SET PASSWORD ${OWNER_PASSWORD}`);
  await thief.says("CAP END");
  assertEquals(thief.session.member.account, undefined);
});
