/**
 * Decodes what a terminal sends: keys, pastes and focus events.
 *
 * It knows the sequences of xterm and of terminals that imitate it (tmux, Windows Terminal, VTE, iTerm2, kitty), of rxvt,
 * PuTTY and the Linux console, with modifiers, and `modifyOtherKeys` and `CSI u` of terminals that send them unasked.
 * Mouse reports and answers to queries are read to their end and dropped.
 */

/** A pressed key. */
export interface Key {
  /** "a", "enter", "tab", "up", "pageup", "f1", "escape", "backspace", "space", … */
  readonly name: string;
  readonly ctrl: boolean;
  readonly alt: boolean;
  readonly shift: boolean;
  /** The text that it types; `undefined` for other keys. */
  readonly text?: string;
}

/** What a terminal reports. */
export type Input = { readonly key: Key } | { readonly paste: string } | { readonly focus: boolean };

/** The limit of a paste, in bytes. What is longer is cut. */
export const PASTE_MAX = 1024 * 1024;

/** The limit of an escape sequence, in bytes. A longer one is dropped as it arrives. */
export const SEQUENCE_MAX = 256;

/** The limit of a string such as an answer to a query, in bytes. What follows counts as keys. */
export const STRING_MAX = 4096;

const ESC = 0x1b;
const PASTE_END = "\x1b[201~";

/** Names by the last byte of `CSI … X` and `SS3 X`. */
const BY_LETTER: Readonly<Record<string, string>> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  E: "begin",
  F: "end",
  H: "home",
  M: "enter", // of the number pad, in SS3 only
  P: "f1",
  Q: "f2",
  R: "f3",
  S: "f4",
  Z: "tab", // with shift
};

/** Names by the number of `CSI number ~`. */
const BY_NUMBER: Readonly<Record<number, string>> = {
  1: "home",
  2: "insert",
  3: "delete",
  4: "end",
  5: "pageup",
  6: "pagedown",
  7: "home",
  8: "end",
  11: "f1",
  12: "f2",
  13: "f3",
  14: "f4",
  15: "f5",
  17: "f6",
  18: "f7",
  19: "f8",
  20: "f9",
  21: "f10",
  23: "f11",
  24: "f12",
};

/** The characters of the number pad in application mode, by the last byte of `SS3 X`. */
const KEYPAD = "*+,-./0123456789";

interface Modifiers {
  readonly ctrl?: boolean;
  readonly alt?: boolean;
  readonly shift?: boolean;
}

/** A key that types nothing. */
function named(name: string, { ctrl = false, alt = false, shift = false }: Modifiers = {}): Input {
  return { key: { name, ctrl, alt, shift } };
}

/** The modifiers of a parameter of xterm: 1 + shift 1 + alt 2 + ctrl 4 + meta 8. */
function modifiersOf(parameter: number | undefined): Modifiers {
  const bits = Math.max((parameter ?? 1) - 1, 0);
  return { shift: (bits & 1) !== 0, alt: (bits & 10) !== 0, ctrl: (bits & 4) !== 0 };
}

/** The key of a character, control characters included. */
function ofCharacter(character: string, modifiers: Modifiers = {}): Input | undefined {
  const code = character.codePointAt(0)!;
  if (code === 0x0d) return named("enter", modifiers);
  if (code === 0x09) return named("tab", modifiers);
  if (code === ESC) return named("escape", modifiers);
  if (code === 0x7f) return named("backspace", modifiers);
  if (code === 0) return named("space", { ...modifiers, ctrl: true });
  if (code < 0x20) return named(String.fromCharCode(code + 0x40).toLowerCase(), { ...modifiers, ctrl: true });
  if (code >= 0x80 && code < 0xa0) return undefined;
  const lower = character.toLowerCase();
  const name = character === " " ? "space" : lower;
  const { ctrl = false, alt = false } = modifiers;
  const shift = modifiers.shift === true || lower !== character;
  if (ctrl || alt) return { key: { name, ctrl, alt, shift } };
  return { key: { name, ctrl, alt, shift, text: modifiers.shift === true ? character.toUpperCase() : character } };
}

