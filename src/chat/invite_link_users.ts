/** Invite links on the side of the author of commands: draws and hashes codes, and limits guesses. */
import { type Answer, then } from "./answer.ts";
import { joinBar } from "./access.ts";
import { ChatError } from "./chat_error.ts";
import type { CommandOf, Op, Results, RoomKey } from "./commands.ts";
import { mayRevoke } from "./invite_link_commands.ts";
import { type InviteLink, LINK_TIME, type LinkRegistry, requireUsable } from "./invite_links.ts";
import { drawCode, hashCode, readCode } from "./link_code.ts";
import type { Member } from "./member.ts";
import type { Room } from "./room.ts";
import { requireReadable, requireScope } from "./scope.ts";

/** A new link, and its code, which is stored nowhere. */
export interface NewLink {
  readonly link: InviteLink;
  readonly code: string;
}

/** The invite links, as protocols see them. */
export interface InviteLinks {
  /**
   * Makes a link to a room.
   *
   * @param time How long it is valid, in milliseconds; {@linkcode LINK_TIME} unless given.
   * @param uses How many users can use it; any number unless given.
   * @throws {ChatError} `not-in-room`, `not-operator`, `account-required`, `muted`, `link-time-invalid`, `link-uses-invalid`,
   *   `links-full` or `links-unstored`
   */
  add(member: Member, room: Room, time?: number, uses?: number): Answer<NewLink>;
  /** Revokes a link. @throws {ChatError} `no-such-link` or `links-unstored` */
  remove(member: Member, id: number): Answer<InviteLink>;
  /** The links that a member may revoke: its own, those of rooms that it is an operator of; all, for a server operator. */
  list(member: Member): InviteLink[];
  /**
   * Checks a code before its user is a member.
   *
   * @param host The user's host, as members see it: one that has used the link may do so again.
   * @returns What `use` takes.
   * @throws {ChatError} `link-unknown`, `link-expired` or `link-used-up`
   */
  check(code: string, host: string): string;
  /**
   * Has a member use a link: it may join the room from now on.
   *
   * @param hash What `check` has returned.
   * @returns The name of the room.
   * @throws {ChatError} `link-unknown`, `link-expired`, `link-used-up`, `banned` or `links-unstored`
   */
  use(member: Member, hash: string): Answer<string>;
}

/** What the chat does for {@linkcode AuthoredInviteLinks}. */
export interface LinkHost {
  readonly links: Pick<LinkRegistry, "all" | "find">;
  getRoom(key: RoomKey): Room | undefined;
  /** Submits a command. @throws {ChatError} if it is rejected. */
  submit<O extends Op>(command: CommandOf<O>): Answer<Results[O]>;
  /** The key of a room. @throws {ChatError} `not-in-room` if the room does not exist any more. */
  keyOf(room: Room): string;
  /** Counts a code that a member tries, if it is wrong. @throws {ChatError} `keys-too-fast` */
  takeCode(member: Member, isRight: boolean): void;
}

/** Submits the commands. */
export class AuthoredInviteLinks implements InviteLinks {
  readonly #host: LinkHost;

  constructor(host: LinkHost) {
    this.#host = host;
  }

  add(member: Member, room: Room, time = LINK_TIME, uses?: number): Answer<NewLink> {
    requireScope(member, room.key);
    const code = drawCode();
    const key = this.#host.keyOf(room);
    const added = this.#host.submit({
      op: "link-add",
      member: member.id,
      room: key,
      hash: hashCode(code),
      time,
      uses,
    });
    return then(added, (link) => ({ link, code }));
  }

  remove(member: Member, id: number): Answer<InviteLink> {
    requireScope(member);
    return this.#host.submit({ op: "link-remove", member: member.id, id });
  }

  list(member: Member): InviteLink[] {
    return this.#host.links.all.filter((link) => mayRevoke(link, this.#host.getRoom(link.room), member));
  }

  check(code: string, host: string): string {
    const hash = hashCode(code);
    const link = this.#host.links.find(hash);
    if (link === undefined) throw new ChatError("link-unknown", "");
    // Whether it was an account or this very guest turns out when the user is a member.
    const mayReturn = link.guests.some((guest) => guest.startsWith("~") || guest.endsWith(`@${host}`));
    requireUsable(link, link.room, Date.now(), mayReturn);
    return hash;
  }

  use(member: Member, hash: string): Answer<string> {
    return this.#host.submit({ op: "link-use", member: member.id, hash });
  }

  /**
   * The code in what a member wants to join with: in place of the room, if there is no such room, or in place of its key, if
   * the member needs one. Counts wrong codes.
   *
   * @returns The hash of the code; `undefined` if there is none.
   * @throws {ChatError} `link-unknown` or `keys-too-fast`, and `token-room` if the member's token does not permit the room
   */
  codeFor(member: Member, name: string, key: string | undefined): string | undefined {
    const room = this.#host.getRoom(name);
    const isName = room === undefined && !name.startsWith("#");
    const isNeeded = room !== undefined && key !== undefined && !room.has(member) && joinBar(room, member, key);
    const code = isName ? readCode(name) : isNeeded ? readCode(key) : undefined;
    if (code === undefined) return undefined;
    const hash = hashCode(code);
    const link = this.#host.links.find(hash);
    const isRight = link !== undefined && (isName || link.room === room!.key);
    this.#host.takeCode(member, isRight);
    if (!isRight) throw new ChatError("link-unknown", "");
    requireReadable(member, link.room);
    return hash;
  }
}
