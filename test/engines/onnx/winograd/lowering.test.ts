import { describe, expect, it } from 'vitest';
import { createRng } from '../../../../src/base/rng.ts';
import { sizeOf, type Tensor } from '../../../../src/base/tensor.ts';
import { addGradients } from '../../../../src/engines/onnx/backward.ts';
import { Graph } from '../../../../src/engines/onnx/graph.ts';
import { STANDARD } from '../../../../src/engines/onnx/lowering.ts';
import type { Value } from '../../../../src/engines/onnx/operator.ts';
import { WINOGRAD } from '../../../../src/engines/onnx/winograd/index.ts';
import { relativeError } from '../closeness.ts';
import { runGraph } from '../run-graph.ts';

/** Both are float32; the transforms cost two or three bits. */
const TOLERANCE = 1e-5;

function random(seed: string, shape: readonly number[], scale = 1): Tensor {
  const rng = createRng('winograd', seed);
  const data = Float32Array.from({ length: sizeOf(shape) }, () => (rng.uniform() * 2 - 1) * scale);
  return { shape, data };
}

/** A graph under construction with the tensors that are fed to it. */
class Case {
  readonly graph = new Graph();
  readonly feeds = new Map<string, Tensor>();
  readonly values: Value[] = [];
  /** By the last comparison, in Winograd's lowering. */
  readonly gradients = new Map<string, Float32Array>();

  input(name: string, shape: readonly number[], scale = 1): Value {
    const value = this.graph.input(name, shape);
    this.feeds.set(name, random(name, shape, scale));
    this.values.push(value);
    return value;
  }

  conv(name: string, x: Value, outputs: number, size = 3): Value {
    const inputs = x.shape[1] ?? 1;
    const kernel = this.input(`${name}.weight`, [outputs, inputs, size, size], inputs ** -0.5);
    const bias = this.input(`${name}.bias`, [outputs]);
    return this.graph.add('conv', [x, kernel, bias], {});
  }

  relu(x: Value): Value {
    return this.graph.add('relu', [x], {});
  }

  pool(x: Value): Value {
    return this.graph.add('maxPool', [x], { size: 2 });
  }

  batchNorm(name: string, x: Value): Value {
    const shape = [1, x.shape[1] ?? 1, 1, 1];
    const [scale, shift] = [this.input(`${name}.scale`, shape), this.input(`${name}.shift`, shape)];
    return this.graph.add('batchNorm', [x, scale, shift], { epsilon: 1e-5 });
  }

  /** Compares y and the gradients of Σ y dy with respect to all inputs. */
  async compare(y: Value, targets: readonly Value[] = this.values): Promise<void> {
    const { graph } = this;
    const product = graph.add('mul', [y, graph.constant('dy', random('dy', y.shape))], {});
    const axes = y.shape.map((_, axis) => axis);
    const loss = graph.add('reduceSum', [product], { axes, keepDims: false });
    graph.output('y', y);
    addGradients(graph, loss, targets).forEach((gradient, index) => {
      graph.output(`gradient of ${graph.nameOf(targets[index] as Value)}`, gradient);
    });
    const expected = await runGraph(graph, this.feeds, STANDARD);
    const found = await runGraph(graph, this.feeds, WINOGRAD);
    for (const target of targets) {
      const name = graph.nameOf(target);
      const { data } = found.get(`gradient of ${name}`) ?? {};
      if (data !== undefined) this.gradients.set(name, data);
    }
    for (const [name, { data }] of expected) {
      expect(relativeError(found.get(name)?.data ?? [], data), name).toBeLessThan(TOLERANCE);
    }
  }
}

describe.each([4, 6, 7, 8, 13, 14, 16, 32])('maps with sides of %i pixels', (side) => {
  it.each([1, 3])('convolution, ReLU and pool of %i images', async (images) => {
    const test = new Case();
    const x = test.input('x', [images, 12, side, side]);
    const first = test.relu(test.conv('first', x, 16));
    await test.compare(test.relu(test.pool(test.conv('second', first, 10))));
  });
});

