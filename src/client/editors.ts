/** The inputs of the rooms, each with its draft. */
import type { Model } from "../web/model.js";
import { fold, type Room } from "../web/room.js";
import { LineEditor } from "./terminal/line_editor.ts";

/** The most drafts of closed rooms that are kept. Above it, the oldest one is dropped. */
export const CLOSED_MAX = 100;

/** The input of each room. The draft of a room whose tab is closed is there again when the room is opened again. */
export class Editors {
  readonly #model: Model;
  readonly #open = new Map<Room, LineEditor>();
  /** Those of closed rooms with a draft, by folded name. */
  readonly #closed = new Map<string, LineEditor>();

  constructor(model: Model) {
    this.#model = model;
    model.listen((change) => {
      if (change === "tabs") this.#moveClosed();
    });
  }

  /** The input of a room. */
  of(room: Room): LineEditor {
    const known = this.#open.get(room);
    if (known !== undefined) return known;
    const name = fold(room.name);
    const editor = this.#closed.get(name) ?? new LineEditor();
    this.#closed.delete(name);
    this.#open.set(room, editor);
    return editor;
  }

  #moveClosed(): void {
    for (const [room, editor] of this.#open) {
      const name = fold(room.name);
      if (this.#model.find(name) === room) continue;
      this.#open.delete(room);
      if (editor.text === "") continue;
      this.#closed.delete(name); // so that it comes last
      this.#closed.set(name, editor);
      const [oldest] = this.#closed.keys();
      if (this.#closed.size > CLOSED_MAX && oldest !== undefined) this.#closed.delete(oldest);
    }
  }
}
