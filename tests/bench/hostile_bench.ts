/**
 * How long hostile input takes: input that a careless parser or matcher handles in quadratic time.
 *
 * Run by `deno task bench`. Each group has plain input of the same length as its baseline. Other input may take some times
 * as long, and not hundreds of times.
 */
import { choose } from "../../src/accounts/password.ts";
import { matchesMask } from "../../src/util/mask.ts";
import { tokenize } from "../../src/util/tokenizer.ts";
import { type Ban, Bans, BANS_MAX, readBan } from "../../src/moderation/bans.ts";
import { HTTP_TIMES, HttpConnection } from "../../src/transport/http.ts";
import type { Socket } from "../../src/transport/socket.ts";
import { findLinks } from "../../src/web/links.js";
import { BLANK_FIELDS, requestWith } from "../transport/blank_fields.ts";
import { HARD_MESSAGES } from "../web/hard_messages.ts";

{
  const group = "parse the argument of a ban, 50,000 characters";
  for (const [name, char, baseline] of [["letters", "a", true], ["full stops", ".", false]] as const) {
    const text = `${char.repeat(50_000)}!`;
    Deno.bench(name, { group, baseline }, () => void readBan(text));
  }
}

for (const [count, baseline] of [[1, true], [BANS_MAX, false]] as const) {
  const bans = new Bans();
  for (let n = 0; n < count; n++) {
    const ban: Ban = { what: `10.${n >> 8}.${n & 255}.0/24`, by: "root", reason: "", since: 0, until: Infinity };
    bans.add(ban);
  }
  Deno.bench(
    `${count} bans`,
    { group: "find the ban of an address", baseline },
    () => void bans.findByAddress("10.0.0.9"),
  );
}

{
  const group = "match a mask of 120 characters with a text of 500";
  const text = "a".repeat(500);
  for (
    const [name, mask, baseline] of [["letters", "a".repeat(119), true], ["stars", "*a".repeat(60), false]] as const
  ) {
    Deno.bench(name, { group, baseline }, () => void matchesMask(`*${mask}b`, text));
  }
}

for (const [n, { text }] of HARD_MESSAGES.entries()) {
  Deno.bench(text.slice(0, 20), { group: "find links", baseline: n === 0 }, () => void findLinks(text));
}

{
  const length = 32_768;
  const texts = { "letters": "é".repeat(2 * length), "marks": "\u0345".repeat(length) + "\u0334".repeat(length) };
  for (const [name, text] of Object.entries(texts)) {
    const baseline = name === "letters";
    Deno.bench(name, { group: "tokenize 65,536 characters", baseline }, () => void tokenize(text));
    Deno.bench(name, { group: "reject a password of 65,536 characters", baseline }, () => {
      try {
        choose(text);
      } catch {
        // It is too long.
      }
    });
  }
}

/** A client that sends one request, and ignores the response. */
function clientOf(request: string): Socket {
  let unread = Uint8Array.from(request, (char) => char.charCodeAt(0));
  return {
    remoteAddr: { hostname: "192.0.2.1", port: 1 },
    read(buffer) {
      const count = Math.min(unread.length, buffer.length);
      buffer.set(unread.subarray(0, count));
      unread = unread.subarray(count);
      return Promise.resolve(count === 0 ? null : count);
    },
    write: (bytes) => Promise.resolve(bytes.length),
    closeWrite: () => Promise.resolve(),
    close() {},
  };
}

{
  const group = "parse an HTTP request of 8,000 bytes";
  const options = {
    handler: () => new Response("ok\n"),
    schedule: <T>(work: () => T) => work(),
    secure: false,
    onRejected: () => {},
    onError: () => {},
    times: HTTP_TIMES,
  };
  const requests = { "letters": requestWith(BLANK_FIELDS["inside of a value"]![0], "b") };
  const blank = Object.entries(BLANK_FIELDS).map(([name, [field]]) => [`spaces ${name}`, requestWith(field, " ")]);
  for (const [name, request] of [...Object.entries(requests), ...blank] as [string, string][]) {
    Deno.bench(name, { group, baseline: name === "letters" }, async () => {
      await new HttpConnection(clientOf(request), options).run();
    });
  }
}
