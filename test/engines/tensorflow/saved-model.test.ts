import tf, { type Tensor } from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { openSavedModel } from '../../../src/engines/tensorflow/saved-model.ts';
import { importer, type StandIn, unbuilt } from './stand-ins.ts';

const GPU = '@tensorflow/tfjs-node-gpu';
const CPU = '@tensorflow/tfjs-node';
const calls: string[] = [];

/** A package that works and reads SavedModels: this one answers with the first pixel, doubled. */
const reading: StandIn = () => ({
  default: {
    ...tf,
    backend: () => ({ isUsingGpuDevice: false }),
    setBackend: async (name: string) => calls.push(`backend ${name}`),
    node: {
      loadSavedModel: async (folder: string) => ({
        predict: (image: Tensor) => {
          calls.push(`${folder} ${image.dtype} [${image.shape}]`);
          return image.flatten().slice(0, 1).mul(2).toFloat();
        },
        dispose: () => calls.push('dispose'),
      }),
    },
  },
});

it('is read by the first native package that works, on its own backend', async () => {
  const { importPackage, asked } = importer({ [GPU]: unbuilt, [CPU]: reading });
  const runner = await openSavedModel('some/folder', { importPackage });
  expect(asked).toEqual([GPU, CPU]);
  expect(runner?.by).toBe(`${CPU} 4.22.0`);
  expect(await runner?.run(new Uint8Array(12).fill(7))).toEqual(Float32Array.of(14));
  runner?.release();
  expect(calls).toEqual(['backend tensorflow', 'some/folder int32 [1,2,2,3]', 'dispose']);
});

it('is not read where no native package works', async () => {
  const { importPackage } = importer({ [GPU]: unbuilt });
  expect(await openSavedModel('some/folder', { importPackage })).toBeUndefined();
});
