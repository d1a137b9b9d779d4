import { didYouMean } from '../base/suggest.ts';
import { type ConfigIssue, shown } from './issues.ts';

/** A condition under which a command fails: `accuracy < 0.9`. */
export interface Gate {
  readonly text: string;
  readonly metric: GateMetric;
  readonly operator: '<' | '<=' | '>' | '>=';
  readonly limit: number;
}

/** A gate that was missed, with the value that missed it; undefined was not measured. */
export interface MissedGate {
  readonly gate: Gate;
  readonly value?: number | undefined;
}

/** The metrics that a gate may name, with their descriptions. */
export const GATE_METRICS = {
  accuracy: 'share of the images whose first guess is right, 0 to 1',
  top5: 'share of the images whose class is among the first five guesses, 0 to 1',
  macro_f1: 'mean F1 score of the classes, each counting the same, 0 to 1',
  loss: 'mean cross-entropy in nats, 0 or more',
} as const;
export type GateMetric = keyof typeof GATE_METRICS;

const COMPARE = {
  '<': (a: number, b: number) => a < b,
  '<=': (a: number, b: number) => a <= b,
  '>': (a: number, b: number) => a > b,
  '>=': (a: number, b: number) => a >= b,
} as const;

const FORM = /^\s*([a-z0-9_]+)\s*(<=|>=|<|>)\s*([-+0-9.e]+)\s*(%?)\s*$/i;

/** Reads `accuracy < 0.9` or `top5 < 95%`. */
export function parseGate(text: string): Gate | { readonly issue: ConfigIssue } {
  const match = FORM.exec(text);
  const limit = Number(match?.[3]);
  if (match === null || !Number.isFinite(limit)) {
    const expected = "METRIC < NUMBER (or <=, >, >=), such as 'accuracy < 0.9'";
    return refused({ message: 'not a condition', expected, found: shown(text) });
  }
  const name = (match[1] ?? '').toLowerCase();
  const metrics = Object.keys(GATE_METRICS) as GateMetric[];
  const metric = metrics.find((known) => known === name);
  if (metric === undefined) {
    const fix = didYouMean(name, metrics);
    const expected = `one of ${metrics.join(', ')}`;
    const issue = { message: 'unknown metric', expected, found: name };
    return refused(fix === undefined ? issue : { ...issue, fix });
  }
  const operator = match[2] as Gate['operator'];
  return { text: text.trim(), metric, operator, limit: match[4] === '%' ? limit / 100 : limit };
}

function refused(issue: Omit<ConfigIssue, 'path' | 'where'>): { readonly issue: ConfigIssue } {
  return { issue: { path: '', where: '--fail-if', ...issue } };
}

/** The gates whose condition holds. A metric that is absent or NaN misses every gate on it. */
export function missedGates(
  gates: readonly Gate[],
  metrics: Readonly<Record<string, number>>,
): MissedGate[] {
  return gates.flatMap((gate) => {
    const value = metrics[gate.metric];
    const measured = value !== undefined && !Number.isNaN(value);
    if (measured && !COMPARE[gate.operator](value, gate.limit)) return [];
    return [{ gate, value }];
  });
}
