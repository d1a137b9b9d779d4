import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { addGradients } from '../../../src/engines/onnx/backward.ts';
import { Graph } from '../../../src/engines/onnx/graph.ts';
import { addCrossEntropy } from '../../../src/engines/onnx/losses.ts';
import { relativeError } from './closeness.ts';
import { runGraph } from './run-graph.ts';

interface Packed {
  readonly shape: number[];
  readonly data: number[];
}
interface LossCase {
  readonly labelSmoothing: number;
  readonly classWeights: number[] | null;
  readonly logits: Packed;
  readonly targets: Packed;
  readonly rowWeights: Packed;
  readonly loss: number;
  readonly gradient: Packed;
  readonly labels: number[];
  readonly meanOverLabels: number;
}

const golden = new URL('../../golden/operator-gradients.json', import.meta.url);
const { losses } = JSON.parse(readFileSync(golden, 'utf8')) as { losses: LossCase[] };
const ROWS = 5;
const CLASSES = 4;

async function run(example: LossCase, targets: number[], rowWeights: number[]) {
  const graph = new Graph();
  const logits = graph.input('logits', [ROWS, CLASSES]);
  const { labelSmoothing, classWeights } = example;
  const loss = addCrossEntropy(
    graph,
    {
      logits,
      targets: graph.input('targets', [ROWS, CLASSES]),
      rowWeights: graph.input('rows', [ROWS, 1]),
    },
    { labelSmoothing, ...(classWeights && { classWeights: Float32Array.from(classWeights) }) },
  );
  graph.output('loss', loss);
  for (const gradient of addGradients(graph, loss, [logits])) graph.output('gradient', gradient);
  const tensor = (shape: number[], data: number[]) => ({ shape, data: Float32Array.from(data) });
  const results = await runGraph(
    graph,
    new Map([
      ['logits', tensor([ROWS, CLASSES], example.logits.data)],
      ['targets', tensor([ROWS, CLASSES], targets)],
      ['rows', tensor([ROWS, 1], rowWeights)],
    ]),
  );
  return { loss: results.get('loss')?.data[0] ?? 0, gradient: results.get('gradient')?.data ?? [] };
}

describe.each(losses)(
  'cross-entropy, smoothing $labelSmoothing, weights $classWeights',
  (example) => {
    it('is PyTorch’s for soft targets, summed with a weight a row', async () => {
      const { loss, gradient } = await run(example, example.targets.data, example.rowWeights.data);
      expect(Math.abs(loss / example.loss - 1)).toBeLessThan(2e-6);
      expect(relativeError(gradient, example.gradient.data)).toBeLessThan(2e-6);
    });

    it('is PyTorch’s mean over labels when rows weigh 1 / Σ w_label', async () => {
      const { labels, classWeights } = example;
      const targets = labels.flatMap((label) =>
        Array.from({ length: CLASSES }, (_, c) => Number(c === label)),
      );
      const total = labels.reduce((sum, label) => sum + (classWeights?.[label] ?? 1), 0);
      const { loss } = await run(
        example,
        targets,
        labels.map(() => 1 / total),
      );
      expect(Math.abs(loss / example.meanOverLabels - 1)).toBeLessThan(2e-6);
    });
  },
);