describe.each([4, 7, 8, 16])('batch norm of maps with sides of %i pixels', (side) => {
  it.each([2, 3])('between convolutions of %i images', async (images) => {
    const test = new Case();
    const x = test.input('x', [images, 12, side, side]);
    const first = test.relu(test.batchNorm('one', test.conv('first', x, 16)));
    const second = test.batchNorm('two', test.conv('second', first, 10));
    const y = test.conv('third', test.relu(test.pool(second)), 8);
    await test.compare(y);
    // A bias below a batch norm changes nothing.
    expect(test.gradients.get('first.bias')).toEqual(new Float32Array(16));
    expect(test.gradients.get('third.bias')).not.toEqual(new Float32Array(8));
  });
});

describe('the Winograd lowering', () => {
  it('scales and shifts channels in tiles', async () => {
    const test = new Case();
    const x = test.conv('conv', test.input('x', [2, 12, 8, 6]), 12);
    const scaled = test.graph.add('mul', [x, test.input('scale', [1, 12, 1, 1])], {});
    const shifted = test.graph.add('add', [scaled, test.input('shift', [1, 12, 1, 1])], {});
    await test.compare(test.conv('next', test.relu(shifted), 10));
  });

  it('reads pixels of few channels by their surroundings', async () => {
    const test = new Case();
    const x = test.input('x', [2, 3, 10, 12]);
    const y = test.relu(test.conv('conv', x, 16));
    await test.compare(test.pool(test.conv('next', y, 16)), test.values.slice(1));
  });

  it('takes maps that are not square, and pools of pools', async () => {
    const test = new Case();
    const x = test.input('x', [2, 9, 8, 20]);
    const pooled = test.relu(test.pool(test.conv('a', x, 12)));
    const again = test.relu(test.pool(test.conv('b', pooled, 12)));
    await test.compare(test.conv('c', again, 12));
  });

  it('leaves other kernels, and what is no convolution, to the standard', async () => {
    const test = new Case();
    const x = test.input('x', [2, 12, 8, 8]);
    const wide = test.conv('wide', test.relu(test.conv('narrow', x, 12)), 12, 5);
    const scaled = test.graph.add('mul', [wide, test.input('scale', [1, 12, 1, 1])], {});
    const flat = test.graph.add('flatten', [test.pool(test.conv('last', scaled, 12))], {});
    await test.compare(flat);
  });

  it('reads a map in two ways', async () => {
    const test = new Case();
    const x = test.conv('first', test.input('x', [1, 12, 8, 8]), 12);
    const sum = test.graph.add('add', [test.relu(x), test.conv('second', x, 12)], {});
    const means = test.graph.add('globalAveragePool', [test.relu(sum)], {});
    await test.compare(means);
  });

  it('gives the gradient of a tie to the first pixel of the window', async () => {
    const graph = new Graph();
    const x = graph.input('x', [1, 9, 4, 4]);
    const kernel = graph.input('kernel', [1, 9, 3, 3]);
    const conv = graph.add('conv', [x, kernel, graph.input('bias', [1])], {});
    const y = graph.add('maxPool', [conv], { size: 2 });
    const dy = graph.constant('dy', {
      shape: [1, 1, 2, 2],
      data: Float32Array.of(1, 2, 3, 4),
    });
    const loss = graph.add('reduceSum', [graph.add('mul', [y, dy], {})], {
      axes: [0, 1, 2, 3],
      keepDims: false,
    });
    const [gradient] = addGradients(graph, loss, [conv]);
    graph.output('gradient', gradient as Value);
    // A kernel of zeros: all four pixels of each window are the bias.
    const feeds = new Map<string, Tensor>([
      ['x', random('x', x.shape)],
      ['kernel', { shape: kernel.shape, data: new Float32Array(81) }],
      ['bias', { shape: [1], data: Float32Array.of(0.5) }],
    ]);
    const { data } = (await runGraph(graph, feeds, WINOGRAD)).get('gradient') ?? { data: [] };
    expect([...data]).toEqual([1, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4, 0, 0, 0, 0, 0]);
  });
});
