/** The resources of rooms: the list of rooms, their lines, and posting to them. */
import { firstId, readId } from "../../chat/ids.ts";
import { Member } from "../../chat/member.ts";
import type { Room } from "../../chat/room.ts";
import type { HistoryRange } from "../../chat/store.ts";
import type { HttpAnswer } from "../../transport/connection.ts";
import type { Steps } from "../../util/steps.ts";
import { historyLine } from "../text/render.ts";
import { type Api, keyOf, mediaType, parseJson, readText } from "./api.ts";
import { ApiError } from "./api_error.ts";
import { lineJson } from "./line_json.ts";
import type { Call, Resource } from "./router.ts";
import type { KnownVisitor } from "./visitors.ts";

/** The maximum length of the body of a message, in bytes: the longest text, with all characters escaped. */
export const MESSAGE_BODY_MAX = 64 * 1024;

/** The number of lines in an answer: by default, and the most that a request may ask for. */
export const LINES_DEFAULT = 50;
export const LINES_MAX = 500;

/** The most rooms in the list: those with most members. */
export const ROOMS_LISTED_MAX = 1000;

/** How many rooms are checked in a step. */
const ROOMS_STEP = 100;

const JSON_LINES = "application/x-ndjson";
const TEXT = "text/plain; charset=utf-8";

/** Fields of all answers: they are for one client, and must not be stored on the way. */
const PRIVATE = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "vary": "accept, authorization",
};

/** The resources below `/rooms`. */
export function roomResources(api: Api): Resource[] {
  return [
    { path: "/rooms", operations: { GET: api.operation((call) => listRooms(api, call)) } },
    {
      path: "/rooms/{name}",
      operations: {
        GET: api.operation((call) => readLines(api, call)),
        POST: api.operation((call) => say(api, call), MESSAGE_BODY_MAX),
      },
    },
    { path: "/rooms/{name}/stream", operations: { GET: api.operation((call) => stream(api, call)) } },
  ];
}

async function listRooms(api: Api, call: Call): Promise<HttpAnswer> {
  api.limitReads(call.client);
  const format = formatOf(call, ["json", "text"]);
  const visitor = await api.visitor(call);
  const rooms = await api.run(call.client, () => largestRooms(api, visitor));
  if (format === "text") {
    const lines = rooms.map(({ name, members, topic }) =>
      `${name} (${members.size})${topic ? `  ${topic.text}` : ""}\n`
    );
    return new Response(lines.join(""), { headers: { ...PRIVATE, "content-type": TEXT } });
  }
  const all = rooms.map(({ name, members, topic }) => ({ name, members: members.size, topic: topic?.text }));
  return json(all);
}

/** The rooms of the list, those with most members first. Only as many as are listed are sorted: sorting all could take 50 ms. */
function* largestRooms(api: Api, visitor: KnownVisitor): Steps<Room[]> {
  const bySize = new Map<number, Room[]>();
  let checked = 0;
  for (const room of api.options.chat.rooms) {
    if (++checked % ROOMS_STEP === 0) yield;
    if (!isListed(api, visitor, room)) continue;
    const same = bySize.get(room.members.size);
    if (same === undefined) bySize.set(room.members.size, [room]);
    else same.push(room);
  }
  const rooms: Room[] = [];
  for (const size of [...bySize.keys()].sort((a, b) => b - a)) {
    rooms.push(...bySize.get(size)!.slice(0, ROOMS_LISTED_MAX - rooms.length));
    if (rooms.length === ROOMS_LISTED_MAX) break;
  }
  return rooms.sort((a, b) => b.members.size - a.members.size || (a.key < b.key ? -1 : 1));
}

/** Whether a room is in the list for a visitor: one that it can see and that its token permits. */
function isListed(api: Api, visitor: KnownVisitor, room: Room): boolean {
  const { token } = visitor.identity;
  return (token?.room === undefined || token.room === room.key) && api.options.chat.visitors.sees(visitor, room);
}

async function say(api: Api, call: Call): Promise<HttpAnswer> {
  const { request, client } = call;
  const visitor = await api.visitor(call);
  const body = await readText(request);
  const { text, reply } = mediaType(request) === "application/json" ? readMessage(body) : { text: body };
  if (text.trim() === "") throw new ApiError(400, "The text is empty.");
  api.limitLines(client, text);
  const room = api.room(call);
  const posted = await api.options.chat.visitors.post(visitor, room, text, { key: keyOf(call), reply });
  if (posted === undefined) throw new ApiError(400, "The text is empty.");
  return json(lineJson(posted.line), posted.stored ? 201 : 202);
}

