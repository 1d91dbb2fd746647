/**
 * Catching up of history: a node that was away for long gets the lines that it lacks from a peer, and learns which texts were deleted.
 *
 * A question names a range of ids, and where to go on. The answer is target by target, in chunks, each of which the asker stores
 * before the next one is sent. So neither side has more than a chunk in memory. How far it has come is stored with the lines:
 * after a failure or a restart, the node goes on there.
 */
import type { ArchiveTarget, CatchUp, LineArchive } from "../chat/line_archive.ts";
import type { Style } from "../chat/events.ts";
import { MENTIONED_MAX } from "../chat/mentions.ts";
import { type HistoryStore, type Line, REACTIONS_MAX } from "../chat/store.ts";
import { byteLength } from "../util/bytes.ts";
import { CHUNK_MAX } from "./log_limits.ts";
import type { Answer } from "./peer_requests.ts";

/** The topic of the questions. */
export const HISTORY_TOPIC = "hist";

/** After how many bytes a chunk ends. One line may be larger. */
const CHUNK_SIZE = 64 * 1024;

/** After how many chunks an answer ends, though there may be more lines: it is asked for with another question. */
export const CHUNKS_MAX = 100;

/** The most lines that are read at a time, the most characters of them, and the most targets. */
const LINES_STEP = 100;
const CHARACTERS_STEP = 20_000;
const TARGETS_STEP = 50;

/** The most rooms that one question names. */
const ROOMS_MAX = 200;

const STYLES: readonly Style[] = ["say", "action", "notice"];

/** Which lines a peer asks for. */
interface Question {
  readonly after: number;
  readonly until: number;
  readonly position: number;
  /** The target with which the answer begins, and the id of the last line of it that is known. */
  readonly target: string;
  readonly id: number;
  /** The only targets, if not all of them. */
  readonly only?: readonly ArchiveTarget[];
  /** Whether it asks only for lines whose texts were deleted. */
  readonly deleted?: boolean;
}

/** A line as it is sent. */
type LineRecord = readonly [
  id: number,
  time: number,
  style: number,
  origin: string,
  text: string,
  tags: string,
  bot: number,
  account: string | null,
  to: string | null,
  /** What few lines have. */
  more?: LineExtras,
];

/** What belongs to a line beside its text. */
interface LineExtras {
  /** The id of the line that it replies to. */
  readonly reply?: number | undefined;
  readonly mentions?: readonly string[] | undefined;
  readonly reactions?: readonly ReactionRecord[] | undefined;
  readonly deletedBy?: string | undefined;
}

type ReactionRecord = readonly [origin: string, account: string | null, text: string, time: number];

/** The lines of a target in a chunk. */
type Group = readonly [key: string, since: number, lines: readonly LineRecord[]];

/** A chunk. The last one of an answer says whether that is all. */
interface Chunk {
  readonly groups: readonly Group[];
  readonly end?: "all" | "more";
}

/** The store that lines are read from, or stored in. */
export type SyncStore = Pick<HistoryStore, "page" | "line"> & { readonly archive: LineArchive };

/**
 * Answers questions for lines.
 *
 * @param applied Returns the position up to which this node has applied the log. That of the last command is too low: a log may
 * have nothing but beats after it.
 * @param commit Commits what is pending.
 */
export function serveHistory(store: SyncStore, applied: () => number, commit: () => void): Answer {
  return async function* (bytes) {
    const question = readQuestion(bytes);
    if (store.archive.catchUp !== undefined) throw new Error("the peer lacks lines itself");
    if (applied() < question.position) throw new Error("the peer has not come so far yet");
    commit();
    yield* chunksOf(store, question);
  };
}

/**
 * Gets the lines of a catching up that was begun from peers. It can be called again after an error, also in another process.
 *
 * @param ask Asks a peer: see `Log.ask`.
 * @throws {PeerError} if no peer answers.
 * @throws {StoreError}
 */
export async function fetchHistory(
  ask: (topic: string, question: Uint8Array<ArrayBuffer>) => AsyncIterable<Uint8Array>,
  { archive }: SyncStore,
): Promise<void> {
  for (;;) {
    const { catchUp } = archive;
    if (catchUp === undefined) return;
    const { after, until, position, step, target, id } = catchUp;
    const only = step === "older" ? unknownRooms(archive, catchUp) : undefined;
    if (only?.length === 0) return archive.note(undefined);
    const range = step === "missing" ? { after, until } : { after: 0, until: after };
    const deleted = step === "deleted";
    const question: Question = { ...range, position, target, id, ...only && { only }, ...deleted && { deleted } };
    let end: Chunk["end"];
    for await (const bytes of ask(HISTORY_TOPIC, new TextEncoder().encode(JSON.stringify(question)))) {
      const chunk = readChunk(bytes);
      for (const [key, since, records] of chunk.groups) await insertAll(archive, { key, since }, records.map(lineOf));
      end = chunk.end;
      await turn();
    }
    if (end === undefined) throw new Error("Cannot catch up on history: the answer of the peer is not complete");
    if (end === "more") continue;
    if (step !== "older") archive.note({ ...catchUp, step: deleted ? "older" : "deleted", target: "", id: 0 });
    else archive.note({ ...catchUp, target: `${only!.at(-1)!.key}\0`, id: 0 }); // the first key after it
  }
}

/** Rooms of which this node has no old line: it did not know them, or under another name. */
function unknownRooms(archive: LineArchive, { after, target, id }: CatchUp): ArchiveTarget[] {
  const rooms = archive.roomsWithout(target, after, ROOMS_MAX);
  if (id === 0) return rooms;
  const current = archive.targets(target, 1).filter(({ key }) => key === target); // it has some of its lines
  return [...current, ...rooms.filter(({ key }) => key !== target)];
}

