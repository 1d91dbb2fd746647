/** Identifies the uploader of a file (an account, or a guest if guests may upload), and checks its permissions. */
import { requireScope } from "../../chat/scope.ts";
import { Member } from "../../chat/member.ts";
import type { Uploads } from "../../files/file_store.ts";
import { accountOwner, hostOwner } from "../../files/links.ts";
import { type Api, keyOf } from "./api.ts";
import { notLoggedIn } from "./api_error.ts";
import type { Call } from "./router.ts";
import type { Uploader } from "./uploads.ts";

/**
 * Identifies an uploader, and checks that it may upload: to the room in the path, or to none.
 *
 * @param uploads Whether guests may upload, too.
 * @throws {ApiError}
 * @throws {AuthError}
 * @throws {ChatError}
 */
export async function identifyUploader(call: Call, api: Api, uploads: Exclude<Uploads, "off">): Promise<Uploader> {
  const visitor = await api.visitor(call);
  const { identity } = visitor;
  const { account, host } = identity;
  const { chat } = api.options;
  if (account === undefined && uploads !== "everyone") {
    throw notLoggedIn("Only registered nicknames may upload files: give the token of one, or log in first.");
  }
  const owner = account === undefined ? hostOwner(host) : accountOwner(account);
  if (call.params["name"] === undefined) {
    chat.visitors.requireWriter(visitor);
    return { owner };
  }
  const room = api.room(call);
  const key = keyOf(call);
  chat.visitors.requireEntry(visitor, room, key);
  requireScope(new Member(visitor.nick ?? "", identity), room.key);
  return {
    owner,
    post: async (text) => {
      api.limitLines(call.client, text);
      await chat.visitors.post(visitor, room, text, { key });
    },
  };
}
