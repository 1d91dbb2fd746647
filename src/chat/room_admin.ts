/** What owners and operators do to a room itself, as protocols see it: roles, bans of users, renaming and deleting. */
import type { Answer } from "./answer.ts";
import type { CommandOf, ModesResult, Op, Results } from "./commands.ts";
import type { Member } from "./member.ts";
import type { Room } from "./room.ts";
import { requireScope } from "./scope.ts";
import type { Steps } from "../util/steps.ts";

/** Changes of rooms by their owners and operators, who need not be in them if their account has the role. */
export interface RoomAdmin {
  /**
   * Bans a user from a room, and removes it: by its account if it is logged in, else by its host.
   *
   * @param name A nickname or a mask.
   * @throws {ChatError} `not-in-room`, `not-operator`, `not-owner`, `muted`, `mask-invalid` or `masks-full`
   */
  ban(member: Member, room: Room, name: string): Answer<ModesResult>;
  /**
   * Lifts the ban of a user, who may be gone, or of a mask.
   *
   * @throws {ChatError} `not-in-room` or `not-operator`
   */
  unban(member: Member, room: Room, name: string): Answer<ModesResult>;
  /**
   * Makes another account the owner of a room, and the owner an operator.
   *
   * @param name A nickname in use, or an account.
   * @returns The account.
   * @throws {ChatError} `not-owner`, `no-account` or `roles-full`
   */
  transfer(member: Member, room: Room, name: string): Answer<string>;
  /**
   * Lets an account always enter a room, or takes its role.
   *
   * @returns The account.
   * @throws {ChatError} `not-operator`, `not-owner`, `no-account`, `no-role`, `room-unowned` or `roles-full`
   */
  setMember(member: Member, room: Room, name: string, on: boolean): Answer<string>;
  /**
   * Has a server operator make an account an owner of a room.
   *
   * @returns The account.
   * @throws {ChatError} `not-server-operator`, `room-fixed`, `no-account` or `roles-full`
   */
  appoint(member: Member, room: Room, name: string): Answer<string>;
  /**
   * Renames a room, which keeps its members, settings, roles and history. Counts as a new room for the rate limit.
   *
   * @throws {ChatError} `not-owner`, `room-invalid`, `room-taken`, `room-crowded`, `rooms-too-fast`, `reason-too-long`,
   *   `text-too-long` or `history-unreadable`
   */
  rename(member: Member, room: Room, name: string, reason?: string): Answer<void>;
  /**
   * Deletes a room with its history, and removes all of its members.
   *
   * @throws {ChatError} `not-owner`, `room-crowded` or `history-unreadable`
   */
  destroy(member: Member, room: Room): Answer<void>;
  /** Removes all roles of an account that is about to be deleted. */
  forgetRoles(account: string): Steps<void>;
}

/** What the chat does for {@linkcode AuthoredRoomAdmin}. */
export interface AdminHost {
  readonly rooms: Iterable<Room>;
  /** Submits a command. @throws {ChatError} if it is rejected. */
  submit<O extends Op>(command: CommandOf<O>): Answer<Results[O]>;
  /** The key of a room. @throws {ChatError} `not-in-room` if the room does not exist any more. */
  keyOf(room: Room): string;
  /** Commits pending lines, so that they are renamed or deleted with their room. */
  commit(): void;
  /** Counts a new room. @throws {ChatError} `rooms-too-fast` */
  takeRoom(member: Member, name: string): void;
}

/** How many rooms one step of `forgetRoles` looks at. */
const STEP = 500;

/** Submits the commands. */
export class AuthoredRoomAdmin implements RoomAdmin {
  readonly #host: AdminHost;

  constructor(host: AdminHost) {
    this.#host = host;
  }

  ban(member: Member, room: Room, name: string): Answer<ModesResult> {
    return this.#host.submit({ op: "ban", ...this.#in(member, room), name });
  }

  unban(member: Member, room: Room, name: string): Answer<ModesResult> {
    return this.#host.submit({ op: "unban", ...this.#in(member, room), name });
  }

  transfer(member: Member, room: Room, name: string): Answer<string> {
    return this.#host.submit({ op: "transfer", ...this.#in(member, room), name });
  }

  setMember(member: Member, room: Room, name: string, on: boolean): Answer<string> {
    return this.#host.submit({ op: "role", ...this.#in(member, room), name, on });
  }

  appoint(member: Member, room: Room, name: string): Answer<string> {
    return this.#host.submit({ op: "appoint", ...this.#in(member, room), name });
  }

  rename(member: Member, room: Room, name: string, reason?: string): Answer<void> {
    const where = this.#in(member, room);
    if (room.roleOf(member) === "owner") this.#host.takeRoom(member, name); // else the hub rejects it
    return this.#host.submit({ op: "rename-room", ...where, name, reason });
  }

  destroy(member: Member, room: Room): Answer<void> {
    const where = this.#in(member, room);
    this.#host.commit();
    return this.#host.submit({ op: "destroy", ...where });
  }

  *forgetRoles(account: string): Steps<void> {
    let seen = 0;
    for (const room of [...this.#host.rooms]) {
      if (++seen % STEP === 0) yield;
      if (room.closed || room.roles.of(account) === undefined) continue;
      this.#host.submit({ op: "disown", room: room.key, account });
      this.#host.commit(); // before the account is free for another user
      yield;
    }
  }

  /** @throws {ChatError} as `requireScope`, and `not-in-room` */
  #in(member: Member, room: Room) {
    requireScope(member, room.key);
    return { member: member.id, room: this.#host.keyOf(room) };
  }
}