async function insertAll(archive: LineArchive, target: ArchiveTarget, lines: readonly Line[]) {
  for (let done = 0; done < lines.length;) {
    if (archive.catchUp === undefined) return;
    done += archive.insert(target, lines.slice(done), archive.catchUp);
    await turn();
  }
}

async function* chunksOf(store: SyncStore, question: Question): AsyncGenerator<Uint8Array> {
  let groups: Group[] = [];
  let [size, chunks] = [0, 0];
  const take = (end?: Chunk["end"]) => {
    const chunk = new TextEncoder().encode(JSON.stringify({ groups, ...end && { end } } satisfies Chunk));
    [groups, size] = [[], 0];
    return chunk;
  };
  for await (const group of groupsOf(store, question)) {
    const bytes = byteLength(JSON.stringify(group));
    if (bytes + 100 > CHUNK_MAX) continue; // no line that came through the log is so large
    if (size > 0 && size + bytes > CHUNK_SIZE) {
      yield take();
      if (++chunks === CHUNKS_MAX) return yield take("more");
    }
    groups.push(group);
    size += bytes;
  }
  yield take("all");
}

/** The lines that are asked for, a few at a time. */
async function* groupsOf(store: SyncStore, question: Question): AsyncGenerator<Group> {
  const { until, only, deleted = false } = question;
  for (let from = question.target;;) {
    const targets = only ?? store.archive.targets(from, TARGETS_STEP);
    for (const { key, since } of targets) {
      let after = key === question.target ? Math.max(question.after, question.id) : question.after;
      for (;;) {
        const lines = deleted ? deletedLines(store, key, after, until) : linesAfter(store, key, after, until);
        if (lines.length === 0) break;
        after = lines.at(-1)!.id;
        yield [key, since, lines.map(recordOf)];
        await turn();
      }
    }
    if (only !== undefined || targets.length < TARGETS_STEP) return;
    from = `${targets.at(-1)!.key}\0`;
    await turn();
  }
}

function linesAfter(store: SyncStore, key: string, after: number, until: number): Line[] {
  return store.page(key, { after, before: until + 1, first: true, count: LINES_STEP, characters: CHARACTERS_STEP });
}

/** The next lines whose texts were deleted: they are short. */
function deletedLines(store: SyncStore, key: string, after: number, until: number): Line[] {
  return store.archive.deleted(key, after, until + 1, LINES_STEP).flatMap((id) => store.line(key, id) ?? []);
}

function recordOf(line: Line): LineRecord {
  const { id, time, style, origin, text, tags, bot, account = null } = line;
  const to = line.kind === "whispered" ? line.to : null;
  const more = extrasOf(line);
  const record = [id, time, STYLES.indexOf(style), origin, text, tags, bot ? 1 : 0, account, to] as const;
  return more === undefined ? record : [...record, more];
}

function extrasOf(line: Line): LineExtras | undefined {
  const { reply, reactions, deletedBy } = line;
  const mentions = line.kind === "said" ? line.mentions : undefined;
  if (reply === undefined && mentions === undefined && reactions === undefined && deletedBy === undefined) {
    return undefined;
  }
  const records = reactions?.map(({ origin, account = null, text, time }): ReactionRecord => {
    return [origin, account, text, time];
  });
  return { reply: reply?.id, mentions, reactions: records, deletedBy };
}

function lineOf([id, time, style, origin, text, tags, bot, account, to, more]: LineRecord): Line {
  const speech = { ...actorOf(origin, account), id, time, style: STYLES[style] ?? "say", text, tags, bot: bot === 1 };
  const { reply, mentions, reactions, deletedBy } = more ?? {};
  const line = {
    ...speech,
    ...(reply === undefined ? {} : { reply: { id: reply, who: "", text: "" } }),
    ...(deletedBy === undefined ? {} : { deletedBy, text: "", tags: "" }),
    ...(reactions === undefined ? {} : {
      reactions: reactions.slice(0, REACTIONS_MAX).map(([origin, account, text, time]) => {
        return { ...actorOf(origin, account), text, time };
      }),
    }),
  };
  if (to !== null) return { kind: "whispered", ...line, to };
  return {
    kind: "said",
    ...line,
    room: "",
    ...(mentions === undefined ? {} : { mentions: mentions.slice(0, MENTIONED_MAX) }),
  };
}

function actorOf(origin: string, account: string | null) {
  return { who: origin.slice(0, origin.indexOf("!")), origin, ...(account === null ? {} : { account }) };
}

/** @throws {Error} if it is not a question. */
function readQuestion(bytes: Uint8Array): Question {
  const question = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Question>;
  const { after, until, position, target, id, only, deleted } = question;
  const areNumbers = [after, until, position, id].every(Number.isSafeInteger);
  if (
    !areNumbers || typeof target !== "string" || (only !== undefined && !Array.isArray(only)) ||
    !["boolean", "undefined"].includes(typeof deleted)
  ) {
    throw new Error("the question is not valid");
  }
  return question as Question;
}

/** @throws {Error} if it is not a chunk. */
function readChunk(bytes: Uint8Array): Chunk {
  const chunk = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Chunk>;
  if (!Array.isArray(chunk.groups)) throw new Error("Cannot catch up on history: the answer of the peer is not valid");
  return chunk as Chunk;
}

/** Lets all other events be handled first. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
