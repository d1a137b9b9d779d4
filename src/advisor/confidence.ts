import type { Advice } from '../outputs/advice.ts';

/** A confidence with its name. */
export function levelOf(value: number): Advice['confidence'] {
  return { value, level: value >= 0.9 ? 'high' : value >= 0.7 ? 'medium' : 'low' };
}
