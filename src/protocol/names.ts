/** What a valid name consists of, in words for users. */
import { NICK_BYTES, NICK_MAX, ROOM_BYTES, ROOM_MAX } from "../chat/names.ts";

/** What a nickname may have. */
export const NICK_RULE =
  `use 1 to ${NICK_MAX} letters and digits of one script or _-[]{}\\|^\`, at most ${NICK_BYTES} bytes; it cannot start with a digit or -`;

/** What the name of a room may have. */
export const ROOM_RULE = `use # and 1 to ${
  ROOM_MAX - 1
} characters, at most ${ROOM_BYTES} bytes, without spaces or commas, each word in one script`;
