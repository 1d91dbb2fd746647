/**
 * Tests of files on the page: choosing, pasting, dropping, sending and cancelling them, and how messages show them.
 *
 * With TINCAN_SCREENSHOTS naming a directory, pictures are written there.
 */
/// <reference lib="dom" />
import { Buffer } from "node:buffer";
import { assert, assertEquals } from "@std/assert";
import { png, wav } from "../files/samples.ts";
import { missing, type Visitor, within, type World } from "./browser.ts";
import { checkLooks } from "./browser_looks.ts";
import { register, signIn } from "./browser_sign_in.ts";
import { test } from "./forms.ts";
import { type Form, source } from "./harness.ts";
import { Directory } from "./history_store.ts";

/** Registers a test with a browser and a server that takes files. */
function browse(name: string, body: (world: World) => Promise<void>, args: string[] = []): void {
  const run = async (form: Form) => {
    await using directory = await Directory.make();
    await within(form, body, ["--data", directory.path, "--max-file", "2MiB", ...args]);
  };
  test(name, run, missing, [source]);
}

const file = (name: string, mimeType: string, bytes: Uint8Array) => ({ name, mimeType, buffer: Buffer.from(bytes) });

/** Chooses files with the button. */
async function choose({ page }: Visitor, ...files: ReturnType<typeof file>[]): Promise<void> {
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Add files" }).click(),
  ]);
  await chooser.setFiles(files);
}

const chips = ({ page }: Visitor) => page.getByRole("list", { name: "Files to send" });

/** The images in messages: their names, and their sizes on the page and in pixels of their own. */
function images({ page }: Visitor) {
  return page.locator(".log:not([hidden]) .files img").evaluateAll((all) =>
    (all as HTMLImageElement[]).map((image) => [image.alt, image.clientWidth, image.clientHeight, image.naturalWidth])
  );
}

browse(
  "page: files are chosen, sent with a message, and shown to others in a space that was reserved",
  async (world) => {
    await register(world, "alice");
    const alice = await signIn(world, "alice");
    const bob = await world.guest("bob");
    assertEquals(await bob.page.getByRole("button", { name: "Add files" }).count(), 0); // guests may not upload
    // The picture does not come before the test allows it.
    const held = Promise.withResolvers<void>();
    await bob.page.route("**/f/**", async (route) => {
      await held.promise;
      await route.continue();
    });
    await choose(
      alice,
      file("garden.png", "image/png", png(840, 400)),
      file("bell.wav", "audio/wav", wav(16_000)),
      file("notes.pdf", "application/pdf", new TextEncoder().encode("%PDF-1.7\n\0")),
    );
    await chips(alice).getByText("ready to send").nth(2).waitFor();
    await alice.composer.fill("here they are");
    await checkLooks(alice, "files-ready");
    await alice.page.keyboard.press("Enter");
    await bob.sees("here they are");
    await bob.page.locator(".files img").waitFor();
    const reserved = (await images(bob))[0]!;
    assertEquals(reserved, ["garden.png", 420, 200, 0]);
    const top = await bob.page.getByText("here they are").evaluate((element) => element.getBoundingClientRect().top);
    held.resolve();
    await bob.page.waitForFunction(() => document.querySelector<HTMLImageElement>(".files img")!.naturalWidth > 0);
    assertEquals(await images(bob), [["garden.png", 420, 200, 840]]);
    assertEquals(
      await bob.page.getByText("here they are").evaluate((element) => element.getBoundingClientRect().top),
      top,
    );
    const sound = bob.page.locator(".files audio");
    await bob.page.waitForFunction(() => document.querySelector<HTMLAudioElement>(".files audio")!.duration > 0);
    assertEquals(await sound.getAttribute("aria-label"), "bell.wav");
    const [download] = await Promise.all([
      bob.page.waitForEvent("download"),
      bob.page.getByRole("link", { name: "notes.pdf" }).click(),
    ]);
    assertEquals(download.suggestedFilename(), "notes.pdf");
    await checkLooks(bob, "files-shown");
  },
);

