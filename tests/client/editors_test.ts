/** Tests of the drafts of rooms. */
import { assertEquals } from "@std/assert";
import { CLOSED_MAX, Editors } from "../../src/client/editors.ts";
import type { Model } from "../../src/web/model.js";
import type { Room } from "../../src/web/room.js";

Deno.test("editors: the drafts of the rooms that were closed last are kept, up to a limit", () => {
  const rooms = new Map<string, Room>();
  let changed = (_: string) => {};
  const model = { listen: (listener: typeof changed) => changed = listener, find: (name: string) => rooms.get(name) };
  const editors = new Editors(model as unknown as Model);
  const open = (number: number) => {
    const room = { name: `#${number}` } as Room;
    rooms.set(room.name, room);
    return editors.of(room);
  };
  for (let number = 0; number <= CLOSED_MAX; number++) open(number).setText(`draft ${number}`, 0);
  for (let number = 0; number <= CLOSED_MAX; number++) {
    rooms.delete(`#${number}`);
    changed("tabs");
  }
  assertEquals([open(0).text, open(1).text, open(CLOSED_MAX).text], ["", "draft 1", `draft ${CLOSED_MAX}`]);
});
