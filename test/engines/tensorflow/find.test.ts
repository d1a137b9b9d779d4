import { describe, expect, it } from 'vitest';
import { VggtuneError } from '../../../src/base/errors.ts';
import { findTensorFlow, survey } from '../../../src/engines/tensorflow/find.ts';
import {
  absent,
  importer,
  onNode23,
  type StandIn,
  throwing,
  unbuilt,
  withoutCuda,
  working,
} from './stand-ins.ts';

const GPU = '@tensorflow/tfjs-node-gpu';
const CPU = '@tensorflow/tfjs-node';
const JS = '@tensorflow/tfjs';

async function failure(device: string, packages: Record<string, StandIn>, node = 'v20.20.0') {
  const { importPackage } = importer(packages);
  const error: unknown = await findTensorFlow(device, { importPackage, node }).catch((e) => e);
  if (!(error instanceof VggtuneError)) throw new Error(`no VggtuneError but ${error}`);
  return error;
}

describe('the search', () => {
  it('takes the GPU package first, and no other once it works', async () => {
    const { asked, importPackage } = importer({ [GPU]: working(true), [CPU]: working(false) });
    const { found, misses } = await findTensorFlow('auto', { importPackage });
    expect([found.package, found.device]).toEqual([GPU, 'gpu']);
    expect(found.version).toBe('4.22.0');
    expect([asked, misses]).toEqual([[GPU], []]);
  });

  it('takes the CPU package where there is no GPU package, and says so', async () => {
    const { asked, importPackage } = importer({ [CPU]: working(false), [JS]: working(false) });
    const { found, misses } = await findTensorFlow('auto', { importPackage });
    expect([found.package, found.device]).toEqual([CPU, 'cpu']);
    expect(asked).toEqual([GPU, CPU]);
    expect(misses.map(({ package: name, absent }) => [name, absent])).toEqual([[GPU, true]]);
  });

  it('never comes to plain TensorFlow.js unless it is asked for', async () => {
    for (const device of ['auto', 'gpu', 'cpu']) {
      const { asked, importPackage } = importer({ [JS]: working(false) });
      await expect(findTensorFlow(device, { importPackage })).rejects.toThrow('cannot run on');
      expect(asked).not.toContain(JS);
    }
    const { asked, importPackage } = importer({ [GPU]: working(true), [JS]: working(false) });
    const { found } = await findTensorFlow('js', { importPackage });
    expect([found.package, found.device, asked]).toEqual([JS, 'js', [JS]]);
  });

  it('takes the GPU package for the CPU only where it sees no GPU', async () => {
    const blind = importer({ [GPU]: working(false) });
    const { found } = await findTensorFlow('cpu', blind);
    expect([found.package, found.device, blind.asked]).toEqual([GPU, 'cpu', [CPU, GPU]]);
    const seeing = await failure('cpu', { [GPU]: working(true) });
    expect(seeing.details.fix).toContain('CUDA_VISIBLE_DEVICES=-1');
  });
});

describe('--device gpu', () => {
  it('never falls back to a CPU that would work', async () => {
    const { asked, importPackage } = importer({ [GPU]: working(false), [CPU]: working(false) });
    const error: unknown = await findTensorFlow('gpu', { importPackage }).catch((e) => e);
    expect(error).toBeInstanceOf(VggtuneError);
    expect(error).toMatchObject({
      exitCode: 5,
      message: 'the tensorflow engine cannot run on a GPU',
      details: {
        found: expect.stringContaining('sees no GPU'),
        fix: expect.stringContaining('nvidia-smi'),
      },
    });
    expect(asked).toEqual([GPU]);
  });
});

describe('a package that is there and broken', () => {
  const cases: [string, StandIn, RegExp, RegExp][] = [
    [
      'a Node version',
      onNode23,
      /does not support Node v23\.1\.0.*isNullOrUndefined/,
      /Node 20 or 22/,
    ],
    [
      'no native binding',
      unbuilt,
      /native binding was not built/,
      /npm rebuild @tensorflow\/tfjs-node-gpu/,
    ],
    [
      'a CUDA library',
      withoutCuda,
      /libcudart\.so\.11\.0 is missing/,
      /CUDA 11\.2 and cuDNN 8\.1.*LD_LIBRARY_PATH/,
    ],
    [
      'cuDNN',
      throwing('libcudnn.so.8: cannot open shared object file: No such file or directory'),
      /libcudnn\.so\.8 is missing/,
      /cuDNN 8\.1/,
    ],
    [
      'libtensorflow',
      throwing('libtensorflow.so.2: cannot open shared object file: No such file or directory'),
      /libtensorflow\.so\.2.*is missing/,
      /npm rebuild/,
    ],
    [
      'an old C library',
      throwing("/lib64/libm.so.6: version `GLIBC_2.27' not found (required by tfjs_binding.node)"),
      /GLIBC_2\.27/,
      /newer system/,
    ],
    [
      'a module of its own',
      throwing("Cannot find module '@mapbox/node-pre-gyp'", 'MODULE_NOT_FOUND'),
      /@mapbox\/node-pre-gyp/,
      /npm install/,
    ],
    [
      'something else',
      throwing('boom\nat x'),
      /does not load: boom$/,
      /npm install @tensorflow\/tfjs-node-gpu/,
    ],
    ['other exports', () => ({ default: {} }), /does not export/, /npm install/],
  ];

  it.each(cases)('names the reason and the cure: %s', async (_what, standIn, reason, cure) => {
    const error = await failure('gpu', { [GPU]: standIn }, 'v23.1.0');
    expect(error.exitCode).toBe(5);
    expect(error.details.found).toMatch(reason);
    expect(error.details.fix).toMatch(cure);
  });

  it('is told apart from one that is not installed', async () => {
    const error = await failure('auto', { [GPU]: absent, [CPU]: unbuilt });
    expect(error.details.found).toContain(`${GPU}: it is not installed`);
    expect(error.details.found).toContain(`${CPU}: its native binding`);
    // What is installed and broken is what the user meant to use.
    expect(error.details.fix).toMatch(/^run "npm rebuild @tensorflow\/tfjs-node"/);
  });
});

describe('a report on the machine', () => {
  it('has every package with its state, its reason and its cure', async () => {
    const { importPackage } = importer({
      [GPU]: working(false),
      [CPU]: unbuilt,
      [JS]: working(false),
    });
    const reports = await survey({ importPackage });
    expect(reports.map(({ package: name, state }) => [name, state])).toEqual([
      [GPU, 'broken'],
      [CPU, 'broken'],
      [JS, 'works'],
    ]);
    expect(reports[0]?.trouble?.reason).toContain('no GPU');
    expect(reports[1]?.trouble?.cure).toContain('npm rebuild');
    expect(reports[2]).toMatchObject({ device: 'js', version: '4.22.0' });
  });
});
