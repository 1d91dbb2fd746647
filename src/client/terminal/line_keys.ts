/** The keys of the line editor, as readline has them. */
import type { Key } from "./keys.ts";

/** What a key does to the text. */
export type Action =
  | "left"
  | "right"
  | "wordLeft"
  | "wordRight"
  | "home"
  | "end"
  | "start"
  | "finish"
  | "up"
  | "down"
  | "previous"
  | "next"
  | "newline"
  | "backspace"
  | "delete"
  | "killStart"
  | "killEnd"
  | "killSpace"
  | "killWordLeft"
  | "killWordRight"
  | "yank"
  | "yankPrevious"
  | "transpose"
  | "upper"
  | "lower"
  | "capitalize"
  | "undo";

const PLAIN: Readonly<Record<string, Action>> = {
  left: "left",
  right: "right",
  up: "up",
  down: "down",
  home: "home",
  end: "end",
  backspace: "backspace",
  delete: "delete",
};

const CTRL: Readonly<Record<string, Action>> = {
  a: "home",
  b: "left",
  d: "delete",
  e: "end",
  f: "right",
  h: "backspace",
  j: "newline",
  k: "killEnd",
  n: "next",
  p: "previous",
  t: "transpose",
  u: "killStart",
  w: "killSpace",
  y: "yank",
  _: "undo",
  z: "undo", // terminals that report it: otherwise it stops the process
  left: "wordLeft",
  right: "wordRight",
  home: "start",
  end: "finish",
  backspace: "killWordLeft",
  delete: "killWordRight",
};

const ALT: Readonly<Record<string, Action>> = {
  b: "wordLeft",
  c: "capitalize",
  d: "killWordRight",
  f: "wordRight",
  l: "lower",
  u: "upper",
  y: "yankPrevious",
  left: "wordLeft",
  right: "wordRight",
  backspace: "killWordLeft",
  delete: "killWordRight",
  enter: "newline",
};

/** What a key that types nothing does, `undefined` if it is none of the editor's. */
export function actionOf({ name, ctrl, alt, shift }: Key): Action | undefined {
  if (ctrl && alt) return undefined;
  if (ctrl) return CTRL[name];
  if (alt) return ALT[name];
  if (shift && name === "enter") return "newline";
  return PLAIN[name];
}
