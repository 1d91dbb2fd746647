/** Users with several sessions: one for each device that is logged in to their account. */
import { assert, assertEquals } from "@std/assert";
import type { Member, Session } from "../../src/chat/member.ts";
import { fold, LOBBY } from "../../src/chat/names.ts";
import { assertRejected, Chat, CountingFormat, IDENTITY, Inbox, sessionOf, spell } from "./helpers.ts";

/** A chat in which alice and bob are registered. */
function registered(maxSessions = 10): Chat {
  return new Chat({ policy: { isRegistered: (nick) => ["alice", "bob"].includes(fold(nick)) }, maxSessions });
}

/** A session with what it has received, and what its handlers were called with. */
class Device {
  readonly inbox = new Inbox();
  readonly session: Session;
  readonly notified: string[] = [];
  readonly #chat: Chat;

  constructor(chat: Chat, nick: string, account?: string, host = "host", format = new CountingFormat()) {
    this.#chat = chat;
    this.session = chat.hub.connect(nick, { ...IDENTITY, host, account }, format, this.inbox);
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
    this.#chat.hub.join(this.member, room, undefined, this.session);
  }

  say(room: string, text: string): void {
    this.#chat.hub.say(this.member, this.#chat.hub.findRoom(room), text, { from: this.session });
  }

  heard(): string[] {
    this.#chat.hub.flush();
    return this.inbox.take();
  }

  told(): string[] {
    return this.notified.splice(0);
  }
}

/** Alice with two devices in #tea, and bob. What they have received is discarded. */
function twoDevices() {
  const chat = registered();
  const bob = new Device(chat, "bob", "bob");
  const laptop = new Device(chat, "alice", "alice");
  for (const each of [bob, laptop]) each.join("#tea");
  const phone = new Device(chat, "anything", "Alice", "elsewhere");
  chat.hub.show(phone.session, chat.hub.findRoom("#tea"));
  for (const each of [bob, laptop, phone]) each.heard();
  return { chat, bob, laptop, phone };
}

Deno.test("sessions: a second device of an account is the same user, in the same rooms, and no member is told", () => {
  const { chat, bob, laptop, phone } = twoDevices();
  assertEquals(phone.member, laptop.member);
  assertEquals([phone.member.nick, phone.session.origin], ["alice", "alice!~user@elsewhere"]);
  assertEquals([bob.heard(), chat.hub.members.size, chat.hub.findRoom("#tea").members.size], [[], 2, 2]);
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
  const { chat, bob, laptop, phone } = twoDevices();
  chat.hub.whisper(bob.member, "alice", "psst", { from: bob.session });
  assertEquals([laptop.heard(), phone.heard()], [["whispered bob alice psst say bob"], [
    "whispered bob alice psst say bob",
  ]]);
  chat.hub.whisper(phone.member, "bob", "pst", { from: phone.session });
  assertEquals(bob.heard(), ["whispered alice bob pst say alice"]);
  assertEquals([laptop.heard(), phone.heard()], [["whispered alice bob pst say alice forAuthor"], []]);
  chat.hub.tag(phone.member, bob.member, "+typing=active", undefined, phone.session);
  assertEquals([bob.heard().length, laptop.heard().length, phone.heard().length], [1, 1, 0]);
  chat.hub.whisper(phone.member, "alice", "to myself", { from: phone.session });
  assertEquals([laptop.heard().length, phone.heard().length], [1, 1]);
});

Deno.test("sessions: a room that one device joins or leaves is notified to the others", () => {
  const { chat, laptop, phone } = twoDevices();
  phone.join("#new");
  assertEquals([laptop.told(), phone.told()], [["joined #new"], []]);
  phone.say("#new", "not shown on the laptop");
  assertEquals(laptop.heard(), []);
  chat.hub.show(laptop.session, chat.hub.findRoom("#new"));
  phone.say("#new", "shown");
  assertEquals(laptop.heard(), ["said #new alice shown say alice"]);
  chat.hub.leave(laptop.member, chat.hub.findRoom("#tea"), "bye", laptop.session);
  assertEquals([laptop.told(), phone.told()], [[], ["left #tea bye"]]);
  assert(!chat.hub.findRoom("#tea").sessions.has(phone.session));
});

