/**
 * How long encoding and decoding of commands for the log of a cluster takes, and how many bytes they have.
 *
 * Run by `deno task bench`.
 */
import type { Command } from "../../src/chat/commands.ts";
import { decodeBatch, encodeCommand, packBatches } from "../../src/cluster/batches.ts";
import { BATCH_MAX } from "../../src/cluster/log_limits.ts";
import { CODEC_VERSION } from "../../src/cluster/command_codec.ts";

const HEAD = { version: CODEC_VERSION, incarnation: 123_456, number: 7_890, time: 1_800_000_000_000 };

/** Ids as large as they become in a large cluster. */
const ID = 2 ** 40;

const COMMANDS: Record<string, Command> = {
  say: {
    op: "say",
    member: ID,
    session: ID,
    room: "#lobby",
    text: "x".repeat(63),
    style: "say",
    tags: "",
    minRank: undefined,
  },
  join: { op: "join", member: ID, session: ID, room: "#lobby", key: undefined },
  connect: {
    op: "connect",
    id: ID,
    nick: "alice",
    identity: {
      user: "~alice",
      host: "0123456789ab.hidden",
      networks: ["192.0.2.1"],
      realname: "Alice",
      account: "alice",
      token: { id: 3, readOnly: false, room: undefined },
    },
    attended: true,
  },
};

for (const [name, command] of Object.entries(COMMANDS)) {
  const encoded = encodeCommand(command, HEAD.version);
  const [batch] = packBatches(HEAD, [encoded]);
  const hundred = packBatches(HEAD, Array(100).fill(encoded))[0]!;
  const group = `${name}: ${encoded.length} bytes, ${batch!.length} in a batch of its own`;

  Deno.bench(`encode a ${name}`, { group }, () => {
    encodeCommand(command, HEAD.version);
  });

  Deno.bench(`encode a ${name} into a batch of its own, and decode that`, { group }, () => {
    decodeBatch(packBatches(HEAD, [encodeCommand(command, HEAD.version)])[0]!);
  });

  Deno.bench(`encode 100 into a batch`, { group }, () => {
    packBatches(HEAD, Array.from({ length: 100 }, () => encodeCommand(command, HEAD.version)));
  });

  Deno.bench(`decode a batch of 100`, { group }, () => {
    decodeBatch(hundred);
  });
}

{
  const group = "the longest input: 512 KiB";
  const lines = packBatches(
    HEAD,
    Array(2_000).fill(encodeCommand({ ...COMMANDS.say, text: "x".repeat(190) } as Command, HEAD.version)),
  )[0]!;
  const nested = new TextEncoder().encode("[".repeat(BATCH_MAX));
  const lists = new TextEncoder().encode(`[1,1,1,1,[${"[],".repeat(174_000)}[]]]`);
  const objects = new TextEncoder().encode(`[1,1,1,1,[${Array.from({ length: 40_000 }, (_, i) => `{"${i}":1}`)}]]`);

  for (
    const [what, bytes] of Object.entries({
      "2,000 lines": lines,
      "nested lists": nested,
      "empty lists": lists,
      objects,
    })
  ) {
    Deno.bench(`${what}, ${bytes.length} bytes`, { group }, () => {
      try {
        decodeBatch(bytes);
      } catch {
        // that is measured, too
      }
    });
  }
}
