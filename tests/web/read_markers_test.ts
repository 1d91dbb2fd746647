/** Tests of what the browser stores: values, read markers. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import { readMarkerOf, saveReadMarkers, setReadMarker } from "../../src/web/read_markers.js";
import { localStore, sessionStore } from "../../src/web/storage.js";
import { FakeTimers } from "../fake_timers.ts";

/** A storage that a test can replace by one that throws. */
class FakeStorage {
  readonly values = new Map<string, string>();

  getItem(name: string): string | null {
    return this.values.get(name) ?? null;
  }

  setItem(name: string, value: string): void {
    this.values.set(name, value);
  }

  removeItem(name: string): void {
    this.values.delete(name);
  }
}

/** Sets what `localStorage` and `sessionStorage` are. */
function use(local: FakeStorage | undefined, session = local): void {
  for (const [name, value] of Object.entries({ localStorage: local, sessionStorage: session })) {
    Object.defineProperty(globalThis, name, {
      configurable: true,
      get() {
        if (value === undefined) throw new DOMException("denied", "SecurityError");
        return value;
      },
    });
  }
}

const marker = (number: number) => ({ id: `id${number}`, time: new Date(number) });

Deno.test("storage: values have a prefix, and the empty string removes one", () => {
  const [local, session] = [new FakeStorage(), new FakeStorage()];
  use(local, session);
  localStore.set("nick", "alice");
  sessionStore.set("nick", "bob");
  assertEquals([localStore.get("nick"), sessionStore.get("nick"), localStore.get("other")], ["alice", "bob", ""]);
  assertEquals([[...local.values], [...session.values]], [[["tincan.nick", "alice"]], [["tincan.nick", "bob"]]]);
  localStore.set("nick", "");
  assertEquals([local.values.size, localStore.get("nick")], [0, ""]);
});

Deno.test("storage: nothing is stored when the browser does not allow it", () => {
  use(undefined);
  localStore.set("nick", "alice");
  assertEquals(localStore.get("nick"), "");
});

Deno.test("read markers: a marker is known at once, and stored after a delay", () => {
  using timers = new FakeTimers(500);
  const storage = new FakeStorage();
  use(storage);
  setReadMarker("#Tea", marker(1));
  setReadMarker("#tea", marker(2));
  setReadMarker("#den", marker(3));
  assertEquals([readMarkerOf("#TEA"), readMarkerOf("#other"), timers.size], [marker(2), undefined, 1]);
  assertEquals(storage.values.size, 0);
  timers.pass(500);
  assertEquals(storage.values.get("tincan.read"), '[["#tea","id2",2],["#den","id3",3]]');
  assertEquals([readMarkerOf("#TEA"), readMarkerOf("#den")], [marker(2), marker(3)]);
  storage.values.clear();
  saveReadMarkers(); // there is nothing new
  assertEquals(storage.values.size, 0);
  setReadMarker("#tea", marker(4));
  assertEquals(timers.size, 1);
  timers.pass(500);
});

Deno.test("read markers: the later marker is stored when another tab has stored one", () => {
  using timers = new FakeTimers(500);
  const storage = new FakeStorage();
  use(storage);
  storage.values.set("tincan.read", '[["#a","id5",5],["#b","id1",1],["#c","id1",1]]');
  setReadMarker("#a", marker(3));
  setReadMarker("#b", marker(3));
  timers.pass(500);
  assertEquals(storage.values.get("tincan.read"), '[["#c","id1",1],["#a","id5",5],["#b","id3",3]]');
});

Deno.test("read markers: those of the 200 rooms read last are stored", () => {
  using timers = new FakeTimers(500);
  const storage = new FakeStorage();
  use(storage);
  for (let number = 0; number < 201; number++) setReadMarker(`#${number}`, marker(number));
  setReadMarker("#1", marker(300));
  timers.pass(500);
  const rooms = JSON.parse(storage.values.get("tincan.read")!).map(([room]: string[]) => room);
  assertEquals([rooms.length, rooms[0], rooms.at(-1)], [200, "#2", "#1"]);
});

Deno.test("read markers: stored values that are not valid are ignored", () => {
  const storage = new FakeStorage();
  use(storage);
  for (const text of ["{", "{}", '"x"', "null", "[1]"]) {
    storage.values.set("tincan.read", text);
    assertEquals(readMarkerOf("#tea"), undefined, text);
  }
  storage.values.set("tincan.read", '[null,[1,"id1",1],["#a",1,1],["#b","id1","x"],["#tea","id1",1]]');
  assertEquals(["#a", "#b", "#tea"].map(readMarkerOf), [undefined, undefined, marker(1)]);
});
