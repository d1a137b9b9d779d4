import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/command-list.ts';
import { vggtune } from '../cli/bin.ts';
import { pictureFolder, temporaryFolder } from '../pipeline/pictures.ts';
import { writeRun } from '../report/run-folder.ts';
import { publishedSchema } from './validate.ts';

// These run what is built: `npm test` builds first.

let home = '';
beforeAll(async () => {
  home = await temporaryFolder();
  await pictureFolder(8, join(home, 'pictures'));
  await mkdir(join(home, 'empty'));
  await writeFile(join(home, 'broken.png'), 'no picture');
  await writeFile(join(home, 'sweep.yaml'), SWEEP);
  await writeFile(join(home, 'twice.yaml'), `${SWEEP}out: runs/sweep\nepoch: 3\n`);
  const image = { path: '1.png', hash: 'h', label: 0 };
  await writeRun(join(home, 'runs', 'old'), { classes: ['a'], images: [image], data: 'pictures' });
  const trained = await run(['train', 'pictures', ...SMALL, '--out', 'runs/one', '--json']);
  expect(trained.code, trained.stderr).toBe(0);
  expect(publishedSchema('train')(JSON.parse(trained.stdout))).toEqual([]);
});
afterAll(() => rm(home, { recursive: true, force: true }));

const SMALL = [
  ...['--backbone', 'vgg-nano', '--strategy', 'scratch', '--epochs', '1', '--warmup', '0'],
  ...['--schedule', 'constant', '--augment.views', '1'],
];
const SWEEP = `data: pictures
backbone: vgg-nano
strategy: scratch
epochs: 1
schedule: {kind: constant, warmup: 0}
export: []
matrix: {seed: [1, 2]}
`;
const MODEL = 'runs/one/model/model.safetensors';
const TUNED = ['--backbone', 'vgg-nano', '--weights', MODEL];

const run = (words: readonly string[]) =>
  vggtune(words, { cwd: home, environment: { VGGTUNE_CACHE: join(home, 'cache') } });

/** Command lines and what they exit with; each command goes well in some and fails in others. */
const CASES: readonly (readonly [line: string, code: number])[] = [
  [`train pictures ${SMALL.join(' ')} --out runs/gated --fail-if accuracy<=1`, 4],
  [`train pictures ${SMALL.join(' ')} --val 0 --out runs/unmeasured`, 0],
  ['train pictures --epochs 0 --lr x --strategie top', 2],
  ['train empty', 3],
  ['demo broken.png', 3],
  ['batch sweep.yaml --dry-run', 0],
  ['batch sweep.yaml', 0],
  ['batch sweep.yaml --jobs 2 --out runs/two --results two --fail-if accuracy<=1', 4],
  ['batch sweep.yaml --queue redis://localhost:1/0', 5],
  ['batch sweep.yaml --queue localhost --jobs 2', 2],
  ['worker --queue redis://localhost:1/0', 5],
  ['worker', 2],
  ['batch sweep.yaml twice.yaml nothing*.yaml --fail-if acuracy<1', 2],
  [`advise pictures ${TUNED.join(' ')} --advise.budget 0`, 0],
  ['advise pictures --backbone vgg-nano --epochs 1 --skip-estimates --advise.budget 10s', 0],
  ['audit pictures --backbone vgg-nano --to audited', 0],
  ['audit nowhere', 3],
  ['features pictures --backbone vgg-nano --strategy head --shard 1/2', 0],
  ['features pictures --backbone vgg-nano --strategy scratch', 2],
  [`plan pictures ${TUNED.join(' ')} --advise.budget 0`, 0],
  ['advise nowhere', 3],
  ['plan nowhere', 3],
  ['describe nowhere', 2],
  ['config pictures --explain', 0],
  ['config pictures', 0],
  ['config --schema', 0],
  ['config --schema-of trian', 2],
  ['evaluate runs/one --data pictures --fail-if loss>=0', 4],
  ['evaluate runs/one --data pictures --worst 2 --predictions', 0],
  ['evaluate runs/one --worst none', 2],
  ['evaluate runs/none', 2],
  ['report runs/one --out one.html', 0],
  ['report runs/none', 2],
  ['runs', 0],
  ['runs compare runs/one runs/one', 0],
  ['runs compare runs/one', 2],
  ['runs lst', 2],
  ['runs list --queue redis://localhost:1/0', 5],
  ['runs remove runs/old', 0],
  ['predict runs/one pictures/blue broken.png --top 2', 0],
  ['predict runs/one pictures/blue/1.png --dense', 0],
  ['predict runs/one nothing.png', 3],
  ['export runs/one -f safetensors -f onnx --out exported', 0],
  ['export runs/one --format onyx', 2],
  ['weights list', 0],
  ['weights verify', 0],
  ['weights path vgg16', 5],
  ['cache list', 0],
  ['cache prune --to 5GB', 0],
  ['cache prune --to much', 2],
  ['describe vgg16 --compare', 0],
  ['describe runs/one', 0],
  [`describe ${MODEL} --tensors`, 0],
  ['explain receptive-field', 0],
  ['explain kernels vgg16 --page kernels.html', 0],
  ['explain dense runs/one', 0],
  ['explain strategies --head mlp', 0],
  ['explain everything', 2],
  ['completion bash', 0],
  ['completion tcsh', 2],
  ['doctor', 0],
  ['doctor now', 2],
];

describe.concurrent('--json', () => {
  it.each(CASES)('%s', async (line, expected) => {
    const words = line.split(' ');
    const { code, stdout, stderr } = await run([...words, '--json']);
    expect(code, stderr).toBe(expected);
    // One document and a line's end: JSON.parse takes nothing behind it.
    expect(stdout).toMatch(/^\{[\s\S]*\n\}\n$/);
    const document = JSON.parse(stdout) as Record<string, unknown>;
    expect(publishedSchema(words[0] ?? '')(document)).toEqual([]);
    const failed = expected !== 0 && expected !== 4;
    expect('error' in document).toBe(failed);
    if (failed) expect(document.error).toMatchObject({ exitCode: expected });
  });

  it('every command is among them, with an error', () => {
    const names = (some: typeof CASES) => [...new Set(some.map(([line]) => line.split(' ')[0]))];
    const all = COMMANDS.map(({ name }) => name).sort();
    expect(names(CASES).sort()).toEqual(all);
    expect(names(CASES.filter(([, code]) => ![0, 4].includes(code))).sort()).toEqual(all);
  });

  it('of no command at all is JSON, too', async () => {
    for (const words of [[], ['--version'], ['train', '--help'], ['trian']]) {
      const { stdout } = await run([...words, '--json']);
      expect(Object.keys(JSON.parse(stdout) as object)).toHaveLength(1);
    }
  });
});
