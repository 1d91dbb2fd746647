/** Where the dialog of rooms goes to from what is typed into it. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import { Model } from "../../src/web/model.js";
import { places } from "../../src/web/places.js";

/** A page in #lobby and #kitchen-tools, in private with carol, and with bob and kitchener in the lobby. */
function page(): Model {
  const model = new Model();
  model.nick = "alice";
  for (const name of ["#lobby", "#kitchen-tools", "carol"]) model.open(name);
  for (const nick of ["alice", "bob", "kitchener", "carol"]) model.addMember(model.find("#lobby")!, nick);
  return model;
}

/** Rooms of the server. */
const LISTED = [{ name: "#lobby", people: 3, topic: "" }, { name: "#garden", people: 2, topic: "plants" }];

/** The names of all places, that first which Enter goes to. */
function names(text: string, listed = LISTED): string[] {
  return places(page(), listed, text).map(({ name }) => name);
}

Deno.test("places: a word alone is a room, whether it exists or not", () => {
  assertEquals(names("tea"), ["#tea"]);
  assertEquals(places(page(), [], "tea")[0], { name: "#tea", about: "Create this room" });
  assertEquals(names(" tea "), ["#tea"]);
  assertEquals(names("Garden"), ["#garden"]);
  assertEquals(names("gard"), ["#gard", "#garden"]); // not into a room that has another name
  assertEquals(names("#tea"), ["#tea"]);
  assertEquals(names("tea room"), ["#tea-room"]);
  assertEquals(names("#tea, coffee"), ["#tea-coffee"]);
});

Deno.test("places: the room of that very name comes first, and open rooms are found by a few letters", () => {
  assertEquals(names("lob"), ["#lobby", "#lob"]);
  assertEquals(names("#LOBBY"), ["#lobby"]);
  assertEquals(names("kitchen-tools")[0], "#kitchen-tools");
  const kitchen = { name: "#kitchen", people: 1, topic: "" };
  assertEquals(names("kitchen", [kitchen]), ["#kitchen", "#kitchen-tools", "kitchener"]);
});

Deno.test("places: a nickname is somebody if it is exact and no room is called so, or behind an @", () => {
  assertEquals(names("BOB"), ["bob", "#BOB"]);
  assertEquals(places(page(), [], "bob")[0], { name: "bob", about: "Talk in private" });
  assertEquals(names("bo"), ["#bo", "bob"]);
  assertEquals(names("bob", [{ name: "#bob", people: 1, topic: "" }]), ["#bob", "bob"]);
  assertEquals(names("@bo"), ["bob", "bo"]);
  assertEquals(places(page(), [], "@dave"), [{ name: "dave", about: "Not in your rooms" }]);
  assertEquals(names("@bob"), ["bob"]);
  assertEquals(names("@carol"), ["carol"]);
  assertEquals(names("@lobby"), ["lobby"]);
  assertEquals(names("alice"), ["#alice"]); // oneself
});

Deno.test("places: without a name, all there is: what is open, other rooms, other people", () => {
  assertEquals(names(""), ["#lobby", "#kitchen-tools", "carol", "#garden", "bob", "kitchener"]);
  assertEquals(names("#"), ["#lobby", "#kitchen-tools", "#garden"]);
  assertEquals(names("@"), ["carol", "bob", "kitchener"]);
});
