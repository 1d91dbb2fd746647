/**
 * Telnet support (RFC 854, RFC 855): removes telnet commands from the input, and hides typed passwords.
 *
 * Telnet clients end lines in CRLF, in LF, or in CR NUL if they send each key at once; CR NUL counts as CRLF (RFC 1123,
 * section 3.3.1). A CR before any other byte does not end a line.
 *
 * Ctrl-C of a telnet client (IAC IP) becomes a line: see `INTERRUPT`. The client shows no output after it until the server has
 * answered the timing mark that it asks for.
 *
 * Other option offers are not answered, so the client remains a plain network virtual terminal, which shows typed lines itself.
 * The only option used is ECHO, to hide passwords while they are typed.
 *
 * The telnet programs of Linux send no command to ports other than 23 before they are asked something (`HIDE_INPUT`), or before
 * Ctrl-C. Until then they cannot be told from nc, and nothing is sent to find out: nc would print it.
 *
 * Only for listeners that expect telnet clients: the byte 0xFF does not occur in UTF-8, but it does in other encodings (in
 * CP1251 it is a letter), and the bytes after it would be lost.
 */

/**
 * Asks the client to hide typed input: WILL ECHO (RFC 857), which announces that the server echoes, though it does not. It
 * is sent to nc as well, because telnet does not identify itself on other ports than 23; the carriage return makes the
 * terminal overwrite it.
 */
export const HIDE_INPUT: Uint8Array<ArrayBuffer> = new Uint8Array([0xff, 0xfb, 0x01, 0x0d]);

/** Asks the client to show typed input again: WONT ECHO. Only for clients that have answered the former. */
export const SHOW_INPUT: Uint8Array<ArrayBuffer> = new Uint8Array([0xff, 0xfc, 0x01]);

/** Answers a request for a timing mark: WONT TIMING-MARK (RFC 860). */
export const NO_TIMING_MARK: Uint8Array<ArrayBuffer> = new Uint8Array([0xff, 0xfc, 0x06]);

const NUL = 0x00;
const ETX = 0x03;
const TIMING_MARK = 0x06;
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const IAC = 0xff; // "interpret as command": begins each command
const SB = 0xfa; // begins a subnegotiation …
const SE = 0xf0; // … which IAC SE ends
const WILL = 0xfb; // WILL, WONT, DO and DONT (0xFB to 0xFE) are followed by an option
const DO = 0xfd;
const DONT = 0xfe;
const IP = 0xf4; // "interrupt process"

const enum State {
  Data,
  Command,
  Option,
  DoOption,
  Subnegotiation,
  SubnegotiationCommand,
}

/** Removes telnet commands from the bytes of one client, wherever they are cut into reads. */
export class TelnetFilter {
  /** Whether a command was received: the client is a telnet client. */
  seen = false;

  /**
   * Whether an option was negotiated. Unlike `seen`, this is not mistaken for letters of CP1251: only options below 32 count,
   * which are no letters.
   */
  negotiates = false;

  /** Whether the last call of `filter` has met a request for a timing mark. */
  timingMark = false;

  #state = State.Data;
  #afterCr = false; // whether the last text byte was a CR

  /**
   * Removes telnet commands from `bytes`, and replaces CR NUL by CRLF and IAC IP by a line.
   *
   * @param bytes The bytes of one read, which may be overwritten.
   * @returns The text, which may be a view of `bytes`. It is at most one byte longer, if it begins with the line of an IAC IP.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { TelnetFilter } from "./telnet.ts";
   *
   * const filter = new TelnetFilter();
   * const text = filter.filter(new Uint8Array([0xff, 0xfd, 0x06, 0x68, 0x69])); // IAC DO TIMING-MARK, "hi"
   * assertEquals(new TextDecoder().decode(text), "hi");
   * ```
   */
  filter(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    this.timingMark = false;
    const commands = this.#state !== State.Data || bytes.includes(IAC);
    if (!commands && !bytes.includes(NUL)) { // nearly always
      if (bytes.length > 0) this.#afterCr = bytes[bytes.length - 1] === CR;
      return bytes;
    }
    this.seen ||= commands;
    let length = 0;
    const text = this.#state === State.Command && bytes[0] === IP ? new Uint8Array(bytes.length + 1) : bytes;
    for (const byte of bytes) {
      switch (this.#state) {
        case State.Data:
          if (byte === IAC) this.#state = State.Command;
          else {
            text[length++] = byte === NUL && this.#afterCr ? LF : byte;
            this.#afterCr = byte === CR;
          }
          break;
        case State.Command:
          if (byte === SB) this.#state = State.Subnegotiation;
          else if (byte === DO) this.#state = State.DoOption;
          else if (byte >= WILL && byte <= DONT) this.#state = State.Option;
          else this.#state = State.Data;
          // IAC IAC is a data byte 0xFF. It is not UTF-8, so decoding replaces it.
          if (byte === IAC) {
            text[length++] = IAC;
            this.#afterCr = false;
          }
          if (byte === IP) {
            text[length++] = ETX;
            text[length++] = LF;
            this.#afterCr = false;
          }
          break;
        case State.DoOption:
          if (byte === TIMING_MARK) this.timingMark = true;
          this.#takeOption(byte);
          break;
        case State.Option:
          this.#takeOption(byte);
          break;
        case State.Subnegotiation:
          if (byte === IAC) this.#state = State.SubnegotiationCommand;
          break;
        case State.SubnegotiationCommand:
          this.#state = byte === SE ? State.Data : State.Subnegotiation;
          break;
      }
    }
    return text.subarray(0, length);
  }

  #takeOption(option: number) {
    if (option < SPACE && option !== LF && option !== CR && option !== TAB) this.negotiates = true;
    this.#state = State.Data;
  }
}
