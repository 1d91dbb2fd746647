/** Labels: every command has exactly one labeled response, whether it succeeds, fails or has to wait. */
import { assert, assertEquals } from "@std/assert";
import { AuthService } from "../../../src/accounts/auth.ts";
import { hashPassword } from "../../../src/accounts/password.ts";
import { writeId } from "../../../src/chat/ids.ts";
import { LocalChat } from "../../../src/chat/local_chat.ts";
import type { HistoryStore } from "../../../src/chat/store.ts";
import { MemoryHistory } from "../../../src/history/memory.ts";
import { Operators } from "../../../src/moderation/operators.ts";
import { available } from "../../../src/protocol/irc/capabilities.ts";
import { commands } from "../../../src/protocol/irc/commands.ts";
import { PING_TIME } from "../../../src/protocol/irc/keepalive.ts";
import { type Outcome, type RunOptions, SLICE, TimeSlicer } from "../../../src/protocol/time_slicer.ts";
import { delayedInTests } from "../../delayed_chat.ts";
import { AuthFixture } from "../../accounts/helpers.ts";
import { LastingHistory } from "../../chat/helpers.ts";
import { LINES, OTHERS, PASSWORD } from "./command_lines.ts";
import { type Client, clock, ProtocolFixture, SERVER } from "./harness.ts";

const PLAIN = btoa(`owner\0owner\0${PASSWORD}`);
const OPERATORS = Operators.read(`root ${await hashPassword(PASSWORD)}`);
const LABEL = "l".repeat(64);

/** Lines of an unregistered client. */
const EARLY = [
  "JOIN #tea",
  "NONE",
  "NICK eve",
  "NICK alice",
  "NICK",
  "USER eve 0 * :Eve",
  "USER eve 0 * :",
  "USER",
  "PASS x",
  "CAP LS",
  "CAP END",
  "AUTHENTICATE PLAIN",
  `REGISTER * * ${PASSWORD}`,
  "PING x",
  "PONG",
  "QUIT",
];

/** Sends a line as alice, in a chat with other users, and returns the response. `OP` makes alice a server operator first. */
async function answer(fixture: ProtocolFixture, line: string): Promise<string[]> {
  const alice = await fixture.irc("alice", ...available(fixture.options.auth.accountsEnabled));
  const [bob, away, eve] = [await fixture.irc("bob"), await fixture.irc("away"), await fixture.irc("eve")];
  await fixture.irc("carol");
  await away.says("AWAY :lunch");
  await eve.leave();
  await fixture.join("#tea", alice, bob);
  await fixture.join("#old", bob);
  await bob.says("PRIVMSG #old :tea", "PRIVMSG #tea :tea");
  const asOperator = line.startsWith("OP ");
  if (asOperator) fixture.chat.setFlag(alice.member, "operator", true);
  const last = () => writeId(fixture.chat.history.latest(fixture.chat.findRoom("#tea"), 1)[0]!.id);
  return await asked(fixture, alice, line.replace(/^OP /, "").replace("LAST", last));
}

/** Sends a line with a label, and returns what the client gets. */
async function asked(fixture: ProtocolFixture, client: Client, line: string): Promise<string[]> {
  fixture.quiet();
  const tags = line.startsWith("@") ? `${line.slice(0, line.indexOf(" "))};label=${LABEL}` : `@label=${LABEL}`;
  await client.says(`${tags} ${line.replace(/^@\S+ /, "")}`);
  return client.gets();
}

