/**
 * Tells several members the same at once.
 */
import type { ChatEvent, WireFormat } from "./events.ts";
import type { Member } from "./member.ts";

/**
 * Tells each of some members what happened, after all that their rooms still hold back for them. It is rendered once for
 * each wire format, and the members of one format are handed the very same lines in a row, so that they are encoded once.
 */
export function tellEach(members: Iterable<Member>, event: ChatEvent): void {
  const byFormat = new Map<WireFormat, Member[]>();
  for (const member of members) {
    const others = byFormat.get(member.format);
    if (others === undefined) byFormat.set(member.format, [member]);
    else others.push(member);
  }
  for (const [format, some] of byFormat) {
    const rendered = format.render(event);
    if (rendered === undefined) continue;
    const lines = typeof rendered === "string" ? [rendered] : rendered;
    for (const member of some) member.send(lines);
  }
}

/** Those of some members for whom something holds. */
export function* only(members: Iterable<Member>, holds: (member: Member) => boolean): Generator<Member> {
  for (const member of members) if (holds(member)) yield member;
}
