import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VggtuneError } from '../../src/base/errors.ts';
import { memorySource } from '../../src/formats/byte-source.ts';
import { float16 } from '../../src/formats/dtype.ts';
import {
  openSafetensors,
  readSafetensors,
  readSafetensorsHeader,
  writeSafetensors,
} from '../../src/formats/safetensors.ts';
import golden from '../golden/float16.json' with { type: 'json' };
import { damagedCopies, randomBytes, survives } from './fuzz.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safetensors-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A file by hand: what the header says and what follows it. */
function fileOf(header: unknown, data: Uint8Array): Uint8Array {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Uint8Array.from(Buffer.concat([length, json, data]));
}

const row = (dtype: string, shape: number[], begin: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

async function refusal(bytes: Uint8Array): Promise<VggtuneError> {
  const error = await openSafetensors(memorySource(bytes, 'x.safetensors')).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(VggtuneError);
  return error as VggtuneError;
}

describe('reading and writing', () => {
  const tensors = new Map([
    ['b', { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
    ['a', { shape: [], data: Float32Array.of(-0.5) }],
    ['empty', { shape: [0, 4], data: new Float32Array(0) }],
  ]);

  test('gives back what was written, in its order', async () => {
    const path = join(folder, 'round.safetensors');
    await writeSafetensors(path, tensors, { made: 'here' });
    const back = await readSafetensors(path);
    expect([...back.tensors]).toEqual([...tensors]);
    expect(back.metadata).toEqual({ made: 'here' });
    expect((await readSafetensorsHeader(path)).dataStart % 8).toBe(0);
    expect(await readdir(folder)).toEqual(['round.safetensors']);
  });

  test('reads only what is named, in the order asked for', async () => {
    const path = join(folder, 'some.safetensors');
    await writeSafetensors(path, tensors);
    const { tensors: some } = await readSafetensors(path, { names: ['a', 'b'] });
    expect([...some.keys()]).toEqual(['a', 'b']);
    await expect(readSafetensors(path, { names: ['c'] })).rejects.toThrow(/no tensor "c"/);
  });

  test('the bytes are those that the format wants', async () => {
    const path = join(folder, 'bytes.safetensors');
    await writeSafetensors(path, new Map([['x', { shape: [1], data: Float32Array.of(1) }]]));
    const bytes = await readFile(path);
    const length = Number(bytes.readBigUInt64LE(0));
    expect(JSON.parse(bytes.toString('utf8', 8, 8 + length))).toEqual({ x: row('F32', [1], 0, 4) });
    expect([...bytes.subarray(8 + length)]).toEqual([0, 0, 0x80, 0x3f]);
  });

  test('a write that fails leaves what was there', async () => {
    const path = join(folder, 'kept.safetensors');
    await writeFile(path, 'before');
    const broken = new Map([
      [
        'x',
        {
          shape: [1],
          get data(): Float32Array {
            throw new Error('gone');
          },
        },
      ],
    ]);
    await expect(writeSafetensors(path, broken)).rejects.toThrow('gone');
    expect(await readFile(path, 'utf8')).toBe('before');
  });

  test('there is no such file', async () => {
    await expect(readSafetensors(join(folder, 'none'))).rejects.toThrow(/there is no file/);
    await expect(readSafetensors(folder)).rejects.toThrow(/is not a file/);
  });
});

describe('conversion', () => {
  test("every half is numpy's", () => {
    const floats = Float32Array.from({ length: 65536 }, (_, bits) => {
      const value = float16(bits);
      return Number.isNaN(value) ? 0 : value;
    });
    const digest = createHash('sha256').update(new Uint8Array(floats.buffer)).digest('hex');
    expect(digest).toBe(golden.sha256);
  });

  test.each<[string, Uint8Array]>([
    ['F64', new Uint8Array(Float64Array.of(1.5, -2, 0.1).buffer)],
    ['F16', new Uint8Array(Uint16Array.of(0x3e00, 0xc000, 0x2e66).buffer)],
    ['BF16', new Uint8Array(Uint16Array.of(0x3fc0, 0xc000, 0x3dcd).buffer)],
  ])('%s becomes float32', async (dtype, data) => {
    const bytes = fileOf({ x: row(dtype, [3], 0, data.length) }, data);
    const file = await openSafetensors(memorySource(bytes));
    const { data: values } = await file.read('x');
    expect(values[0]).toBe(1.5);
    expect(values[1]).toBe(-2);
    expect(values[2]).toBeCloseTo(0.1, 3);
  });

  test('a tensor larger than the conversion buffer is whole', async () => {
    const count = 2 ** 21 * 2 + 3;
    const halves = new Uint16Array(count).map(
      (_, index) => [0x3c00, 0x4000, 0x4200][index % 3] ?? 0,
    );
    const data = new Uint8Array(halves.buffer);
    const file = await openSafetensors(
      memorySource(fileOf({ x: row('F16', [count], 0, data.length) }, data)),
    );
    const { data: values } = await file.read('x');
    expect(values.findIndex((value, index) => value !== (index % 3) + 1)).toBe(-1);
  });

  test('whole numbers are listed but not read', async () => {
    const file = await openSafetensors(
      memorySource(fileOf({ x: row('I64', [1], 0, 8) }, new Uint8Array(8))),
    );
    expect(file.tensors.get('x')?.dtype).toBe('int64');
    await expect(file.read('x')).rejects.toThrow(/does not hold floats/);
  });
});

describe('hostile files', () => {
  test.each<[string, Uint8Array]>([
    ['empty', new Uint8Array(0)],
    ['shorter than a length', new Uint8Array(5)],
    ['no JSON', fileOf('{"x":', new Uint8Array(0))],
    ['a list', fileOf([], new Uint8Array(0))],
    ['deep', fileOf('['.repeat(100_000), new Uint8Array(0))],
    ['unknown dtype', fileOf({ x: row('F7', [1], 0, 4) }, new Uint8Array(4))],
    ['inherited dtype', fileOf({ x: row('toString', [1], 0, 4) }, new Uint8Array(4))],
    ['no row', fileOf({ x: null }, new Uint8Array(4))],
    ['out of range', fileOf({ x: row('F32', [2], 0, 8) }, new Uint8Array(4))],
    ['negative', fileOf({ x: row('F32', [-1], 0, -4) }, new Uint8Array(4))],
    ['backwards', fileOf({ x: row('F32', [1], 4, 0) }, new Uint8Array(4))],
    ['shape against bytes', fileOf({ x: row('F32', [2], 0, 4) }, new Uint8Array(4))],
    ['huge shape', fileOf({ x: row('F32', [2 ** 40, 2 ** 40], 0, 4) }, new Uint8Array(4))],
    [
      'overlap',
      fileOf({ x: row('F32', [2], 0, 8), y: row('F32', [2], 4, 12) }, new Uint8Array(12)),
    ],
    [
      'the same twice',
      fileOf({ x: row('F32', [1], 0, 4), y: row('F32', [1], 0, 4) }, new Uint8Array(4)),
    ],
    ['a hole', fileOf({ x: row('F32', [1], 4, 8) }, new Uint8Array(8))],
    ['bytes behind', fileOf({ x: row('F32', [1], 0, 4) }, new Uint8Array(8))],
  ])('%s is refused', async (_, bytes) => {
    const error = await refusal(bytes);
    expect(error.exitCode).toBe(3);
    expect(error.details.where).toBe('x.safetensors');
  });

  test('a header of 2^60 bytes is refused before memory is taken', async () => {
    const bytes = new Uint8Array(64);
    new DataView(bytes.buffer).setBigUint64(0, 2n ** 60n, true);
    expect((await refusal(bytes)).details.found).toContain(String(2n ** 60n));
  });

  const valid = fileOf(
    { __metadata__: { a: 'b' }, x: row('F32', [2], 0, 8), y: row('F16', [2, 2], 8, 16) },
    new Uint8Array(16),
  );

  test('the valid file is read', async () => {
    expect(await survives(openSafetensors, valid)).toBe(true);
  });

  test('damage gives a typed error or another valid file, never anything else', async () => {
    const files = fc.oneof(damagedCopies(valid, [0, valid.length - 16]), randomBytes);
    await fc.assert(
      fc.asyncProperty(files, async (bytes) => void (await survives(openSafetensors, bytes))),
      { numRuns: 1000 },
    );
  });
});
