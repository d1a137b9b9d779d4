import type { MissedGate } from '../../config/gates.ts';
import { decimal } from '../number-formats.ts';

/** The gates that were missed, and by what. */
export function gateLines(missed: readonly MissedGate[]): string[] {
  return missed.map(({ gate, value }) => {
    const found = value === undefined ? 'it was not measured' : `it is ${decimal(value, 4)}`;
    return `gate missed: ${gate.text}: ${gate.metric} ${found.replace('it ', '')}`;
  });
}
