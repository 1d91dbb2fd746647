import { assertEquals, assertThrows } from "@std/assert";
import { type InviteLink, LinkRegistry } from "../../src/chat/invite_links.ts";
import { StoreError } from "../../src/chat/store.ts";
import { erase } from "../../src/history/erase.ts";
import { InviteLinkTable } from "../../src/history/invite_link_table.ts";
import { NOON, Place } from "./helpers.ts";

function link(id: number, change: Partial<InviteLink> = {}): InviteLink {
  const times = { since: NOON, until: NOON + 1000 };
  return {
    id,
    hash: `h${id}`,
    room: "#tea",
    by: "Ann",
    maker: "~ann",
    ...times,
    uses: 5,
    used: 0,
    guests: [],
    ...change,
  };
}

/** Opens or reopens the table in a file. */
async function open(place: Place): Promise<InviteLinkTable> {
  await place.open();
  return new InviteLinkTable(place.database);
}

Deno.test("invite link table: links are returned as they were saved last, by number", async () => {
  using place = new Place();
  const table = await open(place);
  assertEquals(table.links(), []);
  const links = [link(1, { used: 2, guests: ["~bob", "çağla@h'\""] }), link(7, { uses: undefined, room: "#чай" })];
  for (const each of [links[1]!, link(1), links[0]!, link(3)]) table.saveLink(each);
  table.removeLink(3);
  table.removeLink(4); // does not exist
  assertEquals(table.links(), links);
  assertEquals((await open(place)).links(), links);
});

Deno.test("invite link table: all links are replaced, or none", async () => {
  using place = new Place();
  const table = await open(place);
  table.saveLink(link(1));
  table.replaceLinks([link(2), link(3)]);
  assertEquals(table.links(), [link(2), link(3)]);
  place.database.db.exec(
    "CREATE TRIGGER full BEFORE INSERT ON invite_link WHEN new.id = 5 BEGIN SELECT RAISE(ABORT, 'full'); END",
  );
  assertThrows(() => table.replaceLinks([link(4), link(5)]), StoreError);
  assertEquals(table.links(), [link(2), link(3)]);
});

Deno.test("invite link table: what a registry does is there after a restart", async () => {
  using place = new Place();
  const before = new LinkRegistry(await open(place));
  const { id: _id, used: _used, guests: _guests, ...wanted } = link(0);
  const [kept, removed] = [before.add(wanted), before.add({ ...wanted, hash: "other" })];
  before.use(kept, "~bob");
  before.renameRoom("#tea", "#coffee");
  before.remove(removed);
  const after = new LinkRegistry(await open(place));
  assertEquals(after.all, [link(1, { hash: "h0", room: "#coffee", used: 1, guests: ["~bob"] })]);
  after.removeAccount("ann");
  assertEquals((await open(place)).links(), []);
});

Deno.test("invite link table: links that an erased user has made or used are erased", async () => {
  using place = new Place();
  const table = await open(place);
  table.saveLink(link(1));
  table.saveLink(link(2, { by: "carol", maker: "carol@h" }));
  table.saveLink(link(3, { by: "carol", maker: "carol@h", guests: ["ann@h"] }));
  table.saveLink(link(4, { by: "carol", maker: "carol@h", guests: ["anna@h", "~annabel"] }));
  table.saveLink(link(5, { by: "carol", maker: "carol@h", guests: ["~ann"] }));
  erase(place.database, "Ann");
  assertEquals(new InviteLinkTable(place.database).links().map(({ id }) => id), [2, 4]);
});
