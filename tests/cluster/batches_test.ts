/** Checks batches: the bytes of a version, packing, and what is rejected when bytes are decoded. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { fc } from "../dependencies.ts";
import type { Command } from "../../src/chat/commands.ts";
import { COMMAND_MAX, COMMANDS_MAX, decodeBatch, encodeCommand, packBatches } from "../../src/cluster/batches.ts";
import { BATCH_MAX } from "../../src/cluster/log_limits.ts";
import {
  DecodeError,
  type DecodeErrorCode,
  EncodeError,
  type EncodeErrorCode,
} from "../../src/cluster/codec_errors.ts";
import { LIST_MAX, STRING_MAX } from "../../src/cluster/codecs.ts";
import { CODEC_VERSION } from "../../src/cluster/command_codec.ts";
import { anyCommand } from "./arbitraries.ts";
import { readGolden } from "./golden.ts";

const HEAD = { version: CODEC_VERSION, incarnation: 12, number: 3, time: 1_800_000_000_000 };

/** How many inputs a property is tried with. */
const RUNS = 2_000;

const encode = (text: string) => new TextEncoder().encode(text);

/** A value without fields that are `undefined`, which are equal to fields that are not there. */
function defined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(defined);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([, each]) => each !== undefined).map(([name, each]) => [name, defined(each)]),
  );
}

function rejects(code: DecodeErrorCode, bytes: string | Uint8Array): DecodeError {
  const error = assertThrows(
    () => decodeBatch(typeof bytes === "string" ? encode(bytes) : bytes),
    DecodeError,
  ) as DecodeError;
  assertEquals(error.code, code, typeof bytes === "string" ? bytes.slice(0, 200) : error.message);
  return error;
}

function rejectsCommand(code: EncodeErrorCode, command: unknown, version = CODEC_VERSION): void {
  const error = assertThrows(() => encodeCommand(command as Command, version), EncodeError) as EncodeError;
  assertEquals(error.code, code, error.message);
}

/** A batch of the current version with a command as JSON. */
const batchOf = (command: string) => `[${CODEC_VERSION},12,3,4,[${command}]]`;

