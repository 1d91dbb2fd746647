/**
 * Disconnects the clients that a new ban matches, and removes such users without a connection.
 */
import type { AlwaysOnUsers } from "../chat/always_on_users.ts";
import type { Chat, Closing } from "../chat/chat.ts";
import type { Member, Session } from "../chat/member.ts";
import { type Ban, Bans } from "../moderation/bans.ts";
import type { BanResult } from "../protocol/moderation.ts";
import { TimeSlicer } from "../protocol/time_slicer.ts";
import type { Connection } from "../transport/connection.ts";
import type { Steps } from "../util/steps.ts";

/** How many clients are checked in one step. */
export const STEP = 16;

/** A client that may be banned. */
export interface Bannable {
  /** Set once the client has registered. */
  readonly session: Session | undefined;
}

/** What enforcing a ban changes of the chat. */
type BannableChat = Pick<Chat, "disconnect" | "remove"> & { readonly alwaysOn: Pick<AlwaysOnUsers, "absent"> };

/** The effect of a ban, as soon as it is known. */
export interface Enforced extends BanResult {
  /** Resolves when all the clients are disconnected. */
  readonly done: Promise<unknown>;
}

/**
 * Makes bans, and enforces them on the clients of this node. Each node does that with its own clients, as it alone knows their
 * addresses; users without a connection are removed by the node that made the ban.
 */
export class BanEnforcer {
  readonly #bans: Bans;
  readonly #clients: Iterable<readonly [Connection, Bannable]>;
  readonly #chat: BannableChat & Pick<Chat, "serverBans">;
  readonly #onError: (error: unknown) => void;
  readonly #slicer = new TimeSlicer();
  /** What the bans match that this node is making. */
  readonly #making = new Set<string>();

  /**
   * @param bans The bans of this node.
   * @param clients Those of this node.
   * @param onError Called when a ban that is not made here cannot be enforced.
   */
  constructor(
    bans: Bans,
    clients: Iterable<readonly [Connection, Bannable]>,
    chat: BannableChat & Pick<Chat, "serverBans">,
    onError: (error: unknown) => void,
  ) {
    this.#bans = bans;
    this.#clients = clients;
    this.#chat = chat;
    this.#onError = onError;
  }

  /** Adds a ban on all nodes, and enforces it on this one. Other nodes enforce it by themselves, at about the same time. */
  async make(by: Member, ban: Ban): Promise<BanResult> {
    this.#making.add(ban.what);
    try {
      await this.#chat.serverBans.add(ban);
    } finally {
      this.#making.delete(ban.what);
    }
    return this.#run(ban, by);
  }

  /** Has a ban enforced that was made, unless this node makes it. For `ChatObserver.serverBanned`. */
  enforce(ban: Ban): void {
    if (this.#making.has(ban.what)) return;
    queueMicrotask(() => void this.#run(ban).catch(this.#onError)); // not while a command is applied
  }

  /** Disconnects a client that was banned after its author has checked it. To be called when it has registered or another name. */
  check(session: Session): void {
    if (session.member.operator) return;
    const ban = this.#bans.findByOrigin(session.origin, session.member.account);
    if (ban !== undefined) disconnect(this.#chat, session, ban).catch(this.#onError);
  }

  async #run(ban: Ban, by?: Member): Promise<BanResult> {
    const work = () => enforceBan(ban, by, this.#clients, this.#chat);
    const enforced = await this.#slicer.run(work, { lane: "prompt" });
    const { done, ...result } = enforced!; // only work that is not wanted has no outcome
    await done;
    return result;
  }
}

/**
 * Disconnects all clients that a new ban matches, except server operators, who could otherwise ban themselves by mistake.
 * Earlier bans are not checked: they were enforced when they were made.
 *
 * @param by The server operator who made the ban; `undefined` if it was made on another node, which removes the users without a
 *   connection.
 * @returns How many clients were disconnected or removed, and whether the ban matches the operator who made it.
 */
export function* enforceBan(
  ban: Ban,
  by: Member | undefined,
  clients: Iterable<readonly [Connection, Bannable]>,
  chat: BannableChat,
): Steps<Enforced> {
  const bans = new Bans();
  bans.add(ban);
  const pending: Promise<void>[] = [];
  let [disconnected, includesCaller, checked] = [0, false, 0];
  const absent = by === undefined ? [] : [...chat.alwaysOn.absent];
  for (const member of absent) { // first: the others become absent before they are removed
    if (++checked % STEP === 0) yield;
    if (member.sessions.length > 0 || bans.findByOrigin(member.origin) === undefined) continue;
    disconnected++;
    pending.push(Promise.resolve(chat.remove(member, `Banned: ${ban.reason}`)));
  }
  for (const [connection, { session }] of clients) {
    if (++checked % STEP === 0) yield;
    const match = bans.findByAddress(connection.address) ??
      (session && bans.findByOrigin(session.origin, session.member.account));
    if (match === undefined) continue;
    if (session !== undefined && session.member === by) includesCaller = true;
    if (session?.member.operator || connection.closeReason !== undefined) continue;
    disconnected++;
    if (session === undefined) {
      connection.close("banned");
      continue;
    }
    const disconnecting = disconnect(chat, session, ban);
    disconnecting.catch(() => {}); // `done` rejects, but not before the last step
    pending.push(disconnecting);
  }
  return { disconnected, includesCaller, done: Promise.all(pending) };
}

/** Disconnects a session, and removes its user if that has no other session, also if it is always on. */
async function disconnect(chat: BannableChat, session: Session, { reason }: Ban): Promise<void> {
  const words = `Banned: ${reason}`;
  const close: Closing = { ending: "banned", words, notice: `You are banned from this server: ${reason}` };
  const { member } = session;
  await chat.disconnect(session, words, false, close);
  if (member.sessions.length === 0) await chat.remove(member, words);
}
