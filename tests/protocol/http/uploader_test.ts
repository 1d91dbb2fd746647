/** The permission to upload a file to no room. */
import { assertEquals } from "@std/assert";
import { ChatError } from "../../../src/chat/chat_error.ts";
import { identifyUploader } from "../../../src/protocol/http/uploader.ts";
import { CLIENT } from "./files.ts";
import { ApiServer, bearer } from "./harness.ts";

Deno.test("uploader: banned and muted clients, and tokens with a scope, may not upload to no room either", async () => {
  let banned = "";
  const banReason = (origin: string, account?: string) => [origin, account].includes(banned) ? "spam" : undefined;
  await using server = await ApiServer.open({ chat: { policy: { banReason } } });
  const identify = (headers: Record<string, string> = {}) => {
    const request = new Request("http://x/files", { method: "POST", headers });
    return identifyUploader({ request, url: new URL(request.url), params: {}, client: CLIENT }, server.api, "everyone");
  };
  const codeOf = async (headers?: Record<string, string>) => {
    try {
      return (await identify(headers)).owner;
    } catch (error) {
      return error instanceof ChatError ? error.code : String(error);
    }
  };
  const full = bearer(await server.token("alice"));
  const reader = bearer(await server.token("alice", { readOnly: true, room: undefined }));
  const bot = bearer(await server.token("alice", { readOnly: false, room: "#lobby" }));
  const all = async () => [await codeOf(), await codeOf(full), await codeOf(reader), await codeOf(bot)];
  assertEquals(await all(), ["@of-192.0.2.1", "alice", "token-read-only", "token-room"]);
  banned = "alice";
  assertEquals(await all(), ["@of-192.0.2.1", "server-banned", "token-read-only", "token-room"]);
  banned = "";
  server.chat.mutes.add("of-192.0.2.1", Infinity);
  assertEquals(await all(), ["muted", "muted", "token-read-only", "token-room"]);
  server.chat.mutes.remove("of-192.0.2.1");
  server.chat.mutes.add("~a:alice", Infinity);
  assertEquals(await all(), ["@of-192.0.2.1", "muted", "token-read-only", "token-room"]);
});
