/**
 * Deleting messages: REDACT (IRCv3, "message-redaction", a draft).
 */
import { ChatError } from "../../chat/chat_error.ts";
import { readId } from "../../chat/ids.ts";
import { requireReason } from "../../chat/lengths.ts";
import { isNick, prepareName } from "../../chat/names.ts";
import { sanitize } from "../../util/sanitize.ts";
import type { MemberContext } from "./context.ts";
import { visibleRoom } from "./lookup.ts";
import { word } from "./numerics.ts";
import { changeLine, failLine } from "./replied_lines.ts";

/**
 * REDACT. It works without the capability, which only decides whether the client is sent REDACT. Reactions are taken back by
 * `+draft/unreact`: their ids are not stored.
 */
export async function redact(context: MemberContext, params: readonly string[]): Promise<void> {
  const { chat: { lines }, member, session } = context;
  const [target = "", reference = "", given = ""] = params;
  const place = target.startsWith("#") ? visibleRoom(context, target) : target;
  if (place === undefined || (typeof place === "string" && !isNick(prepareName(place)))) {
    return failTarget(context, target);
  }
  try {
    const reason = sanitize(given).trim() || undefined;
    if (reason !== undefined) requireReason(reason, typeof place === "string" ? undefined : place.name);
    const id = readId(reference);
    if (id === undefined) throw new ChatError("no-such-line", target);
    await changeLine(context, place, () => lines.redact(member, place, id, reason, session));
  } catch (error) {
    if (error instanceof ChatError && error.code === "not-in-room") return failTarget(context, target);
    failLine(context, error, "REDACT", target, reference);
  }
}

function failTarget(context: MemberContext, target: string) {
  context.fail("REDACT", "INVALID_TARGET", "You cannot delete messages there", word(target));
}