/** Decodes bytes that nothing is known of. What can be decoded can also be encoded, and is then decoded to the same. */
function decodeAnything(bytes: Uint8Array): boolean {
  let batch;
  try {
    batch = decodeBatch(bytes);
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
  const { commands, ...head } = batch;
  const again = packBatches(head, commands.map((command) => encodeCommand(command, head.version)));
  assertEquals(again.flatMap((each) => decodeBatch(each).commands), commands);
  return true;
}

Deno.test("cluster: a batch of version 1 has these bytes", () => {
  const command: Command = { op: "topic", member: 7, room: "#tea", topic: "お茶" };
  const batches = packBatches({ ...HEAD, version: 1 }, [encodeCommand(command, 1), encodeCommand(command, 1)]);
  assertEquals(batches, [encode('[1,12,3,1800000000000,[["t",7,"#tea","お茶"],["t",7,"#tea","お茶"]]]')]);
});

Deno.test("cluster: every command is the same when it has been encoded and decoded", () => {
  fc.assert(
    fc.property(fc.array(anyCommand, { minLength: 1 }), (commands) => {
      const [bytes] = packBatches(HEAD, commands.map((command) => encodeCommand(command, HEAD.version)));
      assertEquals(defined(decodeBatch(bytes!)), defined({ ...HEAD, commands }));
    }),
    { numRuns: RUNS },
  );
});

Deno.test("cluster: a decoded command has a field that may be undefined, and not an optional one without a value", () => {
  const identity = { user: "u", host: "h", realname: "", account: undefined };
  const commands: Command[] = [
    { op: "connect", id: 1, nick: "a", identity },
    { op: "join", member: 1, session: undefined, room: "#x", key: undefined },
    { op: "modes", member: 1, room: "#x", changes: [{ on: false, mode: "l" }, { on: true, mode: "b", mask: "m" }] },
    { op: "tag", member: 1, session: 1, to: { member: 2 }, tags: "+x", minRank: undefined },
  ];
  const [bytes] = packBatches(HEAD, commands.map((command) => encodeCommand(command, HEAD.version)));
  const [connect, ...others] = commands;
  const withoutAccount = { ...connect, identity: { user: "u", host: "h", realname: "" } };
  assertEquals<unknown>(decodeBatch(bytes!).commands, [withoutAccount, ...others]);
});

Deno.test("cluster: packed batches have all commands in order, and as many as fit", () => {
  const length = fc.oneof(fc.nat(200), fc.integer({ min: STRING_MAX / 2, max: STRING_MAX }));
  const lengths = fc.array(length, { minLength: 40, maxLength: 60 }); // about two batches, or more
  let several = 0;
  fc.assert(
    fc.property(lengths, fc.constantFrom("x", "é", '"'), (sizes, letter) => {
      const commands = sizes.map((size): Command => ({ op: "notice", text: letter.repeat(size) }));
      const encoded = commands.map((command) => encodeCommand(command, HEAD.version));
      const batches = packBatches(HEAD, encoded);
      const decoded = batches.map((batch) => decodeBatch(batch));
      if (batches.length > 1) several++;
      assertEquals(decoded.flatMap((batch) => batch.commands), commands);
      assertEquals(decoded.map(({ number }) => number), batches.map((_, i) => HEAD.number + i));
      let next = 0;
      for (const [i, { commands }] of decoded.entries()) {
        next += commands.length;
        const following = encoded[next];
        if (following === undefined) continue;
        assert(batches[i]!.length + encode(following).length + 1 > BATCH_MAX - 100, `batch ${i} has room for one more`);
      }
    }),
    { numRuns: 50 },
  );
  assert(several > 25, `only ${several} lists of commands took more than one batch`);
});

Deno.test("cluster: what is between small commands counts when they are packed", () => {
  const size = Math.floor(BATCH_MAX / COMMANDS_MAX); // as many as may be in a batch fit, but not with commas
  const notice = encodeCommand({ op: "notice", text: "x".repeat(size - '["no",""]'.length) }, CODEC_VERSION);
  const batches = packBatches(HEAD, Array(COMMANDS_MAX).fill(notice));
  assertEquals(batches.map((bytes) => decodeBatch(bytes).commands.length).reduce((a, b) => a + b), COMMANDS_MAX);
  assertEquals(batches.length, 2);
});

Deno.test("cluster: no commands are packed into no batch", () => {
  assertEquals(packBatches(HEAD, []), []);
});

Deno.test("cluster: a batch has at most COMMANDS_MAX commands", () => {
  const drop = encodeCommand({ op: "drop", room: "#x", seen: 0 }, CODEC_VERSION);
  const batches = packBatches(HEAD, Array(2 * COMMANDS_MAX + 1).fill(drop));
  assertEquals(batches.map((bytes) => decodeBatch(bytes).commands.length), [COMMANDS_MAX, COMMANDS_MAX, 1]);
  rejects("too-large", batchOf(Array(COMMANDS_MAX + 1).fill(drop).join()));
});

Deno.test("cluster: the largest command fits into a batch with the longest head, and a larger one is not encoded", () => {
  const said = { op: "say", member: 1, session: 1, style: "say", minRank: undefined } as const;
  const text = "\x02".repeat(STRING_MAX); // 6 bytes each
  const large = (size: number): Command => ({ ...said, room: "#".repeat(size), text, tags: "x".repeat(STRING_MAX) });
  const size = COMMAND_MAX - encodeCommand(large(0), CODEC_VERSION).length;
  const encoded = encodeCommand(large(size), CODEC_VERSION);
  assertEquals(encoded.length, COMMAND_MAX);
  const most = Number.MAX_SAFE_INTEGER;
  const [bytes] = packBatches({ ...HEAD, incarnation: most, number: most, time: most }, [encoded]);
  assert(bytes!.length <= BATCH_MAX);
  assertEquals(decodeBatch(bytes!).commands.length, 1);
  rejectsCommand("too-large", large(size + 1));
});

Deno.test("cluster: strings and lists have the same limits when they are encoded and decoded", () => {
  const longest = "x".repeat(STRING_MAX);
  const most = Array(LIST_MAX).fill("x");
  const whisper = (to: readonly string[]): Command => {
    return { op: "whisper", member: 1, session: undefined, to, text: "", style: "say", tags: "", ignoredBy: [] };
  };
  for (const command of [{ op: "notice", text: longest } as const, whisper(most)]) {
    assertEquals(decodeBatch(packBatches(HEAD, [encodeCommand(command, CODEC_VERSION)])[0]!).commands, [command]);
  }
  rejectsCommand("too-large", { op: "notice", text: `${longest}x` });
  rejectsCommand("too-large", whisper([...most, "x"]));
  rejects("too-large", batchOf(`["no","${longest}x"]`));
  rejects("too-large", batchOf(`["w",1,2,${JSON.stringify([...most, "x"])}]`));
  rejects("too-large", " ".repeat(BATCH_MAX + 1));
});

Deno.test("cluster: a command is not encoded when one of its values could not be decoded", () => {
  rejectsCommand("invalid", { op: "rename", member: NaN, nick: "a" });
  rejectsCommand("invalid", { op: "rename", member: -1, nick: "a" });
  rejectsCommand("invalid", { op: "rename", member: 1.5, nick: "a" });
  rejectsCommand("invalid", { op: "rename", member: 2 ** 53, nick: "a" });
  rejectsCommand("invalid", { op: "rename", member: 1 });
  rejectsCommand("invalid", { op: "expire", before: Infinity });
  rejectsCommand("invalid", { op: "attend", session: 1 });
  rejectsCommand("invalid", { op: "flag", member: 1, flag: "constructor", on: true });
  rejectsCommand("invalid", { op: "constructor" });
  rejectsCommand("invalid", { op: "modes", member: 1, room: "#x" });
  rejectsCommand("invalid", { op: "connect", id: 1, nick: "a", identity: null });
  rejectsCommand("invalid", { op: "connect", id: 1, nick: "a" });
  rejectsCommand("invalid", { op: "tag", member: 1, to: {}, tags: "" });
  rejectsCommand("invalid", { op: "tag", member: 1, to: { member: 1, room: "#x" }, tags: "" });
  rejectsCommand("invalid", {
    op: "modes",
    member: 1,
    room: "#x",
    changes: [{ on: true, mode: "l", limit: undefined }],
  });
});

Deno.test("cluster: a command is not encoded for a version that does not have it", () => {
  rejectsCommand("not-in-version", { op: "drop", room: "#x", seen: 0 }, 0);
});

Deno.test("cluster: a batch of a newer version is rejected as such, whatever it looks like", () => {
  for (const rest of ["", ",12,3,4,[]", ",12,3,4,[],5", ',{"a":1}', ',12,3,4,[["new",1]]']) {
    rejects("newer-version", `[${CODEC_VERSION + 1}${rest}]`);
  }
});

Deno.test("cluster: a batch with an unknown command, mode or choice is rejected as such", () => {
  const error = rejects("unknown-code", batchOf('["dr","#x",0],["new",1]'));
  assertEquals(error.message, `Cannot decode command 2 of the batch: version ${CODEC_VERSION} has no op "new"`);
  for (
    const command of [
      '["DR","#x"]',
      '["__proto__"]',
      '["constructor"]',
      "[1]",
      "[null]",
      "[]",
      '[["dr"],"#x"]',
      '["m",1,"#x",[["Z",1]]]',
      '["m",1,"#x",[["toString",1]]]',
      '["f",1,99,1]',
      '["f",1,"operator",1]',
      '["s",1,1,"#x","hi",5]',
    ]
  ) rejects("unknown-code", batchOf(command));
});

Deno.test("cluster: a batch that no program has written is rejected as malformed", () => {
  for (
    const text of [
      "",
      "null",
      "{}",
      '{"0":1,"length":5}',
      "[]",
      "[0,1,1,1,[]]",
      "[-1,1,1,1,[]]",
      "[1.5,1,1,1,[]]",
      '["1",1,1,1,[]]',
      "[1,1,1,1]",
      "[1,1,1,1,{}]",
      "[1,1,1,1,[],[]]",
      "[1,-1,1,1,[]]",
      "[1,1,null,1,[]]",
      '[1,1,1,"1",[]]',
      "[1,1,1,9007199254740992,[]]",
      "[1,1,1,1e999,[]]",
      "\ufeff[1,1,1,1,[]]",
      "[1,1,1,1,[]]x",
      batchOf("1"),
      batchOf("{}"),
      batchOf('{"op":"drop","room":"#x"}'),
      batchOf('["dr"]'),
      batchOf('["dr",null]'),
      batchOf('["dr",1]'),
      batchOf('["dr",["#x"]]'),
      batchOf('["dr","#x",null]'),
      batchOf('["n","7","a"]'),
      batchOf('["n",-7,"a"]'),
      batchOf('["n",-0,"a"]'),
      batchOf('["ex",1e999]'),
      batchOf('["ex",-0]'),
      batchOf('["ex","1"]'),
      batchOf('["at",1,true]'),
      batchOf('["at",1,2]'),
      batchOf('["w",1,2,"a"]'),
      batchOf('["w",1,2,{"length":1}]'),
      batchOf('["c",1,"a",{"__proto__":{"user":"u"}}]'),
      batchOf('["c",1,"a",["u","h","r",null,null,[1,0,null,1]]]'),
      batchOf('["g",1,null,[1,"#x"],"+x"]'),
      batchOf('["g",1,null,[],"+x"]'),
      batchOf('["m",1,"#x",[["l",1]]]'),
      batchOf('["m",1,"#x",[["l",0,5]]]'),
      batchOf('["m",1,"#x",[["i",1,"x"]]]'),
    ]
  ) rejects("malformed", text);
  rejects("malformed", new Uint8Array([...encode('[1,1,1,1,[["no","'), 0xff, ...encode('"]]]')])); // not UTF-8
  rejects("malformed", "[".repeat(BATCH_MAX));
  rejects("malformed", batchOf(`["w",1,2,${"[".repeat(100_000)}${"]".repeat(100_000)}]`));
  rejects("malformed", batchOf(`["dr",${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}]`));
});

Deno.test("cluster: a decoded batch does not change prototypes", () => {
  const before = JSON.stringify(Object.getOwnPropertyNames(Object.prototype));
  rejects("malformed", batchOf('["c",1,"a",{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}]'));
  assertEquals(JSON.stringify(Object.getOwnPropertyNames(Object.prototype)), before);
  const { commands } = decodeBatch(encode(batchOf('["c",1,"__proto__",["__proto__","constructor","__proto__"]]')));
  assertEquals(Object.getPrototypeOf(commands[0]), Object.prototype);
});

Deno.test("cluster: random bytes are decoded or rejected, and cause no other error", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeAnything(bytes)), { numRuns: RUNS });
});

