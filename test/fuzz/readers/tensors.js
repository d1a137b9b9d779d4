// The weights files: each goes through the functions by which vggtune reads any of them.

/** @returns {Promise<(bytes: Buffer) => Promise<void>>} opens, and reads every tensor */
export async function tensorReader(load) {
  const { openTensorSource } = await load('formats/open');
  const { memorySource } = await load('formats/byte-source');
  const { VggtuneError } = await load('base/errors');
  return async (bytes) => {
    const file = await openTensorSource(memorySource(bytes, 'input'));
    await allOf(file.tensors.keys(), (name) => file.read(name), VggtuneError);
    await file.close();
  };
}

/** Does something with each, also when one of them is refused; the last refusal is thrown at the end. */
export async function allOf(names, work, typed) {
  let refusal;
  for (const name of names) {
    try {
      await work(name);
    } catch (error) {
      if (!(error instanceof typed)) throw error;
      refusal = error;
    }
  }
  if (refusal !== undefined) throw refusal;
}

/** Some tensors of a few numbers. */
export function someTensors() {
  const tensor = (shape) => {
    const count = shape.reduce((product, size) => product * size, 1);
    return { shape, data: Float32Array.from({ length: count }, (_, i) => i / 4 - 1) };
  };
  return new Map([
    ['conv1_1.weight', tensor([2, 3, 1, 1])],
    ['conv1_1.bias', tensor([2])],
    ['fc8.bias', tensor([])],
  ]);
}

export const words = (...list) => list.map((word) => Buffer.from(word, 'latin1'));
