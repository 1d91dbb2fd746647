/**
 * Readers of flag values: each turns the text of a flag or of an environment variable into a typed value.
 */
import { AddressSet } from "../util/address_ranges.ts";
import { KEEP_PRIVATE, type KeepPrivate } from "../chat/conversations.ts";
import { isNick } from "../chat/names.ts";
import { parseDuration } from "../util/duration.ts";

/** Reads the values of one kind of flag. */
export interface Reader<T> {
  /** What is accepted; completes the sentence `it must be …`. */
  readonly accepts: string;
  /** Returns the value, or `undefined` if the text is not accepted. */
  readonly read: (text: string) => T | undefined;
}

/** The type of the values that a reader returns. */
export type ValueOf<R> = R extends Reader<infer T> ? T : never;

const MEBIBYTE = 1024 ** 2;

/** The units of a size (IEC 80000-13), in lower case. */
const UNITS: Readonly<Record<string, number>> = { "": 1, b: 1, kib: 1024, mib: MEBIBYTE, gib: 1024 ** 3 };

/** The largest delay of a timer, in milliseconds; a longer one fires at once. */
const TIMER_MAX = 2 ** 31 - 1;

/** The longest server name in bytes (a host name has at most 63 a label): it prefixes each line to an IRC client. */
const NAME_BYTES_MAX = 63;

/**
 * Accepts every text: what uses the addresses checks them, as errors of this table repeat the text, and they may contain a
 * password.
 */
export const natsServers: Reader<string> = {
  accepts: "URLs of NATS servers, with a comma between them, such as nats://localhost:4222",
  read: (text) => text,
};

/** The name of a cluster: it becomes a part of the subjects of NATS. */
export const clusterName: Reader<string> = {
  accepts: "1 to 32 letters, digits, _ or -",
  read: (text) => /^[A-Za-z0-9_-]{1,32}$/.test(text) ? text : undefined,
};

/** The name of a node, which is a server name on IRC. */
export const nodeName: Reader<string> = {
  accepts: "1 to 32 letters, digits, dots, _ or -, and a letter or digit first",
  read: (text) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/.test(text) ? text : undefined,
};

/** How many servers of NATS store each batch. */
export const replicas: Reader<number> = {
  accepts: "1 or 3",
  read: (text) => text === "1" || text === "3" ? Number(text) : undefined,
};

/** The value of a switch. */
export const yesOrNo: Reader<boolean> = {
  accepts: "yes or no",
  read: (text) => text === "yes" ? true : text === "no" ? false : undefined,
};

/** Accepts every text. */
export const path: Reader<string> = { accepts: "a path", read: (text) => text };

/** Accepts every text: that the room exists is checked when it is exported. */
export const nickname: Reader<string> = {
  accepts: "a nickname",
  read: (text) => isNick(text) ? text : undefined,
};

export const roomName: Reader<string> = { accepts: "the name of a room", read: (text) => text };

/**
 * Accepts every text: the operating system decides when the port is opened. Removes the brackets of an IPv6 address and
 * the final dot of `localhost.`, as both are common in URLs.
 */
export const host: Reader<string> = {
  accepts: "an IP address or a host name",
  read: (text) => text.replace(/^\[(.*)\]$/, "$1").replace(/^localhost\.$/i, "localhost"),
};

/** A TCP port; 0 lets the operating system choose one. */
export const port: Reader<number | "off"> = {
  accepts: 'a number from 0 to 65535, or "off"',
  read(text) {
    if (text === "off") return text;
    return /^\d{1,5}$/.test(text) && Number(text) <= 65535 ? Number(text) : undefined;
  },
};

/** A number above 0, with up to nine decimal places. */
export const positive: Reader<number> = {
  accepts: "a number above 0",
  read: (text) => /^\d{1,9}(\.\d{1,9})?$/.test(text) && Number(text) > 0 ? Number(text) : undefined,
};

/** A duration that a timer can wait for, in milliseconds. */
export const timeout: Reader<number> = {
  accepts: "a time such as 30s or 2m",
  read(text) {
    const time = parseDuration(text);
    return time !== undefined && time <= TIMER_MAX ? time : undefined;
  },
};

