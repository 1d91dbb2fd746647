/** Lines as JSON and as server-sent events. */
import type { Actor, ChatEvent, Said, WireFormat } from "../../chat/events.ts";
import { writeId } from "../../chat/ids.ts";
import { deletedLine } from "../text/render.ts";

/** A line as clients get it; `undefined` fields are left out. */
export function lineJson(line: Said): Record<string, unknown> {
  const { id, time, room, text, style, reply, reactions, deletedBy, bot } = line;
  return {
    id: writeId(id),
    time: new Date(time).toISOString(),
    room,
    ...authorJson(line),
    bot: bot || undefined,
    style: style === "say" ? undefined : style,
    text,
    reply_to: reply && { id: writeId(reply.id), from: reply.who || undefined, text: reply.text || undefined },
    reactions: reactions?.map((reaction) => ({ from: reaction.who, text: reaction.text })),
    deleted_by: deletedBy,
  };
}

/** Tells a stream that the access to its room may have changed. It is not sent. */
export const RECHECK = "\0recheck";

/** Server-sent events: a line is an event without a name, with its id; changes of lines and of the room are events with a name. */
export const EVENT_FORMAT: WireFormat = {
  render(event: ChatEvent): readonly string[] | undefined {
    switch (event.kind) {
      case "said":
        if (isForPrograms(event)) return undefined;
        return [`id: ${writeId(event.id)}`, `data: ${JSON.stringify(lineJson(event))}`, ""];
      case "reacted": {
        const { line, text, on, id } = event;
        return named("reacted", { line: writeId(line.id), ...authorJson(event), text, on }, id);
      }
      case "redacted": {
        const { line, reason, id } = event;
        return named("redacted", { line: writeId(line.id), ...authorJson(event), reason }, id);
      }
      case "topic":
        return named("topic", { ...authorJson(event), topic: event.topic });
      case "room-renamed":
        return [...named("renamed", { ...authorJson(event), room: event.room, was: event.from }), RECHECK];
      case "kicked":
      case "modes":
        return [RECHECK];
      default:
        return undefined;
    }
  },
};

/** Lines of text for people, as nc shows them, without events that only members need, such as joins. */
export function plainFormat(text: WireFormat): WireFormat {
  return {
    render(event: ChatEvent): string | readonly string[] | undefined {
      switch (event.kind) {
        case "said":
          return deletedLine(event) ?? text.render(event);
        case "reacted":
        case "redacted":
        case "topic":
          return text.render(event);
        case "room-renamed":
          return [...[text.render(event) ?? []].flat(), RECHECK];
        case "kicked":
        case "modes":
          return [RECHECK];
        default:
          return undefined;
      }
    },
  };
}

/** A server-sent event with a name. */
export function named(name: string, data: Record<string, unknown>, id?: number): string[] {
  return [
    ...id === undefined ? [] : [`id: ${writeId(id)}`],
    `event: ${name}`,
    `data: ${JSON.stringify(data)}`,
    "",
  ];
}

function authorJson({ who, account }: Actor): Record<string, unknown> {
  return { from: who, account };
}

function isForPrograms({ style, minRank }: Said): boolean {
  return style === "ctcp" || style === "ctcp-reply" || minRank !== undefined;
}