/** The input of `CSI …`, from the byte after the bracket to the last one. */
function ofControlSequence(sequence: string, alt: boolean): Input | undefined {
  if (sequence === "I") return { focus: true };
  if (sequence === "O") return { focus: false };
  const linux = /^\[([A-E])$/.exec(sequence);
  if (linux !== null) return named(`f${linux[1]!.charCodeAt(0) - 0x40}`, { alt });
  const match = /^([\d;:]*)([~^$@A-Za-z])$/.exec(sequence);
  if (match === null) return undefined;
  // A colon separates sub-parameters, as in the kinds of events of kitty, which are not needed.
  const numbers = match[1]!.split(";").map((each) => each === "" ? undefined : Number.parseInt(each, 10));
  const last = match[2]!;
  const modifiers = modifiersOf(numbers[1]);
  const withAlt = { ...modifiers, alt: alt || modifiers.alt };
  if (last === "u" && numbers[0] !== undefined) return ofCode(numbers[0], withAlt);
  if (last === "~" && numbers[0] === 27 && numbers[2] !== undefined) return ofCode(numbers[2], withAlt);
  if ("~^$@".includes(last)) {
    const name = BY_NUMBER[numbers[0] ?? 0];
    if (name === undefined) return undefined;
    // rxvt tells modifiers by the last byte.
    return named(name, {
      alt: withAlt.alt,
      ctrl: modifiers.ctrl === true || last === "^" || last === "@",
      shift: modifiers.shift === true || last === "$" || last === "@",
    });
  }
  if (last === "Z") return named("tab", { ...withAlt, shift: true });
  if (match[1] === "" && /^[a-d]$/.test(last)) return named(BY_LETTER[last.toUpperCase()]!, { alt, shift: true }); // rxvt
  if (last === "M" || BY_LETTER[last] === undefined) return undefined;
  return named(BY_LETTER[last], withAlt);
}

/** The key of a code point as `CSI u` reports it. Codes of the private use area are keys that are not on all keyboards. */
function ofCode(code: number, modifiers: Modifiers): Input | undefined {
  if (code > 0x10ffff || code >= 0xd800 && code < 0xe000 || code >= 0xe000 && code < 0xf900) return undefined;
  return ofCharacter(String.fromCodePoint(code), modifiers);
}

/** The input of `SS3 X`. */
function ofSingleShift(character: string, alt: boolean): Input | undefined {
  if (/^[a-d]$/.test(character)) return named(BY_LETTER[character.toUpperCase()]!, { alt, ctrl: true }); // rxvt
  const digit = KEYPAD[character.charCodeAt(0) - 0x6a];
  if (digit !== undefined) return ofCharacter(digit, { alt });
  return BY_LETTER[character] === undefined ? undefined : named(BY_LETTER[character], { alt });
}

/** The number of bytes of a character in UTF-8 by its first; 1 for bytes that begin none. */
function lengthOf(byte: number): number {
  return byte >= 0xf0 && byte < 0xf5 ? 4 : byte >= 0xe0 && byte < 0xf0 ? 3 : byte >= 0xc2 && byte < 0xe0 ? 2 : 1;
}

const latin1 = new TextDecoder("latin1");
const utf8 = new TextDecoder();

/** A paste under way: its parts and their bytes, and the last bytes, which may begin its end. */
interface Paste {
  readonly parts: Uint8Array[];
  length: number;
  tail: string;
}

/** A string that is skipped: its bytes so far, and whether the last was ESC. */
interface Skipping {
  length: number;
  escaped: boolean;
}

/** Decodes bytes of a terminal; partial sequences wait for more bytes, a lone ESC for `flush()`. Unknown sequences give nothing. */
export class KeyDecoder {
  /** Bytes of a sequence or character that is not complete yet: at most SEQUENCE_MAX and what arrived last. */
  #pending: Uint8Array = new Uint8Array(0);
  #paste: Paste | undefined;
  /** An answer to a query (`OSC`, `DCS`) while it is skipped. */
  #skipping: Skipping | undefined;
  /** True while a control sequence that is too long is skipped. */
  #isTooLong = false;

  /** Decodes bytes as they arrive. */
  write(bytes: Uint8Array): Input[] {
    const inputs: Input[] = [];
    if (this.#pending.length > 0) {
      const joined = new Uint8Array(this.#pending.length + bytes.length);
      joined.set(this.#pending);
      joined.set(bytes, this.#pending.length);
      bytes = joined;
      this.#pending = new Uint8Array(0);
    }
    for (let at = 0; at < bytes.length;) {
      const length = this.#next(bytes.subarray(at), inputs);
      if (length === 0) {
        this.#pending = bytes.slice(at);
        break;
      }
      at += length;
    }
    return inputs;
  }

  /** True if a lone ESC or an incomplete sequence waits: call `flush()` if no more bytes follow in a moment. */
  get isWaiting(): boolean {
    return this.#pending.length > 0;
  }

  /** Decodes what waits as if nothing followed. A paste goes on until its end, or until `reset()`. */
  flush(): Input[] {
    const pending = this.#pending;
    this.#pending = new Uint8Array(0);
    if (pending[0] !== ESC) return [];
    if (pending.length === 1) return [named("escape")];
    const second = String.fromCharCode(pending[1]!);
    if (pending.length > 2) return [];
    if (pending[1] === ESC) return [named("escape"), named("escape")];
    return second === "[" || second === "O" ? [named(second.toLowerCase(), { alt: true, shift: second === "O" })] : [];
  }

  /** Forgets everything incomplete, such as a paste whose end was lost. */
  reset(): void {
    this.#pending = new Uint8Array(0);
    this.#paste = undefined;
    this.#skipping = undefined;
    this.#isTooLong = false;
  }

  /** Decodes what the bytes begin with. Returns the number of bytes it took, 0 if it is not complete. */
  #next(bytes: Uint8Array, inputs: Input[]): number {
    if (this.#paste !== undefined) return this.#pasted(this.#paste, bytes, inputs);
    if (this.#skipping !== undefined) return this.#skip(this.#skipping, bytes);
    if (this.#isTooLong) {
      const end = bytes.findIndex((byte) => byte >= 0x40 && byte < 0x7f || byte === ESC);
      if (end === -1) return bytes.length;
      this.#isTooLong = false;
      if (bytes[end] !== ESC) return end + 1;
      return end > 0 ? end : this.#next(bytes, inputs);
    }
    if (bytes[0] !== ESC) return this.#character(bytes, 0, false, inputs);
    if (bytes.length === 1) return 0;
    // ESC ESC [ A is Alt-Up on PuTTY and rxvt.
    const start = bytes[1] === ESC && (bytes[2] === 0x5b || bytes[2] === 0x4f) ? 1 : 0;
    if (bytes[1] === ESC && start === 0) {
      if (bytes.length === 2) return 0;
      inputs.push(named("escape"));
      return 1;
    }
    const kind = String.fromCharCode(bytes[start + 1]!);
    if (kind === "[") return this.#controlSequence(bytes, start, inputs);
    if (kind === "O") {
      if (bytes.length < start + 3) return 0;
      const byte = bytes[start + 2]!;
      if (byte < 0x21 || byte > 0x7e) { // Alt-Shift-O, and another key
        inputs.push(named("o", { alt: true, shift: true }));
        return start + 2;
      }
      const input = ofSingleShift(String.fromCharCode(byte), start === 1);
      if (input !== undefined) inputs.push(input);
      return start + 3;
    }
    // Alt-P is a key, unless what follows at once is the start of an answer.
    if (/^(?:\]\d|P[\d>!])/.test(latin1.decode(bytes.subarray(1, 3)))) {
      this.#skipping = { escaped: false, length: 0 };
      return 2;
    }
    return this.#character(bytes, 1, true, inputs);
  }

  /** Decodes a character after `start` bytes, with Alt if an ESC is before it. */
  #character(bytes: Uint8Array, start: number, alt: boolean, inputs: Input[]): number {
    const first = bytes[start]!;
    if (first < 0x80) {
      const input = ofCharacter(String.fromCharCode(first), { alt });
      if (input !== undefined) inputs.push(input);
      return start + 1;
    }
    const length = lengthOf(first);
    for (let i = 1; i < length; i++) {
      const byte = bytes[start + i];
      if (byte === undefined) return 0;
      if ((byte & 0xc0) !== 0x80) return start + i; // an incomplete character is dropped
    }
    if (length > 1) {
      const input = ofCharacter(utf8.decode(bytes.subarray(start, start + length)), { alt });
      if (input !== undefined && !("key" in input && input.key.name === "\ufffd")) inputs.push(input);
    }
    return start + length;
  }

  /** Decodes `ESC [ …`. */
  #controlSequence(bytes: Uint8Array, start: number, inputs: Input[]): number {
    let end = start + 2;
    // The function keys of the Linux console have a second bracket.
    if (bytes[end] === 0x5b) end++;
    while (end < bytes.length && bytes[end]! >= 0x20 && bytes[end]! < 0x40) end++;
    if (end - start > SEQUENCE_MAX) {
      this.#isTooLong = true;
      return end;
    }
    // rxvt ends sequences with $, which is not a last byte elsewhere.
    if (bytes[end - 1] === 0x24 && /^\d+\$$/.test(latin1.decode(bytes.subarray(start + 2, end)))) end--;
    if (end >= bytes.length) return 0;
    const last = bytes[end]!;
    if (last < 0x20 || last > 0x7e) { // not a sequence: what came so far is dropped
      return end;
    }
    const sequence = latin1.decode(bytes.subarray(start + 2, end + 1));
    if (sequence === "M") return bytes.length < end + 4 ? 0 : end + 4; // a mouse report of X10: three bytes follow
    if (sequence === "200~") {
      this.#paste = { parts: [], length: 0, tail: "" };
      return end + 1;
    }
    const input = ofControlSequence(sequence, start === 1);
    if (input !== undefined) inputs.push(input);
    return end + 1;
  }

  /** Takes bytes of a paste, until `ESC [ 201 ~`. */
  #pasted(paste: Paste, bytes: Uint8Array, inputs: Input[]): number {
    // The end may be divided between two writes, so the last bytes are searched again.
    const text = paste.tail + latin1.decode(bytes);
    const found = text.indexOf(PASTE_END);
    const taken = found === -1 ? bytes.length : found + PASTE_END.length - paste.tail.length;
    const part = bytes.slice(0, Math.min(taken, Math.max(PASTE_MAX + PASTE_END.length - paste.length, 0)));
    if (part.length > 0) paste.parts.push(part);
    paste.length += part.length;
    if (found === -1) {
      paste.tail = text.slice(-(PASTE_END.length - 1));
      return taken;
    }
    this.#paste = undefined;
    const all = new Uint8Array(paste.length);
    let at = 0;
    for (const each of paste.parts) {
      all.set(each, at);
      at += each.length;
    }
    const decoded = latin1.decode(all.subarray(-PASTE_END.length));
    const content = decoded === PASTE_END ? all.subarray(0, -PASTE_END.length) : all.subarray(0, PASTE_MAX);
    inputs.push({ paste: utf8.decode(content).replace(/\r\n?/g, "\n") });
    return taken;
  }

  /** Skips bytes of a string until BEL, `ESC \`, or a byte that is in none. */
  #skip(skipping: Skipping, bytes: Uint8Array): number {
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i]!;
      const isEnd = byte === 0x07 || skipping.escaped && byte === 0x5c;
      const isOther = byte < 0x20 && byte !== ESC || byte !== 0x5c && skipping.escaped ||
        ++skipping.length > STRING_MAX;
      if (isEnd || isOther) {
        this.#skipping = undefined;
        // A byte that does not belong to the string is read again, unless nothing would have been taken.
        return isEnd || i === 0 ? i + 1 : i;
      }
      skipping.escaped = byte === ESC;
    }
    return bytes.length;
  }
}
