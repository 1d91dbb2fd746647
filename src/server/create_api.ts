/** Creates the HTTP API of a server from its options and parts. */
import type { AuthService } from "../accounts/auth.ts";
import type { Chat } from "../chat/chat.ts";
import { LINES_IN_BUFFER, type Options } from "../cli/options.ts";
import type { Bans } from "../moderation/bans.ts";
import { Api } from "../protocol/http/api.ts";
import { textFormat } from "../protocol/text/render.ts";
import { TimeSlicer } from "../protocol/time_slicer.ts";
import type { ConnectionLimits } from "./connection_limits.ts";
import { hostNames } from "./protocol_handlers.ts";
import type { ServerResources } from "./resources.ts";

/** The parts of the server that the API uses. */
export interface ApiContext {
  readonly chat: Chat;
  readonly auth: AuthService;
  readonly bans: Bans;
  readonly limits: ConnectionLimits;
  readonly trouble: () => string | undefined;
}

/** Creates the API. */
export function createApi(
  { rate, burst, sendBuffer, announce }: Options,
  resources: ServerResources,
  { chat, auth, bans, limits, trouble }: ApiContext,
): Api {
  return new Api({
    chat,
    auth,
    hostOf: hostNames(resources),
    slicer: new TimeSlicer(),
    rate,
    burst,
    answerMax: sendBuffer / LINES_IN_BUFFER,
    queueMax: sendBuffer,
    format: textFormat(announce),
    trouble,
    banOf: (address) => bans.findByAddress(address)?.reason,
    onStream: ({ evictable }) => {
      if (evictable !== undefined) limits.registered(evictable);
    },
  });
}
