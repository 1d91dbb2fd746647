/** Tests of keys that input methods have handled, and of arrow keys within lists. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import { ignoreComposingKeys, makeRoving } from "../../src/web/keys.js";

/** A button that can have the focus. */
class Button {
  tabIndex = 0;

  constructor(readonly list: List) {}

  focus(): void {
    focused = this;
    this.list.emit("focusin", { target: this });
  }
}

/** A list of buttons whose events a test emits. */
class List {
  buttons: Button[];
  readonly #listeners = new Map<string, (event: unknown) => void>();

  constructor(count: number) {
    this.buttons = Array.from({ length: count }, () => new Button(this));
  }

  querySelectorAll(): Button[] {
    return this.buttons;
  }

  addEventListener(name: string, listener: (event: unknown) => void): void {
    this.#listeners.set(name, listener);
  }

  emit(name: string, event: unknown): void {
    this.#listeners.get(name)?.(event);
  }

  /** Presses a key. Returns whether the list has handled it. */
  press(key: string, more: Record<string, boolean> = {}): boolean {
    let [prevented, stopped] = [false, false];
    this.emit("keydown", {
      key,
      preventDefault: () => prevented = true,
      stopPropagation: () => stopped = true,
      ...more,
    });
    assertEquals(prevented, stopped);
    return prevented;
  }

  /** The index of the focused button, and those of the buttons that Tab stops at. */
  get state(): number[] {
    const stops = this.buttons.flatMap(({ tabIndex }, i) => tabIndex === 0 ? [i] : []);
    return [this.buttons.indexOf(focused!), ...stops];
  }
}

let focused: Button | undefined;
Object.assign(globalThis, {
  HTMLElement: Button,
  document: {
    get activeElement() {
      return focused;
    },
  },
});

function makeList(count: number, current?: (list: List) => Button | undefined) {
  focused = undefined;
  const list = new List(count);
  const update = makeRoving(
    list as unknown as HTMLElement,
    current === undefined ? undefined : () => current(list) as unknown as HTMLElement,
  );
  update();
  return { list, update };
}

Deno.test("keys: the arrow keys, Home and End move within a list, and not beyond its ends", () => {
  const { list } = makeList(3);
  assertEquals(list.state, [-1, 0]);
  assertEquals(list.press("ArrowDown"), false); // the focus is elsewhere
  list.buttons[0]!.focus();
  const moves: [key: string, at: number, handled: boolean][] = [
    ["ArrowUp", 0, false],
    ["ArrowDown", 1, true],
    ["ArrowDown", 2, true],
    ["ArrowDown", 2, false],
    ["End", 2, false],
    ["ArrowUp", 1, true],
    ["Home", 0, true],
    ["End", 2, true],
    ["Enter", 2, false],
    ["constructor", 2, false],
  ];
  for (const [key, at, handled] of moves) {
    assertEquals([list.press(key), list.state], [handled, [at, at]], key);
  }
  for (const modifier of ["altKey", "ctrlKey", "metaKey", "shiftKey"]) {
    assertEquals(list.press("ArrowUp", { [modifier]: true }), false, modifier);
  }
});

Deno.test("keys: Tab stops at the current button, or the one that had the focus last, or the one in its place", async () => {
  const { list, update } = makeList(4);
  list.buttons[2]!.focus();
  focused = undefined;
  list.emit("focusout", {});
  await Promise.resolve();
  assertEquals(list.state, [-1, 2]);
  list.buttons.splice(0, 1);
  update();
  assertEquals(list.state, [-1, 1]); // the same button
  list.buttons.splice(1, 1);
  update();
  assertEquals(list.state, [-1, 1]); // the one after it
  list.buttons.splice(1, 1);
  update();
  assertEquals(list.state, [-1, 0]);
  list.buttons.length = 0;
  update();
  assertEquals(list.state, [-1]);

  const other = makeList(3, ({ buttons }) => buttons[1]);
  assertEquals(other.list.state, [-1, 1]);
  other.list.buttons[2]!.focus();
  assertEquals(other.list.state, [2, 2]);
  focused = undefined;
  other.update();
  assertEquals(other.list.state, [-1, 1]);
});

Deno.test("keys: a key that an input method has handled reaches nothing, and submits nothing", () => {
  ignoreComposingKeys();
  let reached = 0;
  addEventListener("keydown", () => reached++);
  const press = (key: string, isComposing: boolean, keyCode: number) => {
    const event = Object.assign(new Event("keydown", { cancelable: true }), { key, isComposing, keyCode });
    reached = 0;
    dispatchEvent(event);
    return [reached, event.defaultPrevented];
  };
  assertEquals(press("Enter", false, 13), [1, false]);
  assertEquals(press("Enter", true, 13), [0, false]); // the input method needs the key
  assertEquals(press("a", true, 229), [0, false]);
  for (const key of ["Enter", "Escape", "Tab"]) assertEquals(press(key, false, 229), [0, true], key);
  assertEquals(press("a", false, 229), [0, false]);
});
