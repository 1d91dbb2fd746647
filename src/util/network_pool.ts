/**
 * A collection of items that belong to client networks, for sharing space or time fairly among the networks.
 *
 * It is a tree of networks, wider ones containing narrower ones, with the items at the narrowest. A client with 65,536
 * networks of 64 bits has one network of 48 bits and is treated as that. Each operation takes one step per level,
 * independently of the number of items.
 */

/** A network in the tree. */
interface Node<T> {
  readonly name: string;
  readonly parent: Node<T> | undefined;
  /** The narrower networks in it, the next in round-robin order first; empty for the narrowest. */
  readonly children: Map<string, Node<T>>;
  /** Its items, if it is one of the narrowest, oldest first. */
  readonly items: Set<T>;
  /** Its children by their number of items, and the largest of these numbers. */
  readonly byCount: Map<number, Set<Node<T>>>;
  heaviest: number;
  /** Number of items in it and its children. */
  count: number;
}

/** A collection of items by network. It has no limit itself; `heaviest` tells which item to remove. */
export class NetworkPool<T> {
  readonly #root: Node<T> = node("", undefined);
  readonly #nodes = new Map<string, Node<T>>(); // by name, except the root
  readonly #nodeOf = new Map<T, Node<T>>();

  /** Number of items. */
  get size(): number {
    return this.#nodeOf.size;
  }

  /** Number of items in a network. */
  count(network: string): number {
    return this.#nodes.get(network)?.count ?? 0;
  }

  has(item: T): boolean {
    return this.#nodeOf.has(item);
  }

  /**
   * Adds an item that it does not contain yet.
   *
   * @param networks The networks of the item, narrowest first, at least one, as returned by `networksOf`.
   */
  add(networks: readonly string[], item: T): void {
    let at = this.#root;
    for (const name of networks.toReversed()) {
      let child = at.children.get(name);
      if (child === undefined) {
        child = node(name, at);
        at.children.set(name, child);
        this.#nodes.set(name, child);
      }
      at = child;
    }
    at.items.add(item);
    this.#nodeOf.set(item, at);
    for (let up: Node<T> | undefined = at; up !== undefined; up = up.parent) recount(up, up.count + 1);
  }

  /** Removes an item; returns whether it was contained. */
  delete(item: T): boolean {
    const at = this.#nodeOf.get(item);
    if (at === undefined) return false;
    this.#nodeOf.delete(item);
    at.items.delete(item);
    for (let up: Node<T> | undefined = at; up !== undefined; up = up.parent) {
      recount(up, up.count - 1);
      if (up.count > 0 || up.parent === undefined) continue;
      up.parent.children.delete(up.name);
      this.#nodes.delete(up.name);
    }
    return true;
  }

  /**
   * Returns the oldest item of the narrowest network with the most items within the wider network with the most items.
   *
   * @param within The network to search. Without it, all networks are searched.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { NetworkPool } from "./network_pool.ts";
   *
   * const pool = new NetworkPool<string>();
   * pool.add(["192.0.2.1"], "old");
   * pool.add(["192.0.2.2"], "first of two");
   * pool.add(["192.0.2.2"], "second of two");
   * assertEquals(pool.heaviest(), "first of two");
   * assertEquals(pool.heaviest("192.0.2.1"), "old");
   * ```
   */
  heaviest(within?: string): T | undefined {
    let at = within === undefined ? this.#root : this.#nodes.get(within);
    while (at !== undefined && at.heaviest > 0) [at] = at.byCount.get(at.heaviest)!;
    return at?.items.values().next().value;
  }

  /** The networks of an item, narrowest first, as it was added with them. Throws if it is not contained. */
  networksOfItem(item: T): string[] {
    const networks: string[] = [];
    for (let at = this.#nodeOf.get(item)!; at.parent !== undefined; at = at.parent) networks.push(at.name);
    return networks;
  }

  /**
   * Networks that have as many items as another one in the same wider network, in the order in which `heaviest` prefers them.
   * That order depends on all items that there have ever been: `rank` gives it to a pool with the same items.
   *
   * @returns Each network with the wider ones that contain it, narrowest first.
   */
  *ranking(): Iterable<string[]> {
    yield* rankingIn(this.#root, []);
  }

  /** Has `heaviest` prefer a network after the others with as many items: to be called for all of `ranking`, in order. */
  rank(networks: readonly string[]): void {
    let at: Node<T> | undefined = this.#root;
    for (const name of networks.toReversed()) at = at?.children.get(name);
    const peers = at?.parent?.byCount.get(at.count);
    if (at === undefined || !peers?.delete(at)) return;
    peers.add(at);
  }

  /**
   * Removes and returns the newest item of the next network, in round-robin order at each level. Takes time proportional
   * to the number of items of that network.
   */
  next(): T | undefined {
    let at = this.#root;
    while (at.children.size > 0) {
      const child: Node<T> = at.children.values().next().value!;
      at.children.delete(child.name);
      at.children.set(child.name, child);
      at = child;
    }
    const item = [...at.items].at(-1);
    if (item !== undefined) this.delete(item);
    return item;
  }
}

function node<T>(name: string, parent: Node<T> | undefined): Node<T> {
  return { name, parent, children: new Map(), items: new Set(), byCount: new Map(), heaviest: 0, count: 0 };
}

function* rankingIn<T>({ byCount }: Node<T>, path: readonly string[]): Iterable<string[]> {
  for (const count of [...byCount.keys()].sort((a, b) => a - b)) {
    const peers = byCount.get(count)!;
    if (peers.size > 1) { for (const { name } of peers) yield [name, ...path]; }
    for (const child of peers) yield* rankingIn(child, [child.name, ...path]);
  }
}

/** Changes the number of items of a network by one, and updates its parent. */
function recount<T>(child: Node<T>, count: number) {
  const { parent } = child;
  const before = child.count;
  child.count = count;
  if (parent === undefined) return;
  const { byCount } = parent;
  const peers = byCount.get(before);
  peers?.delete(child);
  if (peers?.size === 0) byCount.delete(before);
  if (count > 0) {
    const now = byCount.get(count);
    if (now === undefined) byCount.set(count, new Set([child]));
    else now.add(child);
  }
  if (count > parent.heaviest || !byCount.has(parent.heaviest)) parent.heaviest = count;
}
