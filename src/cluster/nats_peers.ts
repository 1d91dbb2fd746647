/**
 * Questions to peers, and answers to theirs, over core NATS: one peer gets a question, and answers in chunks. Runs in the
 * worker.
 *
 * Each chunk is a request that the asker answers when it wants the next one. So an answer goes no faster than it is used,
 * and ends if the asker is gone.
 */
import { createInbox, headers, type Msg, type MsgHdrs } from "@nats-io/transport-node";
import { ANSWER_MAX, ANSWERS_MAX, CHUNK_MAX, CHUNK_TIMEOUT, QUESTIONS_MAX } from "./log_limits.ts";
import type { NatsClient } from "./nats_client.ts";
import type { Names } from "./nats_stream.ts";

/** The header of a chunk with its number, from 0; that of the end, with the reason if the question was declined. */
const CHUNK_HEADER = "Tincan-Chunk";
const END_HEADER = "Tincan-End";

/** The reason that a peer gives when it has too many questions to answer. */
const BUSY = "the peer is busy";

/** The queue group that the answering peers of a cluster are in. */
const QUEUE = "tincan";

/** The calls that this class makes. */
export interface PeerEvents {
  /** A chunk of the answer to an own question. */
  chunk(id: number, bytes: Uint8Array<ArrayBuffer>): void;
  /** The answer is complete; or, with a reason, there is none. */
  done(id: number, reason: string): void;
  /** A peer asks. */
  asked(id: number, topic: string, bytes: Uint8Array<ArrayBuffer>): void;
  /** The peer wants the next chunk. */
  more(id: number): void;
  /** The peer does not want the rest of the answer. */
  leave(id: number): void;
}

/** An own question. */
interface Question {
  /** The chunk that is not acknowledged yet. */
  current: Msg | undefined;
  chunks: number;
  bytes: number;
  timer: ReturnType<typeof setTimeout> | undefined;
  readonly unsubscribe: () => void;
}

/** An answer to a peer. */
interface Answer {
  readonly inbox: string;
  chunks: number;
}

/** Asks peers, and answers them. */
export class Peers {
  readonly #client: NatsClient;
  readonly #names: Names;
  readonly #events: PeerEvents;
  readonly #questions = new Map<number, Question>();
  readonly #answers = new Map<number, Answer>();
  readonly #topics = new Map<string, () => void>(); // with the function that ends the subscription
  #lastAnswer = 0;

  constructor(client: NatsClient, names: Names, events: PeerEvents) {
    this.#client = client;
    this.#names = names;
    this.#events = events;
  }

  /** Answers questions on a topic from now on, or no longer. */
  serve(topic: string, on: boolean): void {
    this.#topics.get(topic)?.();
    this.#topics.delete(topic);
    if (!on) return;
    const receive = (message: Msg) => this.#receiveQuestion(topic, message);
    this.#topics.set(topic, this.#client.subscribe(this.#names.topic(topic), receive, QUEUE));
  }

  /** Asks a peer. Its answer is reported by events. */
  ask(id: number, topic: string, bytes: Uint8Array): void {
    if (this.#questions.size >= QUESTIONS_MAX) {
      return this.#events.done(id, `more than ${QUESTIONS_MAX} questions at the same time`);
    }
    const inbox = createInbox();
    const unsubscribe = this.#client.subscribe(inbox, (message) => this.#receiveChunk(id, message));
    this.#questions.set(id, { current: undefined, chunks: 0, bytes: 0, timer: undefined, unsubscribe });
    this.#await(id);
    this.#client.connection.publish(this.#names.topic(topic), bytes, { reply: inbox });
  }

  /** Asks for the next chunk of an answer. */
  more(id: number): void {
    const question = this.#questions.get(id);
    if (question?.current === undefined) return;
    question.current.respond();
    question.current = undefined;
    this.#await(id);
  }

  /** Gives up a question. The peer is told if it waits, and else finds that its next chunk has no receiver. */
  leave(id: number): void {
    const question = this.#questions.get(id);
    if (question === undefined) return;
    clearTimeout(question.timer);
    question.unsubscribe();
    this.#questions.delete(id);
    question.current?.respond(undefined, { headers: endHeaders("left") });
  }

  /** Sends the next chunk of an answer. */
  async chunk(id: number, bytes: Uint8Array): Promise<void> {
    const answer = this.#answers.get(id);
    if (answer === undefined) return;
    const header = headers();
    header.set(CHUNK_HEADER, String(answer.chunks++));
    const options = { headers: header, timeout: CHUNK_TIMEOUT };
    // Without a reply, the peer is gone, or takes too long.
    const reply = await this.#client.connection.request(answer.inbox, bytes, options).catch(() => undefined);
    if (!this.#answers.has(id)) return;
    if (reply !== undefined && !reply.headers?.has(END_HEADER)) return this.#events.more(id);
    this.#answers.delete(id);
    this.#events.leave(id);
  }

  /** Ends an answer. */
  done(id: number, reason: string): void {
    const answer = this.#answers.get(id);
    if (answer === undefined) return;
    this.#answers.delete(id);
    this.#end(answer.inbox, reason);
  }

  #end(inbox: string, reason: string): void {
    const end = endHeaders(reason === "" ? "complete" : `declined ${reason}`);
    this.#client.connection.publish(inbox, undefined, { headers: end });
  }

  #receiveQuestion(topic: string, message: Msg): void {
    const inbox = message.reply;
    if (inbox === undefined || inbox === "" || message.data.length > CHUNK_MAX) return;
    if (this.#answers.size >= ANSWERS_MAX) return this.#end(inbox, BUSY);
    const id = ++this.#lastAnswer;
    this.#answers.set(id, { inbox, chunks: 0 });
    this.#events.asked(id, topic, new Uint8Array(message.data));
  }

  #receiveChunk(id: number, message: Msg): void {
    const question = this.#questions.get(id);
    if (question === undefined) return;
    if (message.headers?.code === 503) return this.#fail(id, "no peer is there to answer");
    const end = message.headers?.get(END_HEADER) ?? "";
    if (end !== "") return this.#fail(id, end === "complete" ? "" : end.replace(/^declined /, ""));
    if (message.headers?.get(CHUNK_HEADER) !== String(question.chunks)) return this.#fail(id, "a part is missing");
    question.chunks++;
    question.bytes += message.data.length;
    if (message.data.length > CHUNK_MAX || question.bytes > ANSWER_MAX) {
      return this.#fail(id, `the answer has more than ${ANSWER_MAX} bytes`);
    }
    clearTimeout(question.timer);
    question.current = message;
    this.#events.chunk(id, new Uint8Array(message.data));
  }

  /** Waits for the next chunk. */
  #await(id: number): void {
    const question = this.#questions.get(id);
    if (question === undefined) return;
    clearTimeout(question.timer);
    question.timer = setTimeout(() => this.#fail(id, `no answer within ${CHUNK_TIMEOUT / 1000} s`), CHUNK_TIMEOUT);
  }

  #fail(id: number, reason: string): void {
    this.leave(id);
    this.#events.done(id, reason);
  }
}

function endHeaders(text: string): MsgHdrs {
  const header = headers();
  header.set(END_HEADER, text.replace(/[\r\n]+/g, " "));
  return header;
}
