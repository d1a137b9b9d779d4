import { describe, expect, it } from 'vitest';
import { missedGates, parseGate } from '../../src/config/gates.ts';

function gate(text: string) {
  const parsed = parseGate(text);
  if ('issue' in parsed) throw new Error(parsed.issue.message);
  return parsed;
}

describe('parseGate', () => {
  it.each([
    ['accuracy < 0.9', 'accuracy', '<', 0.9],
    ['top5<=95%', 'top5', '<=', 0.95],
    [' macro_f1 < .5 ', 'macro_f1', '<', 0.5],
    ['loss > 1.5e0', 'loss', '>', 1.5],
    ['Accuracy >= 1', 'accuracy', '>=', 1],
  ])('%s', (text, metric, operator, limit) => {
    expect(gate(text)).toMatchObject({ metric, operator, limit });
  });

  it.each(['', 'accuracy', 'accuracy = 0.9', 'accuracy < x', '0.9 > accuracy', 'accuracy < 1.2.3'])(
    'refuses %j',
    (text) => {
      expect(parseGate(text)).toMatchObject({ issue: { message: 'not a condition' } });
    },
  );

  it('suggests a metric', () => {
    expect(parseGate('acuracy < 0.9')).toMatchObject({
      issue: { message: 'unknown metric', fix: 'did you mean "accuracy"?' },
    });
  });
});

describe('missedGates', () => {
  it('are those whose condition holds', () => {
    const gates = [gate('accuracy < 0.9'), gate('loss > 1'), gate('top5 <= 0.5')];
    expect(missedGates(gates, { accuracy: 0.8, loss: 1, top5: 0.5 })).toEqual([
      { gate: gates[0], value: 0.8 },
      { gate: gates[2], value: 0.5 },
    ]);
    expect(missedGates(gates, { accuracy: 0.9, loss: 0, top5: 1 })).toEqual([]);
  });

  it('are missed when the metric is absent or NaN', () => {
    expect(missedGates([gate('top5 < 0.1')], {})).toHaveLength(1);
    expect(missedGates([gate('loss > 1')], { loss: Number.NaN })).toHaveLength(1);
  });
});
