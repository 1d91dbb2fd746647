/** Changes of lines that a node does not have yet. */
import { assertEquals } from "@std/assert";
import { LATE_REACTIONS_MAX, LateChanges } from "../../src/history/late_changes.ts";
import { Statements } from "../../src/history/statements.ts";
import { Place } from "./helpers.ts";

const REACTION = { who: "bob", origin: "bob!~bob@host", text: "+1", time: 5 };

Deno.test("late changes: a limited number of reactions is kept, and each deletion", async () => {
  using place = new Place();
  await place.open();
  const sql = new Statements(place.database.db);
  const applied: string[] = [];
  const changes = new LateChanges(sql, {
    react: (target, id, { text }) => void applied.push(`${target} ${id} ${text}`),
    redact: (target, id, by) => void applied.push(`${target} ${id} ${by}`),
  });
  changes.addRedaction(7, 1, "alice");
  place.database.db.exec(`INSERT INTO late_change (target, line, number, change, text, origin, time)
    WITH RECURSIVE one (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM one WHERE n < ${LATE_REACTIONS_MAX} - 1)
    SELECT '7', 2, n, 1, '+1', 'carol!~carol@host', 5 FROM one`);
  changes.addReaction(7, 3, REACTION, true);
  changes.addReaction(7, 4, REACTION, true); // one too many
  changes.addRedaction(7, 5, "alice");
  changes.addRedaction(7, 2, "alice"); // in place of the reactions to this line
  changes.addReaction(7, 6, REACTION, true);
  for (let id = 1; id <= 6; id++) changes.apply(7, 70, id);
  assertEquals(applied, ["70 1 alice", "70 2 alice", "70 3 +1", "70 5 alice", "70 6 +1"]);
  assertEquals(place.number("SELECT count(*) FROM late_change"), 0);
});
