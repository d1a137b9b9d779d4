import { EXIT_CODES } from '../base/errors.ts';
import type { JobOutcome } from '../batch/batch-job.ts';
import type { RunResult } from '../batch/results.ts';

type Failed = Extract<JobOutcome, { kind: 'failed' }>['error'];

/** Kinds of failure that come back however often a run is tried: a wrong setting, wrong data. */
const LASTING: ReadonlySet<string> = new Set(['usage', 'data']);

/** Whether another attempt may end differently: after a bug, a killed process, a device or a download that was not there. */
export const mayPass = ({ kind }: Failed): boolean => !LASTING.has(kind);

/** A failure as the one line that a broker keeps of it. */
export const failureText = ({ kind, message }: Failed): string => `${kind}: ${message}`;

/** Reads `failureText` back. What a broker says itself is a bug as far as the run is concerned. */
export function readFailure(text: string): NonNullable<RunResult['error']> {
  const [, kind = '', message = ''] = /^(\w+): ([\s\S]*)$/.exec(text) ?? [];
  const known = kind === 'bug' || Object.hasOwn(EXIT_CODES, kind);
  return known ? { kind, message } : { kind: 'bug', message: text };
}
