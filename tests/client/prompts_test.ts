/** Tests of the questions that the input answers: a name, a password. */
import { assertEquals } from "@std/assert";
import { accountPrompt, connectionPrompt, operatorPrompt, type Prompt } from "../../src/client/prompts.ts";
import { ClientPage } from "./client_page.ts";

const rejected = (reason: string, passwordFor?: "server" | "account") =>
  ({ kind: "rejected", reason, ...(passwordFor === undefined ? {} : { passwordFor }) }) as const;

Deno.test("client prompts: a nickname in use is asked for again, and the answer connects", () => {
  using page = new ClientPage("#tea");
  const prompt = connectionPrompt(page.chat, rejected("alice is in use."), () => {})!;
  assertEquals([prompt.label, prompt.reason, prompt.isSecret, prompt.isOptional], [
    "Your name: ",
    "alice is in use.",
    false,
    false,
  ]);
  const { sockets } = page.browser;
  const before = sockets.length;
  prompt.answered("  ");
  assertEquals(sockets.length, before);
  prompt.answered(" bert ");
  assertEquals([sockets.length, page.chat.wantedNick], [before + 1, "bert"]);
});

Deno.test("client prompts: the password of the server is used for the next connection", () => {
  using page = new ClientPage("#tea");
  const prompt = connectionPrompt(page.chat, rejected("Wrong password.", "server"), () => {})!;
  assertEquals([prompt.label, prompt.isSecret], ["Server password: ", true]);
  prompt.answered("sesame");
  page.browser.socket.open();
  assertEquals(page.sent().includes("PASS sesame"), true);
});

Deno.test("client prompts: a registered name asks for its password; an empty one asks for another name", () => {
  using page = new ClientPage("#tea");
  const asked: Prompt[] = [];
  const question = () =>
    connectionPrompt(page.chat, rejected("alice is registered.", "account"), (prompt) => asked.push(prompt))!;
  assertEquals([question().label, question().isSecret], ["Password of alice (empty: another name): ", true]);
  question().answered("");
  assertEquals(asked.map(({ label, reason }) => [label, reason]), [["Your name: ", "alice is registered."]]);
  question().answered("sesame");
  assertEquals(page.chat.connection.login, { name: "alice", password: "sesame" });
});

Deno.test("client prompts: a name in use that may be registered asks for a name; the same one for its password", () => {
  using page = new ClientPage("#tea");
  const asked: Prompt[] = [];
  const reason = "alice is already in use. If it is yours, enter its password.";
  const status = { ...rejected(reason, "account"), optional: true };
  const prompt = connectionPrompt(page.chat, status, (prompt) => asked.push(prompt))!;
  assertEquals([prompt.label, prompt.isSecret], ["Your name: ", false]);
  assertEquals(prompt.reason, "alice is already in use. If alice is yours, enter it again for its password.");
  const before = page.browser.sockets.length;
  prompt.answered("alice");
  assertEquals([asked[0]?.isSecret, page.browser.sockets.length], [true, before]);
  prompt.answered("bert");
  assertEquals([page.browser.sockets.length, page.chat.wantedNick], [before + 1, "bert"]);
});

Deno.test("client prompts: no question is asked while nothing was rejected", () => {
  using page = new ClientPage("#tea");
  assertEquals(connectionPrompt(page.chat, { kind: "connecting" }, () => {}), undefined);
});

Deno.test("client prompts: an empty password does nothing, and that of an operator is sent", () => {
  using page = new ClientPage("#tea");
  for (
    const prompt of [
      accountPrompt(page.chat, "login", () => {}),
      accountPrompt(page.chat, "register", () => {}),
      operatorPrompt(page.chat, "root"),
    ]
  ) {
    assertEquals([prompt.isSecret, prompt.isOptional], [true, true]);
    prompt.answered("");
    assertEquals(page.sent(), []);
  }
  operatorPrompt(page.chat, "root").answered("sesame");
  assertEquals(page.sent(), ["OPER root sesame"]);
});

Deno.test("client prompts: a new password that is too short is asked for again, and a valid one is sent", () => {
  using page = new ClientPage("#tea");
  const asked: Prompt[] = [];
  accountPrompt(page.chat, "register", (prompt) => asked.push(prompt)).answered("short");
  const [again] = asked;
  assertEquals([again?.label, again?.isSecret, again?.reason], [
    "New password for alice: ",
    true,
    "Password too short: at least 8 characters.",
  ]);
  assertEquals([page.sent(), page.told()], [[], []]);
  again?.answered("open sesame");
  assertEquals([page.sent(), asked.length], [["REGISTER * * :open sesame"], 1]);
});
