import { sizeOf } from '../../base/tensor.ts';
import { tensorOf } from '../../network/fold-batch-norm.ts';
import type {
  StepResult,
  TrainingBatch,
  TrainingProgram,
  TrainingRequest,
  TrainingState,
} from '../engine.ts';
import { rowShape } from '../rows.ts';
import { planSteps, type TrainingPlan } from '../training-plan.ts';
import type { TensorSet } from './buffers.ts';
import { gradientGraph, predictionGraph } from './gradient-graph.ts';
import type { Graph } from './graph.ts';
import { lower, lowerPrepared, type PreparedModel } from './lower.ts';
import type { Lowering } from './lowering.ts';
import { scalarNames, stepScalars } from './optimizers.ts';
import { filledUp, type Pass, PassFeeds, passesOf } from './passes.ts';
import { Preparation } from './preparation.ts';
import { type Buffer32, createSession, type Feeds, type Session } from './session.ts';
import * as names from './training-names.ts';
import {
  isUpdatedStatistic,
  type TrainingTensors,
  trainingTensors,
  weightsOf,
} from './training-tensors.ts';
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
  readonly #tensors: TrainingTensors;
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
    const layerRange = { network, from, to: network.layers.length, isTrained: true };
    this.#lowering = chooseLowering(layerRange, options);
    this.#options = { ...options, planMemory: this.#lowering.opensRows };
    this.#accumulate = plan.microBatch < plan.batchSize;
    this.#tensors = trainingTensors(plan, options);
    this.#passFeeds = new PassFeeds(plan);
    this.#logits = new Float32Array(plan.batchSize * plan.network.classes);
  }

  async compile(): Promise<void> {
    const graph = updateGraph(this.#plan);
    this.#updateSession = await createSession(
      lower(graph, { name: 'update', lowering: this.#lowering }),
      // Its temporaries are as large as fc6, which would be held during the other graph's runs.
      { ...this.#options, keepMemory: false, resident: [...graph.outputs.keys()] },
    );
    await this.#gradientSession(Math.min(this.#plan.microBatch, this.#plan.batchSize));
  }

  async step(batch: TrainingBatch, learningRates: readonly number[]): Promise<StepResult> {
    const { groups, network } = this.#plan;
    if (learningRates.length !== groups.length) {
      throw new RangeError(`${groups.length} groups, ${learningRates.length} learning rates`);
    }
    this.#passFeeds.check(batch);
    if (this.#accumulate) await this.#tensors.gradients.clear();
    let loss = 0;
    for (const pass of passesOf(batch.count, this.#plan)) loss += await this.#pass(batch, pass);
    await this.#update(learningRates);
    return { loss, logits: this.#logits.subarray(0, batch.count * network.classes) };
  }

  async #pass(batch: TrainingBatch, pass: Pass): Promise<number> {
    const { classes } = this.#plan.network;
    const { gradients, statistics } = this.#tensors;
    const session = await this.#gradientSession(pass.rows);
    const logits = new Float32Array(pass.rows * classes);
    const feeds: Feeds = new Map([
      ...(await this.#weightFeeds(session)),
      ...this.#passFeeds.feeds(batch, pass),
      ...(this.#accumulate ? await gradients.current() : []),
    ]);
    const gradientOutput = this.#accumulate ? names.newName : (name: string) => name;
    const fetches = new Map<string, Buffer32>([
      [names.LOSS, this.#loss],
      [names.LOGITS, { shape: [pass.rows, classes], data: logits }],
      ...targetsOf(gradients, gradientOutput),
      ...targetsOf(statistics, names.newName),
    ]);
    const residents = await session.run(feeds, fetches);
    gradients.replace(residents, gradientOutput);
    statistics.replace(residents, names.newName);
    this.#logits.set(logits.subarray(0, pass.count * classes), pass.start * classes);
    return this.#loss.data[0] ?? Number.NaN;
  }

  async #update(learningRates: readonly number[]): Promise<void> {
    const { groups, optimizer } = this.#plan;
    const step = this.#step + 1;
    const { parameters, slots, gradients } = this.#tensors;
    const feeds = new Map([
      ...(await parameters.current()),
      ...(await slots.current()),
      ...(await gradients.current()),
    ]);
    groups.forEach(({ weightDecay }, index) => {
      const learningRate = learningRates[index] ?? 0;
      const scalars = stepScalars(optimizer, { step, learningRate, weightDecay });
      for (const name of scalarNames(optimizer)) {
        const data = Float32Array.of(scalars[name]);
        feeds.set(names.scalarName(index, name), { shape: [], data });
      }
    });
    const replaced = [parameters, slots];
    const fetches = new Map(replaced.flatMap((set) => targetsOf(set, names.newName)));
    const residents = await this.#compiled(this.#updateSession).run(feeds, fetches);
    for (const set of replaced) set.replace(residents, names.newName);
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
    const isFixed = !this.#lowering.opensRows;
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

  async state(): Promise<TrainingState> {
    const { frozen, statistics, parameters, slots } = this.#tensors;
    const all = new Map([
      ...(await frozen.read()),
      ...(await statistics.read()),
      ...(await parameters.read()),
    ]);
    const weights = new Map(
      [...this.#plan.shapes.keys()].map((name) => [name, tensorOf(all, name)]),
    );
    return { step: this.#step, weights, slots: new Map(await slots.read()) };
  }

  load({ step, weights, slots }: TrainingState): void {
    const { frozen, statistics, parameters } = this.#tensors;
    parameters.write(weights);
    this.#tensors.slots.write(slots);
    statistics.write(weights);
    frozen.write(weights);
    this.#preparation?.invalidate();
    this.#step = step;
  }

  async release(): Promise<void> {
    // Before the sessions in whose memory they may be.
    for (const set of Object.values(this.#tensors)) await set.release();
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
    const resident = [...graph.outputs.keys()].filter((name) => !RETURNED.has(name));
    const session = await createSession(model, { ...this.#options, resident });
    this.#gradientSessions.set(rows, session);
    return session;
  }

  async #predictionSessionOf(): Promise<Session> {
    if (this.#predictionSession !== undefined) return this.#predictionSession;
    const isOpen = this.#lowering.opensRows;
    const graph = predictionGraph(this.#plan, isOpen ? 1 : this.#plan.microBatch);
    const { model } = this.#lower(graph, 'predict', isOpen ? [names.ROWS, names.LOGITS] : []);
    this.#predictionSession = await createSession(model, this.#options);
    return this.#predictionSession;
  }

  #lower(graph: Graph, name: string, openBatch: readonly string[] = []): PreparedModel {
    // With one pass a step nothing is gained by converting weights apart: only results to hand over.
    const changes = new Set(this.#accumulate ? [] : this.#plan.trained);
    const prepared = new Set(
      [...this.#plan.shapes.keys()].filter(
        (each) => !changes.has(each) && !isUpdatedStatistic(this.#plan, each),
      ),
    );
    return lowerPrepared(graph, { name, lowering: this.#lowering, prepared, openBatch });
  }

  #compiled(session: Session | undefined): Session {
    if (session === undefined) throw new Error('the training program was released');
    return session;
  }

  /** Every current parameter and statistic, and the prepared forms of them that a graph needs. */
  async #weightFeeds({ inputs }: Session): Promise<Feeds> {
    const weights = await weightsOf(this.#tensors);
    const prepared: Feeds = (await this.#preparation?.of(weights)) ?? new Map();
    return new Map([...weights, ...[...prepared].filter(([name]) => inputs.has(name))]);
  }
}

/** What a pass gives back to the caller; everything else stays where it is. */
const RETURNED: ReadonlySet<string> = new Set([names.LOSS, names.LOGITS]);

/** The buffers of a set under the names that a graph's outputs have. */
function targetsOf(set: TensorSet, outputOf: (name: string) => string): [string, Buffer32][] {
  return [...set.next].map(([name, buffer]) => [outputOf(name), buffer]);
}
