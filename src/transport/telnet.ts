/**
 * Takes telnet's own bytes out of what a telnet client sends, so that text remains (RFC 854, RFC 855).
 *
 * A telnet may end its lines in CR LF, in LF, or in CR NUL, as it does when it sends each key at once; the last counts as
 * CR LF (RFC 1123, section 3.3.1). A CR before anything else ends nothing.
 *
 * What is offered is not answered: a client that hears nothing stays a plain network virtual terminal, which is what is
 * wanted. The one thing that tincan asks for is that a password is not shown while it is typed.
 *
 * For the doors alone that a telnet may come to. The byte 0xFF never occurs in UTF-8; but a client that writes otherwise
 * may send it (in CP1251 it is a letter), and would lose what follows.
 */

/**
 * Asks a telnet not to show what is typed (RFC 857: that the server will, which it does not). telnet says nothing of
 * itself on a port that is not its own, so nc gets this as well; the carriage return has its terminal write over it.
 */
export const HIDE_INPUT: Uint8Array<ArrayBuffer> = new Uint8Array([0xff, 0xfb, 0x01, 0x0d]);

/** Asks it to show it again. Only for who has said that they are a telnet, as they do on being asked the former. */
export const SHOW_INPUT: Uint8Array<ArrayBuffer> = new Uint8Array([0xff, 0xfc, 0x01]);

const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;
const IAC = 0xff; // "interpret as command": each command begins with it
const SB = 0xfa; // what follows is a subnegotiation …
const SE = 0xf0; // … up to IAC SE
const WILL = 0xfb; // WILL, WONT, DO and DONT (0xFB to 0xFE) are followed by the option they are about
const DONT = 0xfe;

const enum State {
  Data,
  Command,
  Option,
  Subnegotiation,
  SubnegotiationCommand,
}

/** Removes telnet commands from one client's bytes; keeps its place when a command or CR NUL is cut between two reads. */
export class TelnetFilter {
  /** Whether there was one: then the client is a telnet. */
  seen = false;

  #state = State.Data;
  #afterCr = false; // whether the last byte of text was a CR

  /**
   * Removes the telnet commands from `bytes`, and replaces CR NUL by CR LF, in place.
   *
   * @param bytes What was just read; overwritten where there was something to change.
   * @returns The part of `bytes` that holds the text.
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
    const commands = this.#state !== State.Data || bytes.includes(IAC);
    if (!commands && !bytes.includes(NUL)) { // nearly always
      if (bytes.length > 0) this.#afterCr = bytes[bytes.length - 1] === CR;
      return bytes;
    }
    this.seen ||= commands;
    let kept = 0;
    for (const byte of bytes) {
      switch (this.#state) {
        case State.Data:
          if (byte === IAC) this.#state = State.Command;
          else {
            bytes[kept++] = byte === NUL && this.#afterCr ? LF : byte;
            this.#afterCr = byte === CR;
          }
          break;
        case State.Command:
          if (byte === SB) this.#state = State.Subnegotiation;
          else if (byte >= WILL && byte <= DONT) this.#state = State.Option;
          else this.#state = State.Data;
          // IAC IAC is how telnet sends a byte 0xFF of data. It stays, and is replaced later: it is not UTF-8.
          if (byte === IAC) {
            bytes[kept++] = IAC;
            this.#afterCr = false;
          }
          break;
        case State.Option:
          this.#state = State.Data;
          break;
        case State.Subnegotiation:
          if (byte === IAC) this.#state = State.SubnegotiationCommand;
          break;
        case State.SubnegotiationCommand:
          this.#state = byte === SE ? State.Data : State.Subnegotiation;
          break;
      }
    }
    return bytes.subarray(0, kept);
  }
}
