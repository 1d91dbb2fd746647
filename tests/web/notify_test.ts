/** Tests of desktop notifications. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";

/** The notifications of the browser. */
class FakeNotification {
  static permission = "default";
  /** What the user answers when the page asks for permission. */
  static answer = "granted";
  static asked = 0;
  static readonly shown: FakeNotification[] = [];
  /** Phones have the class, but allow only service workers to use it. */
  static isPhone = false;
  onclick = () => {};
  closed = false;

  constructor(readonly title: string, readonly options: NotificationOptions) {
    if (FakeNotification.isPhone) throw new TypeError("Illegal constructor");
    FakeNotification.shown.push(this);
  }

  static requestPermission(): Promise<string> {
    FakeNotification.asked++;
    return Promise.resolve(FakeNotification.permission = FakeNotification.answer);
  }

  close(): void {
    this.closed = true;
  }
}

const values = new Map<string, string>();
const storage = {
  getItem: (name: string) => values.get(name) ?? null,
  setItem: (name: string, value: string) => values.set(name, value),
  removeItem: (name: string) => values.delete(name),
};
Object.defineProperty(globalThis, "localStorage", { configurable: true, get: () => storage });
let focused = 0;
Object.assign(globalThis, { Notification: FakeNotification, focus: () => focused++ });
const { isEnabled, isSupported, notify, setEnabled } = await import("../../src/web/notify.js");

Deno.test("notify: notifications are shown only if they are turned on and the browser allows them", async () => {
  const shown = () => FakeNotification.shown.length;
  const show = () => notify("bob", "hi", () => {});
  show();
  assertEquals([isSupported, isEnabled(), shown()], [true, false, 0]);
  FakeNotification.answer = "denied";
  assertEquals([await setEnabled(true), FakeNotification.asked], [false, 1]);
  show();
  assertEquals(shown(), 0);
  FakeNotification.answer = "granted";
  assertEquals([await setEnabled(true), FakeNotification.asked], [true, 2]);
  show();
  assertEquals(shown(), 1);
  assertEquals([await setEnabled(false), FakeNotification.asked, values.size], [false, 2, 0]);
  show();
  assertEquals(shown(), 1);
});

Deno.test("notify: a click on a notification closes it, and shows the page and the message", async () => {
  await setEnabled(true);
  let clicked = 0;
  notify("bob in #tea", "hi alice", () => clicked++);
  const shown = FakeNotification.shown.at(-1)!;
  assertEquals([shown.title, shown.options], ["bob in #tea", {
    body: "hi alice",
    tag: "bob in #tea",
    icon: "icon.svg",
  }]);
  shown.onclick();
  assertEquals([clicked, focused, shown.closed], [1, 1, true]);
});

Deno.test("notify: nothing is shown, and nothing fails, when the browser rejects a notification", async () => {
  await setEnabled(true);
  const { length } = FakeNotification.shown;
  FakeNotification.isPhone = true;
  notify("bob", "hi", () => {});
  assertEquals(FakeNotification.shown.length, length);
});
