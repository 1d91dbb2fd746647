/** Registers users, and signs them in on the page, for tests in a browser. */
import type { Visitor, World } from "./browser.ts";
import { Client } from "./harness.ts";

/** The password of all users. */
export const PASSWORD = "open-sesame";

/** A context of the browser like that of a phone. */
export const PHONE = { viewport: { width: 375, height: 740 }, isMobile: true, hasTouch: true };

/** Registers a nickname over the text protocol, and leaves. */
export async function register({ server }: World, name: string): Promise<void> {
  using client = await Client.join(server.port);
  await client.send(`/nick ${name}`, `/register ${PASSWORD}`);
  await client.until(/ is now registered\./);
  await client.send("/quit");
  await server.logged(new RegExp(` disconnected .*nick=${name}`));
}

/** Opens a window with an empty profile, and signs in with the password. */
export async function signIn(world: World, name: string, options = {}): Promise<Visitor> {
  const visitor = await world.visitor("", options);
  await visitor.name.fill(name);
  await visitor.page.keyboard.press("Enter");
  await givePassword(visitor);
  return visitor;
}

/** Enters the password in the dialog that asks for it. */
export async function givePassword(visitor: Visitor): Promise<void> {
  await visitor.dialog("Welcome to tincan").getByLabel("Password for this name").fill(PASSWORD);
  await visitor.page.keyboard.press("Enter");
  await visitor.isIn("#lobby");
}
