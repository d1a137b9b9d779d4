import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { accuracy, logLoss, topKAccuracy } from '../../src/metrics/accuracy.ts';
import { calibrationBins, expectedCalibrationError } from '../../src/metrics/calibration.ts';
import { confusionMatrix, macroF1, perClassMetrics } from '../../src/metrics/confusion.ts';

interface Golden {
  classes: number;
  labels: number[];
  scores: number[];
  accuracy: number;
  top2: number;
  top3: number;
  logLoss: number;
  confusion: number[][];
  precision: number[];
  recall: number[];
  f1: number[];
  support: number[];
  macroF1: number;
  calibrationError15: number;
  calibrationError10: number;
}

const file = new URL('../golden/metrics.json', import.meta.url);
const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden;
const scored = {
  scores: Float32Array.from(golden.scores),
  classes: golden.classes,
  labels: golden.labels,
};

describe("scikit-learn's numbers", () => {
  test('accuracy and top-k', () => {
    expect(accuracy(scored)).toBeCloseTo(golden.accuracy, 12);
    expect(topKAccuracy(scored, 1)).toBe(accuracy(scored));
    expect(topKAccuracy(scored, 2)).toBeCloseTo(golden.top2, 12);
    expect(topKAccuracy(scored, 3)).toBeCloseTo(golden.top3, 12);
    expect(topKAccuracy(scored, 5)).toBe(1);
  });

  test('log loss', () => {
    expect(logLoss(scored)).toBeCloseTo(golden.logLoss, 6);
  });

  test('confusion, precision, recall, F1 and support, with a class that never occurs', () => {
    const confusion = confusionMatrix(scored);
    expect(confusion).toEqual(golden.confusion);
    const perClass = perClassMetrics(confusion);
    for (const key of ['precision', 'recall', 'f1', 'support'] as const) {
      for (const [c, expected] of golden[key].entries()) {
        expect(perClass[c]?.[key], `${key} of ${c}`).toBeCloseTo(expected, 12);
      }
    }
    expect(macroF1(confusion)).toBeCloseTo(golden.macroF1, 12);
  });

  test('calibration error, with 15 bins and with 10', () => {
    expect(expectedCalibrationError(scored)).toBeCloseTo(golden.calibrationError15, 6);
    expect(expectedCalibrationError(scored, 10)).toBeCloseTo(golden.calibrationError10, 6);
  });
});

describe('edges', () => {
  test('a class that neither is nor is predicted is left out of the macro F1', () => {
    expect(
      macroF1([
        [2, 0, 0],
        [0, 3, 0],
        [0, 0, 0],
      ]),
    ).toBe(1);
  });

  test('the first of equal scores is the prediction', () => {
    const tie = { scores: Float32Array.of(0.5, 0.5, 0.5, 0.5), classes: 2, labels: [0, 1] };
    expect(accuracy(tie)).toBe(0.5);
    expect(topKAccuracy(tie, 1)).toBe(0.5);
    expect(topKAccuracy(tie, 2)).toBe(1);
  });

  test('scores that are NaN are never right', () => {
    const broken = { scores: new Float32Array(4).fill(Number.NaN), classes: 2, labels: [0, 1] };
    expect(accuracy(broken)).toBe(0);
    expect(topKAccuracy(broken, 2)).toBe(0);
    expect(confusionMatrix(broken)).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  test('a certain mistake costs much, but not infinitely much', () => {
    const wrong = { scores: Float32Array.of(1, 0), classes: 2, labels: [1] };
    expect(logLoss(wrong)).toBeCloseTo(23 * Math.LN2, 6);
  });

  test('certain and right falls into the last bin', () => {
    const bins = calibrationBins({ scores: Float32Array.of(1, 0), classes: 2, labels: [0] }, 10);
    expect(bins[9]).toEqual({ count: 1, confidence: 1, accuracy: 1 });
  });

  test('sizes or labels that do not fit are a bug of the caller, and said so', () => {
    const scores = new Float32Array(4);
    expect(() => accuracy({ scores, classes: 2, labels: [0] })).toThrow('need 2 scores, not 4');
    expect(() => accuracy({ scores, classes: 2, labels: [0, 2] })).toThrow('label 2 of image 1');
  });
});
