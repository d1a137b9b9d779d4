import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import sharp from 'sharp';
import { createRng } from '../../src/base/rng.ts';
import { imagePredictions } from '../../src/evaluation/image-predictions.ts';
import { metricsRecord } from '../../src/evaluation/metrics-record.ts';
import { softmaxRows } from '../../src/metrics/metric-values.ts';
import type { LabelledHash, SplitRecord } from '../../src/run/record.ts';
import { writePredictions, writeRecord } from '../../src/run/run-records.ts';
import { type RunPaths, runPaths } from '../../src/run/store.ts';

export interface RunWanted {
  readonly classes: readonly string[];
  readonly images: readonly LabelledHash[];
  readonly data: string;
  readonly nearDuplicates?: SplitRecord['nearDuplicates'];
}

/** Writes the records of a run whose test images got random answers. */
export async function writeRun(folder: string, wanted: RunWanted): Promise<RunPaths> {
  const { classes, images, data, nearDuplicates = [] } = wanted;
  const paths = runPaths(folder);
  await mkdir(folder, { recursive: true });
  const config = [
    '# Every setting of this run; format version 1',
    `data: ${JSON.stringify(data)}`,
    'backbone: vgg-nano',
    'head:',
    '  kind: levels',
    'image:',
    '  background: "#ffffff"',
  ];
  await writeFile(paths.config, `${config.join('\n')}\n`);
  await writeRecord(paths, 'split', {
    ...{ version: 1, classes, train: [], val: [], test: images, nearDuplicates },
  });
  await writeRecord(paths, 'plan', {
    ...{ version: 1, strategy: 'head', evidence: ['as <b>asked</b> for'], frozen: ['conv1_1'] },
    ...{ trained: ['fc8'], parameters: { total: 10, trained: 5 } },
  });
  const rng = createRng('run', folder);
  const logits = Float32Array.from({ length: images.length * classes.length }, (_, i) => {
    const isTrue = i % classes.length === images[Math.floor(i / classes.length)]?.label;
    return 2 * rng.normal() + (isTrue ? 3 : 0);
  });
  const labels = images.map(({ label }) => label);
  const scores = softmaxRows(logits, classes.length);
  const scored = { scores, classes: classes.length, labels, images };
  await writePredictions(paths, imagePredictions(scored, classes));
  await writeRecord(paths, 'metrics', metricsRecord(scored, { side: 'test', classes }));
  await writeEvents(paths, [{ type: 'stage', stage: 'done', message: 'done' }]);
  return paths;
}

/** Writes events a second apart. */
export async function writeEvents(paths: RunPaths, events: readonly object[]): Promise<void> {
  const lines = [{ type: 'log', version: 1 }, ...events].map((event, at) => {
    const time = new Date(Date.UTC(2026, 0, 1, 0, 0, at)).toISOString();
    return `${JSON.stringify({ time, ...event })}\n`;
  });
  await writeFile(paths.events, lines.join(''));
}

/** A picture of noise, which compresses worse than any photograph. */
export async function noisePicture(path: string, seed: string): Promise<void> {
  const rng = createRng('noise', seed);
  const side = 160;
  const pixels = Uint8Array.from({ length: side * side * 3 }, () => rng.integer(256));
  await mkdir(dirname(path), { recursive: true });
  await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .jpeg()
    .toFile(path);
}