Deno.test("cluster: commands with other JSON in them are decoded or rejected, and cause no other error", async () => {
  const golden = (await readGolden()).map(({ encoded }) => JSON.parse(encoded) as unknown[]);
  const other = fc.oneof(fc.nat(3), fc.string(), fc.array(fc.nat(1)), fc.constant(null), fc.jsonValue());
  const change = fc.record({ at: fc.array(fc.nat(6), { minLength: 1, maxLength: 3 }), other });
  let decoded = 0;
  fc.assert(
    fc.property(fc.constantFrom(...golden), fc.array(change, { minLength: 1, maxLength: 2 }), (command, changes) => {
      const changed = structuredClone(command);
      for (const { at, other } of changes) {
        let list = changed;
        for (const i of at.slice(0, -1)) if (Array.isArray(list[i])) list = list[i];
        list[at.at(-1)!] = other;
      }
      if (decodeAnything(encode(batchOf(JSON.stringify(changed))))) decoded++;
    }),
    { numRuns: 2 * RUNS },
  );
  assert(decoded > RUNS / 10 && decoded < 1.9 * RUNS, `${decoded} inputs were commands`);
});

Deno.test("cluster: batches with other JSON in their heads are decoded or rejected, and cause no other error", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(2), fc.jsonValue()), { maxLength: 6 }), (parts) => {
      decodeAnything(encode(JSON.stringify(parts)));
      decodeAnything(encode(JSON.stringify([CODEC_VERSION, ...parts])));
    }),
    { numRuns: RUNS },
  );
});

Deno.test("cluster: damaged batches are decoded or rejected, and cause no other error", async () => {
  const golden = (await readGolden()).map(({ encoded }) => packBatches(HEAD, [encoded])[0]!);
  const damage = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), bytes: fc.uint8Array({ maxLength: 3 }) });
  let decoded = 0;
  fc.assert(
    fc.property(fc.constantFrom(...golden), fc.array(damage, { minLength: 1, maxLength: 3 }), (sound, damages) => {
      const bytes = [...sound];
      for (const { at, bytes: others } of damages) {
        bytes.splice(Math.floor(at * bytes.length), others.length, ...others);
      }
      if (decodeAnything(new Uint8Array(bytes))) decoded++;
    }),
    { numRuns: 2 * RUNS },
  );
  assert(decoded > RUNS / 100 && decoded < 1.9 * RUNS, `${decoded} damaged batches could be decoded`);
});
