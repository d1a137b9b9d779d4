import { VggtuneError } from '../../base/errors.ts';
import type { Emit } from '../../base/events.ts';
import type { RunConfig, StrategyName } from '../../config/schema.ts';
import { parseArguments } from '../arguments.ts';
import type { Context } from '../command.ts';
import { command as train } from '../commands/train.ts';
import { configSettings } from '../config-sources.ts';
import { sentence } from '../listeners/sentences.ts';
import { bytes, duration } from '../number-formats.ts';
import type { Scroll } from './scroll.ts';

/** The part of the advice that the wizard uses. */
export interface Advice {
  readonly strategy: StrategyName;
  /** The last frozen layer; null: the strategy's own. */
  readonly freeze: string | null;
  /** The reasons, one sentence each. */
  readonly evidence: readonly string[];
}

/** What the advice is about. */
export interface Subject {
  readonly path: string;
  readonly backbone: RunConfig['backbone'];
}

/** Measures the images on the network that was chosen, and says which strategy fits them. */
export async function adviseOn(
  { path, backbone }: Subject,
  { context, scroll }: { readonly context: Context; readonly scroll: Scroll },
): Promise<Advice> {
  // An engine takes a moment to load: the first question must not wait for it.
  const { advise } = await import('../../pipeline/advise.ts');
  const args = parseArguments(train, ['--data', path, '--backbone', backbone]);
  const { storage, signal, environment, terminal } = context;
  const emit: Emit = (event) => {
    // Notes on engines and the like are for a log; here only how far it has come is of interest.
    if (event.type === 'note') return;
    const text = sentence(event, terminal.paint);
    if (text === undefined) context.emit(event);
    else scroll.say([text]);
  };
  // Nobody waits a minute for a question.
  const noTrials = { origin: 'wizard', values: { advise: { budget: '0' } } };
  const settings = configSettings(args, environment).with(noTrials);
  const { advice } = await advise({ settings, estimates: false, storage, signal, emit });
  return advice;
}

/**
 * How long training takes at most, and what it needs, measured as `vggtune plan` does.
 * @param words those of `vggtune train`
 * @returns undefined where it cannot be measured: training says why
 */
export async function costOf(
  words: readonly string[],
  context: Context,
): Promise<string | undefined> {
  const { plan } = await import('../../pipeline/plan.ts');
  const { storage, signal, environment } = context;
  const settings = configSettings(parseArguments(train, words.slice(1)), environment);
  const emit: Emit = (event) => {
    if (event.type === 'progress') context.emit(event);
  };
  try {
    const { estimate } = await plan({ settings, storage, signal, emit });
    if (estimate === undefined || 'reason' in estimate) return undefined;
    return `${duration(estimate.seconds)} at most, ${bytes(estimate.memory)} of memory`;
  } catch (error) {
    if (!(error instanceof VggtuneError) || error.kind === 'interrupted') throw error;
    return undefined;
  }
}
