/** Users with several sessions: one for each device that is logged in to their account. */
import { assert, assertEquals } from "@std/assert";
import type { Member, Session } from "../../src/chat/member.ts";
import { fold, LOBBY } from "../../src/chat/names.ts";
import { assertRejected, ChatFixture, CountingFormat, IDENTITY, Inbox, sessionOf, spell } from "./helpers.ts";

/** A chat in which alice and bob are registered. */
function registered(maxSessions = 10): ChatFixture {
  return new ChatFixture({ policy: { isRegistered: (nick) => ["alice", "bob"].includes(fold(nick)) }, maxSessions });
}

/** A session with what it has received, and what its handlers were called with. */
class Device {
  readonly inbox = new Inbox();
  readonly session: Session;
  readonly notified: string[] = [];
  readonly #fixture: ChatFixture;

  constructor(fixture: ChatFixture, nick: string, account?: string, host = "host", format = new CountingFormat()) {
    this.#fixture = fixture;
    this.session = fixture.chat.connect(nick, { ...IDENTITY, host, account }, format, this.inbox);
    this.session.handlers = {
      joined: ({ name }) => void this.notified.push(`joined ${name}`),
      left: ({ name }, reason) => void this.notified.push(`left ${name} ${reason}`),
      kicked: ({ name }) => void this.notified.push(`kicked ${name}`),
      accountChanged: () => void this.notified.push(`account ${this.member.account}`),
      moved: (previous, rooms) => {
        this.notified.push(`moved ${previous.nick} ${this.member.nick} ${rooms.map(({ name }) => name)}`);
      },
    };
  }

  get member(): Member {
    return this.session.member;
  }

  join(room: string): void {
    this.#fixture.chat.join(this.member, room, undefined, this.session);
  }

  say(room: string, text: string): void {
    this.#fixture.chat.say(this.member, this.#fixture.chat.findRoom(room), text, { from: this.session });
  }

  heard(): string[] {
    this.#fixture.chat.flush();
    return this.inbox.take();
  }

  told(): string[] {
    return this.notified.splice(0);
  }
}

/** Alice with two devices in #tea, and bob. What they have received is discarded. */
function twoDevices() {
  const fixture = registered();
  const bob = new Device(fixture, "bob", "bob");
  const laptop = new Device(fixture, "alice", "alice");
  for (const each of [bob, laptop]) each.join("#tea");
  const phone = new Device(fixture, "anything", "Alice", "elsewhere");
  fixture.chat.show(phone.session, fixture.chat.findRoom("#tea"));
  for (const each of [bob, laptop, phone]) each.heard();
  return { fixture, bob, laptop, phone };
}

Deno.test("sessions: a second device of an account is the same user, in the same rooms, and no member is told", () => {
  const { fixture, bob, laptop, phone } = twoDevices();
  assertEquals(phone.member, laptop.member);
  assertEquals([phone.member.nick, phone.session.origin], ["alice", "alice!~user@elsewhere"]);
  assertEquals([bob.heard(), fixture.chat.members.size, fixture.chat.findRoom("#tea").members.size], [[], 2, 2]);
  bob.say("#tea", "hi");
  assertEquals([laptop.heard(), phone.heard()], [["said #tea bob hi say bob"], ["said #tea bob hi say bob"]]);
});

Deno.test("sessions: all devices get what one says, but for the one itself when it wants no echo", () => {
  const { laptop, phone, bob } = twoDevices();
  for (const echo of [true, false]) {
    laptop.session.echo = phone.session.echo = echo;
    laptop.say("#tea", "hi");
    const line = ["said #tea alice hi say alice"];
    assertEquals([bob.heard(), phone.heard(), laptop.heard()], [line, line, echo ? line : []]);
  }
});

Deno.test("sessions: private messages reach all devices, and a copy of the user's own the other ones", () => {
  const { fixture, bob, laptop, phone } = twoDevices();
  fixture.chat.whisper(bob.member, "alice", "psst", { from: bob.session });
  assertEquals([laptop.heard(), phone.heard()], [["whispered bob alice psst say bob"], [
    "whispered bob alice psst say bob",
  ]]);
  fixture.chat.whisper(phone.member, "bob", "pst", { from: phone.session });
  assertEquals(bob.heard(), ["whispered alice bob pst say alice"]);
  assertEquals([laptop.heard(), phone.heard()], [["whispered alice bob pst say alice forAuthor"], []]);
  fixture.chat.tag(phone.member, bob.member, "+typing=active", undefined, phone.session);
  assertEquals([bob.heard().length, laptop.heard().length, phone.heard().length], [1, 1, 0]);
  fixture.chat.whisper(phone.member, "alice", "to myself", { from: phone.session });
  assertEquals([laptop.heard().length, phone.heard().length], [1, 1]);
});