Deno.test("sessions: joining a room that the user is in shows it to the device, and no member is told", () => {
  const { chat, bob, phone } = twoDevices();
  chat.hub.hide(phone.session, chat.hub.findRoom("#tea"));
  bob.say("#tea", "hidden");
  assertEquals(phone.heard(), []);
  phone.join("#tea");
  bob.say("#tea", "shown");
  assertEquals([phone.heard(), bob.heard().length], [["said #tea bob shown say bob"], 2]);
});

Deno.test("sessions: a room is not shown to a device whose user is not in it", () => {
  const { chat, bob, laptop } = twoDevices();
  laptop.join("#secret");
  chat.hub.show(bob.session, chat.hub.findRoom("#secret"));
  laptop.say("#secret", "hi");
  assertEquals(bob.heard(), []);
});

Deno.test("sessions: a kick takes all devices out of the room", () => {
  const { chat, bob, laptop, phone } = twoDevices();
  const tea = chat.hub.findRoom("#tea");
  chat.hub.kick(bob.member, tea, "alice");
  for (const device of [laptop, phone]) {
    assertEquals([device.told(), device.heard()], [["kicked #tea"], ["kicked #tea bob alice bob"]]);
    assert(!tea.sessions.has(device.session));
  }
});

Deno.test("sessions: the user leaves the chat with the last device", () => {
  const { chat, bob, laptop, phone } = twoDevices();
  chat.hub.disconnect(laptop.session, "bye", true);
  assertEquals([bob.heard(), chat.hub.has(phone.member), chat.hub.hasSession(laptop.session)], [[], true, false]);
  bob.say("#tea", "hi");
  assertEquals([phone.heard().length, laptop.heard()], [1, []]);
  chat.hub.disconnect(laptop.session);
  chat.hub.disconnect(phone.session, "bye", true);
  assertEquals(bob.heard().at(-1), "left #tea alice bye alice 1 quit own");
  assertEquals(chat.hub.getByAccount("alice"), undefined);
});

Deno.test("sessions: a removed user loses all devices", () => {
  const { chat, bob, laptop, phone } = twoDevices();
  const closed: string[] = [];
  for (const { session } of [laptop, phone]) session.outlet.close = (ending) => void closed.push(ending);
  chat.hub.remove(laptop.member, "enough");
  laptop.member.close("killed");
  assertEquals(bob.heard(), ["left #tea alice enough alice 1 quit"]);
  assertEquals([chat.hub.hasSession(laptop.session), chat.hub.hasSession(phone.session)], [false, false]);
  assertEquals(closed, ["killed", "killed"]);
});

Deno.test("sessions: an account has as many devices as the limit allows", () => {
  const chat = registered(2);
  const devices = [new Device(chat, "alice", "alice"), new Device(chat, "alice", "alice")];
  assertRejected("too-many-sessions", "2", () => new Device(chat, "alice", "alice"));
  const guest = new Device(chat, "guest");
  assertRejected("too-many-sessions", "2", () => chat.hub.login(guest.session, "alice"));
  assertEquals([guest.member.nick, guest.member.account, chat.hub.members.size], ["guest", undefined, 2]);
  chat.hub.disconnect(devices[0]!.session);
  chat.hub.login(guest.session, "alice");
  assertEquals(guest.member, devices[1]!.member);
});

Deno.test("login: a device becomes one of the user's, who joins its rooms with its rank", () => {
  const { chat, bob, laptop } = twoDevices();
  const tablet = new Device(chat, "guest1");
  for (const room of ["#tea", "#den"]) tablet.join(room);
  bob.join("#den");
  for (const each of [bob, laptop, tablet]) each.heard();
  chat.hub.login(tablet.session, "alice");
  assertEquals(tablet.told(), ["moved guest1 alice #tea,#den", "account alice"]);
  assertEquals(laptop.told(), ["joined #den"]);
  assertEquals(bob.heard(), [
    "joined #den alice alice 3",
    "modes #den guest1 +o alice",
    "left #tea guest1 Logged in as alice 2 quit",
  ]);
  const den = chat.hub.findRoom("#den");
  assertEquals([tablet.member, den.holds(tablet.member, "op"), tablet.heard()], [laptop.member, true, []]);
  bob.say("#den", "hi");
  bob.say("#tea", "hi");
  assertEquals([tablet.heard().length, laptop.heard()], [2, [
    "left #tea guest1 Logged in as alice 2 quit",
    "said #tea bob hi say bob",
  ]]);
});

