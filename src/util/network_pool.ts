/**
 * Holds things that belong to networks, so that what there is room or time for can be shared out fairly among these.
 *
 * It is a tree: networks, the narrower ones within them, and the things of the narrowest, the oldest first. A client that
 * has 65,536 networks of 64 bits has one of 48, and is heavy or waits its turn as that. Each operation takes a step for
 * each level, however much the pool holds.
 */

/** A network that something belongs to. */
interface Node<T> {
  readonly name: string;
  readonly parent: Node<T> | undefined;
  /** The narrower networks in it, the one whose turn is next first; of the narrowest, none. */
  readonly children: Map<string, Node<T>>;
  /** What belongs to it, if it is one of the narrowest, the oldest first. */
  readonly items: Set<T>;
  /** Its children by how many things they have, and how many the heaviest of them has. */
  readonly byCount: Map<number, Set<Node<T>>>;
  heaviest: number;
  /** How many things are in it. */
  count: number;
}

/** See the head of this file. What bounds it is up to its user: `heaviest` says what should go. */
export class NetworkPool<T> {
  readonly #root: Node<T> = node("", undefined);
  readonly #nodes = new Map<string, Node<T>>(); // all but the root, by name
  readonly #places = new Map<T, Node<T>>();

  /** How many things it holds. */
  get size(): number {
    return this.#places.size;
  }

  /** How many of them belong to a network. */
  count(network: string): number {
    return this.#nodes.get(network)?.count ?? 0;
  }

  has(item: T): boolean {
    return this.#places.has(item);
  }

  /**
   * Adds something that it does not hold yet.
   *
   * @param networks What it belongs to, the narrowest first, at least one: as `networksOf` names them.
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
    this.#places.set(item, at);
    for (let up: Node<T> | undefined = at; up !== undefined; up = up.parent) recount(up, up.count + 1);
  }

  /** Removes something; returns whether it held it. */
  delete(item: T): boolean {
    const at = this.#places.get(item);
    if (at === undefined) return false;
    this.#places.delete(item);
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
   * The oldest thing of the network that has most, in the wider network that has most.
   *
   * @param within A network to which it belongs; any if it is not given.
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

  /**
   * Removes the newest thing of the network whose turn it is, and returns it. Networks of one width, in one wider network,
   * take turns. Looks at all things of that network.
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

/** Changes how many things a network has, by one, and has that known to the one around it. */
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
