/** Tests of read markers on the page: the devices of one account follow each other, also after the server was killed. */
/// <reference lib="dom" />
import { missing, type Visitor, within } from "./browser.ts";
import { onNc, say } from "./browser_history.ts";
import { PASSWORD, PHONE, signIn } from "./browser_sign_in.ts";
import { test } from "./forms.ts";
import { Client, type Form, source } from "./harness.ts";
import { Directory } from "./history_store.ts";

/** Shows the tab of a room or user. */
async function open(visitor: Visitor, name: string): Promise<void> {
  const rooms = visitor.page.getByRole("button", { name: "Rooms" });
  if (await rooms.isVisible()) await rooms.click(); // a phone
  await visitor.tab(name).click();
}

/** Waits until a tab has a label: the name, and how many messages are unread. On a phone, it is hidden in a drawer. */
async function labelled(label: string, ...visitors: Visitor[]): Promise<void> {
  for (const { page } of visitors) {
    await page.waitForFunction((label) => {
      return [...document.querySelectorAll("button.tab")].some(({ textContent }) => textContent === label);
    }, label);
  }
}

async function run(form: Form) {
  await using directory = await Directory.make();
  const args = ["--data", directory.path];
  await within(form, async (world) => {
    using alice = await Client.join(world.server.port);
    await alice.send("/nick alice", `/register ${PASSWORD}`, "/join #tea", "/quit");
    await world.server.logged(/ disconnected .*nick=alice/);
    const [laptop, phone] = [await signIn(world, "alice"), await signIn(world, "alice", PHONE)];
    await laptop.join("#tea");
    await laptop.say("nothing new yet");
    await laptop.tab("#lobby").click();
    await labelled("#tea", laptop, phone); // what one device has said and seen is read on the other

    using bob = await onNc(world, "bob", "#tea");
    await say(bob, "one", "two", "alice: three", "/msg alice psst");
    await labelled("#tea3 unread, 1 for you", laptop, phone);
    await labelled("bob1 unread", laptop, phone);

    // What is read on the phone is read on the laptop, at once.
    await open(phone, "#tea");
    await phone.sees("alice: three");
    await labelled("#tea", laptop, phone);
    await open(phone, "bob");
    await phone.sees("psst");
    await labelled("bob", laptop, phone);
    await laptop.titled("#lobby · tincan");
    await open(phone, "#lobby");

    // A device that has read nothing yet knows it, too, after the server was killed.
    await say(bob, "four", "five");
    await labelled("#tea2 unread", laptop, phone);
    for (const visitor of [laptop, phone]) visitor.foreseen.push(/WebSocket connection to .* failed|net::ERR_/);
    const port = String(world.server.webPort);
    world.server.kill("SIGKILL");
    await world.kill();
    await world.restart(["--web-port", port, ...args]);
    const tablet = await signIn(world, "alice");
    await labelled("#tea2 unread", laptop, phone, tablet);
    await open(tablet, "#tea");
    await tablet.page.getByRole("separator", { name: "New messages" }).waitFor();
    await labelled("#tea", laptop, phone, tablet);
    await open(laptop, "#tea");
    await laptop.sees("five");
  }, args);
}

test("page: what is read on one device is read on the others, and after the server was killed", run, missing, [source]);
