/** What clients are shown of the nodes of a cluster, shared by the protocols. */
import type { Chat } from "../chat/chat.ts";
import type { NodeView } from "../chat/cluster_view.ts";
import type { Member } from "../chat/member.ts";
import { counted } from "../util/counted.ts";
import { formatDateTime } from "../util/datetime.ts";
import { type ModerationContext, requireOperator } from "./moderation.ts";

/** The part of a chat that knows the nodes. */
type Clustered = Pick<Chat, "cluster">;

/** The node that this process is; `undefined` without a cluster, and until it has joined. */
export function ownNode({ cluster }: Clustered): NodeView | undefined {
  return cluster?.nodes.find(({ isSelf }) => isSelf);
}

/** The node that a user is connected to: that of the first session, if there are several; `undefined` without one. */
export function nodeOf({ cluster }: Clustered, { sessions }: Pick<Member, "sessions">): NodeView | undefined {
  return sessions[0] && cluster?.nodeOf(sessions[0]);
}

/**
 * Lists the nodes for a server operator: a heading, and a line for each node.
 *
 * @throws {ChatError} `not-server-operator`
 */
export function listNodes(context: Pick<ModerationContext, "audit">, { cluster }: Clustered, by: Member): string[] {
  requireOperator(by);
  context.audit("nodes", by);
  if (cluster === undefined) return ["This server is not part of a cluster."];
  const { name, health, nodes } = cluster;
  const width = Math.max(0, ...nodes.map((node) => node.name.length));
  const trouble = health === "ok" ? "" : ` This node cannot take commands: ${health}.`;
  return [
    `The cluster ${name} has ${counted(nodes.length, "node")}.${trouble}`,
    ...nodes.map((node) => `${node.name.padEnd(width)}  ${describe(node)}`),
  ];
}

function describe({ number, version, sessions, since, isSelf }: NodeView): string {
  const facts = [
    `number ${number}`,
    `tincan ${version}`,
    counted(sessions, "connection"),
    `since ${formatDateTime(since, Date.now())}`,
  ];
  return facts.join(", ") + (isSelf ? " (this node)" : "");
}