/** A duration of any length, in milliseconds. */
export const duration: Reader<number> = { accepts: "a time such as 12h, 90d or 2w", read: parseDuration };

/** Whose private messages are stored. Those who come from a version in which it was a switch learn what to write. */
export const keepPrivate: Reader<KeepPrivate> = {
  accepts: 'one of accounts, all, off ("yes" is "all" now, and "no" is "off")',
  read: oneOf(KEEP_PRIVATE).read,
};

/** A list of web origins (RFC 6454, section 6.2), separated by commas. The empty text is the empty list. */
export const origins: Reader<string[]> = {
  accepts: "URLs without a path, with a comma between them, such as https://chat.example.org",
  read(text) {
    const urls = listed(text);
    return urls.every((url) => URL.canParse(url) && new URL(url).origin === url) ? urls : undefined;
  },
};

/** The URL of a page, without a slash at its end. */
export const pageUrl: Reader<string> = {
  accepts: "a URL such as https://chat.example.org",
  read(text) {
    if (text.length > 150 || !/^https?:\/\/[^\s?#@]+$/.test(text) || !URL.canParse(text)) return undefined;
    return text.replace(/\/+$/, "");
  },
};

/** A list of addresses and networks (RFC 4632, RFC 4291), separated by commas. The empty text is the empty list. */
export const networks: Reader<AddressSet> = {
  accepts: "IP addresses, with a comma between them, such as 127.0.0.1,10.0.0.0/8",
  read(text) {
    try {
      return new AddressSet(listed(text));
    } catch {
      return undefined;
    }
  },
};

/** The server's name: the source of its lines on IRC, where a space would end it and `:` and `@` have a meaning. */
export const serverName: Reader<string> = {
  accepts: `1 to ${NAME_BYTES_MAX} bytes without spaces, and neither a colon nor an @ first`,
  read(text) {
    if (new TextEncoder().encode(text).length > NAME_BYTES_MAX) return undefined;
    return /^[^\p{Z}\p{C}:@][^\p{Z}\p{C}]*$/u.test(text) ? text : undefined;
  },
};

/** A whole number of at least `least`, with up to 15 digits. */
export function wholeNumber(least: number): Reader<number> {
  return {
    accepts: `a whole number, ${least} or more`,
    read: (text) => /^\d{1,15}$/.test(text) && Number(text) >= least ? Number(text) : undefined,
  };
}

/** A number of bytes from `least` to `most`, without a unit. */
export function bytesBetween(least: number, most: number): Reader<number> {
  return {
    accepts: `a number of bytes, ${least} to ${most}`,
    read: (text) => /^\d{1,15}$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : undefined,
  };
}

/** A size of at least `least` bytes, with or without a unit. */
export function size(least: number): Reader<number> {
  const accepts = least < MEBIBYTE
    ? `a number of bytes, ${least} or more, such as 8192, 64KiB or 1MiB`
    : `${least / MEBIBYTE}MiB or more, such as 512MiB or 2GiB`;
  return {
    accepts,
    read(text) {
      const [, digits, unit = ""] = /^(\d{1,12})([a-z]*)$/i.exec(text) ?? [];
      const bytes = Number(digits) * (UNITS[unit.toLowerCase()] ?? NaN);
      return bytes >= least ? bytes : undefined;
    },
  };
}

/** A size of at least `least` MiB. */
export function mebibytes(least: number): Reader<number> {
  return size(least * MEBIBYTE);
}

/** What another reader accepts, or `off`, which is `Infinity`: no limit. */
export function orOff({ accepts, read }: Reader<number>): Reader<number> {
  return { accepts: `${accepts}, or "off"`, read: (text) => text === "off" ? Infinity : read(text) };
}

/** One of a few words. */
export function oneOf<T extends string>(words: readonly T[]): Reader<T> {
  return { accepts: `one of ${words.join(", ")}`, read: (text) => words.find((word) => word === text) };
}

function listed(text: string): string[] {
  return text.split(",").filter((item) => item !== "");
}
