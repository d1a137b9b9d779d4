import { oneHot } from '../../base/one-hot.ts';
import type { LinearEvaluation, LinearProgram, LinearRequest } from '../engine.ts';
import { addGradients } from './backward.ts';
import type { TensorSource } from './buffers.ts';
import { constants } from './device-buffers.ts';
import { Graph } from './graph.ts';
import { addCrossEntropy } from './losses.ts';
import { lower } from './lower.ts';
import { type Buffer32, createSession, type Session } from './session.ts';
import type { CompileOptions } from './winograd/choose.ts';

const names = {
  features: 'features',
  targets: 'targets',
  weights: 'sample_weights',
  kernel: 'kernel',
  bias: 'bias',
  logs: 'log_probabilities',
  kernelGradient: 'kernel_gradient',
  biasGradient: 'bias_gradient',
} as const;

/** Compiles the scores and the gradient of a linear classifier over samples that stay where they are. */
export async function compileLinear(
  request: LinearRequest,
  options: CompileOptions,
): Promise<LinearProgram> {
  const { lowering } = options;
  const model = lower(linearGraph(request), { name: 'linear', ...(lowering && { lowering }) });
  const samples = samplesOf(request, options);
  return new OnnxLinearProgram(request, await createSession(model, options), samples);
}

function linearGraph({ labels: { length: count }, inputs, classes }: LinearRequest): Graph {
  const graph = new Graph();
  const features = graph.input(names.features, [count, inputs]);
  const targets = graph.input(names.targets, [count, classes]);
  const rowWeights = graph.input(names.weights, [count, 1]);
  const kernel = graph.input(names.kernel, [classes, inputs]);
  const bias = graph.input(names.bias, [classes]);
  const logits = graph.add('dense', [features, kernel, bias], {});
  const loss = addCrossEntropy(graph, { logits, targets, rowWeights }, { labelSmoothing: 0 });
  const [kernelGradient, biasGradient] = addGradients(graph, loss, [kernel, bias]);
  if (kernelGradient === undefined || biasGradient === undefined) {
    throw new Error('the loss of a linear classifier does not depend on its parameters');
  }
  graph.output(names.logs, graph.add('logSoftmax', [logits], {}));
  graph.output(names.kernelGradient, kernelGradient);
  graph.output(names.biasGradient, biasGradient);
  return graph;
}

/** The samples where the device keeps them; the host's own are not copied. */
function samplesOf(
  { features, labels, inputs, classes }: LinearRequest,
  options: CompileOptions,
): TensorSource {
  const tensors = new Map([
    [names.features, { shape: [labels.length, inputs], data: features }],
    [names.targets, { shape: [labels.length, classes], data: oneHot(labels, classes) }],
  ]);
  return constants(tensors, options);
}

class OnnxLinearProgram implements LinearProgram {
  readonly #session: Session;
  readonly #shape: { readonly count: number; readonly inputs: number; readonly classes: number };
  readonly #samples: TensorSource;
  readonly #logs: Buffer32;
  readonly #gradient: Float32Array;

  constructor({ labels, inputs, classes }: LinearRequest, session: Session, samples: TensorSource) {
    const count = labels.length;
    this.#session = session;
    this.#shape = { count, inputs, classes };
    this.#samples = samples;
    this.#logs = { shape: [count, classes], data: new Float32Array(count * classes) };
    this.#gradient = new Float32Array(classes * (inputs + 1));
  }

  async evaluate(parameters: Float32Array, sampleWeights: Float32Array): Promise<LinearEvaluation> {
    const { count } = this.#shape;
    const [kernel, bias] = this.#parts(parameters);
    const [kernelGradient, biasGradient] = this.#parts(this.#gradient);
    await this.#session.run(
      new Map([
        ...(await this.#samples.current()),
        [names.weights, { shape: [count, 1], data: sampleWeights }],
        [names.kernel, kernel],
        [names.bias, bias],
      ]),
      new Map([
        [names.logs, this.#logs],
        [names.kernelGradient, kernelGradient],
        [names.biasGradient, biasGradient],
      ]),
    );
    return { logProbabilities: this.#logs.data, gradient: this.#gradient };
  }

  async release(): Promise<void> {
    await this.#samples.release();
    await this.#session.release();
  }

  /** The kernel and the bias of a vector of parameters, in place. */
  #parts(parameters: Float32Array): readonly [Buffer32, Buffer32] {
    const { inputs, classes } = this.#shape;
    const size = classes * inputs;
    return [
      { shape: [classes, inputs], data: parameters.subarray(0, size) },
      { shape: [classes], data: parameters.subarray(size) },
    ];
  }
}
