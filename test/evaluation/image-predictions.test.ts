import { expect, it } from 'vitest';
import { createRng } from '../../src/base/rng.ts';
import { imagePredictions, worstFirst } from '../../src/evaluation/image-predictions.ts';
import { metricsRecord } from '../../src/evaluation/metrics-record.ts';
import { softmaxRows } from '../../src/metrics/metric-values.ts';
import { parsePredictions } from '../../src/report/read-predictions.ts';
import { predictionLines } from '../../src/run/predictions-csv.ts';

const CLASSES = ['=cats', 'dogs', "'=owls", 'a, "b"', ' bees ', 'ants', 'eels'];

function scoredImages(count: number) {
  const rng = createRng('predictions');
  const logits = Float32Array.from({ length: count * CLASSES.length }, () => 8 * rng.uniform());
  const images = Array.from({ length: count }, (_, i) => ({
    path: i === 3 ? '@odd, <b>"name".png' : `${i}.png`,
    label: i % CLASSES.length,
  }));
  const labels = images.map(({ label }) => label);
  const scores = softmaxRows(logits, CLASSES.length);
  return { scores, classes: CLASSES.length, labels, images };
}

it('holds the images of metrics.json: their number, accuracy, loss and confusion', () => {
  const scored = scoredImages(200);
  const record = metricsRecord(scored, { side: 'test', classes: CLASSES });
  const text = `${predictionLines(imagePredictions(scored, CLASSES)).join('\n')}\n`;
  const read = parsePredictions(text, 'predictions.csv');
  expect(read).toEqual(imagePredictions(scored, CLASSES));
  const sum = read.reduce((total, { loss }) => total + (loss ?? Number.NaN), 0);
  expect(sum / read.length).toBe(record.metrics.loss);
  const right = read.filter(({ label, guesses }) => guesses[0]?.label === label);
  expect(right.length / read.length).toBe(record.metrics.accuracy);
  const confusion = CLASSES.map((is) =>
    CLASSES.map(
      (taken) => read.filter((r) => r.label === is && r.guesses[0]?.label === taken).length,
    ),
  );
  expect(confusion).toEqual(record.confusion);
});

it('takes the class with the lower index where two are as likely, as accuracy does', () => {
  const scored = {
    ...{ scores: Float32Array.of(0.5, 0.5), classes: 2, labels: [1] },
    images: [{ path: 'a.png', label: 1 }],
  };
  expect(imagePredictions(scored, ['x', 'y'])[0]?.guesses[0]?.label).toBe('x');
});

it('puts the highest loss first, and one that is no number before all', () => {
  const rows = [0.1, 3, null, 0.7].map((loss, i) => ({
    ...{ path: `${i}`, label: 'a', guesses: [] },
    loss,
  }));
  expect(worstFirst(rows).map(({ path }) => path)).toEqual(['2', '1', '3', '0']);
});
