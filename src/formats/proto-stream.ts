/**
 * A protobuf message in pieces whose lengths are known before their bytes are made. A message's
 * length stands before it, so weights inside of messages inside of messages can be written one at a
 * time all the same.
 */
export interface ProtoPiece {
  readonly length: number;
  readonly bytes: () => Uint8Array;
}

export function piece(bytes: Uint8Array): ProtoPiece {
  return { length: bytes.length, bytes: () => bytes };
}

/** A field that holds a message or bytes: its tag, the length, and the pieces of what it holds. */
export function embedded(field: number, pieces: readonly ProtoPiece[]): ProtoPiece[] {
  const LENGTH_DELIMITED = 2;
  const head = [...varint(field * 8 + LENGTH_DELIMITED), ...varint(lengthOf(pieces))];
  return [piece(Uint8Array.from(head)), ...pieces];
}

export function lengthOf(pieces: readonly ProtoPiece[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

/** Base 128, the lowest seven bits first. */
function varint(value: number): number[] {
  const rest = Math.floor(value / 128);
  return rest === 0 ? [value] : [(value % 128) + 128, ...varint(rest)];
}
