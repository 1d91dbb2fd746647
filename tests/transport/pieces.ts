/** Frames of a client, including invalid ones. */

/** A frame. By default it is final and masked. */
export interface Piece {
  readonly opcode: number;
  readonly fin?: boolean;
  readonly rsv?: number;
  readonly content?: Uint8Array;
  readonly mask?: Uint8Array | undefined;
}

const MASK = new Uint8Array([0x12, 0x34, 0x56, 0x78]);

/** Encodes a frame. */
export function piece(it: Piece): Uint8Array<ArrayBuffer> {
  const { opcode, fin = true, rsv = 0, content = new Uint8Array(0) } = it;
  const mask = "mask" in it ? it.mask : MASK;
  const length = content.length;
  const size = length < 126 ? [length] : length < 65_536 ? [126, length >> 8, length & 255] : [127, 0, 0, 0, 0];
  if (length >= 65_536) size.push(...[24, 16, 8, 0].map((shift) => (length >>> shift) & 255));
  if (mask !== undefined) size[0]! |= 0x80;
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode, ...size, ...(mask ?? [])];
  const bytes = new Uint8Array(head.length + length);
  bytes.set(head);
  bytes.set(mask === undefined ? content : content.map((byte, n) => byte ^ mask[n % 4]!), head.length);
  return bytes;
}
