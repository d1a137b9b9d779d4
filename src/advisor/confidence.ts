/** A confidence and its name; 0.5 is no better than a coin toss. */
export interface Confidence {
  readonly value: number;
  readonly level: 'high' | 'medium' | 'low';
}

export function levelOf(value: number): Confidence {
  return { value, level: value >= 0.9 ? 'high' : value >= 0.7 ? 'medium' : 'low' };
}
