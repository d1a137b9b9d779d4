import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXPORT_FORMATS, type ExportFormat } from '../../../src/config/names.ts';
import { Settings } from '../../../src/config/settings.ts';
import { EXPORTERS } from '../../../src/pipeline/export/export-formats.ts';
import { exportRun } from '../../../src/pipeline/export/export-run.ts';
import { predict } from '../../../src/pipeline/predict.ts';
import { predictDense } from '../../../src/pipeline/predict-dense.ts';
import { train } from '../../../src/pipeline/train.ts';
import { testStorage } from '../../storage.ts';
import { pictureFolder, temporaryFolder } from '../pictures.ts';

let home: string;
let run: string;
let data: string;
const events: string[] = [];
const quiet = {
  signal: new AbortController().signal,
  emit: (event: { readonly type: string; readonly message?: string }) => {
    events.push(event.message ?? event.type);
  },
};

beforeAll(async () => {
  home = await temporaryFolder();
  run = join(home, 'run');
  data = await pictureFolder(10, join(home, 'pictures'));
  const values = {
    ...{ data, out: run, backbone: 'vgg-nano', weights: 'random', strategy: 'scratch' },
    ...{ epochs: 5, batchSize: 8, optimizer: { kind: 'adamw', learningRate: 0.003 } },
    ...{ cache: false, export: ['onnx', 'tfjs'] },
  } as const;
  await train({
    settings: Settings.of({ origin: 'test', values }),
    storage: testStorage(),
    ...quiet,
  });
}, 120_000);
afterAll(() => rm(home, { recursive: true, force: true }));

it('training exports what the config asks for', async () => {
  const model = await readdir(join(run, 'model'));
  expect(model.sort()).toEqual(['model.onnx', 'model.safetensors', 'tfjs']);
});

it('every format is a folder with labels, card, verification and README, and faithful', async () => {
  const out = join(home, 'all');
  const exported = await exportRun({ run, formats: EXPORT_FORMATS, out, ...quiet });
  expect(exported.map(({ format }) => format)).toEqual(EXPORT_FORMATS);
  for (const { folder, verification } of exported) {
    const files = await readdir(folder);
    const beside = ['README.md', 'labels.json', 'model-card.json', 'verification.json'];
    expect(files).toEqual(expect.arrayContaining(beside));
    const { agreement, exactness, largestDifference } = verification;
    expect(agreement).toBe(1);
    if (exactness === 'float') expect(largestDifference).toBeLessThan(1e-4);
    const card = JSON.parse(await readFile(join(folder, 'model-card.json'), 'utf8'));
    expect(card.labels).toEqual(['blue', 'green', 'red']);
    expect(card.run.metrics.accuracy).toBeTypeOf('number');
    expect(card.provenance.source).toContain('random');
  }
}, 120_000);

it('refuses what it cannot do, before it writes anything', async () => {
  const formats: ExportFormat[] = ['keras'];
  const out = join(home, 'taken');
  await mkdir(out);
  await expect(exportRun({ run, formats, out, ...quiet })).rejects.toMatchObject({
    kind: 'usage',
    details: { fix: expect.stringContaining('--overwrite') },
  });
  const unknown = exportRun({ run, formats: ['caffe' as ExportFormat], ...quiet });
  await expect(unknown).rejects.toMatchObject({
    kind: 'usage',
    details: { expected: Object.keys(EXPORTERS).join(', ') },
  });
  const rigid = exportRun({ run, formats, quantize: 'uint8', ...quiet });
  await expect(rigid).rejects.toMatchObject({ kind: 'usage', details: { where: '--quantize' } });
  const unfinished = exportRun({ run: home, formats, ...quiet });
  await expect(unfinished).rejects.toMatchObject({ kind: 'usage' });
});

it('replaces an earlier export, and neither a run nor a folder of somebody else', async () => {
  const formats: ExportFormat[] = ['safetensors'];
  const out = join(home, 'again');
  await exportRun({ run, formats, out, ...quiet });
  await expect(exportRun({ run, formats, out, ...quiet })).rejects.toMatchObject({
    details: { fix: expect.stringContaining('--overwrite') },
  });
  await exportRun({ run, formats, out, overwrite: true, ...quiet });
  await writeFile(join(out, 'thesis.txt'), 'mine');
  for (const taken of [out, run, join(run, 'model'), data]) {
    const refused = exportRun({ run, formats, out: taken, overwrite: true, ...quiet });
    await expect(refused).rejects.toMatchObject({
      kind: 'usage',
      details: { where: taken, fix: expect.not.stringContaining('--overwrite') },
    });
  }
  expect(await readFile(join(out, 'thesis.txt'), 'utf8')).toBe('mine');
  expect(await readdir(run)).toContain('checkpoints');
}, 60_000);

