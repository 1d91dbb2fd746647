/** Sends an event to several members at once. */
import type { ChatEvent, WireFormat } from "./events.ts";
import type { Member } from "./member.ts";

/**
 * Sends an event to each of some members, after the lines that their rooms have queued for them. It is rendered once per
 * wire format, and the members of a format are given the same array in a row, so that it is encoded once.
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
