/** This process as a node of a cluster: how its chat is created, how it joins, and how it leaves. */
import type { Accounts } from "../accounts/accounts.ts";
import type { ChatOptions } from "../chat/chat_options.ts";
import type { CheckpointStore } from "../chat/checkpoint_store.ts";
import type { NodeHistory } from "../chat/node_history.ts";
import type { SnapshotSection } from "../chat/snapshot_records.ts";
import { secretSection } from "../chat/secret_section.ts";
import type { Setting } from "../cluster/cluster_commands.ts";
import { ClusterChat } from "../cluster/cluster_chat.ts";
import { type AskPeer, type Fetched, FileFetcher, fileTopic, serveFiles } from "../cluster/file_sync.ts";
import { fetchHistory, HISTORY_TOPIC, serveHistory } from "../cluster/history_sync.ts";
import { positionOf } from "../cluster/replica.ts";
import type { ClusterOptions } from "../cli/cluster_options.ts";
import type { Options } from "../cli/options.ts";
import type { FileStore } from "../files/file_store.ts";
import type { Log } from "../monitoring/log.ts";
import { withClusterErrors } from "./cluster_error.ts";
import { ClusterLog } from "./cluster_log.ts";
import { type ClusterFiles, openLog } from "./open_log.ts";

/** What a node is given beside its options. */
export interface ClusterResources {
  /** The contents of the files that the options of the cluster name. */
  readonly cluster?: ClusterFiles | undefined;
  /** What the node stores. Without `checkpoints`, it keeps nothing in a file. */
  readonly node?: { readonly history: NodeHistory; readonly checkpoints?: CheckpointStore } | undefined;
  /** Part of the state that all nodes share. */
  readonly accounts?: Accounts | undefined;
  /** The store of uploaded files, if they are kept. */
  readonly files?: { readonly store: FileStore } | undefined;
  readonly version: string;
}

/**
 * How long to wait before peers are asked again for lines, in milliseconds: at first, and at most. It doubles with each failure,
 * as a peer may only have to apply a batch that this node has applied already.
 */
const CATCH_UP_PAUSES = { first: 100, most: 5000 };

/** A node. */
export class ServerCluster {
  readonly chat: ClusterChat;
  /** Resolves to a sentence when the node cannot go on. Then the process has to end. */
  readonly failed: Promise<string>;
  readonly #log: ClusterLog;
  readonly #history: NodeHistory;
  readonly #files: FileStore | undefined;
  readonly #fetcher: FileFetcher | undefined;

  constructor(
    options: Options & { readonly cluster: ClusterOptions },
    { cluster: files = { creds: "", ca: "" }, accounts, node, files: uploads, version }: ClusterResources,
    chat: ChatOptions,
    sections: readonly SnapshotSection[],
    log: Log,
  ) {
    const { history, checkpoints } = node!; // main opens it if there is a cluster
    this.#history = history;
    const failed = Promise.withResolvers<string>();
    this.failed = failed.promise;
    const { cluster } = options;
    this.chat = new ClusterChat({
      chat: {
        ...chat,
        observer: {
          ...chat.observer,
          storeLost: ({ message }) =>
            this.chat.cluster.fail(`Cannot stay in the cluster: the history cannot be written: ${message}.`),
        },
      },
      history,
      sections: [
        secretSection(history),
        ...accounts === undefined ? [] : [accounts.directory.snapshot],
        ...sections,
      ],
      node: {
        cluster: cluster.name,
        name: cluster.node ?? "",
        version,
        settings: sharedSettings(options),
        hasOtherChat: hasOtherChat(history, accounts),
        checkpoints,
        open: (handlers) => openLog(cluster, files, handlers),
        events: {
          joined: () => this.#log.check(),
          expelled: () => this.#log.expelled(),
          warn: (message) => this.#log.warn(message),
          fatal: (sentence) => {
            this.#log.fatal(sentence);
            failed.resolve(sentence);
          },
        },
      },
    });
    this.#log = new ClusterLog(this.chat.cluster, log);
    this.#files = uploads?.store;
    const { cluster: self } = this.chat;
    const topics = () => self.nodes.filter(({ isSelf }) => !isSelf).map(({ number }) => fileTopic(number));
    const ask: AskPeer = (topic, question) => self.ask(topic, question);
    this.#fetcher = this.#files && new FileFetcher(this.#files, ask, topics);
  }

  /**
   * Joins the cluster: the state is that of all nodes then.
   *
   * @throws {ClusterError} if that is not possible.
   */
  async join(): Promise<void> {
    try {
      await withClusterErrors(() => this.chat.cluster.join());
    } catch (error) {
      this.#log.stop();
      throw error;
    }
    const self = this.chat.cluster.nodes.find(({ isSelf }) => isSelf);
    if (this.#files !== undefined && self !== undefined) {
      this.chat.cluster.serve(fileTopic(self.number), serveFiles(this.#files));
    }
    void this.#catchUp();
  }

  /** Gets an uploaded file of another node into the store of this one. */
  async fetchFile(id: string): Promise<Fetched> {
    return await this.#fetcher?.fetch(id) ?? "missing";
  }

  /** Leaves the cluster. The clients have been disconnected before. */
  async leave(): Promise<void> {
    this.#log.stop();
    await this.chat.cluster.stop();
  }

  /** Gets the lines that this node lacks from peers, while its clients use it, and then answers peers that lack some. */
  async #catchUp(): Promise<void> {
    const { archive } = this.#history;
    const node = this.chat.cluster;
    let isTold = false;
    for (let pause = CATCH_UP_PAUSES.first; archive.catchUp !== undefined && !node.hasEnded; pause *= 2) {
      try {
        await fetchHistory((topic, question) => node.ask(topic, question), this.#history);
      } catch (error) {
        if (node.hasEnded) return;
        const isLong = pause >= CATCH_UP_PAUSES.most;
        // Whatever it is, another peer may answer: this node can serve its clients meanwhile.
        if (isLong && !isTold) this.#log.warn(`Lines are missing, and cannot be had now: ${(error as Error).message}`);
        isTold ||= isLong;
        await new Promise((resolve) => setTimeout(resolve, Math.min(pause, CATCH_UP_PAUSES.most)));
      }
    }
    if (node.hasEnded) return;
    const applied = () => positionOf(node.figures.sequence - 1); // the last batch may be half applied
    node.serve(HISTORY_TOPIC, serveHistory(this.#history, applied, () => this.chat.flush()));
  }
}

/** Whether there is something in the file, but not of a cluster. */
function hasOtherChat(history: NodeHistory, accounts: Accounts | undefined): boolean {
  if (history.storedPosition > 0 || history.archive.catchUp !== undefined) return false; // or it has begun to join one
  return history.rooms().length > 0 || (accounts?.directory.size ?? 0) > 0;
}

/** The settings that decide about the state, by flag. They must be the same on all nodes. */
export function sharedSettings(options: Options): Setting[] {
  const { name, data, keepPrivate, alwaysOn, maxRooms, maxJoined, maxSessions, maxAccounts } = options;
  return [
    ["--name", name],
    ["--data", data === undefined ? "off" : "on"],
    ["--keep-private", keepPrivate],
    ["--always-on", alwaysOn],
    ["--max-rooms", String(maxRooms)],
    ["--max-joined", String(maxJoined)],
    ["--max-sessions", String(maxSessions)],
    ["--max-accounts", String(maxAccounts)],
  ];
}
