import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type TensorBoardValue, tensorBoardRecord } from '../../src/formats/tensorboard-events.ts';
import { crc32c } from '../../src/formats/tf-record.ts';

interface Golden {
  readonly records: readonly {
    readonly value: TensorBoardValue;
    readonly step: number;
    readonly time: number;
    readonly hex: string;
  }[];
  readonly checksums: readonly { readonly hex: string; readonly crc32c: number }[];
}
const golden: Golden = JSON.parse(readFileSync('test/golden/tensorboard-events.json', 'utf8'));

describe('event files', () => {
  it.each(golden.records)('have the bytes that TensorBoard writes: $value', (record) => {
    const { value, step, time, hex } = record;
    expect(Buffer.from(tensorBoardRecord(value, { step, time })).toString('hex')).toBe(hex);
  });

  it.each(golden.checksums)('have the checksum of TensorBoard: $hex', ({ hex, crc32c: sum }) => {
    expect(crc32c(Buffer.from(hex, 'hex'))).toBe(sum);
  });

  it('have the checksum that the standard gives for 32 zeros (RFC 3720, B.4)', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  });
});
