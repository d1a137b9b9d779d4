import type { Emit } from '../../base/events.ts';
import type { Storage } from '../../base/storage.ts';
import type { NamedTensors } from '../../base/tensor.ts';
import type { RunConfig } from '../../config/schema.ts';
import type { Split } from '../../dataset/types.ts';
import type { Engine } from '../../engines/engine.ts';
import type { NetworkSpec } from '../../network/spec.ts';

/** The inputs and tools from which the samples of a run are made. */
export interface SampleSetting {
  readonly engine: Engine;
  readonly network: NetworkSpec;
  /** The weights, at least those of the frozen layers. */
  readonly weights: NamedTensors;
  readonly config: RunConfig;
  /** The folder of the data set. */
  readonly root: string;
  readonly split: Split;
  readonly storage: Storage;
  /** The name of the lock of the cached activations; processes that compute different ones each have their own. */
  readonly cacheLock?: string;
  readonly signal: AbortSignal;
  readonly emit: Emit;
}
