/**
 * Which nodes take part in the cluster: a part of the replicated state, changed by `hello` and `gone` alone.
 *
 * It is the same on all nodes after the same batches, and no clock or random number decides in it.
 */
import type { Setting } from "./cluster_commands.ts";
import { NODES_MAX } from "./cluster_limits.ts";

/** A node that takes part. */
export interface LivingNode {
  /** The sequence of its hello. */
  readonly incarnation: number;
  /** Its place in the order in which nodes have ever joined; 1 for the first one. */
  readonly number: number;
  readonly name: string;
  /** Tells its hello from others. */
  readonly nonce: string;
  /** When it joined, in milliseconds since 1970. */
  readonly since: number;
  /** The version of tincan that it runs. */
  readonly version: string;
  /** The newest version of the encoding that it knows. */
  readonly codec: number;
  /** The number of its last batch; 0 before the first one. */
  readonly last: number;
  /** The sequence of its last batch. */
  readonly heard: number;
}

/** What a hello says, without its settings. */
export interface Hello {
  readonly nonce: string;
  readonly name: string;
  readonly version: string;
  readonly codec: number;
  readonly settings: readonly Setting[];
}

/** Why a hello was rejected. `name`: only as long as another node has the name. */
export interface Rejection {
  readonly code: "settings" | "name" | "codec" | "full";
  /** For the operator. */
  readonly sentence: string;
}

/** A membership in a snapshot. */
export interface MembershipJson {
  readonly nodes: readonly LivingNode[];
  readonly nextNumber: number;
  readonly settings: readonly Setting[];
  readonly version: number;
}

/** The nodes that take part. */
export class Membership {
  readonly #nodes = new Map<number, { -readonly [K in keyof LivingNode]: LivingNode[K] }>(); // in the order of their hellos
  #nextNumber = 1;
  #settings: readonly Setting[] = [];
  #version = 1;

  /** The nodes, in the order of their numbers. */
  get nodes(): LivingNode[] {
    return [...this.#nodes.values()];
  }

  /** The node that gives the commands that are needed once in the whole cluster: the one with the lowest number. */
  get onDuty(): LivingNode | undefined {
    return this.#nodes.values().next().value;
  }

  /** The version of the encoding that all nodes know. It does not become lower while a node lives. */
  get version(): number {
    return this.#version;
  }

  node(incarnation: number): LivingNode | undefined {
    return this.#nodes.get(incarnation);
  }

  /** Takes a batch of a node. Returns `undefined` if it must be ignored: the node does not live, or it is not the next one. */
  batch(incarnation: number, number: number, sequence: number): LivingNode | undefined {
    const node = this.#nodes.get(incarnation);
    if (node === undefined || number !== node.last + 1) return undefined;
    node.last = number;
    node.heard = sequence;
    return node;
  }

  /**
   * A node joins. Returns `undefined` if the hello was stored twice.
   *
   * @param now The time of the log, in milliseconds since 1970.
   */
  hello(hello: Hello, sequence: number, now: number): LivingNode | Rejection | undefined {
    if (this.nodes.some(({ nonce }) => nonce === hello.nonce)) return undefined;
    const rejection = this.#reject(hello);
    if (rejection !== undefined) return rejection;
    if (this.#nodes.size === 0) {
      this.#settings = hello.settings;
      this.#version = hello.codec;
    }
    const { nonce, version, codec } = hello;
    const number = this.#nextNumber++;
    const name = hello.name === "" ? this.#freeName(`node${number}`) : hello.name;
    const node = { incarnation: sequence, number, name, nonce, since: now, version, codec, last: 0, heard: sequence };
    this.#nodes.set(sequence, node);
    return node;
  }

  /**
   * A node is declared gone, or leaves. Returns it, or `undefined` if it is gone already, or was heard meanwhile.
   *
   * @param last The number of its last batch that the author knew.
   * @param author The incarnation of the author.
   */
  gone(incarnation: number, last: number, author: number): LivingNode | undefined {
    const node = this.#nodes.get(incarnation);
    if (node === undefined || (node.last > last && incarnation !== author)) return undefined;
    this.#nodes.delete(incarnation);
    const codecs = this.nodes.map(({ codec }) => codec);
    if (codecs.length > 0) this.#version = Math.max(this.#version, Math.min(...codecs));
    return node;
  }

  /** The membership of a cluster that has no nodes yet. */
  clear(): void {
    this.#nodes.clear();
    this.#nextNumber = 1;
    this.#settings = [];
    this.#version = 1;
  }

  toJson(): MembershipJson {
    const nodes = this.nodes.map((node) => ({ ...node }));
    return { nodes, nextNumber: this.#nextNumber, settings: this.#settings, version: this.#version };
  }

  /** Replaces everything by a membership of a snapshot. */
  fromJson({ nodes, nextNumber, settings, version }: MembershipJson): void {
    this.#nodes.clear();
    for (const node of nodes) this.#nodes.set(node.incarnation, { ...node });
    this.#nextNumber = nextNumber;
    this.#settings = settings;
    this.#version = version;
  }

  #reject({ name, codec, settings }: Hello): Rejection | undefined {
    if (this.#nodes.size === 0) return undefined;
    if (this.#nodes.size >= NODES_MAX) {
      return { code: "full", sentence: `Cannot join the cluster: it has ${NODES_MAX} nodes, which is the limit.` };
    }
    if (codec < this.#version) {
      return { code: "codec", sentence: "Cannot join the cluster: its nodes run a newer tincan. Update this one." };
    }
    const difference = firstDifference(settings, this.#settings);
    if (difference !== undefined) {
      return { code: "settings", sentence: `Cannot join the cluster: ${difference}. Use the same on all nodes.` };
    }
    if (name !== "" && this.nodes.some((node) => node.name === name)) {
      return {
        code: "name",
        sentence: `Cannot join the cluster: another node is named "${name}". Choose another name with --node.`,
      };
    }
    return undefined;
  }

  /** A name that no node has. */
  #freeName(name: string): string {
    return this.nodes.some((node) => node.name === name) ? this.#freeName(`${name}_`) : name;
  }
}

/** Says how settings differ from those of the living nodes; `undefined` if they do not. */
function firstDifference(own: readonly Setting[], others: readonly Setting[]): string | undefined {
  const values = new Map(own);
  for (const [name, value] of others) {
    const mine = values.get(name);
    if (mine === undefined) return `the other nodes have the setting ${name}, and this one does not know it`;
    if (mine !== value) return `${name} is "${mine}" here, and "${value}" on the other nodes`;
    values.delete(name);
  }
  const [more] = values.keys();
  return more === undefined ? undefined : `this node has the setting ${more}, and the other nodes do not know it`;
}
