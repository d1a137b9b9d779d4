import type { RunConfig } from '../../config/schema.ts';
import { augmentSpec, decodeSpec } from '../../dataset/pixel-specs.ts';
import type { Engine } from '../../engines/engine.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import type { StrategyQuestion } from '../prepare/strategy-question.ts';
import { type DecodeCost, measureDecoding } from './measure-decoding.ts';
import { measurePrefix, measureSteps, type PrefixCost, type StepCost } from './measure-program.ts';

/** Images as a strategy would have them decoded. */
interface DecodedImages extends Pick<StrategyQuestion, 'data' | 'signal'> {
  readonly config: RunConfig;
}

/** Measurements, cached by what they depend on, so that none is repeated. */
export class MeasuredCosts {
  readonly #engine: Engine;
  readonly #known = new Map<string, Promise<unknown>>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  prefix(of: Omit<Parameters<typeof measurePrefix>[0], 'engine'>, to: number): Promise<PrefixCost> {
    const measured = { ...of, engine: this.#engine };
    return this.#once(['prefix', of.network.layers, to], () => measurePrefix(measured, to));
  }

  step(
    measured: Parameters<typeof measureSteps>[0],
    of: Parameters<typeof measureSteps>[1],
  ): Promise<StepCost> {
    const { phase, plan, config } = of;
    const { batchSize, microBatch } = config;
    const key = [
      'step',
      measured.network.layers,
      phase.from,
      plan.optimizer,
      batchSize,
      microBatch,
    ];
    return this.#once(key, () => measureSteps(measured, of));
  }

  /** @param changed augmented views, as training has them, instead of the images as they are */
  decode(candidate: DecodedImages, network: NetworkSpec, changed = false): Promise<DecodeCost> {
    const spec = decodeSpec(network, candidate.config.image.background);
    const augment = changed ? augmentSpec(candidate.config) : null;
    return this.#once(['decode', spec, augment], () =>
      measureDecoding(candidate, { spec, augment }),
    );
  }

  #once<T>(key: unknown, measure: () => Promise<T>): Promise<T> {
    const name = JSON.stringify(key);
    const found = (this.#known.get(name) as Promise<T> | undefined) ?? measure();
    this.#known.set(name, found);
    return found;
  }
}
