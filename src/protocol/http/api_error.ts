/** The errors of the HTTP API: each is a status and one sentence, as problem details. */
import { AuthError } from "../../accounts/auth_error.ts";
import { ChatError, type ChatErrorCode } from "../../chat/chat_error.ts";
import { problemResponse } from "../../util/problem.ts";

/** A request is rejected. */
export class ApiError extends Error {
  override name = "ApiError";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  /** @param detail One sentence, with its full stop. */
  constructor(status: number, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.status = status;
    this.headers = headers;
  }
}

/** The ways to log in. */
const CHALLENGE = { "www-authenticate": 'Bearer, Basic realm="tincan", charset="UTF-8"' };

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad request",
  401: "Not logged in",
  403: "Not allowed",
  404: "Not found",
  413: "Too long",
  429: "Too many requests",
  503: "Not available",
};

/** How long clients are to wait before they try again, in seconds, where that is not known. */
const RETRY_LATER = 60;
const RETRY_SOON = 1;

/** The response to an error; `undefined` for any other error than those of the API. */
export function errorResponse(error: unknown): Response | undefined {
  const found = toApiError(error);
  if (found === undefined) return undefined;
  return problemResponse(found.status, TITLES[found.status] ?? "Error", found.message, found.headers);
}

/** The error of a client with wrong credentials, or without any where they are needed. */
export function notLoggedIn(detail: string): ApiError {
  return new ApiError(401, detail, CHALLENGE);
}

/** @param wait In milliseconds. */
export function tooFast(detail: string, wait: number): ApiError {
  const seconds = Number.isFinite(wait) ? Math.max(1, Math.ceil(wait / 1000)) : RETRY_LATER;
  return new ApiError(429, detail, retryAfter(seconds));
}

/** Converts the errors of the chat and of the auth service; `undefined` for any other error. */
export function toApiError(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (error instanceof AuthError) return authError(error);
  return error instanceof ChatError ? chatError(error) : undefined;
}

function retryAfter(seconds: number): Record<string, string> {
  return { "retry-after": String(seconds) };
}

function authError({ code, subject }: AuthError): ApiError {
  switch (code) {
    case "wait":
    case "reconnect":
      return tooFast("Too many wrong passwords from your address.", Number(subject) * 1000);
    case "busy":
      return new ApiError(503, "The server is busy checking passwords.", retryAfter(RETRY_SOON));
    case "not-kept":
      return new ApiError(503, "The server cannot read that right now.", retryAfter(RETRY_LATER));
    case "no-accounts":
      return notLoggedIn("This server has no accounts.");
    default:
      return notLoggedIn("Wrong name, password or token.");
  }
}

/** The status of each error that visitors of rooms can get, and its sentence. */
const CHAT_ERRORS: Partial<Record<ChatErrorCode, (subject: string) => ApiError>> = {
  "no-such-room": (subject) => new ApiError(404, `No such room: ${clip(subject)}.`),
  "no-such-line": (subject) => new ApiError(404, `There is no such message in ${subject} to reply to.`),
  "message-too-long": (subject) => new ApiError(413, `Message too long: at most ${subject}.`),
  "text-too-long": () => new ApiError(413, "Message too long."),
  "server-banned": (subject) => new ApiError(403, `You are banned from this server: ${subject}.`),
  "banned": (subject) => new ApiError(403, `You are banned from ${subject}.`),
  "muted": () => new ApiError(403, "A server operator has muted you."),
  "cannot-speak": (subject) => new ApiError(403, `You cannot speak in ${subject}.`),
  "login-required": (subject) => notLoggedIn(`${subject} is for registered users.`),
  "invite-only": (subject) => new ApiError(403, `${subject} is invite-only.`),
  "wrong-key": (subject) => new ApiError(403, `${subject} is locked: give its key in the field Room-Key.`),
  "room-full": (subject) => new ApiError(403, `${subject} is full.`),
  "keys-too-fast": () => tooFast("Too many wrong keys from your address.", RETRY_LATER * 1000),
  "token-read-only": () => new ApiError(403, "Your token permits you to read, but not to write."),
  "token-room": (subject) => new ApiError(403, `Your token is for ${subject} alone.`),
  "login-outdated": () => notLoggedIn("Your account or token has changed in the meantime."),
  "stored-too-much": () => tooFast("Your network or account is sending too much.", RETRY_LATER * 1000),
  "too-many-waiting": () => tooFast("Too many requests from your network are waiting.", RETRY_SOON * 1000),
  "not-stored": () => new ApiError(503, "The server cannot store messages right now.", retryAfter(RETRY_LATER)),
  "history-unreadable": () => new ApiError(503, "The history cannot be read right now.", retryAfter(RETRY_LATER)),
  "cluster-busy": () => new ApiError(503, "This server cannot reach the others right now.", retryAfter(RETRY_SOON)),
};

function chatError({ code, subject }: ChatError): ApiError | undefined {
  return CHAT_ERRORS[code]?.(subject);
}

/** The most characters of a client's input that an error repeats. */
const CLIP_MAX = 60;

function clip(text: string): string {
  return text.length <= CLIP_MAX ? text : `${text.slice(0, CLIP_MAX)}…`;
}
