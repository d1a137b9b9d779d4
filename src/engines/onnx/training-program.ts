import { type Shape, sizeOf, type Tensor, tensor } from '../../base/tensor.ts';
import { tensorOf } from '../../network/fold-batch-norm.ts';
import { isStatistic } from '../../network/parameters.ts';
import type {
  StepResult,
  TrainingBatch,
  TrainingProgram,
  TrainingRequest,
  TrainingState,
} from '../engine.ts';
import { firstAverages, slotName, slotNames } from '../optimizer-slots.ts';
import { rowShape } from '../rows.ts';
import { planSteps, type TrainingPlan } from '../training-plan.ts';
import { SwappingBuffers } from './buffers.ts';
import { gradientGraph, predictionGraph } from './gradient-graph.ts';
import type { Graph } from './graph.ts';
import { lower, lowerPrepared, type PreparedModel } from './lower.ts';
import { type Lowering, STANDARD } from './lowering.ts';
import { scalarNames, stepScalars } from './optimizers.ts';
import { filledUp, type Pass, PassFeeds, passesOf } from './passes.ts';
import { Preparation } from './preparation.ts';
import { type Buffer32, createSession, type Feeds, type Session } from './session.ts';
import * as names from './training-names.ts';
import { updateGraph } from './update-graph.ts';
import { type CompileOptions, chooseLowering } from './winograd/choose.ts';

/** Compiles the trainable suffix; the graphs for other row counts follow when they are needed. */
export async function compileTraining(
  request: TrainingRequest,
  options: CompileOptions,
): Promise<TrainingProgram> {
  const program = new OnnxTrainingProgram(planSteps(request), options);
  await program.compile();
  return program;
}

class OnnxTrainingProgram implements TrainingProgram {
  readonly #plan: TrainingPlan;
  readonly #options: CompileOptions;
  readonly #lowering: Lowering;
  /** Whether a step has several passes, so that gradients are summed over them. */
  readonly #accumulate: boolean;
  /** Frozen parameters and statistics, which are only read. */
  readonly #frozen: ReadonlyMap<string, Tensor>;
  /** Running statistics of the batch norms in training mode: replaced by each pass. */
  readonly #statistics: SwappingBuffers;
  /** Trained parameters and their optimizer slots: replaced by each step. */
  readonly #parameters: SwappingBuffers;
  readonly #slots: SwappingBuffers;
  readonly #gradients: SwappingBuffers;
  readonly #passFeeds: PassFeeds;
  readonly #loss: Buffer32 = { shape: [], data: new Float32Array(1) };
  readonly #logits: Float32Array;
  /** Gradient graphs by rows. */
  readonly #gradientSessions = new Map<number, Session>();
  #preparation: Preparation | undefined;
  #updateSession: Session | undefined;
  #predictionSession: Session | undefined;
  #predictions = new Float32Array(0);
  #step = 0;

  constructor(plan: TrainingPlan, options: CompileOptions) {
    // The caller's weights are copied below and not held on to.
    this.#plan = { ...plan, weights: new Map() };
    const { network, from } = plan;
    const stretch = { network, from, to: network.layers.length, isTrained: true };
    this.#lowering = chooseLowering(stretch, options);
    this.#options = { ...options, planMemory: this.#lowering === STANDARD };
    this.#accumulate = plan.microBatch < plan.batchSize;
    const trained = new Map(plan.trained.map((name) => [name, plan.shapes.get(name) ?? []]));
    const statistics = [...plan.shapes].filter(([name]) => this.#isUpdatedStatistic(name));
    const gradients = [...trained].map(
      ([name, shape]) => [names.gradientName(name), shape] as const,
    );
    const frozen = [...plan.shapes.keys()].filter(
      (name) => !trained.has(name) && !this.#isUpdatedStatistic(name),
    );
    this.#statistics = new SwappingBuffers(statistics);
    this.#parameters = new SwappingBuffers(trained);
    this.#slots = new SwappingBuffers(slotShapes(plan, trained));
    this.#gradients = new SwappingBuffers(gradients);
    this.#frozen = new Map(
      frozen.map((name) => {
        const { shape, data } = tensorOf(plan.weights, name);
        return [name, tensor(shape, data.slice())];
      }),
    );
    this.#passFeeds = new PassFeeds(plan);
    this.#logits = new Float32Array(plan.batchSize * plan.network.classes);
    this.#statistics.write(plan.weights);
    this.#parameters.write(plan.weights);
    this.#slots.write(new Map([...this.#slots.read(), ...firstAverages(plan, plan.weights)]));
  }

