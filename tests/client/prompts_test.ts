/** Tests of the questions that the input answers: a name, a password. */
import { assertEquals } from "@std/assert";
import { accountPrompt, connectionPrompt, namePrompt, operatorPrompt } from "../../src/client/prompts.ts";
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
  const reasons: string[] = [];
  const ask = () =>
    connectionPrompt(page.chat, rejected("alice is registered.", "account"), (why) => reasons.push(why))!;
  assertEquals([ask().label, ask().isSecret], ["Password of alice (empty: another name): ", true]);
  ask().answered("");
  assertEquals([reasons, namePrompt(page.chat, reasons[0]!).reason], [
    ["alice is registered."],
    "alice is registered.",
  ]);
  ask().answered("sesame");
  assertEquals(page.chat.connection.login, { name: "alice", password: "sesame" });
});

Deno.test("client prompts: no question is asked while nothing was rejected", () => {
  using page = new ClientPage("#tea");
  assertEquals(connectionPrompt(page.chat, { kind: "connecting" }, () => {}), undefined);
});

Deno.test("client prompts: an empty password does nothing, and that of an operator is sent", () => {
  using page = new ClientPage("#tea");
  for (
    const prompt of [
      accountPrompt(page.chat, "login"),
      accountPrompt(page.chat, "register"),
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
