import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/base/events.ts';
import type { NamedTensors } from '../../src/base/tensor.ts';
import { Settings } from '../../src/config/settings.ts';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import { train } from '../../src/pipeline/train.ts';
import { relativeError } from '../engines/onnx/closeness.ts';
import { testStorage } from '../storage.ts';
import { pictureFolder, temporaryFolder } from './pictures.ts';

let home: string;
let data: string;
const cacheBefore = process.env.VGGTUNE_CACHE;

beforeAll(async () => {
  home = await temporaryFolder();
  process.env.VGGTUNE_CACHE = join(home, 'cache');
  data = await pictureFolder(3, join(home, 'pictures'));
});

afterAll(async () => {
  if (cacheBefore === undefined) delete process.env.VGGTUNE_CACHE;
  else process.env.VGGTUNE_CACHE = cacheBefore;
  await rm(home, { recursive: true, force: true });
});

interface Run {
  readonly name: string;
  readonly engine: 'onnx' | 'tensorflow';
  readonly strategy: 'scratch' | 'top';
  readonly resume?: boolean;
  /** Interrupts the run after so many steps. */
  readonly steps?: number;
}

/** Trains in a run folder of its own, and says what was noted and how many steps were made. */
async function run({ name, engine, strategy, resume = false, steps = Infinity }: Run) {
  const controller = new AbortController();
  const notes: string[] = [];
  let made = 0;
  const emit = (event: RunEvent) => {
    if (event.type === 'note') notes.push(event.message);
    if (event.type === 'step' && ++made === steps) controller.abort();
  };
  const values = {
    ...{ data, out: join(home, name), backbone: 'vgg-nano', strategy, engine },
    device: engine === 'tensorflow' ? 'js' : 'cpu',
    weights: strategy === 'scratch' ? 'random' : join(home, 'start', 'model', 'model.safetensors'),
    ...{
      epochs: strategy === 'top' ? 2 : 1,
      warmupEpochs: strategy === 'top' ? 1 : 0,
      batchSize: 2,
      schedule: { kind: 'constant' },
    },
    optimizer: { kind: 'sgd', learningRate: 0.01 },
    // Of two engines' features a solved head differs by more than rounding: its search ends a step sooner or later.
    head: { kind: 'linear', fit: 'steps' },
    refit: 'never',
    augment: { crop: null, flip: 0.5, views: 0 },
    image: { size: 32 },
    export: ['safetensors'],
  } as const;
  const done = train({
    settings: Settings.of({ origin: 'test', values }),
    storage: testStorage(),
    resume,
    signal: controller.signal,
    emit,
  });
  if (steps === Infinity) await done;
  else await expect(done).rejects.toMatchObject({ exitCode: 130 });
  return { notes, made };
}

const weightsOf = async (name: string): Promise<NamedTensors> =>
  (await readSafetensors(join(home, name, 'model', 'model.safetensors'))).tensors;

async function expectSame(name: string, reference: string): Promise<void> {
  const [found, expected] = [await weightsOf(name), await weightsOf(reference)];
  expect([...found.keys()]).toEqual([...expected.keys()]);
  for (const [tensor, { data: numbers }] of expected) {
    expect(relativeError(found.get(tensor)?.data ?? [], numbers), tensor).toBeLessThan(1e-3);
  }
}

describe.each(['scratch', 'top'] as const)('a whole run: %s', (strategy) => {
  it('begun on one engine and interrupted is resumed on the other, and ends the same', async () => {
    if (strategy === 'top') await run({ name: 'start', engine: 'onnx', strategy: 'scratch' });
    const whole = await run({ name: `${strategy} onnx`, engine: 'onnx', strategy });
    for (const [first, second] of [
      ['onnx', 'tensorflow'],
      ['tensorflow', 'onnx'],
    ] as const) {
      const name = `${strategy} ${first} then ${second}`;
      const steps = whole.made - 2;
      await run({ name, engine: first, strategy, steps });
      const rest = await run({ name, engine: second, strategy, resume: true });
      expect(rest.made).toBeGreaterThan(0);
      expect(rest.made).toBeLessThan(whole.made);
      const note = expect.stringContaining('engine: tensorflow on js');
      if (second === 'tensorflow') expect(rest.notes).toContainEqual(note);
      const moved = { onnx: 'left on tensorflow on js', tensorflow: 'left on onnx on cpu' }[second];
      expect(rest.notes).toContainEqual(expect.stringContaining(moved));
      await expectSame(name, `${strategy} onnx`);
    }
  });
});
