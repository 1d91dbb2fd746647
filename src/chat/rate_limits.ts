/** Limits how often members change nicknames, create rooms and try keys. Known to one node, not part of the state. */
import { NetworkLimiter } from "../util/network_limiter.ts";
import { TokenBucket } from "../util/token_bucket.ts";
import { checksKey, mayForceEntry } from "./access.ts";
import { ChatError, type ChatErrorCode } from "./chat_error.ts";
import type { Member } from "./member.ts";
import type { Room } from "./room.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How many wrong keys of a room one network may try in a minute … */
export const WRONG_KEYS_MAX = 10;

/** … how many at once, and how many of these may come from members that have tried a wrong one before. */
export const WRONG_KEYS_AT_ONCE = 60;
export const WRONG_KEYS_AGAIN = 10;

/** How many times that limit the networks around it have together, the narrowest first. */
export const WRONG_KEYS_SHARES: readonly number[] = [1, 1, 2, 8];

/** How many times the limit of one network for new rooms the networks around it have together, the narrowest first. */
export const ROOMS_MADE_SHARES: readonly number[] = [1, 2, 4, 16];

/** How many times the limit of one member for nickname changes the members of one network have together. */
export const RENAMES_SHARE = 10;

/** Counts by the monotonic clock. */
export class RateLimits {
  readonly #renames: number;
  readonly #renamesOf = new WeakMap<Member, TokenBucket>();
  readonly #renamesFrom: NetworkLimiter;
  readonly #rooms: NetworkLimiter;
  readonly #wrongKeys = new NetworkLimiter({ // by network and room
    limit: WRONG_KEYS_MAX,
    time: MINUTE,
    burst: WRONG_KEYS_AT_ONCE,
    shares: WRONG_KEYS_SHARES,
  });
  readonly #guessers = new WeakSet<Member>(); // members that have tried a wrong key

  readonly #onExceeded: (member: Member, code: ChatErrorCode) => void;

  /**
   * @param renames How often a member may change its nickname in a minute, or Infinity.
   * @param rooms How many rooms a network may create in an hour, or Infinity.
   * @param onExceeded Called when a member has exceeded a limit.
   */
  constructor(renames: number, rooms: number, onExceeded: (member: Member, code: ChatErrorCode) => void) {
    this.#renames = renames;
    this.#renamesFrom = new NetworkLimiter({ limit: RENAMES_SHARE * renames, time: MINUTE });
    this.#rooms = new NetworkLimiter({ limit: rooms, time: HOUR, shares: ROOMS_MADE_SHARES });
    this.#onExceeded = onExceeded;
  }

  /** Counts a change of nickname, of which other members are told. @throws {ChatError} `nicks-too-fast` */
  takeRename(member: Member, nick: string): void {
    if (this.#renames === Infinity) return;
    const now = performance.now();
    let bucket = this.#renamesOf.get(member);
    if (bucket === undefined) {
      bucket = new TokenBucket(this.#renames * 1000 / MINUTE, this.#renames, now);
      this.#renamesOf.set(member, bucket);
    }
    if (bucket.wait(now) > 0 || !this.#renamesFrom.take(member.networks, now)) {
      throw this.#exceeded(member, "nicks-too-fast", nick);
    }
    bucket.take();
  }

  /** Counts a room that a member creates. @throws {ChatError} `rooms-too-fast` */
  takeRoom(member: Member, name: string): void {
    if (!this.#rooms.take(member.networks, performance.now())) throw this.#exceeded(member, "rooms-too-fast", name);
  }

  /**
   * Counts a key that a member tries to join a room with, if it is wrong. Beyond the limit no key is checked, so that a client
   * cannot go on guessing.
   *
   * @throws {ChatError} `keys-too-fast`
   */
  takeKey(member: Member, room: Room, key: string): void {
    if (!checksKey(room, member) || this.#takeGuess(member, room.key, key === room.password)) return;
    if (!mayForceEntry(room, member)) throw this.#exceeded(member, "keys-too-fast", room.name);
  }

  /** Counts the code of an invite link that a member tries, if it is wrong. @throws {ChatError} `keys-too-fast` */
  takeCode(member: Member, isRight: boolean): void {
    if (!this.#takeGuess(member, "an invite link", isRight)) throw this.#exceeded(member, "keys-too-fast", "");
  }

  /**
   * Counts a guess if it is wrong. Most of a network's limit is reserved for members that have not been wrong before, so that a
   * guesser does not lock out others of its network.
   *
   * @returns Whether it is allowed.
   */
  #takeGuess(member: Member, what: string, isRight: boolean): boolean {
    const networks = member.networks.map((name) => `${name} ${what}`);
    const reserve = this.#guessers.has(member) ? 1 - WRONG_KEYS_AGAIN / WRONG_KEYS_AT_ONCE : 0;
    if (!this.#wrongKeys.take(networks, performance.now(), 1, reserve)) return false;
    if (isRight) this.#wrongKeys.refund(networks);
    else this.#guessers.add(member);
    return true;
  }

  #exceeded(member: Member, code: ChatErrorCode, subject: string): ChatError {
    this.#onExceeded(member, code);
    return new ChatError(code, subject);
  }
}