/** Asserts that all lines are one response: a labeled line, or a labeled batch with all other lines in it. */
function assertOneResponse(lines: readonly string[], about: string): void {
  const said = `${about}:\n${lines.join("\n")}`;
  const labeled = lines.filter((line) => line.startsWith(`@label=${LABEL}`));
  assertEquals(labeled.length, 1, said);
  assertEquals(lines[0], labeled[0], said);
  const batches: string[] = [];
  for (const [i, line] of lines.entries()) {
    const [, batch] = /^@batch=([^; ]+)/.exec(line) ?? [];
    const [, sign, name] = / BATCH ([+-])(\S+)/.exec(line) ?? [];
    if (i > 0 && sign !== "-") assert(batch !== undefined && batches.includes(batch), said);
    if (sign === "+") batches.push(name!);
    if (sign === "-") assertEquals(batches.pop(), name, said);
  }
  assertEquals(batches, [], said);
}

/** Delays every command with a lane before it begins, and between its steps. */
class Later extends TimeSlicer {
  constructor() {
    let now = 0;
    super(() => now += SLICE);
  }

  override run<W>(work: () => W, requester?: RunOptions): Promise<Outcome<W> | undefined> {
    return new Promise((resolve) => setTimeout(resolve)).then(() => super.run(work, requester));
  }
}

/** Runs a function with a server of its own. */
async function on(
  history: HistoryStore,
  slicer: TimeSlicer,
  run: (fixture: ProtocolFixture) => Promise<void>,
  accounts = true,
): Promise<void> {
  await using office = accounts ? await AuthFixture.open({ operators: OPERATORS }) : undefined; // it writes a file, which is slow
  const auth = office?.auth ?? new AuthService();
  await office?.accounts.register("owner", PASSWORD);
  const chat = office?.chat({ history }) ?? new LocalChat({ history });
  const fixture = new ProtocolFixture({ auth, slicer, chat });
  try {
    await run(fixture);
  } finally {
    await fixture.close();
  }
}

/** Ways to run a command: with a store in memory or a persistent one, at once or later. */
const WAYS: Readonly<Record<string, () => [HistoryStore, TimeSlicer]>> = {
  "it runs at once": () => [new MemoryHistory(), new TimeSlicer()],
  "it has to wait": () => [new MemoryHistory(), new Later()],
  "lines are committed before they are delivered": () => [new LastingHistory(), new TimeSlicer()],
};

Deno.test("labels: the table has every command", () => {
  assertEquals(Object.keys(LINES).sort(), [...commands.keys()].sort());
});

for (const [way, parts] of Object.entries(WAYS)) {
  Deno.test(`labels: every command has exactly one labeled response when ${way}`, async () => {
    for (const line of [...Object.values(LINES).flat(), ...OTHERS]) {
      if (delayedInTests.on && /^OP (?:ANNOUNCE|KILL)/.test(line)) continue; // the commands do not say whose they are
      const accounts = /^(?:NS|NICKSERV|REGISTER|TOKEN|AUTHENTICATE|OPER)\b|NickServ/.test(line);
      await on(...parts(), async (fixture) => assertOneResponse(await answer(fixture, line), line), accounts);
    }
  });
}

Deno.test("labels: every line before registration has exactly one labeled response", async () => {
  for (const line of EARLY) {
    const run = async (fixture: ProtocolFixture) => {
      await fixture.irc("alice");
      const unregistered = fixture.connect();
      await unregistered.says(`CAP REQ :${available(fixture.options.auth.accountsEnabled).join(" ")}`);
      assertOneResponse(await asked(fixture, unregistered, line), line);
    };
    await on(new MemoryHistory(), new TimeSlicer(), run, /^(?:REGISTER|AUTHENTICATE)/.test(line));
  }
});

Deno.test("labels: each step of SASL has exactly one labeled response", async () => {
  await on(new MemoryHistory(), new TimeSlicer(), async (fixture) => {
    const alice = await fixture.irc("alice", ...available(fixture.options.auth.accountsEnabled));
    for (
      const line of [
        "AUTHENTICATE PLAIN",
        `AUTHENTICATE ${btoa("wrong")}`,
        "AUTHENTICATE PLAIN",
        `AUTHENTICATE ${PLAIN}`,
      ]
    ) {
      assertOneResponse(await asked(fixture, alice, line), line);
    }
    assertEquals(alice.member.account, "owner");
  });
});

