/** Tests of the entries of the "Go to a room" dialog. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import { Model } from "../../src/web/model.js";
import { places } from "../../src/web/places.js";

/** A page in #lobby and #kitchen-tools, with a private conversation with carol, and with bob and kitchener in the lobby. */
function page(): Model {
  const model = new Model();
  model.nick = "alice";
  for (const name of ["#lobby", "#kitchen-tools", "carol"]) model.open(name);
  for (const nick of ["alice", "bob", "kitchener", "carol"]) model.addMember(model.find("#lobby")!, nick);
  return model;
}

/** Rooms of the server. */
const LISTED = [{ name: "#lobby", people: 3, topic: "" }, { name: "#garden", people: 2, topic: "plants" }];

/** The names of all entries. Enter goes to the first one. */
function names(text: string, listed = LISTED): string[] {
  return places(page(), listed, text).map(({ name }) => name);
}

Deno.test("places: a plain word is the name of a room when there is such a room and when there is none", () => {
  assertEquals(names("tea"), ["#tea"]);
  assertEquals(places(page(), [], "tea")[0], { name: "#tea", about: "Create this room" });
  assertEquals(names(" tea "), ["#tea"]);
  assertEquals(names("Garden"), ["#garden"]);
  assertEquals(names("gard"), ["#gard", "#garden"]); // no jump to a room with a longer name
  assertEquals(names("#tea"), ["#tea"]);
  assertEquals(names("tea room"), ["#tea-room"]);
  assertEquals(names("#tea, coffee"), ["#tea-coffee"]);
});

Deno.test("places: an exact match comes first, then open rooms that contain the text", () => {
  assertEquals(names("lob"), ["#lobby", "#lob"]);
  assertEquals(names("#LOBBY"), ["#lobby"]);
  assertEquals(names("kitchen-tools")[0], "#kitchen-tools");
  const kitchen = { name: "#kitchen", people: 1, topic: "" };
  assertEquals(names("kitchen", [kitchen]), ["#kitchen", "#kitchen-tools", "kitchener"]);
});

Deno.test("places: a nickname comes first when it is exact and no room has that name, or after an @", () => {
  assertEquals(names("BOB"), ["bob", "#BOB"]);
  assertEquals(places(page(), [], "bob")[0], { name: "bob", about: "Talk in private" });
  assertEquals(names("bo"), ["#bo", "bob"]);
  assertEquals(names("bob", [{ name: "#bob", people: 1, topic: "" }]), ["#bob", "bob"]);
  assertEquals(names("@bo"), ["bob", "bo"]);
  assertEquals(places(page(), [], "@dave"), [{ name: "dave", about: "Not in your rooms" }]);
  assertEquals(names("@bob"), ["bob"]);
  assertEquals(names("@carol"), ["carol"]);
  assertEquals(names("@lobby"), ["lobby"]);
  assertEquals(names("alice"), ["#alice"]); // the user is not listed
});

Deno.test("places: open tabs, other rooms and other users are listed when the text is empty", () => {
  assertEquals(names(""), ["#lobby", "#kitchen-tools", "carol", "#garden", "bob", "kitchener"]);
  assertEquals(names("#"), ["#lobby", "#kitchen-tools", "#garden"]);
  assertEquals(names("@"), ["carol", "bob", "kitchener"]);
});

Deno.test("places: an entry has the number of unread messages, or of people", () => {
  const model = page();
  model.find("#kitchen-tools")!.unread = 3;
  const garden = { name: "#garden", people: 1, topic: "plants" };
  assertEquals(places(model, [garden, { ...garden, name: "#garden2", people: 2 }], "#").slice(1), [
    { name: "#kitchen-tools", about: "", count: 3, unit: "unread" },
    { name: "#garden", about: "plants", count: 1, unit: "person" },
    { name: "#garden2", about: "plants", count: 2, unit: "people" },
  ]);
});

Deno.test("places: the user is not listed whatever the case of the nickname, and users are sorted by name", () => {
  const model = page();
  model.nick = "Alice";
  model.addMember(model.find("#lobby")!, "abe");
  assertEquals(places(model, [], "@").map(({ name }) => name), ["carol", "abe", "bob", "kitchener"]);
  assertEquals(places(model, [], "@#lobby"), [{ name: "#lobby", about: "Not in your rooms" }]);
});