browse("page: files are pasted and dropped, and can be removed before they are sent", async (world) => {
  const alice = await world.guest("alice");
  const { page } = alice;
  await page.getByRole("button", { name: "Add files" }).waitFor(); // uploads are loaded once the page is online
  const bytes = [...png(40, 30)];
  for (const event of ["paste", "drop"]) {
    await page.evaluate(({ event, bytes }) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], `${event}.png`, { type: "image/png" }));
      const options = { bubbles: true, cancelable: true };
      const made = event === "paste"
        ? new ClipboardEvent("paste", { ...options, clipboardData: data })
        : new DragEvent("drop", { ...options, dataTransfer: data });
      document.querySelector("#words")!.dispatchEvent(made);
    }, { event, bytes });
    await chips(alice).getByText(`${event}.png`).waitFor();
  }
  await page.locator("#uploads canvas").nth(1).waitFor(); // previews
  await chips(alice).getByText("ready to send").nth(1).waitFor();
  await page.getByRole("button", { name: "Remove paste.png" }).click();
  await alice.say("/names");
  await alice.sees("In #lobby: ");
  assertEquals(await chips(alice).getByRole("listitem").count(), 1, "commands send no files");
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator(".files img").waitFor();
  assertEquals(
    await page.locator(".files img").evaluateAll((all) => all.map((each) => (each as HTMLImageElement).alt)),
    [
      "drop.png",
    ],
  );
  await chips(alice).waitFor({ state: "hidden" });
}, ["--uploads", "everyone"]);

browse("page: an upload can be cancelled, and one that is too large or not possible says why", async (world) => {
  const alice = await world.guest("alice");
  const { page } = alice;
  await choose(alice, file("large.bin", "", new Uint8Array(3 * 2 ** 20)));
  await chips(alice).getByText("Too large: at most 2.1 MB.").waitFor();
  await page.getByRole("button", { name: "Remove large.bin" }).click();
  await page.route("**/files/*", () => {}); // never answered
  await choose(alice, file("slow.bin", "", new Uint8Array(1000)));
  await page.getByRole("button", { name: "Cancel slow.bin" }).click();
  await chips(alice).waitFor({ state: "hidden" });
  await page.unroute("**/files/*");
  await alice.say("still here");
  await alice.sees("still here");
}, ["--uploads", "everyone"]);

browse(
  "page: a file that could run in a browser is saved when its link is opened, and a picture is shown",
  async (world) => {
    const alice = await world.guest("alice");
    const { page } = alice;
    const script = new TextEncoder().encode("<!doctype html><title>ran</title><script>document.title='ran'</script>");
    const links = await page.evaluate(async (files) => {
      const answers = files.map(({ name, bytes }) =>
        fetch(`/files/${name}`, { method: "PUT", body: new Uint8Array(bytes) }).then((answer) => answer.json())
      );
      return (await Promise.all(answers)).map(({ url }) => url as string);
    }, [{ name: "a.html", bytes: [...script] }, { name: "a.png", bytes: [...png(30, 20)] }]);
    const other = await page.context().newPage();
    const [download] = await Promise.all([
      other.waitForEvent("download"),
      other.goto(links[0]!).catch((error) => assert(/Download|ERR_ABORTED/.test(String(error)))),
    ]);
    assertEquals([download.suggestedFilename(), await other.title()], ["a.html", ""]);
    await other.goto(links[1]!);
    assertEquals(await other.locator("img").evaluate((image) => (image as HTMLImageElement).naturalWidth), 30);
    await other.close();
  },
  ["--uploads", "everyone"],
);

browse(
  "page: a picture whose link has the public URL of the server is shown at any address of the page",
  async (world) => {
    const alice = await world.guest("alice");
    const { url } = await alice.page.evaluate(async (bytes) => {
      const answer = await fetch("/files/a.png", { method: "PUT", body: new Uint8Array(bytes) });
      return await answer.json() as { url: string };
    }, [...png(30, 20)]);
    assert(url.startsWith("https://chat.example.org/talk/f/"), url);
    await alice.say(url);
    await alice.page.waitForFunction(() => document.querySelector<HTMLImageElement>(".files img")?.naturalWidth === 30);
  },
  ["--uploads", "everyone", "--public-url", "https://chat.example.org/talk"],
);