Deno.test("sessions: a room that one device joins or leaves is notified to the others", () => {
  const { fixture, laptop, phone } = twoDevices();
  phone.join("#new");
  assertEquals([laptop.told(), phone.told()], [["joined #new"], []]);
  phone.say("#new", "not shown on the laptop");
  assertEquals(laptop.heard(), []);
  fixture.chat.show(laptop.session, fixture.chat.findRoom("#new"));
  phone.say("#new", "shown");
  assertEquals(laptop.heard(), ["said #new alice shown say alice"]);
  fixture.chat.leave(laptop.member, fixture.chat.findRoom("#tea"), "bye", laptop.session);
  assertEquals([laptop.told(), phone.told()], [[], ["left #tea bye"]]);
  assert(!fixture.chat.findRoom("#tea").sessions.has(phone.session));
});

Deno.test("sessions: joining a room that the user is in shows it to the device, and no member is told", () => {
  const { fixture, bob, phone } = twoDevices();
  fixture.chat.hide(phone.session, fixture.chat.findRoom("#tea"));
  bob.say("#tea", "hidden");
  assertEquals(phone.heard(), []);
  phone.join("#tea");
  bob.say("#tea", "shown");
  assertEquals([phone.heard(), bob.heard().length], [["said #tea bob shown say bob"], 2]);
});

Deno.test("sessions: a room is not shown to a device whose user is not in it", () => {
  const { fixture, bob, laptop } = twoDevices();
  laptop.join("#secret");
  fixture.chat.show(bob.session, fixture.chat.findRoom("#secret"));
  laptop.say("#secret", "hi");
  assertEquals(bob.heard(), []);
});

Deno.test("sessions: a kick takes all devices out of the room", () => {
  const { fixture, bob, laptop, phone } = twoDevices();
  const tea = fixture.chat.findRoom("#tea");
  fixture.chat.kick(bob.member, tea, "alice");
  for (const device of [laptop, phone]) {
    assertEquals([device.told(), device.heard()], [["kicked #tea"], ["kicked #tea bob alice bob"]]);
    assert(!tea.sessions.has(device.session));
  }
});

Deno.test("sessions: the user leaves the chat with the last device", () => {
  const { fixture, bob, laptop, phone } = twoDevices();
  fixture.chat.disconnect(laptop.session, "bye", true);
  assertEquals([bob.heard(), fixture.chat.has(phone.member), fixture.chat.hasSession(laptop.session)], [
    [],
    true,
    false,
  ]);
  bob.say("#tea", "hi");
  assertEquals([phone.heard().length, laptop.heard()], [1, []]);
  fixture.chat.disconnect(laptop.session);
  fixture.chat.disconnect(phone.session, "bye", true);
  assertEquals(bob.heard().at(-1), "left #tea alice bye alice 1 quit own");
  assertEquals(fixture.chat.getByAccount("alice"), undefined);
});

Deno.test("sessions: a removed user loses all devices", () => {
  const { fixture, bob, laptop, phone } = twoDevices();
  const closed: string[] = [];
  for (const { session } of [laptop, phone]) session.outlet.close = (ending) => void closed.push(ending);
  fixture.chat.remove(laptop.member, "enough", { ending: "killed", words: "enough", notice: "Enough." });
  assertEquals(bob.heard(), ["left #tea alice enough alice 1 quit"]);
  assertEquals([fixture.chat.hasSession(laptop.session), fixture.chat.hasSession(phone.session)], [false, false]);
  assertEquals(closed, ["killed", "killed"]);
});

Deno.test("sessions: an account has as many devices as the limit allows", () => {
  const fixture = registered(2);
  const devices = [new Device(fixture, "alice", "alice"), new Device(fixture, "alice", "alice")];
  assertRejected("too-many-sessions", "2", () => new Device(fixture, "alice", "alice"));
  const guest = new Device(fixture, "guest");
  assertRejected("too-many-sessions", "2", () => fixture.chat.login(guest.session, "alice"));
  assertEquals([guest.member.nick, guest.member.account, fixture.chat.members.size], ["guest", undefined, 2]);
  fixture.chat.disconnect(devices[0]!.session);
  fixture.chat.login(guest.session, "alice");
  assertEquals(guest.member, devices[1]!.member);
});

Deno.test("login: a device becomes one of the user's, who joins its rooms with its rank", () => {
  const { fixture, bob, laptop } = twoDevices();
  const tablet = new Device(fixture, "guest1");
  for (const room of ["#tea", "#den"]) tablet.join(room);
  bob.join("#den");
  for (const each of [bob, laptop, tablet]) each.heard();
  fixture.chat.login(tablet.session, "alice");
  assertEquals(tablet.told(), ["moved guest1 alice #tea,#den", "account alice"]);
  assertEquals(laptop.told(), ["joined #den"]);
  assertEquals(bob.heard(), [
    "joined #den alice alice 3",
    "modes #den guest1 +o alice",
    "left #tea guest1 Logged in as alice 2 quit",
  ]);
  const den = fixture.chat.findRoom("#den");
  assertEquals([tablet.member, den.holds(tablet.member, "op"), tablet.heard()], [laptop.member, true, []]);
  bob.say("#den", "hi");
  bob.say("#tea", "hi");
  assertEquals([tablet.heard().length, laptop.heard()], [2, [
    "left #tea guest1 Logged in as alice 2 quit",
    "said #tea bob hi say bob",
  ]]);
});

