/** The chat as what nodes replicate: applies commands of the log to the hub, and takes and restores its state. */
import { ChatError } from "../chat/chat_error.ts";
import type { Closing, Command } from "../chat/commands.ts";
import type { Hub } from "../chat/hub.ts";
import type { NodeHistory } from "../chat/node_history.ts";
import type { Session } from "../chat/member.ts";
import type { SnapshotSection } from "../chat/snapshot_records.ts";
import { StateDigest } from "../chat/state_digest.ts";
import { StoreError } from "../chat/store.ts";
import { runToEnd, type Steps } from "../util/steps.ts";
import type { Own } from "./log_sink.ts";
import type { Origin, Replica, ReplicaContext } from "./replica.ts";

/** How clients are disconnected whose node is gone, if it is this one. */
const NODE_LOST: Closing = {
  ending: "node lost",
  words: "This node was out of reach for too long: connect again",
  notice: "This node was out of reach of its cluster for too long. Connect again.",
};

/** What other members are told of a member whose node is gone. */
const LOST_REASON = "Node lost";

/** Applies the log to a hub. */
export class ChatReplica implements Replica<Own> {
  readonly #hub: Hub;
  readonly #history: NodeHistory;
  readonly #sections: readonly SnapshotSection[];
  readonly #digest = new StateDigest();

  /** @param sections What belongs to the state beside members and rooms. */
  constructor(hub: Hub, history: NodeHistory, sections: readonly SnapshotSection[]) {
    this.#hub = hub;
    this.#history = history;
    this.#sections = [...sections, this.#digest];
  }

  get digest(): number {
    return this.#digest.value;
  }

  apply(command: Command, { now, position, own }: ReplicaContext<Own>): unknown {
    this.#history.position = position;
    let result: unknown;
    const apply = () => result = this.#hub.apply(command, { now, endpoint: own?.endpoint });
    if (own === undefined) apply();
    else applyFor(own.sessions, apply);
    this.#digest.add(command, result, this.#hub);
    if (result instanceof ChatError) throw result;
    return result;
  }

  *removeNode(number: number, { now, position }: ReplicaContext<Own>): Steps<void> {
    this.#history.position = position;
    for (const session of this.#hub.sessionsOfNode(number)) {
      const command = { op: "disconnect", session, reason: LOST_REASON, own: false, close: NODE_LOST } as const;
      this.#digest.add(command, this.#hub.apply(command, { now }), this.#hub);
      yield;
    }
  }

  sessions(number: number): number {
    return this.#hub.countSessionsOf(number);
  }

  snapshot(use: Origin): Iterable<unknown> {
    if (use === "peer") this.#hub.storage.commit(true); // the read markers that wait
    return this.#hub.snapshot(this.#sectionsFor(use));
  }

  restore(records: Iterable<unknown>, position: number, origin: Origin): void {
    this.#history.position = position;
    this.#hub.restore(records, { sections: this.#sectionsFor(origin) });
    // Without slices of time, as this node has no clients yet.
    if (origin === "peer") runToEnd(this.#history.replaceState(this.#hub.nodeState(position)));
  }

  settle(position: number): void {
    this.#history.position = position + 1;
    const { storage } = this.#hub;
    if (!storage.commit(true)) throw storage.failure ?? new StoreError("another program keeps it locked");
  }

  found(position: number): void {
    this.#history.adoptPosition(position);
  }

  #sectionsFor(use: Origin): readonly SnapshotSection[] {
    return use === "peer" ? [...this.#sections, this.#history.markerSection] : this.#sections;
  }
}

/** Applies a command so that its events are those of its author's sessions. */
function applyFor(sessions: readonly Session[], apply: () => void): void {
  const [first, ...others] = sessions;
  if (first === undefined) return apply();
  const { handlers } = first;
  if (handlers.applying === undefined) applyFor(others, apply);
  else handlers.applying(() => applyFor(others, apply));
}
