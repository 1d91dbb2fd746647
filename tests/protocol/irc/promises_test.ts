/** Commands on a chat whose changes are promises, as with several nodes. */
import { assertEquals } from "@std/assert";
import { LocalChat } from "../../../src/chat/local_chat.ts";
import { MemoryHistory } from "../../../src/history/memory.ts";
import { available } from "../../../src/protocol/irc/capabilities.ts";
import { AuthFixture } from "../../accounts/helpers.ts";
import { LINES, OTHERS, PASSWORD } from "./command_lines.ts";
import { CHANGES } from "../../delayed_chat.ts";
import { ProtocolFixture } from "./harness.ts";

/** The parts of the chat whose methods change it, and those of their methods and properties that do not. */
const PARTS: ReadonlyMap<string | symbol, readonly (string | symbol)[]> = new Map([
  ["admin", ["forgetRoles"]], // its steps are run one by one
  ["alwaysOn", ["policy", "absent", "status"]],
  ["ignores", ["list", "ignores"]],
  ["readMarkers", ["get", "newLines"]],
]);

/** Commands that need accounts. */
const WITH_ACCOUNTS = /^(?:NS|NICKSERV|REGISTER|AUTHENTICATE)\b|NickServ/;

/**
 * Wraps a chat so that its changes return promises, and reject instead of throwing.
 *
 * @param later Whether a change is made only when the promise resolves.
 */
function withPromises(chat: LocalChat, later: boolean): LocalChat {
  return wrap(chat, later, (key) => CHANGES.has(key));
}

/** Wraps an object, and the parts in it, so that some of its methods return promises. */
function wrap<T extends object>(object: T, later: boolean, changes: (key: string | symbol) => boolean): T {
  return new Proxy(object, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      const reads = PARTS.get(key);
      if (reads !== undefined) return wrap(value as object, later, (key) => !reads.includes(key));
      if (typeof value !== "function") return value;
      if (!changes(key)) return value.bind(target);
      return (...args: unknown[]) => {
        const change = () => value.apply(target, args);
        return later ? new Promise((resolve) => setTimeout(resolve)).then(change) : Promise.try(change);
      };
    },
  });
}

/** Sends a line as alice, and returns what each client gets, and who is invisible then. */
async function run(chat: LocalChat, line: string, label: string): Promise<string[][]> {
  const fixture = new ProtocolFixture({ chat });
  try {
    const alice = await fixture.irc(
      "alice",
      ...available(false),
    );
    const [bob, away] = [await fixture.irc("bob", ...available(false)), await fixture.irc("away", "echo-message")];
    const carol = await fixture.irc("carol");
    await carol.says("MODE carol +w");
    await away.says("AWAY :lunch");
    await fixture.join("#tea", alice, bob);
    await fixture.join("#old", bob);
    await bob.says("PRIVMSG #old :tea", "PRIVMSG #tea :tea");
    fixture.quiet();
    if (line.startsWith("OP ")) await chat.setFlag(alice.member, "operator", true);
    await alice.says(label + line.replace(/^OP /, ""));
    const invisible = fixture.clients.filter(({ member }) => member.invisible).map(({ member }) => member.nick);
    return [...fixture.clients.map((client) => client.gets()), invisible];
  } finally {
    await fixture.close();
  }
}

function makeHub(): LocalChat {
  return new LocalChat({ history: new MemoryHistory() });
}

/** Asserts that all lines have the same effect with promises as without. */
async function assertSame(later: boolean, label: string): Promise<void> {
  for (const line of [...Object.values(LINES).flat(), ...OTHERS]) {
    if (WITH_ACCOUNTS.test(line) || (label !== "" && line.startsWith("@"))) continue;
    assertEquals(await run(withPromises(makeHub(), later), line, label), await run(makeHub(), line, label), line);
  }
}

Deno.test("promises: every command has the same effect when the chat changes at once", async () => {
  await assertSame(false, "");
});

Deno.test("promises: every command has the same effect when the chat changes later", async () => {
  await assertSame(true, "");
});

Deno.test("promises: every labeled command has the same effect when the chat changes at once", async () => {
  await assertSame(false, "@label=x ");
});

/** Account commands in turn, each after the nickname that its client has in the beginning. */
const ACCOUNT_LINES: readonly (readonly [string, string])[] = [
  ["alice", `NS REGISTER ${PASSWORD}`],
  ["alice", "NS LOGOUT"],
  ["alice", `NS IDENTIFY alice ${PASSWORD}`],
  ["alice", "NICK alice"],
  ["bob", `NS GHOST alice ${PASSWORD}`],
  ["carol", `NS REGISTER ${PASSWORD}`],
  ["tom", `/login alice ${PASSWORD}`],
  ["tom", "/logout"],
  ["bob", "NICK bob"],
  ["tom", `/login alice ${PASSWORD}`],
  ["eve", `NS IDENTIFY alice ${PASSWORD}`],
  ["tom", `/drop ${PASSWORD}`],
  ["eve", `REGISTER * * ${PASSWORD}`],
  ["eve", `NS DROP ${PASSWORD}`],
];

/** Sends these lines, and returns what each client gets after each, and all nicknames and accounts then. */
async function runAccountLines(wrap: (chat: LocalChat) => LocalChat): Promise<unknown[]> {
  await using office = await AuthFixture.open();
  const { auth } = office;
  const fixture = new ProtocolFixture({ auth, chat: wrap(office.chat({ history: new MemoryHistory() })) });
  try {
    const clients = new Map([["tom", await fixture.text("tom")]]);
    for (const nick of ["alice", "bob", "carol", "eve"]) clients.set(nick, await fixture.irc(nick));
    for (const client of clients.values()) {
      await client.says(client === clients.get("tom") ? "/join #tea" : "JOIN #tea");
    }
    fixture.quiet();
    const effects: unknown[] = [];
    for (const [nick, line] of ACCOUNT_LINES) {
      await clients.get(nick)!.says(line);
      const [tom, ...others] = [...clients.values()].map((client) => client.gets());
      const got = [tom!.sort(), ...others]; // a text client goes to the lobby before the reply or after it
      effects.push([line, got, [...fixture.chat.members].map(({ nick, account }) => [nick, account])]);
    }
    return effects;
  } finally {
    await fixture.close();
  }
}

Deno.test("promises: account commands have the same effect when the chat changes later", async () => {
  assertEquals(await runAccountLines((chat) => withPromises(chat, true)), await runAccountLines((chat) => chat));
});
