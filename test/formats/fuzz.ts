import fc from 'fast-check';
import { VggtuneError } from '../../src/base/errors.ts';
import { type ByteSource, memorySource } from '../../src/formats/byte-source.ts';
import { readTensors, type TensorFile } from '../../src/formats/tensor-file.ts';

export type Opener = (source: ByteSource) => Promise<TensorFile>;

/** Reads everything; true when that works, false on a typed error. Any other error is thrown on. */
export async function survives(open: Opener, bytes: Uint8Array): Promise<boolean> {
  let file: TensorFile | undefined;
  try {
    file = await open(memorySource(bytes, 'fuzzed'));
    await readTensors(file);
    return true;
  } catch (error) {
    if (error instanceof VggtuneError && error.kind === 'data') return false;
    throw error;
  } finally {
    await file?.close();
  }
}

/**
 * A valid file that was cut, or had bytes changed: mostly in its index, where damage is interesting.
 * @param index [start, end) of the bytes that describe the tensors
 */
export function damagedCopies(
  valid: Uint8Array,
  index: readonly [number, number],
): fc.Arbitrary<Uint8Array> {
  const anywhere = fc.nat({ max: valid.length - 1 });
  const inIndex = fc.integer({ min: index[0], max: index[1] - 1 });
  const change = fc.tuple(fc.oneof(inIndex, inIndex, anywhere), fc.nat({ max: 255 }));
  const changed = fc.array(change, { minLength: 1, maxLength: 6 }).map((changes) => {
    const copy = Uint8Array.from(valid);
    for (const [at, value] of changes) copy[at] = value;
    return copy;
  });
  const cut = anywhere.map((length) => valid.slice(0, length));
  return fc.oneof(changed, changed, changed, cut);
}

export const randomBytes = fc.uint8Array({ maxLength: 4000 });