Deno.test("login: the user does not join a room that bans them", () => {
  const fixture = registered();
  const [laptop, tablet, bob] = [
    new Device(fixture, "alice", "alice"),
    new Device(fixture, "guest1"),
    new Device(fixture, "bob", "bob"),
  ];
  bob.join("#den");
  tablet.join("#den");
  fixture.mode(bob.member, "#den", "+b alice");
  fixture.chat.login(tablet.session, "alice");
  assertEquals([tablet.told(), [...tablet.member.rooms.keys()]], [["moved guest1 alice #den", "account alice"], []]);
  assertEquals(laptop.told(), []);
});

Deno.test("login: the user does not join more rooms than one user may be in", () => {
  const policy = { isRegistered: (nick: string) => fold(nick) === "alice" };
  const fixture = new ChatFixture({ policy, maxJoined: 2 });
  const [laptop, tablet] = [new Device(fixture, "alice", "alice"), new Device(fixture, "guest1")];
  laptop.join("#one");
  for (const room of ["#two", "#three"]) tablet.join(room);
  fixture.chat.login(tablet.session, "alice");
  assertEquals([...tablet.member.rooms.keys()], ["#one", "#two"]);
});

Deno.test("logout: a device of a user with others becomes a guest in no room; the last one stays where it is", () => {
  const { fixture, bob, laptop, phone } = twoDevices();
  fixture.chat.logout(phone.session);
  assertEquals(phone.told(), ["moved alice guest1 #tea", "account undefined"]);
  assertEquals([phone.member.nick, phone.member.rooms.size, phone.member.host], ["guest1", 0, "elsewhere"]);
  assertEquals([bob.heard(), laptop.member.account], [[], "alice"]);
  fixture.chat.logout(laptop.session);
  assertEquals([laptop.member.nick, [...laptop.member.rooms.keys()]], ["guest2", ["#tea"]]);
  // Ids of members are never used twice, however often devices come and go.
  for (let n = 0; n < 3; n++) {
    for (const each of [laptop, phone]) fixture.chat.login(each.session, "alice");
    fixture.chat.logout(n % 2 ? laptop.session : phone.session);
    assertEquals(fixture.chat.members.size, 3);
    assertEquals(new Set([...fixture.chat.members].map(({ id }) => id)).size, 3);
  }
});

Deno.test("sessions: an event about a user of several rooms reaches each device once, whatever it is shown", () => {
  const { fixture, bob, laptop, phone } = twoDevices();
  for (const each of [laptop, bob]) each.join("#den");
  fixture.chat.hide(bob.session, fixture.chat.findRoom("#tea"));
  for (const each of [bob, laptop, phone]) each.heard();
  fixture.chat.rename(laptop.member, "ally");
  const line = ["renamed alice ally alice"];
  assertEquals([bob.heard(), laptop.heard(), phone.heard()], [line, line, line]);
});

Deno.test("sessions: a device that is shown no room is told of its user's new nickname", () => {
  const fixture = registered();
  const [laptop, phone] = [new Device(fixture, "alice", "alice"), new Device(fixture, "alice", "alice")];
  laptop.join(LOBBY);
  fixture.chat.rename(laptop.member, "ally");
  assertEquals(phone.heard(), ["renamed alice ally alice"]);
});

Deno.test("sessions: a device that changes its format gets each line once", () => {
  const { fixture, bob, laptop, phone } = twoDevices();
  bob.say("#tea", "1");
  fixture.chat.reformat(phone.session, new CountingFormat((event) => `! ${spell(event)}`));
  bob.say("#tea", "2");
  assertEquals(phone.heard(), ["said #tea bob 1 say bob", "! said #tea bob 2 say bob"]);
  assertEquals(laptop.heard().length, 2);
});

Deno.test("sessions: each device has a monitor list of its own", () => {
  const { fixture, laptop, phone } = twoDevices();
  fixture.chat.monitor.add(phone.session, "carol");
  fixture.enter("carol");
  assertEquals([laptop.heard(), phone.heard()], [[], ["online carol"]]);
  fixture.chat.disconnect(phone.session);
  assertEquals(fixture.chat.monitor.list(phone.session), []);
});

Deno.test("sessions: a guest has one, and a member that was not connected here has none", () => {
  const fixture = registered();
  const guest = fixture.enter("guest");
  assertEquals([guest.sessions.length, sessionOf(guest).member], [1, guest]);
});
