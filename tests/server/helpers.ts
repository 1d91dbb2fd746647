/** Shared by tests of the server: a protocol without lines, limits that allow everything, and logs. */
import type { Session } from "../../src/chat/member.ts";
import type { Bans } from "../../src/moderation/bans.ts";
import { Log } from "../../src/monitoring/log.ts";
import { ConnectionLimits } from "../../src/server/connection_limits.ts";
import type { ProtocolHandler } from "../../src/server/protocol_handlers.ts";

/** A protocol that reads lines until the client leaves. `register` and `fail` act on the session served last. */
export interface TestHandler extends ProtocolHandler {
  register(session: Session): void;
  fail(error: Error): void;
}

/** Creates a handler for a listener of this name. */
export function createHandler(name: string): TestHandler {
  let onRegistered: (session: Session) => void = () => {};
  let fail: (error: Error) => void = () => {};
  return {
    name,
    serve: async (connection, callback) => {
      onRegistered = callback;
      const failure = new Promise<never>((_resolve, reject) => fail = reject);
      const read = async () => {
        for await (const _lines of connection.lines);
      };
      await Promise.race([read(), failure]);
    },
    rejection: (reason) => `rejected: ${reason}`,
    farewell: (reason) => [`farewell: ${reason}`],
    register: (session) => onRegistered(session),
    fail: (error) => fail(error),
  };
}

/** Connection limits without limits. */
export function createLimits(bans: Bans): ConnectionLimits {
  const none = { clients: Infinity, perNetwork: Infinity, perMinute: Infinity, unregistered: Infinity };
  return new ConnectionLimits("tincan", none, bans);
}

/** A log that writes nothing. */
export function quietLog(): Log {
  return new Log("error", "text", { write: (bytes) => Promise.resolve(bytes.length) });
}

/** A log, and the function that returns its lines without their times. */
export function recordingLog(): { log: Log; lines: () => Promise<string[]> } {
  let text = "";
  const log = new Log("debug", "text", {
    write: (bytes) => {
      text += new TextDecoder().decode(bytes);
      return Promise.resolve(bytes.length);
    },
  }, Infinity);
  const lines = async () => {
    await log.flushed();
    return text.trimEnd().split("\n").map((line) => line.slice(20));
  };
  return { log, lines };
}
