import type { Emit } from '../../base/events.ts';
import type { Storage } from '../../base/storage.ts';
import type { NamedTensors } from '../../base/tensor.ts';
import type { RunConfig } from '../../config/schema.ts';
import type { Split } from '../../dataset/types.ts';
import type { Engine } from '../../engines/engine.ts';
import type { NetworkSpec } from '../../network/spec.ts';

/** What the samples of a run are made of, and by. */
export interface SampleSetting {
  readonly engine: Engine;
  readonly network: NetworkSpec;
  /** Those of the frozen layers at least. */
  readonly weights: NamedTensors;
  readonly config: RunConfig;
  /** The folder of the data set. */
  readonly root: string;
  readonly split: Split;
  readonly storage: Storage;
  readonly signal: AbortSignal;
  readonly emit: Emit;
}
