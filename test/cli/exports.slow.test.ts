import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXPORT_FORMATS } from '../../src/config/names.ts';
import { pictureFolder } from '../pipeline/pictures.ts';
import { BIN, vggtune } from './bin.ts';

// The flags of `export` and `predict --dense`, as typed; what is written is another test's business.

let home = '';
const run = (...words: string[]) =>
  vggtune(words, { cwd: home, environment: { VGGTUNE_CACHE: join(home, 'cache') } });

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-exports-'));
  await pictureFolder(8, join(home, 'pictures'));
  await mkdir(join(home, 'taken'));
  const trained = await run(
    ...['train', 'pictures', '--out', 'run', '--export', 'safetensors', '--quiet'],
    ...['--backbone', 'vgg-nano', '--weights', 'random', '--strategy', 'scratch'],
    ...['--epochs', '3', '--optimizer', 'adamw', '--lr', '0.003', '--augment.views', '1'],
  );
  expect(trained.code, trained.stderr).toBe(0);
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** What this file's own commands leave. */
const KNOWN = ['all', 'cache', 'disk', 'halves', 'pictures', 'run', 'taken'];
const listed = async (...names: string[]) => (await readdir(join(home, ...names))).sort();

describe('export', () => {
  it('writes every format by its name, and says of each who read it', async () => {
    const words = EXPORT_FORMATS.flatMap((format) => ['--format', format]);
    const { code, stdout, stderr } = await run('export', 'run', ...words, '--out', 'all', '--json');
    expect(code, stderr).toBe(0);
    const { exports } = JSON.parse(stdout) as {
      exports: { format: string; folder: string; verification: { agreement: number } }[];
    };
    expect(exports.map(({ format }) => format)).toEqual(EXPORT_FORMATS);
    expect(exports.map(({ verification }) => verification.agreement)).toEqual(
      EXPORT_FORMATS.map(() => 1),
    );
    expect(await listed('all')).toEqual([...EXPORT_FORMATS].sort());
    // How to load it, in the language of each format.
    const languages = { web: 'sh', safetensors: 'sh', tfjs: 'js' } as Record<string, string>;
    for (const { format, folder } of exports) {
      const readme = await readFile(join(folder, 'README.md'), 'utf8');
      expect(readme, format).toContain(`\`\`\`${languages[format] ?? 'python'}\n`);
    }
  });

  it('--dense is the fully convolutional form, and says what became of the head', async () => {
    const { code, stdout, stderr } = await run('export', 'run', '--dense');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(
      /^onnx-dense: .*\(read back by onnxruntime-node on \d+ images, largest difference \S+\)$/m,
    );
    expect(stderr).not.toContain('read back');
    expect(stderr).toContain('the head "linear" has no dense layer over space');
    expect(await listed('run', 'model')).toEqual(['model.safetensors', 'onnx-dense']);
  });

  it('--quantize makes the kernels of tfjs smaller', async () => {
    const bytes = async (folder: string) => {
      const shards = (await listed(folder)).filter((name) => name.endsWith('.bin'));
      const files = await Promise.all(shards.map((name) => readFile(join(home, folder, name))));
      return files.reduce((sum, file) => sum + file.length, 0);
    };
    const words = ['-f', 'tfjs', '--quantize', 'float16', '--out', 'halves', '--quiet'];
    const { code, stderr } = await run('export', 'run', ...words);
    expect(code, stderr).toBe(0);
    expect((await bytes('all/tfjs')) / (await bytes('halves'))).toBeGreaterThan(1.8);
  });

  it.concurrent.each([
    [['run', '-f', 'caffe'], 2, /--format[\s\S]*onnx-int8[\s\S]*savedmodel[\s\S]*found caffe/],
    [['run', '-f', 'tfjs', '--quantize', 'int4'], 2, /--quantize[\s\S]*float16, uint8/],
    [['run', '-f', 'keras', '--quantize', 'uint8'], 2, /keras has no quantized weights/],
    [['run', '--quantize', 'float16'], 2, /onnx has no quantized weights/],
    [['run', '-f', 'keras', '--out', 'taken'], 2, /is there already[\s\S]*--overwrite/],
    [['run', '-f', 'keras', '--out', 'run/plan.json/x'], 3, /no folder can be made/],
    [['pictures'], 2, /no trained model[\s\S]*a run that has ended/],
    [['run', '-f', 'onnx-int8', '--data', 'nowhere', '--out', 'q'], 3, /calibrate[\s\S]*--data/],
    [[], 2, /the run folder/],
  ])('%j exits %d', async (words, code, text) => {
    const ended = await run('export', ...words);
    expect(ended.code, ended.stderr).toBe(code);
    expect(ended.stderr).toMatch(text);
  });

  it('leaves neither a folder nor the beginning of one where it fails', async () => {
    const files = (await listed()).filter((name) => !KNOWN.includes(name));
    expect([files, await listed('taken')]).toEqual([[], []]);
  });

  it('train --export refuses a format that is none, and lists those there are', async () => {
    const { code, stderr } = await run('train', 'pictures', '--export', 'caffe', '--out', 'never');
    expect(code).toBe(2);
    expect(stderr).toMatch(/export[\s\S]*savedmodel/);
    expect(await listed()).not.toContain('never');
  });

  it.for(['onnx', 'savedmodel'])('%s leaves nothing on a full disk', (format, test) => {
    // A disk of its own in a mount namespace of its own, where the system lets anyone have one.
    const script = `mkdir -p disk && mount -t tmpfs -o size=1m disk disk || exit 99
      "${process.execPath}" "${BIN}" export run -f ${format} --out disk/out; echo "exit $?"; ls disk`;
    const words = ['--mount', '--map-root-user', 'bash', '-c', script];
    const { status, stdout, stderr } = spawnSync('unshare', words, {
      cwd: home,
      encoding: 'utf8',
    });
    if (status !== 0) return test.skip('nobody may mount a disk here');
    expect(stdout).toBe('exit 3\n');
    expect(stderr).toMatch(/could not write[\s\S]*free some space/);
  });
});

describe('predict --dense', () => {
  it('takes scales, and writes a heat map for each image', async () => {
    const words = ['pictures/*/0.png', '--dense', '--scales', '1,1.5', '--heat-maps', 'heat'];
    const { code, stdout, stderr } = await run('predict', 'run', ...words, '--json');
    expect(code, stderr).toBe(0);
    const { predictions } = JSON.parse(stdout) as { predictions: { guesses: unknown[] }[] };
    expect(predictions.map(({ guesses }) => guesses.length)).toEqual([1, 1, 1]);
    const names = ['blue', 'green', 'red'].map((colour) => `${colour}-0.heat.png`);
    expect(await listed('heat')).toEqual(names);
  });

  it.concurrent.each([
    [['--dense', '--scales', '0.1'], /--scales[\s\S]*found +0\.1/],
    [['--dense', '--scales', 'x'], /--scales/],
    [['--heat-maps', 'h'], /--heat-maps goes with --dense/],
    [['--scales', '1'], /--scales goes with --dense/],
  ])('%j exits 2', async (words, text) => {
    const { code, stderr } = await run('predict', 'run', 'pictures/red/0.png', ...words);
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(text);
  });
});
