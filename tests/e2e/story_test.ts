/**
 * A story of belonging: Alice makes a private room and invites Bob, who is not there; the server is killed; both come back,
 * and everything is theirs. It is told once for each pair of clients.
 *
 * All pairs share a server and a browser, and some go on at the same time. TINCAN_PAIR names the only one to try, such as
 * `page-irssi`.
 */
import { CUT_OFF, missing as browserMissing, type Visitor, World } from "./browser.ts";
import type { Device, Kind, Site } from "./device.ts";
import { test } from "./forms.ts";
import { Client, notInstalled } from "./harness.ts";
import { Directory } from "./history_store.ts";
import { weechatCannot } from "./irc_clients.ts";
import { BotDevice, IrssiDevice, WeeChatDevice } from "./irc_devices.ts";
import { PageDevice } from "./page_device.ts";
import { Relay } from "./relay.ts";
import { TextDevice } from "./text_device.ts";

const missing = browserMissing ?? notInstalled("nc", "telnet", "irssi", "tmux", "weechat-headless", "tail") ??
  weechatCannot();

/** All clients. */
const KINDS = {
  nc: TextDevice.kind("nc"),
  telnet: TextDevice.kind("telnet"),
  irssi: IrssiDevice.kind,
  weechat: WeeChatDevice.kind,
  bot: BotDevice.kind,
  page: PageDevice.kind,
} as const satisfies Record<string, Kind>;

/** The clients of a story: the first is Alice's laptop, the second Bob's device and Alice's phone. */
type Pair = readonly [laptop: keyof typeof KINDS, other: keyof typeof KINDS];

/** Every pair of clients once, and two pages. Each client has each of the places. */
const PAIRS: readonly Pair[] = [
  ["page", "irssi"],
  ["page", "page"],
  ["page", "nc"],
  ["page", "bot"],
  ["nc", "telnet"],
  ["nc", "weechat"],
  ["nc", "bot"],
  ["telnet", "irssi"],
  ["telnet", "page"],
  ["telnet", "bot"],
  ["irssi", "nc"],
  ["irssi", "weechat"],
  ["weechat", "telnet"],
  ["weechat", "page"],
  ["bot", "irssi"],
  ["bot", "weechat"],
];

/** How many pairs go on at a time: more would wait too long for the server to check their passwords. */
const AT_A_TIME = 4;

/** The story of one pair. */
class Story {
  readonly name: string;
  error: unknown;
  readonly alice: string;
  readonly room: string;
  readonly #site: Site;
  readonly #laptop: Kind;
  readonly #other: Kind;
  readonly #bob: string;
  /** Alice's laptop, which is closed. */
  #closed: Device | undefined;

  constructor(site: Site, [laptop, other]: Pair) {
    this.name = `${laptop} and ${other}`;
    this.#site = site;
    this.#laptop = KINDS[laptop];
    this.#other = KINDS[other];
    const ending = `${laptop}-${other}`;
    this.alice = `alice-${ending}`;
    this.#bob = `bob-${ending}`;
    this.room = `#plans-${ending}`;
  }

