import type { Tensor } from '../base/tensor.ts';
import { type ByteSource, expectRange, openFileSource } from './byte-source.ts';
import { readFloats } from './dtype.ts';
import { damagedHdf5, type Hdf5File, openHdf5, readGroup, readMessages } from './hdf5-object.ts';
import { datasetOf } from './hdf5-values.ts';
import { readZipDirectory } from './zip-directory.ts';

/** The variables of a `.keras` file of Keras 3, by path: `layers/conv2d_1/vars/0`. */
export interface KerasArchive {
  /** @throws VggtuneError (data) when it is not there or damaged */
  read(path: string): Promise<Tensor>;
  close(): Promise<void>;
}

/** @throws VggtuneError (data) */
export async function openKerasArchive(path: string): Promise<KerasArchive> {
  const source = await openFileSource(path);
  try {
    const entry = (await readZipDirectory(source)).get('model.weights.h5');
    if (entry === undefined) throw damagedHdf5(source, 'an archive without model.weights.h5');
    const { start, size } = await entry.locate();
    const weights = sliceOf(source, start, size);
    const file = await openHdf5(weights);
    return { read: (name) => readVariable(file, name), close: () => source.close() };
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function readVariable(file: Hdf5File, path: string): Promise<Tensor> {
  let address = file.root;
  for (const name of path.split('/')) {
    const next = (await readGroup(file, address)).get(name);
    if (next === undefined) throw damagedHdf5(file.source, `no variable ${path}`);
    address = next;
  }
  const dataset = datasetOf(file.source, await readMessages(file, address));
  if (dataset === undefined) throw damagedHdf5(file.source, `no array at ${path}`);
  return readFloats(file.source, { name: path, ...dataset });
}

/** A part of a source as one of its own. */
function sliceOf(source: ByteSource, start: number, size: number): ByteSource {
  const slice: ByteSource = {
    where: source.where,
    size,
    fill: async (from, into) => {
      expectRange(slice, from, into.length);
      await source.fill(start + from, into);
    },
    close: () => source.close(),
  };
  return slice;
}
