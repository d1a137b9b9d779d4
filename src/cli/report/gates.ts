import type { MissedGate } from '../../config/gates.ts';
import { metricText } from './batch.ts';

/** The gates that were missed, and by what. */
export function gateLines(missed: readonly MissedGate[]): string[] {
  return missed.map(({ gate, value }) => {
    const found = value === undefined ? 'was not measured' : `is ${metricText(gate.metric, value)}`;
    return `gate missed: ${gate.metric} ${found} (--fail-if '${gate.text}')`;
  });
}
