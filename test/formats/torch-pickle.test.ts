import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VggtuneError } from '../../src/base/errors.ts';
import { sizeOf } from '../../src/base/tensor.ts';
import { memorySource } from '../../src/formats/byte-source.ts';
import { unpickle } from '../../src/formats/pickle.ts';
import type { TensorFile } from '../../src/formats/tensor-file.ts';
import { openTorch } from '../../src/formats/torch-pickle.ts';
import { STATE_DICT_CONSTRUCTORS } from '../../src/formats/torch-records.ts';
import { damagedCopies, randomBytes, survives } from './fuzz.ts';

const fixture = (name: string) => readFile(new URL(`../fixtures/torch/${name}`, import.meta.url));
const open = async (name: string): Promise<TensorFile> =>
  openTorch(memorySource(await fixture(name), name));

/** The formula of fixtures/torch/make.py. */
const values = (n: number, count: number) =>
  Array.from({ length: count }, (_, i) => ((37 * i + 11 * n) % 101) / 8 - 6);

const FORMS = ['', '-legacy'];

describe.each(FORMS)('state dicts%s', (form) => {
  test.each<[string, string, number, number[]]>([
    ['a.weight', 'float32', 0, [4, 3, 3, 3]],
    ['a.bias', 'float32', 1, [4]],
    ['half', 'float16', 2, [5, 2]],
    ['bfloat', 'bfloat16', 3, [7]],
    ['double', 'float64', 4, [2, 2]],
  ])('%s of %s', async (name, dtype, n, shape) => {
    for (const file of [await open(`plain${form}.pth`), await open(`wrapped${form}.pth`)]) {
      expect(file.tensors.get(name)).toEqual({ shape, dtype });
      const { data } = await file.read(name);
      expect([...data]).toEqual(values(n, sizeOf(shape)));
    }
  });

  test('whole numbers are listed and not read', async () => {
    const file = await open(`plain${form}.pth`);
    expect(file.tensors.get('count')).toEqual({ shape: [], dtype: 'int64' });
    await expect(file.read('count')).rejects.toThrow(/does not hold floats/);
    await expect(file.read('none')).rejects.toThrow(/no tensor "none"/);
  });

  test('views: transposed, cut out, channels last, scalar', async () => {
    const file = await open(`strided${form}.pth`);
    const shared = values(5, 24);
    const at = (row: number, column: number) => shared[row * 4 + column];
    expect([...(await file.read('whole')).data]).toEqual(shared);
    const transposed = await file.read('transposed');
    expect(transposed.shape).toEqual([4, 6]);
    expect([...transposed.data]).toEqual(
      Array.from({ length: 24 }, (_, i) => at(i % 6, Math.floor(i / 6))),
    );
    expect([...(await file.read('part')).data]).toEqual(
      [2, 3, 4].flatMap((row) => [at(row, 1), at(row, 2)]),
    );
    expect([...(await file.read('last')).data]).toEqual(values(6, 120));
    expect([...(await file.read('scalar')).data]).toEqual(values(7, 1));
    expect([...(await file.read('parameter')).data]).toEqual(values(8, 3));
  });

  test('a file that would run a program is refused by the name of the program', async () => {
    await expect(open(`evil${form}.pth`)).rejects.toThrow(/"posix.system"/);
    expect(existsSync('/tmp/vggtune-was-here')).toBe(false);
  });

  test('a dict without tensors is refused, with its keys', async () => {
    const error = await open(`other${form}.pth`).catch((thrown: unknown) => thrown);
    expect((error as VggtuneError).details.found).toContain('epoch,names');
  });
});

test('a whole model is refused by the name of its class', async () => {
  await expect(open('module.pth')).rejects.toThrow(/torch\.nn\.modules\.linear\.Linear/);
});

test("a pickle that is not torch's, and an empty file", async () => {
  await expect(open('other-pickle.pkl')).rejects.toThrow(VggtuneError);
  await expect(openTorch(memorySource(new Uint8Array(0)))).rejects.toThrow(VggtuneError);
});

describe('constructors', () => {
  const attempt = (bytes: Uint8Array) =>
    unpickle(bytes, { where: 'x.pth', constructors: STATE_DICT_CONSTRUCTORS });
  const ascii = (text: string) => [...Buffer.from(text)];

  test('any name but those of a state dict is refused by name, however it is asked for', () => {
    const word = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.]{0,20}$/);
    fc.assert(
      fc.property(word, word, fc.boolean(), (module, name, onStack) => {
        fc.pre(!STATE_DICT_CONSTRUCTORS.has(`${module}.${name}`));
        const short = (text: string) => [0x8c, text.length, ...ascii(text)];
        const asked = onStack
          ? [...short(module), ...short(name), 0x93]
          : [0x63, ...ascii(`${module}\n${name}\n`)];
        // With and without the call: the name alone is refused.
        for (const rest of [[0x29, 0x52, 0x2e], [0x2e]]) {
          expect(() => attempt(Uint8Array.from([0x80, 2, ...asked, ...rest]))).toThrow(
            JSON.stringify(`${module}.${name}`),
          );
        }
      }),
    );
  });

  test.each([
    ['an integer of a gigabyte', [0x8b, 0, 0, 0, 0x40]],
    ['a text of four gigabytes', [0x58, 255, 255, 255, 255]],
    ['a text of 2^63 bytes', [0x8d, 0, 0, 0, 0, 0, 0, 0, 0x80]],
    ['an inherited name', [0x63, ...Buffer.from('__proto__\nconstructor\n'), 0x2e]],
    ['calling a number', [0x4b, 1, 0x29, 0x52, 0x2e]],
    ['calling a storage type', [0x63, ...Buffer.from('torch\nFloatStorage\n'), 0x29, 0x52, 0x2e]],
    ['an empty stack', [0x52]],
    ['an unknown operation', [0xff]],
    ['the instance operation', [0x28, 0x69, ...Buffer.from('os\nsystem\n'), 0x2e]],
    ['a loop of operations without end', Array.from({ length: 600_000 }, () => 0x4e)],
  ])('%s is refused', (_, bytes) => {
    expect(() => attempt(Uint8Array.from(bytes))).toThrow(VggtuneError);
  });

  test('a tensor that claims more than its storage is refused', async () => {
    const valid = await fixture('plain-legacy.pth');
    // The shape (4, 3, 3, 3) as BININT1s; the first 4 becomes 200.
    const at = valid.indexOf(Buffer.from([0x28, 0x4b, 4, 0x4b, 3, 0x4b, 3, 0x4b, 3]));
    expect(at).toBeGreaterThan(0);
    valid[at + 2] = 200;
    await expect(openTorch(memorySource(valid))).rejects.toThrow(VggtuneError);
  });
});

test.each(['plain.pth', 'strided-legacy.pth'])('damage to %s gives typed errors', async (name) => {
  const valid = Uint8Array.from(await fixture(name));
  expect(await survives(openTorch, await fixture('strided.pth'))).toBe(true);
  const files = fc.oneof(damagedCopies(valid, [0, Math.min(valid.length, 1200)]), randomBytes);
  await fc.assert(
    fc.asyncProperty(files, async (bytes) => void (await survives(openTorch, bytes))),
    { numRuns: 1500 },
  );
  const directory = damagedCopies(valid, [Math.max(0, valid.length - 600), valid.length]);
  await fc.assert(
    fc.asyncProperty(directory, async (bytes) => void (await survives(openTorch, bytes))),
    { numRuns: 1000 },
  );
});
