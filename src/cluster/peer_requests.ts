/** Questions to peers and answers to theirs, on the side of the main thread: byte chunks as iterables. */
import type { LogError } from "./log_error.ts";
import { CHUNK_MAX } from "./log_limits.ts";
import type { Order, Report } from "./log_messages.ts";

/** Why a peer did not answer, or not completely. */
export class PeerError extends Error {
  override name = "PeerError";
}

/**
 * Answers a question. Each chunk has at most `CHUNK_MAX` bytes, and is asked for when the peer has used the one before. An
 * error declines the question, or ends the answer early; the peer gets its message.
 */
export type Answer = (question: Uint8Array<ArrayBuffer>) => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** A report that is about a question or an answer. */
type PeerReport = Extract<Report, { type: "chunk" | "done" | "asked" | "more" | "leave" }>;

/** An own question, while its answer comes. */
interface Question {
  chunk: PromiseWithResolvers<Uint8Array<ArrayBuffer> | undefined>;
}

/** Asks peers, and answers them. */
export class PeerRequests {
  readonly #post: (order: Order) => void;
  readonly #questions = new Map<number, Question>(); // the worker limits them
  readonly #answers = new Map<number, AsyncIterator<Uint8Array> | Iterator<Uint8Array>>(); // by the worker, too
  readonly #topics = new Map<string, Answer>();
  #lastId = 0;

  constructor(post: (order: Order) => void) {
    this.#post = post;
  }

  /** Answers questions on a topic from now on; without `answer`, no longer. */
  serve(topic: string, answer: Answer | undefined): void {
    if (answer === undefined) this.#topics.delete(topic);
    else this.#topics.set(topic, answer);
    this.#post({ type: "serve", topic, on: answer !== undefined });
  }

  /**
   * Asks one of the peers that serve a topic, and yields its answer in chunks.
   *
   * @throws {PeerError} if there is no answer, or it is not complete.
   */
  async *ask(topic: string, bytes: Uint8Array<ArrayBuffer>): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
    if (bytes.length > CHUNK_MAX) throw new RangeError(`A question has at most ${CHUNK_MAX} bytes`);
    const id = ++this.#lastId;
    const question: Question = { chunk: Promise.withResolvers() };
    this.#questions.set(id, question);
    this.#post({ type: "ask", id, topic, bytes });
    try {
      for (;;) {
        const chunk = await question.chunk.promise;
        if (chunk === undefined) return;
        question.chunk = Promise.withResolvers();
        yield chunk;
        this.#post({ type: "more", id });
      }
    } finally {
      if (this.#questions.delete(id)) this.#post({ type: "leave", id });
    }
  }

  /** Takes a report of the worker. */
  receive(report: PeerReport): void {
    switch (report.type) {
      case "chunk":
        return this.#questions.get(report.id)?.chunk.resolve(report.bytes);
      case "done": {
        const question = this.#questions.get(report.id);
        this.#questions.delete(report.id);
        if (report.reason === "") return question?.chunk.resolve(undefined);
        return question?.chunk.reject(new PeerError(`Cannot get an answer of a peer: ${report.reason}`));
      }
      case "asked":
        return this.#begin(report.id, report.topic, report.bytes);
      case "more":
        return void this.#next(report.id);
      case "leave": {
        const answer = this.#answers.get(report.id);
        this.#answers.delete(report.id);
        // A generator may be running; its next chunk is not sent. Its own error has no receiver.
        return void Promise.resolve(answer?.return?.()).catch(() => {});
      }
    }
  }

  /** Fails all questions. */
  fail(error: LogError): void {
    for (const { chunk } of this.#questions.values()) {
      chunk.promise.catch(() => {}); // the asker may not wait for it now
      chunk.reject(error);
    }
    this.#questions.clear();
    this.#answers.clear();
  }

  #begin(id: number, topic: string, bytes: Uint8Array<ArrayBuffer>): void {
    try {
      const answer = this.#topics.get(topic)?.(bytes);
      if (answer === undefined) return this.#post({ type: "done", id, reason: "the peer does not serve this topic" });
      this.#answers.set(
        id,
        Symbol.asyncIterator in answer ? answer[Symbol.asyncIterator]() : answer[Symbol.iterator](),
      );
      void this.#next(id);
    } catch (error) {
      this.#decline(id, error);
    }
  }

  /** Sends the next chunk of an answer. */
  async #next(id: number): Promise<void> {
    const answer = this.#answers.get(id);
    if (answer === undefined) return;
    try {
      const { done, value } = await answer.next();
      if (!this.#answers.has(id)) return;
      if (done) {
        this.#answers.delete(id);
        return this.#post({ type: "done", id, reason: "" });
      }
      if (value.length > CHUNK_MAX) throw new RangeError(`a chunk has at most ${CHUNK_MAX} bytes`);
      this.#post({ type: "chunk", id, bytes: new Uint8Array(value) });
    } catch (error) {
      this.#decline(id, error);
    }
  }

  #decline(id: number, error: unknown): void {
    this.#answers.delete(id);
    const reason = error instanceof Error && error.message !== ""
      ? error.message.split("\n")[0]!
      : "the peer has failed";
    this.#post({ type: "done", id, reason });
  }
}
