/** Labels: every command, done or refused, at once or after a wait, has exactly one labeled answer. */
import { assert, assertEquals } from "@std/assert";
import { AuthService } from "../../../src/accounts/auth.ts";
import { hashPassword } from "../../../src/accounts/password.ts";
import { LocalChat } from "../../../src/chat/local_chat.ts";
import type { HistoryStore } from "../../../src/chat/store.ts";
import { MemoryHistory } from "../../../src/history/memory.ts";
import { Operators } from "../../../src/moderation/operators.ts";
import { available } from "../../../src/protocol/irc/capabilities.ts";
import { commands } from "../../../src/protocol/irc/commands.ts";
import { PING_TIME } from "../../../src/protocol/irc/keepalive.ts";
import { type Outcome, type Requester, SLICE, TimeSlicer } from "../../../src/protocol/time_slicer.ts";
import { Office } from "../../accounts/helpers.ts";
import { LastingHistory } from "../../chat/helpers.ts";
import { Chat, type Client, clock, SERVER } from "./harness.ts";

const PASSWORD = "open sesame";
const PLAIN = btoa(`owner\0owner\0${PASSWORD}`);
const OPERATORS = Operators.read(`root ${await hashPassword(PASSWORD)}`);
const LABEL = "l".repeat(64);

/** What a registered client sends: each command at least once so that it succeeds, and once so that it fails. */
const LINES: Readonly<Record<string, readonly string[]>> = {
  ADMIN: ["ADMIN", "ADMIN elsewhere"],
  ANNOUNCE: ["ANNOUNCE :hi", "ANNOUNCE", "OP ANNOUNCE :hi"],
  AUTHENTICATE: ["AUTHENTICATE PLAIN", "AUTHENTICATE NONE", "AUTHENTICATE *", `AUTHENTICATE ${"x".repeat(401)}`],
  AWAY: ["AWAY", "AWAY :lunch"],
  CAP: ["CAP LS 302", "CAP LIST", "CAP REQ :batch", "CAP REQ none", "CAP END", "CAP NONE", "CAP REQ -batch"],
  CHATHISTORY: [
    "CHATHISTORY LATEST #tea * 5",
    "CHATHISTORY",
    "CHATHISTORY TARGETS a b 1",
    "CHATHISTORY LATEST bob * 1",
  ],
  HELP: ["HELP", "HELP JOIN", "HELP NONE"],
  INFO: ["INFO", "INFO elsewhere"],
  INVITE: ["INVITE carol #tea", "INVITE", "INVITE bob #tea", "INVITE bob"],
  ISON: ["ISON bob", "ISON nobody", "ISON"],
  JOIN: ["JOIN #new", "JOIN #tea", "JOIN tea", "JOIN #a,#b", "JOIN 0", "JOIN #old", "JOIN", "JOIN ,"],
  KICK: ["KICK #tea bob :out", "KICK #tea carol", "KICK #none bob", "KICK", "KICK #tea bob,alice"],
  KILL: ["KILL bob :bye", "KILL bob", "KILL", "OP KILL bob :bye", "OP KILL alice :bye"],
  KLINE: ["KLINE a", "OP KLINE 12h eve!*@* :spam", "OP KLINE 99", "OP KLINE 10m"],
  LINKS: ["LINKS"],
  LIST: ["LIST", "LIST #none", "LIST >1,<9"],
  LUSERS: ["LUSERS"],
  MODE: ["MODE #tea", "MODE #tea +m", "MODE #tea +m-m", "MODE #tea b", "MODE #none +m", "MODE alice", "MODE alice +i"],
  MONITOR: ["MONITOR + bob,carol", "MONITOR - bob", "MONITOR C", "MONITOR L", "MONITOR S", "MONITOR x", "MONITOR"],
  MOTD: ["MOTD", "MOTD elsewhere"],
  MUTE: ["MUTE bob", "OP MUTE bob 10m", "OP MUTE nobody"],
  NAMES: ["NAMES", "NAMES #tea", "NAMES #none", "NAMES #a,#b,#c,#d,#e,#f"],
  NICK: ["NICK alicia", "NICK bob", "NICK", "NICK alice", "NICK 1x"],
  NICKSERV: ["NICKSERV", "NICKSERV INFO", "NICKSERV NONE", `NICKSERV GHOST owner ${PASSWORD}`],
  NOTICE: ["NOTICE #tea :hi", "NOTICE bob :hi", "NOTICE nobody :hi", "NOTICE", "NOTICE #tea", "NOTICE #tea :\x07"],
  NS: [`NS REGISTER ${PASSWORD}`, `NS IDENTIFY owner ${PASSWORD}`, "NS IDENTIFY owner wrong words", "NS LOGOUT"],
  OPER: [`OPER root :${PASSWORD}`, "OPER root wrong", "OPER"],
  PART: ["PART #tea", "PART #tea :bye", "PART #none", "PART #tea,#tea", "PART"],
  PASS: ["PASS x", "PASS"],
  PING: ["PING x", "PING", "PING :"],
  PONG: ["PONG", "PONG x"],
  PRIVMSG: [
    "PRIVMSG #tea :hi",
    "PRIVMSG bob :hi",
    "PRIVMSG #tea,bob,nobody :hi",
    "PRIVMSG #tea :\x01ACTION waves\x01",
    "PRIVMSG @#tea :hi",
    "PRIVMSG nobody :hi",
    "PRIVMSG away :hi",
    "PRIVMSG",
    "PRIVMSG #tea",
    "PRIVMSG #tea :\x07",
    "PRIVMSG NickServ :INFO owner",
    "PRIVMSG #tea,NickServ :INFO owner",
    "PRIVMSG NickServ,bob :HELP",
    `PRIVMSG #tea :${"x".repeat(480)}`,
  ],
  QUIT: ["QUIT", "QUIT :bye"],
  REGISTER: [`REGISTER * * :${PASSWORD}`, "REGISTER * * short", "REGISTER bob * longenough", "REGISTER"],
  REHASH: ["REHASH", "OP REHASH"],
  SEARCH: ["SEARCH text=tea", "SEARCH text=", "SEARCH", "SEARCH text=x;in=#none"],
  SETNAME: ["SETNAME :Alice", "SETNAME :", "SETNAME"],
  STATS: ["STATS u", "STATS", "STATS k", "OP STATS k", "OP STATS z"],
  TAGMSG: ["@+x=y TAGMSG #tea", "@+x TAGMSG bob", "TAGMSG #tea", "@+x TAGMSG nobody", "TAGMSG", "@+x TAGMSG NickServ"],
  TIME: ["TIME", "TIME elsewhere"],
  TOPIC: ["TOPIC #tea", "TOPIC #tea :tea", "TOPIC #tea :", "TOPIC #none", "TOPIC", `TOPIC #tea :${"x".repeat(480)}`],
  UNKLINE: ["UNKLINE x", "OP UNKLINE x"],
  UNMUTE: ["UNMUTE bob", "OP UNMUTE bob"],
  USER: ["USER a 0 * :b", "USER"],
  USERHOST: ["USERHOST bob", "USERHOST nobody", "USERHOST"],
  VERSION: ["VERSION", "VERSION elsewhere"],
  WALLOPS: ["WALLOPS :hi", "OP WALLOPS :hi", "OP WALLOPS : "],
  WHO: ["WHO", "WHO #tea", "WHO #tea %tcn,1", "WHO nobody"],
  WHOIS: ["WHOIS bob", "WHOIS nobody", "WHOIS", "WHOIS alice,bob"],
  WHOWAS: ["WHOWAS eve", "WHOWAS nobody", "WHOWAS"],
};

