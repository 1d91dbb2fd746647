/**
 * The worker that speaks with NATS, as its main thread has no permission to. `log.ts` starts it, and exchanges the
 * messages of `log_messages.ts` with it.
 *
 * Errors are reported: an error that is not handled would end the worker, and no other could be started.
 */
import { LogError } from "./log_error.ts";
import { type OpenOrder, type Order, readOrder, type Report } from "./log_messages.ts";
import { Appender } from "./nats_appender.ts";
import { NatsClient } from "./nats_client.ts";
import { Follower } from "./nats_follower.ts";
import { Peers } from "./nats_peers.ts";
import { namesOf, openStream, readState } from "./nats_stream.ts";

/** The part of a worker's global scope that is used here; the types of a page would be others. */
const scope = self as unknown as {
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
  addEventListener(type: "error", listener: (event: ErrorEvent) => void): void;
  addEventListener(type: "unhandledrejection", listener: (event: PromiseRejectionEvent) => void): void;
  postMessage(message: Report, transfer?: Transferable[]): void;
};

/** Reports to the main thread; bytes are moved, not copied. */
function report(message: Report): void {
  scope.postMessage(message, "bytes" in message ? [message.bytes.buffer] : []);
}

function trouble(message: string): void {
  report({ type: "trouble", message });
}

/** Carries out orders once the log is open. */
type Work = (order: Exclude<Order, OpenOrder>) => void | Promise<void>;

/** Connects, opens the stream, and returns what carries out orders. */
async function open(order: OpenOrder): Promise<Work> {
  const names = namesOf(order.cluster);
  let follower: Follower | undefined; // the connection may be lost and made again before they are there
  let appender: Appender | undefined;
  const client = await NatsClient.open(order, {
    connected() {
      report({ type: "connection", connected: true, reason: "" });
      appender?.wake();
      void follower?.reconnected();
    },
    disconnected(reason) {
      report({ type: "connection", connected: false, reason });
      follower?.disconnected();
    },
    trouble,
  });
  const state = await openStream(client, order);
  const following = follower = new Follower(client, names, state.created, {
    batch(sequence, bytes, sender) {
      report({ type: "batch", sequence, bytes, own: appender?.complete(sender) ?? 0 });
    },
    lost: (kind, message) => report({ type: "failed", kind, message }),
    filled: (count) => report({ type: "filled", count }),
  });
  const appending = appender = new Appender(client, names, following, {
    resent: () => report({ type: "resent" }),
    trouble,
  });
  const peers = new Peers(client, names, {
    chunk: (id, bytes) => report({ type: "chunk", id, bytes }),
    done: (id, reason) => report({ type: "done", id, reason }),
    asked: (id, topic, bytes) => report({ type: "asked", id, topic, bytes }),
    more: (id) => report({ type: "more", id }),
    leave: (id) => report({ type: "leave", id }),
  });
  const unreadable = (error: unknown) => {
    if (error instanceof LogError) return error;
    return new LogError("stream", `Cannot read the stream ${names.stream}: ${client.reasonOf(error)}`);
  };
  report({ type: "opened", ...state });
  return async (each) => {
    switch (each.type) {
      case "start":
        try {
          await following.start(each.from);
          return report({ type: "started" });
        } catch (error) {
          throw unreadable(error);
        }
      case "handled":
        return following.handled(each.sequence);
      case "append": {
        const result = await appending.append(each.id, each.bytes, each.conditional ? each.last : undefined);
        return result === "refused" ? report({ type: "refused", id: each.id }) : undefined;
      }
      case "range": {
        try {
          const { first, last } = await readState(client, names.stream);
          return report({ type: "range", id: each.id, first, last });
        } catch (error) {
          throw unreadable(error);
        }
      }
      case "ask":
        return peers.ask(each.id, each.topic, each.bytes);
      case "more":
        return peers.more(each.id);
      case "leave":
        return peers.leave(each.id);
      case "serve":
        return peers.serve(each.topic, each.on);
      case "chunk":
        return await peers.chunk(each.id, each.bytes);
      case "done":
        return peers.done(each.id, each.reason);
    }
  };
}

let work: Work | undefined;

async function obey(data: unknown): Promise<void> {
  const order = readOrder(data);
  try {
    if (order.type === "open") work = await open(order);
    else if (work === undefined) throw new LogError("worker", "Cannot use the log: it is not open");
    else await work(order);
  } catch (error) {
    const kind = error instanceof LogError ? error.kind : "worker";
    const message = error instanceof Error ? error.message : String(error);
    if (order.type === "open" || order.type === "start") report({ type: "failed", kind, message });
    else if ("id" in order) report({ type: "rejected", id: order.id, message });
    else trouble(message);
  }
}

scope.addEventListener("message", (event) => {
  obey(event.data).catch((error) => trouble(`Cannot carry out an order: ${error.message}`));
});
scope.addEventListener("error", (event) => {
  event.preventDefault();
  trouble(`Unexpected error in the worker: ${event.message}`);
});
scope.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  const { reason } = event;
  trouble(`Unexpected error in the worker: ${reason instanceof Error ? reason.message : String(reason)}`);
});
