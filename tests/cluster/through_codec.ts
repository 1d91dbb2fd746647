/**
 * Lets every command that a test gives the hub go through its encoding first, as it does on the nodes of a cluster:
 * `deno test --preload tests/cluster/through_codec.ts tests/chat`.
 */
import type { Command } from "../../src/chat/commands.ts";
import { Hub } from "../../src/chat/hub.ts";
import { decodeBatch, encodeCommand, packBatches } from "../../src/cluster/batches.ts";
import { CODEC_VERSION } from "../../src/cluster/command_codec.ts";

const HEAD = { version: CODEC_VERSION, incarnation: 1, number: 1, time: 1 };

const apply = Hub.prototype.apply;
Hub.prototype.apply = function (command, context) {
  const [bytes] = packBatches(HEAD, [encodeCommand(command, CODEC_VERSION)]);
  return apply.call(this, decodeBatch(bytes!).commands[0] as Command, context) as ReturnType<
    typeof apply<typeof command.op>
  >;
};
