/**
 * Has the protocols in all tests use a delayed chat. Loaded before each test file: see `delayed_test.ts`.
 */
import { delayedInTests } from "../delayed_chat.ts";

/** The tests that do not hold on a delayed chat, by the reason. */
const NOT_DELAYED: Readonly<Record<string, readonly string[]>> = {
  "they have a delayed chat of their own": ["promises: ", "delayed: "],
  "they expect the greeting before the call returns that connects a client": [
    "nick: changes the nickname, or replies why it cannot",
    "text: the greeting ",
    "text: a client that cannot join the lobby gets the error and leaves no member behind",
    "text: joining a room shows its last 20 lines with their times",
    "text: a line said while a client joins is replayed or delivered, and not both",
    "text: the host of a member is the one that hostOf returns",
    "text: joins and departures are shown only in rooms of up to `announce` members",
    "truncate: a long history is rendered only as far as the reply has room",
    "truncate: /search, /rooms, /mode b and the lines shown on joining are cut as well",
  ],
  "what is done first is another of two things that happen at once": [
    "NAMES: may be interrupted after a channel",
    "account races: DROP forgets all of an account whose client has disconnected",
    "drop: /drop #ROOM asks again, deletes the room with its history, and members are in the lobby",
  ],
  "a room that another device has renamed or deleted meanwhile is found when the command is applied, or not (442 in place of 403)":
    [
      "sessions: of two devices that rename a room at once, the first one does",
      "sessions: of two devices that delete a room at once, one does, after each was asked",
    ],
  "a bug in the chat is met when a line is applied, and not in the session": [
    "failures: an error that is a bug ends the session, and is not hidden by a reply",
  ],
};

const left = Object.values(NOT_DELAYED).flat();
const register = Deno.test as unknown as (...args: unknown[]) => void;

delayedInTests.on = true;
Object.assign(Deno, {
  test: Object.assign((...args: unknown[]) => {
    const [first] = args;
    if (typeof first !== "string" || !left.some((name) => first.startsWith(name))) register(...args);
  }, Deno.test),
});