/** What is no command, or too long to be run. */
const OTHERS = [
  "NONE",
  "123",
  `PRIVMSG #tea :${"x".repeat(500)}`,
  `@+x=${"v".repeat(4095)} PRIVMSG #tea :hi`,
];

/** What an unregistered client sends. */
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

/** A chat with people in it. A line of `alice`'s that begins with `OP` is one of a server operator. */
async function answer(chat: Chat, line: string): Promise<string[]> {
  const alice = await chat.irc("alice", ...available(chat.door.auth.accountsEnabled));
  const [bob, away, eve] = [await chat.irc("bob"), await chat.irc("away"), await chat.irc("eve")];
  await chat.irc("carol");
  await away.says("AWAY :lunch");
  await eve.leave();
  await chat.join("#tea", alice, bob);
  await chat.join("#old", bob);
  await bob.says("PRIVMSG #old :tea", "PRIVMSG #tea :tea");
  const asOperator = line.startsWith("OP ");
  if (asOperator) chat.hub.setFlag(alice.member, "operator", true);
  return await asked(chat, alice, line.replace(/^OP /, ""));
}

/** What a client gets for a line with a label. */
async function asked(chat: Chat, client: Client, line: string): Promise<string[]> {
  chat.quiet();
  const tags = line.startsWith("@") ? `${line.slice(0, line.indexOf(" "))};label=${LABEL}` : `@label=${LABEL}`;
  await client.says(`${tags} ${line.replace(/^@\S+ /, "")}`);
  return client.gets();
}

