import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/base/events.ts';
import { openEngine, probeEngines } from '../../src/engines/index.ts';
import { expectDevice } from '../../src/engines/onnx/device-errors.ts';
import { supportedDevices } from '../../src/engines/onnx/devices.ts';
import { importer, onNode23, type StandIn, unbuilt, working } from './tensorflow/stand-ins.ts';

const GPU = '@tensorflow/tfjs-node-gpu';
const CPU = '@tensorflow/tfjs-node';
const JS = '@tensorflow/tfjs';

async function choose(name: string, device: string, packages: Record<string, StandIn>) {
  const notes: string[] = [];
  const { asked, importPackage } = importer(packages);
  const emit = (event: RunEvent) => {
    if (event.type === 'note') notes.push(event.message);
  };
  const engine = await openEngine(name, device, { importPackage, emit, node: 'v23.1.0' });
  return { chosen: `${engine.name} ${engine.device}`, notes, asked };
}

describe('--engine auto', () => {
  it('takes a TensorFlow GPU that works, and says why', async () => {
    const { chosen, notes } = await choose('auto', 'auto', { [GPU]: working(true) });
    expect(chosen).toBe('tensorflow gpu');
    expect(notes).toEqual([`engine: tensorflow on gpu; ${GPU} sees a GPU`]);
  });

  it.each([
    ['not installed', {}, 'it is not installed'],
    ['no GPU', { [GPU]: working(false), [CPU]: working(false) }, 'sees no GPU'],
    ['not built', { [GPU]: unbuilt }, 'native binding was not built'],
    ['a Node that is too new', { [GPU]: onNode23 }, 'does not support Node v23.1.0'],
  ])('takes ONNX Runtime otherwise, and says why: %s', async (_what, packages, why) => {
    const { chosen, notes, asked } = await choose('auto', 'auto', packages);
    expect(chosen).toBe('onnx cpu');
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/^engine: onnx on cpu; no TensorFlow GPU/);
    expect(notes[0]).toContain(why);
    expect(asked).toEqual([GPU]);
  });

  it('follows a device that only one engine has', async () => {
    expect((await choose('auto', 'cpu', { [GPU]: working(true) })).chosen).toBe('onnx cpu');
    expect((await choose('auto', 'js', { [JS]: working(false) })).chosen).toBe('tensorflow js');
    const failed = choose('auto', 'gpu', { [GPU]: working(false), [CPU]: working(false) });
    await expect(failed).rejects.toMatchObject({ exitCode: 5 });
  });
});

describe('an engine by name', () => {
  it('says which package it runs on, and what it passed over', async () => {
    const { chosen, notes } = await choose('tensorflow', 'auto', { [CPU]: working(false) });
    expect(chosen).toBe('tensorflow cpu');
    expect(notes[0]).toBe(
      `engine: tensorflow on cpu (${CPU} 4.22.0); not ${GPU}: it is not installed`,
    );
  });

  it.each([
    ['onnx', 'gpu'],
    ['onnx', 'js'],
    ['tensorflow', 'cuda'],
    ['tensorflow', 'gpu'],
    ['abacus', 'cpu'],
  ])('exits 5 where there is no such thing: %s on %s', async (name, device) => {
    await expect(choose(name, device, {})).rejects.toMatchObject({ exitCode: 5 });
  });
});

describe('a device of ONNX Runtime', () => {
  const build = (...names: string[]) => names.map((name) => ({ name, bundled: true }));

  it('is offered where the build has it', () => {
    expect(supportedDevices(build('cpu', 'dml', 'webgpu', 'tensorrt'))).toEqual([
      'cpu',
      'webgpu',
      'dml',
    ]);
    expect(() => expectDevice('coreml', supportedDevices(build('cpu', 'webgpu')))).toThrow(
      expect.objectContaining({
        exitCode: 5,
        message: 'the onnx engine has no device "coreml"',
        details: expect.objectContaining({ expected: expect.stringMatching(/: cpu, webgpu$/) }),
      }),
    );
  });

  it('works, or is an error with a cure, and never the CPU instead', async () => {
    const { importPackage } = importer({});
    const reports = await probeEngines({ importPackage });
    const onnx = reports.filter(({ engine }) => engine === 'onnx');
    expect(onnx.map(({ device }) => device)).toEqual(supportedDevices());
    expect(onnx[0]).toMatchObject({ device: 'cpu', state: 'works' });
    for (const { device = '', state, reason, cure } of onnx) {
      if (state === 'works') {
        expect((await openEngine('onnx', device)).device).toBe(device);
        continue;
      }
      expect(reason).not.toBe('');
      await expect(openEngine('onnx', device)).rejects.toMatchObject({
        exitCode: 5,
        details: { fix: cure },
      });
    }
    const others = reports.filter(({ engine }) => engine === 'tensorflow');
    expect(others.map(({ state }) => state)).toEqual(['absent', 'absent', 'absent']);
  });
});