  /** What happens before the server is killed. */
  async begin(): Promise<void> {
    {
      await using _bob = await this.#other.register(this.#site, this.#bob);
    }
    await using alice = await this.#laptop.register(this.#site, this.alice);
    this.#closed = alice;
    await alice.stayOn();
    await alice.create(this.room);
    await alice.invite(this.#bob, this.room);
    await alice.say(this.room, "Breakfast at nine");
    await alice.say(this.#bob, "Bring the map");
  }

  /** What happens after the server has been started again. */
  async end(): Promise<void> {
    await using bob = await this.#other.logIn(this.#site, this.#bob);
    await bob.counts(this.alice, 1);
    await bob.sees(this.alice, this.alice, "Bring the map");
    await bob.enter(this.room);
    await bob.sees(this.room, this.alice, "Breakfast at nine");
    for (const text of ["I am up", "Where are you", "The train leaves"]) await bob.say(this.room, text);
    await bob.say(this.alice, "I have the map");

    await using laptops = new AsyncDisposableStack();
    let laptop: Device | undefined;
    {
      await using phone = await this.#other.logIn(this.#site, this.alice);
      await this.#countAll(phone, 3, 1);
      if (this.#laptop.follows) laptop = laptops.use(await this.#logInAgain());
      if (laptop !== undefined) await this.#countAll(laptop, 3, 1);
      await phone.read(this.room);
      await phone.owns(this.room);
      await phone.sees(this.room, this.#bob, "The train leaves");
      await phone.read(this.#bob);
      await phone.sees(this.#bob, this.#bob, "I have the map");
    }
    laptop ??= laptops.use(await this.#logInAgain());
    await this.#countAll(laptop, 0, 0);
    await laptop.owns(this.room);
    await laptop.read(this.room);
    await laptop.say(this.room, "Coming");
    await bob.sees(this.room, this.alice, "Coming");
    await this.#countAll(laptop, 0, 0); // some count a moment after they have logged in
  }

  /** Waits until a device of Alice's shows how many messages are new in the room, and how many of Bob's. */
  async #countAll(device: Device, inRoom: number, fromBob: number): Promise<void> {
    await device.counts(this.room, inRoom);
    await device.counts(this.#bob, fromBob);
  }

  /** Alice's laptop, after it was closed. */
  #logInAgain(): Promise<Device> {
    return this.#laptop.logIn(this.#site, this.alice, this.#closed);
  }
}

/** Has the stories that have not failed yet go on, some at a time. */
async function goOn(stories: readonly Story[], part: (story: Story) => Promise<void>): Promise<void> {
  const waiting = stories.filter(({ error }) => error === undefined).values();
  const lane = async () => {
    for (const story of waiting) await part(story).catch((error) => story.error = error);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, lane));
}

/** Waits until the server has noticed that Alice's laptops are gone, and has stored it: it stores what was said since first. */
async function settle({ server }: World, stories: readonly Story[]): Promise<void> {
  const gone = new Set(stories.filter(({ error }) => error === undefined).map(({ alice }) => alice));
  while (gone.size > 0) gone.delete(/nick=(\S+)/.exec(await server.logged(/ disconnected /))![1]!);
  using client = await Client.join(server.port);
  await client.send("That was all.");
  await client.until("<guest1> That was all.");
}

/** Checks that a user who was not invited is let into none of the rooms. */
async function assertPrivate({ server }: World, stories: readonly Story[]): Promise<void> {
  using client = await Client.join(server.port);
  for (const { room } of stories) {
    await client.send(`/join ${room}`);
    await client.until(`-- ${room} is invite-only. Ask an operator of the room for an invitation.`);
  }
}

test("story: what users build is theirs after kill -9, on all devices", async (form, t) => {
  await using directory = await Directory.make();
  const args = ["--data", directory.path];
  await using world = await World.open(form, args);
  await using relays = new AsyncDisposableStack();
  const stories: Story[] = [];
  for (const [n, pair] of PAIRS.entries()) {
    if (pair.join("-") !== (Deno.env.get("TINCAN_PAIR") ?? pair.join("-"))) continue;
    const relay = relays.use(await Relay.open(() => world.server, `127.${n + 1}.0.1`));
    const { port, ircPort, webPort } = relay;
    const visit = async (options = {}): Promise<Visitor> => {
      const visitor = await world.visitor("", options, undefined, `http://127.0.0.1:${webPort}/`);
      visitor.foreseen.push(CUT_OFF);
      return visitor;
    };
    stories.push(new Story({ port, ircPort, visit }, pair));
  }
  await goOn(stories, (story) => story.begin());
  await settle(world, stories);
  await world.kill();
  await world.restart([...args, "--web-port", String(world.server.webPort)]);
  await assertPrivate(world, stories.filter(({ error }) => error === undefined));
  await goOn(stories, (story) => story.end());
  for (const { name, error } of stories) {
    await t.step(name, () => {
      if (error !== undefined) throw error;
    });
  }
  world.assertQuiet();
}, missing);