it('an export that gives something else is not left behind', async () => {
  const exporter = await EXPORTERS.pytorch();
  const { write } = exporter;
  const out = join(home, 'wrong');
  // As if the disk had changed a byte of the last layer.
  Object.assign(exporter, {
    write: async (request: Parameters<typeof write>[0]) => {
      const written = await write(request);
      const path = join(request.folder, 'model.safetensors');
      const bytes = await readFile(path);
      bytes.writeFloatLE(50, bytes.length - 4);
      await writeFile(path, bytes);
      return written;
    },
  });
  const wrong = exportRun({ run, formats: ['pytorch'], out, ...quiet });
  await expect(wrong).rejects.toMatchObject({ kind: 'data', message: /does not give/ });
  Object.assign(exporter, { write });
  expect((await readdir(home)).filter((name) => name.startsWith('wrong'))).toEqual([]);
});

it('images that have moved are named, and without them int8 says what it needs', async () => {
  const moved = join(home, 'moved');
  await rename(data, moved);
  const formats: ExportFormat[] = ['onnx-int8'];
  const out = join(home, 'int8');
  await expect(exportRun({ run, formats, out, ...quiet })).rejects.toMatchObject({
    kind: 'data',
    details: { fix: expect.stringContaining('--data') },
  });
  const [found] = await exportRun({ run, formats, out, data: moved, ...quiet });
  expect(found?.verification.accuracy?.exported).toBe(found?.verification.accuracy?.trained);
  events.length = 0;
  await exportRun({ run, formats: ['onnx'], out: join(home, 'noise'), ...quiet });
  expect(events.join('\n')).toContain('checked on noise');
  await rename(moved, data);
});

it('the images of a CSV are found beside it, also when it is gone', async () => {
  const list = join(data, 'list.csv');
  const { train: images, classes } = JSON.parse(await readFile(join(run, 'split.json'), 'utf8'));
  const rows = images.map(
    ({ path, label }: { path: string; label: number }) => `${path},${classes[label]}`,
  );
  await writeFile(list, rows.join('\n'));
  const fromList = join(home, 'from-list');
  await cp(run, fromList, { recursive: true });
  const config = await readFile(join(run, 'config.yaml'), 'utf8');
  await writeFile(join(fromList, 'config.yaml'), config.replace(/^data: .*$/m, `data: ${list}`));
  events.length = 0;
  const formats: ExportFormat[] = ['onnx-int8'];
  for (const [out, request] of [
    ['listed', { run: fromList }],
    ['named', { run, data: list }],
    ['gone', { run: fromList }],
  ] as const) {
    if (out === 'gone') await rm(list);
    const [found] = await exportRun({ ...request, formats, out: join(home, out), ...quiet });
    expect(found?.verification.accuracy?.trained).toBe(1);
  }
  expect(events.join('\n')).not.toContain('noise');
}, 60_000);

it('predict --dense sees the same classes, and shows where', async () => {
  const inputs = ['blue', 'green', 'red'].map((name) => join(data, name));
  const plain = await predict({ run, inputs, topK: 3, ...quiet });
  const heatMaps = join(home, 'heat');
  const dense = await predictDense({ run, inputs, topK: 3, heatMaps, ...quiet });
  const top = (all: typeof plain) =>
    all.map((entry) => ('guesses' in entry ? entry.guesses[0]?.label : entry.error));
  const same = top(dense).filter((label, i) => label === top(plain)[i]).length;
  expect(same / plain.length).toBeGreaterThanOrEqual(0.8);
  // Pictures of the same name in three folders: none takes another's place.
  const names = ['blue', 'green', 'red'].flatMap((colour) =>
    Array.from({ length: 10 }, (_, i) => `${colour}-${i}.heat.png`),
  );
  expect((await readdir(heatMaps)).sort()).toEqual(names);
  await expect(
    predictDense({ run, inputs, topK: 1, scales: [0.2], ...quiet }),
  ).rejects.toMatchObject({ kind: 'usage', details: { where: '--scales' } });
});

it('predict --dense enlarges what is smaller than the network, and refuses what is too long', async () => {
  const flat = async (name: string, width: number) => {
    const path = join(home, name);
    await sharp({ create: { width, height: 1, channels: 3, background: '#40c83c' } })
      .png()
      .toFile(path);
    return path;
  };
  const inputs = [await flat('pixel.png', 1), await flat('line.png', 3000)];
  const [pixel, line] = await predictDense({ run, inputs, topK: 1, ...quiet });
  expect(pixel).toMatchObject({ guesses: [{ label: expect.any(String) }] });
  expect(line).toMatchObject({ error: expect.stringContaining('too long') });
});
