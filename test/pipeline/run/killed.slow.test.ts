import { spawn } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRng } from '../../../src/base/rng.ts';
import { STRATEGIES } from '../../../src/config/schema.ts';
import { readSafetensors } from '../../../src/formats/safetensors.ts';
import { changedNames } from '../../training/fixtures.ts';
import { pictureFolder, temporaryFolder } from '../pictures.ts';

let home: string;
let data: string;

beforeAll(async () => {
  // Real processes run what is shipped, the built files: `npm test` builds first.
  home = await temporaryFolder();
  data = await pictureFolder(12, join(home, 'pictures'));
  await writeFile(join(home, 'child.mjs'), CHILD);
  // What the other strategies start from.
  expect(await child({ strategy: 'scratch', name: 'start' })).toMatchObject({ by: 0 });
});
afterAll(() => rm(home, { recursive: true, force: true }));

/**
 * Trains; says each step on stdout; on SIGINT it stops as the command line does. It sends the signal to
 * itself, so that the step is the one asked for on a busy machine too.
 */
const CHILD = `
import { train } from ${JSON.stringify(pathToFileURL(resolve('dist/pipeline/train.js')).href)};
import { Settings } from ${JSON.stringify(pathToFileURL(resolve('dist/config/settings.js')).href)};
const { values, resume, end, cache } = JSON.parse(process.argv[2]);
const controller = new AbortController();
process.on('SIGINT', () => controller.abort());
let steps = 0;
const emit = (event) => {
  if (event.type !== 'step') return;
  process.stdout.write('step\\n');
  if (++steps === end?.steps) process.kill(process.pid, end.signal);
};
const settings = Settings.of({ origin: 'test', values });
const storage = { folder: cache };
await train({ settings, storage, resume, emit, signal: controller.signal })
  .catch((error) => { process.exitCode = error.exitCode ?? 1; console.error(error); });
`;

interface ChildOptions {
  readonly strategy: string;
  readonly name: string;
  readonly resume?: boolean;
  /** Sends a signal after so many steps. */
  readonly end?: { readonly signal: NodeJS.Signals; readonly steps: number };
}

interface Ended {
  /** The exit code, or the signal that ended the process. */
  readonly by: number | string | null;
  readonly steps: number;
}

function child(options: ChildOptions): Promise<Ended> {
  const { strategy, name, resume = false, end } = options;
  const values = {
    ...{ data, out: join(home, name), strategy, backbone: 'vgg-nano' },
    weights: strategy === 'scratch' ? 'random' : join(home, 'start', 'model', 'model.safetensors'),
    ...{ epochs: 3, warmupEpochs: strategy === 'all' || strategy === 'top' ? 1 : 0, batchSize: 4 },
    image: { size: 32 },
    augment: { views: 0, flip: 0.5, brightness: 0.2 },
    export: ['safetensors'],
    // A solved head takes no steps to be killed at.
    ...(strategy === 'head' && { head: { fit: 'steps' } }),
  };
  const cache = join(home, `cache-${name}`);
  const started = spawn(
    'node',
    [join(home, 'child.mjs'), JSON.stringify({ values, resume, end, cache })],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let steps = 0;
  started.stdout.on('data', (chunk: Buffer) => {
    steps += chunk.toString().split('\n').length - 1;
  });
  return new Promise((done) =>
    started.on('close', (code, signal) => done({ by: signal ?? code, steps })),
  );
}

const weightsOf = async (name: string) =>
  (await readSafetensors(join(home, name, 'model', 'model.safetensors'))).tensors;

describe.each(STRATEGIES)('a process that trains %s', (strategy) => {
  it('killed at a random step and resumed ends with the same weights', async () => {
    const whole = `${strategy}-whole`;
    const { by, steps: all } = await child({ strategy, name: whole });
    expect(by).toBe(0);
    const rng = createRng('killed', strategy, process.pid);
    for (const [signal, ended] of [
      ['SIGKILL', 'SIGKILL'],
      ['SIGINT', 130],
    ] as const) {
      const steps = 1 + rng.integer(all - 1);
      const name = `${strategy}-${signal}`;
      expect(await child({ strategy, name, end: { signal, steps } })).toMatchObject({ by: ended });
      expect(await child({ strategy, name, resume: true })).toMatchObject({ by: 0 });
      const changed = changedNames(await weightsOf(whole), await weightsOf(name));
      expect(changed, `${signal} after ${steps} steps`).toEqual([]);
      const metrics = (of: string) => readFile(join(home, of, 'metrics.json'), 'utf8');
      expect(await metrics(name)).toBe(await metrics(whole));
    }
  });
});
