import type { Emit } from '../../base/events.ts';
import type { StrategyName } from '../../config/schema.ts';
import { parseArguments } from '../arguments.ts';
import type { Context } from '../command.ts';
import { command as train } from '../commands/train.ts';
import { configSettings } from '../config-sources.ts';
import type { Folder } from './folder.ts';

/** The part of the advice that the wizard uses. */
export interface Advice {
  readonly strategy: StrategyName;
  /** The last frozen layer; null: the strategy's own. */
  readonly freeze: string | null;
  /** The reasons, one sentence each. */
  readonly evidence: readonly string[];
}

/** Measures the images, and says which strategy fits them. */
export async function adviseOn({ path }: Folder, context: Context): Promise<Advice> {
  // An engine takes a moment to load: the first question must not wait for it.
  const { advise } = await import('../../pipeline/advise.ts');
  const args = parseArguments(train, ['--data', path]);
  const { storage, signal, environment } = context;
  // Notes on engines and the like are for a log; here only how far it has come is of interest.
  // Which network it is will be asked later.
  const { NETWORK_FALLBACK } = await import('../../pipeline/prepare/default-backbone.ts');
  const emit: Emit = (event) => {
    const isLater = event.type === 'warning' && event.code === NETWORK_FALLBACK;
    if (event.type !== 'note' && !isLater) context.emit(event);
  };
  // Nobody waits a minute for the second question.
  const noTrials = { origin: 'wizard', values: { advise: { budget: '0' } } };
  const settings = configSettings(args, environment).with(noTrials);
  const { advice } = await advise({ settings, estimates: false, storage, signal, emit });
  return advice;
}