Deno.test("labels: JOIN has its whole response in the batch, and no message sent meanwhile, when it had to wait", async () => {
  await on(new MemoryHistory(), new Later(), async (fixture) => {
    const capabilities = available(fixture.options.auth.accountsEnabled);
    const [alice, bob] = [
      await fixture.irc("alice", ...capabilities.filter((name) => !name.endsWith("no-implicit-names"))),
      await fixture.irc("bob"),
    ];
    await fixture.join("#tea", alice, bob);
    const asked = alice.says("@label=x JOIN #milk");
    await bob.says("PRIVMSG #tea :hi");
    const meanwhile = alice.gets();
    await asked;
    const lines = alice.gets();
    assert(meanwhile.length === 1 && meanwhile[0]!.endsWith(" PRIVMSG #tea :hi"), meanwhile.join("\n"));
    assertEquals(lines[0], `@label=x :${SERVER} BATCH +b0 labeled-response`);
    assert(lines[1]!.startsWith("@batch=b0;") && lines[1]!.includes(" JOIN #milk "), lines[1]);
  });
});

Deno.test("labels: a line that the transport has dropped is rejected with its label", async () => {
  await on(new MemoryHistory(), new TimeSlicer(), async (fixture) => {
    const alice = await fixture.irc("alice", ...available(fixture.options.auth.accountsEnabled));
    const tooLong = (beginning: string) => {
      fixture.quiet();
      alice.connection.onTooLong(beginning);
      return alice.hears();
    };
    const told = "417 alice :Input line was too long";
    assertEquals(tooLong(`@label=x PRIVMSG #tea :${"x".repeat(5000)}`), [`@label=x ${told}`]);
    assertEquals(tooLong(`@label=x;+a=${"v".repeat(5000)}`), [`@label=x ${told}`]);
    assertEquals(tooLong(`@+a=${"v".repeat(5000)};label=x`), [told], "a label that may have been cut off is none");
    assertEquals(tooLong("x".repeat(5000)), [told]);
    assertEquals(tooLong(`@label=\0x\r PRIVMSG #tea :${"x".repeat(5000)}`), [`@label=x ${told}`], "without line ends");
  });
});

Deno.test("labels: a line that is not UTF-8 is rejected with its label", async () => {
  await on(new MemoryHistory(), new TimeSlicer(), async (fixture) => {
    const alice = await fixture.irc("alice", ...available(fixture.options.auth.accountsEnabled));
    const malformed = (line: string) => {
      fixture.quiet();
      alice.connection.onMalformed!(line);
      return alice.hears();
    };
    const told = "FAIL * INVALID_UTF8 :Message rejected: this server takes UTF-8 only";
    assertEquals(malformed("@label=x PRIVMSG #tea :\ufffd"), [`@label=x ${told}`]);
    assertEquals(malformed("@label=\0x\r PRIVMSG #tea :\ufffd"), [`@label=x ${told}`], "without line ends");
    assertEquals(malformed("PRIVMSG #tea :\ufffd"), [told]);
    const plain = await fixture.irc("bob");
    plain.connection.onMalformed!("\ufffd");
    assertEquals(plain.hears(), [told], "which needs no capability");
  });
});

Deno.test("labels: a PING of the server is not part of a pending response", async () => {
  await on(new MemoryHistory(), new TimeSlicer(), async (fixture) => {
    const alice = await fixture.irc("alice", ...available(fixture.options.auth.accountsEnabled));
    fixture.quiet();
    const asked = alice.says(`@label=x OPER root :${PASSWORD}`);
    await Promise.resolve();
    clock.now += PING_TIME;
    fixture.options.keepalive.check(performance.now());
    assertEquals(alice.gets(), [`PING :${SERVER}`]);
    await asked;
    assertEquals(alice.gets()[0], `@label=x :${SERVER} BATCH +b0 labeled-response`);
  });
});
