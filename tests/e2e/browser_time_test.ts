/** Tests of days and times on the page, by the clock of the server. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import { browse, DAY, inView, MINUTE, onNc, registerBoth, say } from "./browser_history.ts";

/** The server's clock, and a zone in which it is about noon, so that no midnight passes during the test. */
const NOW = Date.now();
const AHEAD = 12 - new Date(NOW).getUTCHours();
const ZONE = `Etc/GMT${AHEAD > 0 ? "-" : "+"}${Math.abs(AHEAD)}`;

/** Ages of messages: in another year, on another day, and just now. */
const AGES = [400 * DAY, 2 * DAY, MINUTE];

/** A time in the page's zone and locale. */
function written(time: number, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, ...options }).format(time);
}

browse(
  "page: a day has its year if that is not this one, and a time its day if that is not today",
  async (world) => {
    const alice = await world.visitor("#tea", { timezoneId: ZONE });
    await alice.enter("alice");
    await inView(alice, `word ${AGES.length - 1}`);
    const days = await alice.log.getByRole("separator").allTextContents();
    const times = AGES.map((ago) => NOW - ago);
    const named = times.map((time) => {
      const year = written(time, { year: "numeric" });
      const isOther = year !== written(NOW, { year: "numeric" });
      const day = written(time, { weekday: "long", day: "numeric", month: "long" });
      return isOther ? `${day} ${year}` : day;
    });
    assertEquals(days.map((day) => day.replace(",", "")), named.map((day) => day.replace(",", "")));
    await alice.say("/search word");
    const dialog = alice.dialog("Search");
    await dialog.getByText(`${AGES.length} messages with these words.`).waitFor();
    const moments = times.toReversed().map((time) => {
      const clock = written(time, { hour: "numeric", minute: "2-digit" });
      const day = written(time, { dateStyle: "medium" });
      return day === written(NOW, { dateStyle: "medium" }) ? clock : `${day}, ${clock}`;
    });
    assertEquals(await dialog.getByRole("listitem").locator("time").allTextContents(), moments);
  },
  {
    past: [{
      room: "#tea",
      since: NOW - 500 * DAY,
      lines: AGES.map((ago, n) => ({ time: NOW - ago, text: `word ${n}` })),
    }],
    args: ["--keep", "off"],
  },
);

browse(
  "page: conversations come back and days are the server's when the clock of the device is wrong",
  async (world) => {
    const alice = await world.guest("alice");
    using bob = await onNc(world, "bob", "#lobby");
    await registerBoth(alice, bob);
    await say(bob, "/msg alice psst");
    await alice.tab("bob").click();
    await alice.sees("psst");
    const day = await alice.log.locator(".day").allTextContents();
    for (const days of [-400, 400]) {
      await alice.page.addInitScript((by) => {
        const page = globalThis as unknown as { Date: DateConstructor; ahead?: number };
        const shift = by - (page.ahead ?? 0); // runs after the script of the previous pass
        page.ahead = by;
        page.Date = new Proxy(page.Date, {
          construct: (real, args) => Reflect.construct(real, args.length === 0 ? [real.now() + shift] : args),
          get: (real, name) => name === "now" ? () => real.now() + shift : Reflect.get(real, name),
        });
      }, days * DAY);
      await alice.page.reload();
      await alice.tab("bob").click();
      await alice.sees("psst");
      assertEquals(await alice.log.locator(".day").allTextContents(), day, `${days} days ahead`);
    }
  },
);
