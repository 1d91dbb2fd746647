import { assertEquals } from "@std/assert";
import { Room } from "../../src/web/room.js";
import { authorizationOf, Uploads, WAITING_MAX } from "../../src/web/uploads.js";

/** Requests of the page, which a test answers. */
class FakeRequest {
  static all: FakeRequest[] = [];
  method = "";
  url = "";
  readonly fields: Record<string, string> = {};
  readonly upload: { onprogress?: (event: { loaded: number; total: number }) => void } = {};
  onload = () => {};
  onerror = () => {};
  status = 0;
  responseText = "";
  aborted = false;
  body: File | undefined;

  open(method: string, url: string) {
    [this.method, this.url] = [method, url];
  }
  setRequestHeader(name: string, value: string) {
    this.fields[name] = value;
  }
  send(body: File) {
    this.body = body;
    FakeRequest.all.push(this);
  }
  abort() {
    this.aborted = true;
  }
  answer(status: number, text: string) {
    [this.status, this.responseText] = [status, text];
    this.onload();
  }
}

const BASE = "https://chat.example/";
const ID = "abcdefghijklmnopqrst_-";

/** Uploads of a user who is logged in, and what was said. */
function scene() {
  FakeRequest.all = [];
  Object.assign(globalThis, { XMLHttpRequest: FakeRequest });
  const said: string[] = [];
  const chat = {
    uploads: { who: "accounts", max: 1000 } as { who: string; max: number } | undefined,
    connection: { account: "alice", password: "", login: { name: "alice", password: "t" } },
    reply: "",
    say: (room: Room, text: string, _kind: string, reply: string) =>
      void said.push(`${room.name} ${text}${reply === "" ? "" : ` to ${reply}`}`),
    takeReply: () => chat.reply,
  };
  const uploads = new Uploads(chat, BASE);
  const room = new Room("#lobby");
  const states = () => uploads.of(room).map(({ state, why }) => why === "" ? state : `${state}: ${why}`);
  return { chat, uploads, room, said, states };
}

const file = (name: string, size = 10) => new File([new Uint8Array(size)], name);
const stored = (name: string) => JSON.stringify({ path: `/f/${ID}/${name}` });

Deno.test("uploads: two files are sent at a time, with the login of the page, and their links when the user sends", () => {
  const { uploads, room, said, states } = scene();
  assertEquals(uploads.add(room, [file("a b.txt"), file("b"), file("c")]), "");
  assertEquals(states(), ["running", "running", "waiting"]);
  const [first] = FakeRequest.all;
  assertEquals([first!.method, first!.url], ["PUT", `${BASE}files/a%20b.txt`]);
  assertEquals(first!.fields, { authorization: `Basic ${btoa("alice:t")}` });
  first!.upload.onprogress!({ loaded: 5, total: 10 });
  assertEquals(uploads.of(room)[0]!.progress, 0.5);
  first!.answer(201, stored("a"));
  assertEquals([states(), said], [["ready", "running", "running"], []]);
  assertEquals(uploads.send(room), true);
  assertEquals([states(), said], [["running", "running"], [`#lobby ${BASE}f/${ID}/a`]]);
  FakeRequest.all[2]!.answer(201, stored("c"));
  FakeRequest.all[1]!.answer(201, stored("b"));
  assertEquals([states(), said.length, uploads.send(room)], [[], 3, false]);
});

Deno.test("uploads: a file replies to the message that was chosen when it was sent, not when its upload has ended", () => {
  const { chat, uploads, room, said } = scene();
  uploads.add(room, [file("a"), file("b")]);
  chat.reply = "m1";
  uploads.send(room);
  chat.reply = "m2";
  assertEquals(uploads.send(room), false, "both are sent already");
  FakeRequest.all[0]!.answer(201, stored("a"));
  uploads.add(room, [file("c")]);
  FakeRequest.all[1]!.answer(201, stored("b"));
  chat.reply = "";
  uploads.send(room);
  FakeRequest.all[2]!.answer(201, stored("c"));
  assertEquals(said, ["a to m1", "b to m1", "c"].map((text) => `#lobby ${BASE}f/${ID}/${text}`));
});

Deno.test("uploads: a page in a folder uploads to that folder, and links to it", () => {
  const { chat, room, said } = scene();
  const uploads = new Uploads(chat, `${BASE}talk/`);
  uploads.add(room, [file("a")]);
  uploads.send(room);
  FakeRequest.all[0]!.answer(201, stored("a"));
  assertEquals([FakeRequest.all[0]!.url, ...said], [`${BASE}talk/files/a`, `#lobby ${BASE}talk/f/${ID}/a`]);
});

Deno.test("uploads: a file that the server rejects, or that cannot be one, says why and is not sent", () => {
  const { uploads, room, states, said } = scene();
  uploads.add(room, [file("large", 1001), file("empty", 0), file("a"), file("b"), file("c")]);
  FakeRequest.all[0]!.answer(429, JSON.stringify({ detail: "Too many uploads." }));
  FakeRequest.all[1]!.answer(500, "oops");
  FakeRequest.all[2]!.onerror();
  assertEquals(states(), [
    "failed: Too large: at most 1 KB.",
    "failed: The file is empty.",
    "failed: Too many uploads.",
    "failed: The server answered 500.",
    "failed: The connection was lost.",
  ]);
  assertEquals([uploads.send(room), said], [false, []]);
});

Deno.test("uploads: removing a file ends its upload, and the next one begins", () => {
  const { uploads, room, states } = scene();
  uploads.add(room, [file("a"), file("b"), file("c")]);
  uploads.remove(uploads.of(room)[0]!);
  assertEquals([FakeRequest.all[0]!.aborted, FakeRequest.all.length, states()], [true, 3, ["running", "running"]]);
});

Deno.test("uploads: there is a limit of files that wait, and those of another room do not count", () => {
  const { uploads, room } = scene();
  const many = Array.from({ length: WAITING_MAX + 1 }, (_, n) => file(String(n)));
  assertEquals(uploads.add(room, many), `At most ${WAITING_MAX} files can wait to be sent.`);
  assertEquals([uploads.of(room).length, uploads.add(new Room("#tea"), [file("a")])], [WAITING_MAX, ""]);
});

Deno.test("uploads: a user who may not upload gets the reason", () => {
  const { chat, uploads, room } = scene();
  chat.connection.account = "";
  assertEquals([uploads.allowed, uploads.add(room, [file("a")])], [
    false,
    "Only registered nicknames may upload files. Log in first.",
  ]);
  chat.uploads = { who: "everyone", max: 1 };
  assertEquals(uploads.allowed, true);
  chat.uploads = undefined;
  assertEquals([uploads.allowed, uploads.add(room, [file("a")])], [false, "This server takes no files."]);
});

Deno.test("uploads: the login is sent as UTF-8, and a guest sends the password of the server alone", () => {
  const login = { name: "émile", password: "päss" };
  assertEquals(authorizationOf({ login, password: "" }), "Basic w6ltaWxlOnDDpHNz");
  assertEquals(authorizationOf({ login: undefined, password: "key" }), `Basic ${btoa(":key")}`);
  assertEquals(authorizationOf({ login: undefined, password: "" }), "");
});