  async compile(): Promise<void> {
    this.#updateSession = await createSession(
      lower(updateGraph(this.#plan), { name: 'update' }),
      // Its temporaries are as large as fc6, which would be held during the other graph's runs.
      { ...this.#options, keepMemory: false },
    );
    await this.#gradientSession(Math.min(this.#plan.microBatch, this.#plan.batchSize));
  }

  async step(batch: TrainingBatch, learningRates: readonly number[]): Promise<StepResult> {
    const { groups, network } = this.#plan;
    if (learningRates.length !== groups.length) {
      throw new RangeError(`${groups.length} groups, ${learningRates.length} learning rates`);
    }
    this.#passFeeds.check(batch);
    if (this.#accumulate) this.#gradients.clear();
    let loss = 0;
    for (const pass of passesOf(batch.count, this.#plan)) loss += await this.#pass(batch, pass);
    await this.#update(learningRates);
    return { loss, logits: this.#logits.subarray(0, batch.count * network.classes) };
  }

  async #pass(batch: TrainingBatch, pass: Pass): Promise<number> {
    const { classes } = this.#plan.network;
    const session = await this.#gradientSession(pass.rows);
    const logits = new Float32Array(pass.rows * classes);
    const feeds: Feeds = new Map([
      ...(await this.#weightFeeds(session)),
      ...this.#passFeeds.feeds(batch, pass),
      ...(this.#accumulate ? this.#gradients.current : []),
    ]);
    const outputs: Iterable<[string, Buffer32]> = this.#accumulate
      ? renamed(this.#gradients.next)
      : this.#gradients.next;
    const fetches = new Map<string, Buffer32>([
      [names.LOSS, this.#loss],
      [names.LOGITS, { shape: [pass.rows, classes], data: logits }],
      ...outputs,
      ...renamed(this.#statistics.next),
    ]);
    await session.run(feeds, fetches);
    this.#gradients.swap();
    this.#statistics.swap();
    this.#logits.set(logits.subarray(0, pass.count * classes), pass.start * classes);
    return this.#loss.data[0] ?? Number.NaN;
  }

  async #update(learningRates: readonly number[]): Promise<void> {
    const { groups, optimizer } = this.#plan;
    const step = this.#step + 1;
    const feeds = new Map<string, Buffer32>([
      ...this.#parameters.current,
      ...this.#slots.current,
      ...this.#gradients.current,
    ]);
    groups.forEach(({ weightDecay }, index) => {
      const learningRate = learningRates[index] ?? 0;
      const scalars = stepScalars(optimizer, { step, learningRate, weightDecay });
      for (const name of scalarNames(optimizer)) {
        const data = Float32Array.of(scalars[name]);
        feeds.set(names.scalarName(index, name), { shape: [], data });
      }
    });
    const fetches = new Map([...renamed(this.#parameters.next), ...renamed(this.#slots.next)]);
    await this.#compiled(this.#updateSession).run(feeds, fetches);
    this.#parameters.swap();
    this.#slots.swap();
    this.#preparation?.invalidate();
    this.#step = step;
  }

  async predict(rows: Uint8Array | Float32Array, count: number): Promise<Float32Array> {
    const { classes } = this.#plan.network;
    const row = rowShape(this.#plan.network, this.#plan.from);
    const size = sizeOf(row);
    if (rows.length < count * size) {
      throw new RangeError(`${count} rows of [${row}] are ${count * size} elements`);
    }
    if (this.#predictions.length < count * classes) {
      this.#predictions = new Float32Array(count * classes);
    }
    const session = await this.#predictionSessionOf();
    const isFixed = this.#lowering !== STANDARD;
    const most = this.#plan.microBatch;
    for (let start = 0; start < count; start += most) {
      const end = Math.min(count, start + most);
      const taken = isFixed ? most : end - start;
      const data = filledUp(rows.subarray(start * size, end * size), taken * size);
      const input = { shape: [taken, ...row], data } as Buffer32;
      const output = new Float32Array(taken * classes);
      const feeds = await this.#weightFeeds(session);
      await session.run(
        new Map([...feeds, [names.ROWS, input] as const]),
        new Map([[names.LOGITS, { shape: [taken, classes], data: output }]]),
      );
      this.#predictions.set(output.subarray(0, (end - start) * classes), start * classes);
    }
    return this.#predictions.subarray(0, count * classes);
  }

  state(): TrainingState {
    const all = new Map([
      ...this.#frozenCopies(),
      ...this.#statistics.read(),
      ...this.#parameters.read(),
    ]);
    const weights = new Map(
      [...this.#plan.shapes.keys()].map((name) => [name, tensorOf(all, name)]),
    );
    return { step: this.#step, weights, slots: new Map(this.#slots.read()) };
  }

  load({ step, weights, slots }: TrainingState): void {
    this.#parameters.write(weights);
    this.#slots.write(slots);
    this.#statistics.write(weights);
    for (const [name, { data }] of this.#frozen) data.set(tensorOf(weights, name).data);
    this.#preparation?.invalidate();
    this.#step = step;
  }

  async release(): Promise<void> {
    const sessions = [...this.#gradientSessions.values(), this.#updateSession];
    for (const session of [...sessions, this.#predictionSession]) await session?.release();
    await this.#preparation?.release();
    this.#gradientSessions.clear();
    this.#updateSession = undefined;
    this.#predictionSession = undefined;
    this.#preparation = undefined;
  }

  async #gradientSession(rows: number): Promise<Session> {
    const known = this.#gradientSessions.get(rows);
    if (known !== undefined) return known;
    const graph = gradientGraph(this.#plan, { rows, accumulate: this.#accumulate });
    const { model, preparation } = this.#lower(graph, `gradient${rows}`);
    // Graphs of other row counts read the same forms of the weights.
    this.#preparation ??= await Preparation.create(preparation, this.#options);
    const session = await createSession(model, this.#options);
    this.#gradientSessions.set(rows, session);
    return session;
  }

  async #predictionSessionOf(): Promise<Session> {
    if (this.#predictionSession !== undefined) return this.#predictionSession;
    const isOpen = this.#lowering === STANDARD;
    const graph = predictionGraph(this.#plan, isOpen ? 1 : this.#plan.microBatch);
    const { model } = this.#lower(graph, 'predict', isOpen ? [names.ROWS, names.LOGITS] : []);
    this.#predictionSession = await createSession(model, this.#options);
    return this.#predictionSession;
  }

  #lower(graph: Graph, name: string, openBatch: readonly string[] = []): PreparedModel {
    // With one pass a step nothing is gained by converting weights apart: only results to hand over.
    const weights = this.#accumulate
      ? [...this.#frozen.keys(), ...this.#parameters.current.keys()]
      : this.#frozen.keys();
    const prepared = new Set(weights);
    return lowerPrepared(graph, { name, lowering: this.#lowering, prepared, openBatch });
  }

  #compiled(session: Session | undefined): Session {
    if (session === undefined) throw new Error('the training program was released');
    return session;
  }

  /** Every current parameter and statistic, and the prepared forms of them that a graph needs. */
  async #weightFeeds({ inputs }: Session): Promise<[string, Buffer32][]> {
    const weights: [string, Buffer32][] = [
      ...this.#frozen,
      ...this.#statistics.current,
      ...this.#parameters.current,
    ];
    const prepared = (await this.#preparation?.of(new Map(weights))) ?? new Map();
    return [...weights, ...[...prepared].filter(([name]) => inputs.has(name))];
  }

  #frozenCopies(): [string, Tensor][] {
    return [...this.#frozen].map(([name, { shape, data }]) => [
      name,
      { shape, data: data.slice() },
    ]);
  }

  #isUpdatedStatistic(name: string): boolean {
    return (
      isStatistic(name) && this.#plan.trainedBatchNorms.has(name.slice(0, name.lastIndexOf('.')))
    );
  }
}

/** The slots of every trained parameter. */
function slotShapes(plan: TrainingPlan, trained: ReadonlyMap<string, Shape>): [string, Shape][] {
  return [...trained].flatMap(([name, shape]) =>
    slotNames(plan.optimizer).map((slot): [string, Shape] => [slotName(name, slot), shape]),
  );
}

/** Buffers under the names that a graph's outputs have. */
function renamed(buffers: ReadonlyMap<string, Buffer32>): [string, Buffer32][] {
  return [...buffers].map(([name, buffer]) => [names.newName(name), buffer]);
}
