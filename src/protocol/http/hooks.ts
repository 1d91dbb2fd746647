/** Incoming webhooks, as Slack has them: a token in the path permits to write in one room. */
import { ChatError } from "../../chat/chat_error.ts";
import { AuthError } from "../../accounts/auth_error.ts";
import type { Login } from "../../accounts/auth.ts";
import { type Api, mediaType, parseJson, readText } from "./api.ts";
import { ApiError } from "./api_error.ts";
import { hookMessage, isEvent } from "./hook_messages.ts";
import { record, text } from "./json.ts";
import { toNick } from "./nicks.ts";
import type { Call, Resource } from "./router.ts";
import { asVisitor, callerOf } from "./visitors.ts";

/** The maximum length of the body of a webhook, in bytes: parsing it takes 3 ms. */
export const HOOK_BODY_MAX = 256 * 1024;

/** The most fields of a form. */
const FIELDS_MAX = 100;

const EMPTY = 'The webhook is empty: use {"text": "hi"}.';

/** The resource of all webhooks. */
export function hookResource(api: Api): Resource {
  return { path: "/hooks/{token}", operations: { POST: api.operation((call) => receive(api, call), HOOK_BODY_MAX) } };
}

async function receive(api: Api, call: Call): Promise<Response> {
  const { client, request } = call;
  const { chat } = api.options;
  const login = await loginOf(api, call);
  const { token } = login;
  if (token?.room === undefined) throw new ApiError(403, "This token is not for a single room: make one for webhooks.");
  const room = chat.getRoom(token.room);
  if (room === undefined) throw new ChatError("no-such-room", token.room);
  api.limitLines(client, "");
  const payload = readPayload(request, await readText(request));
  const hook = { payload, headers: request.headers };
  const message = hookMessage(hook);
  if (message === "" && isEvent(hook)) return ok(); // such as of a new label
  if (message === "") throw new ApiError(400, EMPTY);
  const [, ...more] = message.split("\n");
  if (more.length > 0) api.limitLines(client, more.join("\n"));
  const visitor = asVisitor(login, client, api.options);
  const name = text(payload.username);
  const posted = await chat.visitors.post(
    { ...visitor, nick: name === "" ? visitor.nick : toNick(name) },
    room,
    message,
  );
  if (posted === undefined) throw new ApiError(400, EMPTY);
  return ok();
}

/** @throws {ApiError} 404 if there is no such token. */
async function loginOf(api: Api, { client, params }: Call): Promise<Login> {
  try {
    return await api.options.auth.loginByToken(callerOf(client, api.options), params.token ?? "", "HTTP webhook");
  } catch (error) {
    const isUnknown = error instanceof AuthError && (error.code === "wrong-password" || error.code === "no-accounts");
    throw isUnknown ? new ApiError(404, "There is no webhook with this token.") : error;
  }
}

/**
 * Reads a payload: JSON, a form with JSON in the field `payload`, or plain text. A program may not name its type, or the wrong
 * one, as `curl -d` does.
 *
 * @throws {ApiError} 400
 */
function readPayload(request: Request, body: string): Readonly<Record<string, unknown>> {
  const type = mediaType(request);
  const isForm = type === "application/x-www-form-urlencoded" && !body.trimStart().startsWith("{");
  if (isForm && body.split("&", FIELDS_MAX + 1).length > FIELDS_MAX) {
    throw new ApiError(400, "The form has too many fields.");
  }
  const form = isForm ? new URLSearchParams(body).get("payload") : null;
  if (isForm && form === null) throw new ApiError(400, "The form has no field payload.");
  if (type === "text/plain" && !body.trimStart().startsWith("{")) return { text: body };
  const payload = parseJson(form ?? body);
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) {
    throw new ApiError(400, 'The webhook is not an object: use {"text": "hi"}.');
  }
  return record(payload);
}

/** Slack's answer. */
function ok(): Response {
  return new Response("ok\n", {
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
  });
}