/** A response in JSON, on a line of its own, for terminals. */
function json(value: unknown, status = 200): Response {
  const headers = { ...PRIVATE, "content-type": "application/json" };
  return new Response(`${JSON.stringify(value)}\n`, { status, headers });
}

/** Reads a message in JSON. @throws {ApiError} 400 */
function readMessage(body: string): { text: string; reply?: number } {
  const message = parseJson(body);
  if (typeof message !== "object" || message === null || Array.isArray(message)) {
    throw new ApiError(400, 'The body is not an object: use {"text": "hi"}.');
  }
  const { text, reply_to } = message as Record<string, unknown>;
  if (typeof text !== "string") throw new ApiError(400, 'The text is missing: use {"text": "hi"}.');
  if (reply_to === undefined || reply_to === null) return { text };
  const reply = typeof reply_to === "string" ? readId(reply_to) : undefined;
  if (reply === undefined) throw new ApiError(400, "The field reply_to is not the id of a message.");
  return { text, reply };
}

async function readLines(api: Api, call: Call): Promise<HttpAnswer> {
  const { client, url } = call;
  api.limitReads(client);
  const format = formatOf(call, ["json", "text"]);
  const visitor = await api.visitor(call);
  const room = api.room(call);
  const { chat, answerMax } = api.options;
  chat.visitors.requireEntry(visitor, room, keyOf(call));
  const since = boundOf(api, call, room, "since");
  const before = boundOf(api, call, room, "before");
  const count = limitOf(url);
  const range: HistoryRange = { after: since, before, first: since !== undefined, count, characters: answerMax };
  const lines = await api.run(client, () => chat.history.page(room, range));
  const headers = { ...PRIVATE, "content-type": format === "text" ? TEXT : JSON_LINES };
  if (format === "text") {
    const now = Date.now();
    return new Response(lines.map((line) => `${historyLine(line, now)}\n`).join(""), { headers });
  }
  return new Response(lines.map((line) => `${JSON.stringify(lineJson(line))}\n`).join(""), { headers });
}

async function stream(api: Api, call: Call): Promise<HttpAnswer> {
  const { client, request } = call;
  api.limitReads(client);
  const format = formatOf(call, ["events", "text"]);
  const visitor = await api.visitor(call);
  const room = api.room(call);
  api.options.chat.visitors.requireEntry(visitor, room, keyOf(call));
  const last = request.headers.get("last-event-id");
  const after = last === null ? boundOf(api, call, room, "since") : readId(last);
  if (last !== null && after === undefined) {
    throw new ApiError(400, "The field Last-Event-ID is not the id of a message.");
  }
  return api.streams.open(
    { visitor, client, room, key: keyOf(call), after, headOnly: request.method === "HEAD" },
    format,
  );
}

/** The format that a request wants: by `format`, else by `Accept`, else the first one. @throws {ApiError} 400 */
function formatOf<F extends string>({ request, url }: Call, formats: readonly [F, "text"]): F | "text" {
  const given = url.searchParams.get("format");
  if (given === null) {
    return /^\s*text\/(?:plain|html)\b/.test(request.headers.get("accept") ?? "") ? "text" : formats[0];
  }
  const found = formats.find((format) => format === given);
  if (found === undefined) throw new ApiError(400, `Unknown format: use ${formats.join(" or ")}.`);
  return found;
}

/**
 * The id in a parameter that bounds lines: that of a message, or the first one of a time, such as `2026-11-30T14:05Z`. Lines
 * after `since` begin with that time.
 *
 * @throws {ApiError} 400
 */
function boundOf(api: Api, { url }: Call, room: Room, name: "since" | "before"): number | undefined {
  const given = url.searchParams.get(name);
  if (given === null) return undefined;
  if (!/^\d{4}-\d\d-\d\d/.test(given)) {
    const id = readId(given);
    if (id !== undefined) return id;
  } else {
    const time = Date.parse(given);
    if (time >= 0 && Number.isSafeInteger(firstId(time))) {
      const reader = new Member("", { user: "", host: "", realname: "" });
      const first = api.options.chat.history.firstIdSince(time, reader, [room]);
      return name === "since" ? first - 1 : first;
    }
  }
  throw new ApiError(400, `The parameter ${name} is neither the id of a message nor a time such as ${EXAMPLE_TIME}.`);
}

const EXAMPLE_TIME = "2026-11-30T14:05Z";

/** @throws {ApiError} 400 */
function limitOf(url: URL): number {
  const given = url.searchParams.get("limit");
  if (given === null) return LINES_DEFAULT;
  const limit = /^\d{1,4}$/.test(given) ? Number(given) : 0;
  if (limit < 1 || limit > LINES_MAX) {
    throw new ApiError(400, `The parameter limit is not a number from 1 to ${LINES_MAX}.`);
  }
  return limit;
}