/** Makes sure that all lines are one logical answer: a labeled line, or a labeled batch with all others in it. */
function assertOneAnswer(lines: readonly string[], about: string): void {
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

/** Has every long command wait before it begins, and between any two of its steps. */
class Later extends TimeSlicer {
  constructor() {
    let now = 0;
    super(() => now += SLICE);
  }

  override run<W>(work: () => W, requester?: Requester): Promise<Outcome<W> | undefined> {
    return new Promise((resolve) => setTimeout(resolve)).then(() => super.run(work, requester));
  }
}

/** Runs something on a server of its own, whose long commands wait for `slicer`. */
async function on(
  history: HistoryStore,
  slicer: TimeSlicer,
  run: (chat: Chat) => Promise<void>,
  accounts = true,
): Promise<void> {
  await using office = accounts ? await Office.open({ operators: OPERATORS }) : undefined; // a file: it takes a while
  const auth = office?.auth ?? new AuthService();
  await office?.accounts.register("owner", PASSWORD);
  const hub = new LocalChat({ history, policy: { isRegistered: (nick) => auth.find(nick) !== undefined } });
  const chat = new Chat({ auth, slicer, chat: hub });
  try {
    await run(chat);
  } finally {
    await chat.close();
  }
}

/** The ways in which a command can be run: in memory or with a history that is committed first, at once or later. */
const WAYS: Readonly<Record<string, () => [HistoryStore, TimeSlicer]>> = {
  "it is run at once": () => [new MemoryHistory(), new TimeSlicer()],
  "it has to wait for its turn": () => [new MemoryHistory(), new Later()],
  "lines are committed before they are delivered": () => [new LastingHistory(), new TimeSlicer()],
};

Deno.test("labels: the table has every command", () => {
  assertEquals(Object.keys(LINES).sort(), [...commands.keys()].sort());
});

for (const [way, parts] of Object.entries(WAYS)) {
  Deno.test(`labels: every command has exactly one labeled answer when ${way}`, async () => {
    for (const line of [...Object.values(LINES).flat(), ...OTHERS]) {
      const accounts = /^(?:NS|NICKSERV|REGISTER|AUTHENTICATE|OPER)\b|NickServ/.test(line);
      await on(...parts(), async (chat) => assertOneAnswer(await answer(chat, line), line), accounts);
    }
  });
}

Deno.test("labels: every line before registration has exactly one labeled answer", async () => {
  for (const line of EARLY) {
    const run = async (chat: Chat) => {
      await chat.irc("alice");
      const stranger = chat.stranger();
      await stranger.says(`CAP REQ :${available(chat.door.auth.accountsEnabled).join(" ")}`);
      assertOneAnswer(await asked(chat, stranger, line), line);
    };
    await on(new MemoryHistory(), new TimeSlicer(), run, /^(?:REGISTER|AUTHENTICATE)/.test(line));
  }
});

Deno.test("labels: each step of SASL has exactly one labeled answer", async () => {
  await on(new MemoryHistory(), new TimeSlicer(), async (chat) => {
    const alice = await chat.irc("alice", ...available(chat.door.auth.accountsEnabled));
    for (
      const line of [
        "AUTHENTICATE PLAIN",
        `AUTHENTICATE ${btoa("wrong")}`,
        "AUTHENTICATE PLAIN",
        `AUTHENTICATE ${PLAIN}`,
      ]
    ) {
      assertOneAnswer(await asked(chat, alice, line), line);
    }
    assertEquals(alice.member.account, "owner");
  });
});

Deno.test("labels: JOIN that had to wait has all of its answer in the batch, and nothing that was said meanwhile", async () => {
  await on(new MemoryHistory(), new Later(), async (chat) => {
    const [alice, bob] = [await chat.irc("alice", ...available(chat.door.auth.accountsEnabled)), await chat.irc("bob")];
    await chat.join("#tea", alice, bob);
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

Deno.test("labels: a line that the transport has thrown away for its length is rejected with its label", async () => {
  await on(new MemoryHistory(), new TimeSlicer(), async (chat) => {
    const alice = await chat.irc("alice", ...available(chat.door.auth.accountsEnabled));
    const tooLong = (beginning: string) => {
      chat.quiet();
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
  await on(new MemoryHistory(), new TimeSlicer(), async (chat) => {
    const alice = await chat.irc("alice", ...available(chat.door.auth.accountsEnabled));
    const malformed = (line: string) => {
      chat.quiet();
      alice.connection.onMalformed!(line);
      return alice.hears();
    };
    const told = "FAIL * INVALID_UTF8 :Message rejected: this server takes UTF-8 only";
    assertEquals(malformed("@label=x PRIVMSG #tea :\ufffd"), [`@label=x ${told}`]);
    assertEquals(malformed("@label=\0x\r PRIVMSG #tea :\ufffd"), [`@label=x ${told}`], "without line ends");
    assertEquals(malformed("PRIVMSG #tea :\ufffd"), [told]);
    const plain = await chat.irc("bob");
    plain.connection.onMalformed!("\ufffd");
    assertEquals(plain.hears(), [told], "which needs no capability");
  });
});

Deno.test("labels: PING of the server's is no part of an answer that takes time", async () => {
  await on(new MemoryHistory(), new TimeSlicer(), async (chat) => {
    const alice = await chat.irc("alice", ...available(chat.door.auth.accountsEnabled));
    chat.quiet();
    const asked = alice.says(`@label=x OPER root :${PASSWORD}`);
    await Promise.resolve();
    clock.now += PING_TIME;
    chat.door.keepalive.look(performance.now());
    assertEquals(alice.gets(), [`PING :${SERVER}`]);
    await asked;
    assertEquals(alice.gets()[0], `@label=x :${SERVER} BATCH +b0 labeled-response`);
  });
});