Deno.test("login: the user does not join a room that bans them or is one too many", () => {
  const chat = registered();
  const [laptop, tablet, bob] = [
    new Device(chat, "alice", "alice"),
    new Device(chat, "guest1"),
    new Device(chat, "bob", "bob"),
  ];
  bob.join("#den");
  tablet.join("#den");
  chat.mode(bob.member, "#den", "+b alice");
  chat.hub.login(tablet.session, "alice");
  assertEquals([tablet.told(), [...tablet.member.rooms.keys()]], [["moved guest1 alice #den", "account alice"], []]);
  assertEquals(laptop.told(), []);
});

Deno.test("logout: a device of a user with others becomes a guest in no room; the last one stays where it is", () => {
  const { chat, bob, laptop, phone } = twoDevices();
  chat.hub.logout(phone.session);
  assertEquals(phone.told(), ["moved alice guest1 #tea", "account undefined"]);
  assertEquals([phone.member.nick, phone.member.rooms.size, phone.member.host], ["guest1", 0, "elsewhere"]);
  assertEquals([bob.heard(), laptop.member.account], [[], "alice"]);
  chat.hub.logout(laptop.session);
  assertEquals([laptop.member.nick, [...laptop.member.rooms.keys()]], ["guest2", ["#tea"]]);
  // Ids of members are never used twice, however often devices come and go.
  for (let n = 0; n < 3; n++) {
    for (const each of [laptop, phone]) chat.hub.login(each.session, "alice");
    chat.hub.logout(n % 2 ? laptop.session : phone.session);
    assertEquals(chat.hub.members.size, 3);
    assertEquals(new Set([...chat.hub.members].map(({ id }) => id)).size, 3);
  }
});

Deno.test("sessions: an event about a user of several rooms reaches each device once, whatever it is shown", () => {
  const { chat, bob, laptop, phone } = twoDevices();
  for (const each of [laptop, bob]) each.join("#den");
  chat.hub.hide(bob.session, chat.hub.findRoom("#tea"));
  for (const each of [bob, laptop, phone]) each.heard();
  chat.hub.rename(laptop.member, "ally");
  const line = ["renamed alice ally alice"];
  assertEquals([bob.heard(), laptop.heard(), phone.heard()], [line, line, line]);
});

Deno.test("sessions: a device that is shown no room is told of its user's new nickname", () => {
  const chat = registered();
  const [laptop, phone] = [new Device(chat, "alice", "alice"), new Device(chat, "alice", "alice")];
  laptop.join(LOBBY);
  chat.hub.rename(laptop.member, "ally");
  assertEquals(phone.heard(), ["renamed alice ally alice"]);
});

Deno.test("sessions: a device that changes its format gets each line once", () => {
  const { chat, bob, laptop, phone } = twoDevices();
  bob.say("#tea", "1");
  chat.hub.reformat(phone.session, new CountingFormat((event) => `! ${spell(event)}`));
  bob.say("#tea", "2");
  assertEquals(phone.heard(), ["said #tea bob 1 say bob", "! said #tea bob 2 say bob"]);
  assertEquals(laptop.heard().length, 2);
});

Deno.test("sessions: each device has a monitor list of its own", () => {
  const { chat, laptop, phone } = twoDevices();
  chat.hub.monitor.add(phone.session, "carol");
  chat.enter("carol");
  assertEquals([laptop.heard(), phone.heard()], [[], ["online carol"]]);
  chat.hub.disconnect(phone.session);
  assertEquals(chat.hub.monitor.list(phone.session), []);
});

Deno.test("sessions: a guest has one, and a member that was not connected here has none", () => {
  const chat = registered();
  const guest = chat.enter("guest");
  assertEquals([guest.sessions.length, sessionOf(guest).member], [1, guest]);
});
