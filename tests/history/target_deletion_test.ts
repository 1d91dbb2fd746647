/** Tests the deletion of rooms and conversations in the SQLite store. */
import { assert, assertEquals } from "@std/assert";
import { runToEnd } from "../../src/util/steps.ts";
import {
  commitLines,
  found,
  lines,
  MANY,
  NOON,
  Place,
  PLAIN_ROOM,
  rowsAtOnce,
  runMaintenance,
  said,
  texts,
  whispered,
} from "./helpers.ts";

Deno.test("sqlite: nothing of a deleted room is left, and other rooms stay", async () => {
  using place = new Place();
  const history = await place.open();
  const masks = [{ list: "b", mask: "*!*@*", by: "alice!~a@host", at: NOON }] as const;
  for (const name of ["#A", "#b"]) history.saveRoom({ ...PLAIN_ROOM, name, masks });
  commitLines(history, said("#a", "word 1"), said("#b", "word 2"));
  runMaintenance(history);
  commitLines(history, said("#a", "word 3"));
  history.deleteTarget("#a");
  history.deleteTarget("#never");
  runMaintenance(history);
  const rooms = ["#a", "#b"];
  assertEquals([texts(history, "#a"), found(history, "word", { rooms })], [[], ["word 2"]]);
  assertEquals(history.rooms(), [{ ...PLAIN_ROOM, name: "#b", masks }]);
  assertEquals(
    ["target", "mask", "message", "word_docsize"].map((table) => place.number(`SELECT count(*) FROM ${table}`)),
    [1, 1, 1, 1],
  );
  commitLines(history, said("#a", "word 4"));
  runMaintenance(history);
  assertEquals(found(history, "word", { rooms }), ["word 2", "word 4"]);
  assertEquals(history.rooms().at(-1)!.masks, []);
});

Deno.test("sqlite: deleting a conversation does not remove a line with the same id from the index", async () => {
  using place = new Place();
  const history = await place.open();
  commitLines(history, said("#room", "aloud", { id: 7 }));
  history.add("alice@host bob", whispered("bob", "psst", { id: 7 })); // as after a merge of two servers' histories
  history.commit();
  runMaintenance(history);
  history.deleteTarget("alice@host bob");
  runMaintenance(history);
  assertEquals(place.number("SELECT count(*) FROM message"), 1);
  assertEquals(found(history, "aloud"), ["aloud"]);
});

Deno.test("sqlite: the conversations of a prefix are deleted with their lines, and no others", async () => {
  using place = new Place();
  const history = await place.open();
  const targets = [
    "alice@account bob",
    "alice@account carol",
    "alice@account2 bob",
    "alice@accouns z",
    "bob@account alice",
  ];
  for (const [n, target] of targets.entries()) history.add(target, whispered("bob", target, { id: n + 1 }));
  history.commit();
  history.add("alice@account dave", whispered("bob", "pending", { id: 9 }));
  history.deleteConversations("alice@account ");
  assertEquals(["alice@account bob", "alice@account dave"].map((target) => texts(history, target)), [[], []]);
  history.add("alice@account bob", whispered("bob", "of the next owner", { id: 10 }));
  history.commit();
  runMaintenance(history);
  assertEquals(targets.map((target) => texts(history, target)), [
    ["of the next owner"],
    [],
    ...targets.slice(2).map((target) => [target]),
  ]);
  assertEquals(place.number("SELECT count(*) FROM message"), 4);
  history.position = 100;
  history.adoptPosition(100);
  history.deleteConversations("alice@account "); // applied again, as the later line shows
  assertEquals(texts(history, "alice@account bob"), ["of the next owner"]);
});

Deno.test("sqlite: a new room that gets the number of a deleted empty one stays", async () => {
  using place = new Place();
  const history = await place.open({ lines: 100 });
  history.saveRoom({ ...PLAIN_ROOM, name: "#empty" });
  history.commit();
  const number = () => place.number("SELECT max(id) FROM target");
  const freed = number();
  history.deleteTarget("#empty");
  commitLines(history, said("#new", "hi"));
  assertEquals(number(), freed);
  runMaintenance(history);
  assertEquals([texts(history, "#new"), history.rooms().map(({ name }) => name)], [["hi"], ["#new"]]);
});

Deno.test("sqlite: a room that is deleted before its commit is not stored", async () => {
  using place = new Place();
  const history = await place.open();
  history.add("#room", said("#room", "1"));
  history.add("#other", said("#other", "2"));
  history.saveRoom({ ...PLAIN_ROOM, name: "#Room" });
  history.deleteTarget("#room");
  history.commit();
  assertEquals([texts(history, "#room"), texts(history, "#other")], [[], ["2"]]);
  assertEquals(history.rooms().map(({ name }) => name), ["#other"]);
});

Deno.test("sqlite: a deleted room is hidden at once, and its lines are deleted some at a time", async () => {
  using place = new Place();
  const topic = { text: "secret", by: "alice!~a@host", at: NOON };
  const first = await place.open();
  first.saveRoom({ ...PLAIN_ROOM, name: "#Room", topic, switches: ["m"], password: "sesame", limit: 5 });
  commitLines(first, ...lines("#room", MANY), ...lines("#other", 3));
  runMaintenance(await place.open());
  const history = await place.open();
  const left = () => place.number("SELECT count(*) FROM message") - texts(history, "#other").length;
  const most = rowsAtOnce(place, () => history.deleteTarget("#room"));
  assert(most <= 1, `${most} rows at once`);
  assertEquals([texts(history, "#room"), left()], [[], MANY]);
  assertEquals([found(history, "all"), history.rooms().map(({ name }) => name)], [[], ["#other"]]);
  assertEquals(runToEnd(history.targets("")).map(({ target }) => target), ["#other"]);
  const settings =
    "name <> '' OR switches <> '' OR coalesce(topic, topic_by, topic_at, password, \"limit\") IS NOT NULL";
  assertEquals(place.number(`SELECT count(*) FROM target WHERE key GLOB '!*' AND (${settings})`), 0);
  commitLines(history, said("#room", "all anew"));
  assertEquals(texts(history, "#room"), ["all anew"]);
  const before = left();
  const steps = rowsAtOnce(place, () => {
    while (left() === before) history.runStep(() => {}); // until it is the turn of the deletion
  });
  assert(steps <= 2 * 100, `${steps} rows at once`);
  assert(left() > 1, "some lines are left");
  runMaintenance(await place.open()); // the next process continues
  const again = await place.open();
  assertEquals([place.number("SELECT count(*) FROM message"), texts(again, "#room"), found(again, "all")], [
    4,
    ["all anew"],
    ["all anew"],
  ]);
  assertEquals(place.number("SELECT count(*) FROM target"), 2);
});
